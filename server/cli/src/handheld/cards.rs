//! A list of customers, a brief and a card as lines of text.

use carnet_ffi::{
    Brief, BriefSection, Card, ConflictView, Hit, Purchase, SumOfMoney, Totals, WaitingEdit,
    render_english,
};
use sync_core::card::terms::EndpointStatus;
use sync_core::records::format_amount;

use super::{day, words};

/// Visits of a card: the latest tell what to take up.
const VISITS_SHOWN: usize = 3;
/// Purchases of a list.
const PURCHASES_SHOWN: usize = 10;

/// One customer of a list.
pub(crate) fn hit(number: usize, hit: &Hit) -> String {
    let mut line = format!("{number:>3}  {}", named(&hit.name));
    if !hit.phones.is_empty() {
        line.push_str(&format!("  …{}", hit.phones.join(" …")));
    }
    let marks = [
        (hit.in_shop, "here"),
        (hit.has_allergy, "allergy"),
        (hit.do_not_contact, "do not contact"),
        (hit.conflicts > 0, "to settle"),
    ];
    for (_, mark) in marks.iter().filter(|(is_set, _)| *is_set) {
        line.push_str(&format!("  [{mark}]"));
    }
    if let Some(hint) = &hit.hint {
        line.push_str(&format!("  {}", hint.argument));
    }
    line
}

fn named(name: &str) -> &str {
    if name.is_empty() { "(no name)" } else { name }
}

/// The brief: what to avoid, to say, to do.
pub(crate) fn brief(brief: &Brief) -> Vec<String> {
    let mut lines: Vec<_> = brief
        .lines
        .iter()
        .map(|line| {
            let mark = match line.section {
                BriefSection::Avoid => '!',
                BriefSection::Say => '"',
                BriefSection::Act => '>',
            };
            format!("  {mark} {}", render_english(line))
        })
        .collect();
    if brief.avoid_more > 0 {
        lines.push(format!("  ! +{} more to avoid", brief.avoid_more));
    }
    if lines.is_empty() {
        lines.push("  Nothing to know first.".to_owned());
    }
    lines
}

/// The whole card; promises are numbered as `done` takes them.
pub(crate) fn card(card: &Card) -> Vec<String> {
    let mut lines = vec![named(&card.name).to_owned()];
    let facts = reaching(card)
        .chain(keeping_away(card))
        .chain(liking(card))
        .chain(promising(card))
        .chain(remembering(card));
    for (label, text) in facts {
        let text = text.trim_end_matches([':', ' ']);
        lines.push(format!("  {label:<10} {text}"));
    }
    if card.newer_fields > 0 {
        let count = card.newer_fields;
        lines.push(format!("  {count} things that only a newer version shows"));
    }
    lines
}

/// A label, and what stands beside it.
type Fact = (&'static str, String);

fn reaching(card: &Card) -> impl Iterator<Item = Fact> + '_ {
    let endpoints = card.endpoints.iter().map(|endpoint| {
        let status = match endpoint.status {
            EndpointStatus::Ok => "",
            EndpointStatus::Bounced | EndpointStatus::WrongPerson | EndpointStatus::Revoked => {
                endpoint.status.as_str()
            }
        };
        (
            endpoint.kind.as_str(),
            format!("{} {status}", endpoint.value),
        )
    });
    let contact = &card.contact;
    let language = contact
        .language
        .iter()
        .map(|one| ("language", one.text.clone()));
    let company = contact
        .mode
        .iter()
        .map(|mode| ("company", mode.to_string()));
    let blocked = contact.blocked.iter();
    let blocked = blocked.map(|why| ("contact", format!("do not contact {}", why.text)));
    endpoints.chain(language).chain(company).chain(blocked)
}

fn keeping_away(card: &Card) -> impl Iterator<Item = Fact> + '_ {
    card.allergies.iter().map(|allergy| {
        let cause = allergy.cause.as_deref().unwrap_or_default();
        let text = format!("{} ({}) {cause}", allergy.substance, allergy.severity);
        ("allergy", text)
    })
}

