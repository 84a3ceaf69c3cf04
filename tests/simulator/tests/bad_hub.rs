//! A hub that hands out a bad change as accepted: the handheld's own gate sets it aside, and neither the session nor the book ends.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::collections::BTreeMap;

use simulator::cast::{ANA, BEN, HUB, NOON, SHOP, note};
use simulator::fleet::{self, Handheld, Hub, Link};
use sync_core::card::terms::{NamePart, Place};
use sync_core::card::{Edit, Facet};
use sync_core::entropy::SeededEntropy;
use sync_core::envelope::Sealed;
use sync_core::ids::{CustomerId, EditId};
use sync_core::outbox::Pending;
use sync_core::protocol::frame::{Frame, Item};
use sync_core::protocol::handheld::Event;
use sync_core::quarantine;
use sync_core::store::Store as _;

fn customer(hub: &mut Hub, entropy: &mut SeededEntropy) -> CustomerId {
    let customer = CustomerId::random(entropy);
    let create = Edit::CreateCustomer {
        name: BTreeMap::from([(NamePart::Given, "Lena".to_owned())]),
        language: None,
        endpoints: Vec::new(),
        since: None,
    };
    hub.record(&HUB, customer, vec![create], entropy).unwrap();
    customer
}

/// What is done to a change on its way.
type Spoil<'a> = &'a dyn Fn(&mut Sealed);

/// Meets while the hub, by a bug or a bad disk, sends one change of a customer's card other than it was accepted.
fn meet_a_bad_hub(
    ben: &mut Handheld,
    hub: &mut Hub,
    (customer, spoil): (CustomerId, Spoil<'_>),
) -> Link {
    let mut link = Link::open(ben, hub).unwrap();
    let mut spoiled = 0;
    while !link.is_idle() {
        link.deliver_up(ben, hub).unwrap();
        for packed in &mut link.to_handheld {
            let Ok(Frame::Entries(mut entries)) = Frame::unpack(packed) else {
                continue;
            };
            for item in &mut entries.items {
                if let Item::Change { sealed, .. } = item
                    && sealed.envelope.customer == customer
                    && spoiled == 0
                {
                    spoil(sealed);
                    spoiled += 1;
                }
            }
            *packed = Frame::Entries(entries).pack();
        }
        link.deliver_down(ben).unwrap();
    }
    assert_eq!(spoiled, 1, "the hub sent the change");
    link
}

/// Plays it and gives Ben's handheld with the code under which he set the change aside.
fn ben_gets(spoil: Spoil<'_>) -> String {
    let mut entropy = SeededEntropy::new(42);
    let mut hub = Hub::new(SHOP, NOON, &mut entropy);
    let mut ana = Handheld::enrol(&mut hub, 1, ANA, 1);
    let mut ben = Handheld::enrol(&mut hub, 2, BEN, 2);
    let (lena, other) = (
        customer(&mut hub, &mut entropy),
        customer(&mut hub, &mut entropy),
    );
    for handheld in [&mut ana, &mut ben] {
        fleet::meet(handheld, &mut hub).unwrap();
    }
    ana.record(lena, &note(Place::Card, "wool")).unwrap();
    ana.record(other, &note(Place::Card, "silk")).unwrap();
    fleet::meet(&mut ana, &mut hub).unwrap();

    ben.record(other, &note(Place::Card, "made meanwhile"))
        .unwrap();
    let link = meet_a_bad_hub(&mut ben, &mut hub, (lena, spoil));
    assert!(!link.is_broken && link.is_settled());
    let ends = |event: &Event| matches!(event, Event::Stopped(_));
    assert!(!link.events.iter().any(ends), "{:?}", link.events);
    fleet::meet(&mut ben, &mut hub).unwrap();
    assert_eq!(ben.pending().unwrap(), Pending::default());
    assert_eq!(ben.open_card(other).unwrap().notes.len(), 2);
    // The card comes whole instead, as the hub holds it.
    assert_eq!(ben.open_card(lena).unwrap().notes.len(), 1);
    let of = |disk| fleet::accepted_json(disk, lena, &[Facet::Card]).unwrap();
    assert_eq!(of(&ben.store), of(&hub.store));
    // The book is as good as ever: it opens, takes edits and brings them to the hub.
    ben.reopen();
    ben.record(lena, &note(Place::Card, "written on top"))
        .unwrap();
    fleet::meet(&mut ben, &mut hub).unwrap();
    assert_eq!(ben.pending().unwrap().count, 0);
    assert_eq!(ben.open_card(lena).unwrap().notes.len(), 2);
    let aside = quarantine::all(&*ben.store.read().unwrap()).unwrap();
    assert_eq!(aside.len(), 1);
    aside.first().unwrap().code.clone()
}

#[test]
fn an_accepted_change_with_damaged_bytes_is_set_aside_and_its_card_comes_whole() {
    let code = ben_gets(&|sealed| {
        if let Some(last) = sealed.change.last_mut() {
            *last ^= 1;
        }
    });
    assert_eq!(code, "v04_checksum");
}

#[test]
fn an_accepted_change_that_writes_for_another_edit_is_set_aside_and_its_card_comes_whole() {
    let code = ben_gets(&|sealed| sealed.envelope.edits = vec![EditId([0xee; 10])]);
    assert_eq!(code, "v11_foreign_edit");
}
