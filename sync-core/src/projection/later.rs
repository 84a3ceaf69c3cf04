//! Rows first, their index entries later: what a first sync stands on.
//!
//! The entries of one customer lie all over the index. Written page by page, a book of any size would read and write most of its index for
//! each page, and a first sync would cost the square of the book. Here rows are written as they come, and the entries of all of them at
//! the end, in the index's own order: each part of it is written once.
//!
//! # Invariants
//! - What waits is noted in [`Table::Progress`], in the transaction of the row, so it survives a cut: [`index_what_waits`] leaves exactly
//!   the entries that [`super::fold`] would have left.
//! - A later fold of the same customer settles what waits for them: entries that are gone never come back.
//! - Memory is bounded by [`limits::INDEX_ENTRIES_SORTED_MAX`] and [`limits::INDEX_ROWS_BYTES_MAX`], whatever the size of the book.

mod sorted;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sorted::Sorted;

use super::Row;
use super::dates::Dates;
use crate::ids::CustomerId;
use crate::limits;
use crate::search::PackedTerms;
use crate::search::terms::{each_posting, entry_key, entry_value, postings};
use crate::store::{self, ReadTx, StoreError, Table, WriteTx, decode_row, encode_row};

/// In [`Table::Progress`]: rows were written that have no entries at all. Scopes, which share the table, begin otherwise.
const NEW_ROWS: &[u8] = b"index";
/// Begins the keys of customers whose row was written over: the value is the row that the index still tells of, empty for none.
const INDEXED: &[u8] = b"indexed/";

fn indexed_key(customer: CustomerId) -> Vec<u8> {
    store::key(&[INDEXED, customer.as_bytes()])
}

/// Writes rows as [`super::fold_all`] does, and leaves their index entries to [`index_what_waits`].
///
/// # Errors
/// [`StoreError`] when storage fails.
pub fn fold_later(tx: &mut dyn WriteTx, rows: &[Row]) -> Result<(), StoreError> {
    let mut is_noted = false;
    for row in rows {
        let bytes = encode_row(row);
        match tx.get(Table::Row, row.customer.as_bytes())? {
            Some(old) if old == bytes => continue,
            Some(old) => {
                let key = indexed_key(row.customer);
                if tx.get(Table::Progress, &key)?.is_none() {
                    tx.put(Table::Progress, &key, &old)?;
                }
            }
            None if is_noted => {}
            None => {
                tx.put(Table::Progress, NEW_ROWS, &[])?;
                is_noted = true;
            }
        }
        tx.put(Table::Row, row.customer.as_bytes(), &bytes)?;
    }
    Ok(())
}

/// Writes rows as [`fold_later`] does, noting each one: [`index_what_waits`] then costs what these rows cost, however large the book is.
///
/// # Errors
/// [`StoreError`] when storage fails.
pub fn fold_noted(tx: &mut dyn WriteTx, rows: &[Row]) -> Result<(), StoreError> {
    for row in rows {
        let bytes = encode_row(row);
        let old = tx.get(Table::Row, row.customer.as_bytes())?;
        if old.as_ref() == Some(&bytes) {
            continue;
        }
        let key = indexed_key(row.customer);
        if tx.get(Table::Progress, &key)?.is_none() {
            tx.put(Table::Progress, &key, &old.unwrap_or_default())?;
        }
        tx.put(Table::Row, row.customer.as_bytes(), &bytes)?;
    }
    Ok(())
}

/// Brings the index up to the rows that [`fold_later`] wrote. Where nothing waits it reads two keys.
///
/// # Errors
/// [`StoreError`] when storage fails or a row does not decode.
pub fn index_what_waits(tx: &mut dyn WriteTx) -> Result<(), StoreError> {
    write_in_order(tx, &changed_entries)?;
    let mut settled = Vec::new();
    store::scan_prefix(tx.as_read(), Table::Progress, INDEXED, &mut |key, _| {
        settled.push(key.to_vec());
        Ok(ControlFlow::Continue(()))
    })?;
    for key in settled {
        tx.delete(Table::Progress, &key)?;
    }
    if tx.get(Table::Progress, NEW_ROWS)?.is_none() {
        return Ok(());
    }
    let mut after = None;
    loop {
        let group = Group::after(tx.as_read(), after)?;
        let Some(last) = group.rows.last() else {
            return tx.delete(Table::Progress, NEW_ROWS);
        };
        after = Some(last.customer);
        write_in_order(tx, &|_, visit| {
            group.entries(visit);
            Ok(())
        })?;
    }
}

