//! In which scopes notices are, and what they bring into a scope's digest: the same rule on hub and handheld.
//!
//! # Invariants
//! - The digest of a scope holds the latest version of every notice whose subject is read there, those taken back included.
//! - A notice about a customer is wherever the card is. A notice of the chain is in every book that is held: on the hub every book in which
//!   anything ever happened or that was opened, on a handheld the books it follows.

use std::ops::ControlFlow;

use super::{Notice, Subject};
use crate::card::Facet;
use crate::digest::SetDigest;
use crate::documents;
use crate::feed::Ledger;
use crate::scope::Scope;
use crate::store::{self, ReadTx, StoreError, Table, WriteTx};

/// The books that this replica holds.
///
/// # Errors
/// What the store reports.
pub fn books(tx: &dyn ReadTx) -> Result<Vec<Scope>, StoreError> {
    let mut books = Vec::new();
    store::scan_prefix(tx, Table::ScopeState, b"b", &mut |key, _| {
        books.extend(Scope::from_key(key));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(books)
}

/// The scopes in which a subject's notices are read.
///
/// # Errors
/// What the store reports.
pub fn audience(tx: &dyn ReadTx, subject: Subject) -> Result<Vec<Scope>, StoreError> {
    match subject {
        Subject::Chain => books(tx),
        Subject::Shop(shop) => Ok(vec![Scope::Book(shop)]),
        Subject::Associate(associate) => Ok(vec![Scope::Associate(associate)]),
        Subject::Customer(customer) => documents::scopes(tx, Facet::Card.document(customer)),
    }
}

/// Whether a subject's notices are read in `scope` at this moment.
///
/// # Errors
/// What the store reports.
pub fn is_read_in(tx: &dyn ReadTx, scope: Scope, subject: Subject) -> Result<bool, StoreError> {
    Ok(match subject {
        Subject::Chain => matches!(scope, Scope::Book(_)),
        Subject::Shop(shop) => scope == Scope::Book(shop),
        Subject::Associate(associate) => scope == Scope::Associate(associate),
        Subject::Customer(customer) => {
            let key = scope.document_key(Facet::Card.document(customer));
            tx.get(Table::ScopeDocument, &key)?.is_some()
        }
    })
}

/// What the house says in a scope, customers left out: the beginnings of storage keys, ascending.
#[must_use]
pub fn house(scope: Scope) -> Vec<Vec<u8>> {
    match scope {
        Scope::Book(shop) => vec![Subject::Chain.key(), Subject::Shop(shop).key()],
        Scope::Associate(associate) => vec![Subject::Associate(associate).key()],
    }
}

/// What a scan calls for each notice, with its key.
pub type Look<'a> = dyn FnMut(&[u8], Notice) -> ControlFlow<()> + 'a;

/// Visits the notices under a beginning of keys that lie behind `after`, each with its key.
///
/// # Errors
/// What the store reports, or [`StoreError::Corrupt`] when one does not decode.
pub fn scan(
    tx: &dyn ReadTx,
    (prefix, after): (&[u8], &[u8]),
    visit: &mut Look<'_>,
) -> Result<(), StoreError> {
    let behind = store::key(&[after, &[0]]);
    let from = prefix.max(if after.is_empty() { after } else { &behind });
    let to = store::prefix_end(prefix);
    if to.as_deref().is_some_and(|to| from >= to) {
        return Ok(());
    }
    let range = store::KeyRange {
        from,
        to: to.as_deref(),
    };
    let ascending = store::Direction::Ascending;
    tx.scan(Table::Notice, range, ascending, &mut |key, bytes| {
        Ok(visit(key, store::decode_row(Table::Notice, bytes)?))
    })
}

/// What all notices of a subject bring into a digest.
///
/// # Errors
/// What the store reports, or [`StoreError::Corrupt`] when one does not decode.
pub fn digest(tx: &dyn ReadTx, subject: Subject) -> Result<SetDigest, StoreError> {
    let mut digest = SetDigest::default();
    super::for_each_of(tx, subject, &mut |notice| digest.add(&notice.item_hash()))?;
    Ok(digest)
}

/// A replica begins to hold a scope: what it knows of the chain counts there too.
///
/// # Errors
/// What the store reports.
pub(crate) fn begin(tx: &dyn ReadTx, ledger: &mut Ledger, scope: Scope) -> Result<(), StoreError> {
    if matches!(scope, Scope::Book(_)) && tx.get(Table::ScopeState, &scope.key())?.is_none() {
        let known = digest(tx, Subject::Chain)?;
        ledger.merge(tx, scope, &known)?;
    }
    Ok(())
}

/// A replica no longer holds a scope: what was read there alone is forgotten. Call after the scope's own state is gone.
///
/// # Errors
/// What the store reports.
pub(crate) fn end(tx: &mut dyn WriteTx, scope: Scope) -> Result<(), StoreError> {
    match scope {
        Scope::Book(shop) => {
            super::remove_all(tx, Subject::Shop(shop))?;
            if books(tx.as_read())?.is_empty() {
                super::remove_all(tx, Subject::Chain)?;
            }
            Ok(())
        }
        Scope::Associate(associate) => super::remove_all(tx, Subject::Associate(associate)),
    }
}
