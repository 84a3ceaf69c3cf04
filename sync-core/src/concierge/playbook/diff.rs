//! What changed between two versions of a playbook.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Item, Playbook};

/// What became of an item.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone: its obligations are no longer counted.
    Removed,
    /// A field says something else.
    Field {
        /// Which.
        field: String,
        /// What it said; null when it was not there.
        before: Value,
        /// What it says.
        after: Value,
    },
    /// It is read at another place of the list, which counts for nothing.
    Moved,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// The item.
    pub item: String,
    /// What became of it.
    #[serde(flatten)]
    pub change: Change,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.change {
            Change::Added => write!(f, "+ {}", self.item),
            Change::Removed => write!(f, "- {}", self.item),
            Change::Field {
                field,
                before,
                after,
            } => write!(f, "~ {} {field}: {before} -> {after}", self.item),
            Change::Moved => write!(f, "  {} moved", self.item),
        }
    }
}

pub(super) fn diff(before: &Playbook, after: &Playbook) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut add = |item: &Item, change| {
        differences.push(Difference {
            item: item.id.clone(),
            change,
        });
    };
    for item in before
        .items
        .iter()
        .filter(|item| after.item(&item.id).is_none())
    {
        add(item, Change::Removed);
    }
    let order = |playbook: &Playbook, other: &Playbook| -> Vec<String> {
        let both = playbook
            .items
            .iter()
            .filter(|item| other.item(&item.id).is_some());
        both.map(|item| item.id.clone()).collect()
    };
    let places = order(before, after);
    let mut place = places.iter();
    for item in &after.items {
        let Some(old) = before.item(&item.id) else {
            add(item, Change::Added);
            continue;
        };
        for change in fields(old, item) {
            add(item, change);
        }
        if place.next() != Some(&item.id) {
            add(item, Change::Moved);
        }
    }
    differences
}

fn fields(before: &Item, after: &Item) -> Vec<Change> {
    let (before, after) = (before.to_value(), after.to_value());
    let names: BTreeSet<&String> = [&before, &after]
        .into_iter()
        .filter_map(Value::as_object)
        .flat_map(|fields| fields.keys())
        .collect();
    let field = |value: &Value, name: &str| value.get(name).cloned().unwrap_or_default();
    let changed = names.into_iter().filter_map(|name| {
        let (old, new) = (field(&before, name), field(&after, name));
        (old != new).then(|| Change::Field {
            field: name.clone(),
            before: old,
            after: new,
        })
    });
    changed.collect()
}
