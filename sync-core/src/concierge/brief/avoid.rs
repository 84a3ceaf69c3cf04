//! What to avoid, in the order of its weight.

use super::{Line, LineKind, words};
use crate::card::CardView;
use crate::card::terms::{Polarity, Sensitivity, Sentiment, ServiceMode};
use crate::card::view::{NoteView, PreferenceView};
use crate::concierge::grounds::SourceId;
use crate::concierge::picture::{Picture, Told};
use crate::concierge::stock::label;
use crate::ids::Timestamp;
use crate::notices::NoticeKind;
use crate::notices::bodies::{CaseBody, CaseState};
use crate::records::RecordKind;

/// Half words of a free text inside a line to avoid.
pub(super) const AVOID_TEXT_COST: usize = 10;
/// Days within which a dislike is worth a warning.
const DISLIKE_DAYS: i64 = 180;

/// First what is never left out; then guarded topics, secrets, an open complaint, how much company they want, dislikes.
pub(super) fn avoid(picture: &Picture<'_>) -> Vec<Line> {
    let view = &picture.whole.view;
    let mut lines = allergies(view);
    lines.extend(preferences(view, Polarity::Never, LineKind::Never));
    if let Some(blocked) = &view.contact.blocked {
        lines.push(Line::new(LineKind::DoNotContact, [], &blocked.sources));
    }
    lines.extend(guarded(picture));
    lines.extend(secrets(picture));
    lines.extend(complaint(picture));
    lines.extend(mode(view));
    lines.extend(dislikes(picture));
    lines.extend(
        preferences(view, Polarity::Avoid, LineKind::Avoid).map(|mut line| {
            for text in line.arguments.values_mut() {
                *text = words::clip(text, AVOID_TEXT_COST / 2);
            }
            line
        }),
    );
    lines.extend(paused(view, picture.now));
    lines
}

/// How much company the customer wants.
fn mode(view: &CardView) -> Option<Line> {
    let mode = view.contact.mode.as_ref()?;
    let is_quiet = matches!(mode.value, ServiceMode::LeaveAlone | ServiceMode::Quick);
    let argument = ("mode", mode.value.as_str().to_owned());
    is_quiet.then(|| Line::new(LineKind::Mode, [argument], &mode.sources))
}

/// Last: it is about writing and calling, not about who stands at the door.
fn paused(view: &CardView, now: Timestamp) -> Option<Line> {
    let until = view.contact.paused_until.as_ref()?;
    let left = until.value.days().saturating_sub(now.days());
    let days = ("days", left.max(1).to_string());
    Some(Line::new(LineKind::Paused, [days], &until.sources))
}

/// Who may approach the customer, and that there is a topic to stay away from: the story stays with the note and its readers.
fn guarded(picture: &Picture<'_>) -> Vec<Line> {
    let view = &picture.whole.view;
    let owner = picture.whole.owner.as_ref().map(|owner| owner.owner);
    let mut lines = Vec::new();
    if let Some(reserved) = &view.contact.owner_only
        && owner != Some(picture.viewer.associate)
    {
        let name = owner.and_then(|owner| picture.house.name(owner));
        let name = words::clip(name.unwrap_or_default(), AVOID_TEXT_COST / 2);
        lines.push(Line::new(
            LineKind::OwnerOnly,
            [("name", name)],
            &reserved.sources,
        ));
    }
    let open = view
        .notes
        .iter()
        .filter(|note| !note.archived && !note.redacted);
    let mut guarded: Vec<_> = open
        .filter(|note| note.label >= Sensitivity::Guarded)
        .collect();
    guarded.sort_by_key(|note| note.id);
    let cue = |note: &NoteView| Line::new(LineKind::Guarded, [], &note.sources);
    lines.extend(guarded.into_iter().map(cue));
    lines
}

fn secrets(picture: &Picture<'_>) -> Vec<Line> {
    let wishes = picture.whole.view.wishes.iter();
    let mut secret: Vec<_> = wishes
        .filter(|wish| wish.surprise_until.is_some())
        .collect();
    secret.sort_by(|one, other| one.id.cmp(&other.id));
    let wished = secret.into_iter().map(|wish| {
        let sku = &wish.sku;
        Line::new(LineKind::Secret, article(picture, &sku.value), &sku.sources)
    });
    wished.chain(bought_in_secret(picture)).collect()
}

