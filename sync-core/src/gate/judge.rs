//! The verdict on one change from its bytes, its envelope and the history: V5 to V8, V11 and V12. Automerge has not seen it yet.
//!
//! A flat change is a list of writes; each is the deletes of what it replaces, then its put. That order is part of the shape.

use std::collections::{BTreeMap, BTreeSet};

use super::Rules;
use super::causality::{Causality, Concurrent, as_u64};
use super::chunk::{ChangeHeader, Chunk, Does, Op};
use super::error::{BindingFault, GateError, Holding, ShapeFault};
use crate::card::{Entry, FieldPath, FieldWrite, Key, SCHEMA_VERSION, schema};
use crate::envelope::{Envelope, EnvelopeKind};
use crate::ids::{ActorId, EditId};
use crate::limits;

/// A change found good, with what is needed to take it in.
#[derive(Debug)]
pub(super) struct Judged<'a> {
    pub(super) header: ChangeHeader,
    pub(super) writes: Vec<FieldWrite>,
    /// `None` when the document holds the change already.
    pub(super) place: Option<Place<'a>>,
}

/// Where a new change goes.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) parents: Vec<u32>,
    pub(super) ops: Vec<Op<'a>>,
}

/// Judges one change against a history that holds everything admitted before it.
pub(super) fn judge<'a>(
    causality: &Causality,
    envelope: &Envelope,
    chunk: Chunk<'a>,
    rules: &Rules<'_>,
) -> Result<Judged<'a>, GateError> {
    check_binding(envelope, &chunk.header, rules)?;
    let ops = chunk.ops()?;
    let writes = read_writes(&ops, envelope, rules)?;
    let header = chunk.header;
    if causality.has(header.hash) {
        return Ok(Judged {
            header,
            writes,
            place: None,
        });
    }
    let parents = causality.parents(&header)?;
    let concurrent = causality.concurrent(&parents);
    check_sequence(causality, &header, &concurrent)?;
    check_counters(causality, &header, &parents)?;
    check_history(causality, &header, &ops, &concurrent)?;
    check_room(causality, &header, &ops)?;
    check_permission(&writes, envelope, rules)?;
    Ok(Judged {
        header,
        writes,
        place: Some(Place { parents, ops }),
    })
}

/// V5: the change is the one the envelope speaks of, for the document at hand.
fn check_binding(
    envelope: &Envelope,
    header: &ChangeHeader,
    rules: &Rules<'_>,
) -> Result<(), GateError> {
    let fault = if envelope.document() != rules.document {
        BindingFault::Document
    } else if envelope.epoch != rules.epoch {
        BindingFault::Epoch
    } else if envelope.change != header.hash {
        BindingFault::Change
    } else if header.actor == ActorId([0; 16]) {
        BindingFault::Nobody
    } else if envelope.actor() != header.actor {
        BindingFault::Actor
    } else {
        return Ok(());
    };
    Err(GateError::Binding(fault))
}

/// V6: the actor's changes are one chain without gaps or forks.
fn check_sequence(
    causality: &Causality,
    header: &ChangeHeader,
    concurrent: &Concurrent,
) -> Result<(), GateError> {
    let last = causality.last_of(header.actor);
    let expected = last.map_or(1, |last| last.seq.saturating_add(1));
    let saw_own = last.is_none_or(|last| concurrent.saw(last.node));
    if header.seq == expected && saw_own {
        return Ok(());
    }
    Err(GateError::Sequence {
        expected,
        found: header.seq,
        saw_own,
    })
}

/// V8: counters follow from the dependencies, and leave room.
fn check_counters(
    causality: &Causality,
    header: &ChangeHeader,
    parents: &[u32],
) -> Result<(), GateError> {
    let expected = causality.next_counter(parents);
    if header.start_op != expected {
        return Err(GateError::Counter {
            expected,
            found: header.start_op,
        });
    }
    let max_op = header.max_op();
    if max_op >= limits::MAX_OP_MAX {
        return Err(GateError::CounterRoom { max_op });
    }
    Ok(())
}

