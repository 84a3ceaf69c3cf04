//! From a card as it is read to the facts of its row.

use super::{Flags, HINT_CHARS_MAX, Hint, HintKind, RowFacts};
use crate::card::CardView;
use crate::card::terms::{EndpointKind, EndpointStatus, Place, Sameness, Sensitivity};
use crate::card::view::{NoteView, Question};
use crate::ids::{CustomerId, Timestamp};
use crate::search::TermSources;

/// The facts of a card.
pub(super) fn facts(view: &CardView, last_purchase: Option<Timestamp>) -> RowFacts {
    let open = || view.promises.iter().filter(|promise| promise.is_open());
    let flags = Flags::default()
        .with_if(!view.allergies.is_empty(), Flags::ALLERGY)
        .with_if(view.contact.blocked.is_some(), Flags::DO_NOT_CONTACT);
    RowFacts {
        sources: TermSources {
            names: names(view),
            phones: phones(view),
            words: words(view),
            links: links(view),
        },
        language: view
            .contact
            .language
            .as_ref()
            .map(|language| language.value.clone()),
        flags,
        conflicts: view
            .conflicts
            .iter()
            .filter(|conflict| is_shared(conflict.place))
            .count(),
        open_promises: open().count(),
        earliest_due: open().filter_map(|promise| promise.due).min(),
        last_touch: last_touch(view, last_purchase),
        visit_since: view
            .visits
            .first()
            .filter(|visit| visit.closed_at.is_none())
            .map(|visit| visit.arrived.at),
        hint: hint(view),
    }
}

/// Whether everybody in the shop may see what stands there.
fn is_shared(place: Place) -> bool {
    match place {
        Place::Card | Place::Shop => true,
        Place::Restricted | Place::Private => false,
    }
}

/// The name to show, its parts, and what others wrote at the same time.
fn names(view: &CardView) -> Vec<String> {
    let name = &view.name;
    let parts = [
        &name.display,
        &name.given,
        &name.family,
        &name.address,
        &name.pronunciation,
    ];
    let parts = parts.into_iter().flatten().map(|part| part.value.clone());
    let others = view
        .conflicts
        .iter()
        .filter(|conflict| matches!(conflict.question, Question::Name { .. }))
        .flat_map(|conflict| &conflict.options)
        .filter_map(|option| option.value.as_text().map(str::to_owned));
    std::iter::once(name.shown())
        .chain(parts)
        .chain(others)
        .filter(|name| !name.is_empty())
        .collect()
}

fn phones(view: &CardView) -> Vec<String> {
    view.endpoints
        .iter()
        .filter(|endpoint| {
            matches!(endpoint.kind, EndpointKind::Phone | EndpointKind::Whatsapp)
                && matches!(
                    endpoint.status,
                    EndpointStatus::Ok | EndpointStatus::Bounced
                )
        })
        .map(|endpoint| endpoint.value.value.clone())
        .collect()
}

/// The cards of which this one says that they are the same person.
fn links(view: &CardView) -> Vec<CustomerId> {
    let same = view.links.iter();
    let same = same.filter(|link| link.sameness.value == Sameness::Same);
    same.map(|link| link.other).collect()
}

/// Words to be found by, what matters most first. Guarded and special notes are no way to find anybody.
fn words(view: &CardView) -> Vec<String> {
    let mut words: Vec<&str> = view.tags.iter().map(|tag| tag.value.as_str()).collect();
    words.extend(
        view.allergies
            .iter()
            .map(|one| one.substance.value.as_str()),
    );
    for preference in &view.preferences {
        words.extend([preference.subject.as_str(), preference.kind.as_str()]);
        words.extend(preference.value.value.as_deref());
    }
    for size in &view.sizes {
        words.extend([size.category.as_str(), size.size.value.as_str()]);
        words.extend(size.brand.as_deref());
    }
    for wish in &view.wishes {
        words.push(&wish.sku.value);
        words.extend(wish.note.as_ref().map(|note| note.value.as_str()));
    }
    for promise in view.promises.iter().filter(|promise| promise.is_open()) {
        words.push(&promise.what.value);
    }
    for endpoint in &view.endpoints {
        match endpoint.kind {
            EndpointKind::Phone | EndpointKind::Whatsapp => {}
            // The provider's name would lead to half the book.
            EndpointKind::Email => words.extend(endpoint.value.value.split('@').next()),
            EndpointKind::Wechat | EndpointKind::Line | EndpointKind::Kakao => {
                words.push(&endpoint.value.value);
            }
        }
    }
    words.extend(
        view.occasions
            .iter()
            .filter_map(|one| one.person.as_deref()),
    );
    words.extend(told(view));
    words.into_iter().map(str::to_owned).collect()
}

