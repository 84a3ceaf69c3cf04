//! Opening: the only place where a connection is made, so that each is as safe as the others.

use std::fs;
use std::io;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use sync_core::store::StoreError;
use zeroize::Zeroizing;

use crate::error::{Refusal, during};
use crate::options::OpenOptions;
use crate::schema::{self, APPLICATION_ID, PAGE_BYTES, SCHEMA_VERSION};
use crate::sql::STATEMENTS_MAX;

const OPENING: &str = "opening the database";
const CREATING: &str = "making the database";
const MIGRATING: &str = "bringing the database up to date";

/// 3.51.3. Versions from 3.7.0 on, before this one, can damage a database in WAL mode when the log is reset under load.
const SQLITE_MIN: i32 = 3_051_003;

/// Bytes the log file is cut back to after it was moved: a large import does not keep its log for ever.
const LOG_BYTES_KEPT: u32 = 16 << 20;

/// Pages SQLite can number: no bound.
const PAGES_UNBOUNDED: u32 = 4_294_967_294;

/// Openers that may be overtaken by another while they make one database; who is overtaken more often reports it.
const MAKERS_MAX: u32 = 8;

/// What a file says of itself.
enum Identity {
    /// No page was written yet.
    Empty,
    /// A Carnet database of the schema that this build writes.
    Ours,
    /// A Carnet database of an earlier schema, which has yet to be brought up to date.
    Earlier(u32),
}

/// Refuses a library with a known way to lose data.
pub(crate) fn accept_library(number: i32) -> Result<(), StoreError> {
    if number >= SQLITE_MIN {
        return Ok(());
    }
    let (major, minor, patch) = (number / 1_000_000, number / 1_000 % 1_000, number % 1_000);
    let found = format!("{major}.{minor}.{patch}");
    Err(Refusal::OldLibrary { found }.during(OPENING))
}

/// The connection that writes. Makes the database where there is none and the options say so.
pub(crate) fn writer(path: &Path, options: &OpenOptions) -> Result<Connection, StoreError> {
    reserve(path, options.create)?;
    for _ in 1..MAKERS_MAX {
        let blank = bytes(path)? == 0;
        let attempt = writer_once(path, options);
        // Another opener wrote the first page after we had looked: the cipher of our connection was set up for an empty file.
        let overtaken = blank && attempt.is_err() && bytes(path)? > 0;
        if !overtaken {
            return attempt;
        }
    }
    writer_once(path, options)
}

fn writer_once(path: &Path, options: &OpenOptions) -> Result<Connection, StoreError> {
    let mut connection = connect(path, options, options.writer_cache_kib)?;
    let mut identity = identify(&connection)?;
    if matches!(identity, Identity::Empty) {
        if bytes(path)? % u64::from(PAGE_BYTES) != 0 {
            // SQLite takes a few stray bytes for a database without pages.
            return Err(StoreError::WrongKey);
        }
        if !options.create {
            return Err(Refusal::Missing.during(OPENING));
        }
        make(connection)?;
        connection = connect(path, options, options.writer_cache_kib)?;
        identity = identify(&connection)?;
    }
    enter_wal(&connection)?;
    if matches!(identity, Identity::Earlier(_)) {
        migrate(&connection)?;
    }
    let pages_max = options.pages_max.unwrap_or(PAGES_UNBOUNDED);
    limit_pages(&connection, pages_max)?;
    Ok(connection)
}

/// A connection that reads a database which [`writer`] has opened before.
pub(crate) fn reader(path: &Path, options: &OpenOptions) -> Result<Connection, StoreError> {
    let connection = connect(path, options, options.cache_kib)?;
    refuse_writes(&connection, true)?;
    match identify(&connection)? {
        Identity::Ours => Ok(connection),
        // The writer was opened before, and made or migrated it.
        Identity::Empty | Identity::Earlier(_) => Err(Refusal::Missing.during(OPENING)),
    }
}

/// Whether statements on this connection may write.
pub(crate) fn refuse_writes(connection: &Connection, refuse: bool) -> Result<(), StoreError> {
    connection
        .pragma_update(None, "query_only", refuse)
        .map_err(during(OPENING))
}

/// Bounds the pages of the database, for writes through this connection.
pub(crate) fn limit_pages(connection: &Connection, pages: u32) -> Result<(), StoreError> {
    connection
        .execute_batch(&format!("PRAGMA max_page_count = {pages}"))
        .map_err(during(OPENING))
}

/// No bound for [`limit_pages`].
pub(crate) fn pages_unbounded() -> u32 {
    PAGES_UNBOUNDED
}

/// Makes an empty file that only its owner may read, where there is none. SQLite gives its log the same rights.
fn reserve(path: &Path, create: bool) -> Result<(), StoreError> {
    if !create {
        return if path.exists() {
            Ok(())
        } else {
            Err(Refusal::Missing.during(OPENING))
        };
    }
    match create_private(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::StorageFull => Err(StoreError::Full {
            operation: CREATING,
        }),
        Err(error) => Err(StoreError::Other {
            operation: CREATING,
            source: Box::new(error),
        }),
    }
}

/// Makes an empty file that only its owner may read; an error where something is there.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    let mut file = fs::OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        file.mode(0o600);
    }
    file.open(path).map(drop)
}

/// Bytes of a file; none where there is none.
pub(crate) fn bytes(path: &Path) -> Result<u64, StoreError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(StoreError::Other {
            operation: "measuring the database",
            source: Box::new(error),
        }),
    }
}

