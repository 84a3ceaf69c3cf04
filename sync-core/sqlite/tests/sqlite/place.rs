//! A temporary folder with a database in it, and how tests look at both.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use sync_core::store::{KeyRange, Store, Table};
use sync_store_sqlite::{OpenOptions, SqliteStore};
use tempfile::TempDir;

/// The key of all encrypted test databases.
pub(crate) const KEY: [u8; 32] = *b"a key of thirty-two bytes, no le";

/// A folder that holds one database and is removed with this value.
#[derive(Debug)]
pub(crate) struct Place {
    folder: TempDir,
    pub(crate) options: OpenOptions,
}

impl Place {
    pub(crate) fn plain() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            options: OpenOptions::default(),
        }
    }

    pub(crate) fn encrypted() -> Self {
        let mut place = Self::plain();
        place.options.key = Some(KEY);
        place
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder().join("book.db")
    }

    pub(crate) fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.path(), &self.options).unwrap()
    }

    /// How often the bytes occur in the files of this folder, whatever they are.
    pub(crate) fn hits(&self, needle: &[u8]) -> usize {
        let files = fs::read_dir(self.folder()).unwrap();
        files
            .map(|file| hits(&fs::read(file.unwrap().path()).unwrap(), needle))
            .sum()
    }
}

/// A store that takes its folder with it.
#[derive(Debug)]
pub(crate) struct Opened {
    // Closed before the folder goes.
    store: SqliteStore,
    _place: Place,
}

impl Opened {
    pub(crate) fn new(place: Place) -> Self {
        Self {
            store: place.open(),
            _place: place,
        }
    }
}

impl Deref for Opened {
    type Target = SqliteStore;

    fn deref(&self) -> &SqliteStore {
        &self.store
    }
}

/// How often `needle` occurs in `haystack`.
pub(crate) fn hits(haystack: &[u8], needle: &[u8]) -> usize {
    haystack
        .windows(needle.len())
        .filter(|window| *window == needle)
        .count()
}

pub(crate) fn put(store: &dyn Store, table: Table, key: &[u8], value: &[u8]) {
    let mut tx = store.write().unwrap();
    tx.put(table, key, value).unwrap();
    tx.commit().unwrap();
}

pub(crate) fn get(store: &dyn Store, table: Table, key: &[u8]) -> Option<Vec<u8>> {
    store.read().unwrap().get(table, key).unwrap()
}

pub(crate) fn keys(store: &dyn Store, table: Table) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    let all = KeyRange {
        from: &[],
        to: None,
    };
    let tx = store.read().unwrap();
    let direction = sync_core::store::Direction::Ascending;
    tx.scan(table, all, direction, &mut |key, _| {
        keys.push(key.to_vec());
        Ok(std::ops::ControlFlow::Continue(()))
    })
    .unwrap();
    keys
}
