//! Which scopes hold which documents, and the items that documents bring into a scope's digest.

use super::row;
use crate::card::Facet;
use crate::feed::Ledger;
use crate::ids::{AssociateId, CustomerId, DocumentId, Hash32};
use crate::notices::{self, Subject};
use crate::records;
use crate::scope::Scope;
use crate::store::{self, ReadTx, StoreError, Table, WriteTx};

/// The scopes that hold a document.
///
/// # Errors
/// What the store reports.
pub fn scopes(tx: &dyn ReadTx, document: DocumentId) -> Result<Vec<Scope>, StoreError> {
    let mut scopes = Vec::new();
    store::scan_prefix(
        tx,
        Table::DocumentScope,
        document.as_bytes(),
        &mut |key, _| {
            scopes.extend(key.get(DocumentId::LEN..).and_then(Scope::from_key));
            Ok(std::ops::ControlFlow::Continue(()))
        },
    )?;
    Ok(scopes)
}

/// Whether `associate` may read all that is restricted about a customer: need to know comes with their own scope, on hub and handheld.
///
/// # Errors
/// What the store reports.
pub fn needs_to_know(
    tx: &dyn ReadTx,
    customer: CustomerId,
    associate: AssociateId,
) -> Result<bool, StoreError> {
    let key = Scope::Associate(associate).document_key(Facet::Restricted.document(customer));
    Ok(tx.get(Table::ScopeDocument, &key)?.is_some())
}

/// Puts a document into a scope, with its item. No feed entry: that is the authority's word.
///
/// # Errors
/// What the store reports.
pub fn enter(
    tx: &mut dyn WriteTx,
    ledger: &mut Ledger,
    scope: Scope,
    document: DocumentId,
) -> Result<(), StoreError> {
    let key = scope.document_key(document);
    if tx.get(Table::ScopeDocument, &key)?.is_some() {
        return Ok(());
    }
    tx.put(Table::ScopeDocument, &key, &[])?;
    tx.put(
        Table::DocumentScope,
        &store::key(&[document.as_bytes(), &scope.key()]),
        &[],
    )?;
    for item in items(tx.as_read(), document)? {
        ledger.replace_item(tx.as_read(), scope, None, Some(&item))?;
    }
    Ok(())
}

/// Everything that a document brings into a scope's digest: itself and, where it is a card, the customer's records and notices.
fn items(tx: &dyn ReadTx, document: DocumentId) -> Result<Vec<Hash32>, StoreError> {
    let Some(row) = row(tx, document)? else {
        return Ok(Vec::new());
    };
    let mut items: Vec<_> = row.item().into_iter().collect();
    if row.facet == Facet::Card {
        records::for_each(tx, row.customer, &mut |record| {
            items.push(record.item_hash());
        })?;
        notices::for_each_of(tx, Subject::Customer(row.customer), &mut |notice| {
            items.push(notice.item_hash());
        })?;
    }
    Ok(items)
}

/// Takes a document out of a scope, with its item.
///
/// # Errors
/// What the store reports.
pub fn leave(
    tx: &mut dyn WriteTx,
    ledger: &mut Ledger,
    scope: Scope,
    document: DocumentId,
) -> Result<(), StoreError> {
    let key = scope.document_key(document);
    if tx.get(Table::ScopeDocument, &key)?.is_none() {
        return Ok(());
    }
    tx.delete(Table::ScopeDocument, &key)?;
    tx.delete(
        Table::DocumentScope,
        &store::key(&[document.as_bytes(), &scope.key()]),
    )?;
    for item in items(tx.as_read(), document)? {
        ledger.replace_item(tx.as_read(), scope, Some(&item), None)?;
    }
    Ok(())
}

/// Puts the item of a document that has changed in place of the one before, in every scope that holds it.
pub(super) fn move_items(
    tx: &mut dyn WriteTx,
    ledger: &mut Ledger,
    document: DocumentId,
    before: Option<&Hash32>,
    after: Option<&Hash32>,
) -> Result<(), StoreError> {
    for scope in scopes(tx.as_read(), document)? {
        ledger.replace_item(tx.as_read(), scope, before, after)?;
    }
    Ok(())
}