/// Connects to an existing file and settles what is not kept in it.
fn connect(path: &Path, options: &OpenOptions, cache_kib: u32) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(during(OPENING))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection
        .busy_timeout(options.wait)
        .map_err(during(OPENING))?;
    if let Some(key) = &options.key {
        unlock(&connection, key)?;
    }
    let log_pages = options.log_pages;
    // Nothing here reads the file: a wrong key shows in `identify`.
    connection
        .execute_batch(&format!(
            "PRAGMA secure_delete = ON;
             PRAGMA synchronous = FULL;
             PRAGMA temp_store = MEMORY;
             PRAGMA mmap_size = 0;
             PRAGMA cell_size_check = ON;
             PRAGMA trusted_schema = OFF;
             PRAGMA cache_size = -{cache_kib};
             PRAGMA wal_autocheckpoint = {log_pages};
             PRAGMA journal_size_limit = {LOG_BYTES_KEPT};"
        ))
        .map_err(during(OPENING))?;
    if cfg!(target_vendor = "apple") {
        // There, an ordinary sync returns before the drive has written.
        connection
            .execute_batch("PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;")
            .map_err(during(OPENING))?;
    }
    Ok(connection)
}

/// Gives the connection its key, without derivation: the app's keystore keeps 32 random bytes, not a passphrase.
fn unlock(connection: &Connection, key: &[u8; 32]) -> Result<(), StoreError> {
    use std::fmt::Write as _;
    // The hexadecimal of "raw:" and the key; the cipher is named, so that a library with another default still opens old files.
    let mut pragma = Zeroizing::new(String::with_capacity(128));
    pragma.push_str("PRAGMA cipher = 'chacha20'; PRAGMA hexkey = '7261773a");
    for byte in key {
        write!(pragma, "{byte:02x}").expect("writing to a string does not fail");
    }
    pragma.push('\'');
    connection.execute_batch(&pragma).map_err(during(OPENING))
}

/// Reads the header. The first read of the file: a wrong key or a foreign file shows here.
fn identify(connection: &Connection) -> Result<Identity, StoreError> {
    let number = |statement: &str| -> Result<i64, StoreError> {
        connection
            .query_row(statement, [], |row| row.get(0))
            .map_err(during(OPENING))
    };
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    if application == i64::from(APPLICATION_ID) {
        return match u32::try_from(version) {
            Ok(SCHEMA_VERSION) => Ok(Identity::Ours),
            Ok(found) if found > SCHEMA_VERSION => Err(StoreError::NewerSchema {
                found,
                known: SCHEMA_VERSION,
            }),
            Ok(found) if schema::migration(found).is_some() => Ok(Identity::Earlier(found)),
            Ok(_) | Err(_) => Err(StoreError::WrongKey),
        };
    }
    let untouched =
        application == 0 && version == 0 && number("SELECT count(*) FROM sqlite_schema")? == 0;
    if untouched {
        Ok(Identity::Empty)
    } else {
        Err(StoreError::WrongKey)
    }
}

/// Makes the database, and gives the connection up.
///
/// It holds the file for itself until it closes, so that another opener waits and then meets a whole database in WAL mode. Without that
/// two openers would change the mode of one file at one time, which SQLite refuses to one of them at once, however long it may wait.
/// The lock is kept from within the transaction: asked for before it, two openers would each keep the other from the file.
fn make(connection: Connection) -> Result<(), StoreError> {
    connection
        .execute_batch(&format!(
            "PRAGMA page_size = {PAGE_BYTES};
             BEGIN EXCLUSIVE;
             PRAGMA locking_mode = EXCLUSIVE;"
        ))
        .map_err(during(CREATING))?;
    // Another opener may have been faster.
    if let Identity::Empty = identify(&connection)? {
        connection
            .execute_batch(&schema::creation())
            .map_err(during(CREATING))?;
    }
    connection
        .execute_batch("COMMIT")
        .map_err(during(CREATING))?;
    enter_wal(&connection)?;
    connection
        .close()
        .map_err(|(_, error)| during(CREATING)(error))
}

/// Brings a database of an earlier schema up to date, in one transaction: a crash leaves the earlier schema, and the next opening begins anew.
fn migrate(connection: &Connection) -> Result<(), StoreError> {
    connection
        .execute_batch("BEGIN IMMEDIATE")
        .map_err(during(MIGRATING))?;
    // Another opener may have been faster.
    let migrated = match identify(connection) {
        Ok(Identity::Earlier(found)) => {
            let statements = schema::migration(found).unwrap_or_default();
            connection
                .execute_batch(&format!("{statements} COMMIT"))
                .map_err(during(MIGRATING))
        }
        Ok(Identity::Ours | Identity::Empty) => connection
            .execute_batch("COMMIT")
            .map_err(during(MIGRATING)),
        Err(error) => Err(error),
    };
    if migrated.is_err() && !connection.is_autocommit() {
        connection
            .execute_batch("ROLLBACK")
            .map_err(during(MIGRATING))?;
    }
    migrated
}

/// Puts the file into WAL mode, which it keeps.
fn enter_wal(connection: &Connection) -> Result<(), StoreError> {
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(during(OPENING))?;
    if mode == "wal" {
        Ok(())
    } else {
        Err(Refusal::NoWal { mode }.during(OPENING))
    }
}

#[cfg(test)]
mod tests;
