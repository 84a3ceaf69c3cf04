//! Cases about single rows: what is put is what is read, byte for byte.

use super::{commit_rows, committed, committed_rows, owned};
use crate::store::{Store, Table};

const MEBIBYTE: usize = 1 << 20;

pub(super) fn an_empty_store_holds_no_row(store: &dyn Store) {
    for table in Table::ALL {
        assert_eq!(committed_rows(store, table), [], "{}", table.name());
        assert_eq!(committed(store, table, b"absent"), None);
        assert_eq!(committed(store, table, b""), None);
    }
}

pub(super) fn a_row_reads_back_as_it_was_written(store: &dyn Store) {
    assert_eq!(committed(store, Table::Meta, b"key"), None);
    commit_rows(store, Table::Meta, &[(b"key", b"value")]);
    assert_eq!(
        committed(store, Table::Meta, b"key").as_deref(),
        Some(&b"value"[..])
    );
    assert_eq!(committed(store, Table::Meta, b"ke"), None);
    assert_eq!(committed(store, Table::Meta, b"key\0"), None);
}

pub(super) fn a_second_put_replaces_the_value(store: &dyn Store) {
    for table in [Table::Meta, Table::Feed] {
        commit_rows(store, table, &[(b"key", b"first")]);
        assert_eq!(committed_rows(store, table), owned(&[(b"key", b"first")]));
        commit_rows(store, table, &[(b"key", b"second")]);
        assert_eq!(committed_rows(store, table), owned(&[(b"key", b"second")]));
        commit_rows(store, table, &[(b"key", b"third"), (b"key", b"fourth")]);
        assert_eq!(committed_rows(store, table), owned(&[(b"key", b"fourth")]));
    }
}

pub(super) fn putting_a_value_twice_is_putting_it_once(store: &dyn Store) {
    let rows: [(&[u8], &[u8]); 2] = [(b"a", b"1"), (b"b", b"2")];
    commit_rows(store, Table::Change, &rows);
    let once = committed_rows(store, Table::Change);
    assert_eq!(once, owned(&rows));
    commit_rows(store, Table::Change, &rows);
    commit_rows(store, Table::Change, &[(b"a", b"1"), (b"a", b"1")]);
    assert_eq!(committed_rows(store, Table::Change), once);
}

pub(super) fn a_deleted_row_is_gone_and_its_neighbors_stay(store: &dyn Store) {
    for table in [Table::Document, Table::Term] {
        commit_rows(store, table, &[(b"a", b"1"), (b"b", b"2"), (b"c", b"3")]);
        assert_eq!(committed_rows(store, table).len(), 3);
        let mut tx = store.write().expect("a writer begins");
        tx.delete(table, b"b").expect("a row is deleted");
        tx.commit().expect("a commit succeeds");
        assert_eq!(committed(store, table, b"b"), None);
        assert_eq!(
            committed_rows(store, table),
            owned(&[(b"a", b"1"), (b"c", b"3")])
        );
    }
}

pub(super) fn deleting_what_is_not_there_is_no_error(store: &dyn Store) {
    commit_rows(store, Table::Meta, &[(b"stays", b"1")]);
    let mut tx = store.write().expect("a writer begins");
    tx.delete(Table::Meta, b"absent").expect("no error");
    tx.delete(Table::Meta, b"").expect("no error");
    tx.delete(Table::Outbox, b"stays").expect("no error");
    tx.delete(Table::Meta, b"stays").expect("no error");
    tx.delete(Table::Meta, b"stays").expect("no error twice");
    tx.commit().expect("a commit succeeds");
    assert_eq!(committed_rows(store, Table::Meta), []);
}

pub(super) fn a_deleted_row_can_be_written_again(store: &dyn Store) {
    commit_rows(store, Table::Cache, &[(b"key", b"old")]);
    let mut tx = store.write().expect("a writer begins");
    tx.delete(Table::Cache, b"key").expect("a row is deleted");
    assert_eq!(
        tx.get(Table::Cache, b"key").expect("a row is read"),
        None,
        "deleted before it is written again"
    );
    tx.put(Table::Cache, b"key", b"new")
        .expect("a row is written");
    tx.commit().expect("a commit succeeds");
    assert_eq!(
        committed_rows(store, Table::Cache),
        owned(&[(b"key", b"new")])
    );
}

