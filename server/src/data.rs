//! The hub's data folder: where the database lies and how it is opened.

use std::path::{Path, PathBuf};

use sync_core::store::StoreError;
use sync_store_sqlite::{OpenOptions, SqliteStore};

/// File name of the database.
pub const DATABASE: &str = "carnet.db";
/// Snapshots that may be read at once; a page of a first sync holds one for some milliseconds.
const READERS: usize = 8;
/// Page cache of each connection, KiB: enough for the upper levels of every table at 100,000 customers.
const CACHE_KIB: u32 = 4_096;
/// Page cache of the connection that writes, KiB: an edit moves the customer's entries all over the search index.
const WRITER_CACHE_KIB: u32 = 32_768;

/// Snapshots of an admin command.
const WORK_READERS: usize = 2;
/// Page cache of an admin command's connections, KiB: an import of 100,000 customers writes to random places of every table.
const WORK_CACHE_KIB: u32 = 65_536;

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
    /// The database can't be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes the folder, readable by its owner alone, unless it is there.
///
/// # Errors
/// [`DataError::Folder`].
pub fn make_folder(folder: &Path) -> Result<(), DataError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|source| DataError::Folder {
        folder: folder.to_owned(),
        source,
    })
}

/// Opens the database of a folder; makes both when `create` is set.
///
/// # Errors
/// [`DataError`] says what to do.
pub fn open_store(folder: &Path, create: bool) -> Result<SqliteStore, DataError> {
    open(folder, create, (READERS, CACHE_KIB, WRITER_CACHE_KIB))
}

/// Opens the database of a folder for one long piece of work: few read, and more of it is kept in memory.
///
/// # Errors
/// As [`open_store`].
pub fn open_for_work(folder: &Path) -> Result<SqliteStore, DataError> {
    open(
        folder,
        false,
        (WORK_READERS, WORK_CACHE_KIB, WORK_CACHE_KIB),
    )
}

fn open(
    folder: &Path,
    create: bool,
    (readers, cache_kib, writer_cache_kib): (usize, u32, u32),
) -> Result<SqliteStore, DataError> {
    let path = folder.join(DATABASE);
    if create {
        make_folder(folder)?;
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
        ..OpenOptions::default()
    };
    Ok(SqliteStore::open(&path, &options)?)
}
