//! A customer of another shop walks in: fetched with their consent, else the handheld says why not and what to do.

use carnet_ffi::{Book, BookError, Change, NamePartText, WalkIn};
use sync_core::card::Edit;
use sync_core::card::edit::{EndpointInput, Evidence};
use sync_core::card::terms::{ConsentEvent, ConsentMethod, EndpointKind, NamePart, Place, Purpose};
use sync_core::ids::CustomerId;

use crate::hub::Hub;
use crate::meeting::{settle, until, waking};

const INES: &str = "+33612345678";
const LEA: &str = "+33612345679";
const LOOK_UPS_MAX: usize = 10;

/// A customer of the first shop, under a number and an address.
fn customer(book: &Book, given: &str, phone: &str, agrees: bool) -> CustomerId {
    let name = NamePartText {
        part: NamePart::Given,
        text: given.to_owned(),
    };
    let endpoint = |kind, value: String| EndpointInput { kind, value };
    let endpoints = vec![
        endpoint(EndpointKind::Phone, phone.to_owned()),
        endpoint(EndpointKind::Email, format!("{given}@example.org")),
    ];
    let customer = book.create_customer(vec![name], endpoints, None).unwrap();
    if agrees {
        agree(book, customer);
    }
    customer
}

fn agree(book: &Book, customer: CustomerId) {
    let consent = Edit::RecordConsent {
        channel: None,
        purposes: vec![Purpose::Chain],
        event: ConsentEvent::Grant,
        evidence: Some(Evidence {
            text_version: "1".to_owned(),
            method: ConsentMethod::Signature,
            reference: None,
        }),
    };
    book.record(customer, consent).unwrap();
}

fn phone(book: &Book, number: &str) -> Result<WalkIn, BookError> {
    book.fetch_walk_in(EndpointKind::Phone, number.to_owned())
}

#[test]
fn who_agreed_is_on_the_handheld_after_a_sync_and_nobody_else_is() {
    let mut hub = Hub::start();
    hub.associate("ana");
    let (ana, otto) = (hub.handheld("ana"), hub.handheld_elsewhere("otto"));
    let ines = customer(&ana, "Ines", INES, true);
    let lea = customer(&ana, "Lea", LEA, false);
    settle(&ana);
    hub.index_endpoints();
    settle(&otto);
    assert_eq!(otto.row(ines).unwrap(), None, "of the other shop alone");

    let email = "ines@example.org".to_owned();
    let fetched = otto.fetch_walk_in(EndpointKind::Email, email).unwrap();
    let WalkIn::Fetched { customer, until } = fetched else {
        panic!("{fetched:?}");
    };
    assert_eq!(customer, ines);
    assert!(until.unwrap() > hub.book().now(), "for the day");
    settle(&otto);
    assert_eq!(otto.customer(ines).unwrap().name, "Ines");
    let note = "asked for hats".to_owned();
    otto.add_note(ines, Place::Card, note).unwrap();
    settle(&otto);
    assert_eq!(phone(&otto, "+33600000000"), Ok(WalkIn::NobodyKnown));
    assert_eq!(phone(&otto, LEA), Ok(WalkIn::NoConsent));
    settle(&otto);
    assert_eq!(otto.row(lea).unwrap(), None);

    // What is no number takes no look-up, so it can be corrected at leisure.
    let wrong = phone(&otto, "12").unwrap_err();
    assert!(
        matches!(&wrong, BookError::Invalid { code, .. } if code == "endpoint"),
        "{wrong:?}"
    );
    let line = otto.fetch_walk_in(EndpointKind::Line, "ines".to_owned());
    assert!(matches!(line, Err(BookError::Invalid { .. })), "{line:?}");

    otto.set_offline(true).unwrap();
    assert_eq!(phone(&otto, LEA), Err(BookError::Offline));
    otto.begin_guest().expect("a guest card needs no hub");
    otto.set_offline(false).unwrap();
    hub.end();
    assert_eq!(phone(&otto, LEA), Err(BookError::Offline));
    otto.sign_out().unwrap();
    assert_eq!(phone(&otto, LEA), Err(BookError::SignInAgain));
}

#[test]
fn a_card_that_is_fetched_comes_by_itself_while_a_connection_stands() {
    let hub = Hub::start();
    hub.associate("ana");
    let (ana, otto) = (hub.handheld("ana"), hub.handheld_elsewhere("otto"));
    let lea = customer(&ana, "Lea", LEA, false);
    settle(&ana);
    hub.index_endpoints();
    let woken = waking(&otto);
    otto.start_sync().unwrap();
    until(&otto, &woken, |_| otto.status().unwrap().is_connected);
    assert_eq!(phone(&otto, LEA), Ok(WalkIn::NoConsent));
    agree(&ana, lea);
    settle(&ana);
    let fetched = phone(&otto, LEA).unwrap();
    assert!(matches!(fetched, WalkIn::Fetched { customer, .. } if customer == lea));
    until(&otto, &woken, |changes| {
        changes.contains(&Change::Customer { customer: lea })
    });
    assert_eq!(otto.customer(lea).unwrap().name, "Lea");
}

#[test]
fn whoever_looks_too_often_is_told_when_to_look_again() {
    let hub = Hub::start();
    hub.associate("ana");
    let (ana, otto) = (hub.handheld("ana"), hub.handheld_elsewhere("otto"));
    customer(&ana, "Ines", INES, true);
    customer(&ana, "Lea", INES, true);
    settle(&ana);
    hub.index_endpoints();
    for _ in 0..LOOK_UPS_MAX {
        assert_eq!(phone(&otto, INES), Ok(WalkIn::Several));
    }
    let refused = phone(&otto, INES).unwrap();
    assert!(
        matches!(
            refused,
            WalkIn::TooOften {
                retry_seconds: 1..=60
            }
        ),
        "{refused:?}"
    );
}
