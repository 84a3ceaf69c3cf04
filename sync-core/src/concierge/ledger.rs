//! What the customer gave us beside what we gave them: one line for the associate, and every entry with its source for the customer who asks.
//!
//! # Invariants
//! - It is never scored: there is no balance, no rank and no sum across kinds, and what a gesture cost is not in it.
//! - Every entry names where it stands. The same picture gives the same ledger, in whatever order its rows came.
//!
//! # What is not here
//! Introductions stand on no record of their own. A referral that the customer began is one: they sent somebody to us.

use std::collections::BTreeMap;

use serde::Serialize;

use super::picture::{Picture, Whole};
use super::words::{Language, Phrase};
use crate::card::CardView;
use crate::card::terms::{Act, InteractionKind, NeedState};
use crate::card::view::InteractionView;
use crate::ids::{EditId, Timestamp};
use crate::notices::bodies::CaseState;
use crate::records::{Record, RecordKind};

/// What an entry is. The first four are what the customer gave, the others what we gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// They bought something.
    Purchase,
    /// They brought something back: beside the purchases, not against the customer.
    Return,
    /// They told us what they think: a reaction, a suggestion, an answer, a complaint.
    Feedback,
    /// They sent somebody to us.
    Introduction,
    /// Something given beyond the sale.
    Gesture,
    /// Good advice, and a need that was answered.
    Advice,
    /// Made to fit or repaired in the shop, or a case of the service desk that was solved.
    Repair,
    /// Sent elsewhere, honestly.
    Referral,
}

impl EntryKind {
    /// Every kind, in order.
    pub const ALL: [Self; 8] = [
        Self::Purchase,
        Self::Return,
        Self::Feedback,
        Self::Introduction,
        Self::Gesture,
        Self::Advice,
        Self::Repair,
        Self::Referral,
    ];

    /// Whether it is what the customer gave.
    #[must_use]
    pub const fn is_from_customer(self) -> bool {
        matches!(
            self,
            Self::Purchase | Self::Return | Self::Feedback | Self::Introduction
        )
    }
}

/// Where an entry stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "on", rename_all = "snake_case")]
pub enum EntrySource {
    /// On the card.
    Card {
        /// The edit.
        edit: EditId,
    },
    /// In a record of another system.
    Record {
        /// Which system.
        system: String,
        /// That system's own id.
        id: String,
        /// When it said so.
        as_of: Timestamp,
    },
    /// In a notice of another system.
    Notice {
        /// Which system.
        system: String,
        /// The notice's key.
        key: String,
        /// When it said so.
        as_of: Timestamp,
    },
}

/// One thing given. Entries order by kind, time and source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// When.
    pub at: Timestamp,
    /// Where it stands.
    pub source: EntrySource,
    /// In a few words, where there are some: the article, the summary.
    pub what: Option<String>,
    /// For a purchase or return: the amount in minor units and its currency.
    pub amount: Option<(i64, String)>,
}

/// Both sides. In JSON what a customer is given who asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// What the customer gave.
    pub gave: Vec<Entry>,
    /// What we gave.
    pub received: Vec<Entry>,
}

impl Ledger {
    /// How often each kind occurs, those that do.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<EntryKind, usize> {
        let mut counts = BTreeMap::new();
        for entry in self.gave.iter().chain(&self.received) {
            *counts.entry(entry.kind).or_insert(0) += 1;
        }
        counts
    }

    /// The one line: counts side by side, no balance.
    #[must_use]
    pub fn line(&self, language: Language) -> String {
        let counts = self.counts();
        let side = |from_customer: bool| {
            let said: Vec<_> = counts
                .iter()
                .filter(|(kind, _)| kind.is_from_customer() == from_customer)
                .map(|(kind, count)| {
                    let phrase = Phrase::Entry(*kind, language.is_one(*count));
                    language.say(phrase, &[("count", &count.to_string())])
                })
                .collect();
            if said.is_empty() {
                language.say(Phrase::LedgerNothing, &[])
            } else {
                said.join(", ")
            }
        };
        let sides = [("gave", &*side(true)), ("received", &*side(false))];
        language.say(Phrase::Ledger, &sides)
    }

    /// The canonical JSON of both sides.
    ///
    /// # Panics
    /// Never: texts and numbers have a JSON form.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers have a JSON form")
    }
}

/// The ledger of a customer, over every card and source of the picture.
#[must_use]
pub fn ledger(picture: &Picture<'_>) -> Ledger {
    let whole = picture.whole;
    if whole.is_erased {
        return Ledger::default();
    }
    let mut entries: Vec<Entry> = whole.sales.iter().map(sale).collect();
    entries.extend(whole.view.interactions.iter().filter_map(dealing));
    said(&whole.view, &mut entries);
    answered(&whole.view, &mut entries);
    told(whole, &mut entries);
    entries.retain(|entry| entry.at <= picture.now);
    entries.sort_unstable();
    entries.dedup();
    let (gave, received) = entries
        .into_iter()
        .partition(|entry| entry.kind.is_from_customer());
    Ledger { gave, received }
}

