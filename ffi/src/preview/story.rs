//! Who is in the invented boutique, and what is known of them.

use sync_core::card::Edit;
use sync_core::card::edit::EndpointInput;
use sync_core::card::terms::{
    EndpointKind, NamePart, OccasionKind, Place, Polarity, Sentiment, ServiceMode, Severity,
};
use sync_core::ids::{CustomerId, Timestamp};

use super::PreviewHub;
use crate::{Book, BookError};

const DAY_MS: i64 = Timestamp::DAY_MS;

/// Names in the order of the list: given, family, display, language, phone.
const PEOPLE: [(&str, &str, &str, &str, &str); 10] = [
    ("Ana", "Ferreira", "", "pt", "+351912345678"),
    ("Léa", "Marchand", "", "fr", "+33612345601"),
    ("小红", "王", "王小红", "zh-Hans", "+8613800138000"),
    ("James", "Okafor", "", "en", "+447700900123"),
    ("Yuki", "田中", "田中 ゆき", "ja", "+81312345678"),
    ("Mariam", "Haddad", "", "ar", "+9613123456"),
    ("민지", "김", "김민지", "ko", "+821012345678"),
    ("Olena", "Коваль", "Олена Коваль", "uk", "+380441234567"),
    ("Diego", "Álvarez", "", "es", "+34600123456"),
    ("Ingrid", "Solberg", "", "nb", "+4790012345"),
];

fn customer(number: u8) -> CustomerId {
    CustomerId([number + 1; 16])
}

/// Tells the story: what colleagues wrote, a first sync, and two edits that had not seen one another.
pub(super) fn tell(book: &Book, hub: &PreviewHub) -> Result<(), BookError> {
    let now = book.shelf.now();
    for (number, person) in (0_u8..).zip(PEOPLE) {
        hub.record(customer(number), vec![created(person, now)], now)?;
    }
    for (number, edits) in known(now) {
        hub.record(customer(number), edits, now.plus_ms(-40 * DAY_MS))?;
    }
    hub.meet(&book.shelf)?;
    let shoe = |size: &str| Edit::SetSize {
        category: "shoe".to_owned(),
        system: "EU".to_owned(),
        brand: None,
        size: Some(size.to_owned()),
    };
    // Neither has seen the other: both are kept, and shown as something to ask.
    hub.record(customer(0), vec![shoe("39")], now)?;
    book.record(customer(0), shoe("38"))?;
    let visit = book.arrive(customer(1), Some("with her sister".to_owned()))?;
    book.capture(customer(1), visit.edit, "looks for a coat".to_owned())?;
    let thread = Some("her new apartment".to_owned());
    book.leave(customer(1), visit.edit, thread)?;
    hub.meet(&book.shelf)?;
    hub.meet(&book.shelf)
}

fn created(
    (given, family, display, language, phone): (&str, &str, &str, &str, &str),
    now: Timestamp,
) -> Edit {
    let parts = [
        (NamePart::Given, given),
        (NamePart::Family, family),
        (NamePart::Display, display),
    ];
    let filled = parts.into_iter().filter(|(_, text)| !text.is_empty());
    Edit::CreateCustomer {
        name: filled.map(|(part, text)| (part, text.to_owned())).collect(),
        language: Some(language.to_owned()),
        endpoints: vec![EndpointInput {
            kind: EndpointKind::Phone,
            value: phone.to_owned(),
        }],
        since: Some(now.plus_ms(-400 * DAY_MS)),
    }
}

fn known(now: Timestamp) -> Vec<(u8, Vec<Edit>)> {
    let birthday = Edit::SetOccasion {
        kind: OccasionKind::Birthday,
        person: None,
        year: None,
        month: Some(3),
        day: Some(14),
        celebrate: Some(true),
    };
    let too_heavy = Edit::RecordReaction {
        interaction: None,
        sku: "BAG-0112".to_owned(),
        sentiment: Sentiment::Disliked,
        words: Some("too heavy".to_owned()),
    };
    let ring = Edit::AddWish {
        sku: "RING-0044".to_owned(),
        quantity: None,
        note: None,
        surprise_until: Some(now.plus_ms(20 * DAY_MS)),
    };
    let mode = ServiceMode::LeaveAlone;
    let reason = Some("asked in writing".to_owned());
    vec![
        (0, of_ana(now)),
        (
            1,
            vec![preference(
                ("material", "scarves", "mohair"),
                Polarity::Avoid,
            )],
        ),
        (
            2,
            vec![Edit::SetServiceMode { mode }, note("喜欢安静地挑选")],
        ),
        (3, vec![Edit::BlockContact { reason }]),
        (4, vec![birthday]),
        (5, vec![too_heavy]),
        (6, vec![ring]),
        (
            8,
            vec![promise(
                "send pictures of the belts",
                now.plus_ms(3 * DAY_MS),
            )],
        ),
    ]
}

fn of_ana(now: Timestamp) -> Vec<Edit> {
    let nickel = Edit::RecordAllergy {
        substance: "nickel".to_owned(),
        severity: Severity::Serious,
        cause: None,
    };
    vec![
        nickel,
        promise("call about the coat", now.plus_ms(-2 * DAY_MS)),
        preference(("color", "coats", "navy"), Polarity::Like),
        note("Travels to Lisbon every spring."),
    ]
}

fn preference((kind, subject, value): (&str, &str, &str), polarity: Polarity) -> Edit {
    Edit::SetPreference {
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        value: Some(value.to_owned()),
        polarity,
    }
}

fn promise(what: &str, due: Timestamp) -> Edit {
    Edit::MakePromise {
        what: what.to_owned(),
        due: Some(due),
        assignee: None,
    }
}

fn note(body: &str) -> Edit {
    Edit::AddNote {
        place: Place::Card,
        body: body.to_owned(),
        title: None,
        label: None,
    }
}
