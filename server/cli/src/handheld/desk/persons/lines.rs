//! What is known of cards, people and guests, as lines of text.

use carnet_ffi::{EditToAllot, GuestCard, GuestWord, Person, PersonStanding, ServiceCase};
use serde_json::Value;
use sync_core::ids::{CustomerId, Timestamp};
use sync_core::notices::bodies::CaseState;

use crate::handheld::day;
use crate::handheld::desk::{Failed, Lines};

/// How a customer is called here.
type Named<'a> = &'a dyn Fn(CustomerId) -> String;

/// How the cards of a person are shown; the cards themselves follow.
pub(super) fn standing(person: &Person, named: Named<'_>) -> Vec<String> {
    let count = person.members.len();
    let mut lines = vec![match person.standing {
        PersonStanding::Alone => "One card, by itself.".to_owned(),
        PersonStanding::OnePerson => format!("One person, {count} cards, the oldest first:"),
        PersonStanding::Review => {
            format!("Linked in a way that can't be right, {count} cards: somebody has to look.")
        }
    }];
    for pair in &person.review {
        let (one, other) = (named(pair.one), named(pair.other));
        lines.push(format!("  {one} and {other} are said to be two people."));
    }
    if !person.to_allot.is_empty() {
        let count = person.to_allot.len();
        lines.push(format!("{count} entries want an owner: `to-allot`."));
    }
    lines
}

pub(super) fn to_allot(edits: &[EditToAllot], named: Named<'_>) -> Lines {
    if edits.is_empty() {
        return Ok(vec!["Nothing to allot.".to_owned()]);
    }
    let line = |one: &EditToAllot| {
        let others = one.cards.iter().filter(|card| **card != one.card);
        let others: Vec<_> = others.map(|card| named(*card)).collect();
        format!(
            "  {}  {} stands on the card of {}, written when they were one with {}",
            day::moment(one.at),
            one.edit,
            named(one.card),
            others.join(" and ")
        )
    };
    let mut lines: Vec<_> = edits.iter().map(line).collect();
    lines.push("Write it on the card it belongs to, and take it off the other.".to_owned());
    Ok(lines)
}

pub(super) fn cases(cases: &[ServiceCase]) -> Vec<String> {
    if cases.is_empty() {
        return vec!["No case at the service desk.".to_owned()];
    }
    let line = |case: &ServiceCase| {
        let state = match (case.state, case.solved_at) {
            (CaseState::Open, _) => "open".to_owned(),
            (CaseState::Solved, Some(at)) => format!("solved {}", day::shown(at)),
            (CaseState::Solved, None) => "solved".to_owned(),
        };
        let complaint = if case.is_complaint {
            "  [complaint]"
        } else {
            ""
        };
        let sku = case.sku.as_deref();
        let sku = sku.map_or_else(String::new, |sku| format!(" ({sku})"));
        format!(
            "  {}  {}{sku}  {state}{complaint}  as {} said {}",
            day::shown(case.opened_at),
            case.topic,
            case.source,
            day::moment(case.as_of)
        )
    };
    cases.iter().map(line).collect()
}

pub(super) fn guests(guests: &[GuestCard]) -> Vec<String> {
    if guests.is_empty() {
        return vec!["No guest today. `guest a coat for rain #rain` begins a card.".to_owned()];
    }
    let said = |word: &GuestWord| match word {
        GuestWord::Need { what, tags } => {
            let tags = tags.iter().map(|tag| format!(" #{tag}"));
            format!("needs {what}{}", tags.collect::<String>())
        }
        GuestWord::Reaction {
            sku,
            sentiment,
            words,
        } => {
            let words = words.as_deref().unwrap_or_default();
            format!("{sentiment} {sku} {words}")
        }
    };
    let line = |(number, guest): (usize, &GuestCard)| {
        let words: Vec<_> = guest.said.iter().map(said).collect();
        let came = day::moment(guest.began);
        format!("{number:>3}  {came}  {}", words.join("; ").trim_end())
    };
    (1..).zip(guests).map(line).collect()
}

