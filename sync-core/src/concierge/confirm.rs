//! The confirmation loop: what the house is not sure of, as one question a visit, and what the answer writes down.
//!
//! # Invariants
//! - One question a visit: once a doubt was settled since the customer came in, there is none before the next visit.
//! - The oldest doubt comes first. A conflict is in doubt since its latest side was written, what was once sure since its half-life
//!   ended, what never was sure since it was seen.
//! - An answer is an edit like any other: evidence, with who wrote it down and when.

use super::grounds::{SourceId, sorted};
use super::picture::Picture;
use super::words::Topic;
use crate::card::edit::Edit;
use crate::card::value::Source;
use crate::card::view::{Conflict, Fact, PreferenceView, Question, SizeView, Strength};
use crate::ids::{EditId, Timestamp};
use crate::limits;

/// What is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt<'a> {
    /// Colleagues wrote different things, and the customer knows which is right.
    Conflict(&'a Conflict),
    /// A preference that was said long ago, or never quite.
    Preference(&'a PreferenceView),
    /// A size that was taken long ago.
    Size(&'a SizeView),
}

/// One question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask<'a> {
    /// What is in doubt.
    pub doubt: Doubt<'a>,
    /// Since when.
    pub since: Timestamp,
}

/// What the customer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It is so.
    Yes,
    /// It is not so, and nothing else either.
    No,
    /// Of a conflict, this side is right.
    Choose(EditId),
    /// Something else is right.
    Instead(String),
}

/// The question of this visit; none once one was answered in it.
#[must_use]
pub fn next_ask<'a>(picture: &Picture<'a>) -> Option<Ask<'a>> {
    if is_answered(picture) {
        return None;
    }
    asks(picture).into_iter().next()
}

/// Everything in doubt that the customer can settle, the oldest first.
#[must_use]
pub fn asks<'a>(picture: &Picture<'a>) -> Vec<Ask<'a>> {
    let view = &picture.whole.view;
    let conflicts = view.conflicts.iter().filter_map(of_conflict);
    let preferences = view.preferences.iter().filter_map(of_preference);
    let sizes = view
        .sizes
        .iter()
        .filter_map(|size| of_size(size, picture.now));
    let mut asks: Vec<_> = conflicts.chain(preferences).chain(sizes).collect();
    asks.sort_by(|one, other| one.key().cmp(&other.key()));
    asks
}

/// Whether the house learnt in the visit under way what it wanted to know: somebody wrote down a preference or a size in the customer's words.
fn is_answered(picture: &Picture<'_>) -> bool {
    let view = &picture.whole.view;
    let Some(visit) = view.open_visit() else {
        return false;
    };
    let since = visit.arrived.at;
    let preferences = view.preferences.iter();
    let mut preferences = preferences.filter(|one| one.strength == Strength::Confirmed);
    preferences.any(|one| is_said(&one.value, since))
        || view.sizes.iter().any(|one| is_said(&one.size, since))
}

fn is_said<T>(fact: &Fact<T>, since: Timestamp) -> bool {
    fact.at >= since && fact.source >= Source::Stated && !fact.needs_confirmation
}

fn of_conflict(conflict: &Conflict) -> Option<Ask<'_>> {
    in_question(&conflict.question)?;
    let since = conflict.options.iter().map(|option| option.at).max()?;
    let doubt = Doubt::Conflict(conflict);
    Some(Ask { doubt, since })
}

/// What a question is about, and of what; none for what the customer can't settle at the door.
pub(super) fn in_question(question: &Question) -> Option<(Topic, String)> {
    let found = match question {
        Question::Name { part } => (Topic::Name, part.as_str().to_owned()),
        Question::Size {
            category,
            system,
            brand,
        } => {
            let brand = brand.as_deref().unwrap_or_default();
            (Topic::Size, format!("{category} {system} {brand}"))
        }
        Question::Preference { subject, .. } => (Topic::Preference, subject.clone()),
        Question::Polarity { subject, .. } => (Topic::Polarity, subject.clone()),
        Question::Allergy { substance } => (Topic::Allergy, substance.clone()),
        Question::ServiceMode => (Topic::ServiceMode, String::new()),
        Question::Language => (Topic::Language, String::new()),
        Question::Channels => (Topic::Channels, String::new()),
        Question::Occasion { kind, person } => {
            let person = person.as_deref().unwrap_or_default();
            (Topic::Occasion, format!("{kind} {person}"))
        }
        Question::WishNote { sku } => (Topic::Wish, sku.clone()),
        Question::Invitation { event } => (Topic::Invitation, event.clone()),
        // Only colleagues can settle these, and causes are not for the door.
        Question::Blocked
        | Question::OwnerOnly
        | Question::Minor
        | Question::Need { .. }
        | Question::NeedAnswer { .. }
        | Question::NeedOutcome { .. }
        | Question::Suggestion { .. }
        | Question::SuggestionAnswer { .. }
        | Question::Sameness { .. }
        | Question::Note { .. }
        | Question::NoteTitle { .. }
        | Question::Promise { .. }
        | Question::Due { .. }
        | Question::Outcome { .. }
        | Question::Assignee { .. }
        | Question::Cause { .. } => return None,
    };
    Some(found)
}