/// V11, what the bytes and the envelope alone decide.
fn read_writes(
    ops: &[Op<'_>],
    envelope: &Envelope,
    rules: &Rules<'_>,
) -> Result<Vec<FieldWrite>, GateError> {
    let edits: BTreeSet<&EditId> = envelope.edits.iter().collect();
    let mut written = BTreeSet::new();
    let mut writes = Vec::new();
    let mut deletes: Vec<Key> = Vec::new();
    for (op, at) in ops.iter().zip(0..) {
        let shape = |fault| GateError::Shape { op: at, fault };
        let key = Key::parse(op.key).ok_or_else(|| shape(ShapeFault::Key))?;
        match op.does {
            Does::Delete { .. } => deletes.push(key),
            Does::Put(_) if !edits.contains(&key.edit) => {
                return Err(shape(ShapeFault::ForeignEdit));
            }
            Does::Put(value) => {
                let entry = read_entry(&key, value, envelope, rules).map_err(shape)?;
                let replaces = replaced(&key.path, &mut deletes, rules).map_err(shape)?;
                written.insert(key.edit);
                writes.push(FieldWrite {
                    path: key.path,
                    edit: key.edit,
                    entry,
                    replaces,
                });
            }
        }
    }
    if writes.is_empty() || !deletes.is_empty() {
        return Err(GateError::Shape {
            op: ops.len(),
            fault: ShapeFault::Nothing,
        });
    }
    // Whoever could claim edits that are not in the change could take their ids from those who make them, and fill the index.
    let is_claimed_twice = edits.len() != envelope.edits.len();
    if envelope.kind == EnvelopeKind::Device && (is_claimed_twice || written.len() != edits.len()) {
        return Err(GateError::Shape {
            op: ops.len(),
            fault: ShapeFault::IdleEdit,
        });
    }
    Ok(writes)
}

/// The entry that is put at a key.
fn read_entry(
    key: &Key,
    value: &[u8],
    envelope: &Envelope,
    rules: &Rules<'_>,
) -> Result<Entry, ShapeFault> {
    let entry = Entry::from_bytes(value).ok_or(ShapeFault::Entry)?;
    let by_another =
        entry.provenance.by != envelope.associate || entry.provenance.device != envelope.device;
    // A base holds the work of many, and the hub's signature stands for all of it.
    if by_another && envelope.kind != EnvelopeKind::Base {
        return Err(ShapeFault::ForeignAuthor);
    }
    if envelope.schema <= SCHEMA_VERSION {
        // A change says a schema that knows its fields, so that an app of that schema, which looks, does not refuse what others accept.
        let rule = schema::rule(&key.path.entity, &key.path.field);
        if let Some(rule) = rule.filter(|rule| rule.since > envelope.schema) {
            let (path, says) = (&key.path, envelope.schema);
            let fault = format!(
                "{path} came with schema {}, the change says {says}",
                rule.since
            );
            return Err(ShapeFault::Schema(fault));
        }
        if !entry.seen.is_empty() && !(rules.is_log)(&key.path) {
            return Err(ShapeFault::Seen);
        }
        (rules.schema)(envelope.facet, &key.path, &entry).map_err(ShapeFault::Schema)?;
    }
    Ok(entry)
}

/// The edits whose keys the deletes in front of a put take away.
fn replaced(
    path: &FieldPath,
    deletes: &mut Vec<Key>,
    rules: &Rules<'_>,
) -> Result<Vec<EditId>, ShapeFault> {
    if deletes.iter().any(|key| key.path != *path) {
        return Err(ShapeFault::StrayDelete);
    }
    if !deletes.is_empty() && (rules.is_log)(path) {
        return Err(ShapeFault::LogDelete);
    }
    Ok(deletes.drain(..).map(|key| key.edit).collect())
}

/// V11, what the history decides: puts at keys that were never written, deletes of what was seen and still stood.
fn check_history(
    causality: &Causality,
    header: &ChangeHeader,
    ops: &[Op<'_>],
    concurrent: &Concurrent,
) -> Result<(), GateError> {
    let mut own = BTreeMap::new();
    for ((op, counter), at) in ops.iter().zip(header.start_op..).zip(0..) {
        let shape = |fault| Err(GateError::Shape { op: at, fault });
        match op.does {
            Does::Put(_) => {
                if causality.written(op.key).is_some() || own.insert(op.key, counter).is_some() {
                    return shape(ShapeFault::NotFresh);
                }
            }
            Does::Delete { actor, counter } => {
                let stands_here = actor == header.actor && own.get(op.key) == Some(&counter);
                if stands_here {
                    own.insert(op.key, 0);
                } else if !stood(causality, op.key, (actor, counter), concurrent)
                    || own.insert(op.key, 0).is_some()
                {
                    return shape(ShapeFault::UnseenDelete);
                }
            }
        }
    }
    Ok(())
}

/// Whether the key was put by that operation among the ancestors, and none of them deleted it.
fn stood(
    causality: &Causality,
    key: &str,
    (actor, counter): (ActorId, u64),
    concurrent: &Concurrent,
) -> bool {
    causality.written(key).is_some_and(|written| {
        written.actor == actor
            && written.counter == counter
            && concurrent.saw(written.node)
            && !written.deleted_by.iter().any(|node| concurrent.saw(*node))
    })
}

/// V11: the bounds of a whole document.
pub(super) fn check_room(
    causality: &Causality,
    header: &ChangeHeader,
    ops: &[Op<'_>],
) -> Result<(), GateError> {
    let (notes, weight) = causality.after(header, ops);
    for (what, count, count_max) in [
        (Holding::Notes, as_u64(notes), limits::NOTES_MAX),
        (Holding::Bytes, weight, limits::DOCUMENT_BYTES_MAX),
    ] {
        if count > as_u64(count_max) {
            return Err(GateError::Full { what, count });
        }
    }
    Ok(())
}

/// V12: the authority's word on each write.
fn check_permission(
    writes: &[FieldWrite],
    envelope: &Envelope,
    rules: &Rules<'_>,
) -> Result<(), GateError> {
    for (write, at) in writes.iter().zip(0..) {
        (rules.permits)(envelope, write)
            .map_err(|reason| GateError::Permission { write: at, reason })?;
    }
    Ok(())
}
