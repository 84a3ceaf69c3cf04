//! Who follows what changes on the hub: a durable list of touched customers, and how far each follower has read it.
//!
//! Rooms that work after a commit (the desk answers what was asked for, the gap counts, the index of duplicates is kept current) read
//! what was touched since they last looked, do their work in a transaction of their own and say in the same one how far they are.
//! So nothing is missed over a restart and nothing is done for customers who did not change.
//!
//! # Invariants
//! - A customer is on the list in the transaction that touched them.
//! - What every follower has read is removed; a follower that falls further behind than [`TOUCHED_ROWS_MAX`] is told to look at everybody.
//!
//! # Keys of [`Table::Desk`]
//! `t` and a number: customers of one commit, and who of them asks for something. `f` and a name: the number up to which that follower has read.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use minicbor::{Decode, Encode};

use crate::ids::CustomerId;
use crate::store::{
    self, Direction, KeyRange, ReadTx, StoreError, Table, WriteTx, get_row, put_row,
};

/// Commits that a follower may be behind before it has to look at everybody: some days of a large shop.
pub const TOUCHED_ROWS_MAX: u64 = 100_000;

const TOUCHED: &[u8] = b"t";
const AFTER_TOUCHED: &[u8] = b"u";
const FOLLOWER: &[u8] = b"f";

/// Somebody who follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follower {
    /// Answers what was asked for.
    Desk,
    /// Counts the gap to the 1 %.
    Gap,
    /// Keeps the index that warns of duplicates.
    Endpoints,
}

impl Follower {
    /// Everybody who follows.
    pub const ALL: [Self; 3] = [Self::Desk, Self::Gap, Self::Endpoints];

    fn key(self) -> Vec<u8> {
        let name: &[u8] = match self {
            Self::Desk => b"desk",
            Self::Gap => b"gap",
            Self::Endpoints => b"endpoints",
        };
        store::key(&[FOLLOWER, name])
    }
}

/// Customers of one commit. Encoded as a CBOR array.
#[derive(Debug, Encode, Decode)]
#[cbor(array)]
struct Commit {
    /// Whom it touched.
    #[n(0)]
    touched: Vec<CustomerId>,
    /// Those of them whose card asks the hub for something, or speaks of other cards.
    #[n(1)]
    asking: Vec<CustomerId>,
}

impl Commit {
    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        if let Ok(commit) = minicbor::decode(bytes) {
            return Ok(commit);
        }
        // Earlier builds wrote whom it touched and nothing else: any of them may ask.
        let touched: Vec<CustomerId> = store::decode_row(Table::Desk, bytes)?;
        Ok(Self {
            asking: touched.clone(),
            touched,
        })
    }
}

/// What was touched since a follower last looked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// Who; empty and not [`Self::is_everybody`] means nothing is new.
    pub customers: BTreeSet<CustomerId>,
    /// Those of them whose card asks the hub for something, or speaks of other cards: nobody else's has to be opened to know.
    pub asking: BTreeSet<CustomerId>,
    /// Whether the follower is too far behind, or new: it has to look at everybody.
    pub is_everybody: bool,
    /// How far this goes; to be given to [`advance`].
    pub upto: u64,
}

fn touched_key(number: u64) -> Vec<u8> {
    store::key(&[TOUCHED, &number.to_be_bytes()])
}

fn number_of(key: &[u8]) -> Option<u64> {
    let number = key.strip_prefix(TOUCHED)?;
    Some(u64::from_be_bytes(number.try_into().ok()?))
}

/// The first or last number of the list; 0 when it is empty.
fn edge(tx: &dyn ReadTx, direction: Direction) -> Result<u64, StoreError> {
    let mut found = 0;
    let range = KeyRange {
        from: TOUCHED,
        to: Some(AFTER_TOUCHED),
    };
    tx.scan(Table::Desk, range, direction, &mut |key, _| {
        found = number_of(key).unwrap_or_default();
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// The number under which the last commit is listed, also when its row was removed.
fn last(tx: &dyn ReadTx) -> Result<u64, StoreError> {
    let mut last = edge(tx, Direction::Descending)?;
    for follower in Follower::ALL {
        let at: Option<u64> = get_row(tx, Table::Desk, &follower.key())?;
        last = last.max(at.unwrap_or_default());
    }
    Ok(last)
}

/// Lists customers whom this commit touches, and those of them whose card asks for something.
///
/// # Errors
/// What the store reports.
pub(super) fn list(
    tx: &mut dyn WriteTx,
    customers: &BTreeSet<CustomerId>,
    asking: &BTreeSet<CustomerId>,
) -> Result<(), StoreError> {
    if customers.is_empty() {
        return Ok(());
    }
    let number = last(tx.as_read())? + 1;
    let commit = Commit {
        touched: customers.iter().copied().collect(),
        asking: asking.iter().copied().collect(),
    };
    put_row(tx, Table::Desk, &touched_key(number), &commit)?;
    if let Some(too_old) = number.checked_sub(TOUCHED_ROWS_MAX) {
        tx.delete(Table::Desk, &touched_key(too_old))?;
    }
    Ok(())
}

/// What was touched since `follower` last looked, whole commits, until there are `enough` customers.
///
/// # Errors
/// What the store reports.
pub fn touched(tx: &dyn ReadTx, follower: Follower, enough: usize) -> Result<Touched, StoreError> {
    let read: Option<u64> = get_row(tx, Table::Desk, &follower.key())?;
    let first = edge(tx, Direction::Ascending)?;
    let behind = |read: u64| first > read + 1;
    let Some(read) = read.filter(|read| !behind(*read)) else {
        return Ok(Touched {
            is_everybody: true,
            upto: last(tx)?,
            ..Touched::default()
        });
    };
    let mut found = Touched {
        upto: read,
        ..Touched::default()
    };
    let range = KeyRange {
        from: &touched_key(read + 1),
        to: Some(AFTER_TOUCHED),
    };
    tx.scan(
        Table::Desk,
        range,
        Direction::Ascending,
        &mut |key, value| {
            let commit = Commit::decode(value)?;
            found.customers.extend(commit.touched);
            found.asking.extend(commit.asking);
            found.upto = number_of(key).unwrap_or(found.upto);
            Ok(if found.customers.len() >= enough {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        },
    )?;
    Ok(found)
}

/// Says how far `follower` is; what everybody has read is removed.
///
/// # Errors
/// What the store reports.
pub fn advance(tx: &mut dyn WriteTx, follower: Follower, upto: u64) -> Result<(), StoreError> {
    put_row(tx, Table::Desk, &follower.key(), &upto)?;
    let mut all = upto;
    for other in Follower::ALL {
        let at: Option<u64> = get_row(tx.as_read(), Table::Desk, &other.key())?;
        all = all.min(at.unwrap_or_default());
    }
    let mut read = Vec::new();
    let range = KeyRange {
        from: TOUCHED,
        to: Some(&touched_key(all + 1)),
    };
    tx.as_read()
        .scan(Table::Desk, range, Direction::Ascending, &mut |key, _| {
            read.push(key.to_vec());
            Ok(ControlFlow::Continue(()))
        })?;
    for key in read {
        tx.delete(Table::Desk, &key)?;
    }
    Ok(())
}
