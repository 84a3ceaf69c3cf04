//! Who is in whose book: customers enter and leave the books of shops by the hub's word alone, because a book is a permission to read.

use super::{Authority, Batch};
use crate::card::Facet;
use crate::documents;
use crate::entropy::Entropy;
use crate::envelope;
use crate::feed::{self, FeedKind};
use crate::ids::{AssociateId, CustomerId, DocumentId, Nonce, ShopId};
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

    /// Ends an associate's need to know about a customer: their handhelds forget what is restricted.
    ///
    /// # Errors
    /// What the store reports.
    pub fn end_need_to_know(
        &mut self,
        tx: &mut dyn WriteTx,
        batch: &mut Batch,
        (customer, associate): (CustomerId, AssociateId),
        entropy: &mut dyn Entropy,
    ) -> Result<(), StoreError> {
        if !documents::needs_to_know(tx.as_read(), customer, associate)? {
            return Ok(());
        }
        let place = (
            Facet::Restricted.document(customer),
            Scope::Associate(associate),
        );
        self.withdraw(tx, batch, place, entropy)
    }

    /// Takes a document out of a scope that holds it, and tells its handhelds.
    fn withdraw(
        &mut self,
        tx: &mut dyn WriteTx,
        batch: &mut Batch,
        (document, scope): (DocumentId, Scope),
        entropy: &mut dyn Entropy,
    ) -> Result<(), StoreError> {
        documents::leave(tx, &mut batch.ledger, scope, document)?;
        let kind = FeedKind::Leave { document };
        let hash = feed::other_entry_hash(&kind, envelope::salt(entropy).as_bytes());
        batch.ledger.append(tx, scope, kind, hash)?;
        Ok(())
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
            if !enters {
                self.withdraw(tx, batch, (document, scope), entropy)?;
                continue;
            }
            documents::enter(tx, &mut batch.ledger, scope, document)?;
            let kind = FeedKind::Enter { document };
            let hash = feed::other_entry_hash(&kind, envelope::salt(entropy).as_bytes());
            batch.ledger.append(tx, scope, kind, hash)?;
            if facet == Facet::Card {
                self.tell_of_customer(tx, batch, (customer, scope), envelope::salt(entropy))?;
            }
        }
        Ok(())
    }

    /// Tells a scope that a card has entered what belongs to it: records and notices.
    pub(super) fn tell_of_customer(
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
        self.tell_notices(tx, batch, (customer, scope), salt)
    }
}
