//! What a line asks for. Reading a line never fails: what is not understood becomes a hint.

use sync_core::card::Edit;
use sync_core::card::edit::Evidence;
use sync_core::card::terms::{
    Channel, ConsentEvent, ConsentMethod, EndpointKind, OccasionKind, Place, Polarity, Purpose,
    RelationshipKind, ServiceMode, Severity,
};
use sync_core::ids::Timestamp;

use super::concierge::{self, Concierge};
use super::day;
use super::desk::persons::{self, Persons};
use super::desk::secrets::{self, Secret};

/// A line that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// Nothing was typed.
    Nothing,
    Find(String),
    /// The number in the list, or a name.
    Open(String),
    /// About the open customer.
    Card(OnCard),
    Brief,
    Details,
    Json,
    Purchases,
    Conflicts,
    /// Which conflict, which choice.
    Resolve(usize, usize),
    Done(usize),
    Status,
    Outbox,
    Discard(u64),
    /// What colleagues who left could not send, for a manager.
    LeftBehind,
    TakeOver(u64),
    Offline(bool),
    Sync,
    /// To whom; without a name, who could.
    Switch(Option<String>),
    SignIn,
    SignOut,
    /// Of the concierge.
    Concierge(Box<Concierge>),
    /// Of cards and the people behind them.
    Persons(Box<Persons>),
    /// A purchase is kept from linked people, or no longer.
    Secret(Secret),
    Playbook,
    /// Where the chain stands.
    Standard,
    Help,
    Quit,
    /// What was typed is not a command; says what would be.
    Hint(String),
}

/// Something to record about the open customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OnCard {
    /// What came up during the visit under way.
    Capture(String),
    /// The visit under way is over.
    Leave(Option<String>),
    /// An edit that needs nothing but what was typed.
    Edit(Box<Edit>),
    /// How the customer belongs to another one of the list, or no longer.
    Relation {
        kind: RelationshipKind,
        /// The number in the list, or a name.
        which: String,
        holds: bool,
    },
    /// An edit as JSON: everything that has no word of its own.
    Json(String),
}

/// Commands in the order of the help, each with what it takes and does.
pub(crate) const HELP: &[(&str, &str)] = &[
    (
        "find ana",
        "find by name, end of a phone number, or words of notes",
    ),
    ("open 1", "open a customer of the list, or by name"),
    (
        "brief · card · buys · json",
        "what to know first · everything · purchases · raw",
    ),
    ("arrive with her sister", "a visit begins"),
    ("capture looks for a coat", "what came up during the visit"),
    (
        "leave her new apartment",
        "the visit ends; the thread for next time",
    ),
    (
        "note … · shop … · private …",
        "a note for the chain, this shop, or you alone",
    ),
    (
        "like drink: espresso",
        "also avoid …, never …; a value after `=`: like color: coats = navy",
    ),
    (
        "allergy nickel serious",
        "mild, serious or dangerous; `no allergy nickel` takes it back on the customer's word",
    ),
    (
        "promise friday call about the coat",
        "a day, tomorrow, in 3 days, or 2026-03-01",
    ),
    ("done 2", "promise 2 of the card was kept"),
    ("size shoe EU 39", "a size"),
    ("phone +33612345678 · email …", "how to reach the customer"),
    (
        "lang fr · mode quick · tag … · wish …",
        "language, company (concierge, guided, quick, alone), tag, wish",
    ),
    (
        "block asked in writing · pause in 3 weeks",
        "do not contact, and why; no contact until then, `pause over` ends it",
    ),
    (
        "consent email sell yes signature v3",
        "how they agreed, to which version of the text; `consent email sell no` takes it back",
    ),
    (
        "occasion birthday 03-14",
        "or 1980-03-14; then whose, and `celebrate` or `quiet`; `no occasion birthday`",
    ),
    (
        "relation partner 2",
        "to a customer of the list, or by name; `no relation partner 2`",
    ),
    (
        "conflicts · resolve 1 b",
        "what colleagues said differently, and settling it",
    ),
    (
        "edit {\"edit\":\"tag\",\"tag\":\"x\"}",
        "any other edit, as JSON",
    ),
    (
        "outbox · discard 3",
        "what waits or was refused; discard a refused edit",
    ),
    (
        "left-behind · take 3",
        "a manager's: what colleagues who left could not send; take it over",
    ),
    ("status · sync", "how things stand; sync now"),
    ("offline · online", "keep off the network, or not"),
    (
        "switch ben · signin · signout",
        "who works with this handheld",
    ),
    ("help · quit", ""),
];

