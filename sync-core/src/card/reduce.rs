//! From heads to a value: one small pure function for each merge rule.
//!
//! Heads are concurrent by construction: a write that saw another has replaced it (registers) or lists it as seen (logs).
//! No rule looks at a clock to tell what was concurrent; time only breaks ties, after evidence ([`winner`]).
//!
//! # Invariants
//! Every function gives the same answer for the same heads in any order, and a head that says what another says changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::schema::{FieldRule, Reducer, flag};
use super::terms::{Agreement, ConsentEvent};
use super::value::{Entry, Provenance, Value};
use crate::crypto::sha256;
use crate::ids::{EditId, Hash32, Timestamp};

/// When the hub received edits whose claimed time can't be believed.
pub type Corrections = BTreeMap<EditId, Timestamp>;

/// One of the writes that a field presently holds.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The edit that wrote it.
    pub edit: EditId,
    /// What stands there.
    pub entry: &'a Entry,
    /// When it counts as written: `min(claimed, received)`.
    pub time: Timestamp,
}

impl<'a> Head<'a> {
    /// A head with its time corrected where the hub knows better.
    #[must_use]
    pub fn new(edit: EditId, entry: &'a Entry, corrections: &Corrections) -> Self {
        let claimed = entry.provenance.at;
        let time = corrections
            .get(&edit)
            .map_or(claimed, |received| claimed.min(*received));
        Self { edit, entry, time }
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> &'a Value {
        &self.entry.value
    }

    /// Who wrote it, where and on what ground.
    #[must_use]
    pub fn provenance(&self) -> &'a Provenance {
        &self.entry.provenance
    }

    /// The last resort of a tie: nobody can choose it without giving up the choice of the id.
    fn tie(&self) -> Hash32 {
        sha256("tie.v1", &[self.edit.as_bytes()])
    }
}

/// What heads come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reduced {
    /// The value in effect; [`Value::Null`] where there is none.
    pub value: Value,
    /// Whether the heads say different things, so that somebody should ask.
    pub is_disputed: bool,
}

/// The head that is displayed: best evidence, then latest, then greatest hash of the edit id.
#[must_use]
pub fn winner<'h, 'a>(heads: impl IntoIterator<Item = &'h Head<'a>>) -> Option<&'h Head<'a>>
where
    'a: 'h,
{
    heads.into_iter().max_by(|one, other| {
        let rank = |head: &Head<'_>| (head.provenance().source, head.time);
        rank(one)
            .cmp(&rank(other))
            .then_with(|| one.tie().cmp(&other.tie()))
    })
}

/// [`winner`] among the heads that hold something, so that clearing a field loses to filling it.
#[must_use]
pub fn displayed<'h, 'a>(heads: &'h [Head<'a>]) -> Option<&'h Head<'a>> {
    let filled = heads.iter().filter(|head| *head.value() != Value::Null);
    winner(filled).or_else(|| winner(heads))
}

/// Whether the heads hold different values.
#[must_use]
pub fn differ(heads: &[Head<'_>]) -> bool {
    heads
        .windows(2)
        .any(|pair| matches!(pair, [one, next] if one.value() != next.value()))
}

/// Whether any head has the flag at `wanted`: add-wins and enable-wins with `true`, remove-wins with `false`.
#[must_use]
pub fn any_flag(heads: &[Head<'_>], wanted: bool) -> bool {
    heads.iter().any(|head| flag(head.value()) == Some(wanted))
}

/// The text among the heads that comes last in `order`.
#[must_use]
pub fn highest<'a>(heads: &[Head<'a>], order: &[&str]) -> Option<&'a str> {
    let rank = |text: &str| order.iter().position(|term| *term == text);
    heads
        .iter()
        .filter_map(|head| head.value().as_text())
        .max_by_key(|text| (rank(text), *text))
}

