//! Stories of a small fleet: named handhelds, one hub, and what must be true when they have met.

mod permission;

use simulator::cast::{ANA, BEN, HUB, NOON, SHOP, create, note, shoe};
use simulator::fleet::{self, Handheld, Hub, Link};
use sync_core::authority::HubAuthor;
use sync_core::card::terms::Place;
use sync_core::card::{Edit, Facet};
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{CustomerId, ShopId};
use sync_core::projection;
use sync_core::protocol::handheld::Event;
use sync_core::records::{self, Currency, RecordDraft, RecordKind, Sale, SoldAt};
use sync_core::scope::Scope;
use sync_core::store::Store as _;

struct Stage {
    hub: Hub,
    ana: Handheld,
    ben: Handheld,
    entropy: SeededEntropy,
}

impl Stage {
    fn new() -> Self {
        let mut entropy = SeededEntropy::new(42);
        let mut hub = Hub::new(SHOP, NOON, &mut entropy);
        let ana = Handheld::enrol(&mut hub, 1, ANA, 1);
        let ben = Handheld::enrol(&mut hub, 2, BEN, 2);
        Self {
            hub,
            ana,
            ben,
            entropy,
        }
    }

    fn customer(&mut self, given: &str) -> CustomerId {
        let customer = CustomerId::random(&mut self.entropy);
        self.hub
            .record(&HUB, customer, vec![create(given)], &mut self.entropy)
            .expect("a name is enough for a card");
        customer
    }

    fn meet_all(&mut self) {
        for _ in 0..2 {
            fleet::meet(&mut self.ana, &mut self.hub).expect("the disk holds");
            fleet::meet(&mut self.ben, &mut self.hub).expect("the disk holds");
        }
    }

    fn assert_converged(&self, customer: CustomerId) {
        let of =
            |store| fleet::accepted_json(store, customer, &[Facet::Card]).expect("the disk holds");
        let hub = of(&self.hub.store);
        assert!(!hub.is_empty(), "the hub holds the card");
        assert_eq!(of(&self.ana.store), hub);
        assert_eq!(of(&self.ben.store), hub);
        assert_eq!(self.ana.pending().expect("the disk holds").count, 0);
        assert_eq!(self.ben.pending().expect("the disk holds").count, 0);
    }
}

#[test]
fn what_two_handhelds_wrote_offline_about_one_card_is_on_both_with_the_conflict_shown() {
    let mut stage = Stage::new();
    let customer = stage.customer("Mireille");
    stage.meet_all();
    stage.ana.record(customer, &shoe("38")).unwrap();
    stage.ben.record(customer, &shoe("39")).unwrap();
    assert_eq!(stage.ana.pending().unwrap().count, 1);
    stage.meet_all();
    stage.assert_converged(customer);
    let view = stage.ana.open_card(customer).unwrap();
    assert_eq!(view.conflicts.len(), 1, "{:?}", view.conflicts);
    let conflict = view.conflicts.first().unwrap().clone();
    let options: Vec<_> = conflict
        .options
        .iter()
        .map(|option| option.text.as_str())
        .collect();
    assert!(
        options.contains(&"38") && options.contains(&"39"),
        "{options:?}"
    );

    let choose = conflict
        .options
        .iter()
        .find(|option| option.text == "39")
        .unwrap()
        .edit;
    let resolve = Edit::Resolve {
        place: conflict.place,
        path: conflict.path,
        choose,
    };
    stage.ana.record(customer, &resolve).unwrap();
    stage.meet_all();
    stage.assert_converged(customer);
    assert!(stage.ben.open_card(customer).unwrap().conflicts.is_empty());
}

#[test]
fn a_meeting_where_nothing_changed_is_one_small_round_trip_that_opens_no_document() {
    let mut stage = Stage::new();
    for number in 0..20 {
        stage.customer(&format!("Customer {number}"));
    }
    stage.meet_all();
    let loads = (
        stage.hub.authority.documents_loaded(),
        stage.ana.replica.documents_loaded(),
    );
    let link = fleet::meet(&mut stage.ana, &mut stage.hub).unwrap();
    assert!(link.is_settled());
    assert_eq!(link.frames, (1, 1));
    assert!(link.bytes.0 + link.bytes.1 <= 256, "{:?}", link.bytes);
    let after = (
        stage.hub.authority.documents_loaded(),
        stage.ana.replica.documents_loaded(),
    );
    assert_eq!(after, loads);
}

