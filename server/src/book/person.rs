//! A customer seen whole at the back office and by integrations: over every card that is the same person, and from every source.
//!
//! # Invariants
//! - Only cards within the reader's reach are read; a linked card beyond it is named and stays closed.
//! - Cards that are linked in a way that can't be right are read one by one.
//! - Without the scope `notes:read` no words of people or of the customer are in the picture; without `record:read` no purchases.
//! - Each card that is opened is a line in the access log.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::access::AccessEntry;
use sync_core::card::links::{self, Component, Standing, ToAllot};
use sync_core::card::reduce::Corrections;
use sync_core::card::{CardView, Facet, Reading, Visible};
use sync_core::concierge::gather::Gathered;
use sync_core::concierge::picture::{Picture, Viewer, Whole};
use sync_core::crypto::sha256;
use sync_core::ids::{AssociateId, CustomerId, DeviceId, EditId, Timestamp};
use sync_core::store::StoreError;

use super::Book;
use super::reading::{self, Opened, Reached};
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
    let customer = reached.customer();
    let mut opened: BTreeMap<CustomerId, Opened> = BTreeMap::new();
    let component = {
        let tx = book.store().read()?;
        Component::of(customer, |card| {
            let Some(reached) = reading::reach(&*tx, principal, card)? else {
                return Ok(None);
            };
            let one = reading::open(book, principal, reached)?;
            let is_there = one
                .visible
                .get(&Facet::Card)
                .is_some_and(|entries| !entries.is_empty());
            let links = links::links(&one.visible);
            opened.insert(card, one);
            Ok::<_, StoreError>(is_there.then_some(links))
        })?
    };
    let asked: BTreeSet<CustomerId> = component.cards().iter().copied().collect();
    opened.retain(|card, _| asked.contains(card));
    let cards: BTreeMap<CustomerId, CardView> = opened
        .iter()
        .map(|(card, one)| {
            let view = reading::view(&one.visible, &one.corrections, principal.associate, now);
            (*card, view)
        })
        .collect();
    let own = || cards.get(&customer).cloned().unwrap_or_default();
    let (view, members) = if component.standing() == Standing::OnePerson {
        merged(&opened, principal.associate, now)
    } else {
        (own(), vec![customer])
    };
    let to_allot = cards
        .iter()
        .flat_map(|(card, view)| links::to_allot(*card, view, &component))
        .collect();
    let opened = opened.values();
    Ok(Person {
        view,
        members,
        to_allot,
        component,
        cards,
        reached,
        opened: opened
            .map(|one| (one.reached, one.has_restricted))
            .collect(),
    })
}

fn merged(
    opened: &BTreeMap<CustomerId, Opened>,
    reader: Option<AssociateId>,
    now: Timestamp,
) -> (CardView, Vec<CustomerId>) {
    let mut corrections = Corrections::new();
    let mut cards: BTreeMap<CustomerId, Visible> = BTreeMap::new();
    for (card, one) in opened {
        corrections.extend(one.corrections.iter().map(|(edit, at)| (*edit, *at)));
        cards.insert(*card, one.visible.clone());
    }
    let reading = Reading {
        now,
        corrections: &corrections,
    };
    let merged = links::merge(&cards, &reading, reader);
    (merged.view, merged.members)
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
