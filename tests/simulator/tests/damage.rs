//! A damaged row of one document: its card is fetched anew, and nothing else notices.

use simulator::cast::{ANA, HUB, SHOP, create, note};
use simulator::fleet::{self, Handheld, Hub};
use sync_core::card::terms::Place;
use sync_core::card::{Edit, Facet};
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{CustomerId, Timestamp};
use sync_core::protocol::handheld::Event;
use sync_core::scope::Scope;
use sync_core::store::{Store, StoreError, Table};

const BOOK: Scope = Scope::Book(SHOP);

struct Stage {
    hub: Hub,
    ana: Handheld,
    entropy: SeededEntropy,
    damaged: CustomerId,
    sound: CustomerId,
}

impl Stage {
    /// Two customers whom a handheld holds as bases, since its first sync.
    fn new() -> Self {
        let mut entropy = SeededEntropy::new(42);
        let mut hub = Hub::new(SHOP, Timestamp(1_790_000_000_000), &mut entropy);
        let ana = Handheld::enrol(&mut hub, 1, ANA, 1);
        let (damaged, sound) = (
            CustomerId::random(&mut entropy),
            CustomerId::random(&mut entropy),
        );
        let mut stage = Self {
            hub,
            ana,
            entropy,
            damaged,
            sound,
        };
        for customer in [damaged, sound] {
            stage.at_hub(customer, create("Ada"));
        }
        stage
    }

    fn at_hub(&mut self, customer: CustomerId, edit: Edit) {
        let entropy = &mut self.entropy;
        let recorded = self.hub.record(&HUB, customer, vec![edit], entropy);
        recorded.expect("a disk in memory holds");
    }

    fn meet(&mut self) -> Vec<Event> {
        let link = fleet::meet(&mut self.ana, &mut self.hub).expect("damage ends no session");
        assert!(!link.is_broken && link.is_settled(), "{:?}", link.events);
        link.events
    }

    fn assert_healed(&mut self) {
        for customer in [self.damaged, self.sound] {
            let of = |store: &dyn Store| fleet::accepted_json(store, customer, &[Facet::Card]);
            let (here, there) = (of(&self.ana.store), of(&self.hub.store));
            assert_eq!(
                here.expect("a disk in memory holds"),
                there.expect("a disk in memory holds")
            );
            self.ana
                .open_card(customer)
                .expect("a disk in memory holds");
        }
        let again = fleet::meet(&mut self.ana, &mut self.hub).expect("a disk in memory holds");
        assert!(again.frames.0 <= 2, "a look is sent, and they agree");
        assert_eq!(again.comparisons, 0);
    }
}

/// Flips a bit near the end of a customer's card in `table`, where its content is.
fn flip(store: &dyn Store, table: Table, customer: CustomerId) {
    let card = Facet::Card.document(customer);
    let mut tx = store.write().expect("a disk in memory holds");
    let mut bytes = tx
        .get(table, card.as_bytes())
        .expect("a disk in memory holds")
        .expect("it is held");
    let at = bytes.len() - bytes.len() / 4;
    *bytes.get_mut(at).expect("a card is not empty") ^= 1;
    tx.put(table, card.as_bytes(), &bytes)
        .expect("a disk in memory holds");
    tx.commit().expect("a disk in memory holds");
}

#[test]
fn a_damaged_base_is_fetched_anew_when_a_change_arrives_for_it() {
    let mut stage = Stage::new();
    stage.meet();
    flip(&stage.ana.store, Table::Base, stage.damaged);
    stage.ana.reopen();
    for customer in [stage.damaged, stage.sound] {
        stage.at_hub(customer, note(Place::Card, "likes wool"));
    }
    let events = stage.meet();
    assert!(events.contains(&Event::CaughtUp(BOOK)), "{events:?}");
    let notes = stage
        .ana
        .open_card(stage.damaged)
        .expect("a disk in memory holds")
        .notes;
    assert_eq!(notes.len(), 1);
    stage.assert_healed();
}

