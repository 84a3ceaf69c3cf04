//! Syncing over frames that the app carries, and runs that are cancelled or too slow.

use std::net::TcpListener;
use std::sync::Arc;

use carnet_ffi::{
    BookError, BookOptions, Change, DeviceKeystore, KeystoreError, SyncAgreement, SyncEnd,
    WaitingState, language_of, render_line,
};
use simulator::fleet::Enrolled;
use sync_core::card::Edit;
use sync_core::card::terms::{Place, Severity};
use sync_core::concierge::Language;
use sync_core::crypto::{DeviceSigner as _, SoftwareDeviceKey};
use sync_core::entropy::SeededEntropy;
use sync_core::replica::account::Enrolment;
use sync_core::replica::book::FirstSync;

use crate::stage::{ANA, Actor, BEN, KEY, SHOP, Stage};

fn shoe(size: &str) -> Edit {
    Edit::SetSize {
        category: "shoe".to_owned(),
        system: "EU".to_owned(),
        brand: None,
        size: Some(size.to_owned()),
    }
}

#[test]
fn what_one_writes_offline_is_on_the_brief_of_another() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let ben = stage.enrolled(2, BEN);
    let customer = ana.create("Léa");
    stage.meet(&ana);
    stage.meet(&ben);
    ben.book.drain(100);
    ana.book
        .record_allergy(customer, "nickel".to_owned(), Severity::Serious)
        .unwrap();
    ana.book.record(customer, shoe("38")).unwrap();
    ben.book.record(customer, shoe("39")).unwrap();
    for _ in 0..2 {
        stage.meet(&ana);
        stage.meet(&ben);
    }
    let brief = ben.book.brief(customer).unwrap();
    let first = |language| render_line(&brief.lines[0], language);
    assert_eq!(first(Language::English), "Allergy: nickel (serious)");
    assert_eq!(
        first(language_of("fr-CH")),
        "Allergie\u{a0}: nickel (grave)"
    );
    assert_eq!(language_of("nl"), Language::English);
    let conflicts = ben.book.conflicts(customer).unwrap();
    assert_eq!(conflicts.len(), 1);
    let choose = conflicts[0].choices[0].edit;
    ben.book
        .resolve(customer, conflicts[0].clone(), choose)
        .unwrap();
    stage.meet(&ben);
    stage.meet(&ana);
    assert_eq!(ana.book.conflicts(customer).unwrap(), []);
    assert!(ben.book.drain(100).contains(&Change::Customer { customer }));
    let status = ana.book.status().unwrap();
    assert_eq!(
        (status.pending, status.agreement, status.first_sync),
        (0, SyncAgreement::Agreed, FirstSync::Complete)
    );
    assert!(status.last_contact.is_some() && status.hub_time.is_some());
}

#[test]
fn a_refused_edit_is_readable_by_its_author_and_discarded_by_nobody_else() {
    let mut stage = Stage::new();
    let mut ana = stage.enrolled(1, ANA);
    let customer = ana.create("Léa");
    stage.meet(&ana);
    stage.hub.people.sign_ins.clear();
    ana.book
        .add_note(customer, Place::Card, "kept".to_owned())
        .unwrap();
    stage.meet(&ana);
    let waiting = ana.book.outbox().unwrap();
    assert_eq!(waiting.len(), 1);
    assert!(matches!(waiting[0].state, WaitingState::Refused { .. }));
    assert!(matches!(waiting[0].intent, Some(Edit::AddNote { .. })));
    assert_eq!(ana.book.status().unwrap().refused, 1);
    let number = waiting[0].number;
    stage.sign_in(&mut ana, BEN);
    assert_eq!(ana.book.discard_refused(number), Err(BookError::NotFound));
    ana.book.switch_associate(ANA).unwrap();
    ana.book.discard_refused(number).unwrap();
    assert_eq!(ana.book.outbox().unwrap(), []);
}

#[test]
fn a_frame_that_is_none_ends_nothing_but_itself() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    assert!(matches!(
        ana.book.session_receive(vec![0]),
        Err(BookError::Bug { .. } | BookError::Invalid { .. })
    ));
    ana.book.session_open().unwrap();
    assert_eq!(ana.book.session_open(), Err(BookError::Busy));
    assert!(ana.book.session_receive(vec![1, 2, 3]).is_err());
    ana.book.session_end();
    ana.create("Léa");
    stage.meet(&ana);
}

/// A handheld whose hub takes connections and never says a word.
fn facing_silence(stage: &mut Stage) -> (Actor, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let actor = stage.blank(1);
    actor.book.device_key().unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    actor
        .book
        .take_up(Enrolment {
            device: actor.device,
            shop: SHOP,
            hub_key: stage.hub.public_key().to_bytes().into(),
            hub_url: url,
            label: "handheld".to_owned(),
            attested: false,
            lease_hours: 72,
        })
        .unwrap();
    (actor, listener)
}

