//! The hub's data folder: where the database lies and how it is opened.

use std::path::{Path, PathBuf};

use sync_core::store::StoreError;
use sync_store_sqlite::{OpenOptions, SqliteStore};

/// File name of the database.
pub const DATABASE: &str = "carnet.db";
/// Snapshots that may be read at once; a page of a first sync holds one for some milliseconds.
const READERS: usize = 8;
/// Page cache of each connection that reads, KiB: the upper levels of every table. What it lacks the system keeps in memory once for all of them.
const CACHE_KIB: u32 = 2_048;
/// Page cache of the connection that writes, KiB: an edit moves the customer's entries all over the search index.
const WRITER_CACHE_KIB: u32 = 32_768;
/// Pages of the log that a hub lets stand, 16 MiB: under a push the same pages of the index change in every commit.
const LOG_PAGES: u32 = 2_000;

/// Snapshots of an admin command.
const WORK_READERS: usize = 2;
/// Page cache of an admin command's connections, KiB: an import of 100,000 customers writes to random places of every table.
const WORK_CACHE_KIB: u32 = 65_536;
/// Pages of the log that an admin command lets stand, 512 MiB: an import's batches change the same pages again, and each is brought into
/// the database once for several of them.
const WORK_LOG_PAGES: u32 = 65_536;

/// Why the data folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// It can't be made.
    #[error("can't make the data folder {folder}: choose another with --data")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// There is nothing in it yet.
    #[error("{folder} holds no hub yet: start one with `carnet serve --data {folder}`")]
    Empty {
        /// The folder.
        folder: PathBuf,
    },
    /// Something else has its name.
    #[error("{folder} is a file, not a folder: name a folder with --data")]
    NotAFolder {
        /// What was named.
        folder: PathBuf,
    },
    /// The folder holds other things, among which a hub's files would be scattered.
    #[error("{folder} holds {found:?} and no hub: name an empty or a new folder with --data")]
    Occupied {
        /// The folder.
        folder: PathBuf,
        /// One of the things in it.
        found: String,
    },
    /// The keystore is there without the database that it belongs to.
    #[error(
        "{folder} holds a keystore and no {DATABASE}: restore {DATABASE} from its backup, or name a new folder with --data for a new hub"
    )]
    DatabaseGone {
        /// The folder.
        folder: PathBuf,
    },
    /// The file is another program's, or so damaged that nobody can tell.
    #[error(
        "{path} is not a Carnet database, or its beginning is damaged: restore it from its backup, or name another folder with --data"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error("{path} is damaged ({detail}): restore it from its backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where, and what was found.
        detail: String,
    },
    /// A newer version of Carnet wrote the file.
    #[error(
        "{path} was written by a newer Carnet (schema {found}, this one knows up to {known}): update Carnet"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Schema of the file.
        found: u32,
        /// Newest schema this build knows.
        known: u32,
    },
    /// The database can't be used for another reason.
    #[error("{path} can't be used: {source}")]
    Store {
        /// The file.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
}

impl DataError {
    /// What the store of `folder` reported, for whoever looks after the folder: with the file's name and what to do.
    #[must_use]
    pub fn of(error: StoreError, folder: &Path) -> Self {
        let path = folder.join(DATABASE);
        match error {
            StoreError::WrongKey => Self::Foreign { path },
            StoreError::Corrupt { table, detail } => Self::Damaged {
                path,
                detail: format!("table {table}: {detail}"),
            },
            StoreError::NewerSchema { found, known } => Self::Newer { path, found, known },
            source @ (StoreError::Full { .. }
            | StoreError::Busy { .. }
            | StoreError::Other { .. }) => Self::Store { path, source },
        }
    }
}

/// Makes the folder, readable by its owner alone, unless it is there.
///
/// # Errors
/// [`DataError::Folder`].
pub fn make_folder(folder: &Path) -> Result<(), DataError> {
    if folder.exists() && !folder.is_dir() {
        return Err(DataError::NotAFolder {
            folder: folder.to_owned(),
        });
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|source| DataError::Folder {
        folder: folder.to_owned(),
        source,
    })
}

/// What a folder may hold before a hub's first run: a lock or a log that an interrupted run left, and what a fresh disk brings.
const BEFORE_FIRST_RUN: [&str; 7] = [
    "carnet.sock",
    crate::lock::FILE_NAME,
    "carnet.db-wal",
    "carnet.db-shm",
    "carnet.db-journal",
    "hub.keys.new",
    "lost+found",
];

/// Refuses to begin a hub among the files of somebody else, or beside the keystore of a database that is gone.
fn check_free(folder: &Path) -> Result<(), DataError> {
    if folder.join(DATABASE).exists() {
        return Ok(());
    }
    if folder.join(crate::keys::FILE_NAME).exists() {
        return Err(DataError::DatabaseGone {
            folder: folder.to_owned(),
        });
    }
    let failed = |source| DataError::Folder {
        folder: folder.to_owned(),
        source,
    };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let found = name.to_string_lossy();
        if !BEFORE_FIRST_RUN.contains(&&*found) {
            return Err(DataError::Occupied {
                folder: folder.to_owned(),
                found: found.into_owned(),
            });
        }
    }
    Ok(())
}

/// Opens the database of a folder; makes both when `create` is set.
///
/// # Errors
/// [`DataError`] says what to do.
pub fn open_store(folder: &Path, create: bool) -> Result<SqliteStore, DataError> {
    let caches = (READERS, CACHE_KIB, WRITER_CACHE_KIB);
    open(folder, create, caches, LOG_PAGES)
}

/// Opens the database of a folder for one long piece of work: few read, and more of it is kept in memory.
///
/// # Errors
/// As [`open_store`].
pub fn open_for_work(folder: &Path) -> Result<SqliteStore, DataError> {
    let caches = (WORK_READERS, WORK_CACHE_KIB, WORK_CACHE_KIB);
    open(folder, false, caches, WORK_LOG_PAGES)
}

fn open(
    folder: &Path,
    create: bool,
    (readers, cache_kib, writer_cache_kib): (usize, u32, u32),
    log_pages: u32,
) -> Result<SqliteStore, DataError> {
    let path = folder.join(DATABASE);
    if create {
        make_folder(folder)?;
        check_free(folder)?;
    } else if folder.is_file() {
        return Err(DataError::NotAFolder {
            folder: folder.to_owned(),
        });
    } else if !path.is_file() {
        return Err(DataError::Empty {
            folder: folder.to_owned(),
        });
    }
    let options = OpenOptions {
        create,
        readers,
        cache_kib,
        writer_cache_kib,
        log_pages,
        ..OpenOptions::default()
    };
    SqliteStore::open(&path, &options).map_err(|error| DataError::of(error, folder))
}
