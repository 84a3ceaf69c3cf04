//! One process for one data folder: who writes holds the lock file.
//!
//! The lock itself is the store's; what it means for a hub is said here.

use std::path::{Path, PathBuf};

use sync_store_sqlite::lock::{self, FileLock};

/// File name of the lock.
pub const FILE_NAME: &str = "carnet.lock";

/// Why the folder can't be written to now.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("a hub is running on {folder}: use its REST API, or stop it first")]
    Held {
        /// The folder.
        folder: PathBuf,
    },
    /// The lock file can't be used.
    #[error("can't lock {path}: check who owns the data folder")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
}

/// The lock of a data folder, held until it is dropped.
#[derive(Debug)]
pub struct FolderLock {
    _file: FileLock,
}

impl FolderLock {
    /// Takes the lock of `folder`, which must exist. Does not wait.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process, or another part of this one, holds it.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(FILE_NAME);
        match FileLock::take(&path) {
            Ok(file) => Ok(Self { _file: file }),
            Err(lock::LockError::Held) => Err(LockError::Held {
                folder: folder.to_owned(),
            }),
            Err(lock::LockError::Io(source)) => Err(LockError::Io { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::take(folder.path()).unwrap();
        let second = FolderLock::take(folder.path()).unwrap_err();
        assert!(matches!(second, LockError::Held { .. }));
        assert!(second.to_string().contains("a hub is running on"));
        drop(first);
        FolderLock::take(folder.path()).expect("the first holder has gone");
    }

    #[test]
    fn a_folder_that_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("nowhere");
        let error = FolderLock::take(&missing).unwrap_err();
        assert!(error.to_string().contains("nowhere"), "{error}");
    }
}
