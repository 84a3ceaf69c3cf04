//! Stories of who may read and write what.

use std::collections::BTreeMap;

use simulator::cast::HUB;
use simulator::cast::{ANA, BEN, NOON, SHOP, note, shoe};
use simulator::fleet::{self, Handheld};
use sync_core::card::edit::{EndpointInput, Evidence};
use sync_core::card::terms::{ConsentEvent, ConsentMethod, EndpointKind, NamePart, Place, Purpose};
use sync_core::card::{Edit, Facet};
use sync_core::ids::{CustomerId, Timestamp};
use sync_core::limits;
use sync_core::outbox::{self, OutboxState};
use sync_core::replica::RecordError;
use sync_core::store::Store as _;

use crate::Stage;

#[test]
fn a_private_note_is_on_its_authors_handhelds_and_nowhere_else() {
    let mut stage = Stage::new();
    let customer = stage.customer("Odile");
    stage.meet_all();
    stage
        .ana
        .record(customer, &note(Place::Private, "saw her at the opera"))
        .unwrap();
    stage.meet_all();
    let private = [Facet::Private(ANA)];
    let of = |store| {
        fleet::accepted_json(store, customer, &private)
            .unwrap()
            .len()
    };
    assert_eq!(of(&stage.hub.store), 1);
    assert_eq!(of(&stage.ana.store), 1);
    assert_eq!(of(&stage.ben.store), 0);
    assert!(stage.ben.open_card(customer).unwrap().notes.is_empty());
    assert_eq!(stage.ana.open_card(customer).unwrap().notes.len(), 1);
}

#[test]
fn on_a_shared_handheld_a_restricted_note_is_shown_to_who_needs_to_know() {
    let mut stage = Stage::new();
    let customer = stage.customer("Nadia");
    stage.meet_all();
    let agreed = Edit::RecordConsent {
        channel: None,
        purposes: vec![Purpose::Sensitive],
        event: ConsentEvent::Grant,
        evidence: Some(Evidence {
            text_version: "2026-1".to_owned(),
            method: ConsentMethod::Signature,
            reference: None,
        }),
    };
    stage.ana.record(customer, &agreed).unwrap();
    let illness = note(Place::Restricted, "her illness");
    stage.ana.record(customer, &illness).unwrap();
    let notes = |handheld: &mut Handheld| handheld.open_card(customer).unwrap().notes.len();

    // Before the hub has judged it, and after: Ben works with the handheld that holds Ana's note, and needs not know.
    for _ in 0..2 {
        stage.ana.sign_in(&mut stage.hub, BEN);
        assert_eq!(notes(&mut stage.ana), 0);
        stage.ana.switch_to(ANA);
        assert_eq!(notes(&mut stage.ana), 1);
        stage.meet_all();
    }

    // What Ben writes himself he sees at once; once the hub has put it into his own scope he needs to know all of it.
    stage.ana.switch_to(BEN);
    let reason = note(Place::Restricted, "why she avoids lilies");
    stage.ana.record(customer, &reason).unwrap();
    assert_eq!(notes(&mut stage.ana), 1);
    stage.meet_all();
    assert_eq!(notes(&mut stage.ana), 2);
}

#[test]
fn who_left_every_book_is_not_brought_back_by_a_push() {
    let mut stage = Stage::new();
    let customer = stage.customer("Solange");
    stage.meet_all();
    let words = note(Place::Card, "asked for the blue coat");
    let recorded = stage.ana.record(customer, &words).unwrap();
    stage
        .hub
        .move_in_book((customer, SHOP), false, &mut stage.entropy)
        .unwrap();
    stage.meet_all();
    let row = outbox::get(&*stage.ana.store.read().unwrap(), recorded.number).unwrap();
    let row = row.expect("its author can read it still");
    assert!(
        matches!(&row.state, OutboxState::Refused { code, .. } if code == "not_in_your_book"),
        "{:?}",
        row.state
    );
    let of = |store| fleet::accepted_json(store, customer, &[Facet::Card]).unwrap();
    assert!(
        of(&stage.ana.store).is_empty(),
        "the handheld forgot the card"
    );
    assert!(of(&stage.ben.store).is_empty());
}

#[test]
fn a_clock_that_is_years_behind_does_not_hide_what_is_new() {
    let mut stage = Stage::new();
    let customer = stage.customer("Tomoko");
    stage.meet_all();
    stage.ana.now = Timestamp(NOON.0 - 3 * 365 * Timestamp::DAY_MS);
    stage.ben.now = NOON.plus_ms(-Timestamp::DAY_MS);
    stage.hub.set_now(NOON);
    stage.ben.record(customer, &shoe("38")).unwrap();
    stage.ana.record(customer, &shoe("39")).unwrap();
    stage.meet_all();
    stage.assert_converged(customer);
    for handheld in [&mut stage.ana, &mut stage.ben] {
        let view = handheld.open_card(customer).unwrap();
        let options = &view.conflicts.first().unwrap().options;
        let shown: Vec<_> = options.iter().map(|option| option.text.as_str()).collect();
        assert_eq!(shown, ["39", "38"], "what came last is shown first");
    }
}

#[test]
fn what_a_handheld_records_is_within_the_bounds_of_the_hub() {
    let mut stage = Stage::new();
    let customer = stage.customer("Hedwig");
    stage.meet_all();
    let long = "x".repeat(limits::NOTE_BYTES_MAX);
    // Most of what a card may hold is there; the rest she writes herself, and the bounds hold for both together.
    for _ in 0..16 {
        let edits = vec![note(Place::Card, &long); 8];
        let entropy = &mut stage.entropy;
        stage.hub.record(&HUB, customer, edits, entropy).unwrap();
    }
    stage.meet_all();
    let mut recorded = 0;
    let full = loop {
        match stage.ana.record(customer, &note(Place::Card, &long)) {
            Ok(_) => recorded += 1,
            Err(error) => break error,
        }
        assert!(recorded < 22, "a card holds a mebibyte");
    };
    assert!(matches!(full, RecordError::CardFull), "{full}");
    assert!(recorded > 10, "{recorded}");
    stage.meet_all();
    stage.assert_converged(customer);
    assert_eq!(stage.ana.pending().unwrap().refused, 0, "the hub took all");

    let tags = (0..3_000).map(|number| format!("tag {number}"));
    let too_much = Edit::CreateCustomer {
        name: BTreeMap::from([(NamePart::Given, "Iris".to_owned())]),
        language: None,
        endpoints: tags
            .map(|tag| EndpointInput {
                kind: EndpointKind::Email,
                value: tag.replace(' ', "-") + "@example.com",
            })
            .collect(),
        since: None,
    };
    let other = CustomerId([7; 16]);
    let refused = stage.ana.record(other, &too_much).unwrap_err();
    assert!(matches!(refused, RecordError::TooMuch), "{refused}");
}
