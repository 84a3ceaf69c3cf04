//! The handover: what a new associate gets when another one leaves, and the edits that give them the leaver's promises.
//!
//! # Invariants
//! - Every open promise before is an open promise after, with the same words and the same date.
//! - Private notes stay: nothing that only the leaver could read is in the pack.
//! - What is handed over of preferences is what the customer confirmed.

use serde::Serialize;

use super::brief::Brief;
use super::grounds::{SourceId, hash_of, sorted};
use super::picture::{Picture, Whole};
use crate::card::CardView;
use crate::card::edit::Edit;
use crate::card::terms::{Place, Polarity};
use crate::card::view::{PromiseView, Strength};
use crate::ids::{AssociateId, EditId, Hash32, Timestamp};
use crate::notices::NoticeKind;

/// Dealings that are handed over.
pub const DEALINGS_MAX: usize = 5;

/// An open promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenPromise {
    /// The edit that made it.
    pub id: EditId,
    /// What was promised.
    pub what: String,
    /// By when, unchanged.
    pub due: Option<Timestamp>,
    /// Who sees to it now.
    pub assignees: Vec<AssociateId>,
    /// What it rests on, ascending.
    pub sources: Vec<SourceId>,
}

/// A preference that the customer confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfirmedPreference {
    /// Kind.
    pub kind: String,
    /// About what.
    pub subject: String,
    /// Which.
    pub value: Option<String>,
    /// How much.
    pub polarity: Polarity,
    /// What it rests on, ascending.
    pub sources: Vec<SourceId>,
}

/// A visit or another dealing, from the card or from another system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dealing {
    /// When.
    pub at: Timestamp,
    /// `visit`, or the kind of the interaction, or the channel of a contact.
    pub kind: String,
    /// Who, where one of ours.
    pub by: Option<AssociateId>,
    /// In a few words.
    pub summary: Option<String>,
    /// What it rests on, ascending.
    pub sources: Vec<SourceId>,
}

/// What is handed over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pack {
    /// The brief for whoever takes over.
    pub brief: Brief,
    /// Open promises, the earliest due first, those without a date last.
    pub promises: Vec<OpenPromise>,
    /// Confirmed preferences.
    pub preferences: Vec<ConfirmedPreference>,
    /// The last dealings, latest first.
    pub dealings: Vec<Dealing>,
}

impl Pack {
    /// The pack for the picture's viewer, who takes over.
    #[must_use]
    pub fn of(picture: &Picture<'_>) -> Self {
        if picture.whole.is_erased {
            return Self::default();
        }
        let whole = without_private(picture.whole);
        let picture = Picture {
            whole: &whole,
            ..*picture
        };
        Self {
            brief: Brief::of(&picture),
            promises: promises(&whole.view),
            preferences: preferences(&whole.view),
            dealings: dealings(&whole),
        }
    }

    /// The hash of the result.
    #[must_use]
    pub fn hash(&self) -> Hash32 {
        hash_of("concierge.handover.v1", self)
    }
}

/// The edits by which the hub gives the leaver's open promises to another; dates and words are not touched.
#[must_use]
pub fn edits(view: &CardView, from: AssociateId, to: AssociateId) -> Vec<Edit> {
    let open = view.promises.iter().filter(|promise| promise.is_open());
    let mut theirs: Vec<_> = open
        .filter(|promise| promise.assignees.contains(&from))
        .map(|promise| promise.id)
        .collect();
    theirs.sort_unstable();
    let give = |promise| Edit::AssignPromise {
        promise,
        assignee: Some(to),
    };
    theirs.into_iter().map(give).collect()
}

fn without_private(whole: &Whole) -> Whole {
    let mut whole = whole.clone();
    let is_shared = |place: Place| place != Place::Private;
    whole.view.notes.retain(|note| is_shared(note.place));
    whole.view.conflicts.retain(|one| is_shared(one.place));
    whole.view.unknown.retain(|one| is_shared(one.place));
    whole
}

fn promises(view: &CardView) -> Vec<OpenPromise> {
    let open = view.promises.iter().filter(|promise| promise.is_open());
    let mut open: Vec<&PromiseView> = open.collect();
    open.sort_by_key(|promise| (promise.due.is_none(), promise.due, promise.id));
    open.into_iter()
        .map(|promise| OpenPromise {
            id: promise.id,
            what: promise.what.value.clone(),
            due: promise.due,
            assignees: promise.assignees.clone(),
            sources: sorted(&promise.sources),
        })
        .collect()
}

fn preferences(view: &CardView) -> Vec<ConfirmedPreference> {
    let preferences = view.preferences.iter();
    let mut confirmed: Vec<_> = preferences
        .filter(|one| one.strength == Strength::Confirmed && !one.value.needs_confirmation)
        .collect();
    confirmed.sort_by(|one, other| one.id.cmp(&other.id));
    confirmed
        .into_iter()
        .map(|one| ConfirmedPreference {
            kind: one.kind.clone(),
            subject: one.subject.clone(),
            value: one.value.value.clone(),
            polarity: one.polarity,
            sources: sorted(&one.value.sources),
        })
        .collect()
}

fn dealings(whole: &Whole) -> Vec<Dealing> {
    let visits = whole.view.visits.iter().map(|visit| {
        let thread = visit.thread.as_ref().or(visit.captured.last());
        let said = thread.iter().flat_map(|thread| &thread.sources);
        Dealing {
            at: visit.arrived.at,
            kind: "visit".to_owned(),
            by: Some(visit.arrived.by),
            summary: thread.map(|thread| thread.value.clone()),
            sources: sorted(visit.arrived.sources.iter().chain(said)),
        }
    });
    let interactions = whole.view.interactions.iter().map(|one| Dealing {
        at: one.summary.at,
        kind: one.kind.as_str().to_owned(),
        by: Some(one.summary.by),
        summary: one.summary.value.clone(),
        sources: sorted(&one.summary.sources),
    });
    let contacts = whole.contacts.iter().map(|told| {
        let channel = told.body.channel.as_deref();
        Dealing {
            at: told.body.at,
            kind: channel.unwrap_or("in_person").to_owned(),
            by: told.body.by,
            summary: told.body.summary.clone(),
            sources: vec![SourceId::notice(NoticeKind::Contact, &told.key)],
        }
    });
    let mut dealings: Vec<_> = visits.chain(interactions).chain(contacts).collect();
    dealings.sort_by(|one, other| {
        let latest_first = other.at.cmp(&one.at);
        latest_first.then_with(|| one.sources.cmp(&other.sources))
    });
    dealings.truncate(DEALINGS_MAX);
    dealings
}

#[cfg(test)]
mod tests;
