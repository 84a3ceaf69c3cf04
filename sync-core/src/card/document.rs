//! One document: a flat map of write-once keys inside Automerge.
//!
//! # Invariants
//! - Bytes given to [`Document::apply`] have passed the gate; bytes given to [`Document::load`] were saved here or are signed by the hub.
//! - The same set of changes gives the same heads and the same [`Entries`], in whatever order they came.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ROOT, ReadDoc, ScalarValue};

use super::edit::FieldWrite;
use super::entries::Entries;
use super::key::Key;
use super::value::Entry;
use crate::ids::{ActorId, ChangeHash, Timestamp};

/// A raw change and its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Automerge's hash of it.
    pub hash: ChangeHash,
    /// The uncompressed chunk.
    pub bytes: Vec<u8>,
}

/// Bytes that are not what they were said to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not a document that loads.
    #[error("the document's bytes do not load: {0}")]
    Load(String),
    /// Not a change that applies.
    #[error("the change does not apply: {0}")]
    Apply(String),
    /// A key or value that is not of the flat shape.
    #[error("the document holds something that is not a card: {0}")]
    Shape(String),
}

/// One facet of one customer.
#[derive(Debug, Clone)]
pub struct Document(pub(crate) automerge::Automerge);

impl Default for Document {
    fn default() -> Self {
        // Automerge draws a random actor for each new document; one that nobody can have keeps construction repeatable.
        Self(
            automerge::Automerge::new().with_actor(automerge::ActorId::from([0_u8; 16].as_slice())),
        )
    }
}

impl Document {
    /// Reads a saved document.
    ///
    /// # Errors
    /// [`DocumentError::Load`] when the bytes are not one.
    pub fn load(bytes: &[u8]) -> Result<Self, DocumentError> {
        let doc = automerge::Automerge::load(bytes)
            .map_err(|error| DocumentError::Load(error.to_string()))?;
        Ok(Self(doc.with_actor(automerge::ActorId::from(
            [0_u8; 16].as_slice(),
        ))))
    }

    /// The document's bytes, uncompressed, because whatever stores or sends many of them compresses them better together.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        self.0.save_nocompress()
    }

    /// The accepted heads, in ascending order.
    #[must_use]
    pub fn heads(&self) -> Vec<ChangeHash> {
        let mut heads: Vec<_> = self
            .0
            .get_heads()
            .iter()
            .map(|hash| ChangeHash(hash.0))
            .collect();
        heads.sort_unstable();
        heads
    }

    /// Whether the document holds this change.
    #[must_use]
    pub fn has(&self, hash: ChangeHash) -> bool {
        self.0
            .get_change_meta_by_hash(&automerge::ChangeHash(hash.0))
            .is_some()
    }

    /// The changes that a document with these heads lacks, each after what it depends on. Heads that are unknown here count as nothing.
    #[must_use]
    pub fn changes_since(&self, heads: &[ChangeHash]) -> Vec<Change> {
        let known: Vec<_> = heads
            .iter()
            .filter(|hash| self.has(**hash))
            .map(|hash| automerge::ChangeHash(hash.0))
            .collect();
        self.0
            .get_changes(&known)
            .iter()
            .map(|change| Change {
                hash: ChangeHash(change.hash().0),
                bytes: change.raw_bytes().to_vec(),
            })
            .collect()
    }

    /// Reads everything out.
    ///
    /// # Errors
    /// [`DocumentError::Shape`] when something is not of the flat shape, which the gate rules out.
    pub fn entries(&self) -> Result<Entries, DocumentError> {
        let mut entries = Vec::with_capacity(self.0.length(ROOT));
        for item in self.0.map_range(ROOT, ..) {
            let key = Key::parse(&item.key)
                .ok_or_else(|| DocumentError::Shape(format!("key {:?}", item.key)))?;
            let value = item.value.into_value();
            let entry = if let automerge::Value::Scalar(scalar) = &value
                && let ScalarValue::Bytes(bytes) = scalar.as_ref()
            {
                Entry::from_bytes(bytes)
            } else {
                None
            };
            let entry = entry.ok_or_else(|| DocumentError::Shape(format!("value at {key}")))?;
            entries.push((key, entry));
        }
        Ok(entries.into_iter().collect())
    }

    /// Commits writes as one change of `actor`; `None` when every one of them is already there.
    /// The change claims `at` as its time.
    ///
    /// # Panics
    /// Never: puts and deletes of root keys can't fail.
    pub fn commit(
        &mut self,
        actor: ActorId,
        at: Timestamp,
        writes: &[FieldWrite],
    ) -> Option<Change> {
        self.0
            .set_actor(automerge::ActorId::from(actor.0.as_slice()));
        let mut tx = self.0.transaction();
        for write in writes {
            let key = write.path.at(write.edit).to_string();
            if matches!(tx.get(ROOT, key.as_str()), Ok(Some(_))) {
                continue;
            }
            for seen in &write.replaces {
                let seen = write.path.at(*seen).to_string();
                if matches!(tx.get(ROOT, seen.as_str()), Ok(Some(_))) {
                    tx.delete(ROOT, seen).expect("the key was just read");
                }
            }
            tx.put(ROOT, key, ScalarValue::Bytes(write.entry.to_bytes()))
                .expect("the root is a map and a put there can't fail");
        }
        let (hash, _) = tx.commit_with(CommitOptions::default().with_time(at.seconds()));
        let change = self.0.get_change_by_hash(&hash?)?;
        Some(Change {
            hash: ChangeHash(change.hash().0),
            bytes: change.raw_bytes().to_vec(),
        })
    }

    /// Applies changes that the gate has passed.
    ///
    /// # Errors
    /// [`DocumentError::Apply`] when one does not; the document must then be dropped.
    pub fn apply<'a>(
        &mut self,
        changes: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(), DocumentError> {
        let changes = changes
            .into_iter()
            .map(|bytes| automerge::Change::from_bytes(bytes.to_vec()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| DocumentError::Apply(error.to_string()))?;
        self.0
            .apply_changes(changes)
            .map_err(|error| DocumentError::Apply(error.to_string()))
    }
}
