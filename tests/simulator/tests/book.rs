//! How a book says that it stands with the hub: what is stored, what is backed up, and whether both hold the same.

use std::collections::BTreeMap;

use simulator::cast::{ANA, NOON, SHOP};
use simulator::fleet::{Enrolled, Hub, SignIn as KnownSignIn};
use sync_core::card::terms::NamePart;
use sync_core::card::{Edit, Source};
use sync_core::crypto::{DeviceSigner as _, SoftwareDeviceKey};
use sync_core::entropy::{Entropy, SeededEntropy};
use sync_core::ids::{CustomerId, DeviceId, SessionId};
use sync_core::protocol::frame::{Frame, Verdicts};
use sync_core::protocol::handheld::Event;
use sync_core::protocol::hub::HubSession;
use sync_core::replica::account::{Agreement, Contact, Enrolment, SignIn};
use sync_core::replica::book::{Book, Carrier};
use sync_core::scope::Scope;
use sync_core::store::memory::MemoryStore;
use sync_core::store::{Store as _, Table, put_row};

const DEVICE: DeviceId = DeviceId([1; 8]);
const SESSION: SessionId = SessionId([5; 8]);

struct Stage {
    hub: Hub,
    store: MemoryStore,
    book: Book,
    key: SoftwareDeviceKey,
    entropy: SeededEntropy,
}

impl Stage {
    fn new() -> Self {
        let mut entropy = SeededEntropy::new(4);
        let mut hub = Hub::new(SHOP, NOON, &mut entropy);
        let key = SoftwareDeviceKey::generate(&mut entropy);
        let enrolled = Enrolled {
            key: key.public_key(),
            shop: SHOP,
        };
        hub.devices.insert(DEVICE, enrolled);
        let known = KnownSignIn {
            associate: ANA,
            device: DEVICE,
        };
        hub.people.sign_ins.insert(SESSION, known);
        let store = MemoryStore::default();
        let mut book = Book::open(
            &*store.read().expect("a disk in memory holds"),
            &mut entropy,
        )
        .expect("a disk in memory holds");
        let mut tx = store.write().expect("a disk in memory holds");
        let enrolment = Enrolment {
            device: DEVICE,
            shop: SHOP,
            hub_key: hub.public_key().to_bytes().into(),
            hub_url: "https://hub.test".to_owned(),
            label: "Till 1".to_owned(),
            attested: false,
            lease_hours: 72,
        };
        book.enrol(&mut *tx, enrolment, &mut entropy)
            .expect("a disk in memory holds");
        let sign_in = SignIn {
            associate: ANA,
            name: "Ana".to_owned(),
            is_manager: false,
            session: SESSION,
            refresh_token: Some(String::new()),
            confirmed_at: NOON,
            expires_at: NOON.plus_ms(3_600_000),
            has_lapsed: false,
        };
        book.sign_in(&mut *tx, sign_in)
            .expect("a disk in memory holds");
        tx.commit().expect("a disk in memory holds");
        Self {
            hub,
            store,
            book,
            key,
            entropy,
        }
    }

    fn create(&mut self, given: &str) -> CustomerId {
        let edit = Edit::CreateCustomer {
            name: BTreeMap::from([(NamePart::Given, given.to_owned())]),
            language: None,
            endpoints: Vec::new(),
            since: None,
        };
        let customer = CustomerId::random(&mut self.entropy);
        self.record(customer, &edit);
        customer
    }

    fn record(&mut self, customer: CustomerId, edit: &Edit) {
        let mut tx = self.store.write().expect("a disk in memory holds");
        let ground = (NOON, &mut self.entropy as &mut dyn Entropy);
        let recorded = self
            .book
            .record(&mut *tx, (customer, edit), Source::Stated, ground);
        recorded.expect("a disk in memory holds");
        tx.commit().expect("a disk in memory holds");
    }

    /// Takes a frame, and returns what the book has to send then.
    fn receive(&mut self, frame: &Frame) -> (Vec<Frame>, Vec<Event>) {
        let mut tx = self.store.write().expect("a disk in memory holds");
        let turn = self
            .book
            .receive(&mut *tx, frame, (NOON, &mut self.entropy))
            .expect("a disk in memory holds");
        tx.commit().expect("a disk in memory holds");
        let mut frames = turn.replies;
        let tx = self.store.read().expect("a disk in memory holds");
        frames.extend(
            self.book
                .offer(&*tx, &self.key)
                .expect("a disk in memory holds"),
        );
        (frames, turn.events)
    }

