//! Keys of the flat map: `entity/id/field#edit`, each written once.
//!
//! A key names what it says (entity and id), which part of it (field) and the edit that wrote it. The keys present for one
//! `entity/id/field` are the field's heads: one normally, several when people wrote concurrently. Frozen since schema 1.

use std::fmt;

use crate::ids::EditId;
use crate::limits;

/// Which part of which thing: a key without its edit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath {
    /// Kind of thing, as [`super::schema`] lists them: `note`, `size`, …
    pub entity: String,
    /// Which of them: the id of the edit that made it, a derived hash, or `-` where a card has just one.
    pub id: String,
    /// Which part of it.
    pub field: String,
}

impl FieldPath {
    /// The path of these parts, which the caller knows to be well formed.
    #[must_use]
    pub fn new(entity: &str, id: &str, field: &str) -> Self {
        Self {
            entity: entity.to_owned(),
            id: id.to_owned(),
            field: field.to_owned(),
        }
    }

    /// The key that `edit` writes here.
    #[must_use]
    pub fn at(&self, edit: EditId) -> Key {
        Key {
            path: self.clone(),
            edit,
        }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.entity, self.id, self.field)
    }
}

impl fmt::Debug for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// One key of the flat map. Keys order by path, then edit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What it is about.
    pub path: FieldPath,
    /// The edit that wrote it.
    pub edit: EditId,
}

impl Key {
    /// Reads a key; `None` unless it is well formed, in the one form a key can have.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > limits::KEY_BYTES_MAX {
            return None;
        }
        let (path, edit) = text.split_once('#')?;
        let mut parts = path.split('/');
        let (entity, id, field) = (parts.next()?, parts.next()?, parts.next()?);
        let is_name = |part: &str| {
            (1..=16).contains(&part.len())
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        let is_id = id == "-"
            || ((1..=limits::ENTITY_ID_CHARS_MAX).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
        (parts.next().is_none() && is_name(entity) && is_name(field) && is_id).then_some(())?;
        Some(Self {
            path: FieldPath::new(entity, id, field),
            edit: edit.parse().ok()?,
        })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.path, self.edit)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_and_anything_else_is_refused() {
        let edit = EditId([7; 10]);
        let good = format!("note/{edit}/body#{edit}");
        assert_eq!(Key::parse(&good).unwrap().to_string(), good);
        assert!(Key::parse(&format!("name/-/given#{edit}")).is_some());
        for bad in [
            String::new(),
            "note".to_owned(),
            format!("note/{edit}/body"),
            format!("note//body#{edit}"),
            format!("Note/-/body#{edit}"),
            format!("note/-/body/more#{edit}"),
            format!("note/-/body#{edit}#"),
            format!("note/-/body#{}", "z".repeat(16)).replace('z', "u"),
            format!("note/{}/body#{edit}", "a".repeat(33)),
        ] {
            assert!(Key::parse(&bad).is_none(), "{bad:?}");
        }
    }
}
