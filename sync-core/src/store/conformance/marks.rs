//! Cases about marks: parts of a transaction that can be undone alone.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{commit_rows, committed_rows, owned, rows_of};
use crate::store::{Mark, Store, Table, WriteTx};

const TABLE: Table = Table::Document;

fn put(tx: &mut dyn WriteTx, key: &[u8], value: &[u8]) {
    tx.put(TABLE, key, value).expect("a row is written");
}

fn mark(tx: &mut dyn WriteTx) -> Mark {
    tx.mark().expect("a mark is set")
}

fn keys(tx: &dyn WriteTx) -> Vec<Vec<u8>> {
    let rows = rows_of(tx.as_read(), TABLE);
    rows.into_iter().map(|(key, _)| key).collect()
}

pub(super) fn a_rollback_undoes_all_since_its_mark_and_nothing_before(store: &dyn Store) {
    commit_rows(
        store,
        TABLE,
        &[(b"change", b"0"), (b"keep", b"0"), (b"remove", b"0")],
    );
    let mut tx = store.write().expect("a writer begins");
    put(&mut *tx, b"before", b"1");
    put(&mut *tx, b"keep", b"1");
    let before = rows_of(tx.as_read(), TABLE);
    let mark = mark(&mut *tx);
    put(&mut *tx, b"before", b"2");
    put(&mut *tx, b"change", b"2");
    put(&mut *tx, b"new", b"2");
    tx.delete(TABLE, b"remove").expect("a row is deleted");
    tx.put(Table::Feed, b"elsewhere", b"2")
        .expect("a row is written");
    assert_ne!(rows_of(tx.as_read(), TABLE), before);
    tx.rollback_to(mark).expect("a rollback succeeds");
    assert_eq!(rows_of(tx.as_read(), TABLE), before);
    assert_eq!(rows_of(tx.as_read(), Table::Feed), []);
    put(&mut *tx, b"after", b"3");
    tx.commit().expect("a commit succeeds");
    assert_eq!(
        committed_rows(store, TABLE),
        owned(&[
            (b"after", b"3"),
            (b"before", b"1"),
            (b"change", b"0"),
            (b"keep", b"1"),
            (b"remove", b"0"),
        ])
    );
}

pub(super) fn a_released_mark_keeps_its_writes(store: &dyn Store) {
    let mut tx = store.write().expect("a writer begins");
    let mark = mark(&mut *tx);
    put(&mut *tx, b"kept", b"1");
    tx.release(mark).expect("a release succeeds");
    assert_eq!(keys(&*tx), [b"kept"]);
    tx.commit().expect("a commit succeeds");
    assert_eq!(committed_rows(store, TABLE), owned(&[(b"kept", b"1")]));
}

pub(super) fn marks_nest(store: &dyn Store) {
    let mut tx = store.write().expect("a writer begins");
    let outer = mark(&mut *tx);
    put(&mut *tx, b"a", b"outer");
    let inner = mark(&mut *tx);
    assert_ne!(outer, inner);
    put(&mut *tx, b"b", b"inner");
    tx.rollback_to(inner).expect("a rollback succeeds");
    assert_eq!(keys(&*tx), [b"a"], "the inner part alone is undone");
    let second = mark(&mut *tx);
    put(&mut *tx, b"c", b"second");
    tx.release(second).expect("a release succeeds");
    assert_eq!(keys(&*tx), [b"a", b"c"]);
    tx.release(outer).expect("a release succeeds");
    tx.commit().expect("a commit succeeds");
    assert_eq!(
        committed_rows(store, TABLE),
        owned(&[(b"a", b"outer"), (b"c", b"second")])
    );
}

pub(super) fn an_outer_rollback_undoes_what_an_inner_mark_released(store: &dyn Store) {
    let mut tx = store.write().expect("a writer begins");
    put(&mut *tx, b"first", b"1");
    let outer = mark(&mut *tx);
    put(&mut *tx, b"outer", b"1");
    let inner = mark(&mut *tx);
    put(&mut *tx, b"inner", b"1");
    tx.release(inner).expect("a release succeeds");
    assert_eq!(keys(&*tx).len(), 3);
    tx.rollback_to(outer).expect("a rollback succeeds");
    assert_eq!(keys(&*tx), [b"first"]);
    tx.commit().expect("a commit succeeds");
    assert_eq!(committed_rows(store, TABLE), owned(&[(b"first", b"1")]));
}

