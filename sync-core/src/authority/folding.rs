//! How the hub's read rows follow a batch: folded from accepted cards, or moved where nothing but sales came.

use std::collections::BTreeSet;

use super::{Authority, Batch, followers, row_of};
use crate::card::entries::Entries;
use crate::card::{Facet, Key, Visible};
use crate::ids::CustomerId;
use crate::projection;
use crate::store::{StoreError, WriteTx};

/// What the hub answers, or carries over to another card.
const ASKING: [&str; 2] = ["ask", "link"];

/// Whether a card holds something that the hub's desk works on: see [`ASKING`], and what gestures cost.
fn is_asking(card: &Entries) -> bool {
    let is_cost = |key: &Key| key.path.entity == "interaction" && key.path.field == "spent";
    ASKING.iter().any(|entity| card.has(entity)) || card.iter().any(|(key, _)| is_cost(key))
}

/// What the cards of some customers come to.
#[derive(Default)]
struct Projected {
    rows: Vec<projection::Row>,
    /// Whose card holds something that the desk works on.
    asking: BTreeSet<CustomerId>,
}

impl Authority {
    /// Brings the read rows of the customers touched so far up to date. A long batch does it now and then, while their documents are at hand.
    ///
    /// # Errors
    /// What the store reports.
    pub fn fold_touched(
        &mut self,
        tx: &mut dyn WriteTx,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let customers = std::mem::take(&mut batch.customers);
        let projected = self.project(tx, &customers)?;
        followers::list(tx, &customers, &projected.asking)?;
        fold(tx, batch, &projected.rows)
    }

    /// Moves the rows of customers of whom nothing but sales came. A sale newer than the last touch is the last touch; one that is older
    /// may be the first there is, and then the card has to tell.
    pub(super) fn fold_sold(
        &mut self,
        tx: &mut dyn WriteTx,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        let mut unclear = BTreeSet::new();
        let sold = std::mem::take(&mut batch.sold);
        let touched = sold.keys().copied().collect();
        followers::list(tx, &touched, &BTreeSet::new())?;
        for (customer, rank) in sold {
            match projection::read_row(tx.as_read(), customer)? {
                Some(row) if row.rank == rank => {}
                Some(row) if row.rank < rank => rows.push(projection::Row { rank, ..row }),
                Some(_) | None => {
                    unclear.insert(customer);
                }
            }
        }
        rows.extend(self.project(tx, &unclear)?.rows);
        fold(tx, batch, &rows)
    }

    /// Brings the read rows of customers up to their accepted cards. The hub's rows know the card alone, because they go to every shop that knows the customer.
    ///
    /// # Errors
    /// What the store reports.
    pub fn refold(
        &mut self,
        tx: &mut dyn WriteTx,
        customers: &BTreeSet<CustomerId>,
    ) -> Result<(), StoreError> {
        let projected = self.project(tx, customers)?;
        projection::fold_all(tx, &projected.rows)?;
        Ok(())
    }

    /// The rows of customers; those of whom no card is known lose theirs.
    fn project(
        &mut self,
        tx: &mut dyn WriteTx,
        customers: &BTreeSet<CustomerId>,
    ) -> Result<Projected, StoreError> {
        let mut projected = Projected::default();
        for customer in customers {
            let card = Facet::Card.document(*customer);
            let Some(loaded) = self.cache.get(tx.as_read(), card)? else {
                projection::unfold(tx, *customer)?;
                continue;
            };
            let corrections = loaded.row.corrections();
            let visible = Visible::from_iter([(Facet::Card, loaded.entries.clone())]);
            let row = row_of(tx.as_read(), *customer, &visible, &corrections)?;
            projected.rows.push(row);
            if is_asking(&loaded.entries) {
                projected.asking.insert(*customer);
            }
        }
        Ok(projected)
    }
}

/// Writes rows, and their index entries unless the batch leaves them.
fn fold(tx: &mut dyn WriteTx, batch: &Batch, rows: &[projection::Row]) -> Result<(), StoreError> {
    if batch.indexes_later {
        return projection::fold_noted(tx, rows);
    }
    projection::fold_all(tx, rows).map(drop)
}
