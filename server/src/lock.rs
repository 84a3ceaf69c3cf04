//! One process for one data folder: who writes holds the lock file.
//!
//! The operating system ends the lock with the process, however it ends, so nothing has to be cleaned up after a crash.
//! The file stays: removing it would let two processes hold locks on two files of one name.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

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
    _file: File,
}

impl FolderLock {
    /// Takes the lock of `folder`, which must exist. Does not wait.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process, or another part of this one, holds it.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(FILE_NAME);
        let file = open(&path).map_err(|source| LockError::Io {
            path: path.clone(),
            source,
        })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held {
                folder: folder.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(LockError::Io { path, source }),
        }
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
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
