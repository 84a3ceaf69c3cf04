//! What a document's history says about the next change: sequence numbers, counters, ancestors and keys.
//!
//! Built once from a document and kept up to date with every admitted change; clones share their parts, so trying a batch on a copy is cheap.
//!
//! # Invariants
//! - It answers the same for the same set of changes, in whatever order they came (numbers of nodes differ, answers do not).
//! - A node's parents have smaller numbers than it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use imbl::{OrdMap, OrdSet, Vector};

use super::chunk::{ChangeHeader, Does, Op};
use super::error::{FormFault, GateError, ShapeFault};
use super::snapshot::{SavedPut, read_puts};
use crate::card::{Document, Key};
use crate::ids::{ActorId, ChangeHash, Timestamp};

/// Bytes that a put costs in a saved document beside its key and value: counters, actor, lengths.
const PUT_WEIGHT: u64 = 24;
/// Bytes that a delete costs.
const DELETE_WEIGHT: u64 = 12;
/// Bytes that a change costs: a head's hash, a time and half a dozen small numbers.
const CHANGE_WEIGHT: u64 = 72;
/// Bytes that a dependency costs.
const DEPENDENCY_WEIGHT: u64 = 4;
/// Bytes that a document costs before it holds anything.
const DOCUMENT_WEIGHT: u64 = 128;
/// Bytes that an actor costs.
const ACTOR_WEIGHT: u64 = 20;
/// The entity whose number is bounded.
const NOTE: &str = "note";

/// The index over a document's changes that the gate answers from.
#[derive(Debug, Clone, Default)]
pub struct Causality {
    nodes: Vector<Node>,
    index: OrdMap<ChangeHash, u32>,
    heads: OrdSet<u32>,
    actors: OrdMap<ActorId, Last>,
    keys: OrdMap<Arc<str>, Written>,
    notes: OrdSet<Arc<str>>,
    weight: u64,
}

#[derive(Debug, Clone)]
struct Node {
    hash: ChangeHash,
    max_op: u64,
    parents: Arc<[u32]>,
}

/// The last change of an actor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last {
    pub(super) seq: u64,
    pub(super) node: u32,
}

/// Where a key was put, and which changes deleted it.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) node: u32,
    pub(super) actor: ActorId,
    pub(super) counter: u64,
    pub(super) deleted_by: Arc<[u32]>,
}

/// The changes that are *not* among the ancestors of some dependencies: few, whatever the length of the history.
#[derive(Debug)]
pub(super) struct Concurrent(Vec<u32>);

impl Concurrent {
    /// Whether the change was seen by whoever had the dependencies.
    pub(super) fn saw(&self, node: u32) -> bool {
        self.0.binary_search(&node).is_err()
    }
}

impl Causality {
    /// Reads the history of a document.
    ///
    /// # Errors
    /// [`GateError`] when something in it is not of the flat shape.
    pub fn of(document: &Document) -> Result<Self, GateError> {
        let mut causality = Self::default();
        let mut changes: BTreeMap<ActorId, Vec<(u64, u32)>> = BTreeMap::new();
        for meta in document.0.get_changes_meta(&[]) {
            let wrong = GateError::Form(FormFault::Actors);
            let header = ChangeHeader {
                hash: ChangeHash(meta.hash.0),
                actor: ActorId::from_slice(meta.actor.to_bytes()).ok_or(wrong)?,
                seq: meta.seq,
                start_op: meta.start_op,
                ops: (meta.max_op + 1).saturating_sub(meta.start_op),
                claimed_at: Timestamp(meta.timestamp.saturating_mul(1_000)),
                deps: meta.deps.iter().map(|hash| ChangeHash(hash.0)).collect(),
            };
            let parents = causality.parents(&header)?;
            let number = causality.add_node(&header, &parents);
            let own = changes.entry(header.actor).or_default();
            own.push((header.max_op(), number));
        }
        let node_of = |(actor, counter): (ActorId, u64)| {
            let own = changes.get(&actor)?;
            let at = own.partition_point(|(max_op, _)| *max_op < counter);
            own.get(at).map(|(_, number)| *number)
        };
        for (put, op) in read_puts(&document.save())?.into_iter().zip(0..) {
            let fault = ShapeFault::UnseenDelete;
            causality
                .add_saved(&put, node_of)
                .ok_or(GateError::Shape { op, fault })?;
        }
        Ok(causality)
    }