#[test]
fn a_damaged_cache_is_replayed_and_with_its_base_fetched_anew() {
    for with_base in [false, true] {
        let mut stage = Stage::new();
        stage.meet();
        stage.at_hub(stage.damaged, note(Place::Card, "likes wool"));
        stage.meet();
        flip(&stage.ana.store, Table::Cache, stage.damaged);
        if with_base {
            flip(&stage.ana.store, Table::Base, stage.damaged);
        }
        stage.ana.reopen();
        let opened = stage.ana.open_card(stage.damaged);
        assert_eq!(opened.is_err(), with_base);
        stage.at_hub(stage.damaged, note(Place::Card, "likes silk"));
        stage.meet();
        let notes = stage
            .ana
            .open_card(stage.damaged)
            .expect("a disk in memory holds")
            .notes;
        assert_eq!(notes.len(), 2);
        stage.assert_healed();
    }
}

#[test]
fn damage_that_was_found_by_opening_a_card_is_mended_though_both_agree() {
    let mut stage = Stage::new();
    stage.meet();
    flip(&stage.ana.store, Table::Base, stage.damaged);
    stage.ana.reopen();
    let opened = stage.ana.open_card(stage.damaged);
    assert!(matches!(opened, Err(StoreError::Corrupt { .. })));
    stage
        .ana
        .open_card(stage.sound)
        .expect("a disk in memory holds");
    stage.meet();
    stage.assert_healed();
}

#[test]
fn an_edit_that_waits_on_a_damaged_card_is_kept_and_arrives() {
    let mut stage = Stage::new();
    stage.meet();
    stage
        .ana
        .record(stage.damaged, &note(Place::Card, "mine"))
        .expect("a disk in memory holds");
    flip(&stage.ana.store, Table::Base, stage.damaged);
    stage.ana.reopen();
    stage.at_hub(stage.damaged, note(Place::Card, "theirs"));
    stage.meet();
    assert_eq!(
        stage.ana.pending().expect("a disk in memory holds").count,
        0
    );
    let notes = stage
        .ana
        .open_card(stage.damaged)
        .expect("a disk in memory holds")
        .notes;
    assert_eq!(notes.len(), 2);
    stage.assert_healed();
}

#[test]
fn a_damaged_copy_of_the_hubs_is_replaced_by_one_that_it_checks() {
    let mut stage = Stage::new();
    flip(&stage.hub.store, Table::Cache, stage.damaged);
    stage.meet();
    let opened = stage.ana.open_card(stage.damaged);
    assert!(matches!(opened, Err(StoreError::Corrupt { .. })));
    stage.meet();
    stage.assert_healed();
}

#[test]
fn damage_on_both_sides_is_a_divergence_and_not_a_loop() {
    let mut stage = Stage::new();
    stage.meet();
    flip(&stage.ana.store, Table::Base, stage.damaged);
    flip(&stage.hub.store, Table::Cache, stage.damaged);
    let key = Facet::Card.document(stage.damaged);
    let mut tx = stage.hub.store.write().expect("a disk in memory holds");
    let mut changes = Vec::new();
    sync_core::store::scan_prefix(
        tx.as_read(),
        Table::Change,
        key.as_bytes(),
        &mut |key, _| {
            changes.push(key.to_vec());
            Ok(std::ops::ControlFlow::Continue(()))
        },
    )
    .expect("a disk in memory holds");
    for change in changes {
        tx.delete(Table::Change, &change)
            .expect("a disk in memory holds");
    }
    tx.commit().expect("a disk in memory holds");
    stage.ana.reopen();
    assert!(stage.ana.open_card(stage.damaged).is_err());
    let link = fleet::meet(&mut stage.ana, &mut stage.hub).expect("a disk in memory holds");
    assert!(!link.is_broken && link.is_settled());
    let diverged = Event::Diverged(BOOK);
    assert!(link.events.contains(&diverged), "{:?}", link.events);
    stage
        .ana
        .open_card(stage.sound)
        .expect("a disk in memory holds");
}
