//! Guests whom nobody knows yet: what is kept of them, and for how long.

use carnet_ffi::{BookError, GuestIntroduction, GuestIs, GuestWord, NamePartText};
use sync_core::card::edit::Evidence;
use sync_core::card::terms::{Agreement, ConsentMethod, NamePart, Sentiment};
use sync_core::concierge::guest;
use sync_core::ids::CustomerId;

use crate::stage::{ANA, Actor, NOON, Stage, reopened};

const HOUR_MS: i64 = 3_600_000;

fn need() -> GuestWord {
    GuestWord::Need {
        what: "a coat for the rain".to_owned(),
        tags: vec!["rain".to_owned()],
    }
}

fn liked(sku: &str) -> GuestWord {
    GuestWord::Reaction {
        sku: sku.to_owned(),
        sentiment: Sentiment::Liked,
        words: None,
    }
}

fn introduced(who: GuestIs) -> GuestIntroduction {
    GuestIntroduction {
        evidence: Evidence {
            text_version: "2026-01".to_owned(),
            method: ConsentMethod::Signature,
            reference: None,
        },
        who,
    }
}

fn newcomer(given: &str) -> GuestIntroduction {
    introduced(GuestIs::Newcomer {
        name: vec![NamePartText {
            part: NamePart::Given,
            text: given.to_owned(),
        }],
        language: Some("fr".to_owned()),
        endpoints: Vec::new(),
    })
}

/// A guest who said two things.
fn guest_of(ana: &Actor) -> CustomerId {
    let guest = ana.book.begin_guest().unwrap();
    ana.book.guest_said(guest, need()).unwrap();
    ana.book.guest_said(guest, liked("COAT-0100")).unwrap();
    guest
}

#[test]
fn a_guest_becomes_a_customer_by_consent_with_every_word() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let guest = guest_of(&ana);
    assert_eq!(ana.book.status().unwrap().pending, 0, "nothing leaves");
    assert_eq!(ana.book.customer(guest), Err(BookError::NotFound));
    assert_eq!(
        ana.book.guests().unwrap()[0].said,
        [need(), liked("COAT-0100")]
    );
    let customer = ana.book.introduce_guest(guest, newcomer("Léa")).unwrap();
    assert_eq!(customer, guest);
    let card = ana.book.customer(customer).unwrap();
    assert_eq!(card.agreement, Some(Agreement::Agreed));
    assert_eq!(card.needs[0].what, "a coat for the rain");
    assert_eq!(card.reactions[0].sku, "COAT-0100");
    assert_eq!(ana.book.guests(), Ok(Vec::new()));
    stage.meet(&ana);
    assert_eq!(ana.book.status().unwrap().pending, 0);
    assert_eq!(ana.book.outbox(), Ok(Vec::new()), "the hub took all of it");
}

#[test]
fn a_guest_who_is_known_keeps_the_card_they_have() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let lea = ana.create("Léa");
    let guest = guest_of(&ana);
    let stranger = introduced(GuestIs::Known {
        customer: CustomerId([9; 16]),
    });
    assert_eq!(
        ana.book.introduce_guest(guest, stranger),
        Err(BookError::NotFound)
    );
    assert_eq!(ana.book.guests().unwrap().len(), 1, "nothing was lost");
    let known = introduced(GuestIs::Known { customer: lea });
    assert_eq!(ana.book.introduce_guest(guest, known), Ok(lea));
    assert_eq!(ana.book.customer(lea).unwrap().needs.len(), 1);
    assert_eq!(ana.book.customer(guest), Err(BookError::NotFound));
}

#[test]
fn a_guest_card_is_gone_when_the_day_is_over() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let guest = guest_of(&ana);
    let card = ana.book.guests().unwrap().remove(0);
    assert!(card.expires > NOON && card.expires < NOON.plus_ms(24 * HOUR_MS));
    ana.clock.advance_ms(12 * HOUR_MS);
    let late = ana.book.guest_said(guest, need());
    assert!(matches!(late, Err(BookError::Invalid { code, .. }) if code == "guest_expired"));
    let late = ana.book.introduce_guest(guest, newcomer("Léa"));
    assert!(matches!(late, Err(BookError::Invalid { code, .. }) if code == "guest_expired"));
    assert_eq!(ana.book.guests(), Ok(Vec::new()));
    assert_eq!(
        ana.book.guest_said(guest, need()),
        Err(BookError::NotFound),
        "nothing of it is left"
    );
}

#[test]
fn opening_the_book_removes_what_has_expired() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let guest = guest_of(&ana);
    ana.clock.advance_ms(12 * HOUR_MS);
    let Actor {
        book, clock, path, ..
    } = ana;
    drop(book);
    let book = reopened(&path, &clock, 2).unwrap();
    assert_eq!(book.guest_said(guest, need()), Err(BookError::NotFound));
}

#[test]
fn a_guest_card_takes_no_empty_word_and_no_more_than_fits() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let guest = ana.book.begin_guest().unwrap();
    let empty = ana.book.guest_said(guest, liked(" "));
    assert!(matches!(empty, Err(BookError::Invalid { code, .. }) if code == "text"));
    for _ in 0..guest::GUEST_ENTRIES_MAX {
        ana.book.guest_said(guest, need()).unwrap();
    }
    let full = ana.book.guest_said(guest, need());
    assert!(matches!(full, Err(BookError::Invalid { code, .. }) if code == "guest_full"));
    ana.book.sign_out().unwrap();
    assert_eq!(ana.book.guests(), Err(BookError::SignInAgain));
}
