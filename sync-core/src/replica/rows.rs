//! The read rows of a handheld: what is accepted and what is pending, as its associates see it.

use std::collections::BTreeMap;

use super::Replica;
use crate::authority::row_of;
use crate::card::{Facet, Visible};
use crate::concierge::today::due;
use crate::documents;
use crate::ids::{CustomerId, ShopId};
use crate::projection;
use crate::store::{ReadTx, StoreError, WriteTx};

impl Replica {
    /// Brings the read rows of customers up to what is displayed now.
    ///
    /// # Errors
    /// What the store reports.
    pub fn refold<'c>(
        &mut self,
        tx: &mut dyn WriteTx,
        shop: ShopId,
        customers: impl IntoIterator<Item = &'c CustomerId>,
    ) -> Result<(), StoreError> {
        let rows = self.rows_now(tx, shop, customers)?;
        projection::fold_all(tx, &rows)?;
        Ok(())
    }

    /// The read rows of customers as displayed now; rows of whom nothing is left to display are removed.
    pub(super) fn rows_now<'c>(
        &mut self,
        tx: &mut dyn WriteTx,
        shop: ShopId,
        customers: impl IntoIterator<Item = &'c CustomerId>,
    ) -> Result<Vec<projection::Row>, StoreError> {
        let mut rows = Vec::new();
        for customer in customers {
            // What may fall due is made again from what is displayed now.
            due::forget_person(tx, *customer, &[])?;
            if self.is_row_awaited(tx.as_read(), (*customer, shop))? {
                continue;
            }
            match self.row_now(tx.as_read(), shop, *customer)? {
                Some(row) => {
                    let links = projection::links_in(&row);
                    if !links.is_empty() {
                        due::forget_person(tx, *customer, &links)?;
                    }
                    rows.push(row);
                }
                None => {
                    projection::unfold(tx, *customer)?;
                }
            }
        }
        Ok(rows)
    }

    /// The read row of a customer as displayed now; none where nothing is left to display.
    fn row_now(
        &mut self,
        tx: &dyn ReadTx,
        shop: ShopId,
        customer: CustomerId,
    ) -> Result<Option<projection::Row>, StoreError> {
        let mut visible = Visible::default();
        let mut corrections = BTreeMap::new();
        for facet in [Facet::Card, Facet::Shop(shop)] {
            let document = facet.document(customer);
            visible.insert(facet, self.entries(tx, document)?);
            if let Some(row) = documents::row(tx, document)? {
                corrections.extend(row.corrections);
            }
        }
        if visible.iter().all(|(_, entries)| entries.is_empty()) {
            return Ok(None);
        }
        row_of(tx, customer, &visible, &corrections).map(Some)
    }
}
