//! The concierge in the terminal: the today list, what to show, whether to call, what to ask, and what is asked of the hub.

mod drafts;
mod lines;
mod visitor;

use carnet_ffi::{Book, ContactWay, GuestWord, NoteWarning};
use sync_core::card::Edit;
use sync_core::card::edit::{AskInput, InvitationInput, NeedInput, SuggestionInput};
use sync_core::card::terms::{
    Act, AskKind, Channel, EndpointKind, InteractionKind, InvitationState, Purpose,
};
use sync_core::concierge::Language;
use sync_core::ids::{CustomerId, EditId, Timestamp};
use sync_core::records::parse_amount;

use super::day;
use super::desk::{Failed, Lines, said};

pub(crate) use drafts::OfDrafts;

/// Minutes of work that `today` plans for, unless said otherwise.
const SHIFT_MINUTES: u32 = 240;
/// Articles of one list.
const ARTICLES_MAX: u32 = 12;
const NO_EVENT: &str = "There is no such event: `events` numbers them.";
/// How long a reservation is asked for.
const RESERVED_MS: i64 = 2 * Timestamp::DAY_MS;

/// A line that the concierge understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Concierge {
    /// What is owed today, in so many minutes.
    Today(u32),
    Articles(String),
    Stock(String),
    Budget,
    Events,
    /// A customer of another shop walked in, by phone number or e-mail address.
    Visitor(EndpointKind, String),
    /// Somebody whom nobody knows, and what they said.
    Guest(GuestWord),
    /// About drafts of notes.
    Drafts(OfDrafts),
    /// About the open customer.
    Of(OfCustomer),
}

/// Something about the open customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OfCustomer {
    Show,
    May(Channel, Purpose, ContactWay),
    Question,
    Answer(String),
    Owed,
    Ledger,
    Asked,
    /// They were at this event of the list.
    Came(usize),
    /// A seat at it is asked for.
    Seat(usize),
    Gesture {
        minor: i64,
        reason: String,
    },
    /// An edit, and what to say when it is recorded.
    Record(Box<Edit>, &'static str),
}

/// Commands in the order of the help, each with what it takes and does.
pub(crate) const HELP: &[(&str, &str)] = &[
    (
        "today · today 90",
        "what is owed today, in four hours or in 90 minutes",
    ),
    (
        "show · owed · ledger",
        "what to show and why · what the playbook owes · who gave what",
    ),
    (
        "may call care",
        "whether to call now; also sms, email, …; care, sell, event, service; `hub` at the end: whether the hub may write",
    ),
    (
        "question · answer yes",
        "the one question of this visit; yes, no, a letter, or what is right instead",
    ),
    (
        "need a coat for rain #rain #travel",
        "what they need, and what an answer must be good for",
    ),
    (
        "suggest … · heard …",
        "what they suggest to the shop · that you heard them out",
    ),
    (
        "did thank_you call",
        "what you did: thank_you, care_check, honored, wish_told, …; call, message, or in person",
    ),
    (
        "reserve RING-0044 · appointment friday",
        "asked of the hub; `asked` shows what it answers",
    ),
    (
        "write sms care Your coat is ready",
        "asks the hub to send a message",
    ),
    (
        "gesture 12.50 flowers · budget",
        "a gesture within today's budget · what is left of it",
    ),
    (
        "events · seat 1 · came 1",
        "the shop's small events · a seat for them, asked of the hub · that they were there",
    ),
    (
        "visitor +33612345678 · guest …",
        "a customer of another shop walked in · what a guest needs whom nobody knows",
    ),
    (
        "draft … · drafts · reword 1 … · insist 1 · drop 1",
        "a note for you alone until it is reworded, becomes a note as it is, or goes",
    ),
    (
        "articles rain · stock RING-0044",
        "the catalogue · what each shop has",
    ),
];

