//! How a book says that it stands with the hub: what is stored, what is backed up, and whether both hold the same.

use std::collections::{BTreeMap, BTreeSet};

use simulator::cast::{ANA, NOON, SHOP};
use simulator::fleet::{Enrolled, Hub, SignIn as KnownSignIn};
use sync_core::card::edit::NeedInput;
use sync_core::card::terms::{Channel, InteractionKind, NamePart};
use sync_core::card::{CardView, Edit, Source};
use sync_core::concierge::playbook::Playbook;
use sync_core::concierge::rights::{Holder, Marks, RightBody, contact_right_key, local_day};
use sync_core::concierge::today::{Shift, due};
use sync_core::crypto::{DeviceSigner as _, SoftwareDeviceKey};
use sync_core::entropy::{Entropy, SeededEntropy};
use sync_core::ids::{CustomerId, DeviceId, SessionId, Timestamp};
use sync_core::notices::{self, Notice, NoticeDraft, Subject};
use sync_core::protocol::frame::{Frame, Verdicts};
use sync_core::protocol::handheld::Event;
use sync_core::protocol::hub::HubSession;
use sync_core::replica::account::{Agreement, Contact, Enrolment, SignIn};
use sync_core::replica::book::{Book, Carrier};
use sync_core::scope::Scope;
use sync_core::store::memory::MemoryStore;
use sync_core::store::{Store as _, Table, get_row, put_row};

const DEVICE: DeviceId = DeviceId([1; 8]);
const SESSION: SessionId = SessionId([5; 8]);

/// Ana's sign-in.
fn ana() -> SignIn {
    SignIn {
        associate: ANA,
        name: "Ana".to_owned(),
        is_manager: false,
        session: SESSION,
        refresh_token: Some(String::new()),
        confirmed_at: NOON,
        expires_at: NOON.plus_ms(3_600_000),
        has_lapsed: false,
    }
}

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
        book.sign_in(&mut *tx, ana())
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

fn call() -> Edit {
    Edit::RecordInteraction {
        kind: InteractionKind::Call,
        visit: None,
        channel: Some(Channel::Call),
        sku: None,
        by_customer: false,
        summary: None,
        act: None,
        about: None,
        spent: None,
    }
}

/// Gives the handheld a right to contact one customer.
fn give(stage: &mut Stage, customer: CustomerId, from: Timestamp, version: u64) -> String {
    let holder = Holder {
        device: DEVICE,
        session: SESSION,
    };
    let slot = local_day(from, 0);
    let right = RightBody::Contact {
        holder,
        slot,
        customers: vec![customer],
    };
    let key = contact_right_key(DEVICE, slot, 0);
    let given = ("hub", from);
    let draft = NoticeDraft::new(Subject::Associate(ANA), key.clone(), given, &right);
    let mut tx = stage.store.write().expect("a disk in memory holds");
    let notice = Notice {
        subject: draft.subject,
        kind: draft.kind,
        key: draft.key,
        version,
        source: draft.source,
        as_of: draft.as_of,
        body: draft.body.filter(|_| version == 1),
    };
    notices::put(&mut *tx, &notice).expect("a disk in memory holds");
    tx.commit().expect("a disk in memory holds");
    key
}

#[test]
fn a_call_spends_its_right_even_if_the_hub_refuses_what_records_it() {
    let mut stage = Stage::new();
    let ada = stage.create("Ada");
    give(&mut stage, ada, NOON, 1);
    let right = |stage: &Stage| {
        let tx = stage.store.read().expect("a disk in memory holds");
        let held = stage.book.held(&*tx, NOON);
        let held = held.expect("Ana is signed in");
        // A refused edit leaves nothing on the card.
        let card = CardView::default();
        held.contact(&[ada], (ada, ANA, NOON), &card).is_ok()
    };
    assert!(right(&stage));
    let note = Edit::Tag {
        tag: "opera".to_owned(),
    };
    stage.record(ada, &note);
    assert!(right(&stage), "a tag is no contact");
    stage.record(ada, &call());
    assert!(!right(&stage));
}

