//! One holder at a time of what lies in a folder: the hub's data, or a handheld's book.
//!
//! SQLite lets several processes share a database, so it does not keep them apart; this does.
//! The operating system ends a lock with its process, however that ends, so nothing has to be cleaned up after a crash.
//! The file stays, unless what it guards goes too ([`FileLock::remove`]).

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process, or another part of this one, holds it.
    #[error("it is in use elsewhere")]
    Held,
    /// The file can't be made or locked.
    #[error("the lock file can't be used")]
    Io(#[from] std::io::Error),
}

/// A lock on a file, held until it is dropped.
#[derive(Debug)]
pub struct FileLock {
    path: PathBuf,
    file: File,
}

impl FileLock {
    /// Takes the lock of the file at `path`, which is made when there is none, readable by its owner alone. Does not wait.
    ///
    /// # Errors
    /// [`LockError::Held`] when somebody else holds it, or what the disk reports.
    pub fn take(path: &Path) -> Result<Self, LockError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Held),
            Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
        }
        let path = path.to_path_buf();
        // Whoever held it may have removed it between the two lines above: then this is a lock on a file that nobody else finds.
        if !is_at(&file, &path)? {
            return Err(LockError::Held);
        }
        Ok(Self { path, file })
    }

    /// Removes the file and gives the lock up: what it guarded is gone.
    ///
    /// # Errors
    /// What the disk reports.
    pub fn remove(self) -> Result<(), LockError> {
        std::fs::remove_file(&self.path)?;
        drop(self.file);
        Ok(())
    }
}

/// Whether `file` is what `path` leads to.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let (here, there) = (file.metadata()?, std::fs::metadata(path));
    Ok(there.is_ok_and(|there| (there.dev(), there.ino()) == (here.dev(), here.ino())))
}

/// Elsewhere a file that is open keeps its name.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> std::io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = FileLock::take(&path).unwrap();
        assert!(matches!(FileLock::take(&path), Err(LockError::Held)));
        drop(first);
        FileLock::take(&path).expect("the first holder has gone");
    }

    #[test]
    fn a_lock_that_was_removed_is_taken_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        FileLock::take(&path).unwrap().remove().unwrap();
        assert!(!path.exists());
        let second = FileLock::take(&path).unwrap();
        assert!(matches!(FileLock::take(&path), Err(LockError::Held)));
        drop(second);
    }
}
