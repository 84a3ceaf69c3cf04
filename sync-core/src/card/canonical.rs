//! The canonical JSON of one document: what every replica with the same accepted changes must print, byte for byte.
//!
//! Keys are sorted, there are no floats and no spaces, and nothing depends on the order in which changes came. Comparing two of these is how tests,
//! `verify` and `rebuild` tell that two replicas agree on content, since the saved bytes of a document depend on arrival order.

use std::collections::BTreeMap;

use serde::Serialize;

use super::entries::Entries;
use super::key::FieldPath;
use super::reduce::{self, Corrections, Head};
use super::schema::{self, UNKNOWN};
use super::value::Value;
use crate::ids::{EditId, Timestamp};

// Members in alphabetical order: serialization follows the order of declaration.
#[derive(Serialize)]
struct FieldJson<'a> {
    disputed: bool,
    heads: Vec<HeadJson<'a>>,
    value: Value,
}

#[derive(Serialize)]
struct HeadJson<'a> {
    as_of: Option<Timestamp>,
    at: Timestamp,
    by: crate::ids::AssociateId,
    device: crate::ids::DeviceId,
    edit: EditId,
    seen: &'a [EditId],
    shop: crate::ids::ShopId,
    source: super::value::Source,
    time: Timestamp,
    value: &'a Value,
}

/// Every field of a document with its heads and its reduced value. Equal entries and corrections give equal bytes.
///
/// The text of a redacted note is left out, also where somebody wrote it who had not seen the redaction.
///
/// # Panics
/// Never: texts, numbers and lists always have a JSON form.
#[must_use]
pub fn canonical_json(entries: &Entries, corrections: &Corrections) -> String {
    let mut heads: BTreeMap<&FieldPath, Vec<Head<'_>>> = BTreeMap::new();
    for (key, entry) in entries.iter() {
        let head = Head::new(key.edit, entry, corrections);
        heads.entry(&key.path).or_default().push(head);
    }
    let fields: BTreeMap<String, FieldJson<'_>> = heads
        .iter()
        .map(|(path, found)| {
            let is_hidden = entries.is_redacted(path);
            (path.to_string(), field(path, found, is_hidden))
        })
        .collect();
    serde_json::to_string(&fields).expect("texts, numbers and lists have a JSON form")
}

fn field<'a>(path: &FieldPath, heads: &[Head<'a>], is_hidden: bool) -> FieldJson<'a> {
    let rule = schema::rule(&path.entity, &path.field).unwrap_or(&UNKNOWN);
    let reduced = reduce::reduce(rule, heads);
    FieldJson {
        disputed: reduced.is_disputed && !is_hidden,
        heads: heads.iter().map(|one| head(one, is_hidden)).collect(),
        value: if is_hidden {
            Value::Null
        } else {
            reduced.value
        },
    }
}

fn head<'a>(head: &Head<'a>, is_hidden: bool) -> HeadJson<'a> {
    let provenance = head.provenance();
    HeadJson {
        as_of: provenance.as_of,
        at: provenance.at,
        by: provenance.by,
        device: provenance.device,
        edit: head.edit,
        seen: &head.entry.seen,
        shop: provenance.shop,
        source: provenance.source,
        time: head.time,
        value: if is_hidden {
            &Value::Null
        } else {
            head.value()
        },
    }
}

#[cfg(test)]
mod tests;
