//! What a handheld lets go of: documents that left a scope, scopes it may no longer replicate, customers who were erased.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::super::Replica;
use super::pages::knows_more;
use super::*;
use crate::concierge::draft;
use crate::concierge::today::due;
use crate::notices::held;

impl Replica {
    /// Takes a document out of a scope, and forgets it when no other scope of this handheld holds it and nothing of it waits to be sent.
    pub(crate) fn leave(
        &mut self,
        tx: &mut dyn WriteTx,
        ledger: &mut Ledger,
        scope: Scope,
        document: DocumentId,
    ) -> Result<Option<CustomerId>, StoreError> {
        self.no_longer_awaits(document);
        let Some(row) = documents::row(tx.as_read(), document)? else {
            return Ok(None);
        };
        documents::leave(tx, ledger, scope, document)?;
        self.let_go(tx, ledger, document)?;
        Ok(Some(row.customer))
    }

    /// Forgets a document that no scope of this handheld holds, once nothing of it waits to be sent. Edits that the hub has stored
    /// do not wait: no feed of this handheld will bring them back.
    pub(crate) fn let_go(
        &mut self,
        tx: &mut dyn WriteTx,
        ledger: &mut Ledger,
        document: DocumentId,
    ) -> Result<(), StoreError> {
        if !documents::scopes(tx.as_read(), document)?.is_empty() {
            return Ok(());
        }
        for (number, row) in outbox::touching(tx.as_read(), document)? {
            if matches!(row.state, OutboxState::Stored { .. }) {
                outbox::take_out(tx, (number, row), |member| {
                    member.envelope.document() == document
                })?;
            }
        }
        let Some(row) = documents::row(tx.as_read(), document)? else {
            return Ok(());
        };
        if !outbox::touches(tx.as_read(), document)? {
            documents::forget(tx, ledger, document)?;
            self.cache.remove(document);
            if row.facet == Facet::Card {
                records::remove_all(tx, row.customer)?;
                remove_notices(tx, Subject::Customer(row.customer))?;
            }
        }
        Ok(())
    }

    /// Lets go of the documents of judged edits that no feed of this handheld brings back: their customer left the book, or their author signed out.
    /// Returns whom that concerns.
    pub(crate) fn let_go_of_judged(
        &mut self,
        tx: &mut dyn WriteTx,
        judged: &[(AssociateId, Envelope)],
        shop: ShopId,
    ) -> Result<BTreeSet<CustomerId>, StoreError> {
        let mut ledger = Ledger::default();
        let mut customers = BTreeSet::new();
        for (author, envelope) in judged {
            let document = envelope.document();
            let home = home_scope(envelope.facet, shop, *author);
            let is_followed = tx.get(Table::ScopeState, &home.key())?.is_some();
            let is_known = documents::row(tx.as_read(), document)?.is_some();
            let is_held = !documents::scopes(tx.as_read(), document)?.is_empty();
            if !is_held && (is_known || !is_followed) {
                self.let_go(tx, &mut ledger, document)?;
                customers.insert(envelope.customer);
            }
        }
        ledger.write(tx)?;
        Ok(customers)
    }

    /// Lets go of stored edits whose documents no scope holds, now that `scope`, their home, agrees with the hub up to after they were stored:
    /// their customer left meanwhile, and no feed brings them back.
    ///
    /// # Errors
    /// What the store reports.
    pub fn let_go_of_stored(
        &mut self,
        tx: &mut dyn WriteTx,
        scope: Scope,
        shop: ShopId,
    ) -> Result<(), StoreError> {
        let mut ledger = Ledger::default();
        let mut customers = BTreeSet::new();
        for (_, row) in outbox::all(tx.as_read())? {
            let is_stored = matches!(row.state, OutboxState::Stored { .. });
            for envelope in row.members.iter().map(|member| &member.envelope) {
                if is_stored && home_scope(envelope.facet, shop, row.associate) == scope {
                    self.let_go(tx, &mut ledger, envelope.document())?;
                    customers.insert(row.customer);
                }
            }
        }
        ledger.write(tx)?;
        self.refold(tx, shop, &customers)?;
        Ok(())
    }

