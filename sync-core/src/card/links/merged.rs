//! One person over several cards.
//!
//! The entries of all cards are read together, by the rules that read one card: what two cards say of one thing stands side by side as if two
//! people had written it at the same time. So allergies come together, a block on any card blocks, a refusal on any card refuses, the quieter
//! mode is in effect, and lists hold what every card has.
//!
//! A write that was made in a merged view replaces nothing on its card, so that nothing is lost if the cards turn out to be two people. It lists
//! the heads that its author saw, on whichever card; here, and only while all those cards are one person, they give way to it.

use std::collections::{BTreeMap, BTreeSet};

use crate::card::Facet;
use crate::card::entries::{Entries, Visible};
use crate::card::key::{FieldPath, Key};
use crate::card::reduce::{Corrections, Decision};
use crate::card::terms::{Channel, EndpointKind, Purpose};
use crate::card::value::Entry;
use crate::card::view::{CardView, Reading};
use crate::ids::{AssociateId, CustomerId, EditId, Timestamp};

/// A person who is several cards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The person, read over all cards.
    pub view: CardView,
    /// The cards, the oldest first. What is written about the person goes to the first.
    pub members: Vec<CustomerId>,
    /// The card that each edit stands on.
    origin: BTreeMap<EditId, CustomerId>,
    /// Which cards have an endpoint.
    endpoints: BTreeMap<String, BTreeSet<CustomerId>>,
    /// What was said about consent, on all cards.
    consents: Entries,
    /// The edits that were made of the person as a whole.
    of_the_person: BTreeSet<EditId>,
}

impl Merged {
    /// The card that an edit stands on: where a line of a list comes from.
    #[must_use]
    pub fn member_of(&self, edit: EditId) -> Option<CustomerId> {
        self.origin.get(&edit).copied()
    }

    /// What the person allows at one of their endpoints, by its id: the most restrictive of the cards that have this endpoint, and what was
    /// said of the person as a whole. A card that says nothing restricts nothing.
    #[must_use]
    pub fn consent_at(&self, endpoint: &str, channel: Channel, purpose: Purpose) -> Decision {
        let sharing = self.endpoints.get(endpoint);
        let counts = |(key, _): &(&Key, &Entry)| {
            let card = self.origin.get(&key.edit);
            let shares = sharing
                .zip(card)
                .is_some_and(|(cards, card)| cards.contains(card));
            shares || self.of_the_person.contains(&key.edit)
        };
        let said = self.consents.iter().filter(counts);
        let entries: Entries = said
            .map(|(key, entry)| (key.clone(), entry.clone()))
            .collect();
        let visible = Visible::from_iter([(Facet::Card, entries)]);
        let reading = Reading {
            now: Timestamp(0),
            corrections: &Corrections::new(),
        };
        CardView::read(&visible, &reading).consent(Some(channel), purpose)
    }
}

/// Reads cards as one person, for whoever sees these facets of each; `reader` also sees their own pending words, as on one card.
#[must_use]
pub fn merge(
    cards: &BTreeMap<CustomerId, Visible>,
    reading: &Reading<'_>,
    reader: Option<AssociateId>,
) -> Merged {
    let mut origin = BTreeMap::new();
    let mut endpoints: BTreeMap<String, BTreeSet<CustomerId>> = BTreeMap::new();
    for (card, visible) in cards {
        for (key, _) in visible.iter().flat_map(|(_, entries)| entries.iter()) {
            origin.entry(key.edit).or_insert(*card);
        }
        let view = CardView::read(visible, reading);
        for endpoint in view.endpoints {
            endpoints.entry(endpoint.id).or_default().insert(*card);
        }
    }
    let (visible, of_the_person) = together(cards);
    let view = match reader {
        Some(reader) => CardView::read_by(&visible, reading, reader),
        None => CardView::read(&visible, reading),
    };
    let said = visible
        .get(&Facet::Card)
        .into_iter()
        .flat_map(Entries::iter);
    let consents = said.filter(|(key, _)| key.path.entity == "consent");
    Merged {
        view,
        members: by_age(cards),
        origin,
        endpoints,
        consents: consents
            .map(|(key, entry)| (key.clone(), entry.clone()))
            .collect(),
        of_the_person,
    }
}