fn of_preference(preference: &PreferenceView) -> Option<Ask<'_>> {
    if preference.value.needs_confirmation {
        // The conflict asks already.
        return None;
    }
    let since = match preference.strength {
        Strength::Confirmed | Strength::Observed => return None,
        Strength::Stale => preference.last_at.plus_ms(limits::PREFERENCE_HALF_LIFE_MS),
        Strength::Weak => preference.last_at,
    };
    let doubt = Doubt::Preference(preference);
    Some(Ask { doubt, since })
}

fn of_size(size: &SizeView, now: Timestamp) -> Option<Ask<'_>> {
    let since = size.size.at.plus_ms(limits::PREFERENCE_HALF_LIFE_MS);
    let is_stale = since < now && !size.size.needs_confirmation;
    let doubt = Doubt::Size(size);
    is_stale.then_some(Ask { doubt, since })
}

impl<'a> Ask<'a> {
    fn key(&self) -> (Timestamp, u8, &'a str) {
        match self.doubt {
            Doubt::Conflict(conflict) => (self.since, 0, &conflict.path),
            Doubt::Preference(preference) => (self.since, 1, &preference.id),
            Doubt::Size(size) => (self.since, 2, &size.id),
        }
    }

    /// What the question rests on.
    #[must_use]
    pub fn sources(&self) -> Vec<SourceId> {
        match self.doubt {
            Doubt::Conflict(conflict) => sorted(conflict.sources()),
            Doubt::Preference(preference) => sorted(&preference.value.sources),
            Doubt::Size(size) => sorted(&size.size.sources),
        }
    }

    /// The edit that writes the answer down; none where the reply does not answer this question.
    #[must_use]
    pub fn answer(&self, reply: &Reply) -> Option<Edit> {
        match self.doubt {
            Doubt::Conflict(conflict) => choose(conflict, reply),
            Doubt::Preference(preference) => prefer(preference, reply),
            Doubt::Size(size) => fit(size, reply),
        }
    }
}

/// One of the sides; anything else is written again as what it is, by the form that knows the field.
fn choose(conflict: &Conflict, reply: &Reply) -> Option<Edit> {
    let Reply::Choose(choose) = reply else {
        return None;
    };
    let is_side = conflict.options.iter().any(|side| side.edit == *choose);
    is_side.then(|| Edit::Resolve {
        place: conflict.place,
        path: conflict.path.clone(),
        choose: *choose,
    })
}

fn prefer(preference: &PreferenceView, reply: &Reply) -> Option<Edit> {
    let (kind, subject) = (preference.kind.clone(), preference.subject.clone());
    let value = match reply {
        Reply::Yes => preference.value.value.clone(),
        Reply::Instead(value) => Some(value.clone()),
        Reply::No => return Some(Edit::DropPreference { kind, subject }),
        Reply::Choose(_) => return None,
    };
    let polarity = preference.polarity;
    Some(Edit::SetPreference {
        kind,
        subject,
        value,
        polarity,
    })
}

fn fit(size: &SizeView, reply: &Reply) -> Option<Edit> {
    let now = match reply {
        Reply::Yes => Some(size.size.value.clone()),
        Reply::Instead(now) => Some(now.clone()),
        Reply::No => None,
        Reply::Choose(_) => return None,
    };
    Some(Edit::SetSize {
        category: size.category.clone(),
        system: size.system.clone(),
        brand: size.brand.clone(),
        size: now,
    })
}

#[cfg(test)]
mod tests;