/// The smallest number: a date that two people set differently must not slip.
#[must_use]
pub fn least(heads: &[Head<'_>]) -> Option<i64> {
    heads.iter().filter_map(|head| head.value().as_int()).min()
}

/// The largest number: a pause or a secret lasts as long as anybody said.
#[must_use]
pub fn most(heads: &[Head<'_>]) -> Option<i64> {
    heads.iter().filter_map(|head| head.value().as_int()).max()
}

/// What all lists agree on, in the order of the displayed head.
///
/// If they agree on nothing: the displayed one of the shortest lists, because "no channel preferred" would allow more contact than anybody said.
#[must_use]
pub fn fewest(heads: &[Head<'_>]) -> Vec<Value> {
    let items = |head: &Head<'_>| head.value().as_list().unwrap_or_default().to_vec();
    let Some(shown) = displayed(heads) else {
        return Vec::new();
    };
    let mut common = items(shown);
    common.retain(|item| heads.iter().all(|head| items(head).contains(item)));
    if !common.is_empty() {
        return common;
    }
    let stated = || heads.iter().filter(|head| !items(head).is_empty());
    let shortest = stated().map(|head| items(head).len()).min();
    winner(stated().filter(|head| Some(items(head).len()) == shortest))
        .map(items)
        .unwrap_or_default()
}

/// What any of the lists has, each once, in order: an answer has to be good for all that anybody heard.
#[must_use]
pub fn union(heads: &[Head<'_>]) -> Vec<Value> {
    let lists = heads.iter().filter_map(|head| head.value().as_list());
    let all: BTreeSet<&Value> = lists.flatten().collect();
    all.into_iter().cloned().collect()
}

/// A list whose items reduce one by one: from the displayed head, or where that has nothing, from the best head that has something.
/// Disputed only where two heads have different things in one place.
#[must_use]
pub fn parts(heads: &[Head<'_>]) -> Reduced {
    let lists = || heads.iter().filter(|head| head.value().as_list().is_some());
    let item = |head: &Head<'_>, at: usize| {
        head.value()
            .as_list()
            .and_then(|items| items.get(at))
            .filter(|item| **item != Value::Null)
            .cloned()
    };
    let width = lists()
        .filter_map(|head| head.value().as_list())
        .map(<[Value]>::len)
        .max();
    let Some(width) = width else {
        return Reduced {
            value: Value::Null,
            is_disputed: false,
        };
    };
    let mut is_disputed = heads.iter().any(|head| *head.value() == Value::Null);
    let merged = (0..width).map(|at| {
        let said: BTreeSet<_> = lists().filter_map(|head| item(head, at)).collect();
        is_disputed |= said.len() > 1;
        winner(lists().filter(|head| item(head, at).is_some()))
            .and_then(|head| item(head, at))
            .unwrap_or(Value::Null)
    });
    let value = Value::List(merged.collect());
    Reduced { value, is_disputed }
}

/// The entries of a log that no other entry has seen.
///
/// Each entry lists the maximal ones its writer saw, and a log forgets nothing,
/// so whatever was seen through others is listed by one that is still there.
#[must_use]
pub fn maximal<'a>(log: &[Head<'a>]) -> Vec<Head<'a>> {
    let seen: BTreeSet<EditId> = log
        .iter()
        .flat_map(|head| {
            let own = head.edit;
            head.entry
                .seen
                .iter()
                .copied()
                .filter(move |edit| *edit != own)
        })
        .collect();
    log.iter()
        .filter(|head| !seen.contains(&head.edit))
        .copied()
        .collect()
}

/// Every entry of a log that these entries saw, directly or through others.
#[must_use]
pub fn seen_by(log: &[Head<'_>], of: &[Head<'_>]) -> BTreeSet<EditId> {
    let by_edit: BTreeMap<EditId, &Entry> =
        log.iter().map(|head| (head.edit, head.entry)).collect();
    let mut found = BTreeSet::new();
    let mut open: Vec<EditId> = of.iter().flat_map(|head| head.entry.seen.clone()).collect();
    while let Some(edit) = open.pop() {
        if found.insert(edit)
            && let Some(entry) = by_edit.get(&edit)
        {
            open.extend(&entry.seen);
        }
    }
    found
}

/// What a consent log allows.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Nobody asked, or without evidence: only a reply is fine.
    Unknown,
    /// Granted, with evidence.
    Allow,
    /// Refused.
    Deny,
}

