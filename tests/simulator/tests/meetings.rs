//! What one meeting may cost, may tell and must heal, frame by frame.

use std::collections::BTreeMap;

use simulator::fleet::{self, Handheld, Hub, Link};
use simulator::hostile;
use sync_core::authority::HubAuthor;
use sync_core::card::schema::Role;
use sync_core::card::terms::{NamePart, Place};
use sync_core::card::{Edit, Facet};
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{AssociateId, CustomerId, SessionId, ShopId, Timestamp};
use sync_core::protocol::frame::{Entries, Frame, Item};
use sync_core::protocol::handheld::Event;
use sync_core::records::{Currency, RecordDraft, RecordKind, Sale, SoldAt};
use sync_core::scope::Scope;

const SHOP: ShopId = ShopId([1; 8]);
const ANA: AssociateId = AssociateId([0xa; 8]);
const BOOK: Scope = Scope::Book(SHOP);
const NOON: Timestamp = Timestamp(1_790_000_000_000);

struct Stage {
    hub: Hub,
    ana: Handheld,
    entropy: SeededEntropy,
}

impl Stage {
    fn new() -> Self {
        let mut entropy = SeededEntropy::new(42);
        let mut hub = Hub::new(SHOP, NOON, &mut entropy);
        let ana = Handheld::enrol(&mut hub, 1, ANA, 1);
        Self { hub, ana, entropy }
    }

    /// A customer whom the hub brings into the book, with a note of `bytes`.
    fn customer(&mut self, given: &str, bytes: usize) -> CustomerId {
        let customer = CustomerId::random(&mut self.entropy);
        let author = HubAuthor {
            associate: AssociateId([0; 8]),
            session: SessionId([0; 8]),
            shop: SHOP,
            role: Role::Hub,
        };
        let mut edits = vec![create(given)];
        if bytes > 0 {
            edits.push(note(&noise(&mut self.entropy, bytes)));
        }
        self.hub
            .record(&author, customer, edits, &mut self.entropy)
            .expect("a name is enough for a card");
        customer
    }

    fn meet(&mut self) -> Link {
        fleet::meet(&mut self.ana, &mut self.hub).expect("the disk holds")
    }

    fn assert_agreed(&mut self) {
        assert_eq!(self.meet().frames, (1, 1), "they agree");
    }
}

fn create(given: &str) -> Edit {
    Edit::CreateCustomer {
        name: BTreeMap::from([(NamePart::Given, given.to_owned())]),
        language: None,
        endpoints: Vec::new(),
        since: None,
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

/// Letters that do not compress well.
fn noise(entropy: &mut SeededEntropy, bytes: usize) -> String {
    (0..bytes)
        .filter_map(|_| char::from_u32(0x21 + u32::try_from(entropy.below(90)).ok()?))
        .collect()
}

fn sale() -> RecordDraft {
    RecordDraft {
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
    }
}

#[test]
fn who_left_the_book_is_not_told_to_a_handheld_with_an_old_position() {
    let mut stage = Stage::new();
    stage.customer("Ada", 0);
    stage.meet();
    let gone = stage.customer("Gone", 0);
    let entropy = &mut SeededEntropy::new(7);
    stage.hub.put_records(gone, &[sale()], entropy).unwrap();
    stage
        .hub
        .move_in_book((gone, SHOP), false, entropy)
        .unwrap();

    let mut link = Link::open(&stage.ana, &stage.hub).unwrap();
    let told = link.deliver_up(&stage.ana, &mut stage.hub).unwrap();
    let told = told.expect("a hello is under way").replies;
    hostile::must_not_leak(&stage.hub, &[BOOK, Scope::Associate(ANA)], &told).unwrap();
    let items: Vec<_> = told
        .iter()
        .filter_map(|frame| match frame {
            Frame::Entries(Entries { items, .. }) => Some(items),
            _ => None,
        })
        .flatten()
        .collect();
    assert!(
        matches!(
            items.as_slice(),
            [Item::Gone { .. }, Item::Gone { .. }, Item::Leave { .. }]
        ),
        "{items:?}"
    );

    link.run_until_quiet(&mut stage.ana, &mut stage.hub)
        .unwrap();
    assert!(link.events.contains(&Event::CaughtUp(BOOK)));
    assert_eq!(link.comparisons, 0, "the replay stayed in step");
    let card = [Facet::Card];
    let held = fleet::accepted_json(&stage.ana.store, gone, &card).unwrap();
    assert!(held.is_empty());
    stage.assert_agreed();
}