/// Reads a line.
pub(crate) fn read(line: &str, now: Timestamp) -> Command {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let word = word.to_lowercase();
    if let Some(command) = without_words(&word, rest) {
        return command;
    }
    match word.as_str() {
        "find" | "f" => Command::Find(rest.to_owned()),
        "open" | "o" if !rest.is_empty() => Command::Open(rest.to_owned()),
        "resolve" => resolve(rest),
        "done" => number(rest).map_or_else(
            || hint("done 2: the number of a promise on the card"),
            Command::Done,
        ),
        "discard" => rest.parse().map_or_else(
            |_not_a_number| hint("discard 3: the number of a refused edit in `outbox`"),
            Command::Discard,
        ),
        "take" => rest.parse().map_or_else(
            |_not_a_number| hint("take 3: the number of an edit in `left-behind`"),
            Command::TakeOver,
        ),
        "switch" => Command::Switch(some(rest)),
        _ => on_card(&word, rest, now)
            .map(|read| read.map(Command::Card))
            .or_else(|| {
                let read = concierge::read(&word, rest, now)?;
                Some(read.map(|line| Command::Concierge(Box::new(line))))
            })
            .or_else(|| Some(secrets::read(&word, rest, now)?.map(Command::Secret)))
            .or_else(|| {
                let read = persons::read(&word, rest)?;
                Some(read.map(|line| Command::Persons(Box::new(line))))
            })
            .map_or_else(|| unknown(&word), |read| read.unwrap_or_else(hint)),
    }
}

/// Commands that take nothing.
fn without_words(word: &str, rest: &str) -> Option<Command> {
    if word.is_empty() {
        return Some(Command::Nothing);
    }
    if !rest.is_empty() {
        return None;
    }
    Some(match word {
        "brief" => Command::Brief,
        "card" => Command::Details,
        "json" => Command::Json,
        "buys" | "purchases" => Command::Purchases,
        "conflicts" => Command::Conflicts,
        "status" => Command::Status,
        "outbox" => Command::Outbox,
        "left-behind" => Command::LeftBehind,
        "offline" => Command::Offline(true),
        "online" => Command::Offline(false),
        "sync" => Command::Sync,
        "signin" => Command::SignIn,
        "signout" => Command::SignOut,
        "playbook" => Command::Playbook,
        "standard" => Command::Standard,
        "help" | "?" | "h" => Command::Help,
        "quit" | "exit" | "q" => Command::Quit,
        _ => return None,
    })
}

fn resolve(rest: &str) -> Command {
    let usage = || hint("resolve 1 b: conflict 1 of `conflicts`, choice b");
    let Some((conflict, choice)) = rest.split_once(char::is_whitespace) else {
        return usage();
    };
    let mut letters = choice.trim().chars();
    let (Some(letter), None) = (letters.next(), letters.next()) else {
        return usage();
    };
    let choice = ('a'..='z').position(|known| known == letter.to_ascii_lowercase());
    match (number(conflict), choice) {
        (Some(conflict), Some(choice)) => Command::Resolve(conflict, choice),
        _ => usage(),
    }
}

type Read = Result<OnCard, &'static str>;
type Typed = Result<Edit, &'static str>;

/// Something about the open customer; none when the word is no such command.
fn on_card(word: &str, rest: &str, now: Timestamp) -> Option<Read> {
    let text = |usage: &'static str| some(rest).ok_or(usage);
    let edit = match word {
        "capture" => return Some(text("capture looks for a coat").map(OnCard::Capture)),
        "leave" => return Some(Ok(OnCard::Leave(some(rest)))),
        "edit" => {
            let usage = "edit {\"edit\":\"tag\",\"tag\":\"opera\"}";
            return Some(text(usage).map(OnCard::Json));
        }
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
        Some("yes") => {
            let evidence = Evidence {
                method: words.next().and_then(ConsentMethod::parse).ok_or(usage)?,
                text_version: words.next().ok_or(usage)?.to_owned(),
                reference: None,
            };
            (ConsentEvent::Grant, Some(evidence))
        }
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

fn some(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A number as people count, from one, as a place in a list.
fn number(text: &str) -> Option<usize> {
    text.trim().parse::<usize>().ok()?.checked_sub(1)
}

fn hint(text: &str) -> Command {
    Command::Hint(format!("try: {text}"))
}

fn unknown(word: &str) -> Command {
    let shown: String = word.chars().take(20).collect();
    Command::Hint(format!(
        "`{shown}` is no command. `help` lists them; `find {shown}` looks for a customer"
    ))
}
