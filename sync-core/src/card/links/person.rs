//! A person as somebody sees them: the cards that links join, each opened once, whoever keeps them.
//!
//! A link is found from either card: from the one that says it, and from the other by the index of who says so
//! ([`crate::projection::linking_to`]). The index only tells where to look; what counts is what the cards say.

use std::collections::BTreeMap;

use super::{Component, Standing, ToAllot, by_age, links, merge, to_allot};
use crate::card::Facet;
use crate::card::entries::{Entries, Visible};
use crate::card::reduce::Corrections;
use crate::card::view::{CardView, LinkView, Reading};
use crate::ids::{AssociateId, CustomerId, Timestamp};

/// What a reader sees of a card, with the corrected times of its edits.
pub type Opened = (Visible, Corrections);

/// From where somebody reads cards.
pub trait Cards {
    /// Why it could not be read.
    type Error;

    /// What the reader sees of a card; nothing where it is not at hand or out of reach.
    ///
    /// # Errors
    /// What reading reports.
    fn open(&mut self, card: CustomerId) -> Result<Option<Opened>, Self::Error>;

    /// Cards that may say that they are the same person as this one.
    ///
    /// # Errors
    /// What reading reports.
    fn linking_to(&mut self, card: CustomerId) -> Result<Vec<CustomerId>, Self::Error>;
}

/// The cards that are joined to one card, as a reader sees them.
#[derive(Debug, Clone)]
pub struct Person {
    /// The card that was asked about.
    pub asked: CustomerId,
    /// What links join to it.
    pub component: Component,
    /// What is seen of each of these cards that is at hand.
    pub cards: BTreeMap<CustomerId, Visible>,
    /// The corrected times of their edits.
    pub corrections: Corrections,
}

impl Person {
    /// The person whom a card is about.
    ///
    /// # Errors
    /// What reading a card reports.
    pub fn of<C: Cards + ?Sized>(asked: CustomerId, source: &mut C) -> Result<Self, C::Error> {
        let mut seen = Seen {
            source,
            opened: BTreeMap::new(),
        };
        let component = Component::of(asked, |card| seen.links_of(card))?;
        let mut person = Self {
            asked,
            component,
            cards: BTreeMap::new(),
            corrections: Corrections::new(),
        };
        for (card, opened) in seen.opened {
            let is_theirs = person.component.cards().contains(&card);
            if let Some(opened) = opened.filter(|_| is_theirs) {
                person.corrections.extend(opened.corrections);
                person.cards.insert(card, opened.visible);
            }
        }
        Ok(person)
    }

    /// Whether several cards are shown as one.
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.component.standing() == Standing::OnePerson
    }

    /// The cards that are at hand, the one known for longest first.
    #[must_use]
    pub fn members(&self) -> Vec<CustomerId> {
        by_age(&self.cards)
    }

    /// What was written of them while cards were seen as one person that are not any more.
    #[must_use]
    pub fn to_allot(&self) -> Vec<ToAllot> {
        let reading = Reading {
            now: Timestamp::default(),
            corrections: &self.corrections,
        };
        let cards = self.cards.iter();
        let of_card = |(card, visible): (&CustomerId, &Visible)| {
            let view = CardView::read(visible, &reading);
            to_allot(*card, &view, &self.component)
        };
        cards.flat_map(of_card).collect()
    }

    /// The view over all cards where they are one person, with the cards that are at hand, the oldest first; else of the card that was asked about.
    #[must_use]
    pub fn view(&self, now: Timestamp, reader: Option<AssociateId>) -> (CardView, Vec<CustomerId>) {
        let reading = Reading {
            now,
            corrections: &self.corrections,
        };
        if self.is_one() {
            let merged = merge(&self.cards, &reading, reader);
            return (merged.view, merged.members);
        }
        let nothing = Visible::default();
        let own = self.cards.get(&self.asked).unwrap_or(&nothing);
        let view = match reader {
            Some(reader) => CardView::read_by(own, &reading, reader),
            None => CardView::read(own, &reading),
        };
        (view, vec![self.asked])
    }
}

/// A card that was opened, and what it says of others.
struct Card {
    visible: Visible,
    corrections: Corrections,
    links: Vec<LinkView>,
}

/// The cards opened so far.
struct Seen<'s, C: ?Sized> {
    source: &'s mut C,
    opened: BTreeMap<CustomerId, Option<Card>>,
}

impl<C: Cards + ?Sized> Seen<'_, C> {
    /// What a card says of others.
    fn own(&mut self, card: CustomerId) -> Result<Option<&[LinkView]>, C::Error> {
        if let std::collections::btree_map::Entry::Vacant(vacant) = self.opened.entry(card) {
            let opened = self.source.open(card)?;
            let there = opened.filter(|(visible, _)| {
                let entries = visible.get(&Facet::Card);
                entries.is_some_and(|entries: &Entries| !entries.is_empty())
            });
            vacant.insert(there.map(|(visible, corrections)| Card {
                links: links(&visible),
                visible,
                corrections,
            }));
        }
        let known = self.opened.get(&card).and_then(Option::as_ref);
        Ok(known.map(|card| card.links.as_slice()))
    }

    /// What a card and others say of each other; nothing where none of it is at hand.
    fn links_of(&mut self, card: CustomerId) -> Result<Option<Vec<LinkView>>, C::Error> {
        let own = self.own(card)?.map(<[LinkView]>::to_vec);
        let mut all = own.clone().unwrap_or_default();
        for other in self.source.linking_to(card)? {
            let theirs = self.own(other)?.unwrap_or_default().iter();
            let of_this = theirs.filter(|link| link.other == card && other != card);
            all.extend(of_this.map(|link| LinkView {
                other,
                ..link.clone()
            }));
        }
        Ok((own.is_some() || !all.is_empty()).then_some(all))
    }
}
