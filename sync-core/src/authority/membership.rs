//! Who is in whose book: customers enter and leave the books of shops by the hub's word alone, because a book is a permission to read.

use super::{Authority, Batch};
use crate::card::Facet;
use crate::documents;
use crate::entropy::Entropy;
use crate::envelope;
use crate::feed::{self, FeedKind};
use crate::ids::{CustomerId, Nonce, ShopId};
use crate::limits;
use crate::records;
use crate::scope::Scope;
use crate::store::{StoreError, WriteTx};

impl Authority {
    /// Puts a customer that the chain knows into the book of another shop.
    ///
    /// # Errors
    /// What the store reports.
    pub fn enter_book(
        &mut self,
        tx: &mut dyn WriteTx,
        batch: &mut Batch,
        (customer, shop): (CustomerId, ShopId),
        entropy: &mut dyn Entropy,
    ) -> Result<(), StoreError> {
        self.move_in_book(tx, batch, (customer, shop), true, entropy)
    }

    /// Takes a customer out of the book of a shop; its handhelds forget them.
    ///
    /// # Errors
    /// What the store reports.
    pub fn leave_book(
        &mut self,
        tx: &mut dyn WriteTx,
        batch: &mut Batch,
        (customer, shop): (CustomerId, ShopId),
        entropy: &mut dyn Entropy,
    ) -> Result<(), StoreError> {
        self.move_in_book(tx, batch, (customer, shop), false, entropy)
    }

    fn move_in_book(
        &mut self,
        tx: &mut dyn WriteTx,
        batch: &mut Batch,
        (customer, shop): (CustomerId, ShopId),
        enters: bool,
        entropy: &mut dyn Entropy,
    ) -> Result<(), StoreError> {
        let scope = Scope::Book(shop);
        for facet in [Facet::Card, Facet::Shop(shop)] {
            let document = facet.document(customer);
            let held = documents::scopes(tx.as_read(), document)?.contains(&scope);
            if held == enters || documents::row(tx.as_read(), document)?.is_none() {
                continue;
            }
            let kind = if enters {
                documents::enter(tx, &mut batch.ledger, scope, document)?;
                FeedKind::Enter { document }
            } else {
                documents::leave(tx, &mut batch.ledger, scope, document)?;
                FeedKind::Leave { document }
            };
            let hash = feed::other_entry_hash(&kind, envelope::salt(entropy).as_bytes());
            batch.ledger.append(tx, scope, kind, hash)?;
            if enters && facet == Facet::Card {
                self.tell_records(tx, batch, (customer, scope), envelope::salt(entropy))?;
            }
        }
        Ok(())
    }

    pub(super) fn tell_records(
        &mut self,
        tx: &mut dyn WriteTx,
        batch: &mut Batch,
        (customer, scope): (CustomerId, Scope),
        salt: Nonce,
    ) -> Result<(), StoreError> {
        let mut known = Vec::new();
        records::for_each(tx.as_read(), customer, &mut |record| known.push(record))?;
        for chunk in known.chunks(limits::RECORDS_PER_ENTRY_MAX) {
            let keys = chunk.iter().map(|record| record.key().into()).collect();
            let kind = FeedKind::Records { customer, keys };
            let hash = feed::other_entry_hash(&kind, salt.as_bytes());
            batch.ledger.append(tx, scope, kind, hash)?;
        }
        Ok(())
    }
}
