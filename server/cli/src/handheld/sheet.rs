//! The whole card as lines of text: a label, and what stands beside it.

use carnet_ffi::{Card, Consent, InteractionLine, Occasion, Visit, Wish};
use sync_core::card::reduce::Decision;
use sync_core::card::terms::EndpointStatus;

use super::people::Names;
use super::{cards, day};

/// Visits of a card: the latest tell what to take up.
const VISITS_SHOWN: usize = 3;
/// Dealings and reactions of a card.
const DEALINGS_SHOWN: usize = 5;

/// A label, and what stands beside it.
type Fact = (&'static str, String);

/// The whole card; promises are numbered as `done` takes them.
pub(crate) fn card(card: &Card, names: &Names) -> Vec<String> {
    let mut lines = vec![cards::named(&card.name).to_owned()];
    let facts = reaching(card)
        .chain(allowing(card))
        .chain(keeping_away(card))
        .chain(liking(card))
        .chain(wishing(card))
        .chain(promising(card))
        .chain(belonging(card, names))
        .chain(noting(card))
        .chain(visiting(card, names))
        .chain(dealing(card, names));
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

/// What there is of `parts`, with spaces between.
fn joined<const N: usize>(parts: [Option<String>; N]) -> String {
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    parts.join(" ")
}

fn spoken(term: &str) -> String {
    term.replace('_', " ")
}

fn reaching(card: &Card) -> impl Iterator<Item = Fact> + '_ {
    let endpoints = card.endpoints.iter().map(|endpoint| {
        let status = match endpoint.status {
            EndpointStatus::Ok => None,
            EndpointStatus::Bounced | EndpointStatus::WrongPerson | EndpointStatus::Revoked => {
                Some(format!("({})", spoken(endpoint.status.as_str())))
            }
        };
        let text = joined([Some(endpoint.value.clone()), status]);
        (endpoint.kind.as_str(), text)
    });
    let contact = &card.contact;
    let language = contact
        .language
        .iter()
        .map(|one| ("language", one.text.clone()));
    let company = contact
        .mode
        .iter()
        .map(|mode| ("company", spoken(mode.as_str())));
    let channels: Vec<_> = contact
        .channels
        .iter()
        .map(|channel| channel.as_str())
        .collect();
    let channels = (!channels.is_empty()).then(|| ("prefers", channels.join(", then ")));
    endpoints.chain(language).chain(company).chain(channels)
}

fn allowing(card: &Card) -> impl Iterator<Item = Fact> + '_ {
    let blocked = card.contact.blocked.iter();
    let blocked = blocked.map(|why| ("contact", format!("do not contact: {}", why.text)));
    let paused = card.contact.paused_until.iter();
    let paused = paused.map(|until| ("contact", format!("paused until {}", day::shown(*until))));
    let agreement = card.agreement.iter();
    let agreement = agreement.map(|state| ("agreement", state.to_string()));
    let offer = card.may_invite.then(|| {
        let words = "none yet: offer one, until then only what they say is kept";
        ("agreement", words.to_owned())
    });
    let offer = offer.filter(|_| card.agreement.is_none());
    let consents = card.consents.iter().map(|one| ("consent", consent(one)));
    let agreement = agreement.chain(offer);
    blocked.chain(paused).chain(agreement).chain(consents)
}

fn consent(consent: &Consent) -> String {
    let decision = match consent.decision {
        Decision::Allow => "yes",
        Decision::Deny => "no",
        Decision::Unknown => "not proven: ask",
    };
    let channel = consent.channel.map(|channel| channel.to_string());
    let what = joined([channel, Some(consent.purpose.to_string())]);
    format!("{what}: {decision} ({})", day::shown(consent.at))
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
        let brand = size.brand.as_ref().map(|brand| format!("({brand})"));
        let ask = size.ground.needs_confirmation;
        let ask = ask.then(|| "- colleagues differ: `conflicts`".to_owned());
        let size_of = format!("{} {} {}", size.category, size.system, size.size);
        ("size", joined([Some(size_of), brand, ask]))
    });
    let preferences = card.preferences.iter().map(|preference| {
        let value = preference.value.as_deref().unwrap_or_default();
        let text = format!("{} {}: {value}", preference.kind, preference.subject);
        (preference.polarity.as_str(), text)
    });
    let reactions = card.reactions.iter().filter(|one| !one.superseded);
    let reactions = reactions.take(DEALINGS_SHOWN).map(|reaction| {
        let words = reaction.words.as_deref().unwrap_or_default();
        let text = format!("{}: {words}", reaction.sku);
        (reaction.sentiment.as_str(), text)
    });
    sizes.chain(preferences).chain(reactions)
}

