//! The gate: what a change must satisfy before Automerge may see it, on the hub and on every handheld alike.
//!
//! [`inspect`] looks at bytes alone; [`admit`] judges a batch for one document against envelopes, history and rules, and applies what is good
//! to a copy; [`check_base`] reads a snapshot that the hub signed. `sync-core/design/gate.md` lists the rules V1 to V14 and where each is.
//!
//! # Invariants
//! - A bad change is refused alone. Changes that do not build on it are judged as if it had not come.
//! - The document given is never changed: what is returned is a copy that was saved, read again and compared.
//! - Bytes of anyone cause no panic, and cost memory in proportion to their length.
//!
//! # What is not here
//! Who vouches for an envelope (signatures, sign-ins, revocation) is checked before, and storing what was admitted comes after.

mod causality;
mod chunk;
mod column;
mod error;
mod judge;
mod proof;
mod snapshot;
#[cfg(test)]
mod tests;

pub use causality::Causality;
pub use chunk::ChangeHeader;
pub use error::{BindingFault, FormFault, GateError, Holding, ProofFault, ShapeFault};

use chunk::{Bounds, Chunk};
use judge::{Judged, judge};

use crate::card::{Document, Entries, Entry, Facet, FieldPath, FieldWrite};
use crate::envelope::Envelope;
use crate::ids::{ChangeHash, DocumentId};
use crate::limits;

/// Says whether a facet has such a field with such a value. Its text names the rule and quotes no value.
pub type SchemaCheck<'a> = dyn Fn(Facet, &FieldPath, &Entry) -> Result<(), String> + 'a;
/// Says whether entries of a field are kept for ever.
pub type LogCheck<'a> = dyn Fn(&FieldPath) -> bool + 'a;
/// Says whether the envelope's author may make a write. Its text names the rule and quotes no value.
pub type PermissionCheck<'a> = dyn Fn(&Envelope, &FieldWrite) -> Result<(), String> + 'a;

/// What the gate asks of those who know the document, the schema and the people.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The document that the batch is for.
    pub document: DocumentId,
    /// Its present epoch.
    pub epoch: u32,
    /// Whether a facet has such a field with such a value. Not asked about envelopes of a newer schema.
    pub schema: &'a SchemaCheck<'a>,
    /// Whether a field is a log.
    pub is_log: &'a LogCheck<'a>,
    /// V12, asked for each write of a new change. Where another authority has decided already, it permits everything.
    pub permits: &'a PermissionCheck<'a>,
}

impl std::fmt::Debug for Rules<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rules")
            .field("document", &self.document)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

/// A change with the envelope it came in.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// Who vouches for it, already checked.
    pub envelope: &'a Envelope,
    /// The raw bytes, unchecked.
    pub bytes: &'a [u8],
}

/// A change that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// What it says about itself. Its claimed time is only that: beyond [`limits::CLAIMED_TIME_WINDOW_MS`] the caller counts receipt time (V9).
    pub header: ChangeHeader,
    /// What it writes, in order, for read models to fold.
    pub writes: Vec<FieldWrite>,
    /// False when the document held it already: nothing was done.
    pub is_new: bool,
}

/// What became of a batch.
#[derive(Debug)]
pub struct Admission {
    /// The document with every admitted change.
    pub document: Document,
    /// The history with every admitted change.
    pub causality: Causality,
    /// What the document then holds.
    pub entries: Entries,
    /// The bytes that the document was saved as and read back from; `None` when no change was new.
    pub saved: Option<Vec<u8>>,
    /// One outcome for each change of the batch, in its order.
    pub outcomes: Vec<Result<Admitted, GateError>>,
}

/// Reads a change's header: V1 to V4, from bytes alone, without expanding anything.
///
/// # Errors
/// The [`GateError`] of the first rule broken.
pub fn inspect(bytes: &[u8]) -> Result<ChangeHeader, GateError> {
    Chunk::read(bytes, Bounds::RECEIVED).map(|chunk| chunk.header)
}

/// Takes in a change that this replica itself has just committed: the bounds hold for it as for any other.
///
/// On an error the history is half changed, and must be dropped with the document.
///
/// # Errors
/// [`GateError::Size`], [`GateError::Ops`] or [`GateError::Full`] when it is too much; anything else is a bug of the writer.
pub fn take_own(causality: &mut Causality, bytes: &[u8]) -> Result<(), GateError> {
    let chunk = Chunk::read(bytes, Bounds::RECEIVED)?;
    let ops = chunk.ops()?;
    let parents = causality.parents(&chunk.header)?;
    judge::check_room(causality, &chunk.header, &ops)?;
    causality.take_in(&chunk.header, &parents, &ops)
}