pub(super) fn a_rollback_ends_the_later_marks(store: &dyn Store) {
    let mut tx = store.write().expect("a writer begins");
    let outer = mark(&mut *tx);
    for key in [b"a", b"b", b"c"] {
        mark(&mut *tx);
        put(&mut *tx, key, b"1");
    }
    assert_eq!(keys(&*tx).len(), 3);
    tx.rollback_to(outer).expect("a rollback succeeds");
    assert_eq!(keys(&*tx), [[0; 0]; 0]);
    let fresh = mark(&mut *tx);
    put(&mut *tx, b"fresh", b"1");
    tx.release(fresh).expect("a mark set afterwards works");
    assert_eq!(keys(&*tx), [b"fresh"]);
    tx.commit().expect("a commit succeeds");
    assert_eq!(committed_rows(store, TABLE), owned(&[(b"fresh", b"1")]));
}

pub(super) fn a_release_ends_the_later_marks_and_keeps_their_writes(store: &dyn Store) {
    let mut tx = store.write().expect("a writer begins");
    let outermost = mark(&mut *tx);
    let outer = mark(&mut *tx);
    for key in [b"a", b"b"] {
        mark(&mut *tx);
        put(&mut *tx, key, b"1");
    }
    tx.release(outer).expect("a release succeeds");
    assert_eq!(keys(&*tx), [b"a", b"b"]);
    tx.rollback_to(outermost)
        .expect("an earlier mark still stands");
    assert_eq!(keys(&*tx), [[0; 0]; 0]);
    tx.commit().expect("a commit succeeds");
    assert_eq!(committed_rows(store, TABLE), []);
}

/// A mark that has ended is a bug of the caller: it must not be mistaken for a later one, which would undo the wrong writes.
pub(super) fn a_mark_that_has_ended_is_refused(store: &dyn Store) {
    type End = fn(&mut dyn WriteTx, Mark) -> Result<(), crate::store::StoreError>;
    let ends: [End; 2] = [|tx, mark| tx.rollback_to(mark), |tx, mark| tx.release(mark)];
    for end_first in ends {
        for end_again in ends {
            let mut tx = store.write().expect("a writer begins");
            let ended = mark(&mut *tx);
            end_first(&mut *tx, ended).expect("a mark ends once");
            // At the same depth as the one that ended.
            mark(&mut *tx);
            put(&mut *tx, b"later", b"1");
            let outcome = catch_unwind(AssertUnwindSafe(|| end_again(&mut *tx, ended)));
            assert!(
                !matches!(outcome, Ok(Ok(()))),
                "a mark that has ended was taken for a later one"
            );
        }
    }
    assert_eq!(committed_rows(store, TABLE), []);
}

pub(super) fn a_commit_keeps_what_was_written_under_open_marks(store: &dyn Store) {
    let mut tx = store.write().expect("a writer begins");
    mark(&mut *tx);
    put(&mut *tx, b"a", b"1");
    mark(&mut *tx);
    put(&mut *tx, b"b", b"1");
    tx.commit().expect("a commit succeeds");
    assert_eq!(
        committed_rows(store, TABLE),
        owned(&[(b"a", b"1"), (b"b", b"1")])
    );
}

pub(super) fn a_drop_undoes_what_released_marks_kept(store: &dyn Store) {
    commit_rows(store, TABLE, &[(b"old", b"1")]);
    let mut tx = store.write().expect("a writer begins");
    let released = mark(&mut *tx);
    put(&mut *tx, b"old", b"2");
    tx.release(released).expect("a release succeeds");
    mark(&mut *tx);
    put(&mut *tx, b"new", b"2");
    assert_eq!(keys(&*tx).len(), 2);
    drop(tx);
    assert_eq!(committed_rows(store, TABLE), owned(&[(b"old", b"1")]));
}

/// The shape of group commit: each job under its own mark, failed ones undone alone, one commit for all.
pub(super) fn many_jobs_share_one_commit(store: &dyn Store) {
    const JOBS: u8 = 96;
    let mut tx = store.write().expect("a writer begins");
    for job in 0..JOBS {
        let mark = mark(&mut *tx);
        put(&mut *tx, &[job], b"done");
        put(&mut *tx, b"last job", &[job]);
        if job % 3 == 2 {
            tx.rollback_to(mark).expect("a rollback succeeds");
        } else {
            tx.release(mark).expect("a release succeeds");
        }
    }
    assert_eq!(
        committed_rows(store, TABLE),
        [],
        "nothing shows before the commit"
    );
    tx.commit().expect("a commit succeeds");
    let rows = committed_rows(store, TABLE);
    assert_eq!(rows.len(), usize::from(JOBS / 3 * 2) + 1);
    for job in 0..JOBS {
        let done = rows.contains(&(vec![job], b"done".to_vec()));
        assert_eq!(done, job % 3 != 2, "job {job}");
    }
    assert!(rows.contains(&(b"last job".to_vec(), vec![JOBS - 2])));
}
