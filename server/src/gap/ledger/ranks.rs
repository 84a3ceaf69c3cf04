//! Who is among the best: the index of ranks, the line in it, and the sums over whoever is not behind the line.
//!
//! # Invariants
//! - The best are exactly those whose key in the index is not after the line.
//! - The index holds every active customer up to a bound, and nobody after it; the line is not after the bound.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};
use sync_core::concierge::gap::tally::TallyRow;
use sync_core::concierge::gap::{Best, Contribution, Settings};
use sync_core::concierge::playbook::Playbook;
use sync_core::ids::CustomerId;
use sync_core::store::{
    Direction, KeyRange, ReadTx, StoreError, Table, WriteTx, get_row, key, prefix_end, put_row,
};

use super::{BEST, Moves, RANK, customer_of, row, rows, until};

/// For each of the best so many customers are in the index, when it is cut; twice as many before it is.
const IN_INDEX_FOR_EACH: u64 = 4;
/// And so many at least: in a small chain everybody is. Few in tests, so that they see it cut and filled.
const IN_INDEX_MIN: u64 = if cfg!(test) { 8 } else { 1_000 };

/// As it is stored. Encoded as a CBOR array.
#[derive(Debug, Default, Encode, Decode)]
#[cbor(array)]
struct Stored {
    #[n(0)]
    sums: TallyRow,
    #[cbor(n(1), with = "minicbor::bytes")]
    line: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    bound: Vec<u8>,
    #[n(3)]
    in_index: u64,
}

/// The best, in memory while a transaction works on them.
#[derive(Debug, Default)]
pub(super) struct Ranks {
    best: Best,
    /// The last key that is among the best; empty where nobody is.
    line: Vec<u8>,
    /// The last key that the index would hold; empty where it holds everybody.
    bound: Vec<u8>,
    /// How many keys the index holds.
    in_index: u64,
}

fn rank_key(row: &Contribution, customer: CustomerId, settings: &Settings) -> Option<Vec<u8>> {
    let rank = row.is_active.then(|| row.rank(customer, &settings.order))?;
    Some(key(&[RANK, &rank]))
}

/// What the customer of a rank adds.
fn ranked(tx: &dyn ReadTx, key: &[u8]) -> Result<Contribution, StoreError> {
    let row = customer_of(key).map(|customer| row(tx, customer));
    row.transpose()?
        .flatten()
        .ok_or_else(|| StoreError::Corrupt {
            table: Table::Gap.name(),
            detail: "a rank of somebody who is not counted".to_owned(),
        })
}

impl Ranks {
    pub(super) fn load(tx: &dyn ReadTx) -> Result<Self, StoreError> {
        let stored: Stored = get_row(tx, Table::Gap, BEST)?.unwrap_or_default();
        Ok(Self {
            best: stored.sums.best(),
            line: stored.line,
            bound: stored.bound,
            in_index: stored.in_index,
        })
    }

    pub(super) fn save(&self, tx: &mut dyn WriteTx) -> Result<(), StoreError> {
        let stored = Stored {
            sums: self.best.to_row(),
            line: self.line.clone(),
            bound: self.bound.clone(),
            in_index: self.in_index,
        };
        put_row(tx, Table::Gap, BEST, &stored)
    }

    /// The sums over them.
    pub(super) fn best(&self) -> &Best {
        &self.best
    }

    /// Replaces a customer's row by another.
    pub(super) fn put(
        &mut self,
        moves: &mut Moves,
        (playbook, settings): (&Playbook, &Settings),
        customer: CustomerId,
        (old, new): (Option<&Contribution>, Option<&Contribution>),
    ) {
        let rank = |row: &Contribution| rank_key(row, customer, settings);
        let ranks = (old.and_then(rank), new.and_then(rank));
        if let Some(old) = old.filter(|_| self.is_best(ranks.0.as_deref())) {
            self.best.take(old, playbook, settings);
        }
        if let Some(new) = new.filter(|_| self.is_best(ranks.1.as_deref())) {
            self.best.add(new, playbook, settings);
        }
        if ranks.0 == ranks.1 {
            return;
        }
        if let Some(old) = ranks.0.filter(|rank| self.is_in_index(rank)) {
            moves.insert(old, false);
            self.in_index -= 1;
        }
        if let Some(new) = ranks.1.filter(|rank| self.is_in_index(rank)) {
            moves.insert(new, true);
            self.in_index += 1;
        }
    }

