//! A disk that fills up: the transaction that met it leaves no trace, reads go on, and writes do when space returns.

use sync_core::store::{Store as _, StoreError, Table};

use crate::place::{Place, get, keys, put};

const BIG: usize = 200_000;

/// A store with a few rows that may not grow any more.
fn full(place: &Place) -> sync_store_sqlite::SqliteStore {
    let store = place.open();
    put(&store, Table::Change, b"old", &[1; 1_000]);
    // A bound below the present size means the present size.
    store.set_pages_max(Some(1)).unwrap();
    store
}

fn is_full(result: Result<(), StoreError>) -> bool {
    result.is_err_and(|error| matches!(error, StoreError::Full { .. }))
}

#[test]
fn a_write_that_meets_a_full_disk_leaves_no_trace() {
    for place in [Place::plain(), Place::encrypted()] {
        let store = full(&place);
        let mut tx = store.write().unwrap();
        tx.put(Table::Meta, b"small", b"fits the page it is on")
            .unwrap();
        assert!(is_full(tx.put(Table::Change, b"big", &[2; BIG])));
        assert!(
            is_full(tx.put(Table::Meta, b"second", b"would commit alone")),
            "nothing more is taken"
        );
        assert!(matches!(
            tx.get(Table::Meta, b"small"),
            Err(StoreError::Full { .. })
        ));
        assert!(is_full(tx.commit()));
        assert_eq!(keys(&store, Table::Meta), [[0_u8; 0]; 0]);
        assert_eq!(keys(&store, Table::Change), [b"old"]);
        drop(store);
        let store = place.open();
        assert_eq!(keys(&store, Table::Meta), [[0_u8; 0]; 0]);
        store.integrity_check().unwrap();
    }
}

#[test]
fn reads_go_on_and_writes_do_when_space_returns() {
    let place = Place::encrypted();
    let store = full(&place);
    let mut tx = store.write().unwrap();
    assert!(is_full(tx.put(Table::Change, b"big", &[2; BIG])));
    assert_eq!(
        get(&store, Table::Change, b"old"),
        Some(vec![1; 1_000]),
        "while the failed writer still stands"
    );
    drop(tx);
    for _ in 0..3 {
        let mut tx = store.write().unwrap();
        assert!(is_full(tx.put(Table::Change, b"big", &[2; BIG])));
    }
    assert_eq!(get(&store, Table::Change, b"old"), Some(vec![1; 1_000]));
    put(&store, Table::Change, b"old", &[3; 1_000]);
    assert_eq!(
        get(&store, Table::Change, b"old"),
        Some(vec![3; 1_000]),
        "what needs no new page is still written"
    );
    store.set_pages_max(None).unwrap();
    put(&store, Table::Change, b"big", &[2; BIG]);
    assert_eq!(get(&store, Table::Change, b"big"), Some(vec![2; BIG]));
    store.integrity_check().unwrap();
}

#[test]
fn a_mark_does_not_save_what_sqlite_gave_up() {
    let place = Place::plain();
    let store = full(&place);
    let mut tx = store.write().unwrap();
    let mark = tx.mark().unwrap();
    assert!(is_full(tx.put(Table::Change, b"big", &[2; BIG])));
    // Whether SQLite keeps the transaction is its own choice; either way nothing halfway is ever committed.
    let rolled_back = tx.rollback_to(mark);
    let kept = rolled_back.is_ok();
    let written = tx.put(Table::Meta, b"after", b"1");
    assert_eq!(written.is_ok(), kept);
    assert_eq!(tx.commit().is_ok(), kept);
    assert_eq!(get(&store, Table::Meta, b"after").is_some(), kept);
    assert_eq!(get(&store, Table::Change, b"big"), None);
}

#[test]
fn a_bound_given_at_opening_holds() {
    let mut place = Place::plain();
    place.options.pages_max = Some(100);
    let store = place.open();
    put(&store, Table::Change, b"fits", &[1; 1_000]);
    let mut tx = store.write().unwrap();
    assert!(is_full(tx.put(Table::Change, b"big", &[2; 1_000_000])));
}
