//! Pages of a first sync or of a repair, folded into accepted state.
//!
//! # Invariants
//! - After the last page every row is what the replica's own documents and records make it, whatever the hub's row said.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::notices::receive_notice_page;
use super::settle::store_record;
use super::{ReceiveError, Received, Replica};
use crate::card::Facet;
use crate::concierge::today::due;
use crate::documents;
use crate::entropy::Entropy;
use crate::feed::Ledger;
use crate::ids::{CustomerId, DocumentId, ShopId};
use crate::outbox;
use crate::projection;
use crate::protocol::frame::{Page, Phase, Resume};
use crate::scope::Scope;
use crate::store::{self, Direction, KeyRange, ReadTx, StoreError, Table, WriteTx};

impl Replica {
    /// Folds a page of a first sync or repair.
    ///
    /// # Errors
    /// [`ReceiveError::Store`]; the transaction must then be dropped.
    pub fn receive_page(
        &mut self,
        tx: &mut dyn WriteTx,
        page: &Page,
        shop: ShopId,
        entropy: &mut dyn Entropy,
    ) -> Result<Received, ReceiveError> {
        let mut ledger = Ledger::default();
        let mut received = Received::default();
        let mut replay = BTreeSet::new();
        // A first sync brings the hub's rows beside the documents, so that no card has to be opened for them; a repair brings none.
        let progress: Option<Resume> =
            store::get_row(tx.as_read(), Table::Progress, &page.scope.key())?;
        let brings_rows = progress.is_some();
        fold_page(tx, &page.rows, brings_rows)?;
        // What fell due was made from less than is here now.
        due::forget(tx, page.rows.iter().map(|row| &row.customer))?;
        due::forget(tx, page.documents.iter().map(|one| &one.customer))?;
        due::forget(tx, page.records.iter().map(|one| &one.customer))?;
        for row in &page.rows {
            if has_pending(tx.as_read(), shop, row.customer)? {
                received.customers.insert(row.customer);
            }
        }
        for snapshot in &page.documents {
            let document = snapshot.facet.document(snapshot.customer);
            // Asked before too: the snapshot may settle the very edit that the row knew more by.
            let had_pending = has_pending(tx.as_read(), shop, snapshot.customer)?;
            if self.receive_snapshot(tx, &mut ledger, page.scope, snapshot)? {
                replay.insert(document);
            }
            if !brings_rows || had_pending || has_pending(tx.as_read(), shop, snapshot.customer)? {
                received.customers.insert(snapshot.customer);
            }
        }
        for record in &page.records {
            store_record(tx, &mut ledger, record)?;
            if !brings_rows {
                received.customers.insert(record.customer);
            }
        }
        receive_notice_page(tx, &mut ledger, page, &mut received)?;
        if let Some(progress) = progress.filter(|_| page.phase == Phase::Records) {
            let told = told_in_full(tx.as_read(), page, &progress, shop)?;
            received.customers.extend(told);
        }
        for document in &page.gone {
            received
                .customers
                .extend(self.leave(tx, &mut ledger, page.scope, *document)?);
        }
        ledger.write(tx)?;
        if !replay.is_empty() {
            received.replayed = true;
            self.reauthor(tx, replay, entropy)?;
        }
        let rows = self.rows_now(tx, shop, &received.customers)?;
        fold_page(tx, &rows, brings_rows)?;
        Ok(received)
    }
}

/// Folds rows of a page; those of a first sync are indexed once all have come ([`projection::index_what_waits`]).
fn fold_page(
    tx: &mut dyn WriteTx,
    rows: &[projection::Row],
    is_first_sync: bool,
) -> Result<(), StoreError> {
    if is_first_sync {
        projection::fold_later(tx, rows)
    } else {
        projection::fold_all(tx, rows).map(drop)
    }
}

/// Whether something recorded here and not accepted yet shows in the row of a customer, which the hub then can't know.
fn has_pending(tx: &dyn ReadTx, shop: ShopId, customer: CustomerId) -> Result<bool, StoreError> {
    Ok(outbox::touches(tx, Facet::Shop(shop).document(customer))?
        || outbox::touches(tx, Facet::Card.document(customer))?)
}

/// Whether this handheld's row of a customer says more than the hub's, which knows the accepted card alone.
pub(super) fn knows_more(
    tx: &dyn ReadTx,
    shop: ShopId,
    customer: CustomerId,
) -> Result<bool, StoreError> {
    let of_shop = Facet::Shop(shop).document(customer);
    Ok(documents::row(tx, of_shop)?.is_some() || has_pending(tx, shop, customer)?)
}

/// The customers whose first sync ends with this page of records, and of whom this handheld knows more than the hub's rows tell.
/// Only now are card, facet and records together, so their rows are folded once.
fn told_in_full(
    tx: &dyn ReadTx,
    page: &Page,
    progress: &Resume,
    shop: ShopId,
) -> Result<Vec<CustomerId>, StoreError> {
    let after: &[u8] = match progress.phase {
        Phase::Records => &progress.cursor,
        Phase::Notices | Phase::Rows | Phase::Documents => &[],
    };
    let documents = documents_between(tx, page, after)?;
    let mut customers = Vec::new();
    for document in documents {
        let Some(row) = documents::row(tx, document)? else {
            continue;
        };
        let card = Facet::Card.document(row.customer);
        // The facet of somebody whose card is not in this scope has no card to come with.
        let is_theirs = document == card || !documents::scopes(tx, card)?.contains(&page.scope);
        if is_theirs && knows_more(tx, shop, row.customer)? {
            customers.push(row.customer);
        }
    }
    Ok(customers)
}

/// The documents of a page's scope that are here behind `after` and up to where the page ends.
pub(super) fn documents_between(
    tx: &dyn ReadTx,
    page: &Page,
    after: &[u8],
) -> Result<Vec<DocumentId>, StoreError> {
    let prefix = page.scope.key();
    let mut from = store::key(&[&prefix, after]);
    if !after.is_empty() {
        from.push(0);
    }
    let to = if page.last {
        store::prefix_end(&prefix)
    } else {
        Some([&prefix[..], &page.cursor, &[0]].concat())
    };
    let range = KeyRange {
        from: &from,
        to: to.as_deref(),
    };
    let mut documents = Vec::new();
    tx.scan(
        Table::ScopeDocument,
        range,
        Direction::Ascending,
        &mut |key, _| {
            documents.extend(key.get(Scope::KEY_LEN..).and_then(DocumentId::from_slice));
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(documents)
}
