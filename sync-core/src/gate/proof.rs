//! V13: on a copy, that what the operations say is what the document then holds, now and after it was saved and read again.
//!
//! # Why
//! The rules before this one leave no known way to hurt Automerge. This is the net for the unknown ones: a copy is thrown away whole when anything is off.
//!
//! # Failure
//! A panic of the library is caught and the copy dropped. What can't be caught (an abort, an allocation beyond memory) ends the process; the rules before keep inputs small.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::ProofFault;
use crate::card::{Document, Entries};
use crate::ids::ChangeHash;
use crate::limits;

/// What a document with the changes applied has to be.
#[derive(Debug)]
pub(super) struct Expected<'a> {
    pub(super) heads: Vec<ChangeHash>,
    pub(super) entries: &'a Entries,
}

/// A document that was read back from the bytes it was saved as.
#[derive(Debug)]
pub(super) struct Proven {
    pub(super) document: Document,
    pub(super) saved: Vec<u8>,
}

/// Applies `changes` to a copy of `document` and proves the result.
pub(super) fn prove(
    document: &Document,
    changes: &[&[u8]],
    expected: &Expected<'_>,
) -> Result<Proven, ProofFault> {
    quietly(|| {
        let mut copy = document.clone();
        copy.apply(changes.iter().copied())
            .ok()
            .ok_or(ProofFault::Apply)?;
        if copy.heads() != expected.heads {
            return Err(ProofFault::Heads);
        }
        let saved = copy.save();
        if saved.len() > limits::DOCUMENT_BYTES_MAX {
            return Err(ProofFault::Size);
        }
        let document = Document::load(&saved).ok().ok_or(ProofFault::Load)?;
        if document.heads() != expected.heads {
            return Err(ProofFault::Heads);
        }
        if document.entries().as_ref() != Ok(expected.entries) {
            return Err(ProofFault::Entries);
        }
        Ok(Proven { document, saved })
    })
}

/// Runs what calls the library; a panic inside is a fault like others.
pub(super) fn quietly<T>(run: impl FnOnce() -> Result<T, ProofFault>) -> Result<T, ProofFault> {
    // Nothing that the closure touched is used after a panic: it works on a copy.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(ProofFault::Panic))
}
