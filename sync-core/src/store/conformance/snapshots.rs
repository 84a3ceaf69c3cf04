//! Cases about read transactions: each is one moment, for as long as it lives.

use std::panic::resume_unwind;
use std::thread;

use super::{commit_rows, committed, committed_rows, owned, rows_of, value_at};
use crate::store::{Store, Table};

/// Commits rows on another thread and waits until it is done.
fn commit_elsewhere(store: &dyn Store, table: Table, rows: &[(&[u8], &[u8])]) {
    thread::scope(|scope| {
        scope
            .spawn(|| commit_rows(store, table, rows))
            .join()
            .unwrap_or_else(|payload| resume_unwind(payload));
    });
}

pub(super) fn a_snapshot_never_sees_a_later_commit(store: &dyn Store) {
    commit_rows(store, Table::Record, &[(b"a", b"1"), (b"b", b"1")]);
    let snapshot = store.read().expect("a snapshot begins");
    let before = rows_of(&*snapshot, Table::Record);
    assert_eq!(before.len(), 2);
    commit_elsewhere(store, Table::Record, &[(b"a", b"2"), (b"c", b"2")]);
    let mut tx = store.write().expect("a writer begins");
    tx.delete(Table::Record, b"b").expect("a row is deleted");
    tx.commit().expect("a commit succeeds");
    assert_eq!(rows_of(&*snapshot, Table::Record), before);
    assert_eq!(
        value_at(&*snapshot, Table::Record, b"a").as_deref(),
        Some(&b"1"[..])
    );
    assert_eq!(value_at(&*snapshot, Table::Record, b"c"), None);
    drop(snapshot);
    assert_eq!(
        committed_rows(store, Table::Record),
        owned(&[(b"a", b"2"), (b"c", b"2")])
    );
}

pub(super) fn a_snapshot_begins_when_it_is_asked_for(store: &dyn Store) {
    commit_rows(store, Table::Meta, &[(b"key", b"old")]);
    let snapshot = store.read().expect("a snapshot begins");
    // Nothing was read through it yet: a store that begins lazily would take the new value.
    commit_elsewhere(store, Table::Meta, &[(b"key", b"new")]);
    assert_eq!(
        value_at(&*snapshot, Table::Meta, b"key").as_deref(),
        Some(&b"old"[..])
    );
    drop(snapshot);
    assert_eq!(
        committed(store, Table::Meta, b"key").as_deref(),
        Some(&b"new"[..])
    );
}

pub(super) fn snapshots_of_different_ages_stand_side_by_side(store: &dyn Store) {
    let ages: [&[u8]; 3] = [b"1", b"2", b"3"];
    let [first, second, third] = ages.map(|age| {
        commit_rows(store, Table::Row, &[(b"age", age)]);
        (age, store.read().expect("a snapshot begins"))
    });
    commit_rows(store, Table::Row, &[(b"age", b"4")]);
    for (age, snapshot) in [&first, &second, &third] {
        let seen = value_at(&**snapshot, Table::Row, b"age");
        assert_eq!(seen.as_deref(), Some(*age));
    }
    drop(second);
    for (age, snapshot) in [&first, &third] {
        assert_eq!(rows_of(&**snapshot, Table::Row), owned(&[(b"age", age)]));
    }
}

pub(super) fn a_reader_on_another_thread_never_sees_half_a_transaction(store: &dyn Store) {
    const LAST: u32 = 60;
    let write = |number: u32| {
        let bytes = number.to_be_bytes();
        let mut tx = store.write().expect("a writer begins");
        for table in [Table::Change, Table::Feed, Table::ScopeState] {
            tx.put(table, b"number", &bytes).expect("a row is written");
        }
        tx.commit().expect("a commit succeeds");
    };
    write(0);
    let read = || {
        let tx = store.read().expect("a snapshot begins");
        let [change, feed, state] = [Table::Change, Table::Feed, Table::ScopeState]
            .map(|table| value_at(&*tx, table, b"number").expect("the row is there"));
        assert_eq!(change, feed, "all tables show the same transaction");
        assert_eq!(feed, state, "all tables show the same transaction");
        u32::from_be_bytes(change.try_into().expect("a number has four bytes"))
    };
    thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut seen = 0;
            // Bounded, so that a writer that fails does not leave this thread looking for ever.
            for _ in 0..1_000_000 {
                let next = read();
                assert!(next >= seen, "a later snapshot is never older");
                seen = next;
                if seen == LAST {
                    break;
                }
                thread::yield_now();
            }
        });
        for number in 1..=LAST {
            write(number);
        }
        reader
            .join()
            .unwrap_or_else(|payload| resume_unwind(payload));
    });
}

pub(super) fn a_new_snapshot_sees_what_was_committed_before_it(store: &dyn Store) {
    for number in 0..50_u8 {
        commit_elsewhere(store, Table::Progress, &[(b"number", &[number])]);
        assert_eq!(
            committed(store, Table::Progress, b"number"),
            Some(vec![number]),
            "a commit that returned is seen at once, by every thread"
        );
    }
}
