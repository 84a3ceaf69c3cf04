//! Guests whom nobody knows yet, and cards that are about one person.
//!
//! Who walks in and belongs to another shop is looked for at the hub; where that brings nobody, a guest card is the way.
//! A guest card stays on this handheld until 23:59 of the shop's day. What the guest said goes onto a card by their consent alone.

use serde_json::json;
use sync_core::card::Edit;
use sync_core::card::edit::LinkInput;
use sync_core::card::normal;
use sync_core::card::terms::{EndpointKind, LinkEvidence, Sameness};
use sync_core::concierge::gather;
use sync_core::concierge::guest::{self, GuestError};
use sync_core::ids::{CustomerId, Timestamp};
use sync_core::replica::Author;
use sync_core::store::WriteTx;

use super::Book;
use crate::BookError;
use crate::changes::Change;
use crate::error::guarded;
use crate::types::{
    CardsApart, EditToAllot, GuestCard, GuestIntroduction, GuestWord, Person, RecordedEdit, WalkIn,
};

#[uniffi::export]
impl Book {
    /// Looks at the hub for a customer of another shop who walked in, by phone number or e-mail address, and brings their card into this
    /// shop's book for the day, if they agreed to be known in every shop. The fetch is noted in the access log. Reaches the hub.
    ///
    /// The card itself comes by sync: at once while a live connection stands, else with the next [`Book::sync_once`].
    /// `Offline` means that nobody was looked for: begin a guest card ([`Book::begin_guest`]), which [`Book::introduce_guest`] puts onto
    /// their card once it is here. `SignInAgain` also comes from a sign-in that has lapsed.
    pub fn fetch_walk_in(&self, kind: EndpointKind, endpoint: String) -> Result<WalkIn, BookError> {
        guarded(|| {
            let now = self.shelf.now();
            self.shelf.read(|core, _| Ok(core.author(now).map(drop)?))?;
            let body = asked(kind, &endpoint)?;
            self.refuse_offline()?;
            if self.network.preview.is_some() {
                return Ok(WalkIn::NobodyKnown);
            }
            let client = &self.network.client;
            let fetched = self
                .network
                .wait_for(client.fetch_walk_in(&self.shelf, &body))?;
            if matches!(fetched, WalkIn::Fetched { .. }) {
                // Where a connection is wanted and does not stand, it is worth a try.
                self.shelf.news.notify_one();
            }
            Ok(fetched)
        })
    }

    /// Begins a guest card and returns its id. It is anonymous, and gone at 23:59 of the shop's day.
    pub fn begin_guest(&self) -> Result<CustomerId, BookError> {
        let mut entropy = self.shelf.entropy.clone();
        self.with_guests(|author, tx, now| {
            let house = gather::clocks(tx.as_read(), author.shop)?;
            let from = (author.shop, author.associate);
            let card = guest::GuestCard::begin(&house, from, now, &mut entropy);
            guest::put(tx, &card)?;
            Ok(card.id)
        })
    }

    /// Writes down what a guest said.
    pub fn guest_said(&self, guest: CustomerId, word: GuestWord) -> Result<(), BookError> {
        self.with_guests(|_, tx, now| {
            let mut card = guest::get(tx.as_read(), guest, now)?;
            card.add(word.into(), now)?;
            Ok(guest::put(tx, &card)?)
        })
    }

    /// The guest cards of this handheld that have not expired, the latest first.
    pub fn guests(&self) -> Result<Vec<GuestCard>, BookError> {
        self.with_guests(|_, tx, now| {
            let open = guest::open(tx.as_read(), now)?;
            Ok(open.into_iter().map(GuestCard::from).collect())
        })
    }

    /// Puts what a guest said onto a card, by their consent: a new one, or that of somebody who turned out to be known. Returns whose.
    /// Every edit is durable when this returns, or none is; the guest card is then gone.
    pub fn introduce_guest(
        &self,
        guest: CustomerId,
        introduction: GuestIntroduction,
    ) -> Result<CustomerId, BookError> {
        let (known, introduction) = introduction.split();
        let customer = known.unwrap_or(guest);
        let now = self.shelf.now();
        let mut entropy = self.shelf.entropy.clone();
        guarded(|| {
            self.shelf.write(|core, tx| {
                core.author(now)?;
                let card = guest::get(tx.as_read(), guest, now)?;
                for edit in card.edits(&introduction, now)? {
                    let source = edit.usual_source();
                    core.record(tx, (customer, &edit), source, (now, &mut entropy))?;
                }
                Ok(guest::converted(tx, guest)?)
            })?;
            self.shelf
                .changes
                .push([Change::Customer { customer }, Change::Outbox]);
            self.shelf.news.notify_one();
            Ok(customer)
        })
    }

