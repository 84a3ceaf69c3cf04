//! The SQLite store of Carnet, the same on handheld and hub, encrypted where a key is given.
//!
//! One table of `(key, value)` per [`Table`](sync_core::store::Table), in one file in WAL mode. What lies on disk, what a crash may
//! leave there and what is assumed of the machine is told in this crate's README.
//!
//! # Invariants
//! - One connection writes, behind a mutex; a fixed number of others read. Each has `secure_delete=ON`, `synchronous=FULL` and keeps
//!   temporary data in memory: a connection is only made in `open.rs`.
//! - A transaction that SQLite ended by itself (a full disk) takes no further statement: outside a transaction each would commit alone.

mod error;
pub mod lock;
mod maintenance;
mod open;
mod options;
mod pool;
mod schema;
mod sql;
mod transaction;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use sync_core::store::{ReadTx, Store, StoreError, WriteTx};

pub use maintenance::FileSizes;
pub use options::OpenOptions;
pub use schema::SCHEMA_VERSION;

use pool::ReaderPool;
use transaction::{Reader, Writer};

/// A store in one SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    wait: Duration,
    readers: ReaderPool,
    // The last field: the last connection to close empties the log, and the writer is the one that may write.
    writer: Mutex<Connection>,
}

impl SqliteStore {
    /// Opens the database at `path`, or makes it where the options say so.
    ///
    /// A file that is refused is left as it was.
    ///
    /// # Errors
    /// [`StoreError::WrongKey`] for a file that the key does not open or that is not ours, [`StoreError::NewerSchema`] for one that a
    /// newer version wrote, [`StoreError::Other`] when there is none and none is to be made, or what the disk reports.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, StoreError> {
        open::accept_library(rusqlite::version_number())?;
        let writer = open::writer(path, options)?;
        let mut readers = Vec::new();
        for _ in 0..options.readers.max(1) {
            readers.push(open::reader(path, options)?);
        }
        Ok(Self {
            path: path.to_path_buf(),
            wait: options.wait,
            readers: ReaderPool::new(readers, options.wait),
            writer: Mutex::new(writer),
        })
    }

    /// The version of the SQLite library, such as `3.54.0`.
    #[must_use]
    pub fn sqlite_version() -> &'static str {
        rusqlite::version()
    }

    fn writer(&self) -> MutexGuard<'_, Connection> {
        // A panicking holder's transaction was rolled back when it was dropped.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for SqliteStore {
    fn read(&self) -> Result<Box<dyn ReadTx + '_>, StoreError> {
        Ok(Box::new(Reader::begin(self.readers.lease()?)?))
    }

    fn write(&self) -> Result<Box<dyn WriteTx + '_>, StoreError> {
        Ok(Box::new(Writer::begin(self.writer())?))
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
