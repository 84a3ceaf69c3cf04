//! Documents whose stored bytes turn out to be damaged when they are opened: a bad disk, or a bad copy of the hub's.
//!
//! # Invariants
//! - Damage of one document ends no session and concerns no other: it is forgotten alone, and fetched whole again.
//! - Until it is here again nothing is built on it: what arrives for it is passed over, since the whole document brings that too;
//!   the edits that wait on it and its customer's read row stay as they are.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Replica;
use crate::card::Facet;
use crate::documents::{self, Loaded};
use crate::feed::Ledger;
use crate::gate;
use crate::ids::{CustomerId, DocumentId, ShopId};
use crate::outbox::OutboxRow;
use crate::protocol::frame::Snapshot;
use crate::scope::Scope;
use crate::store::{ReadTx, StoreError, WriteTx};

/// What is known of damage, in memory: an app that starts again finds it again.
#[derive(Debug, Default)]
pub(super) struct Damage {
    /// Found, and still stored.
    found: BTreeSet<DocumentId>,
    /// Forgotten, and to come whole.
    awaited: BTreeSet<DocumentId>,
}

impl Replica {
    /// The accepted state of a document. When it does not open that is remembered, and mended in the next session.
    pub(super) fn accepted(
        &mut self,
        tx: &dyn ReadTx,
        document: DocumentId,
    ) -> Result<Option<Arc<Loaded>>, StoreError> {
        let accepted = self.cache.get(tx, document);
        if matches!(accepted, Err(StoreError::Corrupt { .. })) {
            self.damage.found.insert(document);
        }
        accepted
    }

    /// Whether damage was found that is still stored.
    pub(crate) fn is_damaged(&self) -> bool {
        !self.damage.found.is_empty()
    }

    /// Forgets the documents that are damaged; returns them with the scopes that held them.
    ///
    /// # Errors
    /// What the store reports.
    pub(crate) fn forget_damaged(
        &mut self,
        tx: &mut dyn WriteTx,
    ) -> Result<BTreeSet<(Scope, DocumentId)>, StoreError> {
        let mut ledger = Ledger::default();
        let mut forgotten = BTreeSet::new();
        for document in std::mem::take(&mut self.damage.found) {
            let scopes = documents::scopes(tx.as_read(), document)?;
            documents::forget(tx, &mut ledger, document)?;
            self.cache.remove(document);
            if !scopes.is_empty() {
                self.damage.awaited.insert(document);
            }
            forgotten.extend(scopes.into_iter().map(|scope| (scope, document)));
        }
        ledger.write(tx)?;
        Ok(forgotten)
    }

    /// Whether a document that was damaged has not come in a form that opens.
    pub(crate) fn awaits(&self, document: DocumentId) -> bool {
        self.damage.awaited.contains(&document)
    }

    /// Whether a document was forgotten for its damage and is to come whole.
    pub(super) fn is_awaited(
        &self,
        tx: &dyn ReadTx,
        document: DocumentId,
    ) -> Result<bool, StoreError> {
        Ok(self.damage.awaited.contains(&document) && documents::row(tx, document)?.is_none())
    }

    /// Whether an outbox row touches a document that is to come whole: with it the row is committed anew.
    pub(super) fn waits_for_damaged(
        &self,
        tx: &dyn ReadTx,
        row: &OutboxRow,
    ) -> Result<bool, StoreError> {
        for document in row.documents() {
            if self.is_awaited(tx, document)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether part of a customer's row was forgotten for its damage.
    pub(super) fn is_row_awaited(
        &self,
        tx: &dyn ReadTx,
        (customer, shop): (CustomerId, ShopId),
    ) -> Result<bool, StoreError> {
        Ok(self.is_awaited(tx, Facet::Card.document(customer))?
            || self.is_awaited(tx, Facet::Shop(shop).document(customer))?)
    }

    /// Whether a document may be stored as it came. What was damaged before is checked now; all else when it is first opened.
    pub(super) fn may_take(&mut self, snapshot: &Snapshot) -> bool {
        let document = snapshot.facet.document(snapshot.customer);
        if !self.damage.awaited.contains(&document) {
            return true;
        }
        let is_good = gate::check_base(&snapshot.bytes, &snapshot.heads).is_ok();
        if is_good {
            self.damage.awaited.remove(&document);
        }
        is_good
    }

    /// No longer waits for a document that left.
    pub(super) fn no_longer_awaits(&mut self, document: DocumentId) {
        self.damage.awaited.remove(&document);
    }
}