/// What people wrote in sentences, newest first, so that a full index gives up the oldest.
fn told(view: &CardView) -> Vec<&str> {
    let mut told: Vec<(Timestamp, &str)> = Vec::new();
    for note in view.notes.iter().filter(|note| is_open(note)) {
        let title = note.title.as_ref();
        told.extend(title.map(|title| (title.at, title.value.as_str())));
        let versions = note.versions.iter();
        told.extend(versions.map(|version| (version.at, version.body.as_str())));
    }
    for visit in &view.visits {
        let facts = visit.thread.iter().chain(&visit.captured);
        told.extend(facts.map(|fact| (fact.at, fact.value.as_str())));
    }
    for one in &view.interactions {
        let summary = one.summary.value.as_deref();
        told.extend(summary.map(|summary| (one.summary.at, summary)));
    }
    told.sort_unstable_by(|one, next| next.cmp(one));
    told.into_iter().map(|(_, text)| text).collect()
}

fn is_open(note: &NoteView) -> bool {
    is_shared(note.place) && note.label == Sensitivity::Plain && !note.archived && !note.redacted
}

/// The last dealing with the customer, or since when there is a card. That somebody corrected the card is no dealing.
fn last_touch(view: &CardView, last_purchase: Option<Timestamp>) -> Option<Timestamp> {
    let visits = view
        .visits
        .iter()
        .flat_map(|visit| [Some(visit.arrived.at), visit.closed_at]);
    let interactions = view.interactions.iter().map(|one| Some(one.summary.at));
    let reactions = view.reactions.iter().map(|one| Some(one.sentiment.at));
    let promises = view.promises.iter().map(|one| Some(one.what.at));
    let notes = view
        .notes
        .iter()
        .filter(|note| is_shared(note.place))
        .flat_map(|note| &note.versions)
        .map(|version| Some(version.at));
    visits
        .chain(interactions)
        .chain(reactions)
        .chain(promises)
        .chain(notes)
        .chain([last_purchase])
        .flatten()
        .max()
        .or(view.since)
}

/// The most pressing thing that fits on a line.
fn hint(view: &CardView) -> Option<Hint> {
    let allergy = || {
        let worst = view
            .allergies
            .iter()
            .max_by_key(|one| (one.severity, std::cmp::Reverse(&one.id)))?;
        Some((HintKind::Allergy, worst.substance.value.clone()))
    };
    let promise = || {
        let next = view
            .promises
            .iter()
            .filter(|promise| promise.is_open())
            .min_by_key(|promise| (promise.due.is_none(), promise.due, promise.id))?;
        Some((HintKind::Promise, next.what.value.clone()))
    };
    let conflict = || {
        let first = view
            .conflicts
            .iter()
            .find(|conflict| is_shared(conflict.place))?;
        let sides: Vec<_> = first
            .options
            .iter()
            .map(|option| option.text.as_str())
            .collect();
        Some((HintKind::Conflict, sides.join(" / ")))
    };
    let wish = || {
        let open = view.wishes.iter().find(|wish| !wish.fulfilled)?;
        let note = open.note.as_ref().unwrap_or(&open.sku);
        Some((HintKind::Wish, note.value.clone()))
    };
    let preference = || {
        let newest = view
            .preferences
            .iter()
            .max_by_key(|one| (one.last_at, std::cmp::Reverse(&one.id)))?;
        Some((HintKind::Preference, newest.subject.clone()))
    };
    let (kind, text) = allergy()
        .or_else(promise)
        .or_else(conflict)
        .or_else(wish)
        .or_else(preference)?;
    let argument = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Hint {
        kind,
        argument: argument.chars().take(HINT_CHARS_MAX).collect(),
    })
}

#[cfg(test)]
mod tests;