impl Decision {
    /// Its text in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// Consent over the causally maximal events: any withdrawal or objection denies; else an evidenced grant allows; else it is unknown.
///
/// A grant therefore re-opens only if its writer had seen the withdrawal. A log whose entries all claim to be seen denies if any entry does.
#[must_use]
pub fn consent(log: &[Head<'_>]) -> Decision {
    let mut events = maximal(log);
    if events.is_empty() {
        events = log.to_vec();
    }
    let event = |head: &Head<'_>| {
        let items = head.value().as_list().unwrap_or_default();
        let event = items.first().and_then(Value::as_text);
        let has_evidence = items.get(1).is_some_and(|text| *text != Value::Null)
            && items.get(2).is_some_and(|method| *method != Value::Null);
        (event.and_then(ConsentEvent::parse), has_evidence)
    };
    let (mut denies, mut allows) = (false, false);
    for head in &events {
        match event(head) {
            (Some(ConsentEvent::Grant), has_evidence) => allows |= has_evidence,
            // What can't be read is taken for a refusal: it must not open a channel.
            (Some(ConsentEvent::Withdraw | ConsentEvent::Object) | None, _) => denies = true,
        }
    }
    match (denies, allows) {
        (true, _) => Decision::Deny,
        (false, true) => Decision::Allow,
        (false, false) => Decision::Unknown,
    }
}

/// Agreement over the causally maximal events: the one that comes last in the order of the terms, so that an end or a refusal
/// is not undone by somebody who had not seen it.
#[must_use]
pub fn agreement(log: &[Head<'_>]) -> Option<Agreement> {
    let mut events = maximal(log);
    if events.is_empty() {
        events = log.to_vec();
    }
    events
        .iter()
        .filter_map(|head| Agreement::parse(head.value().as_list()?.first()?.as_text()?))
        .max()
}

/// Reduces the heads of a field by its rule.
#[must_use]
pub fn reduce(rule: &FieldRule, heads: &[Head<'_>]) -> Reduced {
    let (value, is_disputed) = match rule.reducer {
        Reducer::Display => (shown(heads), differ(heads)),
        Reducer::TrueWins | Reducer::FalseWins => {
            let wanted = rule.reducer == Reducer::TrueWins;
            let winning: Vec<_> = heads
                .iter()
                .filter(|head| flag(head.value()) == Some(wanted))
                .copied()
                .collect();
            let is_disputed = !winning.is_empty() && winning.len() < heads.len();
            (
                shown(if winning.is_empty() { heads } else { &winning }),
                is_disputed,
            )
        }
        Reducer::Highest(order) => (highest(heads, order).into(), differ(heads)),
        Reducer::Least => (least(heads).into(), differ(heads)),
        Reducer::Most => (most(heads).into(), differ(heads)),
        Reducer::Fewest => (Value::List(fewest(heads)), differ(heads)),
        Reducer::Union => (Value::List(union(heads)), differ(heads)),
        Reducer::Parts => return parts(heads),
        Reducer::Consent => (consent(heads).as_str().into(), maximal(heads).len() > 1),
        Reducer::Agreement => (agreement(heads).into(), maximal(heads).len() > 1),
        Reducer::Every => (Value::Null, false),
    };
    Reduced { value, is_disputed }
}

fn shown(heads: &[Head<'_>]) -> Value {
    displayed(heads).map_or(Value::Null, |head| head.value().clone())
}

#[cfg(test)]
mod tests;
