//! Which lines a card gives, in the order of their weight.

use super::{Line, LineKind, calendar, words};
use crate::card::CardView;
use crate::card::terms::{Polarity, Sensitivity, Sentiment, ServiceMode};
use crate::card::view::{Conflict, OccasionView, PreferenceView, PromiseView, Question, Strength};
use crate::ids::{EditId, Timestamp};

/// Half words of a free text inside a line to avoid.
const AVOID_TEXT_COST: usize = 10;
/// Half words of the thread from the last visit.
const THREAD_COST: usize = 16;
/// Half words of what was promised, or of the options of a question.
const DO_TEXT_COST: usize = 16;
/// Days within which a dislike is worth a warning.
const DISLIKE_DAYS: i64 = 180;
/// Days ahead that promises are shown.
const PROMISE_DAYS: i64 = 7;
/// Days ahead that occasions are shown.
const OCCASION_DAYS: i64 = 14;

/// What to avoid: first what is never left out, then the rest by weight.
pub(super) fn avoid(view: &CardView, now: Timestamp) -> Vec<Line> {
    let mut lines = allergies(view);
    lines.extend(preferences(view, Polarity::Never, LineKind::Never));
    if let Some(blocked) = &view.contact.blocked {
        lines.push(Line::new(LineKind::DoNotContact, [], &blocked.sources));
    }
    if let Some(until) = &view.contact.paused_until {
        let left = until.value.days() - now.days();
        let days = ("days", left.max(1).to_string());
        lines.push(Line::new(LineKind::Paused, [days], &until.sources));
    }
    if let Some(mode) = &view.contact.mode
        && matches!(mode.value, ServiceMode::LeaveAlone | ServiceMode::Quick)
    {
        let argument = ("mode", mode.value.as_str().to_owned());
        lines.push(Line::new(LineKind::Mode, [argument], &mode.sources));
    }
    for note in &view.notes {
        // Only that there is something: the story stays with the note and its readers.
        if note.label >= Sensitivity::Guarded && !note.archived && !note.redacted {
            lines.push(Line::new(LineKind::Guarded, [], &note.sources));
        }
    }
    for wish in &view.wishes {
        if wish.surprise_until.is_some() {
            let sku = ("sku", words::clip(&wish.sku.value, AVOID_TEXT_COST));
            lines.push(Line::new(LineKind::Secret, [sku], &wish.sku.sources));
        }
    }
    lines.extend(dislikes(view, now));
    lines.extend(
        preferences(view, Polarity::Avoid, LineKind::Avoid).map(|mut line| {
            for text in line.arguments.values_mut() {
                *text = words::clip(text, AVOID_TEXT_COST / 2);
            }
            line
        }),
    );
    lines
}

/// The most dangerous first.
fn allergies(view: &CardView) -> Vec<Line> {
    let mut all: Vec<_> = view.allergies.iter().collect();
    all.sort_by_key(|allergy| {
        (
            std::cmp::Reverse(allergy.severity),
            &allergy.substance.value,
        )
    });
    all.into_iter()
        .map(|allergy| {
            let is_disputed = allergy.substance.needs_confirmation;
            let disputed = if is_disputed { "yes" } else { "" };
            let arguments = [
                ("substance", allergy.substance.value.clone()),
                ("severity", allergy.severity.as_str().to_owned()),
                ("disputed", disputed.to_owned()),
            ];
            Line::new(LineKind::Allergy, arguments, &allergy.substance.sources)
        })
        .collect()
}

fn preferences(
    view: &CardView,
    polarity: Polarity,
    kind: LineKind,
) -> impl Iterator<Item = Line> + '_ {
    view.preferences
        .iter()
        .filter(move |preference| preference.polarity == polarity)
        .map(move |preference| preference_line(preference, kind))
}

fn preference_line(preference: &PreferenceView, kind: LineKind) -> Line {
    let value = preference.value.value.clone().unwrap_or_default();
    let arguments = [
        ("kind", preference.kind.clone()),
        ("subject", preference.subject.clone()),
        ("value", value),
    ];
    Line::new(kind, arguments, &preference.value.sources)
}

/// Articles whose latest reaction was a dislike, lately.
fn dislikes(view: &CardView, now: Timestamp) -> impl Iterator<Item = Line> + '_ {
    view.reactions
        .iter()
        .filter(|reaction| !reaction.superseded)
        .filter(|reaction| reaction.sentiment.value == Sentiment::Disliked)
        .filter(move |reaction| now.days() - reaction.sentiment.at.days() <= DISLIKE_DAYS)
        .map(|reaction| {
            let sku = ("sku", words::clip(&reaction.sku, AVOID_TEXT_COST));
            Line::new(LineKind::Disliked, [sku], &reaction.sentiment.sources)
        })
}

/// How to address the customer, with one thread from the last visit that left one.
pub(super) fn say(view: &CardView) -> Option<Line> {
    let mut sources: Vec<EditId> = Vec::new();
    let address = address(view, &mut sources);
    let past = view.visits.iter().filter(|visit| !visit.open);
    let thread = past
        .filter_map(|visit| visit.thread.as_ref().or(visit.captured.last()))
        .next();
    sources.extend(thread.iter().flat_map(|thread| &thread.sources));
    let thread = thread.map(|thread| words::clip(&thread.value, THREAD_COST));
    let arguments = [("address", address), ("thread", thread.unwrap_or_default())];
    let line = Line::new(LineKind::Greet, arguments, &sources);
    (!line.arguments.is_empty()).then_some(line)
}

