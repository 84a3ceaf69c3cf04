//! Identity links: which cards are one person, how such a person is seen, and what is left to do when they were two after all.
//!
//! Cards are linked, never folded into one: each stays as it is, and the merged view is computed for whoever looks.
//!
//! # Invariants
//! - What two cards are to each other is read from both: that somebody says *different* on either wins, whatever the other says.
//! - A component that holds two cards of which somebody says that they are different is not merged at all.
//! - The same cards give the same answer, in whatever order they or their links are given; cycles of links end.
//! - What is written of a person as a whole replaces nothing on any card: the originals of a person who is two again are what they were.
//!
mod merged;
mod person;
mod proposal;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::Facet;
use super::entries::{Entries, Visible};
use super::normal::derived_id;
use super::reduce::Corrections;
use super::terms::Sameness;
use super::value::Value;
use super::view::{CardView, LinkView, Reading, ViaView};
use crate::ids::{CustomerId, Timestamp};
use crate::limits;

pub(super) use merged::together;
pub use merged::{Merged, by_age, endpoint_kind, merge, original};
pub use person::{Cards, Opened, Person};
pub use proposal::{Keys, Proposal, propose};

/// The id of the link between two cards: the same from both. Frozen since schema 2.
#[must_use]
pub fn link_id(one: CustomerId, other: CustomerId) -> String {
    let (min, max) = (one.min(other).to_string(), one.max(other).to_string());
    derived_id(&["link", &min, &max])
}

/// The cards that links join to one card, itself among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// The cards, in ascending order.
    cards: Vec<CustomerId>,
    /// Pairs of them of which somebody says that they are two people, in ascending order.
    apart: Vec<(CustomerId, CustomerId)>,
    /// Whether more are linked than a person has cards; then only the card that was asked about is listed.
    is_too_large: bool,
}

/// How the cards of a component are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// One card, nothing linked.
    Alone,
    /// Several cards, one person: shown as one.
    OnePerson,
    /// Linked in a way that can't be right: each card is shown by itself, and somebody has to look.
    Review,
}

impl Component {
    /// The component of a card. `load` gives the links of a card, or nothing where it is not at hand; each card is asked for once.
    ///
    /// # Errors
    /// What `load` reports.
    pub fn of<E>(
        card: CustomerId,
        mut load: impl FnMut(CustomerId) -> Result<Option<Vec<LinkView>>, E>,
    ) -> Result<Self, E> {
        let mut known = Known::default();
        let mut cards = BTreeSet::from([card]);
        let mut open = BTreeSet::from([card]);
        while let Some(next) = open.pop_first() {
            known.ask(next, &mut load)?;
            for other in known.said_same(next) {
                known.ask(other, &mut load)?;
                if known.is_same(next, other) && cards.insert(other) {
                    open.insert(other);
                }
            }
            if cards.len() > limits::CARDS_OF_A_PERSON_MAX {
                return Ok(Self {
                    cards: vec![card],
                    apart: Vec::new(),
                    is_too_large: true,
                });
            }
        }
        let within =
            |pair: &&(CustomerId, CustomerId)| cards.contains(&pair.0) && cards.contains(&pair.1);
        let apart = known.different.iter().filter(within).copied().collect();
        Ok(Self {
            cards: cards.into_iter().collect(),
            apart,
            is_too_large: false,
        })
    }

    /// A card with nothing linked to it.
    #[must_use]
    pub fn alone(card: CustomerId) -> Self {
        Self {
            cards: vec![card],
            apart: Vec::new(),
            is_too_large: false,
        }
    }

    /// The cards, in ascending order.
    #[must_use]
    pub fn cards(&self) -> &[CustomerId] {
        &self.cards
    }

    /// Pairs of which somebody says that they are two people.
    #[must_use]
    pub fn apart(&self) -> &[(CustomerId, CustomerId)] {
        &self.apart
    }

    /// How the cards are shown.
    #[must_use]
    pub fn standing(&self) -> Standing {
        if self.is_too_large || !self.apart.is_empty() {
            Standing::Review
        } else if self.cards.len() > 1 {
            Standing::OnePerson
        } else {
            Standing::Alone
        }
    }

    /// What an edit carries that was made while these were seen as one person.
    pub(super) fn to_value(&self) -> Value {
        let ids = self.cards.iter();
        Value::List(ids.map(|card| card.to_string().into()).collect())
    }
}

/// The person whom a write is about: the cards, and what its author sees of each.
#[derive(Debug, Clone, Copy)]
pub struct Via<'v> {
    /// The cards; one person.
    pub component: &'v Component,
    /// What the author sees of each, the card that is written to among them.
    pub cards: &'v BTreeMap<CustomerId, Visible>,
}

/// What a card says of others: its links alone, without reading the rest.
#[must_use]
pub fn links(visible: &Visible) -> Vec<LinkView> {
    // Hardly any card says any.
    let Some(card) = visible.get(&Facet::Card).filter(|card| card.has("link")) else {
        return Vec::new();
    };
    let own = card.iter().filter(|(key, _)| key.path.entity == "link");
    let own: Entries = own
        .map(|(key, entry)| (key.clone(), entry.clone()))
        .collect();
    let reading = Reading {
        now: Timestamp(0),
        corrections: &Corrections::new(),
    };
    CardView::read(&Visible::from_iter([(Facet::Card, own)]), &reading).links
}

/// What cards say of each other, as far as they were asked.
#[derive(Default)]
struct Known {
    asked: BTreeSet<CustomerId>,
    same: BTreeMap<CustomerId, BTreeSet<CustomerId>>,
    different: BTreeSet<(CustomerId, CustomerId)>,
}

impl Known {
    fn ask<E>(
        &mut self,
        card: CustomerId,
        load: &mut impl FnMut(CustomerId) -> Result<Option<Vec<LinkView>>, E>,
    ) -> Result<(), E> {
        if !self.asked.insert(card) {
            return Ok(());
        }
        for link in load(card)?.unwrap_or_default() {
            let other = link.other;
            if other == card {
                continue;
            }
            match link.sameness.value {
                Sameness::Same => {
                    self.same.entry(card).or_default().insert(other);
                    self.same.entry(other).or_default().insert(card);
                }
                Sameness::Different => {
                    self.different.insert((card.min(other), card.max(other)));
                }
            }
        }
        Ok(())
    }

    /// Cards of which a card that was asked says that they are this one's.
    fn said_same(&self, card: CustomerId) -> Vec<CustomerId> {
        let others = self.same.get(&card).into_iter().flatten();
        others.copied().collect()
    }

    fn is_same(&self, one: CustomerId, other: CustomerId) -> bool {
        !self.different.contains(&(one.min(other), one.max(other)))
    }
}

/// An edit that was made while cards were seen as one person that are not any more: for a human to say whose it is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ToAllot {
    /// The card that it stands on.
    pub card: CustomerId,
    /// The edit, with the cards that its author saw as one.
    pub via: ViaView,
}

/// What is to be allotted of one card: every edit of a merged view whose cards are not all one person with it now. Nothing is guessed.
#[must_use]
pub fn to_allot(card: CustomerId, view: &CardView, component: &Component) -> Vec<ToAllot> {
    let is_one = component.standing() == Standing::OnePerson;
    let stands = |via: &&ViaView| {
        let all_here = || via.cards.iter().all(|one| component.cards.contains(one));
        is_one && all_here()
    };
    view.via
        .iter()
        .filter(|via| !stands(via))
        .map(|via| ToAllot {
            card,
            via: via.clone(),
        })
        .collect()
}
