//! The audit of a hub's store: whether what is derived follows from the truth, and the truth from itself; and the rebuild of what is derived.
//!
//! [`verify`] reads everything and changes nothing. It stops at the first row that can't be right and names it.
//! [`rebuild()`] throws the derived tables away and makes them again from base, changes and records.
//!
//! # Invariants
//! - What is named of a row is its ids. Names, words and notes stay out of every message.
//! - `verify` on the hub's own store after any sequence of commits finds nothing.
//!
//! # What can't be seen
//! Entries of a feed that tell of records, comings and goings are hashed with a salt that nobody keeps (so that they may outlive an erasure):
//! their chain is checked, and that what they point at is there. The log of reads has no chain yet.

mod derived;
mod documents;
mod notices;
mod rebuild;
mod scopes;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use crate::crypto::DevicePublicKey;
use crate::ids::{CustomerId, DeviceId, DocumentId, to_base32};
use crate::notices::Subject;
use crate::store::{self, ReadTx, StoreError, Table};

pub use rebuild::{Rebuilt, rebuild};

/// What was checked, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Documents whose base and changes lead to their heads, and whose cache equals them.
    pub documents: u64,
    /// Bases among them.
    pub bases: u64,
    /// Changes whose hash, actor and envelope agree.
    pub changes: u64,
    /// Signatures of handhelds that hold.
    pub attestations: u64,
    /// Scopes whose digest recomputes.
    pub scopes: u64,
    /// Feed entries whose chain recomputes.
    pub feed_entries: u64,
    /// Records.
    pub records: u64,
    /// Notices.
    pub notices: u64,
    /// Read rows that equal a fresh projection.
    pub rows: u64,
    /// Index entries that belong to a row.
    pub terms: u64,
    /// Lines of the access log.
    pub reads: u64,
    /// Erased customers of whom nothing is left.
    pub tombstones: u64,
}

/// The first row that can't be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("table {table}, row {row}: {what}", table = .table.name())]
pub struct Damage {
    /// Its table.
    pub table: Table,
    /// The row, by ids alone.
    pub row: String,
    /// What is wrong with it.
    pub what: String,
}

impl Damage {
    /// Whether [`rebuild()`] makes the row right again.
    #[must_use]
    pub fn is_derived(&self) -> bool {
        Table::DERIVED.contains(&self.table)
    }

    fn at(table: Table, row: impl std::fmt::Display, what: impl Into<String>) -> AuditError {
        AuditError::Damaged(Self {
            table,
            row: row.to_string(),
            what: what.into(),
        })
    }
}

/// Why an audit ended early.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// Something is damaged.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Finds the key of an enrolled handheld, revoked or not.
pub type DeviceKeys<'a> = dyn Fn(DeviceId) -> Option<DevicePublicKey> + 'a;
/// Hears how many documents were looked at, from time to time.
pub type Progress<'a> = dyn FnMut(u64) + 'a;

/// Documents between two reports of progress.
const PROGRESS_DOCUMENTS: u64 = 256;

/// Checks a hub's whole store.
///
/// # Errors
/// [`AuditError::Damaged`] names the first row that can't be right.
pub fn verify(
    tx: &dyn ReadTx,
    keys: &DeviceKeys<'_>,
    progress: &mut Progress<'_>,
) -> Result<Checked, AuditError> {
    let mut checked = Checked::default();
    documents::check(tx, keys, (&mut checked, progress))?;
    scopes::check(tx, &mut checked)?;
    derived::check(tx, &mut checked)?;
    checked.reads = documents::check_reads(tx)?;
    checked.tombstones = documents::check_tombstones(tx)?;
    Ok(checked)
}

/// What a walk through a table calls for each row.
type Look<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), AuditError> + 'a;

/// Visits the rows of a table whose keys begin with `prefix`.
fn each(
    tx: &dyn ReadTx,
    (table, prefix): (Table, &[u8]),
    visit: &mut Look<'_>,
) -> Result<(), AuditError> {
    let mut stopped = Ok(());
    store::scan_prefix(tx, table, prefix, &mut |key, value| {
        Ok(match visit(key, value) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                stopped = Err(error);
                ControlFlow::Break(())
            }
        })
    })?;
    stopped
}

/// The rows of a table.
fn count(tx: &dyn ReadTx, table: Table) -> Result<u64, AuditError> {
    let mut rows = 0;
    each(tx, (table, &[]), &mut |_, _| {
        rows += 1;
        Ok(())
    })?;
    Ok(rows)
}

/// Decodes a row, or says which one does not.
fn decode<T: for<'b> minicbor::Decode<'b, ()> + minicbor::Encode<()>>(
    table: Table,
    key: &[u8],
    bytes: &[u8],
) -> Result<T, AuditError> {
    let damaged = |what: &str| Damage::at(table, name(table, key), what);
    let row: T = minicbor::decode(bytes).map_err(|_error| damaged("it does not decode"))?;
    // Bytes behind a row, or a longer way to write a number, decode too.
    if store::encode_row(&row) != bytes {
        return Err(damaged("it is not in the one form that is written"));
    }
    Ok(row)
}

/// A key as ids. What a source calls its things and what people are called is left out.
fn name(table: Table, key: &[u8]) -> String {
    let document = |key: &[u8]| {
        let (id, rest) = key.split_at_checked(DocumentId::LEN)?;
        let rest = if rest.is_empty() {
            String::new()
        } else {
            format!("/{}", to_base32(rest))
        };
        Some(format!("{}{rest}", DocumentId::from_slice(id)?))
    };
    let customer = || {
        let id = key.get(..CustomerId::LEN).and_then(CustomerId::from_slice);
        id.map(|id| format!("of customer {id}"))
    };
    let named = match table {
        Table::Record => customer(),
        Table::Notice => match Subject::from_key(key) {
            Some(Subject::Chain) => Some("of the chain".to_owned()),
            Some(Subject::Shop(shop)) => Some(format!("of shop {shop}")),
            Some(Subject::Associate(associate)) => Some(format!("of associate {associate}")),
            Some(Subject::Customer(customer)) => Some(format!("of customer {customer}")),
            None => None,
        },
        Table::Term => {
            let id = key.last_chunk::<{ CustomerId::LEN }>();
            id.map(|id| format!("of customer {}", CustomerId(*id)))
        }
        Table::Document
        | Table::Base
        | Table::Change
        | Table::ChangeIndex
        | Table::EditIndex
        | Table::Cache
        | Table::DocumentScope => document(key),
        Table::Meta
        | Table::ScopeDocument
        | Table::Feed
        | Table::ScopeState
        | Table::Outbox
        | Table::OutboxIndex
        | Table::Row
        | Table::Quarantine
        | Table::Tombstone
        | Table::AccessLog
        | Table::Shop
        | Table::Associate
        | Table::Device
        | Table::Enrolment
        | Table::Session
        | Table::Integration
        | Table::ImportIndex
        | Table::Progress
        | Table::Gap
        | Table::Desk => None,
    };
    named.unwrap_or_else(|| to_base32(key))
}