/// Reads a line; none when its word is none of the concierge's.
pub(crate) fn read(
    word: &str,
    rest: &str,
    now: Timestamp,
) -> Option<Result<Concierge, &'static str>> {
    let of = |what| Ok(Concierge::Of(what));
    Some(match word {
        "today" if rest.is_empty() => Ok(Concierge::Today(SHIFT_MINUTES)),
        "today" => rest
            .parse()
            .map(Concierge::Today)
            .map_err(|_not_a_number| "today 90: how many minutes there are"),
        "articles" => Ok(Concierge::Articles(rest.to_owned())),
        "stock" if !rest.is_empty() => Ok(Concierge::Stock(rest.to_owned())),
        "stock" => Err("stock RING-0044"),
        "budget" => Ok(Concierge::Budget),
        "events" => Ok(Concierge::Events),
        "visitor" => visitor::read(rest),
        "guest" => visitor::read_guest(rest),
        "came" => numbered(rest)
            .map(|number| Concierge::Of(OfCustomer::Came(number)))
            .ok_or("came 1: the number of an event in `events`"),
        "seat" => numbered(rest)
            .map(|number| Concierge::Of(OfCustomer::Seat(number)))
            .ok_or("seat 1: the number of an event in `events`"),
        "show" if rest.is_empty() => of(OfCustomer::Show),
        "question" => of(OfCustomer::Question),
        "answer" if !rest.is_empty() => of(OfCustomer::Answer(rest.to_owned())),
        "answer" => Err("answer yes, answer no, answer a, or what is right instead"),
        "owed" => of(OfCustomer::Owed),
        "ledger" => of(OfCustomer::Ledger),
        "asked" => of(OfCustomer::Asked),
        "may" => may(rest).map(Concierge::Of),
        "gesture" => gesture(rest).map(Concierge::Of),
        _ => {
            let of_drafts = drafts::read(word, rest).map(|read| read.map(Concierge::Drafts));
            let recorded = || recorded(word, rest, now).map(|read| read.map(Concierge::Of));
            return of_drafts.or_else(recorded);
        }
    })
}

fn recorded(word: &str, rest: &str, now: Timestamp) -> Option<Result<OfCustomer, &'static str>> {
    let asked = "Asked for. `asked` shows what the hub answers.";
    let (edit, said) = match word {
        "need" => (need(rest), "Recorded."),
        "suggest" => (suggestion(rest), "Recorded: somebody will answer it."),
        "heard" => (did("heard"), "Recorded."),
        "did" => (did(rest), "Recorded."),
        "reserve" => (reserve(rest, now), asked),
        "appointment" => (appointment(rest, now), asked),
        "write" => (message(rest), asked),
        _ => return None,
    };
    Some(edit.map(|edit| OfCustomer::Record(Box::new(edit), said)))
}

type Typed = Result<Edit, &'static str>;

/// The place in a list of what is numbered from one.
fn numbered(rest: &str) -> Option<usize> {
    rest.trim().parse::<usize>().ok()?.checked_sub(1)
}

fn some(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn may(rest: &str) -> Result<OfCustomer, &'static str> {
    let usage = "may call care: channel (call, sms, email, whatsapp, wechat, line, kakao, post) and purpose (care, sell, event, service); then hub, for a message that the hub sends";
    let lower = rest.to_lowercase();
    let mut words: Vec<_> = lower.split_whitespace().collect();
    let way = if words.last() == Some(&"hub") {
        words.pop();
        ContactWay::ThroughHub
    } else {
        ContactWay::Direct
    };
    let (channel, purpose) = match words[..] {
        [channel] => (channel, "care"),
        [channel, purpose] => (channel, purpose),
        _ => return Err(usage),
    };
    let channel = Channel::parse(channel).ok_or(usage)?;
    let purpose = Purpose::parse(purpose).ok_or(usage)?;
    Ok(OfCustomer::May(channel, purpose, way))
}

fn gesture(rest: &str) -> Result<OfCustomer, &'static str> {
    let usage = "gesture 12.50 flowers for her birthday: what it costs, and why";
    let (amount, reason) = rest.split_once(' ').ok_or(usage)?;
    let minor = parse_amount(amount, 2).map_err(|_not_money| usage)?;
    let reason = some(reason).ok_or(usage)?;
    Ok(OfCustomer::Gesture { minor, reason })
}

