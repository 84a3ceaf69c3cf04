//! A person who is two cards: linked offline, written to as one, and two people again.

use std::collections::BTreeMap;

use simulator::cast::{ANA, BEN, HUB, NOON, SHOP};
use simulator::fleet::{self, Handheld, Hub};
use sync_core::card::edit::{LinkInput, NeedInput};
use sync_core::card::links::{self, Standing};
use sync_core::card::terms::{LinkEvidence, NamePart, Sameness};
use sync_core::card::{Edit, Facet, Reading, Source};
use sync_core::documents;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{CustomerId, EditId, Timestamp};
use sync_core::replica::EditRequest;
use sync_core::store::Store as _;

fn tag() -> Edit {
    Edit::Tag {
        tag: "opera".to_owned(),
    }
}

struct Stage {
    hub: Hub,
    ana: Handheld,
    ben: Handheld,
    /// The card the hub made first, and the other.
    cards: [CustomerId; 2],
}

impl Stage {
    fn new() -> Self {
        let mut entropy = SeededEntropy::new(7);
        let mut hub = Hub::new(SHOP, NOON, &mut entropy);
        let ana = Handheld::enrol(&mut hub, 1, ANA, 1);
        let ben = Handheld::enrol(&mut hub, 2, BEN, 2);
        let cards = [CustomerId([9; 16]), CustomerId([3; 16])];
        for (card, since) in cards.iter().zip([1_500_000_000_000, 1_600_000_000_000_i64]) {
            let known = Edit::CreateCustomer {
                name: BTreeMap::from([(NamePart::Given, "Léa".to_owned())]),
                language: None,
                endpoints: Vec::new(),
                since: Some(Timestamp(since)),
            };
            hub.record(&HUB, *card, vec![known], &mut entropy)
                .expect("a name is enough for a card");
        }
        let mut stage = Self {
            hub,
            ana,
            ben,
            cards,
        };
        stage.meet_all();
        stage
    }

    fn meet_all(&mut self) {
        for _ in 0..2 {
            fleet::meet(&mut self.ana, &mut self.hub).expect("the disk holds");
            fleet::meet(&mut self.ben, &mut self.hub).expect("the disk holds");
        }
    }
}

fn link_both(handheld: &mut Handheld, cards: [CustomerId; 2], sameness: Sameness) {
    for (card, other) in [(cards[0], cards[1]), (cards[1], cards[0])] {
        let link = Edit::LinkCustomers(LinkInput {
            other,
            sameness,
            evidence: vec![LinkEvidence::Said],
        });
        handheld.record(card, &link).expect("a sound edit");
    }
}

fn of_person(handheld: &mut Handheld, customer: CustomerId, edit: &Edit) -> EditId {
    let mut tx = handheld.store.write().expect("the disk holds");
    let request = EditRequest {
        customer,
        edit,
        source: Source::Stated,
        now: handheld.now,
    };
    let recorded = handheld
        .replica
        .record_of_person(&mut *tx, &handheld.author, &request, &mut handheld.entropy)
        .expect("a sound edit");
    tx.commit().expect("the disk holds");
    recorded.edit
}

#[test]
fn what_is_written_of_a_person_goes_to_the_oldest_card_and_is_listed_when_they_are_two() {
    let mut stage = Stage::new();
    let [oldest, other] = stage.cards;
    link_both(&mut stage.ana, stage.cards, Sameness::Same);
    stage.meet_all();
    let tag = tag();
    let edit = of_person(&mut stage.ben, other, &tag);
    stage.meet_all();
    let view = |handheld: &mut Handheld, card| handheld.open_card(card).expect("the disk holds");
    assert_eq!(view(&mut stage.ana, oldest).tags.len(), 1);
    assert!(view(&mut stage.ana, other).tags.is_empty());
    let person = |handheld: &mut Handheld, card| {
        let tx = handheld.store.read().expect("the disk holds");
        let found = handheld.replica.person(&*tx, &handheld.author, card);
        found.expect("the disk holds")
    };
    let found = person(&mut stage.ana, other);
    assert!(found.is_one());
    let component = &found.component;
    let reading = Reading {
        now: NOON,
        corrections: &BTreeMap::new(),
    };
    let merged = links::merge(&found.cards, &reading, Some(ANA));
    assert_eq!(merged.members, [oldest, other]);
    assert_eq!(merged.member_of(edit), Some(oldest));
    let on_oldest = view(&mut stage.ana, oldest);
    assert_eq!(links::to_allot(oldest, &on_oldest, component), []);

    link_both(&mut stage.ben, stage.cards, Sameness::Different);
    stage.meet_all();
    let component = person(&mut stage.ana, oldest).component;
    assert_eq!(component.standing(), Standing::Alone);
    let on_oldest = view(&mut stage.ana, oldest);
    let listed = links::to_allot(oldest, &on_oldest, &component);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].via.edit, edit);
    let alone = of_person(&mut stage.ben, other, &tag);
    stage.meet_all();
    let on_other = view(&mut stage.ana, other);
    assert_eq!(on_other.tags[0].sources, [alone]);
    assert!(
        on_other.via.is_empty(),
        "an edit of a card that stands alone"
    );
}

#[test]
fn an_edit_that_the_first_schema_knows_is_still_said_in_it() {
    let mut stage = Stage::new();
    let [one, other] = stage.cards;
    let tag = tag();
    stage.ana.record(one, &tag).expect("a sound edit");
    let need = Edit::AddNeed(NeedInput {
        what: "a coat for rain".to_owned(),
        tags: Vec::new(),
    });
    stage.ana.record(other, &need).expect("a sound edit");
    stage.meet_all();
    let tx = stage.hub.store.read().expect("the disk holds");
    for (card, schema) in [(one, 1), (other, 2)] {
        let document = Facet::Card.document(card);
        let row = documents::row(&*tx, document).expect("the disk holds");
        assert_eq!(row.map(|row| row.schema), Some(schema));
    }
}
