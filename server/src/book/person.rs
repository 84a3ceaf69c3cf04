//! A customer seen whole at the back office and by integrations: over every card that is the same person, and from every source.
//!
//! # Invariants
//! - Only cards within the reader's reach are read; a linked card beyond it is named and stays closed.
//! - Cards that are linked in a way that can't be right are read one by one.
//! - Without the scope `notes:read` no words of people or of the customer are in the picture; without `record:read` no purchases.
//! - Each card that is opened is a line in the access log.
//! - What is written of a person goes to the oldest of the cards within the writer's reach.

use std::collections::BTreeMap;

use sync_core::access::AccessEntry;
use sync_core::authority::{AuthorityError, HubAuthor, HubEdit};
use sync_core::card::CardView;
use sync_core::card::links::{self, Cards, Component, Opened, ToAllot};
use sync_core::concierge::gather::Gathered;
use sync_core::concierge::picture::{Picture, Viewer, Whole};
use sync_core::crypto::sha256;
use sync_core::ids::{AssociateId, CustomerId, DeviceId, EditId, ShopId, Timestamp};
use sync_core::projection;
use sync_core::store::{ReadTx, StoreError};

use super::reading::{self, Reached};
use super::{Book, EngineTx};
use crate::identity::access::{Principal, Scope};

/// A person as one principal may see them.
#[derive(Debug)]
pub struct Person {
    /// The person over the cards that were read, or the one card.
    pub view: CardView,
    /// What is linked to the card that was asked for.
    pub component: Component,
    /// The cards that the view is read over, the one known for longest first.
    pub members: Vec<CustomerId>,
    /// The cards within reach, each by itself, with what it is called.
    pub cards: BTreeMap<CustomerId, CardView>,
    /// Edits that were made while cards were seen as one person that are not any more.
    pub to_allot: Vec<ToAllot>,
    reached: Reached,
    opened: Vec<(Reached, bool)>,
}

impl Person {
    /// The lines that this reading leaves in the access log.
    #[must_use]
    pub fn access_lines(&self, principal: &Principal, at: Timestamp) -> Vec<AccessEntry> {
        let opened = self.opened.iter();
        opened
            .flat_map(|(reached, restricted)| {
                reading::access_lines(principal, *reached, *restricted, at)
            })
            .collect()
    }
}

/// The cards within a principal's reach, read beside whoever writes.
struct Reach<'a> {
    book: &'a Book,
    tx: &'a dyn ReadTx,
    principal: &'a Principal,
    /// What was opened, and whether it holds causes that are need to know.
    opened: BTreeMap<CustomerId, (Reached, bool)>,
}

impl Cards for Reach<'_> {
    type Error = StoreError;

    fn open(&mut self, card: CustomerId) -> Result<Option<Opened>, StoreError> {
        let Some(reached) = reading::reach(self.tx, self.principal, card)? else {
            return Ok(None);
        };
        let one = reading::open(self.book, self.principal, reached)?;
        self.opened.insert(card, (reached, one.has_restricted));
        Ok(Some((one.visible, one.corrections)))
    }

    fn linking_to(&mut self, card: CustomerId) -> Result<Vec<CustomerId>, StoreError> {
        projection::linking_to(self.tx, card)
    }
}

/// The cards within a principal's reach, inside a transaction.
struct Within<'e, 't> {
    engine: &'e mut EngineTx<'t>,
    reader: (ShopId, Option<AssociateId>),
    principal: &'e Principal,
}

impl Cards for Within<'_, '_> {
    type Error = StoreError;

    fn open(&mut self, card: CustomerId) -> Result<Option<Opened>, StoreError> {
        if reading::reach(self.engine.tx.as_read(), self.principal, card)?.is_none() {
            return Ok(None);
        }
        self.engine.visible(card, self.reader).map(Some)
    }

    fn linking_to(&mut self, card: CustomerId) -> Result<Vec<CustomerId>, StoreError> {
        projection::linking_to(self.engine.tx.as_read(), card)
    }
}

impl EngineTx<'_> {
    /// The device under which the hub itself records.
    #[must_use]
    pub(crate) fn device(&self) -> DeviceId {
        self.authority.device()
    }
}

