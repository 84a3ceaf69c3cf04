//! A hub whose disk is full: what it could not keep comes again, and nothing behind it is refused because of that.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use simulator::cast::{ANA, NOON, SHOP, create, note};
use simulator::disk::Fault;
use simulator::fleet::{self, Handheld, Hub, Link};
use sync_core::card::Facet;
use sync_core::card::terms::Place;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::CustomerId;
use sync_core::outbox::Pending;

const WORDS: &str = "prefers the back room";

/// A new customer in one push and notes about her in the next, with the hub's disk full after `rows` rows of the first.
fn strike(rows: u64) -> (Hub, Handheld, CustomerId, bool) {
    let mut entropy = SeededEntropy::new(rows);
    let mut hub = Hub::new(SHOP, NOON, &mut entropy);
    let mut ana = Handheld::enrol(&mut hub, 1, ANA, 1);
    fleet::meet(&mut ana, &mut hub).unwrap();
    let customer = CustomerId::random(&mut entropy);
    let mut link = Link::open(&ana, &hub).unwrap();
    link.run_until_quiet(&mut ana, &mut hub).unwrap();
    ana.record(customer, &create("Noor")).unwrap();
    link.wake(&mut ana, &hub).unwrap();
    ana.record(customer, &note(Place::Shop, WORDS)).unwrap();
    ana.record(customer, &note(Place::Private, WORDS)).unwrap();
    link.wake(&mut ana, &hub).unwrap();
    assert_eq!(link.to_hub.len(), 2, "both pushes are under way");
    hub.store.arm(Fault::FullAfter(rows));
    link.deliver_up(&ana, &mut hub).unwrap();
    let struck = hub.store.faults() > 0;
    hub.store.disarm();
    link.run_until_quiet(&mut ana, &mut hub).unwrap();
    assert!(!link.is_broken, "the meeting goes on");
    (hub, ana, customer, struck)
}

#[test]
fn notes_on_a_new_customer_whom_a_full_hub_could_not_keep_are_not_refused() {
    let mut strikes = 0;
    for rows in 0.. {
        let (mut hub, mut ana, customer, struck) = strike(rows);
        assert_eq!(ana.pending().unwrap().refused, 0, "full after {rows} rows");
        fleet::meet(&mut ana, &mut hub).unwrap();
        fleet::meet(&mut ana, &mut hub).unwrap();
        assert_eq!(ana.pending().unwrap(), Pending::default());
        let facets = [Facet::Card, Facet::Shop(SHOP), Facet::Private(ANA)];
        let stored = fleet::accepted_json(&hub.store, customer, &facets).unwrap();
        assert_eq!(stored.len(), 3, "full after {rows} rows");
        if !struck {
            break;
        }
        strikes += 1;
    }
    assert!(strikes > 5, "a push writes more than {strikes} rows");
}
