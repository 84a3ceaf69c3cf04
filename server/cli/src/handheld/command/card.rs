//! What is typed about the open customer.

use sync_core::card::Edit;
use sync_core::card::edit::Evidence;
use sync_core::card::terms::{
    Agreement, Channel, ConsentEvent, ConsentMethod, EndpointKind, OccasionKind, Place, Polarity,
    Purpose, RelationshipKind, ServiceMode, Severity,
};
use sync_core::ids::Timestamp;

use super::super::day;
use super::{OnCard, some};

type Read = Result<OnCard, &'static str>;
type Typed = Result<Edit, &'static str>;

/// Something about the open customer; none when the word is no such command.
pub(super) fn read(word: &str, rest: &str, now: Timestamp) -> Option<Read> {
    let text = |usage: &'static str| some(rest).ok_or(usage);
    let edit = match word {
        "capture" => return Some(text("capture looks for a coat").map(OnCard::Capture)),
        "leave" => return Some(Ok(OnCard::Leave(some(rest)))),
        "edit" => {
            let usage = "edit {\"edit\":\"tag\",\"tag\":\"opera\"}";
            return Some(text(usage).map(OnCard::Json));
        }
        "said" => return Some(in_their_words(rest, now)),
        "arrive" => Ok(Edit::Arrive { with: some(rest) }),
        "note" => text("note travels in spring").map(|text| note(Place::Card, text)),
        "shop" => text("shop keys are with Ben").map(|text| note(Place::Shop, text)),
        "private" => text("private ask Ben first").map(|text| note(Place::Private, text)),
        "like" => preference(Polarity::Like, rest),
        "avoid" => preference(Polarity::Avoid, rest),
        "never" => preference(Polarity::Never, rest),
        "allergy" => allergy(rest),
        "no" => return Some(no(rest)),
        "consent" => consent(rest),
        "agreement" => agreement(rest),
        "occasion" => occasion(rest),
        "relation" => return Some(relation(rest, true)),
        "pause" => pause(rest, now),
        "promise" => promise(rest, now),
        "size" => size(rest),
        "phone" => text("phone +33612345678").map(|value| endpoint(EndpointKind::Phone, value)),
        "email" => text("email lea@example.org").map(|value| endpoint(EndpointKind::Email, value)),
        "lang" => text("lang fr").map(|tag| Edit::SetLanguage {
            language: Some(tag),
        }),
        "mode" => mode(rest),
        "tag" => text("tag opera").map(|tag| Edit::Tag { tag }),
        "wish" => text("wish RING-0044").map(wish),
        "block" => Ok(Edit::BlockContact { reason: some(rest) }),
        _ => return None,
    };
    Some(edit.map(|edit| OnCard::Edit(Box::new(edit))))
}

/// `said` and any edit that needs nothing but what was typed.
fn in_their_words(rest: &str, now: Timestamp) -> Read {
    let usage = "said tag opera: what the customer says of themselves";
    let (word, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if word.eq_ignore_ascii_case("said") {
        return Err(usage);
    }
    match read(&word.to_lowercase(), rest.trim(), now) {
        Some(Ok(OnCard::Edit(edit))) => Ok(OnCard::Said(edit)),
        Some(Err(hint)) => Err(hint),
        _ => Err(usage),
    }
}

fn note(place: Place, body: String) -> Edit {
    Edit::AddNote {
        place,
        body,
        title: None,
        label: None,
    }
}

fn endpoint(kind: EndpointKind, value: String) -> Edit {
    Edit::AddEndpoint { kind, value }
}

fn wish(sku: String) -> Edit {
    Edit::AddWish {
        sku,
        quantity: None,
        note: None,
        surprise_until: None,
    }
}

fn preference(polarity: Polarity, rest: &str) -> Typed {
    let (kind, rest) = rest.split_once(':').unwrap_or(("taste", rest));
    let (subject, value) = rest.split_once('=').unwrap_or((rest, ""));
    let (Some(kind), Some(subject)) = (some(kind), some(subject)) else {
        return Err("like drink: espresso, or like color: coats = navy");
    };
    Ok(Edit::SetPreference {
        kind,
        subject,
        value: some(value),
        polarity,
    })
}

fn allergy(rest: &str) -> Typed {
    let split = rest.rsplit_once(char::is_whitespace);
    let severe = split.and_then(|(substance, last)| {
        let severity = Severity::parse(&last.to_lowercase())?;
        Some((substance, severity))
    });
    let (substance, severity) = severe.unwrap_or((rest, Severity::Serious));
    Ok(Edit::RecordAllergy {
        substance: some(substance).ok_or("allergy nickel serious")?,
        severity,
        cause: None,
    })
}

/// Takes something back.
fn no(rest: &str) -> Read {
    let usage = "no allergy nickel, no occasion birthday, or no relation partner 2";
    let (what, rest) = rest.split_once(' ').ok_or(usage)?;
    let rest = rest.trim();
    let edit = match what {
        "allergy" => Edit::RemoveAllergy {
            substance: some(rest).ok_or(usage)?,
        },
        "occasion" => {
            let (kind, person) = rest.split_once(' ').unwrap_or((rest, ""));
            Edit::RemoveOccasion {
                kind: OccasionKind::parse(kind).ok_or(usage)?,
                person: some(person),
            }
        }
        "relation" => return relation(rest, false),
        _ => return Err(usage),
    };
    Ok(OnCard::Edit(Box::new(edit)))
}

/// `email sell yes signature v3`, `chain yes spoken v3`, `email sell no`.
fn consent(rest: &str) -> Typed {
    let usage = "consent email sell yes signature v3: channel (none for chain and sensitive), purpose (care, chain, event, sell, sensitive, service), yes or no, how (signature, web_form, spoken, message), version of the text";
    let lower = rest.to_lowercase();
    let mut words = lower.split_whitespace().peekable();
    let channel = words.peek().and_then(|word| Channel::parse(word));
    if channel.is_some() {
        words.next();
    }
    let purpose = words.next().and_then(Purpose::parse).ok_or(usage)?;
    let (event, evidence) = match words.next() {
        Some("no") => (ConsentEvent::Withdraw, None),
        Some("yes") => (ConsentEvent::Grant, Some(proof(&mut words).ok_or(usage)?)),
        _ => return Err(usage),
    };
    if words.next().is_some() {
        return Err(usage);
    }
    Ok(Edit::RecordConsent {
        channel,
        purposes: vec![purpose],
        event,
        evidence,
    })
}

/// How they answered, and to which version of the text.
fn proof<'w>(words: &mut impl Iterator<Item = &'w str>) -> Option<Evidence> {
    Some(Evidence {
        method: words.next().and_then(ConsentMethod::parse)?,
        text_version: words.next()?.to_owned(),
        reference: None,
    })
}