    /// The cards that are about the same person as this one, and whether somebody has to look at that. The look is logged.
    pub fn person(&self, customer: CustomerId) -> Result<Person, BookError> {
        self.log_look(customer)?;
        let now = self.shelf.now();
        guarded(|| {
            let person = self
                .shelf
                .read(|core, tx| Ok(core.person(tx, customer, now)?))?;
            let component = &person.component;
            let apart = component.apart().iter();
            let to_allot = person.to_allot().into_iter();
            Ok(Person {
                standing: component.standing().into(),
                members: person.members(),
                to_allot: to_allot
                    .map(|one| EditToAllot {
                        edit: one.via.edit,
                        card: one.card,
                        cards: one.via.cards,
                        at: one.via.at,
                    })
                    .collect(),
                review: apart
                    .map(|(one, other)| CardsApart {
                        one: *one,
                        other: *other,
                    })
                    .collect(),
            })
        })
    }

    /// Says that two cards are one person, or two, on both of them: whoever holds only one of them is told too.
    /// Nothing is moved: each card stays as it is, and a word to the contrary undoes the link.
    pub fn link_customers(
        &self,
        customer: CustomerId,
        other: CustomerId,
        sameness: Sameness,
        evidence: Vec<LinkEvidence>,
    ) -> Result<Vec<RecordedEdit>, BookError> {
        let now = self.shelf.now();
        let mut entropy = self.shelf.entropy.clone();
        guarded(|| {
            let mut recorded = Vec::new();
            self.shelf.write(|core, tx| {
                for (card, other) in [(customer, other), (other, customer)] {
                    let edit = Edit::LinkCustomers(LinkInput {
                        other,
                        sameness,
                        evidence: evidence.clone(),
                    });
                    let about = (card, &edit);
                    let source = edit.usual_source();
                    let made = core.record(tx, about, source, (now, &mut entropy))?;
                    recorded.push(RecordedEdit::from(made));
                }
                Ok(())
            })?;
            let cards = [customer, other].map(|customer| Change::Customer { customer });
            self.shelf
                .changes
                .push(cards.into_iter().chain([Change::Outbox]));
            self.shelf.news.notify_one();
            Ok(recorded)
        })
    }
}

impl Book {
    /// Works on guest cards, for somebody who is signed in, in one transaction. What has expired is removed in it.
    fn with_guests<T>(
        &self,
        work: impl FnOnce(Author, &mut dyn WriteTx, Timestamp) -> Result<T, BookError>,
    ) -> Result<T, BookError> {
        let now = self.shelf.now();
        guarded(|| {
            self.shelf.write(|core, tx| {
                let author = core.author(now)?;
                let worked = work(author, tx, now)?;
                guest::sweep(tx, now)?;
                Ok(worked)
            })
        })
    }
}

/// Whom the hub is asked for. What is no number or address is told here, and takes no look-up.
fn asked(kind: EndpointKind, endpoint: &str) -> Result<serde_json::Value, BookError> {
    let invalid = |reason: String| BookError::invalid("endpoint", reason);
    let form = normal::endpoint(kind, endpoint).map_err(|error| invalid(error.to_string()))?;
    match kind {
        EndpointKind::Phone | EndpointKind::Whatsapp => Ok(json!({ "phone": form })),
        EndpointKind::Email => Ok(json!({ "email": form })),
        EndpointKind::Wechat | EndpointKind::Line | EndpointKind::Kakao => Err(invalid(
            "look for somebody by phone number or e-mail address".to_owned(),
        )),
    }
}

impl From<GuestError> for BookError {
    fn from(error: GuestError) -> Self {
        let code = match error {
            GuestError::Store(error) => return error.into(),
            GuestError::Unknown => return Self::NotFound,
            GuestError::Expired => "guest_expired",
            GuestError::Full => "guest_full",
            GuestError::BadText => "text",
        };
        Self::invalid(code, error.to_string())
    }
}
