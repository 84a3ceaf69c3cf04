//! What may fall due, stored for each customer of a handheld's book, so that the today list reads one small row for each and opens no card.
//!
//! # Keys
//! In [`Table::Gap`]: `0xE2` and the customer.
//!
//! # Invariants
//! - A row is derived: it is forgotten whenever something of the customer changes, with the read row ([`crate::projection::unfold`],
//!   [`crate::replica::Replica::refold`]), and made again by whoever has the customer at hand or by the next [`missing`] pass.
//! - A row holds what opens within [`AHEAD_MS`] and is made again after [`FRESH_MS`], so that nothing opens unseen.
//! - No row holds a word that somebody wrote: ids, times and numbers alone.

use std::ops::ControlFlow;

use minicbor::{Decode, Encode};

use super::{CustomerDue, DueItem};
use crate::ids::{AssociateId, CustomerId, Timestamp};
use crate::store::{
    Direction, KeyRange, ReadTx, StoreError, Table, WriteTx, decode_row, get_row, key, put_row,
    scan_prefix,
};

/// Milliseconds ahead that a row holds what opens.
pub const AHEAD_MS: i64 = 31 * Timestamp::DAY_MS;
/// Milliseconds after which a row is made again.
pub const FRESH_MS: i64 = 14 * Timestamp::DAY_MS;
/// On the hub the table holds the gap, whose keys begin otherwise.
const PREFIX: &[u8] = &[0xE2];

/// A row. Encoded as a CBOR array; frozen since database schema 2.
#[derive(Debug, Encode, Decode)]
#[cbor(array)]
struct DueRow {
    #[n(0)]
    made_at: Timestamp,
    #[n(1)]
    owner: Option<AssociateId>,
    #[n(2)]
    delivery_bp: Option<u32>,
    #[n(3)]
    items: Vec<DueItem>,
}

fn due_key(customer: CustomerId) -> Vec<u8> {
    key(&[PREFIX, customer.as_bytes()])
}

/// Stores what may fall due for a customer; a row without items says that it was looked for.
///
/// # Errors
/// What the store reports.
pub fn put(tx: &mut dyn WriteTx, due: &CustomerDue, now: Timestamp) -> Result<(), StoreError> {
    let horizon = now.plus_ms(AHEAD_MS);
    let items = due.items.iter().filter(|item| item.opens <= horizon);
    let row = DueRow {
        made_at: now,
        owner: due.owner,
        delivery_bp: due.delivery_bp,
        items: items.cloned().collect(),
    };
    put_row(tx, Table::Gap, &due_key(due.customer), &row)
}

/// Forgets a customer's row: it is to be made again, or the customer is gone.
///
/// # Errors
/// What the store reports.
pub fn forget(tx: &mut dyn WriteTx, customer: CustomerId) -> Result<(), StoreError> {
    tx.delete(Table::Gap, &due_key(customer))
}

/// Visits every row that holds items, in the order of customers.
///
/// # Errors
/// What the store reports.
pub fn for_each(tx: &dyn ReadTx, visit: &mut dyn FnMut(CustomerDue)) -> Result<(), StoreError> {
    scan_prefix(tx, Table::Gap, PREFIX, &mut |key, value| {
        let customer = key.get(PREFIX.len()..).and_then(CustomerId::from_slice);
        if let Some(customer) = customer {
            let row: DueRow = decode_row(Table::Gap, value)?;
            if !row.items.is_empty() {
                visit(CustomerDue {
                    customer,
                    owner: row.owner,
                    delivery_bp: row.delivery_bp,
                    items: row.items,
                });
            }
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Customers of the book, after `after`, whose row is missing or too old: at most `limit`, in the order of their ids.
///
/// Whoever drives the book makes them in batches while it is idle; after a first sync that is everybody.
///
/// # Errors
/// What the store reports.
pub fn missing(
    tx: &dyn ReadTx,
    (after, limit): (Option<CustomerId>, usize),
    now: Timestamp,
) -> Result<Vec<CustomerId>, StoreError> {
    let mut from = after.map_or_else(Vec::new, |after| after.as_bytes().to_vec());
    if after.is_some() {
        from.push(0);
    }
    let range = KeyRange {
        from: &from,
        to: None,
    };
    let mut found = Vec::new();
    tx.scan(Table::Row, range, Direction::Ascending, &mut |key, _| {
        if found.len() >= limit {
            return Ok(ControlFlow::Break(()));
        }
        if let Some(customer) = CustomerId::from_slice(key) {
            let row: Option<DueRow> = get_row(tx, Table::Gap, &due_key(customer))?;
            let is_fresh = row.is_some_and(|row| now.0.saturating_sub(row.made_at.0) < FRESH_MS);
            found.extend((!is_fresh).then_some(customer));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}