/// The row that the index still tells of, when it is not the one that is stored; from now on nothing waits for this customer.
pub(super) fn take_indexed(
    tx: &mut dyn WriteTx,
    customer: CustomerId,
) -> Result<Option<Vec<u8>>, StoreError> {
    let key = indexed_key(customer);
    let row = tx.get(Table::Progress, &key)?;
    if row.is_some() {
        tx.delete(Table::Progress, &key)?;
    }
    Ok(row)
}

/// The index entries of a row, without the customer.
pub(crate) fn entries(row: &Row) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut entries = postings(&row.terms, row.rank);
    Dates::of(row).for_each(|term| {
        entries.insert(term.to_vec(), entry_value(None));
    });
    entries
}

/// The index entries of a stored row, without the customer; none of no row.
pub(super) fn entries_of(row: Option<Vec<u8>>) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, StoreError> {
    let row = row.filter(|row| !row.is_empty());
    let row: Option<Row> = row.map(|row| decode_row(Table::Row, &row)).transpose()?;
    Ok(row.as_ref().map(entries).unwrap_or_default())
}

/// What is done to one entry of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Move {
    /// It is written, with the day that its value tells.
    Put(Option<u16>),
    Delete,
}

/// Takes the key of an entry and what is done to it.
type Visit<'a> = dyn FnMut(&[u8], Move) + 'a;

/// Tells of entries to move, in any order and as often as it is asked.
type Entries<'a> = dyn Fn(&dyn ReadTx, &mut Visit<'_>) -> Result<(), StoreError> + 'a;

/// Moves entries in the order of their keys: as many as memory may hold, then those behind them.
fn write_in_order(tx: &mut dyn WriteTx, entries: &Entries<'_>) -> Result<(), StoreError> {
    let mut from = Vec::new();
    loop {
        let mut sorted = Sorted::new(from, limits::INDEX_ENTRIES_SORTED_MAX);
        entries(tx.as_read(), &mut |key, what| sorted.add(key, what))?;
        let (batch, rest) = sorted.finish();
        for (key, what) in batch.iter() {
            match what {
                Move::Put(day) => tx.put(Table::Term, key, &entry_value(day))?,
                Move::Delete => tx.delete(Table::Term, key)?,
            }
        }
        match rest {
            Some(next) => from = next,
            None => return Ok(()),
        }
    }
}

/// What many rows are found by, read once: rows lie in the order in which they came, and to visit them by customer is to look for each.
struct Group {
    rows: Vec<Found>,
}

/// What one row is found by.
struct Found {
    customer: CustomerId,
    rank: u32,
    dates: Dates,
    terms: PackedTerms,
}

impl Group {
    /// The rows after a customer, up to what memory may hold.
    fn after(tx: &dyn ReadTx, after: Option<CustomerId>) -> Result<Self, StoreError> {
        let mut rows = Vec::new();
        let mut bytes = 0;
        super::rows(tx, after, &mut |row| {
            bytes += size_of::<Found>() + row.terms.len();
            rows.push(Found {
                customer: row.customer,
                rank: row.rank,
                dates: Dates::of(&row),
                terms: row.terms,
            });
            Ok(if bytes < limits::INDEX_ROWS_BYTES_MAX {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        Ok(Self { rows })
    }

    fn entries(&self, visit: &mut Visit<'_>) {
        let mut key = Vec::new();
        for row in &self.rows {
            let mut found = |term: &[u8], day| {
                key.clear();
                key.extend_from_slice(term);
                key.push(0);
                key.extend_from_slice(row.customer.as_bytes());
                visit(&key, Move::Put(day));
            };
            each_posting(&row.terms, row.rank, &mut found);
            row.dates.for_each(|term| found(term, None));
        }
    }
}

/// The entries by which the index differs from rows that were written over.
fn changed_entries(tx: &dyn ReadTx, visit: &mut Visit<'_>) -> Result<(), StoreError> {
    store::scan_prefix(tx, Table::Progress, INDEXED, &mut |key, indexed| {
        let customer = key.get(INDEXED.len()..).and_then(CustomerId::from_slice);
        let customer = customer.ok_or_else(|| StoreError::Corrupt {
            table: Table::Progress.name(),
            detail: "what waits for the index names no customer".to_owned(),
        })?;
        let before = entries_of(Some(indexed.to_vec()))?;
        let after = entries_of(tx.get(Table::Row, customer.as_bytes())?)?;
        for term in before.keys().filter(|term| !after.contains_key(*term)) {
            visit(&entry_key(term, customer), Move::Delete);
        }
        for (term, value) in after {
            if before.get(&term) != Some(&value) {
                let day = value.try_into().ok().map(u16::from_be_bytes);
                visit(&entry_key(&term, customer), Move::Put(day));
            }
        }
        Ok(ControlFlow::Continue(()))
    })
}
