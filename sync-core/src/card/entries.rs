//! The readable content of documents: every key present, with what stands there.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Facet;
use super::edit::FieldWrite;
use super::gone::Gone;
use super::key::{FieldPath, Key};
use super::value::{Entry, Value};
use crate::ids::{AssociateId, EditId};

/// The readable content of a document: every key present, with what stands there.
///
/// Cloning shares it; whoever writes to a shared one writes to a copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entries(Arc<BTreeMap<Key, Entry>>);

impl Entries {
    /// All keys in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Key, &Entry)> {
        self.0.iter()
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What stands at `key`.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Entry> {
        self.0.get(key)
    }

    /// Whether anything stands of a kind of entity: one look, however long the card is.
    #[must_use]
    pub fn has(&self, entity: &str) -> bool {
        let first = FieldPath::new(entity, "", "").at(EditId([0; 10]));
        let next = self.0.range(first..).next();
        next.is_some_and(|(key, _)| key.path.entity == entity)
    }

    /// The heads of a field, in order of edit id.
    pub fn heads<'a>(&'a self, path: &FieldPath) -> impl Iterator<Item = (&'a Key, &'a Entry)> {
        let first = path.at(EditId([0; 10]));
        let last = path.at(EditId([255; 10]));
        self.0.range(first..=last)
    }

    /// The writes with which a new epoch begins from these entries: every head under its own edit, conflicts included.
    ///
    /// The text of redacted notes is left behind, also where somebody wrote it who had not seen the redaction:
    /// whoever keeps only this base keeps no byte of it. Where the note was moved, [`Entries::left_behind`] has what is not to be lost.
    #[must_use]
    pub fn base(&self) -> Vec<FieldWrite> {
        self.iter()
            .filter(|(key, entry)| !(self.is_redacted(&key.path) && entry.value != Value::Null))
            .map(|(key, entry)| FieldWrite {
                path: key.path.clone(),
                edit: key.edit,
                entry: entry.clone(),
                replaces: Vec::new(),
            })
            .collect()
    }

    /// What people wrote on notes that were moved without their having seen it, by author: what [`Entries::base`] leaves behind.
    ///
    /// These writes belong in each author's private part when an epoch begins, under the edits they have: there the author keeps their words,
    /// and nobody else holds a byte of them.
    #[must_use]
    pub fn left_behind(&self) -> BTreeMap<AssociateId, Vec<FieldWrite>> {
        let mut left: BTreeMap<AssociateId, Vec<FieldWrite>> = BTreeMap::new();
        let bodies = self.iter().filter(|(key, entry)| {
            let is_body = key.path.entity == "note" && key.path.field == "body";
            is_body && entry.value != Value::Null
        });
        for (key, entry) in bodies {
            if let Some(Gone::Moved(_)) = self.gone(&key.path.id) {
                let author = left.entry(entry.provenance.by).or_default();
                author.push(FieldWrite {
                    path: key.path.clone(),
                    edit: key.edit,
                    entry: entry.clone(),
                    replaces: Vec::new(),
                });
            }
        }
        left
    }

    fn gone(&self, note: &str) -> Option<Gone> {
        let flag = FieldPath::new("note", note, "redacted");
        Gone::of(self.heads(&flag).map(|(_, entry)| &entry.value))
    }

    /// Whether a field holds words of a note that were removed for good.
    #[must_use]
    pub fn is_redacted(&self, path: &FieldPath) -> bool {
        let is_text = path.entity == "note" && matches!(path.field.as_str(), "body" | "title");
        is_text && self.gone(&path.id).is_some()
    }

    /// What one associate wrote.
    #[must_use]
    pub fn written_by(&self, associate: AssociateId) -> Self {
        self.iter()
            .filter(|(_, entry)| entry.provenance.by == associate)
            .map(|(key, entry)| (key.clone(), entry.clone()))
            .collect()
    }

    /// Does to the map what committing `writes` does to a document: a write whose key is there already was done before and does nothing.
    pub fn write(&mut self, writes: &[FieldWrite]) {
        let entries = Arc::make_mut(&mut self.0);
        for write in writes {
            let key = write.path.at(write.edit);
            if entries.contains_key(&key) {
                continue;
            }
            for seen in &write.replaces {
                entries.remove(&write.path.at(*seen));
            }
            entries.insert(key, write.entry.clone());
        }
    }
}

impl FromIterator<(Key, Entry)> for Entries {
    fn from_iter<I: IntoIterator<Item = (Key, Entry)>>(entries: I) -> Self {
        Self(Arc::new(entries.into_iter().collect()))
    }
}

/// What one reader sees of one customer: the facets that are there for them, accepted work and what is pending laid over it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visible(BTreeMap<Facet, Entries>);

impl Visible {
    /// A facet's content; none when the reader does not have it.
    #[must_use]
    pub fn get(&self, facet: &Facet) -> Option<&Entries> {
        self.0.get(facet)
    }

    /// The heads of a field, in order of edit id.
    pub fn heads<'a>(
        &'a self,
        facet: &Facet,
        path: &FieldPath,
    ) -> impl Iterator<Item = (&'a Key, &'a Entry)> {
        self.get(facet)
            .into_iter()
            .flat_map(move |entries| entries.heads(path))
    }

    /// The facets in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Facet, &Entries)> {
        self.0.iter()
    }

    /// Puts a facet's content in place of what was there.
    pub fn insert(&mut self, facet: Facet, entries: Entries) {
        self.0.insert(facet, entries);
    }

    /// A facet's content to write to, empty if it was not there.
    pub fn facet_mut(&mut self, facet: Facet) -> &mut Entries {
        self.0.entry(facet).or_default()
    }

    /// Does what committing the plan does, to every facet it touches.
    pub fn write(&mut self, plan: &super::edit::Plan) {
        for (facet, writes) in &plan.writes {
            self.facet_mut(*facet).write(writes);
        }
    }
}

impl FromIterator<(Facet, Entries)> for Visible {
    fn from_iter<I: IntoIterator<Item = (Facet, Entries)>>(facets: I) -> Self {
        Self(facets.into_iter().collect())
    }
}