fn sale(record: &Record) -> Entry {
    let labels = record.sale.lines.iter();
    let labels = labels.filter_map(|line| line.label.as_ref().or(line.sku.as_ref()));
    let what: Vec<_> = labels.map(String::as_str).collect();
    Entry {
        kind: match record.kind {
            RecordKind::Purchase => EntryKind::Purchase,
            RecordKind::Return => EntryKind::Return,
        },
        at: record.sale.at.moment(),
        source: EntrySource::Record {
            system: record.source.clone(),
            id: record.source_id.clone(),
            as_of: record.as_of,
        },
        what: Some(what.join(", ")).filter(|what| !what.is_empty()),
        amount: Some((
            record.sale.amount_minor,
            record.sale.currency.as_str().to_owned(),
        )),
    }
}

fn on_card(kind: EntryKind, edit: EditId, at: Timestamp, what: Option<String>) -> Entry {
    Entry {
        kind,
        at,
        source: EntrySource::Card { edit },
        what,
        amount: None,
    }
}

/// A dealing that gave somebody something; a call by itself gives nothing, nor does a greeting or thanks.
fn dealing(view: &InteractionView) -> Option<Entry> {
    let kind = match (view.kind, view.act) {
        (InteractionKind::Referral, _) if view.by_customer => EntryKind::Introduction,
        (InteractionKind::Referral, _) => EntryKind::Referral,
        _ if view.is_gesture() => EntryKind::Gesture,
        (_, Some(Act::Advice)) => EntryKind::Advice,
        (InteractionKind::Service | InteractionKind::Gesture, Some(Act::Alteration)) => {
            EntryKind::Repair
        }
        _ => return None,
    };
    let what = view.summary.value.clone().or_else(|| view.sku.clone());
    Some(on_card(kind, view.id, view.summary.at, what))
}

/// What the customer told us.
fn said(view: &CardView, entries: &mut Vec<Entry>) {
    for one in &view.reactions {
        let what = one.words.clone().or_else(|| Some(one.sku.clone()));
        let entry = on_card(EntryKind::Feedback, one.edit, one.sentiment.at, what);
        entries.push(entry);
    }
    for one in &view.suggestions {
        let what = Some(one.what.value.clone());
        entries.push(on_card(EntryKind::Feedback, one.id, one.what.at, what));
    }
}

/// Needs that were answered; where a dealing says that it served the need, that one counts.
fn answered(view: &CardView, entries: &mut Vec<Entry>) {
    for need in &view.needs {
        let id = need.id.to_string();
        let is_counted = view
            .interactions
            .iter()
            .any(|one| one.about.as_deref() == Some(id.as_str()) && dealing(one).is_some());
        if let (NeedState::Answered, Some(answer), false) = (need.state, &need.answer, is_counted) {
            let what = Some(answer.value.clone());
            entries.push(on_card(EntryKind::Advice, need.id, answer.at, what));
        }
    }
}

/// What other systems tell: answers, complaints and solved cases, advice and gestures elsewhere.
fn told(whole: &Whole, entries: &mut Vec<Entry>) {
    let notice = |system: &str, key: &str, as_of| EntrySource::Notice {
        system: system.to_owned(),
        key: key.to_owned(),
        as_of,
    };
    let mut add = |kind, at, source, what| {
        entries.push(Entry {
            kind,
            at,
            source,
            what,
            amount: None,
        });
    };
    for one in &whole.responses {
        let source = notice(&one.source, &one.key, one.as_of);
        let what = one.body.words.clone();
        add(EntryKind::Feedback, one.body.at, source, what);
    }
    for one in &whole.cases {
        let source = notice(&one.source, &one.key, one.as_of);
        let (case, what) = (&one.body, Some(one.body.topic.clone()));
        if case.is_complaint {
            // To set right what went wrong is owed, not given.
            add(EntryKind::Feedback, case.opened_at, source, what);
        } else if case.state == CaseState::Solved {
            let at = case.solved_at.unwrap_or(case.opened_at);
            add(EntryKind::Repair, at, source, what);
        }
    }
    for one in &whole.contacts {
        if one.body.act.as_deref().and_then(Act::parse) == Some(Act::Advice) {
            let source = notice(&one.source, &one.key, one.as_of);
            let what = one.body.summary.clone();
            add(EntryKind::Advice, one.body.at, source, what);
        }
    }
}

#[cfg(test)]
mod tests;