fn liking(card: &Card) -> impl Iterator<Item = Fact> + '_ {
    let sizes = card.sizes.iter().map(|size| {
        let ask = if size.ground.needs_confirmation {
            ", ask"
        } else {
            ""
        };
        let text = format!("{} {} {}{ask}", size.category, size.system, size.size);
        ("size", text)
    });
    let preferences = card.preferences.iter().map(|preference| {
        let value = preference.value.as_deref().unwrap_or_default();
        let text = format!("{} {}: {value}", preference.kind, preference.subject);
        (preference.polarity.as_str(), text)
    });
    let wishes = card.wishes.iter().map(|wish| ("wish", wish.sku.clone()));
    sizes.chain(preferences).chain(wishes)
}

fn promising(card: &Card) -> impl Iterator<Item = Fact> + '_ {
    (1..).zip(&card.promises).map(|(number, promise)| {
        let due = promise.due.map(day::shown).unwrap_or_default();
        let state = if promise.overdue {
            "overdue"
        } else {
            promise.status.as_str()
        };
        (
            "promise",
            format!("{number}. {} {due} ({state})", promise.what),
        )
    })
}

fn remembering(card: &Card) -> impl Iterator<Item = Fact> + '_ {
    let kept = card.notes.iter().filter(|note| !note.archived);
    let notes = kept.flat_map(|note| {
        let texts = note.versions.iter();
        texts.map(|text| (note.place.as_str(), text.body.clone()))
    });
    let visits = card.visits.iter().take(VISITS_SHOWN).map(|visit| {
        let state = if visit.open { "here now" } else { "" };
        let thread = visit.thread.as_ref().map(|thread| thread.text.as_str());
        let came = day::shown(visit.ground.at);
        let text = format!("{came} {state} {}", thread.unwrap_or_default());
        ("visit", text)
    });
    let tags = (!card.tags.is_empty()).then(|| ("tags", card.tags.join(", ")));
    notes.chain(visits).chain(tags)
}

/// Conflicts, numbered, with their choices as letters.
pub(crate) fn conflicts(conflicts: &[ConflictView]) -> Vec<String> {
    if conflicts.is_empty() {
        return vec!["Nothing to settle.".to_owned()];
    }
    let mut lines = Vec::new();
    for (number, conflict) in (1..).zip(conflicts) {
        lines.push(format!("{number}. {}", words::question(&conflict.question)));
        for (letter, choice) in ('a'..='z').zip(&conflict.choices) {
            lines.push(format!(
                "   {letter}) {}  ({})",
                choice.text,
                day::shown(choice.at)
            ));
        }
    }
    lines.push("`resolve 1 a` keeps the first choice of the first.".to_owned());
    lines
}

fn money(sum: &SumOfMoney) -> String {
    format!(
        "{} {}",
        format_amount(sum.minor, sum.decimals),
        sum.currency
    )
}

/// Sums and the latest purchases.
pub(crate) fn purchases(purchases: &[Purchase], totals: &Totals) -> Vec<String> {
    let paid: Vec<_> = totals.paid.iter().map(money).collect();
    let mut lines = vec![format!(
        "{} purchases, {}",
        totals.purchases,
        paid.join(" + ")
    )];
    for purchase in purchases.iter().take(PURCHASES_SHOWN) {
        let labels: Vec<_> = purchase
            .lines
            .iter()
            .filter_map(|line| line.label.as_deref().or(line.sku.as_deref()))
            .collect();
        let (at, amount) = (day::shown(purchase.at), money(&purchase.amount));
        lines.push(format!("  {at}  {amount}  {}", labels.join(", ")));
    }
    lines
}

/// What waits or was refused.
pub(crate) fn outbox(edits: &[WaitingEdit]) -> Vec<String> {
    if edits.is_empty() {
        return vec!["Nothing of yours waits.".to_owned()];
    }
    let each = edits.iter().map(|edit| {
        let state = words::waiting(&edit.state);
        format!("{:>3}  {state}  {}", edit.number, edit.intent_json)
    });
    each.collect()
}
