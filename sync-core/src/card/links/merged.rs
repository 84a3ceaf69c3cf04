//! One person over several cards.
//!
//! The entries of all cards are read together, by the rules that read one card: what two cards say of one thing stands side by side as if two
//! people had written it at the same time. So allergies come together, a block on any card blocks, the quieter mode is in effect, and lists hold
//! what every card has. Two things are not like that: consent goes with the endpoint, and who wrote where is kept.

use std::collections::{BTreeMap, BTreeSet};

use crate::card::Facet;
use crate::card::entries::{Entries, Visible};
use crate::card::key::Key;
use crate::card::reduce::Decision;
use crate::card::terms::{Channel, EndpointKind, Purpose};
use crate::card::value::Entry;
use crate::card::view::{CardView, ConsentView, Reading};
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
    /// Each card's endpoints and consents by itself.
    own: BTreeMap<CustomerId, Own>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Own {
    endpoints: BTreeSet<String>,
    consents: Vec<ConsentView>,
}

impl Merged {
    /// The card that an edit stands on: where a line of a list comes from.
    #[must_use]
    pub fn member_of(&self, edit: EditId) -> Option<CustomerId> {
        self.origin.get(&edit).copied()
    }

    /// What the person allows at one of their endpoints: the most restrictive word of the cards that have this endpoint.
    /// A card that says nothing restricts nothing.
    #[must_use]
    pub fn consent_at(&self, endpoint: &str, channel: Channel, purpose: Purpose) -> Decision {
        let sharing = self.own.values();
        let words = sharing
            .filter(|own| own.endpoints.contains(endpoint))
            .flat_map(|own| &own.consents)
            .filter(|one| one.channel == Some(channel) && one.purpose == purpose);
        words
            .map(|one| one.decision)
            .max()
            .unwrap_or(Decision::Unknown)
    }
}

/// Reads cards as one person, for whoever sees these facets of each; `reader` also sees their own pending words, as on one card.
///
/// Of a purpose on a channel the view says what holds at every endpoint: a refusal on one card is one for the person, unless
/// [`Merged::consent_at`] is asked about an endpoint that this card does not have.
#[must_use]
pub fn merge(
    cards: &BTreeMap<CustomerId, Visible>,
    reading: &Reading<'_>,
    reader: Option<AssociateId>,
) -> Merged {
    let mut together: BTreeMap<Facet, BTreeMap<Key, Entry>> = BTreeMap::new();
    let mut origin = BTreeMap::new();
    let (mut own, mut ages) = (BTreeMap::new(), Vec::new());
    for (card, visible) in cards {
        for (facet, entries) in visible.iter() {
            take(together.entry(*facet).or_default(), entries);
            for (key, _) in entries.iter() {
                origin.entry(key.edit).or_insert(*card);
            }
        }
        let view = CardView::read(visible, reading);
        ages.push((view.since.unwrap_or(Timestamp(i64::MAX)), *card));
        let endpoints = view.endpoints.into_iter().map(|one| one.id).collect();
        let consents = view.consents;
        own.insert(
            *card,
            Own {
                endpoints,
                consents,
            },
        );
    }
    ages.sort_unstable();
    let visible: Visible = together
        .into_iter()
        .map(|(facet, entries)| (facet, entries.into_iter().collect::<Entries>()))
        .collect();
    let mut view = match reader {
        Some(reader) => CardView::read_by(&visible, reading, reader),
        None => CardView::read(&visible, reading),
    };
    view.consents = consents(&own);
    Merged {
        view,
        members: ages.into_iter().map(|(_, card)| card).collect(),
        origin,
        own,
    }
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

/// The words of all cards together: for each channel and purpose the most restrictive.
///
/// A log of one card is reduced by itself first: a grant on one card must not count as having seen, or not seen, what stands on another.
fn consents(own: &BTreeMap<CustomerId, Own>) -> Vec<ConsentView> {
    let mut found: BTreeMap<(Option<Channel>, Purpose), ConsentView> = BTreeMap::new();
    for one in own.values().flat_map(|own| &own.consents) {
        match found.get_mut(&(one.channel, one.purpose)) {
            None => {
                found.insert((one.channel, one.purpose), one.clone());
            }
            Some(known) if known.decision == one.decision => {
                known.sources.extend(&one.sources);
                known.sources.sort_unstable();
                known.sources.dedup();
                known.at = known.at.max(one.at);
            }
            Some(known) if known.decision < one.decision => *known = one.clone(),
            Some(_) => {}
        }
    }
    let mut consents: Vec<_> = found.into_values().collect();
    // As on one card: those without a channel first, then by the text of the channel.
    consents.sort_by_key(|one| (one.channel.map_or("-", Channel::as_str), one.purpose));
    consents
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