#[test]
fn a_cancelled_sync_ends_at_once() {
    let mut stage = Stage::new();
    let (actor, _hub) = facing_silence(&mut stage);
    let run = actor.book.begin_sync(600_000).unwrap();
    run.cancel();
    assert_eq!(run.outcome().unwrap().end, SyncEnd::Cancelled);
    assert_eq!(run.outcome().unwrap().end, SyncEnd::Cancelled);
}

#[test]
fn a_deadline_is_kept() {
    let mut stage = Stage::new();
    let (actor, _hub) = facing_silence(&mut stage);
    let report = actor.book.sync_once(50).unwrap();
    assert_eq!(report.end, SyncEnd::DeadlinePassed);
}

#[test]
fn a_book_that_is_dropped_takes_its_runs_along() {
    let mut stage = Stage::new();
    let (actor, _hub) = facing_silence(&mut stage);
    let run = actor.book.begin_sync(600_000).unwrap();
    drop(actor.book);
    assert_eq!(run.outcome().unwrap().end, SyncEnd::Cancelled);
}

#[test]
fn the_offline_switch_keeps_everything_off_the_network() {
    let mut stage = Stage::new();
    let (actor, hub) = facing_silence(&mut stage);
    hub.set_nonblocking(true).unwrap();
    actor.book.set_offline(true).unwrap();
    assert_eq!(actor.book.sync_once(1_000), Err(BookError::Offline));
    actor.book.start_sync().unwrap();
    assert!(hub.accept().is_err(), "nobody connected");
    assert!(actor.book.status().unwrap().is_offline);
}

/// Stands for a phone's keystore.
#[derive(Debug)]
struct Phone {
    key: SoftwareDeviceKey,
    mood: std::sync::Mutex<Mood>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Open,
    Locked,
    Broken,
}

impl DeviceKeystore for Phone {
    fn public_key(&self) -> Result<Vec<u8>, KeystoreError> {
        Ok(self.key.public_key().to_sec1())
    }

    fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, KeystoreError> {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Open => Ok(self.key.sign(&message).unwrap().0.to_vec()),
            Mood::Locked => Err(KeystoreError::Locked),
            Mood::Broken => panic!("an app's keystore may do anything"),
        }
    }
}

#[test]
fn a_keystore_that_is_locked_or_throws_strands_nothing() {
    let mut stage = Stage::new();
    let phone = Arc::new(Phone {
        key: SoftwareDeviceKey::generate(&mut SeededEntropy::new(3)),
        mood: std::sync::Mutex::new(Mood::Open),
    });
    let mut actor = stage.blank(1);
    let path = stage.folder.path().join("hardware");
    let options = BookOptions {
        keystore: Some(Arc::clone(&phone) as Arc<dyn DeviceKeystore>),
        allow_plain_http: false,
    };
    let path = path.to_str().unwrap().to_owned();
    actor.book = carnet_ffi::Book::open(path, KEY.to_vec(), options).unwrap();
    let key = actor.book.device_key().unwrap();
    assert_eq!(key, phone.key.public_key());
    stage
        .hub
        .devices
        .insert(actor.device, Enrolled { key, shop: SHOP });
    actor
        .book
        .take_up(Enrolment {
            device: actor.device,
            shop: SHOP,
            hub_key: stage.hub.public_key().to_bytes().into(),
            hub_url: "http://localhost:1".to_owned(),
            label: "phone".to_owned(),
            attested: true,
            lease_hours: 24 * 365 * 100,
        })
        .unwrap();
    stage.sign_in(&mut actor, ANA);
    actor.create("Léa");
    *phone.mood.lock().unwrap() = Mood::Locked;
    stage.meet(&actor);
    assert_eq!(actor.book.status().unwrap().pending, 1);
    *phone.mood.lock().unwrap() = Mood::Broken;
    let hello = actor.book.session_open().unwrap();
    assert_eq!(hello.len(), 1);
    let mut session = stage.hub.session(actor.device, &actor.signed_in);
    let frame = sync_core::protocol::frame::Frame::unpack(&hello[0]).unwrap();
    let answers = stage
        .hub
        .receive(&mut session, actor.device, &actor.signed_in, &frame)
        .unwrap();
    let received = actor.book.session_receive(answers[0].pack());
    assert!(matches!(received, Err(BookError::Bug { .. })));
    *phone.mood.lock().unwrap() = Mood::Open;
    actor.book.session_end();
    stage.meet(&actor);
    let status = actor.book.status().unwrap();
    assert_eq!(status.pending, 0);
    assert!(status.attested);
}
