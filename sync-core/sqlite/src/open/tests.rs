//! Claims about connections, from inside.

use sync_core::store::{Store as _, Table};

use super::*;
use crate::SqliteStore;

const KEY: [u8; 32] = *b"a key of thirty-two bytes, no le";

fn pragma(connection: &Connection, name: &str) -> i64 {
    connection
        .query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
        .unwrap()
}

/// Neither of these is kept in the file: one connection without them is one too many.
#[test]
fn every_connection_deletes_securely_and_syncs_fully() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    for key in [None, Some(KEY)] {
        let options = OpenOptions {
            key,
            cache_kib: 512,
            writer_cache_kib: 512,
            ..OpenOptions::default()
        };
        let writer = writer(&path, &options).unwrap();
        let reader = reader(&path, &options).unwrap();
        for (connection, query_only) in [(&writer, 0), (&reader, 1)] {
            assert_eq!(pragma(connection, "secure_delete"), 1);
            assert_eq!(pragma(connection, "synchronous"), 2, "FULL");
            assert_eq!(pragma(connection, "temp_store"), 2, "MEMORY");
            assert_eq!(pragma(connection, "cache_size"), -512);
            assert_eq!(pragma(connection, "page_size"), i64::from(PAGE_BYTES));
            assert_eq!(pragma(connection, "query_only"), query_only);
            assert_eq!(
                pragma(connection, "journal_size_limit"),
                i64::from(LOG_BYTES_KEPT)
            );
        }
        drop((reader, writer));
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_reader_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let options = OpenOptions::default();
    let _writer = writer(&path, &options).unwrap();
    let reader = reader(&path, &options).unwrap();
    assert!(reader.execute("DELETE FROM meta", []).is_err());
}

#[test]
fn a_library_that_can_lose_data_is_refused() {
    for number in [3_007_000, 3_050_004, 3_051_002] {
        let error = accept_library(number).unwrap_err();
        let StoreError::Other { source, .. } = error else {
            panic!("{error:?}");
        };
        assert!(source.to_string().contains("3.51.3"), "{source}");
    }
    for number in [3_051_003, 3_054_000, 4_000_000] {
        accept_library(number).unwrap();
    }
    accept_library(rusqlite::version_number()).unwrap();
    let named = SqliteStore::sqlite_version();
    assert!(named.starts_with("3.") && named.contains('.'), "{named}");
}

/// Two pages of 1 KiB, written by the first version: a library whose cipher, derivation or page layout has another default
/// would not open the handhelds that are out there.
#[test]
fn a_file_encrypted_by_the_first_version_opens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("encrypted.db");
    fs::write(&path, include_bytes!("../../tests/fixtures/encrypted_1.db")).unwrap();
    let options = OpenOptions {
        key: Some(KEY),
        ..OpenOptions::default()
    };
    let connection = connect(&path, &options, options.cache_kib).unwrap();
    let value: Vec<u8> = connection
        .query_row("SELECT value FROM meta WHERE key = x'01'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(value, b"written by the first version");
}

/// What a crash leaves after the tables were made, or after a page was written and before there are any.
#[test]
fn a_crash_while_the_database_is_made_is_made_good() {
    for statements in [String::new(), schema::creation()] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.db");
        let options = OpenOptions {
            key: Some(KEY),
            ..OpenOptions::default()
        };
        reserve(&path, true).unwrap();
        let connection = connect(&path, &options, options.cache_kib).unwrap();
        connection
            .pragma_update(None, "page_size", PAGE_BYTES)
            .unwrap();
        connection
            .execute_batch(&format!("BEGIN; {statements} COMMIT; VACUUM"))
            .unwrap();
        drop(connection);
        assert_eq!(bytes(&path).unwrap() % u64::from(PAGE_BYTES), 0);
        let store = SqliteStore::open(&path, &options).unwrap();
        let value = store.read().unwrap().get(Table::Meta, b"key").unwrap();
        assert_eq!(value, None);
        store.integrity_check().unwrap();
    }
}

const SCHEMA_1: &str = include_str!("../../tests/fixtures/schema_1.sql");

/// A database as the first version left it, with a row in each of its tables.
fn database_of_schema_1(path: &Path, options: &OpenOptions) {
    reserve(path, true).unwrap();
    let connection = connect(path, options, options.cache_kib).unwrap();
    connection
        .pragma_update(None, "page_size", PAGE_BYTES)
        .unwrap();
    connection.execute_batch(SCHEMA_1).unwrap();
    enter_wal(&connection).unwrap();
    for table in &Table::ALL[..27] {
        connection
            .execute(
                &format!("INSERT INTO {} VALUES (x'01', x'02')", table.name()),
                [],
            )
            .unwrap();
    }
}

fn assert_migrated(path: &Path, options: &OpenOptions) {
    let store = SqliteStore::open(path, options).unwrap();
    let tx = store.read().unwrap();
    for (number, table) in (0..).zip(Table::ALL) {
        let expected = (number < 27).then(|| vec![2]);
        assert_eq!(tx.get(table, &[1]).unwrap(), expected, "{}", table.name());
    }
    drop(tx);
    let mut tx = store.write().unwrap();
    tx.put(Table::Notice, b"key", b"value").unwrap();
    tx.commit().unwrap();
    store.integrity_check().unwrap();
    drop(store);
    let connection = connect(path, options, options.cache_kib).unwrap();
    assert_eq!(
        pragma(&connection, "user_version"),
        i64::from(SCHEMA_VERSION)
    );
}

#[test]
fn a_database_of_schema_1_is_brought_up_to_date_and_keeps_its_content() {
    for key in [None, Some(KEY)] {
        for create in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("book.db");
            let options = OpenOptions {
                key,
                create,
                ..OpenOptions::default()
            };
            database_of_schema_1(&path, &options);
            assert_migrated(&path, &options);
        }
    }
}

/// What a crash leaves in the middle: a part of the new tables in the log, without a commit.
#[test]
fn a_crash_while_the_database_is_brought_up_to_date_is_made_good() {
    for key in [None, Some(KEY)] {
        let folder = tempfile::tempdir().unwrap();
        let (path, crashed) = (
            folder.path().join("book.db"),
            folder.path().join("crashed.db"),
        );
        let options = OpenOptions {
            key,
            ..OpenOptions::default()
        };
        database_of_schema_1(&path, &options);
        let connection = connect(&path, &options, options.cache_kib).unwrap();
        // A cache that holds nothing writes its pages to the log before the commit.
        connection
            .execute_batch("PRAGMA cache_size = 0; PRAGMA cache_spill = 1; BEGIN IMMEDIATE")
            .unwrap();
        let statements = schema::migration(1).unwrap();
        connection.execute_batch(&statements).unwrap();
        fs::copy(&path, &crashed).unwrap();
        let log = |path: &Path| path.with_extension("db-wal");
        fs::copy(log(&path), log(&crashed)).unwrap();
        drop(connection);
        assert_migrated(&crashed, &options);
    }
}

#[test]
fn many_openings_at_once_bring_one_database_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let options = OpenOptions::default();
    database_of_schema_1(&path, &options);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| SqliteStore::open(&path, &options).unwrap());
        }
    });
    assert_migrated(&path, &options);
}
