//! Cases about stores that outlive their process: what was committed is there, what was not is gone.

use super::model::{Model, compare, random_transaction};
use super::{Reopen, commit_rows, committed_rows, owned};
use crate::entropy::SeededEntropy;
use crate::store::Table;

pub(super) fn what_was_committed_is_there_after_reopening(reopen: &Reopen<'_>) {
    let store = reopen();
    for table in Table::ALL {
        assert_eq!(committed_rows(&*store, table), [], "empty at first");
        commit_rows(&*store, table, &[(b"", b"1"), (b"key", b"2")]);
    }
    drop(store);
    let store = reopen();
    for table in Table::ALL {
        let rows = owned(&[(b"", b"1"), (b"key", b"2")]);
        assert_eq!(committed_rows(&*store, table), rows, "{}", table.name());
    }
}

pub(super) fn what_was_not_committed_is_gone_after_reopening(reopen: &Reopen<'_>) {
    let store = reopen();
    commit_rows(&*store, Table::Meta, &[(b"committed", b"1")]);
    let mut tx = store.write().expect("a writer begins");
    tx.put(Table::Meta, b"dropped", b"1")
        .expect("a row is written");
    tx.delete(Table::Meta, b"committed")
        .expect("a row is deleted");
    drop(tx);
    drop(store);
    assert_eq!(
        committed_rows(&*reopen(), Table::Meta),
        owned(&[(b"committed", b"1")])
    );
}

pub(super) fn a_writer_that_never_ended_is_gone_after_reopening(reopen: &Reopen<'_>) {
    let store = reopen();
    commit_rows(&*store, Table::Meta, &[(b"committed", b"1")]);
    let mut tx = store.write().expect("a writer begins");
    tx.put(Table::Meta, b"open", &vec![1; 500_000])
        .expect("a row is written");
    // As in a process that ends: nobody rolls this transaction back.
    std::mem::forget(tx);
    drop(store);
    let store = reopen();
    assert_eq!(
        committed_rows(&*store, Table::Meta),
        owned(&[(b"committed", b"1")])
    );
    commit_rows(&*store, Table::Meta, &[(b"next", b"2")]);
    assert_eq!(committed_rows(&*store, Table::Meta).len(), 2);
}

pub(super) fn what_was_rolled_back_is_gone_after_reopening(reopen: &Reopen<'_>) {
    let store = reopen();
    let mut tx = store.write().expect("a writer begins");
    tx.put(Table::Feed, b"before", b"1")
        .expect("a row is written");
    let mark = tx.mark().expect("a mark is set");
    tx.put(Table::Feed, b"undone", b"1")
        .expect("a row is written");
    tx.rollback_to(mark).expect("a rollback succeeds");
    let mark = tx.mark().expect("a mark is set");
    tx.put(Table::Feed, b"released", b"1")
        .expect("a row is written");
    tx.release(mark).expect("a release succeeds");
    tx.commit().expect("a commit succeeds");
    drop(store);
    assert_eq!(
        committed_rows(&*reopen(), Table::Feed),
        owned(&[(b"before", b"1"), (b"released", b"1")])
    );
}

pub(super) fn reopening_changes_nothing(reopen: &Reopen<'_>) {
    commit_rows(&*reopen(), Table::Row, &[(b"key", b"value")]);
    for _ in 0..5 {
        let store = reopen();
        let rows = owned(&[(b"key", b"value")]);
        assert_eq!(committed_rows(&*store, Table::Row), rows);
    }
}

pub(super) fn a_history_of_reopenings_agrees_with_a_model(reopen: &Reopen<'_>) {
    let mut entropy = SeededEntropy::new(3);
    let mut model = Model::new();
    for _ in 0..8 {
        let store = reopen();
        let tx = store.read().expect("a snapshot begins");
        compare(&*tx, &model);
        drop(tx);
        for _ in 0..4 {
            random_transaction(&*store, &mut model, &mut entropy);
        }
    }
    assert!(!model.is_empty());
    let store = reopen();
    compare(&*store.read().expect("a snapshot begins"), &model);
}