pub(super) fn an_empty_key_is_a_key(store: &dyn Store) {
    for table in [Table::Meta, Table::Feed] {
        assert_eq!(committed(store, table, b""), None);
        commit_rows(store, table, &[(b"\0", b"zero"), (b"", b"empty")]);
        assert_eq!(committed(store, table, b"").as_deref(), Some(&b"empty"[..]));
        assert_eq!(
            committed_rows(store, table),
            owned(&[(b"", b"empty"), (b"\0", b"zero")])
        );
        let mut tx = store.write().expect("a writer begins");
        tx.delete(table, b"").expect("a row is deleted");
        tx.commit().expect("a commit succeeds");
        assert_eq!(committed_rows(store, table), owned(&[(b"\0", b"zero")]));
    }
}

pub(super) fn an_empty_value_is_a_value(store: &dyn Store) {
    for table in [Table::Meta, Table::Feed] {
        commit_rows(store, table, &[(b"key", b"")]);
        assert_eq!(
            committed(store, table, b"key"),
            Some(Vec::new()),
            "present and empty, not absent"
        );
        assert_eq!(committed_rows(store, table), owned(&[(b"key", b"")]));
        commit_rows(store, table, &[(b"key", b"full")]);
        commit_rows(store, table, &[(b"key", b"")]);
        assert_eq!(committed(store, table, b"key"), Some(Vec::new()));
    }
}

pub(super) fn bytes_are_kept_as_they_are(store: &dyn Store) {
    let odd: [&[u8]; 8] = [
        b"\0",
        b"\0\0",
        b"a\0b",
        b"'; drop table meta; --",
        b"\"%_?1",
        "Zo\u{eb} \u{738b}\u{82b3} \u{1f9e5}".as_bytes(),
        b"\xc3\x28 is no text",
        b"\xff\xff",
    ];
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let mut keys: Vec<&[u8]> = odd.to_vec();
    keys.extend(every_byte.chunks(1));
    keys.push(&every_byte);
    for table in [Table::Record, Table::Term] {
        let mut tx = store.write().expect("a writer begins");
        for key in &keys {
            let value: Vec<u8> = key.iter().rev().copied().collect();
            tx.put(table, key, &value).expect("a row is written");
        }
        tx.commit().expect("a commit succeeds");
        for key in &keys {
            let value: Vec<u8> = key.iter().rev().copied().collect();
            assert_eq!(committed(store, table, key), Some(value), "key {key:?}");
        }
    }
}

pub(super) fn a_value_of_one_mebibyte_survives(store: &dyn Store) {
    let long_key = vec![0x6b; 1024];
    let value: Vec<u8> = (0..=250_u8).cycle().take(MEBIBYTE).collect();
    for table in [Table::Base, Table::ImportIndex] {
        commit_rows(
            store,
            table,
            &[(b"a", b"before"), (&long_key, &value), (b"z", b"after")],
        );
        let found = committed(store, table, &long_key).expect("the big row is there");
        assert_eq!(found.len(), MEBIBYTE);
        assert!(found == value, "every byte of the big value is as written");
        assert_eq!(
            committed(store, table, b"z").as_deref(),
            Some(&b"after"[..])
        );
    }
}

pub(super) fn a_value_may_grow_and_shrink(store: &dyn Store) {
    for length in [0, 1, 100, 8_000, 9_000, MEBIBYTE, 3, 70_000, 0, 50] {
        let value = vec![u8::try_from(length % 251).expect("below 251"); length];
        commit_rows(store, Table::Cache, &[(b"key", &value)]);
        assert!(
            committed(store, Table::Cache, b"key").is_some_and(|found| found == value),
            "a value of {length} bytes"
        );
        assert_eq!(committed_rows(store, Table::Cache).len(), 1);
    }
}

pub(super) fn tables_do_not_share_rows(store: &dyn Store) {
    let mut tx = store.write().expect("a writer begins");
    for table in Table::ALL {
        tx.put(table, b"key", table.name().as_bytes())
            .expect("a row is written");
    }
    tx.commit().expect("a commit succeeds");
    for table in Table::ALL {
        assert_eq!(
            committed_rows(store, table),
            owned(&[(b"key", table.name().as_bytes())])
        );
    }
    let mut tx = store.write().expect("a writer begins");
    tx.delete(Table::Meta, b"key").expect("a row is deleted");
    tx.commit().expect("a commit succeeds");
    for table in Table::ALL {
        let rows = usize::from(table != Table::Meta);
        assert_eq!(committed_rows(store, table).len(), rows);
    }
}
