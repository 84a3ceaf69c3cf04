//! Claims about followers: nobody is missed, nothing is kept that all have read.

use super::*;
use crate::store::Store;
use crate::store::memory::MemoryStore;

fn customer(number: u8) -> CustomerId {
    CustomerId([number; 16])
}

fn set(numbers: &[u8]) -> BTreeSet<CustomerId> {
    numbers.iter().map(|number| customer(*number)).collect()
}

fn rows(tx: &dyn ReadTx) -> usize {
    let mut count = 0;
    store::scan_prefix(tx, Table::Desk, TOUCHED, &mut |_, _| {
        count += 1;
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    count
}

#[test]
fn a_new_follower_looks_at_everybody_and_then_at_what_changed() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    list(&mut *tx, &set(&[1, 2]), &set(&[])).unwrap();
    let first = touched(tx.as_read(), Follower::Gap, 10).unwrap();
    assert!(first.is_everybody);
    advance(&mut *tx, Follower::Gap, first.upto).unwrap();
    let nothing = touched(tx.as_read(), Follower::Gap, 10).unwrap();
    assert_eq!((nothing.customers.len(), nothing.is_everybody), (0, false));
    list(&mut *tx, &set(&[3]), &set(&[])).unwrap();
    list(&mut *tx, &set(&[]), &set(&[])).unwrap();
    list(&mut *tx, &set(&[3, 4]), &set(&[])).unwrap();
    let next = touched(tx.as_read(), Follower::Gap, 10).unwrap();
    assert_eq!((next.customers, next.is_everybody), (set(&[3, 4]), false));
}

#[test]
fn whole_commits_are_given_until_there_are_enough() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    advance(&mut *tx, Follower::Desk, 0).unwrap();
    for commit in [&[1, 2][..], &[3], &[4]] {
        list(&mut *tx, &set(commit), &set(&[])).unwrap();
    }
    let some = touched(tx.as_read(), Follower::Desk, 2).unwrap();
    assert_eq!(some.customers, set(&[1, 2]));
    advance(&mut *tx, Follower::Desk, some.upto).unwrap();
    let rest = touched(tx.as_read(), Follower::Desk, 2).unwrap();
    assert_eq!(rest.customers, set(&[3, 4]));
}

#[test]
fn what_everybody_has_read_is_removed_and_numbers_go_on() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    list(&mut *tx, &set(&[1]), &set(&[])).unwrap();
    list(&mut *tx, &set(&[2]), &set(&[])).unwrap();
    for follower in Follower::ALL {
        assert_eq!(rows(tx.as_read()), 2);
        let upto = touched(tx.as_read(), follower, 10).unwrap().upto;
        advance(&mut *tx, follower, upto).unwrap();
    }
    assert_eq!(rows(tx.as_read()), 0);
    list(&mut *tx, &set(&[5]), &set(&[])).unwrap();
    for follower in Follower::ALL {
        let next = touched(tx.as_read(), follower, 10).unwrap();
        assert_eq!((next.customers, next.upto), (set(&[5]), 3));
    }
}

#[test]
fn who_is_too_far_behind_looks_at_everybody() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    list(&mut *tx, &set(&[1]), &set(&[])).unwrap();
    advance(&mut *tx, Follower::Desk, 1).unwrap();
    put_row(
        &mut *tx,
        Table::Desk,
        &touched_key(TOUCHED_ROWS_MAX + 1),
        &vec![customer(2)],
    )
    .unwrap();
    list(&mut *tx, &set(&[3]), &set(&[])).unwrap();
    tx.delete(Table::Desk, &touched_key(1)).unwrap();
    assert!(
        touched(tx.as_read(), Follower::Desk, 9)
            .unwrap()
            .is_everybody
    );
}

#[test]
fn who_asks_is_told_and_of_a_row_of_an_earlier_build_anybody_may() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    advance(&mut *tx, Follower::Desk, 0).unwrap();
    list(&mut *tx, &set(&[1, 2]), &set(&[2])).unwrap();
    let told = touched(tx.as_read(), Follower::Desk, 10).unwrap();
    assert_eq!((told.customers, told.asking), (set(&[1, 2]), set(&[2])));
    put_row(&mut *tx, Table::Desk, &touched_key(2), &vec![customer(3)]).unwrap();
    let told = touched(tx.as_read(), Follower::Desk, 10).unwrap();
    assert_eq!(
        (told.customers, told.asking),
        (set(&[1, 2, 3]), set(&[2, 3]))
    );
}
