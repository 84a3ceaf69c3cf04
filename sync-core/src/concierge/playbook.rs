//! The playbook: the chain's written standard of what every customer gets, as data that a manager edits.
//!
//! An item says what sets it off, when it is to be done and what shows that it was, all from closed lists ([`terms`]); there is no code in it.
//! Managers read and write it as JSON ([`Playbook::parse`], [`Playbook::to_json`]); handhelds get the same JSON in a notice ([`PlaybookBody`]).
//!
//! # Invariants
//! - A playbook that was parsed is good: every word in it is known, no id comes twice, no window is empty.
//! - Items do not refer to one another, so there are no cycles to look for.
//! - The same playbook has one text: items in their order, fields in theirs, spans in the largest unit that fits.

mod diff;
mod read;
mod standard;
pub mod terms;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use minicbor::{Decode, Encode};
use serde_json::{Map, Value, json};

use crate::crypto::sha256;
use crate::ids::{Hash32, Timestamp};
use crate::notices::{NoticeBody, NoticeKind};
use terms::{Condition, Evidence, Tag, Trigger};

pub use diff::{Change, Difference};
pub use read::{PlaybookError, Problem};

/// Items of a playbook: more is no standard that anybody keeps in mind, and the notice has to fit.
pub const ITEMS_MAX: usize = 100;
/// The highest weight.
pub const WEIGHT_MAX: u32 = 5;
/// Minutes of one item: a day's work.
pub const MINUTES_MAX: u32 = 480;

/// A stretch of time in whole minutes; before the trigger when negative. Written `90m`, `72h`, `14d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span(i32);

impl Span {
    /// The longest: some ten years.
    pub const MINUTES_MAX: i32 = 3_660 * 1_440;

    /// So many minutes.
    #[must_use]
    pub const fn minutes(minutes: i32) -> Self {
        Self(minutes)
    }

    /// So many hours.
    #[must_use]
    pub const fn hours(hours: i32) -> Self {
        Self(hours * 60)
    }

    /// So many days.
    #[must_use]
    pub const fn days(days: i32) -> Self {
        Self(days * 1_440)
    }

    /// Its milliseconds.
    #[must_use]
    pub fn ms(self) -> i64 {
        i64::from(self.0) * 60_000
    }

    /// The moment this much after another.
    #[must_use]
    pub fn after(self, at: Timestamp) -> Timestamp {
        at.plus_ms(self.ms())
    }

    /// Reads `90m`, `72h`, `14d`, each perhaps negative.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let unit = text.chars().last()?;
        let minutes = match unit {
            'm' => 1,
            'h' => 60,
            'd' => 1_440,
            _ => return None,
        };
        let number: i32 = text.get(..text.len() - 1)?.parse().ok()?;
        let minutes = number.checked_mul(minutes)?;
        (-Self::MINUTES_MAX..=Self::MINUTES_MAX)
            .contains(&minutes)
            .then_some(Self(minutes))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            minutes if minutes % 1_440 == 0 => write!(f, "{}d", minutes / 1_440),
            minutes if minutes % 60 == 0 => write!(f, "{}h", minutes / 60),
            minutes => write!(f, "{minutes}m"),
        }
    }
}

/// What every customer is owed whenever something happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its id: lower case, digits and `_`. Obligations are named by it, so it stays when the words change.
    pub id: String,
    /// What it is called, by language ("en", "fr"); one at least.
    pub name: BTreeMap<String, String>,
    /// How much it counts, 1 to [`WEIGHT_MAX`].
    pub weight: u32,
    /// Minutes it takes.
    pub minutes: u32,
    /// Whether it is about the tie or about the moment in the shop.
    pub tag: Tag,
    /// What sets it off.
    pub trigger: Trigger,
    /// What has to hold for it to be owed; all of them.
    pub applies_if: Vec<Condition>,
    /// When it may be done from, counted from the trigger.
    pub opens: Span,
    /// Before when it is to be done, counted from the trigger.
    pub closes: Span,
    /// For how long after that doing it still counts as late, for half.
    pub late: Span,
    /// What shows that it was done: any of these, each of them complete.
    pub done_if: Vec<Vec<Evidence>>,
    /// How many of each kind of evidence it takes.
    pub at_least: u32,
    /// How many a good house aims at; told, not counted.
    pub target: Option<u32>,
    /// Whether doing it means approaching the customer, so that the customer's own wish excuses it.
    pub contact: bool,
}