#[test]
fn who_comes_by_every_customer_once_leaves_in_memory_what_is_worked_on() {
    let mut stage = Stage::new();
    let customers: Vec<_> = (0..40)
        .map(|number| stage.customer(&format!("Customer {number}")))
        .collect();
    let Hub {
        authority, store, ..
    } = &mut stage.hub;
    let tx = store.read().unwrap();
    let nobody = (SHOP, None);
    let before = authority.documents_loaded();
    for customer in &customers {
        for _ in 0..2 {
            let glanced = authority.glance(&*tx, *customer, nobody).unwrap();
            assert_eq!(glanced, authority.glance(&*tx, *customer, nobody).unwrap());
        }
    }
    let passed = authority.documents_loaded() - before;
    assert_eq!(passed, 8, "each that was not in memory, once");
    for customer in &customers[8..] {
        authority.visible(&*tx, *customer, nobody).unwrap();
    }
    assert_eq!(authority.documents_loaded() - before, passed);
    authority.glance(&*tx, customers[0], nobody).unwrap();
    authority.visible(&*tx, customers[0], nobody).unwrap();
    let taken_over = authority.documents_loaded() - before - passed;
    assert_eq!(taken_over, 1, "a card that was looked at is taken over");
}

#[test]
fn a_link_that_breaks_anywhere_loses_nothing_and_doubles_nothing() {
    for cut in 0..24 {
        let mut stage = Stage::new();
        let customer = stage.customer("Paula");
        stage.meet_all();
        for number in 0..5 {
            stage
                .ana
                .record(customer, &note(Place::Card, &format!("a{number}")))
                .unwrap();
            stage
                .ben
                .record(customer, &note(Place::Shop, &format!("b{number}")))
                .unwrap();
        }
        let mut link = Link::open(&stage.ana, &stage.hub).unwrap();
        for step in 0..cut {
            if step % 2 == 0 {
                link.deliver_up(&stage.ana, &mut stage.hub).unwrap();
            } else {
                link.deliver_down(&mut stage.ana).unwrap();
            }
        }
        drop(link);
        if cut % 3 == 0 {
            stage.ana.reopen();
        }
        stage.meet_all();
        stage.assert_converged(customer);
        let notes = stage.ben.open_card(customer).unwrap().notes;
        assert_eq!(notes.len(), 10, "cut after {cut} deliveries");
    }
}

#[test]
fn a_handheld_that_lost_a_row_is_healed_at_the_next_meeting() {
    let mut stage = Stage::new();
    let customer = stage.customer("Runa");
    stage.meet_all();
    // A bug or a bad disk: the accepted card is gone, though the positions still agree.
    let document = Facet::Card.document(customer);
    let mut tx = stage.ana.store.write().unwrap();
    let mut ledger = sync_core::feed::Ledger::default();
    sync_core::documents::forget(&mut *tx, &mut ledger, document).unwrap();
    ledger.write(&mut *tx).unwrap();
    tx.commit().unwrap();
    stage.ana.reopen();
    let link = fleet::meet(&mut stage.ana, &mut stage.hub).unwrap();
    assert!(
        link.events.contains(&Event::CaughtUp(Scope::Book(SHOP))),
        "{:?}",
        link.events
    );
    stage.assert_converged(customer);
    let again = fleet::meet(&mut stage.ana, &mut stage.hub).unwrap();
    assert_eq!(again.frames, (1, 1), "they agree for good");
}

#[test]
fn reads_made_offline_reach_the_hub_once_each() {
    let mut stage = Stage::new();
    let customer = stage.customer("Sami");
    stage.meet_all();
    for _ in 0..3 {
        stage.ana.open_card(customer).unwrap();
    }
    stage.meet_all();
    let mut lines = 0;
    let all = sync_core::store::KeyRange {
        from: &[],
        to: None,
    };
    let direction = sync_core::store::Direction::Ascending;
    let tx = stage.hub.store.read().unwrap();
    tx.scan(
        sync_core::store::Table::AccessLog,
        all,
        direction,
        &mut |_, _| {
            lines += 1;
            Ok(std::ops::ControlFlow::Continue(()))
        },
    )
    .unwrap();
    assert_eq!(lines, 3);
}

#[test]
fn live_edits_reach_a_connected_colleague_and_the_author_gets_mere_hashes() {
    let mut stage = Stage::new();
    let customer = stage.customer("Tove");
    stage.meet_all();
    let mut ana = fleet::meet(&mut stage.ana, &mut stage.hub).unwrap();
    let mut ben = fleet::meet(&mut stage.ben, &mut stage.hub).unwrap();
    stage
        .ana
        .record(customer, &note(Place::Card, &"wool ".repeat(200)))
        .unwrap();
    let before = ana.bytes.1;
    ana.wake(&mut stage.ana, &stage.hub).unwrap();
    ana.run_until_quiet(&mut stage.ana, &mut stage.hub).unwrap();
    assert!(
        ana.bytes.1 - before < 300,
        "the author's own words are not sent back"
    );
    ben.wake(&mut stage.ben, &stage.hub).unwrap();
    ben.run_until_quiet(&mut stage.ben, &mut stage.hub).unwrap();
    stage.assert_converged(customer);
    assert_eq!(stage.ben.open_card(customer).unwrap().notes.len(), 1);
}

