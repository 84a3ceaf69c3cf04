//! The schema: every field a card may have, what may stand there, who may write it and how concurrent writes reduce.
//!
//! One table ([`FIELDS`]) serves the gate ([`check`]), the planner and the reader, so they can't disagree.
//! `design/card.md` explains it; entity and field names, shapes and derived ids are frozen since the schema that brought them.
//!
//! A field that this build does not know is refused when written at a schema that this build knows, and read generically ([`UNKNOWN`]) when a newer build wrote it.

mod shape;
mod table;

use super::terms::Place;
use super::value::{Entry, Source, Value};
use super::{Facet, FieldPath};
use crate::limits;

pub use super::normal::derived_id;
pub use shape::Shape;
pub use table::FIELDS;

/// What somebody may do, from least to most.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Serves customers.
    Associate,
    /// Runs a shop.
    Manager,
    /// The hub itself: imports, integrations.
    Hub,
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Associate => "associate",
            Self::Manager => "manager",
            Self::Hub => "hub",
        })
    }
}

/// How writes to a field relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A write replaces the heads it saw.
    Register,
    /// Every write stays; each lists the maximal ones it saw.
    Log,
}

/// How the ids of an entity come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdForm {
    /// A card has one: the id is `-`.
    Single,
    /// The id of the edit that made it.
    Made,
    /// [`derived_id`] over the entity and the folded items of the value's list at these places; none: derived from what another field holds.
    Derived(&'static [usize]),
    /// The text of one of these terms, or `-`.
    OneOf(&'static [&'static str]),
}

/// How concurrent heads become one value; [`super::reduce`] does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reducer {
    /// All are kept and shown; the best grounded one is displayed, a cleared field yields to a filled one.
    Display,
    /// A flag (alone or first of a list) that stays set if any head sets it.
    TrueWins,
    /// A flag (alone or first of a list) that stays unset if any head unsets it.
    FalseWins,
    /// The text that comes last in this list.
    Highest(&'static [&'static str]),
    /// The smallest number; nothing yields to something.
    Least,
    /// The largest number; nothing yields to something.
    Most,
    /// What all heads agree on of a list, or the shortest list when they agree on nothing.
    Fewest,
    /// What any head lists.
    Union,
    /// A list whose items reduce one by one: what is missing in one head is taken from another.
    Parts,
    /// Consent: over the maximal events, any refusal denies, else an evidenced grant allows.
    Consent,
    /// Agreement: over the maximal events, the one that comes last in the order of the terms.
    Agreement,
    /// Nothing to reduce: every entry counts for itself.
    Every,
}

/// What protects a field from being written lightly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Nothing more than the role.
    None,
    /// Unsetting the flag takes this role.
    UnsetBy(Role),
    /// Unsetting the flag takes the customer's word: a source of [`Source::Stated`] or better.
    UnsetOnCustomersWord,
    /// Putting a lower term in place of the highest takes the customer's word: a source of [`Source::Stated`] or better.
    LowerOnCustomersWord,
}

/// One field of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldRule {
    /// Kind of thing.
    pub entity: &'static str,
    /// Which part of it.
    pub field: &'static str,
    /// How its ids come about.
    pub id: IdForm,
    /// Register or log.
    pub class: Class,
    /// What may stand there.
    pub shape: Shape,
    /// In which facets.
    pub places: &'static [Place],
    /// Who may write it at least.
    pub role: Role,
    /// What protects it further.
    pub guard: Guard,
    /// How concurrent heads reduce.
    pub reducer: Reducer,
    /// The schema that brought it. A change that touches it says that schema or a later one.
    pub since: u16,
}

/// How a field of a newer schema is read.
pub const UNKNOWN: FieldRule = FieldRule {
    entity: "",
    field: "",
    id: IdForm::Single,
    class: Class::Register,
    shape: Shape::Flag,
    places: &[],
    role: Role::Hub,
    guard: Guard::None,
    reducer: Reducer::Display,
    since: u16::MAX,
};

impl FieldRule {
    /// The role it takes to write this value here.
    #[must_use]
    pub fn role_for(&self, value: &Value) -> Role {
        match self.guard {
            Guard::UnsetBy(role) if flag(value) == Some(false) => role.max(self.role),
            Guard::None
            | Guard::UnsetBy(_)
            | Guard::UnsetOnCustomersWord
            | Guard::LowerOnCustomersWord => self.role,
        }
    }
}

/// The flag of a value: itself, or the first item of a list.
#[must_use]
pub fn flag(value: &Value) -> Option<bool> {
    value
        .as_bool()
        .or_else(|| value.as_list()?.first()?.as_bool())
}

/// A write that the schema does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// No such field.
    #[error("{path} is not a field of this schema: update the app, or correct the name")]
    Unknown {
        /// What was written.
        path: FieldPath,
    },
    /// Not in this facet.
    #[error("{path} does not belong in the {place} part: write it to {allowed}")]
    Misplaced {
        /// What was written.
        path: FieldPath,
        /// Where.
        place: Place,
        /// Where it belongs.
        allowed: String,
    },
    /// Somebody else's private part.
    #[error("{path} was written to another associate's private part: write it to your own")]
    NotYours {
        /// What was written.
        path: FieldPath,
    },
    /// An id that does not follow from what it names.
    #[error("the id of {path} does not follow from its value: derive it, or use the edit's id")]
    Id {
        /// What was written.
        path: FieldPath,
    },
    /// A value of another shape or out of bounds.
    #[error("{path} takes {expected}")]
    Shape {
        /// What was written.
        path: FieldPath,
        /// What it takes.
        expected: String,
    },
    /// Seen edits where there must be none, too many of them, or not in ascending order.
    #[error(
        "{path} lists seen edits wrongly: a log lists up to {} in ascending order, a register none",
        limits::SEEN_MAX
    )]
    Seen {
        /// What was written.
        path: FieldPath,
    },
    /// A protection taken away without the customer's word.
    #[error("{path} can only be taken back on the customer's word: ask, and record it as stated")]
    CustomersWord {
        /// What was written.
        path: FieldPath,
    },
}