#[test]
fn marks_of_rights_that_are_gone_do_not_stay() {
    let mut stage = Stage::new();
    let (ada, bea) = (stage.create("Ada"), stage.create("Bea"));
    let gone = give(&mut stage, ada, NOON, 1);
    stage.record(ada, &call());
    give(&mut stage, ada, NOON, 2);
    let kept = |stage: &Stage| -> Marks {
        let tx = stage.store.read().expect("a disk in memory holds");
        let marks = get_row(&*tx, Table::Progress, Marks::KEY);
        let marks = marks.expect("a disk in memory holds");
        marks.expect("something was spent")
    };
    assert_eq!(kept(&stage).contacts, [(gone, ada)].into());
    let tomorrow = NOON.plus_ms(Timestamp::DAY_MS);
    let of_tomorrow = give(&mut stage, bea, tomorrow, 1);
    let mut tx = stage.store.write().expect("a disk in memory holds");
    let ground = (tomorrow, &mut stage.entropy as &mut dyn Entropy);
    let about = (bea, &call());
    let recorded = stage.book.record(&mut *tx, about, Source::Observed, ground);
    recorded.expect("the lease holds for three days");
    tx.commit().expect("a disk in memory holds");
    assert_eq!(kept(&stage).contacts, [(of_tomorrow, bea)].into());
}

/// The playbook's items on the today list of the whole shop, at a moment.
fn owed(stage: &mut Stage, now: Timestamp) -> BTreeSet<String> {
    let mut tx = stage.store.write().expect("a disk in memory holds");
    let made = stage.book.make_due(&mut *tx, 10, now);
    made.expect("the lease holds for three days");
    let shift = Shift {
        of: None,
        now,
        ends: now.plus_ms(Timestamp::DAY_MS),
        minutes: 600,
    };
    let list = stage
        .book
        .today(tx.as_read(), &shift, now)
        .expect("the lease holds for three days");
    let lines = list.today.into_iter().chain(list.not_today);
    lines.map(|line| line.item).collect()
}

#[test]
fn what_is_owed_at_a_visit_is_on_the_list_while_the_customer_is_here() {
    let mut stage = Stage::new();
    let ada = stage.create("Ada");
    stage.record(ada, &Edit::Arrive { with: None });
    let listed = owed(&mut stage, NOON.plus_ms(60_000));
    assert!(listed.contains("recognized"), "{listed:?}");
    assert!(listed.contains("heard"), "{listed:?}");
    assert!(listed.contains(""), "the arrival itself: {listed:?}");
}

#[test]
fn what_can_still_be_done_late_stays_on_the_list() {
    let mut stage = Stage::new();
    let ada = stage.create("Ada");
    let told = Edit::AddNeed(NeedInput {
        what: "a coat for rain".to_owned(),
        tags: Vec::new(),
    });
    stage.record(ada, &told);
    let playbook = Playbook::standard();
    let item = playbook.item("honest_advice").expect("it is standard");
    let closes = item.closes.after(NOON);
    let rows = |stage: &mut Stage, now: Timestamp| {
        let mut tx = stage.store.write().expect("a disk in memory holds");
        due::forget(&mut *tx, [&ada]).expect("a disk in memory holds");
        tx.commit().expect("a disk in memory holds");
        // Signed in again, as somebody is after two weeks.
        let mut tx = stage.store.write().expect("a disk in memory holds");
        let sign_in = SignIn {
            confirmed_at: now,
            expires_at: now.plus_ms(3_600_000),
            ..ana()
        };
        let signed_in = stage.book.sign_in(&mut *tx, sign_in);
        signed_in.expect("a disk in memory holds");
        tx.commit().expect("a disk in memory holds");
        owed(stage, now)
    };
    assert!(rows(&mut stage, closes.plus_ms(-1)).contains("honest_advice"));
    assert!(rows(&mut stage, closes.plus_ms(1)).contains("honest_advice"));
    let over = item.late.after(closes);
    assert!(!rows(&mut stage, over).contains("honest_advice"));
}