/// The pack for whoever takes over.
pub(super) fn pack(json: &str) -> Lines {
    let pack: Value = serde_json::from_str(json)
        .map_err(|error| Failed::Say(format!("The pack can't be read: {error}")))?;
    let mut lines = Vec::new();
    for (part, mark) in [("avoid", '!'), ("say", '"'), ("do", '>')] {
        let told = pack.pointer(&format!("/brief/{part}"));
        let several = told
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let one = told.filter(|told| told.is_object());
        let told = one.into_iter().chain(several);
        lines.extend(told.map(|line| format!("  {mark} {}", cue(line))));
    }
    lines.extend(entries(&pack, "promises").map(|promise| {
        let due = moment(promise, "due").map_or_else(String::new, day::shown);
        format!("  promise    {} {due}", text(promise, "what"))
    }));
    lines.extend(entries(&pack, "preferences").map(|one| {
        let parts = ["kind", "subject", "value"].map(|field| text(one, field));
        let label = text(one, "polarity");
        format!("  {label:<10} {}", parts.join(" "))
    }));
    lines.extend(entries(&pack, "dealings").map(|dealing| {
        let at = moment(dealing, "at").map_or_else(String::new, day::shown);
        let kind = spoken(text(dealing, "kind"));
        format!("  {kind:<10} {at} {}", text(dealing, "summary"))
    }));
    if lines.is_empty() {
        lines.push("Nothing to hand over yet.".to_owned());
    }
    Ok(lines
        .into_iter()
        .map(|line| line.trim_end().to_owned())
        .collect())
}

/// A line of a brief as the pack has it: its kind, then what it is about.
fn cue(line: &Value) -> String {
    let arguments = line.get("arguments").and_then(Value::as_object);
    let arguments = arguments.into_iter().flat_map(serde_json::Map::values);
    let about: Vec<_> = arguments.filter_map(Value::as_str).collect();
    format!("{}: {}", spoken(text(line, "kind")), about.join(" "))
}

fn spoken(term: &str) -> String {
    term.replace('_', " ")
}

fn entries<'v>(pack: &'v Value, part: &str) -> impl Iterator<Item = &'v Value> {
    pack.get(part)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    let text = value.get(field).and_then(Value::as_str);
    text.unwrap_or_default()
}

fn moment(value: &Value, field: &str) -> Option<Timestamp> {
    value.get(field).and_then(Value::as_i64).map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_says_how_far_it_is_and_who_says_so() {
        let day = |days: i64| Timestamp(days * Timestamp::DAY_MS);
        let open = ServiceCase {
            source: "desk".to_owned(),
            as_of: day(3),
            topic: "strap torn".to_owned(),
            is_complaint: true,
            state: CaseState::Open,
            opened_at: day(1),
            solved_at: None,
            sku: Some("BAG-1".to_owned()),
        };
        let solved = ServiceCase {
            is_complaint: false,
            state: CaseState::Solved,
            solved_at: Some(day(2)),
            sku: None,
            ..open.clone()
        };
        assert_eq!(
            cases(&[open, solved]),
            [
                "  1970-01-02  strap torn (BAG-1)  open  [complaint]  as desk said 1970-01-04 00:00 UTC",
                "  1970-01-02  strap torn  solved 1970-01-03  as desk said 1970-01-04 00:00 UTC",
            ]
        );
    }

    #[test]
    fn cards_that_cannot_be_one_person_are_named() {
        let [one, other] = [1, 2].map(|number| CustomerId([number; 16]));
        let person = Person {
            standing: PersonStanding::Review,
            members: vec![one, other],
            review: vec![carnet_ffi::CardsApart { one, other }],
            to_allot: Vec::new(),
        };
        let named = |customer| if customer == one { "Léa" } else { "Lea" }.to_owned();
        let lines = standing(&person, &named);
        assert!(lines[0].contains("somebody has to look"), "{lines:?}");
        assert_eq!(lines[1], "  Léa and Lea are said to be two people.");
    }
}
