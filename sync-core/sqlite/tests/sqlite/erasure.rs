//! What was deleted is in no byte on disk, and what is encrypted never was.

use std::collections::BTreeSet;
use std::fs;

use sync_core::store::{Store as _, Table};

use crate::place::{Place, keys, put};

const TABLES: [Table; 4] = [Table::Change, Table::Feed, Table::Term, Table::Row];

fn needle(number: usize) -> Vec<u8> {
    format!("<needle {number:03} of a customer's own words>").into_bytes()
}

/// Plants needles in keys and values, short and long, in tables of both shapes.
fn plant(store: &sync_store_sqlite::SqliteStore, count: usize) {
    for number in 0..count {
        let table = TABLES[number % TABLES.len()];
        let mut long = needle(number);
        long.resize(20_000 * (number % 3), b'.');
        long.extend(needle(number));
        put(store, table, &needle(number), &long);
    }
}

/// How many of the needles are in any file of the place.
fn planted(place: &Place, count: usize) -> usize {
    let mut missing: BTreeSet<Vec<u8>> = (0..count).map(needle).collect();
    for file in fs::read_dir(place.folder()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'<') {
            let end = (at + needle(0).len()).min(bytes.len());
            missing.remove(&bytes[at..end]);
        }
    }
    count - missing.len()
}

#[test]
fn deleted_and_overwritten_rows_are_gone_from_every_byte() {
    const COUNT: usize = 40;
    let place = Place::plain();
    let store = place.open();
    plant(&store, COUNT);
    assert!(store.checkpoint_truncate().unwrap());
    assert_eq!(planted(&place, COUNT), COUNT, "all are on disk at first");
    let mut tx = store.write().unwrap();
    for number in 0..COUNT {
        let table = TABLES[number % TABLES.len()];
        if number % 2 == 0 {
            tx.delete(table, &needle(number)).unwrap();
        } else {
            // The key is a needle too: replaced by another row.
            tx.put(table, &needle(number), b"shorter").unwrap();
            tx.delete(table, &needle(number)).unwrap();
            tx.put(table, &[1], b"shorter").unwrap();
        }
    }
    tx.commit().unwrap();
    assert!(store.checkpoint_truncate().unwrap());
    assert_eq!(planted(&place, COUNT), 0);
    assert_eq!(store.file_sizes().unwrap().log, 0);
}

#[test]
fn an_overwritten_value_is_gone_while_its_row_stays() {
    let place = Place::plain();
    let store = place.open();
    for length in [40, 5_000, 50_000] {
        let mut value = needle(1);
        value.resize(length, b'.');
        put(&store, Table::Cache, b"key", &value);
        assert!(store.checkpoint_truncate().unwrap());
        assert!(place.hits(&needle(1)) > 0, "it is on disk at first");
        put(&store, Table::Cache, b"key", b"new");
        assert!(store.checkpoint_truncate().unwrap());
        assert_eq!(place.hits(&needle(1)), 0, "a value of {length} bytes");
    }
}

#[test]
fn an_open_snapshot_keeps_the_log_and_is_reported() {
    let place = Place::plain();
    let store = place.open();
    put(&store, Table::Row, b"key", &needle(7));
    let snapshot = store.read().unwrap();
    let mut tx = store.write().unwrap();
    tx.delete(Table::Row, b"key").unwrap();
    tx.commit().unwrap();
    assert!(
        !store.checkpoint_truncate().unwrap(),
        "not done while a snapshot needs the log"
    );
    assert!(place.hits(&needle(7)) > 0, "and indeed it is still there");
    assert!(snapshot.get(Table::Row, b"key").unwrap().is_some());
    drop(snapshot);
    assert!(store.checkpoint_truncate().unwrap());
    assert_eq!(place.hits(&needle(7)), 0);
}

#[test]
fn an_encrypted_database_shows_no_needle() {
    const COUNT: usize = 200;
    let plain = Place::plain();
    plant(&plain.open(), COUNT);
    assert_eq!(
        planted(&plain, COUNT),
        COUNT,
        "the search finds them in plain"
    );

    let place = Place::encrypted();
    let store = place.open();
    plant(&store, COUNT);
    assert_eq!(planted(&place, COUNT), 0, "in the log");
    assert_eq!(place.hits(b"SQLite format 3"), 0);
    assert_eq!(place.hits(b"CREATE TABLE"), 0);
    assert!(store.checkpoint_truncate().unwrap());
    assert_eq!(planted(&place, COUNT), 0, "in the database");
    let found: usize = TABLES.iter().map(|table| keys(&store, *table).len()).sum();
    assert_eq!(found, COUNT, "yet all are there for who has the key");
}

/// Equal content must not show as equal pages, nor an unchanged page as unchanged between two writes.
#[test]
fn an_encrypted_page_never_repeats() {
    let place = Place::encrypted();
    let store = place.open();
    put(&store, Table::Base, b"key", &[0x20; 400_000]);
    assert!(store.checkpoint_truncate().unwrap());
    let bytes = fs::read(place.path()).unwrap();
    let mut chunks: Vec<&[u8]> = bytes.chunks(64).collect();
    let count = chunks.len();
    assert!(count > 6_000);
    chunks.sort_unstable();
    chunks.dedup();
    assert_eq!(chunks.len(), count);
}
