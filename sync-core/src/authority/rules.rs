//! The card's schema as the gate asks for it.

use crate::card::schema::{self, Class, Role};
use crate::card::{Entry, Facet, FieldPath, FieldWrite};

/// Whether a facet has such a field with such a value.
///
/// # Errors
/// What is wrong, for a log.
pub fn card_schema(facet: Facet, path: &FieldPath, entry: &Entry) -> Result<(), String> {
    schema::check(&facet, path, entry)
        .map(|_| ())
        .map_err(|error| error.to_string())
}

/// Whether a field is a log, whose keys are never deleted.
#[must_use]
pub fn is_log(path: &FieldPath) -> bool {
    schema::rule(&path.entity, &path.field).is_some_and(|rule| rule.class == Class::Log)
}

/// The role that a write takes.
#[must_use]
pub fn role_needed(write: &FieldWrite) -> Role {
    schema::rule(&write.path.entity, &write.path.field)
        .map_or(Role::Hub, |rule| rule.role_for(&write.entry.value))
}
