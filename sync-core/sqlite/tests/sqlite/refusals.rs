//! Files that are not opened: each is named for what it is, and left as it was.

use std::fs;
use std::time::Duration;

use rusqlite::Connection;
use sync_core::store::{Store as _, StoreError, Table};
use sync_store_sqlite::{OpenOptions, SqliteStore};

use crate::place::{KEY, Place, get, put};

/// Tries to open what is in the place, and asserts that its bytes stay.
fn refusal(place: &Place, options: &OpenOptions) -> StoreError {
    let before = fs::read(place.path()).unwrap();
    let error = SqliteStore::open(&place.path(), options).unwrap_err();
    assert_eq!(
        fs::read(place.path()).unwrap(),
        before,
        "a refused file is left as it was"
    );
    error
}

fn filled(place: Place) -> Place {
    put(&place.open(), Table::Meta, b"key", b"value");
    place
}

#[test]
fn the_right_key_opens_and_another_does_not() {
    let place = filled(Place::encrypted());
    let mut options = place.options.clone();
    options.key = Some([0; 32]);
    assert!(matches!(refusal(&place, &options), StoreError::WrongKey));
    let mut one_bit_off = KEY;
    one_bit_off[31] ^= 1;
    options.key = Some(one_bit_off);
    assert!(matches!(refusal(&place, &options), StoreError::WrongKey));
    assert_eq!(
        get(&place.open(), Table::Meta, b"key").as_deref(),
        Some(&b"value"[..])
    );
}

#[test]
fn an_encrypted_file_does_not_open_without_key() {
    let place = filled(Place::encrypted());
    let error = refusal(&place, &OpenOptions::default());
    assert!(matches!(error, StoreError::WrongKey), "{error:?}");
}

#[test]
fn a_plain_file_does_not_open_with_a_key() {
    let place = filled(Place::plain());
    let error = refusal(&place, &Place::encrypted().options);
    assert!(matches!(error, StoreError::WrongKey), "{error:?}");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let noise: Vec<u8> = (0..=u8::MAX).cycle().take(100_000).collect();
    for content in [&b"name;phone\nMarie;1234\n"[..], b"x", &noise] {
        for place in [Place::plain(), Place::encrypted()] {
            fs::write(place.path(), content).unwrap();
            let error = refusal(&place, &place.options);
            assert!(matches!(error, StoreError::WrongKey), "{error:?}");
        }
    }
}

#[test]
fn a_database_of_another_program_is_refused() {
    let place = Place::plain();
    let connection = Connection::open(place.path()).unwrap();
    connection
        .execute_batch("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
        .unwrap();
    drop(connection);
    let error = refusal(&place, &place.options);
    assert!(matches!(error, StoreError::WrongKey), "{error:?}");
}

#[test]
fn a_newer_schema_is_refused_by_its_number() {
    let place = filled(Place::plain());
    let connection = Connection::open(place.path()).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    drop(connection);
    let error = refusal(&place, &place.options);
    assert!(
        matches!(error, StoreError::NewerSchema { found: 7, known: 2 }),
        "{error:?}"
    );
    let connection = Connection::open(place.path()).unwrap();
    connection.pragma_update(None, "user_version", 2).unwrap();
    drop(connection);
    assert_eq!(
        get(&place.open(), Table::Meta, b"key").as_deref(),
        Some(&b"value"[..])
    );
}

#[test]
fn a_missing_database_is_made_only_where_that_was_asked() {
    let place = Place::plain();
    let options = OpenOptions {
        create: false,
        ..OpenOptions::default()
    };
    let error = SqliteStore::open(&place.path(), &options).unwrap_err();
    assert!(matches!(error, StoreError::Other { .. }), "{error:?}");
    assert!(!place.path().exists());
    // What a crash in the very first moment leaves: a file without a page.
    fs::write(place.path(), b"").unwrap();
    let error = refusal(&place, &options);
    assert!(matches!(error, StoreError::Other { .. }), "{error:?}");
    put(&place.open(), Table::Meta, b"key", b"value");
    let store = SqliteStore::open(&place.path(), &options).unwrap();
    assert!(get(&store, Table::Meta, b"key").is_some());
}

#[test]
fn a_folder_in_place_of_the_file_is_an_error() {
    let place = Place::plain();
    fs::create_dir(place.path()).unwrap();
    let error = SqliteStore::open(&place.path(), &place.options).unwrap_err();
    assert!(matches!(error, StoreError::Other { .. }), "{error:?}");
}

#[test]
fn a_writer_in_another_process_makes_this_one_wait_and_then_busy() {
    let mut place = Place::plain();
    let first = place.open();
    place.options.wait = Duration::from_millis(20);
    let second = place.open();
    let tx = first.write().unwrap();
    let error = second.write().map(drop).unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }), "{error:?}");
    assert!(error.is_retryable());
    drop(tx);
    put(&second, Table::Meta, b"key", b"value");
    assert!(get(&first, Table::Meta, b"key").is_some());
}

#[test]
fn many_openings_at_once_make_one_database() {
    for place in [Place::plain(), Place::encrypted()] {
        std::thread::scope(|scope| {
            for opener in 0..4_u8 {
                let place = &place;
                scope.spawn(move || put(&place.open(), Table::Meta, &[opener], b"opened"));
            }
        });
        let store = place.open();
        for opener in 0..4_u8 {
            assert!(get(&store, Table::Meta, &[opener]).is_some());
        }
        store.integrity_check().unwrap();
    }
}

#[test]
fn a_damaged_page_is_found() {
    for place in [Place::plain(), Place::encrypted()] {
        let store = place.open();
        for number in 0..200_u8 {
            put(&store, Table::Change, &[number], &[number; 500]);
        }
        store.integrity_check().unwrap();
        drop(store);
        let mut bytes = fs::read(place.path()).unwrap();
        let encrypted = place.options.key.is_some();
        // In plain, SQLite can tell damage to its own structures only; under the cipher every page is authenticated.
        for page in bytes.chunks_mut(8_192).skip(1) {
            let at = if encrypted { 5_000 } else { 3 };
            page[at] ^= 0xff;
        }
        fs::write(place.path(), bytes).unwrap();
        // The first page still tells that the file is ours.
        let Ok(store) = SqliteStore::open(&place.path(), &place.options) else {
            panic!("the first page is whole");
        };
        let error = store.integrity_check().unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    }
}

#[test]
fn options_do_not_show_their_key() {
    let shown = format!("{:?}", Place::encrypted().options);
    assert!(shown.contains("hidden"));
    assert!(
        !shown.contains("97") && !shown.contains("thirty"),
        "{shown}"
    );
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = filled(Place::plain());
    let store = place.open();
    put(&store, Table::Meta, b"key", b"value");
    let mut files = 0;
    for file in fs::read_dir(place.folder()).unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
        files += 1;
    }
    assert_eq!(files, 3, "the database, its log and the log's index");
}
