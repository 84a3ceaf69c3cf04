//! A hub whose disk is full: what it could not keep comes again, and nothing behind it is refused because of that.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::collections::BTreeMap;

use simulator::disk::Fault;
use simulator::fleet::{self, Handheld, Hub, Link};
use sync_core::card::terms::{NamePart, Place};
use sync_core::card::{Edit, Facet};
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{AssociateId, CustomerId, ShopId, Timestamp};
use sync_core::outbox::Pending;

const SHOP: ShopId = ShopId([1; 8]);
const ANA: AssociateId = AssociateId([0xa; 8]);
const NOON: Timestamp = Timestamp(1_790_000_000_000);

fn create() -> Edit {
    Edit::CreateCustomer {
        name: BTreeMap::from([(NamePart::Given, "Noor".to_owned())]),
        language: None,
        endpoints: Vec::new(),
        since: None,
    }
}

fn note(place: Place) -> Edit {
    Edit::AddNote {
        place,
        body: "prefers the back room".to_owned(),
        title: None,
        label: None,
    }
}

/// A new customer in one push and notes about her in the next, with the hub's disk full after `rows` rows of the first.
fn strike(rows: u64) -> (Hub, Handheld, CustomerId, bool) {
    let mut entropy = SeededEntropy::new(rows);
    let mut hub = Hub::new(SHOP, NOON, &mut entropy);
    let mut ana = Handheld::enrol(&mut hub, 1, ANA, 1);
    fleet::meet(&mut ana, &mut hub).unwrap();
    let customer = CustomerId::random(&mut entropy);
    let mut link = Link::open(&ana, &hub).unwrap();
    link.run_until_quiet(&mut ana, &mut hub).unwrap();
    ana.record(customer, &create()).unwrap();
    link.wake(&mut ana, &hub).unwrap();
    ana.record(customer, &note(Place::Shop)).unwrap();
    ana.record(customer, &note(Place::Private)).unwrap();
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