/// The written standard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Playbook {
    /// Its items, in the order in which people read them.
    pub items: Vec<Item>,
}

impl Item {
    /// The name in a language, or in the first there is.
    #[must_use]
    pub fn name_in(&self, language: &str) -> &str {
        let known = self.name.get(language).or_else(|| self.name.get("en"));
        let known = known.or_else(|| self.name.values().next());
        known.map_or(self.id.as_str(), String::as_str)
    }

    /// Whether it is owed only to those who spend enough or hold a rank.
    #[must_use]
    pub fn is_restricted(&self) -> bool {
        self.applies_if.iter().any(Condition::is_restricting)
    }

    /// The item as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| {
            fields.insert(name.to_owned(), value);
        };
        put("id", json!(self.id));
        put("name", json!(self.name));
        put("weight", json!(self.weight));
        put("minutes", json!(self.minutes));
        put("tag", json!(self.tag.as_str()));
        put("trigger", json!(self.trigger.as_str()));
        let conditions: Vec<_> = self.applies_if.iter().map(Condition::to_value).collect();
        put("applies_if", Value::Array(conditions));
        put("opens", json!(self.opens.to_string()));
        put("closes", json!(self.closes.to_string()));
        put("late", json!(self.late.to_string()));
        let ways = self.done_if.iter().map(|way| match way.as_slice() {
            [one] => json!(one.as_str()),
            several => json!(several.iter().map(|one| one.as_str()).collect::<Vec<_>>()),
        });
        put("done_if", Value::Array(ways.collect()));
        if self.at_least != 1 {
            put("at_least", json!(self.at_least));
        }
        if let Some(target) = self.target {
            put("target", json!(target));
        }
        put("contact", json!(self.contact));
        Value::Object(fields)
    }
}

impl Playbook {
    /// Reads a playbook and checks all of it.
    ///
    /// # Errors
    /// [`PlaybookError`] with every problem found, each naming its item.
    pub fn parse(text: &str) -> Result<Self, PlaybookError> {
        read::parse(text)
    }

    /// The items that Carnet suggests to begin with.
    #[must_use]
    pub fn standard() -> Self {
        standard::standard()
    }

    /// The playbook as managers read it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(&self.to_value())
            .expect("a tree of texts and numbers can be written");
        text.push('\n');
        text
    }

    /// The playbook as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let items: Vec<_> = self.items.iter().map(Item::to_value).collect();
        json!({ "format": 1, "items": items })
    }

    /// What it says, in 32 bytes.
    #[must_use]
    pub fn hash(&self) -> Hash32 {
        sha256("playbook.v1", &[self.to_value().to_string().as_bytes()])
    }

    /// The item with this id.
    #[must_use]
    pub fn item(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// Items that are owed to some by what they spend or are ranked, and not to all.
    pub fn restricted(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.is_restricted())
    }

    /// The share of the standard, by weight, that is not for all, in basis points. 0 is "for ALL" by construction.
    #[must_use]
    pub fn declared_gap_bp(&self) -> u32 {
        let weigh = |weight: u128, item: &Item| weight + u128::from(item.weight);
        let restricted = self.restricted().fold(0, weigh);
        let all = self.items.iter().fold(0, weigh);
        super::gap::exact::basis_points(restricted, all)
    }

    /// What changed since an earlier version.
    #[must_use]
    pub fn since(&self, before: &Self) -> Vec<Difference> {
        diff::diff(before, self)
    }
}

/// The playbook as a notice of the chain. Key: empty.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PlaybookBody {
    /// The playbook's JSON.
    #[n(0)]
    pub json: String,
}

impl NoticeBody for PlaybookBody {
    const KIND: NoticeKind = NoticeKind::Playbook;
}

impl PlaybookBody {
    /// The body that says this.
    #[must_use]
    pub fn of(playbook: &Playbook) -> Self {
        Self {
            json: playbook.to_value().to_string(),
        }
    }

    /// The playbook.
    ///
    /// # Errors
    /// [`PlaybookError`] when a newer version of Carnet wrote it with words this one does not know.
    pub fn playbook(&self) -> Result<Playbook, PlaybookError> {
        Playbook::parse(&self.json)
    }
}
