//! Wiping a book: keys first, then files.

use std::sync::PoisonError;

use super::Book;
use crate::BookError;
use crate::error::guarded;

/// What a wipe took along.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct WipeReport {
    /// Edits that the hub had not stored.
    pub pending_lost: u64,
    /// Refused edits that nobody had dealt with.
    pub refused_lost: u64,
    /// Drafts of notes, of everybody who worked with it.
    pub drafts_lost: u64,
}

#[uniffi::export]
impl Book {
    /// Destroys the keys in the book, then its files. Sync first: while an edit waits, this refuses with `edits_waiting`
    /// unless `force` says that the work may be lost; while somebody's draft is kept, so it does with `drafts_kept`. Afterwards every call answers `EnrolAgain`.
    ///
    /// The app then deletes the database's key from its keystore.
    pub fn wipe(&self, force: bool) -> Result<WipeReport, BookError> {
        guarded(|| {
            let (lost, drafts) = self.shelf.destroy(force)?;
            self.network.stop_live();
            let lock = self
                .lock
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            if let Some(lock) = lock {
                lock.remove()?;
            }
            Ok(WipeReport {
                pending_lost: lost.count,
                refused_lost: lost.refused,
                drafts_lost: drafts,
            })
        })
    }
}