#[test]
fn sales_of_a_customer_reach_a_book_by_its_feed_however_the_card_came_into_it() {
    let mut stage = Stage::new();
    let known_to_the_till_first = CustomerId::random(&mut stage.entropy);
    let sale = RecordDraft {
        kind: RecordKind::Purchase,
        source: "till".to_owned(),
        source_id: "1".to_owned(),
        as_of: NOON,
        sale: Sale {
            shop: Some(SHOP),
            at: SoldAt::Moment(NOON),
            lines: Vec::new(),
            amount_minor: 4_200,
            currency: Currency::EUR,
        },
    };
    let (customer, entropy) = (known_to_the_till_first, &mut SeededEntropy::new(3));
    let there = HubAuthor {
        shop: ShopId([2; 8]),
        ..HUB
    };
    let mut cleo = Handheld::enrol_in(&mut stage.hub, there.shop, (3, ANA), 3);
    // Both books have been followed before, so that what comes now comes by the feed.
    for author in [HUB, there] {
        let somebody = CustomerId::random(entropy);
        let edits = vec![create("Vera")];
        let recorded = stage.hub.record(&author, somebody, edits, entropy);
        recorded.unwrap();
    }
    stage.meet_all();
    fleet::meet(&mut cleo, &mut stage.hub).unwrap();
    stage.hub.put_records(customer, &[sale], entropy).unwrap();
    for (author, edit) in [(HUB, create("Ugo")), (there, note(Place::Card, "wide fit"))] {
        let recorded = stage.hub.record(&author, customer, vec![edit], entropy);
        recorded.unwrap();
    }
    for handheld in [&mut stage.ana, &mut cleo] {
        let link = fleet::meet(handheld, &mut stage.hub).unwrap();
        let caught_up = |event: &Event| matches!(event, Event::CaughtUp(Scope::Book(_)));
        assert!(link.events.iter().any(caught_up), "{:?}", link.events);
        assert_eq!(link.comparisons, 0, "the feed said it all");
        let tx = handheld.store.read().unwrap();
        assert_eq!(records::totals(&*tx, customer).unwrap().count, 1);
    }
}

#[test]
fn what_the_hub_accepted_is_not_refused_later_because_its_author_left() {
    let mut stage = Stage::new();
    let customer = stage.customer("Wanda");
    stage.meet_all();
    // Private, so that once she has left no feed brings it back to this handheld.
    let opera = note(Place::Private, "saw her at the opera");
    stage.ana.record(customer, &opera).unwrap();
    let mut link = Link::open(&stage.ana, &stage.hub).unwrap();
    link.deliver_up(&stage.ana, &mut stage.hub).unwrap();
    link.deliver_down(&mut stage.ana).unwrap();
    link.deliver_up(&stage.ana, &mut stage.hub).unwrap();
    // The push is accepted; its answer never arrives.
    drop(link);
    stage.hub.people.deactivated.insert(ANA);
    stage.meet_all();
    stage.assert_converged(customer);
    assert_eq!(stage.ana.pending().unwrap().refused, 0);
    let private = fleet::accepted_json(&stage.hub.store, customer, &[Facet::Private(ANA)]);
    assert_eq!(private.unwrap().len(), 1);
}

#[test]
fn a_handheld_on_an_older_disk_shows_what_it_had_sent_since() {
    let mut stage = Stage::new();
    let customer = CustomerId::random(&mut stage.entropy);
    stage.ana.record(customer, &create("Xenia")).unwrap();
    let older = stage.ana.store.duplicate();
    let wool = note(Place::Card, "wool");
    stage.ana.record(customer, &wool).unwrap();
    stage.meet_all();
    stage.ana.store = older;
    stage.ana.reopen();
    stage.meet_all();
    stage.assert_converged(customer);
    let row = |handheld: &Handheld| {
        let tx = handheld.store.read().unwrap();
        projection::read_row(&*tx, customer).unwrap()
    };
    assert!(row(&stage.ben).is_some());
    assert_eq!(row(&stage.ana), row(&stage.ben));
}

#[test]
fn two_copies_of_a_handheld_that_share_an_actor_lose_nothing() {
    let mut stage = Stage::new();
    let customer = stage.customer("Yara");
    stage.meet_all();
    // A copy of the running process: an opened database draws a fresh actor, this one did not.
    let mut copy = stage.ana.duplicate(77, true);
    for number in 0..3 {
        let (one, other) = (format!("a{number}"), format!("b{number}"));
        stage
            .ana
            .record(customer, &note(Place::Card, &one))
            .unwrap();
        copy.record(customer, &note(Place::Card, &other)).unwrap();
    }
    stage.meet_all();
    for _ in 0..2 {
        fleet::meet(&mut copy, &mut stage.hub).unwrap();
    }
    stage.meet_all();
    stage.assert_converged(customer);
    assert_eq!(
        copy.pending().unwrap(),
        sync_core::outbox::Pending::default()
    );
    let notes = stage.ben.open_card(customer).unwrap().notes;
    assert_eq!(notes.len(), 6, "what either copy wrote, once each");
}