fn need(rest: &str) -> Typed {
    let words = rest.split_whitespace();
    let is_tag = |word: &&str| word.starts_with('#') && word.len() > 1;
    let tags = words.clone().filter(is_tag);
    let tags = tags.map(|tag| tag.trim_start_matches('#').to_lowercase());
    let what: Vec<_> = words.filter(|word| !is_tag(word)).collect();
    Ok(Edit::AddNeed(NeedInput {
        tags: tags.collect(),
        what: some(&what.join(" ")).ok_or("need a coat for rain #rain #travel")?,
    }))
}

fn suggestion(rest: &str) -> Typed {
    Ok(Edit::AddSuggestion(SuggestionInput {
        what: some(rest).ok_or("suggest chairs by the fitting rooms")?,
        sku: None,
    }))
}

/// `thank_you call`, `honored`.
fn did(rest: &str) -> Typed {
    let usage = "did thank_you call: what it served (thank_you, care_check, honored, recognized, occasion, wish_told, recovery, handover, heard, advice, alteration, invitation), then call, message, or nothing for in person";
    let lower = rest.to_lowercase();
    let (act, how) = lower.split_once(' ').unwrap_or((&lower, ""));
    let act = Act::parse(act).ok_or(usage)?;
    let kind = match how.trim() {
        "" => InteractionKind::Service,
        "call" => InteractionKind::Call,
        "message" => InteractionKind::Message,
        _ => return Err(usage),
    };
    Ok(Edit::RecordInteraction {
        kind,
        visit: None,
        channel: (kind == InteractionKind::Call).then_some(Channel::Call),
        sku: None,
        by_customer: false,
        summary: None,
        act: Some(act),
        about: None,
        spent: None,
    })
}

fn ask(kind: AskKind, subject: Option<String>, at: Option<Timestamp>) -> AskInput {
    AskInput {
        kind,
        subject,
        purpose: None,
        quantity: None,
        at,
        words: None,
    }
}

fn reserve(rest: &str, now: Timestamp) -> Typed {
    let sku = some(rest).ok_or("reserve RING-0044")?;
    let until = now.plus_ms(RESERVED_MS);
    Ok(Edit::Ask(ask(AskKind::Reservation, Some(sku), Some(until))))
}

fn appointment(rest: &str, now: Timestamp) -> Typed {
    let usage =
        "appointment friday, appointment in 3 days, or appointment 2026-03-01; then what for";
    let (at, words) = day::leading(rest, now);
    let asked = ask(AskKind::Appointment, None, Some(at.ok_or(usage)?));
    let words = some(words);
    Ok(Edit::Ask(AskInput { words, ..asked }))
}

fn message(rest: &str) -> Typed {
    let usage = "write sms care Your coat is ready: channel, purpose, words";
    let mut parts = rest.splitn(3, char::is_whitespace);
    let mut part = || parts.next().and_then(some).ok_or(usage);
    let channel = Channel::parse(&part()?.to_lowercase()).ok_or(usage)?;
    let purpose = Purpose::parse(&part()?.to_lowercase()).ok_or(usage)?;
    let asked = ask(AskKind::Message, Some(channel.as_str().to_owned()), None);
    Ok(Edit::Ask(AskInput {
        purpose: Some(purpose),
        words: Some(part()?),
        ..asked
    }))
}

/// What of a note the customer should not have to read.
pub(crate) fn warnings(book: &Book, text: &str) -> Lines {
    Ok(noted(text, &book.check_note(text.to_owned())?))
}

/// What to promise before the customer is out of the door.
pub(crate) fn proposed(book: &Book, customer: CustomerId) -> Lines {
    let proposed = book.proposed_promise(customer)?;
    Ok(proposed.iter().map(lines::proposed).collect())
}

/// Warnings, a line each.
fn noted(text: &str, found: &[NoteWarning]) -> Vec<String> {
    let line = |warning: &NoteWarning| {
        let from = usize::try_from(warning.start).unwrap_or_default();
        let to = usize::try_from(warning.end).unwrap_or_default();
        let passage: String = text.chars().take(to).skip(from).collect();
        let category = warning.category.replace('_', " ");
        let instead = warning.instead.join(", or ");
        format!("The customer may read this: \"{passage}\" ({category}). Better: {instead}.")
    };
    found.iter().map(line).collect()
}

/// Who reads the answer, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader {
    /// In which language customers are spoken of.
    pub(crate) language: Language,
    /// Now.
    pub(crate) now: Timestamp,
}

