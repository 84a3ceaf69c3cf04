//! Copies: whole, private, under the same key, without what was erased.

use std::fs;

use sync_core::store::{Store as _, StoreError, Table};
use sync_store_sqlite::{OpenOptions, SqliteStore};

use crate::place::{Place, get, hits, keys, put};

#[test]
fn a_copy_holds_what_is_committed_and_opens_under_the_same_key() {
    for place in [Place::plain(), Place::encrypted()] {
        let store = place.open();
        for number in 0..100_u8 {
            put(&store, Table::Change, &[number], &[number; 300]);
        }
        let mut tx = store.write().unwrap();
        tx.put(Table::Change, b"uncommitted", b"1").unwrap();
        let copy_path = place.folder().join("copy.db");
        store.vacuum_into(&copy_path).unwrap();
        tx.commit().unwrap();
        let options = OpenOptions {
            create: false,
            ..place.options.clone()
        };
        let copy = SqliteStore::open(&copy_path, &options).unwrap();
        copy.integrity_check().unwrap();
        assert_eq!(keys(&copy, Table::Change).len(), 100);
        assert_eq!(get(&copy, Table::Change, &[42]), Some(vec![42; 300]));
        put(&copy, Table::Meta, b"goes", b"its own way");
        assert_eq!(get(&store, Table::Meta, b"goes"), None);
        put(&store, Table::Meta, b"the store", b"still writes");
    }
}

#[test]
fn a_copy_of_an_encrypted_database_is_encrypted() {
    let place = Place::encrypted();
    let store = place.open();
    put(&store, Table::Row, b"key", b"the words of a customer");
    let copy = place.folder().join("copy.db");
    store.vacuum_into(&copy).unwrap();
    assert_eq!(
        hits(&fs::read(&copy).unwrap(), b"the words of a customer"),
        0
    );
    let error = SqliteStore::open(&copy, &OpenOptions::default()).unwrap_err();
    assert!(matches!(error, StoreError::WrongKey));
}

#[test]
fn a_copy_does_not_overwrite() {
    let place = Place::plain();
    let store = place.open();
    let path = place.folder().join("something.txt");
    fs::write(&path, b"not to be lost").unwrap();
    let error = store.vacuum_into(&path).unwrap_err();
    assert!(matches!(error, StoreError::Other { .. }));
    assert_eq!(fs::read(&path).unwrap(), b"not to be lost");
    let error = store
        .vacuum_into(&place.folder().join("no folder").join("copy.db"))
        .unwrap_err();
    assert!(matches!(error, StoreError::Other { .. }));
}
