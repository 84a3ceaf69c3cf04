//! Who walks in: a customer of another shop, looked for at the hub, or a guest whom nobody knows.

use carnet_ffi::{Book, BookError, GuestWord, WalkIn};
use sync_core::card::Edit;
use sync_core::card::terms::EndpointKind;

use super::{Concierge, need};
use crate::handheld::day;
use crate::handheld::desk::{Lines, said};

/// How long the card of a visitor is waited for.
const SYNC_MS_MAX: u64 = 20_000;
/// Digits by which somebody is found again.
const DIGITS: usize = 4;
const AS_A_GUEST: &str =
    "Serve them as a guest: `guest a coat for rain #rain` notes what they need, for today.";

/// `visitor +33612345678`, `visitor lea@example.org`.
pub(super) fn read(rest: &str) -> Result<Concierge, &'static str> {
    let usage = "visitor +33612345678, or visitor lea@example.org: a customer of another shop who walked in";
    if rest.is_empty() {
        return Err(usage);
    }
    let kind = match rest.contains('@') {
        true => EndpointKind::Email,
        false => EndpointKind::Phone,
    };
    Ok(Concierge::Visitor(kind, rest.to_owned()))
}

/// `guest a coat for rain #rain`.
pub(super) fn read_guest(rest: &str) -> Result<Concierge, &'static str> {
    let usage = "guest a coat for rain #rain: what somebody needs whom nobody knows";
    let Ok(Edit::AddNeed(need)) = need(rest) else {
        return Err(usage);
    };
    let (what, tags) = (need.what, need.tags.into_iter().collect());
    Ok(Concierge::Guest(GuestWord::Need { what, tags }))
}

/// Looks for a visitor and says what to do now.
pub(super) fn look_for(book: &Book, kind: EndpointKind, endpoint: &str) -> Lines {
    let found = match book.fetch_walk_in(kind, endpoint.to_owned()) {
        Err(BookError::Offline) => {
            return guest("The hub can't be reached, so nobody of another shop was looked for.");
        }
        found => found?,
    };
    match found {
        WalkIn::NoConsent => guest(
            "They are known, and have not agreed to be known in other shops. Ask for it: their own shop records it.",
        ),
        WalkIn::NobodyKnown => guest(
            "Nobody of the chain has this. `new Léa Marchand` begins a card if they want to be known.",
        ),
        WalkIn::Several => {
            guest("Several customers have this: ask which shop knows them, and call there.")
        }
        WalkIn::TooOften { retry_seconds } => guest(&format!(
            "Too many were looked for: again in {retry_seconds} seconds."
        )),
        WalkIn::Fetched { customer, until } => {
            let known = until.map_or_else(
                || "They are in this shop's book.".to_owned(),
                |until| {
                    let until = day::moment(until);
                    format!(
                        "They agreed to be known here: their card is in this shop's book until {until}, and stays if you write on it."
                    )
                },
            );
            // A live connection brings it by itself; what else goes wrong leaves the card where the next sync finds it.
            let _busy = book.sync_once(SYNC_MS_MAX);
            let next = match book.row(customer)? {
                Some(row) => format!("`open {}`", row.name),
                None => format!(
                    "Their card is coming: `sync`, then `{}`.",
                    again(kind, endpoint)
                ),
            };
            Ok(vec![known, next])
        }
    }
}

fn guest(line: &str) -> Lines {
    Ok(vec![line.to_owned(), AS_A_GUEST.to_owned()])
}

/// How to find somebody whose name is not known yet.
fn again(kind: EndpointKind, endpoint: &str) -> String {
    if kind == EndpointKind::Email {
        return format!("visitor {endpoint}");
    }
    let digits: Vec<_> = endpoint.chars().filter(char::is_ascii_digit).collect();
    let end = digits.len().saturating_sub(DIGITS);
    format!("find {}", digits.iter().skip(end).collect::<String>())
}

/// Begins a guest card with what the guest needs.
pub(super) fn begin_guest(book: &Book, word: GuestWord) -> Lines {
    let card = book.begin_guest()?;
    book.guest_said(card, word)?;
    said("Noted on a guest card, without a name, until the shop's day is over.")
}
