//! Cases about write transactions: one at a time, all or nothing.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc;
use std::thread;

use super::{commit_rows, committed, committed_rows, owned, rows_of, value_at};
use crate::store::{Store, Table};

pub(super) fn a_writer_reads_its_own_writes(store: &dyn Store) {
    commit_rows(
        store,
        Table::Row,
        &[(b"change", b"old"), (b"remove", b"old"), (b"stay", b"old")],
    );
    let mut tx = store.write().expect("a writer begins");
    assert_eq!(
        value_at(tx.as_read(), Table::Row, b"change").as_deref(),
        Some(&b"old"[..])
    );
    tx.put(Table::Row, b"change", b"new")
        .expect("a row is written");
    tx.put(Table::Row, b"add", b"new")
        .expect("a row is written");
    tx.delete(Table::Row, b"remove").expect("a row is deleted");
    assert_eq!(
        value_at(tx.as_read(), Table::Row, b"change").as_deref(),
        Some(&b"new"[..])
    );
    assert_eq!(value_at(tx.as_read(), Table::Row, b"remove"), None);
    let seen = owned(&[(b"add", b"new"), (b"change", b"new"), (b"stay", b"old")]);
    assert_eq!(rows_of(tx.as_read(), Table::Row), seen);
    tx.commit().expect("a commit succeeds");
    assert_eq!(committed_rows(store, Table::Row), seen);
}

pub(super) fn nobody_else_sees_a_write_before_its_commit(store: &dyn Store) {
    commit_rows(store, Table::Feed, &[(b"old", b"1")]);
    let mut tx = store.write().expect("a writer begins");
    tx.put(Table::Feed, b"new", b"2").expect("a row is written");
    tx.put(Table::Feed, b"old", b"2").expect("a row is written");
    assert_eq!(
        committed_rows(store, Table::Feed),
        owned(&[(b"old", b"1")]),
        "seen by a reader of the same thread"
    );
    thread::scope(|scope| {
        let reader = scope.spawn(|| committed_rows(store, Table::Feed));
        let rows = reader
            .join()
            .unwrap_or_else(|payload| resume_unwind(payload));
        assert_eq!(rows, owned(&[(b"old", b"1")]), "seen by another thread");
    });
    tx.commit().expect("a commit succeeds");
    assert_eq!(
        committed_rows(store, Table::Feed),
        owned(&[(b"new", b"2"), (b"old", b"2")])
    );
}

pub(super) fn a_dropped_transaction_leaves_no_trace(store: &dyn Store) {
    commit_rows(store, Table::Outbox, &[(b"a", b"1"), (b"b", b"2")]);
    let before = committed_rows(store, Table::Outbox);
    let mut tx = store.write().expect("a writer begins");
    tx.put(Table::Outbox, b"a", b"changed")
        .expect("a row is written");
    tx.delete(Table::Outbox, b"b").expect("a row is deleted");
    tx.put(Table::Outbox, b"c", &vec![7; 100_000])
        .expect("a row is written");
    tx.put(Table::OutboxIndex, b"c", b"")
        .expect("a row is written");
    assert_eq!(rows_of(tx.as_read(), Table::Outbox).len(), 2);
    drop(tx);
    assert_eq!(committed_rows(store, Table::Outbox), before);
    assert_eq!(committed_rows(store, Table::OutboxIndex), []);
    commit_rows(store, Table::Outbox, &[(b"d", b"4")]);
    assert_eq!(
        committed_rows(store, Table::Outbox).len(),
        3,
        "the next writer's commit carries nothing of the dropped one"
    );
}

pub(super) fn an_empty_transaction_commits(store: &dyn Store) {
    commit_rows(store, Table::Meta, &[(b"key", b"1")]);
    for _ in 0..3 {
        let tx = store.write().expect("a writer begins");
        tx.commit().expect("a commit succeeds");
    }
    assert_eq!(committed_rows(store, Table::Meta), owned(&[(b"key", b"1")]));
}

pub(super) fn a_second_writer_begins_after_the_first_has_ended(store: &dyn Store) {
    let mut first = store.write().expect("a writer begins");
    let (asking, asks) = mpsc::channel();
    thread::scope(|scope| {
        let second = scope.spawn(move || {
            asking.send(()).expect("the first writer listens");
            let mut tx = store.write().expect("a writer begins");
            let seen = value_at(tx.as_read(), Table::Meta, b"first");
            tx.put(Table::Meta, b"second", b"2")
                .expect("a row is written");
            tx.commit().expect("a commit succeeds");
            seen
        });
        asks.recv().expect("the second writer asks");
        for _ in 0..1_000 {
            thread::yield_now();
        }
        assert_eq!(
            value_at(first.as_read(), Table::Meta, b"second"),
            None,
            "the second writer waits"
        );
        first
            .put(Table::Meta, b"first", b"1")
            .expect("a row is written");
        first.commit().expect("a commit succeeds");
        let seen = second
            .join()
            .unwrap_or_else(|payload| resume_unwind(payload));
        assert_eq!(seen.as_deref(), Some(&b"1"[..]));
    });
    assert_eq!(
        committed_rows(store, Table::Meta),
        owned(&[(b"first", b"1"), (b"second", b"2")])
    );
}

pub(super) fn writers_on_many_threads_take_turns(store: &dyn Store) {
    const THREADS: u64 = 4;
    const TURNS: u64 = 25;
    let count = |bytes: Option<Vec<u8>>| {
        let bytes = bytes.unwrap_or_else(|| vec![0; 8]);
        u64::from_be_bytes(bytes.try_into().expect("a counter has eight bytes"))
    };
    assert_eq!(count(committed(store, Table::Meta, b"counter")), 0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..TURNS {
                    let mut tx = store.write().expect("a writer begins");
                    let next = count(value_at(tx.as_read(), Table::Meta, b"counter")) + 1;
                    tx.put(Table::Meta, b"counter", &next.to_be_bytes())
                        .expect("a row is written");
                    tx.commit().expect("a commit succeeds");
                }
            });
        }
    });
    assert_eq!(
        count(committed(store, Table::Meta, b"counter")),
        THREADS * TURNS,
        "no increment was lost"
    );
}

pub(super) fn a_writer_that_panicked_leaves_no_trace(store: &dyn Store) {
    commit_rows(store, Table::Meta, &[(b"key", b"before")]);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut tx = store.write().expect("a writer begins");
        tx.put(Table::Meta, b"key", b"during")
            .expect("a row is written");
        assert_eq!(
            value_at(tx.as_read(), Table::Meta, b"key").as_deref(),
            Some(&b"during"[..])
        );
        // Not `panic!`: the hook would print a message into every run of the suite.
        resume_unwind(Box::new("a bug above the store"));
    }));
    assert!(outcome.is_err());
    assert_eq!(
        committed_rows(store, Table::Meta),
        owned(&[(b"key", b"before")])
    );
    commit_rows(store, Table::Meta, &[(b"key", b"after")]);
    assert_eq!(
        committed_rows(store, Table::Meta),
        owned(&[(b"key", b"after")]),
        "the store takes a new writer"
    );
}