/// Records edits of the person whom a card is about, for a principal, on whichever of their cards within reach each belongs.
///
/// # Errors
/// [`AuthorityError`]; the job must then fail, so that its work is undone.
pub fn record(
    engine: &mut EngineTx<'_>,
    (principal, author): (&Principal, &HubAuthor),
    (reached, edits): (Reached, &[HubEdit]),
) -> Result<bool, AuthorityError> {
    let mut cards = Within {
        reader: (author.shop, Some(author.associate)),
        principal,
        engine,
    };
    let person = links::Person::of(reached.customer(), &mut cards)?;
    let now = engine.now;
    engine.entropy.with(|entropy| {
        let asked = (person, edits);
        engine
            .authority
            .record_of_person(engine.tx, engine.batch, author, asked, (now, entropy))
    })
}

/// Reads a customer for a principal, over every linked card within reach.
///
/// # Errors
/// What the store reports.
pub fn open(
    book: &Book,
    principal: &Principal,
    reached: Reached,
    now: Timestamp,
) -> Result<Person, StoreError> {
    let tx = book.store().read()?;
    let mut reach = Reach {
        book,
        tx: &*tx,
        principal,
        opened: BTreeMap::new(),
    };
    let joined = links::Person::of(reached.customer(), &mut reach)?;
    let mut opened = reach.opened;
    opened.retain(|card, _| joined.component.cards().contains(card));
    let reader = principal.associate;
    let (view, members) = joined.view(now, reader);
    let cards: BTreeMap<CustomerId, CardView> = joined
        .cards
        .iter()
        .map(|(card, visible)| {
            let view = reading::view(visible, &joined.corrections, reader, now);
            (*card, view)
        })
        .collect();
    Ok(Person {
        view,
        members,
        to_allot: joined.to_allot(),
        component: joined.component,
        cards,
        reached,
        opened: opened.into_values().collect(),
    })
}

/// A person with what every other source knows of them, for whoever looks.
#[derive(Debug)]
pub struct Seen {
    customer: CustomerId,
    gathered: Gathered,
    viewer: Viewer,
    now: Timestamp,
}

impl Seen {
    /// Gathers what is known of a person beside their cards.
    ///
    /// # Errors
    /// What the store reports.
    pub fn gather(
        book: &Book,
        principal: &Principal,
        person: &Person,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let customer = person.reached.customer();
        let viewer = viewer(principal);
        let tx = book.store().read()?;
        let of = (customer, person.members.as_slice());
        let mut gathered = Gathered::read(&*tx, of, person.view.clone(), viewer.shop)?;
        if !principal.scopes.has(Scope::RecordRead) {
            gathered.whole.sales.clear();
        }
        if !principal.scopes.has(Scope::NotesRead) {
            without_words(&mut gathered.whole);
        }
        Ok(Self {
            customer,
            gathered,
            viewer,
            now,
        })
    }

    /// The same, as somebody else will look at it who takes over.
    #[must_use]
    pub fn seen_by(mut self, associate: AssociateId) -> Self {
        self.viewer.associate = associate;
        self
    }

    /// What the concierge's functions are given.
    #[must_use]
    pub fn picture(&self) -> Picture<'_> {
        // The hub is never behind itself.
        let times = (Some(self.now), self.now);
        self.gathered.picture(self.customer, self.viewer, times)
    }
}

/// The id of the edit that says on another card what these edits say on one: the same every time.
#[must_use]
pub fn other_side(edits: &[EditId], other: CustomerId) -> EditId {
    let parts = edits.iter().map(EditId::as_bytes);
    let parts: Vec<&[u8]> = parts.chain([other.as_bytes()]).collect();
    let digest = sha256("link.other-side.v1", &parts);
    EditId(*digest.0.first_chunk().expect("a digest has 32 bytes"))
}

fn viewer(principal: &Principal) -> Viewer {
    let author = reading::author(principal);
    Viewer {
        associate: author.map_or(AssociateId([0; AssociateId::LEN]), |author| {
            author.associate
        }),
        device: principal.device.unwrap_or(DeviceId([0; DeviceId::LEN])),
        shop: principal.shop,
    }
}

/// Takes out of what other systems told what somebody said in their own words.
fn without_words(whole: &mut Whole) {
    for told in &mut whole.contacts {
        told.body.summary = None;
        told.body.content = None;
    }
    for told in &mut whole.responses {
        told.body.words = None;
    }
    for told in &mut whole.cases {
        told.body.topic.clear();
    }
    for told in whole.answers.values_mut() {
        told.body.words = None;
    }
}
