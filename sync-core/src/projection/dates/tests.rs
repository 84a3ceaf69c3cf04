//! Claims about rows by date: whatever was folded and unfolded, the entries tell what a look at every row tells.

use proptest::prelude::*;

use super::super::{
    RowFacts, fold, fold_later, fold_noted, index_what_waits, read_row, rows, unfold,
};
use super::*;
use crate::store::Store as _;
use crate::store::memory::MemoryStore;
use crate::store::scan_prefix;

const MOMENTS: [i64; 6] = [i64::MIN, -1, 0, 1, 1_000, i64::MAX];

fn customer(number: u8) -> CustomerId {
    CustomerId([number; CustomerId::LEN])
}

fn row(number: u8, due: Option<i64>, since: Option<i64>) -> Row {
    let facts = RowFacts {
        earliest_due: due.map(Timestamp),
        visit_since: since.map(Timestamp),
        ..RowFacts::default()
    };
    Row::new(customer(number), &facts)
}

type Found = Vec<(Timestamp, CustomerId)>;

fn listed(ask: impl FnOnce(&mut Visit<'_>) -> Result<(), StoreError>) -> Found {
    let mut found = Found::new();
    ask(&mut |at, customer| {
        found.push((at, customer));
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    found
}

/// What a look at every row tells.
fn scanned(tx: &dyn ReadTx, wanted: impl Fn(&Row) -> Option<Timestamp>) -> Found {
    let mut found = Found::new();
    rows(tx, None, &mut |row| {
        found.extend(wanted(&row).map(|at| (at, row.customer)));
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    found.sort_unstable();
    found
}

#[track_caller]
fn check(tx: &dyn ReadTx) {
    for moment in MOMENTS.map(Timestamp) {
        let due = |row: &Row| row.earliest_due.filter(|due| *due < moment);
        assert_eq!(
            listed(|visit| due_before(tx, moment, visit)),
            scanned(tx, due)
        );
        let since = |row: &Row| row.visit_since.filter(|since| *since > moment);
        assert_eq!(
            listed(|visit| came_after(tx, moment, visit)),
            scanned(tx, since)
        );
    }
}

fn entries(tx: &dyn ReadTx) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    scan_prefix(tx, Table::Term, &[], &mut |key, _| {
        found.extend(is_dated(key).then(|| key.to_vec()));
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    found
}

fn any_moment() -> impl Strategy<Value = Option<i64>> {
    let moments = prop::sample::select(vec![-2, -1, 0, 1, 2, 999, 1_000, 1_001]);
    prop::option::weighted(0.7, moments)
}

proptest! {
    #[test]
    fn the_entries_tell_what_a_look_at_every_row_tells(
        steps in prop::collection::vec((0_u8..6, 0_u8..5, any_moment(), any_moment()), 1..40),
    ) {
        let store = MemoryStore::default();
        let mut tx = store.write().unwrap();
        for (number, how, due, since) in steps {
            let row = row(number, due, since);
            match how {
                0 | 1 => {
                    fold(&mut *tx, &row).unwrap();
                }
                2 => fold_later(&mut *tx, &[row]).unwrap(),
                3 => fold_noted(&mut *tx, &[row]).unwrap(),
                _ => {
                    unfold(&mut *tx, row.customer).unwrap();
                }
            }
            if matches!(how, 2 | 3) {
                index_what_waits(&mut *tx).unwrap();
            }
            check(tx.as_read());
        }
    }
}

#[test]
fn rows_of_an_earlier_build_are_completed_once() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    for number in 0..9 {
        let at = i64::from(number);
        fold(&mut *tx, &row(number, Some(at % 3), (at > 4).then_some(at))).unwrap();
    }
    let whole = entries(tx.as_read());
    assert_eq!(whole.len(), 9 + 4);
    for key in &whole {
        tx.delete(Table::Term, key).unwrap();
    }
    // Somebody is touched before the others are completed.
    fold(&mut *tx, &row(3, Some(77), None)).unwrap();
    assert!(!is_complete(tx.as_read()).unwrap());
    assert!(complete(&mut *tx).unwrap());
    assert_eq!(entries(tx.as_read()).len(), 9 + 4);
    check(tx.as_read());
    let due = read_row(tx.as_read(), customer(3)).unwrap().unwrap();
    assert_eq!(due.earliest_due, Some(Timestamp(77)));
    assert!(!complete(&mut *tx).unwrap(), "once");
    fold(&mut *tx, &row(3, None, None)).unwrap();
    check(tx.as_read());
}
