//! From planned edits to accepted changes, of one card or of a person who is several.
//!
//! # Invariants
//! - All of it is good before the first of it is written.
//! - An edit whose id stands on any card of the person is passed over.

use std::collections::BTreeMap;

use super::{Authority, AuthorityError, Batch, HubAuthor, HubEdit};
use crate::card::edit::Belongs;
use crate::card::links::{self, Person, Via};
use crate::card::{EditContext, Facet, FieldWrite, Plan, Provenance};
use crate::entropy::Entropy;
use crate::ids::{CustomerId, EditId, Timestamp};
use crate::store::{ReadTx, StoreError, WriteTx};

/// What is to be written to one card.
#[derive(Debug, Default)]
pub(super) struct Planned {
    edits: Vec<EditId>,
    writes: Vec<(Facet, Vec<FieldWrite>)>,
}

impl Planned {
    /// Puts an edit behind those that are planned already.
    pub(super) fn add(&mut self, plan: Plan) {
        self.edits.push(plan.edit);
        for (facet, writes) in plan.writes {
            match self.writes.iter_mut().find(|(known, _)| *known == facet) {
                Some((_, known)) => known.extend(writes),
                None => self.writes.push((facet, writes)),
            }
        }
    }
}

impl Authority {
    /// On what an edit of the hub is planned.
    pub(super) fn context(
        &self,
        author: &HubAuthor,
        (customer, edit): (CustomerId, &HubEdit),
        now: Timestamp,
    ) -> EditContext {
        EditContext {
            edit: edit.id,
            customer,
            provenance: Provenance {
                by: author.associate,
                device: self.device,
                shop: author.shop,
                at: now,
                source: edit.source,
                as_of: edit.as_of,
            },
            role: author.role,
        }
    }

    /// Commits what is planned, one change for each facet of each card, and accepts it. Returns whether there was any.
    pub(super) fn write_planned(
        &mut self,
        tx: &mut dyn WriteTx,
        batch: &mut Batch,
        author: &HubAuthor,
        planned: &BTreeMap<CustomerId, Planned>,
        (now, entropy): (Timestamp, &mut dyn Entropy),
    ) -> Result<bool, AuthorityError> {
        let mut committed = Vec::new();
        for (customer, planned) in planned {
            for (facet, writes) in &planned.writes {
                let edits = planned.edits.iter().copied();
                let own = edits.filter(|id| writes.iter().any(|write| write.edit == *id));
                let place = (author, *customer, *facet);
                let written = (writes.as_slice(), own.collect());
                committed.extend(self.commit(tx.as_read(), place, written, (now, entropy))?);
            }
        }
        // All of it is good: now the first of it may be written.
        for (after, stored) in committed {
            self.accept(tx, batch, (after, None), &[stored], author.shop)?;
        }
        Ok(planned.values().any(|planned| !planned.writes.is_empty()))
    }

    /// Records edits of the person whom a card is about, each on whichever of their cards it belongs ([`crate::card::Edit::belongs`]).
    /// `person` is what the author sees of each card; of a card that stands alone this is [`Authority::record`].
    ///
    /// # Errors
    /// As [`Authority::record`].
    pub fn record_of_person(
        &mut self,
        tx: &mut dyn WriteTx,
        batch: &mut Batch,
        author: &HubAuthor,
        (mut person, edits): (Person, &[HubEdit]),
        (now, entropy): (Timestamp, &mut dyn Entropy),
    ) -> Result<bool, AuthorityError> {
        let new = self.not_recorded(tx.as_read(), &person, author, edits)?;
        if !person.is_one() {
            return self.record(tx, batch, author, (person.asked, &new), (now, entropy));
        }
        let oldest = links::by_age(&person.cards).first().copied();
        let oldest = oldest.unwrap_or(person.asked);
        let mut planned: BTreeMap<CustomerId, Planned> = BTreeMap::new();
        for edit in &new {
            let belongs = edit.edit.belongs();
            let mut cards = match belongs {
                Belongs::ToPerson => vec![oldest],
                Belongs::ToCard => vec![person.asked],
                Belongs::With(thing) => thing.cards(&person.cards, (author.shop, author.associate)),
            };
            if cards.is_empty() {
                // Of what is nowhere the card that was named says so.
                cards.push(person.asked);
            }
            for card in cards {
                let context = self.context(author, (card, edit), now);
                let visible = person.cards.entry(card).or_default();
                let plan = if belongs == Belongs::ToPerson {
                    let via = Via {
                        component: &person.component,
                        cards: &person.cards,
                    };
                    edit.edit.plan_via(&context, via)?
                } else {
                    edit.edit.plan(&context, visible)?
                };
                person.cards.entry(card).or_default().write(&plan);
                planned.entry(card).or_default().add(plan);
            }
        }
        self.write_planned(tx, batch, author, &planned, (now, entropy))
    }

    /// The edits that stand on no card of the person, nor on one that was linked when they came the first time.
    fn not_recorded(
        &self,
        tx: &dyn ReadTx,
        person: &Person,
        author: &HubAuthor,
        edits: &[HubEdit],
    ) -> Result<Vec<HubEdit>, StoreError> {
        let said = person.cards.get(&person.asked).map(links::links);
        let said = said.unwrap_or_default().into_iter().map(|link| link.other);
        let mut cards = person.component.cards().to_vec();
        cards.extend(said);
        let mut new = Vec::with_capacity(edits.len());
        for edit in edits {
            let mut is_known = false;
            for card in &cards {
                is_known = is_known || self.is_recorded(tx, *card, author, edit.id)?;
            }
            if !is_known {
                new.push(edit.clone());
            }
        }
        Ok(new)
    }
}