    /// Adds a put of a saved document with its deletes; `None` when one of these operations is of no change, or the key was put twice.
    fn add_saved(
        &mut self,
        put: &SavedPut<'_>,
        node_of: impl Fn((ActorId, u64)) -> Option<u32>,
    ) -> Option<()> {
        let (actor, counter) = put.id;
        self.weight += PUT_WEIGHT + as_u64(put.key.len()) + put.value_len;
        self.weight += DELETE_WEIGHT * as_u64(put.deleted_by.len());
        self.put(put.key, (node_of(put.id)?, actor, counter))?;
        let deleted_by: Option<Arc<[u32]>> = put.deleted_by.iter().copied().map(node_of).collect();
        self.keys.get_mut(put.key)?.deleted_by = deleted_by?;
        Some(())
    }

    /// The heads, in ascending order.
    #[must_use]
    pub fn heads(&self) -> Vec<ChangeHash> {
        let mut heads: Vec<_> = self
            .heads
            .iter()
            .filter_map(|head| self.node(*head))
            .map(|node| node.hash)
            .collect();
        heads.sort_unstable();
        heads
    }

    /// Whether the document holds this change.
    #[must_use]
    pub fn has(&self, hash: ChangeHash) -> bool {
        self.index.contains_key(&hash)
    }

    /// How many changes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// An upper bound of the saved document's bytes that does not depend on the order in which changes came, unlike those bytes themselves.
    /// It is what [`crate::limits::DOCUMENT_BYTES_MAX`] bounds.
    #[must_use]
    pub fn weight(&self) -> u64 {
        DOCUMENT_WEIGHT + self.weight
    }

    /// How many notes were ever written.
    #[must_use]
    pub fn notes(&self) -> usize {
        self.notes.len()
    }

    /// Whether this key was ever written, deleted since or not.
    #[must_use]
    pub fn has_written(&self, key: &Key) -> bool {
        self.keys.contains_key(key.to_string().as_str())
    }

    pub(super) fn written(&self, key: &str) -> Option<&Written> {
        self.keys.get(key)
    }

    pub(super) fn last_of(&self, actor: ActorId) -> Option<Last> {
        self.actors.get(&actor).copied()
    }

    fn node(&self, number: u32) -> Option<&Node> {
        self.nodes.get(usize::try_from(number).ok()?)
    }

    /// The numbers of a change's dependencies.
    pub(super) fn parents(&self, header: &ChangeHeader) -> Result<Vec<u32>, GateError> {
        header
            .deps
            .iter()
            .map(|dependency| {
                self.index.get(dependency).copied().ok_or(GateError::Unmet {
                    dependency: *dependency,
                })
            })
            .collect()
    }

    /// The counter that the first operation of a change on these parents has.
    pub(super) fn next_counter(&self, parents: &[u32]) -> u64 {
        let max_op = parents.iter().filter_map(|parent| self.node(*parent));
        max_op.map(|node| node.max_op).max().unwrap_or(0) + 1
    }

    /// The changes that are not ancestors of `parents`.
    ///
    /// Walks down from the heads and the parents together, highest number first, until all that is left to visit is an ancestor:
    /// everything further down then is one too. The cost is that of the concurrent part, not of the history.
    pub(super) fn concurrent(&self, parents: &[u32]) -> Concurrent {
        let mut open: BTreeMap<u32, bool> = BTreeMap::new();
        open.extend(self.heads.iter().map(|head| (*head, false)));
        open.extend(parents.iter().map(|parent| (*parent, true)));
        let mut unseen = open.values().filter(|is_ancestor| !**is_ancestor).count();
        let mut concurrent = Vec::new();
        while unseen > 0 {
            let Some((number, is_ancestor)) = open.pop_last() else {
                break;
            };
            if !is_ancestor {
                unseen -= 1;
                concurrent.push(number);
            }
            for parent in self
                .node(number)
                .iter()
                .flat_map(|node| node.parents.iter())
            {
                let seen = open.entry(*parent).or_insert_with(|| {
                    unseen += 1;
                    false
                });
                if is_ancestor && !*seen {
                    unseen -= 1;
                    *seen = true;
                }
            }
        }
        concurrent.reverse();
        Concurrent(concurrent)
    }