/// The cards, the one known for longest first, those of which nobody knows that last.
#[must_use]
pub fn by_age(cards: &BTreeMap<CustomerId, Visible>) -> Vec<CustomerId> {
    let path = FieldPath::new("customer", "-", "since");
    let since = |visible: &Visible| {
        let heads = visible.heads(&Facet::Card, &path);
        heads.filter_map(|(_, entry)| entry.value.as_int()).min()
    };
    let mut ages: Vec<_> = cards
        .iter()
        .map(|(card, visible)| (since(visible).unwrap_or(i64::MAX), *card))
        .collect();
    ages.sort_unstable();
    ages.into_iter().map(|(_, card)| card).collect()
}

/// What stands on all cards, without what gave way to a write of the person as a whole; and those writes.
pub(in crate::card) fn together(
    cards: &BTreeMap<CustomerId, Visible>,
) -> (Visible, BTreeSet<EditId>) {
    let mut all: BTreeMap<Facet, BTreeMap<Key, Entry>> = BTreeMap::new();
    for (facet, entries) in cards.values().flat_map(Visible::iter) {
        take(all.entry(*facet).or_default(), entries);
    }
    let (mut of_the_person, mut given_way) = (BTreeSet::new(), BTreeSet::new());
    for (key, entry) in all.get(&Facet::Card).into_iter().flatten() {
        if is_via(key) && stands(entry, cards) {
            of_the_person.insert(key.edit);
            given_way.extend(entry.seen.iter().copied());
        }
    }
    // Only in the fields that such a write touches does anything give way, and never one such write to another, which replaces it openly.
    let touched: BTreeSet<_> = all
        .iter()
        .flat_map(|(facet, entries)| entries.keys().map(move |key| (facet, key)))
        .filter(|(_, key)| of_the_person.contains(&key.edit))
        .map(|(facet, key)| (*facet, key.path.clone()))
        .collect();
    let visible = all
        .into_iter()
        .map(|(facet, mut entries)| {
            entries.retain(|key, _| {
                let gives_way = given_way.contains(&key.edit)
                    && !of_the_person.contains(&key.edit)
                    && touched.contains(&(facet, key.path.clone()));
                !gives_way || is_log(key)
            });
            (facet, entries.into_iter().collect::<Entries>())
        })
        .collect();
    (visible, of_the_person)
}

/// What stood on a card, and stands there still, beside what was written through merged views.
#[must_use]
pub fn original(visible: &Visible) -> Visible {
    let card = visible
        .get(&Facet::Card)
        .into_iter()
        .flat_map(Entries::iter);
    let via: BTreeSet<EditId> = card
        .filter(|(key, _)| is_via(key))
        .map(|(key, _)| key.edit)
        .collect();
    visible
        .iter()
        .map(|(facet, entries)| {
            let own = entries.iter().filter(|(key, _)| !via.contains(&key.edit));
            let own = own.map(|(key, entry)| (key.clone(), entry.clone()));
            (*facet, own.collect::<Entries>())
        })
        .filter(|(_, entries)| !entries.is_empty())
        .collect()
}

/// Whether a key says which cards the author of its edit saw as one.
fn is_via(key: &Key) -> bool {
    key.path.entity == "via" && key.path.id == key.edit.to_string()
}

fn is_log(key: &Key) -> bool {
    use crate::card::schema::{Class, rule};
    rule(&key.path.entity, &key.path.field).is_none_or(|rule| rule.class == Class::Log)
}

/// Whether all cards that a write was made through are here.
fn stands(entry: &Entry, cards: &BTreeMap<CustomerId, Visible>) -> bool {
    let through = entry.value.as_list().unwrap_or_default();
    let is_here = |id: &str| {
        id.parse()
            .is_ok_and(|card: CustomerId| cards.contains_key(&card))
    };
    through.iter().all(|id| id.as_text().is_some_and(is_here))
}

/// Puts a card's entries beside those of the others. No honest edit stands on two cards; of two that claim to, one is kept, always the same.
fn take(together: &mut BTreeMap<Key, Entry>, entries: &Entries) {
    for (key, entry) in entries.iter() {
        let known = together.get(key);
        if known.is_none_or(|known| known < entry) {
            together.insert(key.clone(), entry.clone());
        }
    }
}

/// Which endpoints a channel uses.
#[must_use]
pub const fn endpoint_kind(channel: Channel) -> Option<EndpointKind> {
    match channel {
        Channel::Call | Channel::Sms => Some(EndpointKind::Phone),
        Channel::Email => Some(EndpointKind::Email),
        Channel::Whatsapp => Some(EndpointKind::Whatsapp),
        Channel::Wechat => Some(EndpointKind::Wechat),
        Channel::Line => Some(EndpointKind::Line),
        Channel::Kakao => Some(EndpointKind::Kakao),
        Channel::Post => None,
    }
}
