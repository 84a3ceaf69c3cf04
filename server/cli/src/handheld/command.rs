//! What a line asks for. Reading a line never fails: what is not understood becomes a hint.

mod card;

use sync_core::card::Edit;
use sync_core::card::terms::RelationshipKind;
use sync_core::ids::Timestamp;

use super::concierge::{self, Concierge};
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
    /// The same in the customer's own words.
    Said(Box<Edit>),
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
        "agreement yes signature v3",
        "to a relationship: what is seen and supposed may be kept then; also `invited`, `no`, `ended`",
    ),
    (
        "said tag opera",
        "before an edit: it is the customer's own word",
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
        _ => card::read(&word, rest, now)
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