    /// Adds a change that was judged good. On an error it is half added, and must be dropped.
    pub(super) fn take_in(
        &mut self,
        header: &ChangeHeader,
        parents: &[u32],
        ops: &[Op<'_>],
    ) -> Result<(), GateError> {
        let number = self.add_node(header, parents);
        self.weight += weight_of(ops);
        for ((op, counter), at) in ops.iter().zip(header.start_op..).zip(0..) {
            let taken = match op.does {
                Does::Put(_) => self.put(op.key, (number, header.actor, counter)),
                Does::Delete { .. } => self.delete(op.key, number),
            };
            taken.ok_or(GateError::Shape {
                op: at,
                fault: ShapeFault::NotFresh,
            })?;
        }
        Ok(())
    }

    /// Adds a change without its operations.
    fn add_node(&mut self, header: &ChangeHeader, parents: &[u32]) -> u32 {
        let number = u32::try_from(self.nodes.len()).expect("changes of a document fit 32 bits");
        self.weight += self.weight_of_node(header);
        self.nodes.push_back(Node {
            hash: header.hash,
            max_op: header.max_op(),
            parents: parents.into(),
        });
        self.index.insert(header.hash, number);
        for parent in parents {
            self.heads.remove(parent);
        }
        self.heads.insert(number);
        let last = Last {
            seq: header.seq,
            node: number,
        };
        self.actors.insert(header.actor, last);
        number
    }

    fn put(&mut self, key: &str, (node, actor, counter): (u32, ActorId, u64)) -> Option<()> {
        let written = Written {
            node,
            actor,
            counter,
            deleted_by: Arc::default(),
        };
        if let Some(note) = note_of(key) {
            self.notes.insert(note.into());
        }
        self.keys
            .insert(key.into(), written)
            .is_none()
            .then_some(())
    }

    fn delete(&mut self, key: &str, node: u32) -> Option<()> {
        let written = self.keys.get_mut(key)?;
        written.deleted_by = written.deleted_by.iter().copied().chain([node]).collect();
        Some(())
    }

    /// How many notes and bytes there would be with this change.
    pub(super) fn after(&self, header: &ChangeHeader, ops: &[Op<'_>]) -> (usize, u64) {
        let notes = ops.iter().filter_map(|op| note_of(op.key));
        let fresh: BTreeSet<_> = notes.filter(|note| !self.notes.contains(*note)).collect();
        let weight = self.weight() + self.weight_of_node(header) + weight_of(ops);
        (self.notes.len() + fresh.len(), weight)
    }

    /// What a change that is not here yet weighs, without its operations.
    fn weight_of_node(&self, header: &ChangeHeader) -> u64 {
        let is_new_actor = !self.actors.contains_key(&header.actor);
        CHANGE_WEIGHT
            + DEPENDENCY_WEIGHT * as_u64(header.deps.len())
            + ACTOR_WEIGHT * u64::from(is_new_actor)
    }
}

/// What operations weigh.
fn weight_of(ops: &[Op<'_>]) -> u64 {
    let weigh = |op: &Op<'_>| match op.does {
        Does::Put(value) => PUT_WEIGHT + as_u64(op.key.len() + value.len()),
        Does::Delete { .. } => DELETE_WEIGHT,
    };
    ops.iter().map(weigh).sum()
}

/// A length as a count of 64 bits.
pub(super) fn as_u64(len: usize) -> u64 {
    u64::try_from(len).expect("no length is beyond 64 bits")
}

/// The note that a key is about, if it is about one.
fn note_of(key: &str) -> Option<&str> {
    key.strip_prefix(NOTE)?.strip_prefix('/')?.split('/').next()
}

#[cfg(test)]
impl Causality {
    /// All it knows, in words that do not depend on the order in which changes came.
    pub(super) fn told(&self) -> String {
        let hash = |number: &u32| self.node(*number).unwrap().hash;
        let nodes: BTreeMap<_, _> = self
            .nodes
            .iter()
            .map(|node| {
                let parents: BTreeSet<_> = node.parents.iter().map(hash).collect();
                (node.hash, (node.max_op, parents))
            })
            .collect();
        let keys = self.keys.iter().map(|(key, written)| {
            let deleted_by: BTreeSet<_> = written.deleted_by.iter().map(hash).collect();
            (
                key,
                hash(&written.node),
                written.actor,
                written.counter,
                deleted_by,
            )
        });
        let keys: Vec<_> = keys.collect();
        let actors = self
            .actors
            .iter()
            .map(|(actor, last)| (actor, last.seq, hash(&last.node)));
        let actors: Vec<_> = actors.collect();
        let (heads, weight) = (self.heads(), self.weight);
        format!(
            "{nodes:?} {keys:?} {actors:?} {heads:?} {:?} {weight}",
            self.notes
        )
    }
}