/// What proves a set of changes on a copy; tests put others in its place.
type Prove<'a> =
    dyn Fn(&Document, &[&[u8]], &proof::Expected<'_>) -> Result<proof::Proven, ProofFault> + 'a;

/// Judges a batch for one document, in order, and applies what is good to a copy of it.
///
/// `causality` is that of `document` ([`Causality::of`], or that of the last admission).
/// A change may build on earlier ones of the batch; when one of those is refused it is [`GateError::Unmet`] and may come again.
///
/// # Errors
/// [`GateError::Shape`] when `document` itself is not a flat card. What is wrong with a change is in [`Admission::outcomes`].
pub fn admit(
    document: &Document,
    causality: &Causality,
    incoming: &[Incoming<'_>],
    rules: &Rules<'_>,
) -> Result<Admission, GateError> {
    admit_with(document, causality, incoming, rules, &proof::prove)
}

fn admit_with(
    document: &Document,
    causality: &Causality,
    incoming: &[Incoming<'_>],
    rules: &Rules<'_>,
    prove: &Prove<'_>,
) -> Result<Admission, GateError> {
    let entries = document.entries().ok().ok_or(GateError::Shape {
        op: 0,
        fault: ShapeFault::Entry,
    })?;
    let mut admission = Admission {
        document: document.clone(),
        causality: causality.clone(),
        entries,
        saved: None,
        outcomes: Vec::with_capacity(incoming.len()),
    };
    admission.settle(incoming, rules, prove);
    Ok(admission)
}

impl Admission {
    /// Settles a part of the batch as a whole, or by halves when the whole does not prove: so one bad change is found in a few steps.
    fn settle(&mut self, incoming: &[Incoming<'_>], rules: &Rules<'_>, prove: &Prove<'_>) {
        let attempt = Attempt::make(self, incoming, rules);
        let fault = match attempt.prove(self, prove) {
            Ok(()) => return,
            Err(fault) => fault,
        };
        let (left, right) = incoming.split_at(incoming.len() / 2);
        if left.is_empty() {
            self.outcomes.push(Err(GateError::Proof(fault)));
            return;
        }
        self.settle(left, rules, prove);
        self.settle(right, rules, prove);
    }
}

/// A part of a batch, judged but not yet proven.
struct Attempt<'a> {
    causality: Causality,
    entries: Entries,
    changes: Vec<&'a [u8]>,
    outcomes: Vec<Result<Admitted, GateError>>,
}

impl<'a> Attempt<'a> {
    fn make(settled: &Admission, incoming: &[Incoming<'a>], rules: &Rules<'_>) -> Self {
        let mut attempt = Self {
            causality: settled.causality.clone(),
            entries: settled.entries.clone(),
            changes: Vec::new(),
            outcomes: Vec::with_capacity(incoming.len()),
        };
        for one in incoming {
            let outcome = attempt.take(one, rules);
            attempt.outcomes.push(outcome);
        }
        attempt
    }

    fn take(&mut self, one: &Incoming<'a>, rules: &Rules<'_>) -> Result<Admitted, GateError> {
        let chunk = Chunk::read(one.bytes, Bounds::RECEIVED)?;
        let Judged {
            header,
            writes,
            place,
        } = judge(&self.causality, one.envelope, chunk, rules)?;
        if let Some(place) = &place {
            self.causality
                .take_in(&header, &place.parents, &place.ops)
                .expect("fresh keys and known deletes were checked");
            self.entries.write(&writes);
            self.changes.push(one.bytes);
        }
        Ok(Admitted {
            header,
            writes,
            is_new: place.is_some(),
        })
    }

    /// Proves the attempt on a copy and moves what it admitted into `settled`.
    fn prove(self, settled: &mut Admission, prove: &Prove<'_>) -> Result<(), ProofFault> {
        if !self.changes.is_empty() {
            let expected = proof::Expected {
                heads: self.causality.heads(),
                entries: &self.entries,
            };
            let proven = prove(&settled.document, &self.changes, &expected)?;
            settled.document = proven.document;
            settled.saved = Some(proven.saved);
        }
        settled.causality = self.causality;
        settled.entries = self.entries;
        settled.outcomes.extend(self.outcomes);
        Ok(())
    }
}

/// Reads a document that the hub signed, once its signature was verified.
///
/// # Errors
/// [`GateError`] when it is too large, not one whole document, has other heads than were signed or holds anything but flat entries.
pub fn check_base(bytes: &[u8], expected_heads: &[ChangeHash]) -> Result<Document, GateError> {
    chunk::open(bytes, chunk::KIND_DOCUMENT, limits::DOCUMENT_BYTES_MAX)?;
    let mut heads = expected_heads.to_vec();
    heads.sort_unstable();
    let document = proof::quietly(|| {
        let document = Document::load(bytes).ok().ok_or(ProofFault::Load)?;
        if document.heads() != heads {
            return Err(ProofFault::Heads);
        }
        document.entries().ok().ok_or(ProofFault::Entries)?;
        Ok(document)
    });
    document.map_err(GateError::Proof)
}
