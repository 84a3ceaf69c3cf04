//! The today list of a handheld, kept in memory and in order while the app runs: after an edit one row is read again, not the whole book's.
//!
//! # Invariants
//! - The list is the one that the stored rows make from nothing. What changes a row here is making it ([`Book::make_due`]), which is noted,
//!   and a customer who goes, which the store counts ([`due::removals`]). A row that was forgotten counts until it is made again.

use std::collections::BTreeSet;

use super::{Book, BookError};
use crate::concierge::today::{Shift, Today, TodayList, due};
use crate::ids::{CustomerId, Timestamp};
use crate::limits;
use crate::store::{ReadTx, StoreError};

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Everybody for whom something may fall due.
    list: TodayList,
    /// Whose row was made since.
    made: BTreeSet<CustomerId>,
    /// How many customers had gone when the rows were read; none while they are not.
    removals: Option<u64>,
}

impl Kept {
    /// Notes that a row was made; whether that became durable is seen when it is read.
    pub(super) fn note(&mut self, customer: CustomerId) {
        if self.removals.is_some() {
            self.made.insert(customer);
        }
    }

    /// Brings the rows up to what is stored.
    fn catch_up(&mut self, tx: &dyn ReadTx) -> Result<(), StoreError> {
        let removals = due::removals(tx)?;
        if self.removals != Some(removals) {
            let mut rows = Vec::new();
            due::for_each(tx, &mut |row| rows.push(row))?;
            *self = Self {
                list: rows.into_iter().collect(),
                made: BTreeSet::new(),
                removals: Some(removals),
            };
        }
        for customer in std::mem::take(&mut self.made) {
            match due::get(tx, customer)? {
                Some(row) => self.list.set(row),
                None => self.list.remove(customer),
            }
        }
        Ok(())
    }
}

impl Book {
    /// What is owed today as far as the stored rows tell, with [`limits::NOT_TODAY_SHOWN`] lines at most of what does not fit.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn today(
        &mut self,
        tx: &dyn ReadTx,
        shift: &Shift,
        now: Timestamp,
    ) -> Result<Today, BookError> {
        self.author(now)?;
        self.kept.catch_up(tx)?;
        Ok(self.kept.list.plan(shift, limits::NOT_TODAY_SHOWN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::concierge::today::{CustomerDue, DueItem, DueKind};
    use crate::entropy::SeededEntropy;
    use crate::projection::{self, Row, RowFacts};
    use crate::store::memory::MemoryStore;
    use crate::store::{Store, WriteTx};

    const NOW: Timestamp = Timestamp(1_767_225_600_000);

    fn listed(kept: &Kept) -> Vec<CustomerDue> {
        kept.list.rows().cloned().collect()
    }

    fn put(tx: &mut dyn WriteTx, customer: CustomerId, items: u64) {
        let item = |number: u64| DueItem {
            id: number.to_string(),
            kind: DueKind::Promise,
            item: String::new(),
            about: String::new(),
            weight: 3,
            minutes: 5,
            opens: NOW,
            closes: NOW,
            lapses: None,
            assignees: Vec::new(),
            words: None,
        };
        let row = CustomerDue {
            customer,
            owner: None,
            delivery_bp: None,
            wishes: Vec::new(),
            items: (0..items).map(item).collect(),
        };
        due::put(tx, &row, NOW).unwrap();
    }

    #[test]
    fn what_is_kept_is_what_would_be_read_from_nothing() {
        for seed in 0..20 {
            let mut random = SeededEntropy::new(seed);
            let store = MemoryStore::default();
            let mut kept = Kept::default();
            for _ in 0..60 {
                let mut tx = store.write().unwrap();
                let customer = CustomerId([u8::try_from(random.below(12)).unwrap(); 16]);
                match random.below(6) {
                    0 => {
                        // As where nothing of the customer is left to display.
                        due::forget(&mut *tx, [&customer]).unwrap();
                        projection::unfold(&mut *tx, customer).unwrap();
                    }
                    1 => due::begin_again(&mut *tx).unwrap(),
                    _ => {
                        projection::fold(&mut *tx, &Row::new(customer, &RowFacts::default()))
                            .unwrap();
                        due::forget(&mut *tx, [&customer]).unwrap();
                    }
                }
                let missing = due::missing(tx.as_read(), 99, NOW).unwrap();
                for customer in &missing.customers {
                    put(&mut *tx, *customer, random.below(3));
                    kept.note(*customer);
                }
                missing.keep(&mut *tx).unwrap();
                // What does not become durable counts for nothing.
                if random.percent(80) {
                    tx.commit().unwrap();
                } else {
                    drop(tx);
                }
                let tx = store.read().unwrap();
                kept.catch_up(&*tx).unwrap();
                let mut stored = Vec::new();
                due::for_each(&*tx, &mut |row| stored.push(row)).unwrap();
                assert_eq!(listed(&kept), stored, "seed {seed}");
            }
        }
    }
}