/// Carries a line out.
pub(crate) fn carry_out(
    book: &Book,
    open: Result<CustomerId, Failed>,
    line: Concierge,
    reader: Reader,
) -> Lines {
    let Reader { language, now } = reader;
    match line {
        Concierge::Today(minutes) => {
            let whose = book.status()?.signed_in.map(|person| person.associate);
            let ends = Timestamp((now.days() + 1) * Timestamp::DAY_MS);
            Ok(lines::today(&book.today(whose, ends, minutes, language)?))
        }
        Concierge::Articles(text) => Ok(lines::articles(&book.find_articles(text, ARTICLES_MAX)?)),
        Concierge::Stock(sku) => Ok(lines::stock(&book.stock(sku)?, now)),
        Concierge::Budget => Ok(lines::budget(&book.gesture_budget()?)),
        Concierge::Events => Ok(lines::events(&book.small_events()?)),
        Concierge::Visitor(kind, endpoint) => visitor::look_for(book, kind, &endpoint),
        Concierge::Guest(word) => visitor::begin_guest(book, word),
        Concierge::Drafts(line) => drafts::carry_out(book, open, line),
        Concierge::Of(what) => of_customer(book, open?, what, language),
    }
}

fn of_customer(book: &Book, customer: CustomerId, what: OfCustomer, language: Language) -> Lines {
    match what {
        OfCustomer::Show => Ok(lines::recommendations(&book.recommendations(customer)?)),
        OfCustomer::May(channel, purpose, way) => {
            let verdict = book.may_contact(customer, channel, purpose, way, None, false)?;
            Ok(lines::verdict(&verdict))
        }
        OfCustomer::Question => Ok(lines::question(book.next_question(customer)?.as_ref())),
        OfCustomer::Answer(answer) => answered(book, customer, &answer),
        OfCustomer::Owed => Ok(lines::owed(&book.owed(customer, language)?)),
        OfCustomer::Ledger => said(book.value_ledger(customer, language)?.line),
        OfCustomer::Asked => Ok(lines::asked(
            &book.customer(customer)?.asks,
            &book.answers(customer)?,
        )),
        OfCustomer::Came(number) => {
            let Some(event) = book.small_events()?.into_iter().nth(number) else {
                return said(NO_EVENT);
            };
            let invitation = InvitationInput {
                event: event.event.to_string(),
                state: InvitationState::Attended,
            };
            book.record(customer, Edit::SetInvitation(invitation))?;
            said(format!("Recorded: they were at {}.", event.name))
        }
        OfCustomer::Seat(number) => {
            let Some(event) = book.small_events()?.into_iter().nth(number) else {
                return said(NO_EVENT);
            };
            let subject = Some(event.event.to_string());
            book.record(customer, Edit::Ask(ask(AskKind::Seat, subject, None)))?;
            said("Asked for. `asked` shows what the hub answers.")
        }
        OfCustomer::Gesture { minor, reason } => {
            book.make_gesture(customer, reason, minor, None)?;
            said("Recorded, and taken from today's budget.")
        }
        OfCustomer::Record(edit, answer) => {
            let recorded = book.record(customer, *edit)?;
            let held = recorded.verdict.as_ref().and_then(lines::held);
            Ok(held.into_iter().chain([answer.to_owned()]).collect())
        }
    }
}

fn answered(book: &Book, customer: CustomerId, answer: &str) -> Lines {
    let Some(question) = book.next_question(customer)? else {
        return said("There is nothing to ask in this visit.");
    };
    match answer {
        "yes" => book.answer_question(customer, true)?,
        "no" => book.answer_question(customer, false)?,
        _ => match choice(&question.choices, answer) {
            Some(choice) => book.choose_answer(customer, choice)?,
            None => book.answer_instead(customer, answer.to_owned())?,
        },
    };
    said("Recorded, as their own word.")
}

/// The choice of a letter.
fn choice(choices: &[EditId], answer: &str) -> Option<EditId> {
    let mut letters = answer.chars();
    let letter = letters.next().filter(|_| letters.next().is_none())?;
    let mut lettered = ('a'..='z').zip(choices);
    lettered
        .find(|(known, _)| *known == letter.to_ascii_lowercase())
        .map(|(_, choice)| *choice)
}
