//! From the card to the row: which facts of a customer a list shows, and by which texts a search finds them.
//!
//! # Invariants
//! - The row depends on the card alone, not on when it is folded: "now" is the latest moment the card itself tells of,
//!   so a row that was folded live equals the row of a rebuild years later.
//! - Only the facets that every reader of the row may see are looked at: the chain's card and the shop's own.

use super::{Flags, Hint, HintKind, Row, RowFacts};
use crate::card::view::Fact;
use crate::card::{CardView, Facet, Reading, Visible};
use crate::ids::{CustomerId, Timestamp};
use crate::search::TermSources;

/// The row of a customer, from what is visible of them.
#[must_use]
pub fn project(
    customer: CustomerId,
    visible: &Visible,
    corrections: &crate::card::reduce::Corrections,
) -> Row {
    let shared: Visible = visible
        .iter()
        .filter(|(facet, _)| matches!(facet, Facet::Card | Facet::Shop(_)))
        .map(|(facet, entries)| (*facet, entries.clone()))
        .collect();
    let last_touch = last_touch(&shared, corrections);
    let now = last_touch.unwrap_or_default();
    let view = CardView::read(&shared, &Reading { now, corrections });
    Row::new(customer, &facts(&view, last_touch))
}

/// The latest moment at which something on the card was written, by times that can't lie ahead of their receipt.
fn last_touch(
    visible: &Visible,
    corrections: &crate::card::reduce::Corrections,
) -> Option<Timestamp> {
    visible
        .iter()
        .flat_map(|(_, entries)| entries.iter())
        .map(|(key, entry)| {
            let claimed = entry.provenance.as_of.unwrap_or(entry.provenance.at);
            corrections
                .get(&key.edit)
                .map_or(claimed, |received| claimed.min(*received))
        })
        .max()
}

fn facts(view: &CardView, last_touch: Option<Timestamp>) -> RowFacts {
    let open: Vec<_> = view
        .promises
        .iter()
        .filter(|promise| promise.is_open())
        .collect();
    let flags = Flags::default()
        .with_if(!view.allergies.is_empty(), Flags::ALLERGY)
        .with_if(view.contact.blocked.is_some(), Flags::DO_NOT_CONTACT)
        .with_if(view.open_visit().is_some(), Flags::OPEN_VISIT);
    RowFacts {
        sources: sources(view),
        language: view
            .contact
            .language
            .as_ref()
            .map(|language| language.value.clone()),
        flags,
        conflicts: view.conflicts.len(),
        open_promises: open.len(),
        earliest_due: open.iter().filter_map(|promise| promise.due).min(),
        last_touch,
        hint: hint(view),
    }
}

/// What to say in one line beneath the name: what keeps from harm first, then what was promised.
fn hint(view: &CardView) -> Option<Hint> {
    if let Some(allergy) = view.allergies.first() {
        let argument = allergy.substance.value.clone();
        return Some(Hint {
            kind: HintKind::Allergy,
            argument,
        });
    }
    let promise = view
        .promises
        .iter()
        .filter(|promise| promise.is_open())
        .min_by_key(|promise| (promise.due.unwrap_or(Timestamp(i64::MAX)), promise.id))?;
    Some(Hint {
        kind: HintKind::Promise,
        argument: promise.what.value.clone(),
    })
}

fn sources(view: &CardView) -> TermSources {
    let name = &view.name;
    let mut names = vec![name.shown()];
    let parts: [&Option<Fact<String>>; 4] =
        [&name.given, &name.family, &name.display, &name.address];
    names.extend(parts.into_iter().flatten().map(|part| part.value.clone()));
    // While people disagree about a name, the customer is found under every spelling.
    for conflict in view
        .conflicts
        .iter()
        .filter(|conflict| conflict.path.starts_with("name/"))
    {
        names.extend(
            conflict
                .options
                .iter()
                .filter_map(|option| option.value.as_text().map(str::to_owned)),
        );
    }
    let phones = view
        .endpoints
        .iter()
        .filter(|endpoint| endpoint.value.value.starts_with('+'))
        .map(|endpoint| endpoint.value.value.clone())
        .collect();
    TermSources {
        names,
        phones,
        words: words(view),
    }
}

/// Words to find a customer by, what matters most first.
fn words(view: &CardView) -> Vec<String> {
    let mut words = Vec::new();
    words.extend(
        view.allergies
            .iter()
            .map(|allergy| allergy.substance.value.clone()),
    );
    words.extend(view.tags.iter().map(|tag| tag.value.clone()));
    for preference in &view.preferences {
        words.push(preference.subject.clone());
        words.extend(preference.value.value.clone());
    }
    words.extend(
        view.promises
            .iter()
            .filter(|promise| promise.is_open())
            .map(|promise| promise.what.value.clone()),
    );
    for note in view
        .notes
        .iter()
        .filter(|note| !note.archived && !note.redacted)
    {
        words.extend(note.title.as_ref().map(|title| title.value.clone()));
        words.extend(note.versions.iter().map(|version| version.body.clone()));
    }
    words
}