/// The rule of a field, by name.
#[must_use]
pub fn rule(entity: &str, field: &str) -> Option<&'static FieldRule> {
    let at = FIELDS
        .binary_search_by(|rule| (rule.entity, rule.field).cmp(&(entity, field)))
        .ok()?;
    FIELDS.get(at)
}

/// The lowest schema that knows all of these fields: 1 where they are the first schema's, the present one where a field is not known.
#[must_use]
pub fn needed<'p>(paths: impl IntoIterator<Item = &'p FieldPath>) -> u16 {
    let since = |path: &FieldPath| {
        rule(&path.entity, &path.field).map_or(super::SCHEMA_VERSION, |rule| rule.since)
    };
    paths.into_iter().map(since).max().unwrap_or(1)
}

/// Whether `entry` may stand at `path` in `facet`, roles aside ([`FieldRule::role_for`] tells those).
///
/// # Errors
/// [`SchemaError`] names the field and what it takes.
pub fn check(
    facet: &Facet,
    path: &FieldPath,
    entry: &Entry,
) -> Result<&'static FieldRule, SchemaError> {
    let at = || path.clone();
    let rule =
        rule(&path.entity, &path.field).ok_or_else(|| SchemaError::Unknown { path: at() })?;
    let place = Place::of(facet);
    if !rule.places.contains(&place) {
        let allowed: Vec<_> = rule.places.iter().map(|place| place.as_str()).collect();
        let allowed = allowed.join(" or ");
        return Err(SchemaError::Misplaced {
            path: at(),
            place,
            allowed,
        });
    }
    if matches!(facet, Facet::Private(owner) if *owner != entry.provenance.by) {
        return Err(SchemaError::NotYours { path: at() });
    }
    if !rule.shape.fits(&entry.value) {
        return Err(SchemaError::Shape {
            path: at(),
            expected: rule.shape.to_string(),
        });
    }
    if !id_fits(rule, path, &entry.value) {
        return Err(SchemaError::Id { path: at() });
    }
    let seen_max = match rule.class {
        Class::Register => 0,
        Class::Log => limits::SEEN_MAX,
    };
    if entry.seen.len() > seen_max || !entry.seen.is_sorted_by(|one, next| one < next) {
        return Err(SchemaError::Seen { path: at() });
    }
    let unsets = flag(&entry.value) == Some(false);
    if rule.guard == Guard::UnsetOnCustomersWord
        && unsets
        && entry.provenance.source < Source::Stated
    {
        return Err(SchemaError::CustomersWord { path: at() });
    }
    Ok(rule)
}

/// Whether `entry` may take the place of these values, which [`check`] does not know.
///
/// # Errors
/// [`SchemaError::CustomersWord`].
pub fn check_over<'v>(
    rule: &FieldRule,
    path: &FieldPath,
    entry: &Entry,
    mut replaced: impl Iterator<Item = &'v Value>,
) -> Result<(), SchemaError> {
    let (Guard::LowerOnCustomersWord, Reducer::Highest(order)) = (rule.guard, rule.reducer) else {
        return Ok(());
    };
    let is_highest = |value: &Value| value.as_text() == order.last().copied();
    let is_lowered = !is_highest(&entry.value) && replaced.any(is_highest);
    if is_lowered && entry.provenance.source < Source::Stated {
        return Err(SchemaError::CustomersWord { path: path.clone() });
    }
    Ok(())
}

/// Whether the id of `path` is one that this rule allows for this value.
fn id_fits(rule: &FieldRule, path: &FieldPath, value: &Value) -> bool {
    let is_hash = || crate::ids::from_base32::<10>(&path.id).is_some();
    match rule.id {
        IdForm::Single => path.id == "-",
        IdForm::Made => is_hash(),
        IdForm::OneOf(terms) => path.id == "-" || terms.contains(&path.id.as_str()),
        IdForm::Derived([]) => is_hash(),
        IdForm::Derived(places) => {
            let Some(items) = value.as_list() else {
                // A cleared field names nothing to derive from.
                return is_hash() && *value == Value::Null;
            };
            let parts: Vec<_> = places.iter().map(|place| items.get(*place)).collect();
            entity_id(rule.entity, &parts) == path.id
        }
    }
}

/// The derived id of an entity named by these values.
pub(super) fn entity_id(entity: &str, parts: &[Option<&Value>]) -> String {
    let folded: Vec<String> = parts
        .iter()
        .map(|part| {
            part.and_then(Value::as_text)
                .map(super::normal::fold)
                .unwrap_or_default()
        })
        .collect();
    let mut all = vec![entity];
    all.extend(folded.iter().map(String::as_str));
    derived_id(&all)
}

#[cfg(test)]
mod tests;
