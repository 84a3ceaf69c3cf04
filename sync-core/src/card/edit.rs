//! Edits: what an associate means, and the writes that follow from it.
//!
//! An edit is planned once, on the device, against what is visible there; the plan records which heads it replaces.
//! A replay (new epoch, new actor, after a refusal) commits the same plan, so it replaces what the associate had seen and nothing newer.
//!
//! Things are named by what identifies them to a person (a substance, an address, an article), never by a key: the key follows.
//! To settle a conflict, write the field again ([`Edit::SetSize`], …) or choose one of its heads ([`Edit::Resolve`]): both replace every head seen.

mod belongs;
mod codec;
mod draft;
mod error;
mod ground;
mod input;
mod intent;
mod plan;

use super::Facet;
use super::entries::Visible;
use super::key::FieldPath;
use super::links::Via;
use super::value::Entry;
use crate::ids::EditId;

pub use belongs::{Belongs, Thing};
pub use error::EditError;
pub use input::{
    AskInput, EditContext, EndpointInput, Evidence, InvitationInput, LinkInput, NeedChange,
    NeedInput, Spent, SuggestionInput, SurpriseInput,
};
pub use intent::Edit;

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

impl Edit {
    /// Whether the edit is sound by itself, whatever the card holds: a form can call this while somebody types.
    ///
    /// # Errors
    /// [`EditError`] says what to write instead.
    pub fn validate(&self) -> Result<(), EditError> {
        draft::check(self)
    }

    /// The writes that follow from the edit on what is visible.
    ///
    /// # Errors
    /// [`EditError`] says what to do instead; nothing has happened.
    pub fn plan(&self, context: &EditContext, visible: &Visible) -> Result<Plan, EditError> {
        plan::plan(self, context, visible)
    }

    /// The plan of a write about a person who is several cards, to the card of `context`: the oldest.
    ///
    /// It is planned against all cards together and replaces nothing on any of them; it names the cards and what it stands over, so that it can be
    /// found and allotted when they turn out to be two people ([`super::links`]).
    ///
    /// # Errors
    /// As [`Edit::plan`]; [`EditError::NotOnePerson`] when the cards are not shown as one.
    pub fn plan_via(&self, context: &EditContext, via: Via<'_>) -> Result<Plan, EditError> {
        plan::plan_via(self, context, via)
    }
}

impl Plan {
    /// The lowest schema that knows every field that these writes touch: what a change of them says of itself, so that an app of that schema reads it.
    #[must_use]
    pub fn schema_of(writes: &[FieldWrite]) -> u16 {
        super::schema::needed(writes.iter().map(|write| &write.path))
    }
}

#[cfg(test)]
mod tests;
