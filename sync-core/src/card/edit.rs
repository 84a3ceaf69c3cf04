//! Edits: what an associate means, and the writes that follow from it.
//!
//! An edit is planned once, on the device, against what is visible there; the plan records which heads it replaces.
//! A replay (new epoch, new actor, after a refusal) commits the same plan, so it replaces what the associate had seen and nothing newer.

use super::Facet;
use super::key::FieldPath;
use super::value::Entry;
use crate::ids::EditId;

/// One write to one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldWrite {
    /// The field.
    pub path: FieldPath,
    /// The edit that writes.
    pub edit: EditId,
    /// What it writes.
    pub entry: Entry,
    /// The heads of the field that the writer saw and replaces. Empty for logs, whose entries are never replaced.
    pub replaces: Vec<EditId>,
}

/// All writes of one edit, by facet. An edit that spans facets is one group: all or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The edit.
    pub edit: EditId,
    /// The writes, by facet, in the order of facets.
    pub writes: Vec<(Facet, Vec<FieldWrite>)>,
}
