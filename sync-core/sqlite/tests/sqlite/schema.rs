//! The bytes on disk that are frozen.

use rusqlite::Connection;

use crate::place::Place;

const SCHEMA_1: &str = include_str!("../fixtures/schema_1.sql");
const SCHEMA_2: &str = include_str!("../fixtures/schema_2.sql");

/// Later versions add to what is here and write a fixture of their own; this one never changes.
#[test]
fn schema_2_is_frozen() {
    let place = Place::plain();
    drop(place.open());
    let connection = Connection::open(place.path()).unwrap();
    let mut found = String::new();
    let mut statement = connection
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")
        .unwrap();
    let tables = statement
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap();
    for table in tables {
        found += &format!("{};\n", table.unwrap());
    }
    for pragma in ["application_id", "user_version", "page_size"] {
        let value: i64 = connection
            .query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))
            .unwrap();
        found += &format!("PRAGMA {pragma} = {value};\n");
    }
    assert_eq!(found, SCHEMA_2);
}

#[test]
fn schema_2_only_adds_to_schema_1() {
    let mut later = SCHEMA_2.lines();
    for line in SCHEMA_1
        .lines()
        .filter(|line| !line.contains("user_version"))
    {
        assert!(later.any(|known| known == line), "{line}");
    }
}

#[test]
fn an_encrypted_database_has_the_same_pages() {
    let place = Place::encrypted();
    let store = place.open();
    assert!(store.checkpoint_truncate().unwrap());
    let sizes = store.file_sizes().unwrap();
    assert_eq!(sizes.log, 0);
    assert!(sizes.database > 0);
    assert_eq!(sizes.database % 8_192, 0);
    let plain = Place::plain();
    let store = plain.open();
    assert!(store.checkpoint_truncate().unwrap());
    assert_eq!(store.file_sizes().unwrap(), sizes);
}