    fn is_best(&self, rank: Option<&[u8]>) -> bool {
        rank.is_some_and(|rank| rank <= self.line.as_slice())
    }

    fn is_in_index(&self, rank: &[u8]) -> bool {
        self.bound.is_empty() || rank <= self.bound.as_slice()
    }

    /// Takes so many among the best as there are to be of so many active customers, and keeps the index as large as that needs.
    pub(super) fn settle(
        &mut self,
        tx: &mut dyn WriteTx,
        by: (&Playbook, &Settings),
        active: u64,
    ) -> Result<(), StoreError> {
        let many = by.1.best_of(active).unwrap_or_default();
        let wanted = many.saturating_mul(IN_INDEX_FOR_EACH).max(IN_INDEX_MIN);
        if self.in_index < many && !self.bound.is_empty() {
            self.fill(tx, by.1, wanted)?;
        }
        self.draw(tx.as_read(), by, many)?;
        if self.in_index > wanted.saturating_mul(2) {
            self.cut(tx, self.in_index - wanted)?;
        }
        Ok(())
    }

    /// Draws the line after so many.
    fn draw(
        &mut self,
        tx: &dyn ReadTx,
        (playbook, settings): (&Playbook, &Settings),
        many: u64,
    ) -> Result<(), StoreError> {
        let are = self.best.sums.customers;
        if many > are {
            let end = prefix_end(RANK);
            let range = KeyRange {
                from: &self.after_the_line(),
                to: end.as_deref(),
            };
            for key in keys(tx, range, Direction::Ascending, many - are)? {
                self.best.add(&ranked(tx, &key)?, playbook, settings);
                self.line = key;
            }
        }
        if are > many {
            let spare = are - many;
            let range = KeyRange {
                from: RANK,
                to: Some(&self.after_the_line()),
            };
            let mut keys = keys(tx, range, Direction::Descending, spare + 1)?;
            self.line = pop_after(&mut keys, spare);
            for key in &keys {
                self.best.take(&ranked(tx, key)?, playbook, settings);
            }
        }
        Ok(())
    }

    fn after_the_line(&self) -> Vec<u8> {
        match self.line.as_slice() {
            [] => RANK.to_vec(),
            line => key(&[line, &[0]]),
        }
    }

    /// Removes the last of the index.
    fn cut(&mut self, tx: &mut dyn WriteTx, spare: u64) -> Result<(), StoreError> {
        let end = prefix_end(RANK);
        let range = KeyRange {
            from: RANK,
            to: end.as_deref(),
        };
        let mut keys = keys(tx.as_read(), range, Direction::Descending, spare + 1)?;
        self.bound = pop_after(&mut keys, spare);
        self.in_index -= spare;
        for key in &keys {
            tx.delete(Table::Gap, key)?;
        }
        Ok(())
    }

    /// Fills the index again from everybody's row: those in it were not enough, because many of the best have left.
    fn fill(
        &mut self,
        tx: &mut dyn WriteTx,
        settings: &Settings,
        wanted: u64,
    ) -> Result<(), StoreError> {
        let mut first: BTreeSet<Vec<u8>> = BTreeSet::new();
        let mut is_everybody = true;
        rows(tx.as_read(), &mut |customer, row| {
            first.extend(rank_key(&row, customer, settings));
            if u64::try_from(first.len()).is_ok_and(|many| many > wanted) {
                first.pop_last();
                is_everybody = false;
            }
        })?;
        let last = first.last().filter(|_| !is_everybody);
        self.bound = last.cloned().unwrap_or_default();
        self.in_index = u64::try_from(first.len()).unwrap_or(u64::MAX);
        for key in &first {
            tx.put(Table::Gap, key, &[])?;
        }
        Ok(())
    }
}

/// The first keys of a range, in a direction.
fn keys(
    tx: &dyn ReadTx,
    range: KeyRange<'_>,
    direction: Direction,
    enough: u64,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut found = Vec::new();
    tx.scan(Table::Gap, range, direction, &mut |key, _| {
        found.push(key.to_vec());
        Ok(until(found.len(), enough))
    })?;
    Ok(found)
}

/// Takes the key that follows after so many off the end; empty where none does.
fn pop_after(keys: &mut Vec<Vec<u8>>, many: u64) -> Vec<u8> {
    let is_next = u64::try_from(keys.len()).is_ok_and(|found| found > many);
    let next = if is_next { keys.pop() } else { None };
    next.unwrap_or_default()
}