/// The form of address, else salutation and family name, else the name as it is shown.
fn address(view: &CardView, sources: &mut Vec<EditId>) -> String {
    let name = &view.name;
    if let Some(address) = &name.address {
        sources.extend(&address.sources);
        return words::clip(&address.value, AVOID_TEXT_COST);
    }
    if let (Some(salutation), Some(family)) = (&name.salutation, &name.family) {
        sources.extend(salutation.sources.iter().chain(&family.sources));
        let both = format!("{} {}", salutation.value, family.value);
        return words::clip(&both, AVOID_TEXT_COST);
    }
    let parts = match &name.display {
        Some(display) => vec![display],
        None => [&name.given, &name.family].into_iter().flatten().collect(),
    };
    sources.extend(parts.iter().flat_map(|part| &part.sources));
    words::clip(&name.shown(), AVOID_TEXT_COST)
}

/// What to do: promises, occasions, what colleagues wrote differently, one thing that is unsure.
pub(super) fn act(view: &CardView, now: Timestamp) -> Vec<Line> {
    let mut lines = promises(view, now);
    lines.extend(occasions(view, now));
    lines.extend(view.conflicts.iter().filter_map(ask));
    lines.extend(confirm(view));
    lines
}

fn promises(view: &CardView, now: Timestamp) -> Vec<Line> {
    let days = |due: Timestamp| due.days() - now.days();
    let mut due: Vec<(Timestamp, &PromiseView)> = view
        .promises
        .iter()
        .filter(|promise| promise.is_open())
        .filter_map(|promise| promise.due.map(|due| (due, promise)))
        .filter(|(due, _)| days(*due) <= PROMISE_DAYS)
        .collect();
    due.sort_by_key(|(due, promise)| (*due, promise.id));
    due.into_iter()
        .map(|(due, promise)| {
            let arguments = [
                ("what", words::clip(&promise.what.value, DO_TEXT_COST)),
                ("days", days(due).to_string()),
            ];
            Line::new(LineKind::Promise, arguments, &promise.sources)
        })
        .collect()
}

fn occasions(view: &CardView, now: Timestamp) -> Vec<Line> {
    let days =
        |occasion: &OccasionView| calendar::days_until(now.days(), occasion.month?, occasion.day?);
    let mut coming: Vec<_> = view
        .occasions
        .iter()
        .filter(|occasion| occasion.celebrate != Some(false) && !occasion.needs_confirmation)
        .filter_map(|occasion| days(occasion).map(|days| (days, occasion)))
        .filter(|(days, _)| *days <= OCCASION_DAYS)
        .collect();
    coming.sort_by_key(|(days, occasion)| (*days, &occasion.id));
    coming
        .into_iter()
        .map(|(days, occasion)| {
            let ask = if occasion.celebrate.is_none() {
                "yes"
            } else {
                ""
            };
            let person = occasion.person.as_deref().unwrap_or_default();
            let arguments = [
                ("occasion", occasion.kind.as_str().to_owned()),
                ("person", words::clip(person, AVOID_TEXT_COST)),
                ("days", days.to_string()),
                ("ask", ask.to_owned()),
            ];
            Line::new(LineKind::Occasion, arguments, &occasion.sources)
        })
        .collect()
}

/// A conflict that the customer can settle, as a question. What only colleagues can settle, and causes, are not for the door.
fn ask(conflict: &Conflict) -> Option<Line> {
    let (about, subject) = match &conflict.question {
        Question::Name { part } => ("name", part.as_str().to_owned()),
        Question::Size {
            category,
            system,
            brand,
        } => {
            let brand = brand.as_deref().unwrap_or_default();
            ("size", format!("{category} {system} {brand}"))
        }
        Question::Preference { subject, .. } => ("preference", subject.clone()),
        Question::Polarity { subject, .. } => ("polarity", subject.clone()),
        Question::Allergy { substance } => ("allergy", substance.clone()),
        Question::ServiceMode => ("service_mode", String::new()),
        Question::Language => ("language", String::new()),
        Question::Channels => ("channels", String::new()),
        Question::Occasion { kind, person } => {
            let person = person.as_deref().unwrap_or_default();
            ("occasion", format!("{kind} {person}"))
        }
        Question::WishNote { sku } => ("wish", sku.clone()),
        Question::Invitation { event } => ("invitation", event.clone()),
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
    let mut options: Vec<&str> = Vec::new();
    for option in &conflict.options {
        if !option.text.is_empty() && !options.contains(&option.text.as_str()) {
            options.push(&option.text);
        }
    }
    let arguments = [
        ("about", about.to_owned()),
        ("subject", words::clip(subject.trim(), AVOID_TEXT_COST)),
        ("options", words::clip(&options.join(" or "), DO_TEXT_COST)),
    ];
    Some(Line::new(LineKind::Ask, arguments, &conflict.sources()))
}

/// One thing to confirm: what was once sure, longest ago first, before what never was.
fn confirm(view: &CardView) -> Option<Line> {
    let preference = view
        .preferences
        .iter()
        .filter(|one| matches!(one.strength, Strength::Stale | Strength::Weak))
        .filter(|one| !one.value.needs_confirmation)
        .min_by_key(|one| {
            let rank = usize::from(one.strength == Strength::Weak);
            (rank, one.last_at, &one.id)
        })?;
    let mut line = preference_line(preference, LineKind::Confirm);
    for text in line.arguments.values_mut() {
        *text = words::clip(text, AVOID_TEXT_COST / 2);
    }
    let polarity = preference.polarity.as_str().to_owned();
    line.arguments.insert("polarity", polarity);
    Some(line)
}
