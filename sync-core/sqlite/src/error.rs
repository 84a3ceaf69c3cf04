//! What SQLite reports, as what the caller can do about it.

use rusqlite::ErrorCode;
use sync_core::store::{StoreError, Table};

/// Named as the table of a damage that SQLite found in the file itself.
const WHOLE_FILE: &str = "(file)";

/// Why a database was not opened, or a transaction not carried on, beyond what SQLite itself reports.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("SQLite {found} can damage a database in WAL mode; version 3.51.3 or later is needed")]
    OldLibrary { found: String },
    #[error("there is no database here, and none was to be made")]
    Missing,
    #[error("the database can't be put into WAL mode (it stays in mode {mode}): use a local disk")]
    NoWal { mode: String },
    #[error("an earlier write of this transaction failed: drop it")]
    TransactionFailed,
    #[error("SQLite can't name a path that is not valid Unicode")]
    PathNotUnicode,
}

impl Refusal {
    pub(crate) fn during(self, operation: &'static str) -> StoreError {
        StoreError::Other {
            operation,
            source: Box::new(self),
        }
    }
}

/// For `map_err`: what failed while doing something to the whole database.
pub(crate) fn during(operation: &'static str) -> impl FnOnce(rusqlite::Error) -> StoreError {
    move |error| translate(operation, WHOLE_FILE, error)
}

/// For `map_err`: what failed while doing something to a table.
pub(crate) fn on(
    table: Table,
    operation: &'static str,
) -> impl FnOnce(rusqlite::Error) -> StoreError {
    move |error| translate(operation, table.name(), error)
}

fn translate(operation: &'static str, table: &'static str, error: rusqlite::Error) -> StoreError {
    let extended = error.sqlite_error().map(|error| error.extended_code);
    // The index of the log is a file too: it can't grow on a full disk, and reports that in its own way.
    if extended == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) {
        return StoreError::Full { operation };
    }
    let code = error.sqlite_error_code();
    if code == Some(ErrorCode::DiskFull) {
        StoreError::Full { operation }
    } else if matches!(
        code,
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed
        )
    ) {
        StoreError::Busy { operation }
    } else if code == Some(ErrorCode::NotADatabase) {
        StoreError::WrongKey
    } else if code == Some(ErrorCode::DatabaseCorrupt) {
        StoreError::Corrupt {
            table,
            detail: error.to_string(),
        }
    } else {
        StoreError::Other {
            operation,
            source: Box::new(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn translated(code: std::ffi::c_int) -> StoreError {
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        on(Table::Change, "testing")(error)
    }

    #[test]
    fn each_failure_says_what_can_be_done() {
        assert!(matches!(
            translated(ffi::SQLITE_FULL),
            StoreError::Full { .. }
        ));
        assert!(matches!(
            translated(ffi::SQLITE_IOERR_SHMSIZE),
            StoreError::Full { .. }
        ));
        for code in [
            ffi::SQLITE_BUSY,
            ffi::SQLITE_BUSY_SNAPSHOT,
            ffi::SQLITE_LOCKED,
            ffi::SQLITE_PROTOCOL,
        ] {
            assert!(matches!(translated(code), StoreError::Busy { .. }));
        }
        assert!(matches!(
            translated(ffi::SQLITE_NOTADB),
            StoreError::WrongKey
        ));
        assert!(matches!(
            translated(ffi::SQLITE_CORRUPT),
            StoreError::Corrupt {
                table: "change",
                ..
            }
        ));
        for code in [
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_CANTOPEN,
        ] {
            assert!(matches!(
                translated(code),
                StoreError::Other {
                    operation: "testing",
                    ..
                }
            ));
        }
    }
}
