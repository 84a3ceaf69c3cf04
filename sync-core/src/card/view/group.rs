//! One pass over the entries of a facet: the heads of each field, the fields of each thing.

use super::{Conflict, Fact, Question, Settlement};
use crate::card::Facet;
use crate::card::entries::Entries;
use crate::card::reduce::{self, Corrections, Head};
use crate::card::terms::Place;
use crate::card::value::Value;
use crate::ids::EditId;

/// The heads of one field.
#[derive(Debug)]
pub(super) struct Field<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Its heads, in order of edit id; at least one.
    pub(super) heads: Vec<Head<'a>>,
}

/// The fields of one thing.
#[derive(Debug)]
pub(super) struct Group<'a> {
    /// Where it is.
    pub(super) facet: &'a Facet,
    /// Its kind.
    pub(super) entity: &'a str,
    /// Which.
    pub(super) id: &'a str,
    /// Its fields, in order of name.
    pub(super) fields: Vec<Field<'a>>,
}

/// Groups entries by thing, in their order.
pub(super) fn groups<'a>(
    facet: &'a Facet,
    entries: &'a Entries,
    corrections: &Corrections,
) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (key, entry) in entries.iter() {
        let path = &key.path;
        let head = Head::new(key.edit, entry, corrections);
        let is_next = groups
            .last()
            .is_none_or(|group| group.entity != path.entity || group.id != path.id);
        if is_next {
            groups.push(Group {
                facet,
                entity: &path.entity,
                id: &path.id,
                fields: Vec::with_capacity(2),
            });
        }
        let Some(group) = groups.last_mut() else {
            continue;
        };
        match group.fields.last_mut() {
            Some(field) if field.name == path.field => field.heads.push(head),
            Some(_) | None => group.fields.push(Field {
                name: &path.field,
                heads: vec![head],
            }),
        }
    }
    groups
}

impl<'a> Group<'a> {
    /// The heads of a field; empty when nobody wrote it.
    pub(super) fn heads(&self, name: &str) -> &[Head<'a>] {
        self.fields
            .iter()
            .find(|field| field.name == name)
            .map_or(&[], |field| field.heads.as_slice())
    }

    /// The field's path as a conflict names it.
    pub(super) fn path(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.entity, self.id)
    }

    /// The edit that made the thing, where its id says so.
    pub(super) fn made_by(&self) -> Option<EditId> {
        self.id.parse().ok()
    }

    /// Every edit behind these fields, without repeats.
    pub(super) fn sources(&self, names: &[&str]) -> Vec<EditId> {
        let mut sources: Vec<EditId> = names
            .iter()
            .flat_map(|name| self.heads(name).iter().map(|head| head.edit))
            .collect();
        sources.sort_unstable();
        sources.dedup();
        sources
    }

    /// A text of which all versions are kept: the displayed one, and a conflict when there are several. Nothing when it is cleared.
    pub(super) fn text(
        &self,
        name: &str,
        question: Question,
        conflicts: &mut Vec<Conflict>,
    ) -> Option<Fact<String>> {
        let heads = self.heads(name);
        let shown = reduce::displayed(heads)?;
        let is_disputed = reduce::differ(heads);
        if is_disputed {
            conflicts.push(self.conflict(name, question, Settlement::Choose));
        }
        let text = shown.value().as_text()?.to_owned();
        Some(Fact::new(text, shown, heads, is_disputed))
    }

    /// The conflict that a field's heads are in.
    pub(super) fn conflict(
        &self,
        name: &str,
        question: Question,
        settlement: Settlement,
    ) -> Conflict {
        Conflict::new(
            Place::of(self.facet),
            self.path(name),
            question,
            settlement,
            self.heads(name),
        )
    }

    /// The displayed head whose flag is set, when the flag is in effect by add-wins.
    pub(super) fn present(&self, name: &str) -> Option<Head<'a>> {
        let set: Vec<_> = self
            .heads(name)
            .iter()
            .filter(|head| crate::card::schema::flag(head.value()) == Some(true))
            .copied()
            .collect();
        reduce::winner(&set).copied()
    }
}

/// An item of a head's list, when it is text.
pub(super) fn item<'a>(head: &Head<'a>, at: usize) -> Option<&'a str> {
    head.value().as_list()?.get(at)?.as_text()
}

/// An item of a list, when it is a number.
pub(super) fn number(value: &Value, at: usize) -> Option<i64> {
    value.as_list()?.get(at)?.as_int()
}