    /// A whole meeting; the session stays open.
    fn meet(&mut self) -> Vec<Event> {
        self.book.end_session();
        let tx = self.store.read().expect("a disk in memory holds");
        let hello = self
            .book
            .open_session(&*tx, Carrier::Connection)
            .expect("a disk in memory holds");
        drop(tx);
        let mut session = HubSession::new(DEVICE, vec![Scope::Book(SHOP), Scope::Associate(ANA)]);
        let mut up = std::collections::VecDeque::from([hello]);
        let mut events = Vec::new();
        while let Some(frame) = up.pop_front() {
            let answers = self.hub.receive(&mut session, DEVICE, &[ANA], &frame);
            for answer in answers.expect("a disk in memory holds") {
                let (frames, told) = self.receive(&answer);
                up.extend(frames);
                events.extend(told);
            }
        }
        events
    }

    fn contact(&self) -> Contact {
        let tx = self.store.read().expect("a disk in memory holds");
        self.book
            .standing(&*tx, NOON)
            .expect("a disk in memory holds")
            .contact
    }

    /// The hub verifies a backup of everything that it has accepted up to `number`.
    fn back_up(&mut self, number: u64) {
        let mut tx = self.hub.store.write().expect("a disk in memory holds");
        put_row(&mut *tx, Table::Meta, b"backup", &number).expect("a disk in memory holds");
        tx.commit().expect("a disk in memory holds");
    }
}

#[test]
fn an_edit_is_stored_first_and_backed_up_when_the_backup_has_reached_it() {
    let mut stage = Stage::new();
    stage.create("Ada");
    stage.create("Bea");
    stage.meet();
    let contact = stage.contact();
    assert_eq!((contact.stored, contact.backed_up), (2, 0));
    stage.back_up(1);
    stage.meet();
    let contact = stage.contact();
    assert!(contact.backed_up < contact.stored, "{contact:?}");
    stage.back_up(2);
    stage.meet();
    let contact = stage.contact();
    assert!(contact.backed_up >= contact.stored, "{contact:?}");
}

#[test]
fn what_is_backed_up_stays_so_when_a_hub_answers_that_it_can_not_look() {
    let mut stage = Stage::new();
    stage.create("Ada");
    stage.meet();
    stage.back_up(1);
    let tx = stage.hub.store.read().expect("a disk in memory holds");
    let mut handheld = sync_core::protocol::handheld::HandheldSession::default();
    let Frame::Hello(hello) = handheld
        .hello(&*stage.store.read().expect("a disk in memory holds"))
        .expect("a disk in memory holds")
    else {
        panic!("a session begins with a hello");
    };
    let mut session = HubSession::new(DEVICE, vec![Scope::Book(SHOP)]);
    let context = stage.hub.context();
    let welcome = session
        .hello(&*tx, &hello, &context)
        .expect("a disk in memory holds");
    let not_now = Frame::Verdicts(Verdicts {
        verdicts: Vec::new(),
        backup_seq: 0,
    });
    let key = stage.hub.public_key();
    let identity = sync_core::protocol::handheld::Identity {
        hub: &key,
        shop: SHOP,
    };
    let mut replica = sync_core::replica::Replica::open(DEVICE, &mut stage.entropy);
    for frame in [welcome, not_now] {
        let mut tx = stage.store.write().expect("a disk in memory holds");
        let step = handheld.receive(
            &mut *tx,
            &mut replica,
            &frame,
            &identity,
            &mut stage.entropy,
        );
        step.expect("a disk in memory holds");
        tx.commit().expect("a disk in memory holds");
        assert_eq!(handheld.backup_seq(), 1);
    }
}

#[test]
fn a_hub_that_lost_what_the_handheld_holds_is_reported_as_diverged_at_every_meeting() {
    let mut stage = Stage::new();
    let ada = stage.create("Ada");
    stage.meet();
    stage.meet();
    assert_eq!(stage.contact().agreement, Agreement::Agreed);
    let older = stage.hub.store.duplicate();
    let size = Edit::SetSize {
        category: "shoe".to_owned(),
        system: "EU".to_owned(),
        brand: None,
        size: Some("38".to_owned()),
    };
    stage.record(ada, &size);
    stage.meet();
    assert_eq!(stage.contact().agreement, Agreement::Agreed);

    // The disk of the hub is as it was before, and it does not know: its feeds go on under the same life.
    stage.hub.store = older;
    stage.hub.restart(&mut stage.entropy);
    stage.create("Cleo");
    for _ in 0..2 {
        let events = stage.meet();
        assert!(
            events.contains(&Event::Diverged(Scope::Book(SHOP))),
            "{events:?}"
        );
        assert!(!events.contains(&Event::InSync), "{events:?}");
        assert_eq!(stage.contact().agreement, Agreement::Diverged);
    }
    let tx = stage.store.read().expect("a disk in memory holds");
    let card = stage
        .book
        .read_card(&*tx, ada, NOON)
        .expect("a disk in memory holds");
    assert_eq!(card.sizes.len(), 1, "what only the handheld holds stays");
}
