//! What must be true of a world whenever nobody is in the middle of something, and at its end.
//!
//! Everything is computed anew from base, changes and outbox, never from the caches and indexes that are being checked.

mod disk;
mod edits;
mod replica;

use std::fmt;

pub use disk::hub;
pub use edits::{edits, looks, refusal, stored_looks};
pub use replica::{agreement, difference, handheld};

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What should have held, in a few words; shrinking keeps it.
    pub invariant: &'static str,
    /// What was found.
    pub detail: String,
    is_full_disk: bool,
}

impl Violation {
    /// A violation.
    #[must_use]
    pub fn new(invariant: &'static str, detail: String) -> Self {
        Self {
            invariant,
            detail,
            is_full_disk: false,
        }
    }

    /// Storage that failed; a violation unless the disk was made to be full.
    #[must_use]
    pub fn storage(is_full_disk: bool, detail: String) -> Self {
        Self {
            invariant: "storage holds",
            detail,
            is_full_disk,
        }
    }

    /// Whether it is what a full disk is reported as.
    #[must_use]
    pub fn is_full_disk(&self) -> bool {
        self.is_full_disk
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.detail)
    }
}

/// A violation unless `holds`.
fn must(
    holds: bool,
    invariant: &'static str,
    detail: impl FnOnce() -> String,
) -> Result<(), Violation> {
    if holds {
        Ok(())
    } else {
        Err(Violation::new(invariant, detail()))
    }
}