/// `yes signature v3`, `invited`, `no`, `ended`.
fn agreement(rest: &str) -> Typed {
    let usage = "agreement yes signature v3: yes with how (signature, web_form, spoken, message) and version of the text; or invited, no, ended";
    let lower = rest.to_lowercase();
    let mut words = lower.split_whitespace();
    let (state, evidence) = match words.next() {
        Some("yes") => (Agreement::Agreed, Some(proof(&mut words).ok_or(usage)?)),
        Some("no") => (Agreement::Declined, None),
        Some("invited") => (Agreement::Invited, None),
        Some("ended") => (Agreement::Ended, None),
        _ => return Err(usage),
    };
    match words.next() {
        None => Ok(Edit::SetAgreement { state, evidence }),
        Some(_) => Err(usage),
    }
}

/// `birthday 03-14`, `anniversary 2011-06-04 her parents celebrate`.
fn occasion(rest: &str) -> Typed {
    let usage = "occasion birthday 03-14: kind (birthday, anniversary, name_day, holiday, milestone), day, whose, `celebrate` or `quiet`";
    let (kind, rest) = rest.split_once(' ').ok_or(usage)?;
    let (date, rest) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
    let (year, month, day) = day::of_year(date).ok_or(usage)?;
    let mut person: Vec<_> = rest.split_whitespace().collect();
    let celebrate = match person.last() {
        Some(&"celebrate") => Some(true),
        Some(&"quiet") => Some(false),
        _ => None,
    };
    if celebrate.is_some() {
        person.pop();
    }
    Ok(Edit::SetOccasion {
        kind: OccasionKind::parse(&kind.to_lowercase()).ok_or(usage)?,
        person: some(&person.join(" ")),
        year,
        month: Some(month),
        day: Some(day),
        celebrate,
    })
}

fn relation(rest: &str, holds: bool) -> Read {
    let usage = "relation partner 2: partner, family, household, friend, colleague, assistant or separate; then a number of the list, or a name";
    let (kind, which) = rest.split_once(' ').ok_or(usage)?;
    Ok(OnCard::Relation {
        kind: RelationshipKind::parse(&kind.to_lowercase()).ok_or(usage)?,
        which: some(which).ok_or(usage)?,
        holds,
    })
}

fn pause(rest: &str, now: Timestamp) -> Typed {
    if rest == "over" {
        return Ok(Edit::PauseContact { until: None });
    }
    match day::leading(rest, now) {
        (Some(until), "") => Ok(Edit::PauseContact { until: Some(until) }),
        _ => Err("pause in 3 weeks, pause 2026-03-01, or pause over"),
    }
}

fn promise(rest: &str, now: Timestamp) -> Typed {
    let (due, what) = day::leading(rest, now);
    Ok(Edit::MakePromise {
        what: some(what).ok_or("promise friday call about the coat")?,
        due,
        assignee: None,
    })
}

fn size(rest: &str) -> Typed {
    let mut words = rest.splitn(3, char::is_whitespace);
    let mut word = || words.next().and_then(some).ok_or("size shoe EU 39");
    Ok(Edit::SetSize {
        category: word()?,
        system: word()?,
        brand: None,
        size: Some(word()?),
    })
}

fn mode(rest: &str) -> Typed {
    let mode = match rest.to_lowercase().as_str() {
        "concierge" => ServiceMode::Concierge,
        "guided" => ServiceMode::Guided,
        "quick" => ServiceMode::Quick,
        "alone" | "leave alone" => ServiceMode::LeaveAlone,
        _ => return Err("mode concierge, guided, quick or alone"),
    };
    Ok(Edit::SetServiceMode { mode })
}
