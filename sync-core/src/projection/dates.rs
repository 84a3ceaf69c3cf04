//! Rows by date: when the earliest promise of a customer is due, and when somebody came in whose visit nobody closed.
//!
//! These are entries of the search index like any other ([`crate::search::terms`]): written where the row is folded, gone with it, checked by
//! an audit and made again by a rebuild. Whoever asks what is due, or who is here, reads those alone and not every row.
//!
//! | tag | token | of |
//! |---|---|---|
//! | `E` | the moment, eight bytes that sort | [`Row::earliest_due`] |
//! | `V` | the moment | [`Row::visit_since`] |
//!
//! # Invariants
//! - Where [`is_complete`] says so, there is an entry for every such moment of every row. A database of an earlier build lacks those of rows
//!   that nobody touched since, until [`complete`] writes them.
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use super::Row;
use crate::ids::{CustomerId, Timestamp};
use crate::search::terms::entry_key;
use crate::store::{Direction, KeyRange, ReadTx, StoreError, Table, WriteTx};

const DUE: u8 = b'E';
const VISIT: u8 = b'V';
/// In [`Table::Progress`]: every row has its entries.
const COMPLETE: &[u8] = b"dates";
/// Rows that [`complete`] reads at a time.
const PAGE_ROWS: usize = 4_096;

/// A tag and a moment.
const TERM_BYTES: usize = 9;

fn term(tag: u8, at: Timestamp) -> [u8; TERM_BYTES] {
    let mut term = [tag; TERM_BYTES];
    let sorted = at.0.cast_unsigned() ^ (1 << 63);
    if let Some(moment) = term.last_chunk_mut() {
        *moment = sorted.to_be_bytes();
    }
    term
}

/// The moments that a row is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dates {
    due: Option<Timestamp>,
    visit: Option<Timestamp>,
}

impl Dates {
    pub(super) fn of(row: &Row) -> Self {
        Self {
            due: row.earliest_due,
            visit: row.visit_since,
        }
    }

    /// Visits the keys of the entries, without the customer.
    pub(super) fn for_each(self, mut visit: impl FnMut(&[u8])) {
        if let Some(due) = self.due {
            visit(&term(DUE, due));
        }
        if let Some(since) = self.visit {
            visit(&term(VISIT, since));
        }
    }
}

/// What is told of each: the moment and the customer.
pub type Visit<'v> = dyn FnMut(Timestamp, CustomerId) -> Result<ControlFlow<()>, StoreError> + 'v;

/// Visits customers whose earliest promise is due before a moment, the earliest first, until the visitor breaks.
///
/// # Errors
/// What the store or the visitor reports.
pub fn due_before(
    tx: &dyn ReadTx,
    before: Timestamp,
    visit: &mut Visit<'_>,
) -> Result<(), StoreError> {
    scan(tx, (&[DUE], &term(DUE, before)), visit)
}

/// Visits customers who came in after a moment and whose visit nobody closed, until the visitor breaks.
///
/// # Errors
/// What the store or the visitor reports.
pub fn came_after(
    tx: &dyn ReadTx,
    after: Timestamp,
    visit: &mut Visit<'_>,
) -> Result<(), StoreError> {
    scan(tx, (&term(VISIT, after.plus_ms(1)), &[VISIT + 1]), visit)
}

fn scan(
    tx: &dyn ReadTx,
    (from, to): (&[u8], &[u8]),
    visit: &mut Visit<'_>,
) -> Result<(), StoreError> {
    let range = KeyRange { from, to: Some(to) };
    tx.scan(
        Table::Term,
        range,
        Direction::Ascending,
        &mut |key, _| match read(key) {
            Some((at, customer)) => visit(at, customer),
            None => Ok(ControlFlow::Continue(())),
        },
    )
}

fn read(key: &[u8]) -> Option<(Timestamp, CustomerId)> {
    let (term, customer) = key.split_last_chunk::<{ CustomerId::LEN }>()?;
    let (_tag, moment) = term.strip_suffix(&[0])?.split_first()?;
    let sorted = u64::from_be_bytes(moment.try_into().ok()?);
    let at = Timestamp((sorted ^ (1 << 63)).cast_signed());
    Some((at, CustomerId(*customer)))
}

/// Whether an index entry is one by date.
pub(crate) fn is_dated(key: &[u8]) -> bool {
    matches!(key.first(), Some(&(DUE | VISIT)))
}

/// Whether every row has its entries.
///
/// # Errors
/// What the store reports.
pub fn is_complete(tx: &dyn ReadTx) -> Result<bool, StoreError> {
    Ok(tx.get(Table::Progress, COMPLETE)?.is_some())
}

/// Writes the entries of every row, once in the life of a database: afterwards each fold keeps them true. Returns whether it did so now.
///
/// # Errors
/// What the store reports.
pub fn complete(tx: &mut dyn WriteTx) -> Result<bool, StoreError> {
    if is_complete(tx.as_read())? {
        return Ok(false);
    }
    let mut after = None;
    loop {
        let (mut rows, mut keys) = (0, Vec::new());
        super::rows(tx.as_read(), after, &mut |row| {
            Dates::of(&row).for_each(|term| keys.push(entry_key(term, row.customer)));
            after = Some(row.customer);
            rows += 1;
            Ok(if rows < PAGE_ROWS {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        for key in &keys {
            tx.put(Table::Term, key, &[])?;
        }
        if rows < PAGE_ROWS {
            tx.put(Table::Progress, COMPLETE, &[])?;
            return Ok(true);
        }
    }
}
