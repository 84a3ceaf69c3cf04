//! What may fall due, stored for each customer of a handheld's book, so that the today list reads one small row for each and opens no card.
//!
//! # Keys
//! In [`Table::Gap`]: `0xE2` and the customer for the row; `0xE5` and the customer for a row that is to be made again; `0xE6` for how far
//! the pass over the whole book has come; `0xE7` for how many rows went with their customers.
//!
//! # Invariants
//! - A row is derived: it is forgotten and marked whenever something of the customer changes ([`crate::replica::Replica::refold`], a page of a
//!   first sync, a notice about them or about the stock of what they wish for), and goes with the read row ([`crate::projection::unfold`]).
//! - A pass over the book makes every row: the first after a first sync, then one every [`FRESH_MS`] and whenever the playbook changes.
//!   Between passes only what is marked is made, so that asking costs nothing where nothing changed.
//! - A row holds what opens within [`AHEAD_MS`], which is more than two passes apart, so that nothing opens unseen.
//! - The words of a promise are in its row until something of the card changes, when the row goes with the same transaction.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use minicbor::{Decode, Encode};

use super::{CustomerDue, DueItem, wishes};
use crate::ids::{AssociateId, CustomerId, Timestamp};
use crate::projection;
use crate::store::{
    Direction, KeyRange, ReadTx, StoreError, Table, WriteTx, decode_row, get_row, key, put_row,
    scan_prefix,
};

/// Milliseconds ahead that a row holds what opens.
pub const AHEAD_MS: i64 = 31 * Timestamp::DAY_MS;
/// Milliseconds after which the next pass begins. A row made late in one pass and early in none is made twice that apart at most.
pub const FRESH_MS: i64 = 14 * Timestamp::DAY_MS;
/// What rows hold: 1 since they hold words and wishes, 2 since they hold guests who are not heard. A pass that made less begins again.
const FORM: u32 = 2;
/// On the hub the table holds the gap, whose keys begin otherwise.
const PREFIX: &[u8] = &[0xE2];
const MARKED: &[u8] = &[0xE5];
const PASS: &[u8] = &[0xE6];
const REMOVALS: &[u8] = &[0xE7];

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
    #[n(4)]
    wishes: Option<Vec<String>>,
}

impl DueRow {
    fn of(self, customer: CustomerId) -> Option<CustomerDue> {
        (!self.items.is_empty()).then_some(CustomerDue {
            customer,
            owner: self.owner,
            delivery_bp: self.delivery_bp,
            wishes: self.wishes.unwrap_or_default(),
            items: self.items,
        })
    }
}

/// A pass over the customers of the book in the order of their ids. Encoded as a CBOR array.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Pass {
    #[n(0)]
    begun_at: Timestamp,
    /// The last customer whom it has come by.
    #[n(1)]
    after: Option<CustomerId>,
    #[n(2)]
    is_through: bool,
    /// By which rules the rows were made: see [`FORM`].
    #[n(3)]
    form: Option<u32>,
}

impl Pass {
    /// The pass under way, or the one that is to begin now.
    fn at(tx: &dyn ReadTx, now: Timestamp) -> Result<Self, StoreError> {
        let stored: Option<Self> = get_row(tx, Table::Gap, PASS)?;
        // A clock that was put back does not hold the next pass up.
        let is_fresh = |pass: &Self| {
            let age = now.0.saturating_sub(pass.begun_at.0).abs();
            age < FRESH_MS && pass.form == Some(FORM)
        };
        Ok(stored.filter(is_fresh).unwrap_or(Self {
            begun_at: now,
            after: None,
            is_through: false,
            form: Some(FORM),
        }))
    }
}

/// Whose rows are to be made, and how far the pass is once they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Who: those of whom something changed first, then whom the pass comes to.
    pub customers: Vec<CustomerId>,
    pass: Pass,
}

impl Missing {
    /// Keeps how far the pass is, in the transaction that stored the rows.
    ///
    /// # Errors
    /// What the store reports.
    pub fn keep(&self, tx: &mut dyn WriteTx) -> Result<(), StoreError> {
        put_row(tx, Table::Gap, PASS, &self.pass)
    }
}

fn due_key(customer: CustomerId) -> Vec<u8> {
    key(&[PREFIX, customer.as_bytes()])
}

fn mark_key(customer: CustomerId) -> Vec<u8> {
    key(&[MARKED, customer.as_bytes()])
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
        wishes: (!due.wishes.is_empty()).then(|| due.wishes.clone()),
    };
    wishes::replace(tx, due.customer, &due.wishes)?;
    put_row(tx, Table::Gap, &due_key(due.customer), &row)?;
    tx.delete(Table::Gap, &mark_key(due.customer))
}

/// Forgets rows that are to be made again.
///
/// # Errors
/// What the store reports.
pub fn forget<'c>(
    tx: &mut dyn WriteTx,
    customers: impl IntoIterator<Item = &'c CustomerId>,
) -> Result<(), StoreError> {
    // Before the first pass, which is when a first sync brings everybody, there is nothing to forget, and the pass will come by.
    if tx.get(Table::Gap, PASS)?.is_none() {
        return Ok(());
    }
    for customer in customers {
        tx.delete(Table::Gap, &due_key(*customer))?;
        tx.put(Table::Gap, &mark_key(*customer), &[])?;
    }
    Ok(())
}