/// The articles of purchases that are kept from linked people.
fn bought_in_secret(picture: &Picture<'_>) -> Vec<Line> {
    let view = &picture.whole.view;
    let purchases = picture.whole.sales.iter();
    let purchases = purchases.filter(|record| record.kind == RecordKind::Purchase);
    let secret = purchases.filter_map(|record| {
        let surprise = view.surprise(&record.source, &record.source_id)?;
        Some((record, surprise))
    });
    let mut lines = Vec::new();
    for (record, surprise) in secret {
        let edits = surprise.purchase.sources.iter().map(SourceId::from);
        let sources: Vec<_> = edits.chain([SourceId::from(record)]).collect();
        for line in &record.sale.lines {
            let sku = line.sku.as_deref().unwrap_or_default();
            let [sku, mut name] = article(picture, sku);
            if name.1.is_empty() {
                let label = line.label.as_deref().unwrap_or_default();
                name.1 = words::clip(label, AVOID_TEXT_COST);
            }
            if !(sku.1.is_empty() && name.1.is_empty()) {
                lines.push(Line::new(LineKind::Secret, [sku, name], sources.clone()));
            }
        }
    }
    lines
}

/// The number of an article, and its name where the catalogue tells.
fn article(picture: &Picture<'_>, sku: &str) -> [(&'static str, String); 2] {
    let name = Some(label(picture.house, sku)).filter(|name| name != sku);
    let clipped = |text: &str| words::clip(text, AVOID_TEXT_COST);
    [
        ("sku", clipped(sku)),
        ("name", clipped(&name.unwrap_or_default())),
    ]
}

/// Complaints that nobody has solved, the oldest first.
pub(super) fn complaints<'a>(picture: &Picture<'a>) -> Vec<&'a Told<CaseBody>> {
    let cases = picture.whole.cases.iter();
    let mut open: Vec<_> = cases
        .filter(|case| case.body.is_complaint && case.body.state == CaseState::Open)
        .collect();
    open.sort_by_key(|case| (case.body.opened_at, &case.key));
    open
}

/// One line however many complaints are open, and no word of what they are about.
fn complaint(picture: &Picture<'_>) -> Option<Line> {
    let open = complaints(picture);
    let sources = open
        .iter()
        .map(|case| SourceId::notice(NoticeKind::Case, &case.key));
    (!open.is_empty()).then(|| Line::new(LineKind::Complaint, [], sources))
}

/// The most dangerous first.
fn allergies(view: &CardView) -> Vec<Line> {
    let mut all: Vec<_> = view.allergies.iter().collect();
    all.sort_by_key(|allergy| {
        (
            std::cmp::Reverse(allergy.severity),
            &allergy.substance.value,
            &allergy.id,
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
    let mut found: Vec<_> = view
        .preferences
        .iter()
        .filter(|preference| preference.polarity == polarity)
        .collect();
    found.sort_by(|one, other| one.id.cmp(&other.id));
    found
        .into_iter()
        .map(move |preference| preference_line(preference, kind))
}

/// A preference as a line of this kind.
pub(super) fn preference_line(preference: &PreferenceView, kind: LineKind) -> Line {
    let value = preference.value.value.clone().unwrap_or_default();
    let arguments = [
        ("kind", preference.kind.clone()),
        ("subject", preference.subject.clone()),
        ("value", value),
    ];
    Line::new(kind, arguments, &preference.value.sources)
}

/// Articles whose latest reaction was a dislike, lately; the latest first.
fn dislikes(picture: &Picture<'_>) -> Vec<Line> {
    let today = picture.today();
    let mut disliked: Vec<_> = picture
        .whole
        .view
        .reactions
        .iter()
        .filter(|reaction| !reaction.superseded)
        .filter(|reaction| reaction.sentiment.value == Sentiment::Disliked)
        .filter(|reaction| today - picture.day(reaction.sentiment.at) <= DISLIKE_DAYS)
        .collect();
    disliked.sort_by_key(|reaction| (std::cmp::Reverse(reaction.sentiment.at), reaction.edit));
    let line = |sku: &str, sources| Line::new(LineKind::Disliked, article(picture, sku), sources);
    disliked
        .into_iter()
        .map(|reaction| line(&reaction.sku, &reaction.sentiment.sources))
        .collect()
}