    /// Carries out an erasure: nothing of the customer stays but the tombstone. Returns how many pending edits went with it.
    pub(super) fn erase(
        &mut self,
        tx: &mut dyn WriteTx,
        ledger: &mut Ledger,
        scope: Scope,
        customer: CustomerId,
    ) -> Result<u64, StoreError> {
        let mut discarded = 0;
        for (number, row) in outbox::all(tx.as_read())? {
            if row.customer == customer {
                outbox::remove(tx, number, &row)?;
                discarded += 1;
            }
        }
        for document in documents_of(tx.as_read(), customer)? {
            let scopes = documents::scopes(tx.as_read(), document)?;
            for scope in scopes {
                self.leave(tx, ledger, scope, document)?;
            }
        }
        // Where a damaged card was forgotten before, they stayed without it.
        records::remove_all(tx, customer)?;
        remove_notices(tx, Subject::Customer(customer))?;
        due::forget_person(tx, customer, &[])?;
        draft::erase(tx, customer)?;
        projection::unfold(tx, customer)?;
        if tx.get(Table::Tombstone, customer.as_bytes())?.is_none() {
            tx.put(Table::Tombstone, customer.as_bytes(), &[])?;
        }
        ledger.replace_item(tx.as_read(), scope, None, Some(&tombstone_item(customer)))?;
        Ok(discarded)
    }

    /// Removes rows of whom nothing else came: they left the scope while its first sync was under way.
    ///
    /// # Errors
    /// What the store reports.
    pub fn sweep_rows(&self, tx: &mut dyn WriteTx, shop: ShopId) -> Result<(), StoreError> {
        // Read in one go: to look for the card of each row would be to read the table in no order.
        let mut with_card = BTreeSet::new();
        store::scan_prefix(tx.as_read(), Table::Document, &[], &mut |_, bytes| {
            let row: DocumentRow = store::decode_row(Table::Document, bytes)?;
            with_card.extend((row.facet == Facet::Card).then_some(row.customer));
            Ok(ControlFlow::Continue(()))
        })?;
        let mut without = Vec::new();
        projection::rows(tx.as_read(), None, &mut |row| {
            without.extend((!with_card.contains(&row.customer)).then_some(row.customer));
            Ok(ControlFlow::Continue(()))
        })?;
        for customer in without {
            if !knows_more(tx.as_read(), shop, customer)? {
                projection::unfold(tx, customer)?;
            }
        }
        Ok(())
    }

    /// Forgets a scope that this handheld may no longer replicate.
    ///
    /// # Errors
    /// What the store reports.
    pub fn drop_scope(
        &mut self,
        tx: &mut dyn WriteTx,
        scope: Scope,
        shop: ShopId,
    ) -> Result<(), StoreError> {
        let mut ledger = Ledger::default();
        let mut held = Vec::new();
        store::scan_prefix(
            tx.as_read(),
            Table::ScopeDocument,
            &scope.key(),
            &mut |key, _| {
                held.extend(key.get(Scope::KEY_LEN..).and_then(DocumentId::from_slice));
                Ok(ControlFlow::Continue(()))
            },
        )?;
        let mut customers = BTreeSet::new();
        for document in held {
            customers.extend(self.leave(tx, &mut ledger, scope, document)?);
        }
        for (_, row) in outbox::all(tx.as_read())? {
            for member in row.members.iter().map(|member| &member.envelope) {
                if home_scope(member.facet, shop, row.associate) == scope {
                    self.let_go(tx, &mut ledger, member.document())?;
                    customers.insert(row.customer);
                }
            }
        }
        ledger.write(tx)?;
        let mut rows = Vec::new();
        store::scan_prefix(tx.as_read(), Table::Feed, &scope.key(), &mut |key, _| {
            rows.push(key.to_vec());
            Ok(ControlFlow::Continue(()))
        })?;
        for key in rows {
            tx.delete(Table::Feed, &key)?;
        }
        tx.delete(Table::ScopeState, &scope.key())?;
        held::end(tx, scope)?;
        self.refold(tx, shop, &customers)?;
        Ok(())
    }
}

/// The documents that a customer can have here: derived, so that erasing one customer does not read the whole book.
fn documents_of(tx: &dyn ReadTx, customer: CustomerId) -> Result<Vec<DocumentId>, StoreError> {
    let mut facets = vec![Facet::Card, Facet::Restricted];
    for (scope, _) in crate::protocol::positions(tx)? {
        facets.push(match scope {
            Scope::Book(shop) => Facet::Shop(shop),
            Scope::Associate(associate) => Facet::Private(associate),
        });
    }
    Ok(facets
        .into_iter()
        .map(|facet| facet.document(customer))
        .collect())
}