/// Forgets the rows of a person: of the card and of those that are linked to it, because each tells of the whole person.
/// `more` are links that no stored row tells of yet.
///
/// # Errors
/// What the store reports.
pub fn forget_person(
    tx: &mut dyn WriteTx,
    card: CustomerId,
    more: &[CustomerId],
) -> Result<(), StoreError> {
    if tx.get(Table::Gap, PASS)?.is_none() {
        return Ok(());
    }
    let mut person = BTreeSet::from([card]);
    for one in more.iter().chain([&card]) {
        person.extend(projection::linked(tx.as_read(), *one)?);
    }
    person.extend(more);
    forget(tx, &person)
}

/// Forgets the rows of the customers who wait for an article.
///
/// # Errors
/// What the store reports.
pub fn forget_waiting(tx: &mut dyn WriteTx, sku: &str) -> Result<(), StoreError> {
    let waiting = wishes::waiting(tx.as_read(), sku)?;
    forget(tx, &waiting)
}

/// Removes a customer's row: the customer is gone.
///
/// # Errors
/// What the store reports.
pub fn remove(tx: &mut dyn WriteTx, customer: CustomerId) -> Result<(), StoreError> {
    wishes::replace(tx, customer, &[])?;
    let keys = [mark_key(customer), due_key(customer)];
    let mut was_there = false;
    for key in &keys {
        was_there |= tx.get(Table::Gap, key)?.is_some();
        tx.delete(Table::Gap, key)?;
    }
    if was_there {
        let removals = removals(tx.as_read())? + 1;
        put_row(tx, Table::Gap, REMOVALS, &removals)?;
    }
    Ok(())
}

/// How many rows went with their customers: whoever keeps the rows in memory sees by it that one did.
///
/// # Errors
/// What the store reports.
pub fn removals(tx: &dyn ReadTx) -> Result<u64, StoreError> {
    Ok(get_row(tx, Table::Gap, REMOVALS)?.unwrap_or(0))
}

/// A customer's row, where it is made and holds items.
///
/// # Errors
/// What the store reports.
pub fn get(tx: &dyn ReadTx, customer: CustomerId) -> Result<Option<CustomerDue>, StoreError> {
    let row: Option<DueRow> = get_row(tx, Table::Gap, &due_key(customer))?;
    Ok(row.and_then(|row| row.of(customer)))
}

/// Begins the pass anew: what every row is made by has changed. Until it comes by, the rows stay as they are.
///
/// # Errors
/// What the store reports.
pub fn begin_again(tx: &mut dyn WriteTx) -> Result<(), StoreError> {
    if let Some(pass) = get_row::<Pass>(tx.as_read(), Table::Gap, PASS)? {
        let pass = Pass {
            after: None,
            is_through: false,
            ..pass
        };
        put_row(tx, Table::Gap, PASS, &pass)?;
    }
    Ok(())
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
            row.of(customer).into_iter().for_each(&mut *visit);
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Whether every row is made: two small reads, whatever the size of the book.
///
/// # Errors
/// What the store reports.
pub fn is_complete(tx: &dyn ReadTx, now: Timestamp) -> Result<bool, StoreError> {
    Ok(Pass::at(tx, now)?.is_through && marked(tx, 1)?.is_empty())
}

/// Customers whose row is to be made, at most `limit`: fewer only when they are all that is left.
///
/// Whoever drives the book makes them in batches while it is idle; after a first sync that is everybody.
///
/// # Errors
/// What the store reports.
pub fn missing(tx: &dyn ReadTx, limit: usize, now: Timestamp) -> Result<Missing, StoreError> {
    let mut customers = marked(tx, limit)?;
    let mut pass = Pass::at(tx, now)?;
    if !pass.is_through && customers.len() < limit {
        let seen: BTreeSet<CustomerId> = customers.iter().copied().collect();
        let mut from = pass
            .after
            .map_or_else(Vec::new, |one| one.as_bytes().to_vec());
        from.extend(pass.after.map(|_| 0));
        let range = KeyRange {
            from: &from,
            to: None,
        };
        pass.is_through = true;
        tx.scan(Table::Row, range, Direction::Ascending, &mut |key, _| {
            if customers.len() >= limit {
                pass.is_through = false;
                return Ok(ControlFlow::Break(()));
            }
            if let Some(customer) = CustomerId::from_slice(key) {
                pass.after = Some(customer);
                customers.extend((!seen.contains(&customer)).then_some(customer));
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(Missing { customers, pass })
}

/// Customers of whom something changed since their row was made, in the order of their ids.
fn marked(tx: &dyn ReadTx, limit: usize) -> Result<Vec<CustomerId>, StoreError> {
    let mut found = Vec::new();
    scan_prefix(tx, Table::Gap, MARKED, &mut |key, _| {
        found.extend(key.get(MARKED.len()..).and_then(CustomerId::from_slice));
        Ok(if found.len() < limit {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    Ok(found)
}
