//! What is done to a whole database: emptying its log, checking it, copying it, bounding it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sync_core::store::StoreError;

use crate::SqliteStore;
use crate::error::{Refusal, during};
use crate::open;

/// Bytes on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileSizes {
    /// The database file.
    pub database: u64,
    /// The write-ahead log beside it.
    pub log: u64,
}

impl SqliteStore {
    /// Moves the whole log into the database and cuts it to nothing; `false` when a snapshot still needed it.
    ///
    /// What was deleted or overwritten is in no byte of either file once this returned `true`. Erasure repeats it until then.
    ///
    /// # Errors
    /// [`StoreError`] when storage fails.
    pub fn checkpoint_truncate(&self) -> Result<bool, StoreError> {
        const OPERATION: &str = "emptying the log";
        let connection = self.writer();
        // A reader is not waited for: everybody who writes would wait with us. The caller comes back.
        connection
            .busy_timeout(Duration::ZERO)
            .map_err(during(OPERATION))?;
        let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
        connection
            .busy_timeout(self.wait)
            .map_err(during(OPERATION))?;
        let busy: i64 = busy.map_err(during(OPERATION))?;
        Ok(busy == 0)
    }

    /// Reads every page and checks the order of every table. Takes as long as reading the file does.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with the first damage that was found.
    pub fn integrity_check(&self) -> Result<(), StoreError> {
        let connection = self.readers.lease()?;
        let verdict: String = connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(during("checking the database"))?;
        if verdict == "ok" {
            return Ok(());
        }
        Err(StoreError::Corrupt {
            table: "(file)",
            detail: verdict,
        })
    }

    /// Writes a copy of what is committed now to `path`, where nothing may be yet, under the same key.
    ///
    /// The copy holds no page that was freed, so nothing that was erased. Writers go on meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] when something is there already or storage fails; what was begun is removed.
    pub fn vacuum_into(&self, path: &Path) -> Result<(), StoreError> {
        const OPERATION: &str = "copying the database";
        let name = path
            .to_str()
            .ok_or_else(|| Refusal::PathNotUnicode.during(OPERATION))?;
        let on_disk = |error: io::Error| StoreError::Other {
            operation: OPERATION,
            source: Box::new(error),
        };
        open::create_private(path).map_err(on_disk)?;
        let copied = self.copy_to(name).and_then(|()| {
            // SQLite does not sync what it did not open for us; a backup that is reported done must be.
            let file = fs::File::open(path).map_err(on_disk)?;
            file.sync_all().map_err(on_disk)
        });
        if copied.is_err() {
            fs::remove_file(path).ok();
        }
        copied
    }

    fn copy_to(&self, name: &str) -> Result<(), StoreError> {
        let connection = self.readers.lease()?;
        open::refuse_writes(&connection, false)?;
        let copied = connection
            .execute("VACUUM INTO ?1", [name])
            .map(drop)
            .map_err(during("copying the database"));
        open::refuse_writes(&connection, true)?;
        copied
    }

    /// Bounds the database to so many pages of 8 KiB, or to the disk alone; what is there already stays.
    ///
    /// # Errors
    /// [`StoreError`] when storage fails.
    pub fn set_pages_max(&self, pages: Option<u32>) -> Result<(), StoreError> {
        let pages = pages.unwrap_or_else(open::pages_unbounded);
        open::limit_pages(&self.writer(), pages)
    }

    /// Bytes on disk now.
    ///
    /// # Errors
    /// [`StoreError`] when the disk does not answer.
    pub fn file_sizes(&self) -> Result<FileSizes, StoreError> {
        Ok(FileSizes {
            database: open::bytes(&self.path)?,
            log: open::bytes(&self.log_path())?,
        })
    }

    fn log_path(&self) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push("-wal");
        name.into()
    }
}