fn wishing(card: &Card) -> impl Iterator<Item = Fact> + '_ {
    let wish = |wish: &Wish| {
        let count = (wish.quantity > 1).then(|| format!("{} ×", wish.quantity));
        let secret = wish.surprise_until;
        let secret = secret.map(|until| format!("(a surprise until {})", day::shown(until)));
        let fulfilled = wish.fulfilled.then(|| "(came true)".to_owned());
        let parts = [
            count,
            Some(wish.sku.clone()),
            wish.note.clone(),
            secret,
            fulfilled,
        ];
        ("wish", joined(parts))
    };
    card.wishes.iter().map(wish)
}

fn promising(card: &Card) -> impl Iterator<Item = Fact> + '_ {
    (1..).zip(&card.promises).map(|(number, promise)| {
        let due = promise.due.map(day::shown).unwrap_or_default();
        let state = if promise.overdue {
            "overdue".to_owned()
        } else {
            spoken(promise.status.as_str())
        };
        (
            "promise",
            format!("{number}. {} {due} ({state})", promise.what),
        )
    })
}

fn belonging<'a>(card: &'a Card, names: &'a Names) -> impl Iterator<Item = Fact> + 'a {
    let occasions = card.occasions.iter().map(|one| ("occasion", occasion(one)));
    let relations = card.relationships.iter().map(|relation| {
        let kind = spoken(relation.kind.as_str());
        (
            "relation",
            format!("{kind}: {}", names.customer(relation.other)),
        )
    });
    occasions.chain(relations)
}

fn occasion(occasion: &Occasion) -> String {
    let part = |part: Option<i64>, width: usize| match part {
        Some(number) => format!("{number:0width$}"),
        None => "?".repeat(width),
    };
    let year = occasion.year.map(|_| part(occasion.year, 4) + "-");
    let date = format!(
        "{}{}-{}",
        year.unwrap_or_default(),
        part(occasion.month, 2),
        part(occasion.day, 2)
    );
    let person = occasion.person.as_ref();
    let celebrate = match occasion.celebrate {
        Some(true) => "celebrate",
        Some(false) => "do not celebrate",
        None => "ask before celebrating",
    };
    let doubt = occasion.needs_confirmation.then(|| "ask which".to_owned());
    joined([
        Some(spoken(occasion.kind.as_str())),
        person.map(|person| format!("of {person}")),
        Some(date),
        Some(format!("({celebrate})")),
        doubt,
    ])
}

fn noting(card: &Card) -> impl Iterator<Item = Fact> + '_ {
    let kept = card.notes.iter().filter(|note| !note.archived);
    let notes = kept.flat_map(|note| {
        let title = note.title.as_ref().map(|title| format!("{title}:"));
        let texts = note.versions.iter();
        texts.map(move |text| {
            let body = Some(text.body.clone());
            (note.place.as_str(), joined([title.clone(), body]))
        })
    });
    let tags = (!card.tags.is_empty()).then(|| ("tags", card.tags.join(", ")));
    notes.chain(tags)
}

fn visiting<'a>(card: &'a Card, names: &'a Names) -> impl Iterator<Item = Fact> + 'a {
    let visits = card.visits.iter().take(VISITS_SHOWN);
    visits.flat_map(|one| visit(one, names))
}

/// When somebody came, then what came up, then the thread for the next time.
fn visit(visit: &Visit, names: &Names) -> Vec<Fact> {
    let here = visit.open.then(|| "here now".to_owned());
    let came = joined([Some(day::shown(visit.ground.at)), here, visit.with.clone()]);
    let mut facts = vec![("visit", came)];
    for captured in &visit.captured {
        let by = names.author(captured.ground.by, captured.ground.shop);
        facts.push(("", format!("- {} ({by})", captured.text)));
    }
    if let Some(thread) = &visit.thread {
        facts.push(("", format!("> next time: {}", thread.text)));
    }
    facts
}

fn dealing<'a>(card: &'a Card, names: &'a Names) -> impl Iterator<Item = Fact> + 'a {
    let dealing = |dealing: &InteractionLine| {
        let by = names.author(dealing.ground.by, dealing.ground.shop);
        let began = dealing.by_customer.then(|| "from the customer".to_owned());
        let over = dealing.channel.map(|channel| format!("over {channel}"));
        let text = joined([
            Some(day::shown(dealing.ground.at)),
            began,
            over,
            dealing.act.map(|act| act.as_str().replace('_', " ")),
            dealing.sku.clone(),
            dealing.summary.clone(),
            Some(format!("({by})")),
        ]);
        let label = match dealing.kind.as_str() {
            "try_on" => "try-on",
            label => label,
        };
        (label, text)
    };
    card.interactions.iter().take(DEALINGS_SHOWN).map(dealing)
}
