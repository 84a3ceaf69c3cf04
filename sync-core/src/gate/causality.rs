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

use super::chunk::{Bounds, ChangeHeader, Chunk, Does, Op};
use super::error::{GateError, ShapeFault};
use crate::card::{Document, Key};
use crate::ids::{ActorId, ChangeHash};

/// Bytes that a put costs in a saved document beside its key and value: counters, actor, lengths.
const PUT_WEIGHT: u64 = 24;
/// Bytes that a delete costs.
const DELETE_WEIGHT: u64 = 12;
/// Bytes that a change costs.
const CHANGE_WEIGHT: u64 = 56;
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
    /// [`GateError`] when something in it did not come through the gate.
    pub fn of(document: &Document) -> Result<Self, GateError> {
        let mut causality = Self::default();
        for change in document.changes_since(&[]) {
            let chunk = Chunk::read(&change.bytes, Bounds::HELD)?;
            let parents = causality.parents(&chunk.header)?;
            causality.take_in(&chunk.header, &parents, &chunk.ops()?)?;
        }
        Ok(causality)
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
        self.weight
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
        let number = u32::try_from(self.nodes.len()).expect("changes of a document fit 32 bits");
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
        if self.actors.insert(header.actor, last).is_none() {
            self.weight += ACTOR_WEIGHT;
        }
        self.weight += CHANGE_WEIGHT;
        for ((op, counter), at) in ops.iter().zip(header.start_op..).zip(0..) {
            let taken = match op.does {
                Does::Put(value) => self.put(op.key, value, (number, header.actor, counter)),
                Does::Delete { .. } => self.delete(op.key, number),
            };
            taken.ok_or(GateError::Shape {
                op: at,
                fault: ShapeFault::NotFresh,
            })?;
        }
        Ok(())
    }

    fn put(&mut self, key: &str, value: &[u8], by: (u32, ActorId, u64)) -> Option<()> {
        let (node, actor, counter) = by;
        let written = Written {
            node,
            actor,
            counter,
            deleted_by: Arc::default(),
        };
        self.weight += PUT_WEIGHT + u64::try_from(key.len() + value.len()).ok()?;
        if let Some(note) = note_of(key) {
            self.notes.insert(note.into());
        }
        self.keys
            .insert(key.into(), written)
            .is_none()
            .then_some(())
    }

    fn delete(&mut self, key: &str, node: u32) -> Option<()> {
        self.weight += DELETE_WEIGHT;
        let written = self.keys.get_mut(key)?;
        written.deleted_by = written.deleted_by.iter().copied().chain([node]).collect();
        Some(())
    }

    /// How many notes and bytes there would be after these operations of this actor.
    pub(super) fn after(&self, actor: ActorId, ops: &[Op<'_>]) -> (usize, u64) {
        let mut weight = self.weight + CHANGE_WEIGHT;
        if !self.actors.contains_key(&actor) {
            weight += ACTOR_WEIGHT;
        }
        let mut fresh = BTreeSet::new();
        for op in ops {
            weight += match op.does {
                Does::Put(value) => {
                    let bytes = op.key.len() + value.len();
                    PUT_WEIGHT + u64::try_from(bytes).unwrap_or(u64::MAX >> 1)
                }
                Does::Delete { .. } => DELETE_WEIGHT,
            };
            fresh.extend(note_of(op.key).filter(|note| !self.notes.contains(*note)));
        }
        (self.notes.len() + fresh.len(), weight)
    }
}

/// The note that a key is about, if it is about one.
fn note_of(key: &str) -> Option<&str> {
    key.strip_prefix(NOTE)?.strip_prefix('/')?.split('/').next()
}
