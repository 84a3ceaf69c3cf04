//! The pool of readers: bounded, waited for, never stuck.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use sync_core::store::{KeyRange, Store as _, StoreError, Table};

use crate::place::{Place, get, put};

#[test]
fn one_snapshot_more_than_there_are_readers_waits_and_is_busy() {
    let mut place = Place::plain();
    place.options.readers = 2;
    place.options.wait = Duration::from_millis(20);
    let store = place.open();
    let first = store.read().unwrap();
    let second = store.read().unwrap();
    let error = store.read().map(drop).unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }));
    drop(first);
    drop(store.read().unwrap());
    drop(second);
}

#[test]
fn a_waiting_reader_gets_the_one_that_comes_free() {
    let mut place = Place::plain();
    place.options.readers = 1;
    place.options.wait = Duration::from_secs(60);
    let store = place.open();
    put(&store, Table::Meta, b"key", b"value");
    let held = store.read().unwrap();
    let (asking, asks) = mpsc::channel();
    thread::scope(|scope| {
        let store = &store;
        let waiting = scope.spawn(move || {
            asking.send(()).unwrap();
            get(store, Table::Meta, b"key")
        });
        asks.recv().unwrap();
        thread::yield_now();
        drop(held);
        assert_eq!(waiting.join().unwrap().as_deref(), Some(&b"value"[..]));
    });
}

#[test]
fn a_store_without_readers_has_one() {
    let mut place = Place::plain();
    place.options.readers = 0;
    let store = place.open();
    put(&store, Table::Meta, b"key", b"value");
    assert!(get(&store, Table::Meta, b"key").is_some());
}

/// Every statement of every table, again and again over few connections, nested and side by side.
#[test]
fn many_reads_of_all_tables_stay_right() {
    let mut place = Place::encrypted();
    place.options.readers = 2;
    place.options.wait = Duration::from_secs(60);
    let store = place.open();
    for table in Table::ALL {
        put(&store, table, b"key", table.name().as_bytes());
    }
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let tx = store.read().unwrap();
                    for table in Table::ALL {
                        read_both_ways(&*tx, table);
                    }
                }
            });
        }
    });
}

fn read_both_ways(tx: &dyn sync_core::store::ReadTx, table: Table) {
    use sync_core::store::Direction::{Ascending, Descending};
    let name = table.name().as_bytes();
    let mut visited = 0;
    for (to, direction) in [
        (None, Ascending),
        (None, Descending),
        (Some(&b"z"[..]), Ascending),
        (Some(&b"z"[..]), Descending),
    ] {
        let range = KeyRange { from: b"a", to };
        tx.scan(table, range, direction, &mut |key, value| {
            assert_eq!(value, name);
            assert_eq!(tx.get(table, key)?.as_deref(), Some(name));
            visited += 1;
            Ok(std::ops::ControlFlow::Continue(()))
        })
        .unwrap();
    }
    assert_eq!(visited, 4);
}
