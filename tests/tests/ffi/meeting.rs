//! Handhelds and a hub: what is written here is there, whatever happens between.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use carnet_ffi::{
    Book, BookError, BookListener, Change, ChangeSummary, ListenerError, NamePartText,
    SyncAgreement, SyncEnd,
};
use sync_core::card::terms::{NamePart, Place};
use sync_core::card::{Edit, Source};
use sync_core::ids::CustomerId;

use crate::hub::{Hub, password};

const LONG: Duration = Duration::from_secs(20);
const LONG_MS: u64 = 20_000;

pub(crate) fn create(book: &Book, given: &str) -> CustomerId {
    let part = NamePart::Given;
    let text = given.to_owned();
    book.create_customer(vec![NamePartText { part, text }], Vec::new(), None)
        .unwrap()
}

pub(crate) fn settle(book: &Book) {
    let report = book.sync_once(LONG_MS).unwrap();
    assert_eq!(
        (report.end, report.pending, report.refused),
        (SyncEnd::Settled, 0, 0)
    );
}

/// Tells each wake.
#[derive(Debug)]
struct Waking(Mutex<mpsc::Sender<()>>);

impl BookListener for Waking {
    fn on_change(&self, _: ChangeSummary) -> Result<(), ListenerError> {
        let told = self.0.lock().unwrap().send(());
        told.map_err(|_gone| ListenerError::Failed)
    }
}

/// Waits until `is_there` holds, looking whenever the book says that something changed.
pub(crate) fn until(book: &Book, woken: &mpsc::Receiver<()>, is_there: impl Fn(&[Change]) -> bool) {
    loop {
        let changes = book.drain(u32::MAX);
        if is_there(&changes) {
            return;
        }
        woken.recv_timeout(LONG).expect("it comes in time");
    }
}

pub(crate) fn waking(book: &Book) -> mpsc::Receiver<()> {
    let (sender, woken) = mpsc::channel();
    book.listen(Some(Arc::new(Waking(Mutex::new(sender)))))
        .unwrap();
    woken
}

#[test]
fn whoever_ends_the_live_connection_may_sync_at_once() {
    let hub = Hub::start();
    hub.associate("ana");
    let ana = hub.handheld("ana");
    let woken = waking(&ana);
    for number in 0..20 {
        ana.start_sync().unwrap();
        create(&ana, &format!("Customer {number}"));
        until(&ana, &woken, |_| ana.status().unwrap().pending == 0);
        ana.stop_sync();
        settle(&ana);
    }
}

#[test]
fn two_handhelds_agree_through_a_hub() {
    let hub = Hub::start();
    hub.associate("ana");
    hub.associate("ben");
    let (ana, ben) = (hub.handheld("ana"), hub.handheld("ben"));
    let lea = create(&ana, "Léa");
    let note = ana
        .add_note(lea, Place::Private, "mine alone".to_owned())
        .unwrap();
    settle(&ana);
    settle(&ben);
    assert_eq!(ben.customer(lea).unwrap().name, "Léa");
    assert_eq!(ben.customer(lea).unwrap().notes, []);
    assert_eq!(ana.customer(lea).unwrap().notes[0].note, note.edit);
    settle(&ana);
    let (ours, theirs) = (ana.status().unwrap(), ben.status().unwrap());
    assert_eq!(ours.agreement, SyncAgreement::Agreed);
    assert_eq!(theirs.agreement, SyncAgreement::Agreed);
    assert!(ours.stored_number > 0 && ana.outbox().unwrap().is_empty());
}

#[test]
fn an_edit_arrives_while_both_are_connected() {
    let hub = Hub::start();
    hub.associate("ana");
    hub.associate("ben");
    let (ana, ben) = (hub.handheld("ana"), hub.handheld("ben"));
    let lea = create(&ana, "Léa");
    settle(&ana);
    settle(&ben);
    let woken = waking(&ben);
    ben.start_sync().unwrap();
    ana.start_sync().unwrap();
    let tag = "opera".to_owned();
    ana.record_from(lea, Edit::Tag { tag }, Source::Stated)
        .unwrap();
    until(&ben, &woken, |changes| {
        changes.contains(&Change::Customer { customer: lea })
    });
    assert_eq!(ben.customer(lea).unwrap().tags, ["opera"]);
}

#[test]
fn a_live_handheld_comes_back_when_the_hub_does() {
    let hub = Hub::start();
    hub.associate("ana");
    let ana = hub.handheld("ana");
    let woken = waking(&ana);
    ana.start_sync().unwrap();
    until(&ana, &woken, |_| ana.status().unwrap().is_connected);
    let lea = create(&ana, "Léa");
    until(&ana, &woken, |_| ana.status().unwrap().pending == 0);
    let hub = hub.start_again();
    let tag = "opera".to_owned();
    ana.record_from(lea, Edit::Tag { tag }, Source::Stated)
        .unwrap();
    until(&ana, &woken, |_| {
        let status = ana.status().unwrap();
        status.pending == 0 && status.refused == 0
    });
    drop(hub);
}

/// A hub behind something that lets no WebSocket through: every upgrade is refused.
fn hub_without_websockets() -> Hub {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let way = format!("http://{}", listener.local_addr().unwrap());
    let hub = Hub::start_behind(way);
    let to = hub.address;
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let connection = connection.unwrap();
            std::thread::spawn(move || pass(connection, to));
        }
    });
    hub
}

fn pass(mut near: TcpStream, to: SocketAddr) {
    let mut head = vec![0; 16_384];
    let Ok(read) = near.read(&mut head) else {
        return;
    };
    head.truncate(read);
    if head.starts_with(b"GET /v1/sync ") {
        // A peer that is gone needs no answer.
        let _gone = near.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    let mut far = TcpStream::connect(to).unwrap();
    far.write_all(&head).unwrap();
    let (mut back_from, mut back_to) = (far.try_clone().unwrap(), near.try_clone().unwrap());
    let back = std::thread::spawn(move || std::io::copy(&mut back_from, &mut back_to));
    let _closed = std::io::copy(&mut near, &mut far);
    let _closed = far.shutdown(std::net::Shutdown::Write);
    let _closed = back.join();
}

#[test]
fn where_websockets_do_not_pass_batches_do() {
    let hub = hub_without_websockets();
    hub.associate("ana");
    hub.associate("ben");
    let ben = hub.handheld("ben");
    let lea = create(&ben, "Léa");
    for number in 0..40 {
        create(&ben, &format!("Customer {number}"));
    }
    settle(&ben);
    let ana = hub.handheld("ana");
    create(&ana, "Zoë");
    settle(&ana);
    assert_eq!(ana.customer(lea).unwrap().name, "Léa");
    assert_eq!(
        ana.search("customer".to_owned(), 50).unwrap().hits.len(),
        40
    );
    settle(&ben);
    assert_eq!(ben.search("zoe".to_owned(), 5).unwrap().hits.len(), 1);
}

#[test]
fn who_leaves_is_locked_out_at_the_next_contact_and_a_manager_takes_their_work_over() {
    let hub = Hub::start();
    let id = hub.associate("ana");
    hub.associate("ben");
    let ana = hub.handheld("ana");
    let lea = create(&ana, "Léa");
    settle(&ana);
    hub.deactivate(id);
    ana.add_note(lea, Place::Card, "late".to_owned()).unwrap();
    assert_eq!(ana.customer(lea).unwrap().notes.len(), 1);
    let first = ana.sync_once(LONG_MS);
    assert!(matches!(first, Err(BookError::SignInAgain)), "{first:?}");
    assert_eq!(ana.customer(lea), Err(BookError::SignInAgain));
    let second = ana.sync_once(LONG_MS).unwrap();
    assert_eq!(
        second.pending, 0,
        "the outbox goes out by the handheld's own token"
    );
    ana.sign_in("ben".to_owned(), password("ben")).unwrap();
    assert_eq!(ana.customer(lea).unwrap().name, "Léa", "the book was kept");
    let managers_only = BookError::Rejected {
        code: "managers_only".to_owned(),
    };
    assert_eq!(ana.left_behind(), Err(managers_only));

    // The hub did not take it from somebody who had left. A manager decides.
    hub.manager("mia");
    ana.sign_in("mia".to_owned(), password("mia")).unwrap();
    let left = ana.left_behind().unwrap();
    let [note] = left.as_slice() else {
        panic!("one note was left behind: {left:?}");
    };
    assert!(note.intent_json.contains("late"), "{note:?}");
    ana.take_over(note.number).unwrap();
    settle(&ana);
    assert_eq!(ana.left_behind(), Ok(Vec::new()));
    let other = hub.handheld("ben");
    settle(&other);
    let notes = other.customer(lea).unwrap().notes;
    assert_eq!(notes.len(), 1, "it arrived, as the manager's word");
}

#[test]
fn who_was_away_for_long_goes_on_reading_and_writing_and_signs_in_to_see_what_colleagues_wrote() {
    let hub = Hub::start_hasty();
    hub.associate("ana");
    let ana = hub.handheld("ana");
    let lea = create(&ana, "Léa");
    settle(&ana);
    drop(ana);
    let ana = hub.open("ana");
    ana.add_note(lea, Place::Card, "late".to_owned()).unwrap();
    let lapsed = ana.sync_once(LONG_MS);
    assert!(matches!(lapsed, Err(BookError::SignInAgain)), "{lapsed:?}");
    let status = ana.status().unwrap();
    assert_eq!(status.stored_number, 2, "their work went out");
    assert!(status.is_sign_in_needed);
    assert_eq!(ana.customer(lea).unwrap().notes.len(), 1);
    ana.add_note(lea, Place::Card, "later".to_owned()).unwrap();
    ana.sign_in("ana".to_owned(), password("ana")).unwrap();
    settle(&ana);
    assert!(!ana.status().unwrap().is_sign_in_needed);
    assert_eq!(ana.customer(lea).unwrap().notes.len(), 2);
}

#[test]
fn a_revoked_handheld_is_told_to_enrol() {
    let hub = Hub::start();
    hub.associate("ana");
    let ana = hub.handheld("ana");
    settle(&ana);
    hub.revoke(ana.status().unwrap().device.unwrap());
    assert_eq!(ana.sync_once(LONG_MS).err(), Some(BookError::EnrolAgain));
    ana.enrol(hub.url.clone(), hub.code(), "again".to_owned())
        .unwrap();
    ana.sign_in("ana".to_owned(), password("ana")).unwrap();
    settle(&ana);
}

#[test]
fn wrong_codes_and_passwords_are_told_from_a_hub_that_is_away() {
    let mut hub = Hub::start();
    hub.associate("ana");
    let ana = hub.handheld("ana");
    let rejected = |code: &str| {
        Some(BookError::Rejected {
            code: code.to_owned(),
        })
    };
    let wrong = ana.sign_in("ana".to_owned(), "not it".to_owned());
    assert_eq!(wrong.err(), rejected("sign_in_failed"));
    let wrong = ana.enrol(hub.url.clone(), "0000000000".to_owned(), "x".to_owned());
    assert_eq!(wrong.err(), rejected("enrolment_refused"));
    hub.end();
    assert_eq!(ana.sync_once(LONG_MS).err(), Some(BookError::Offline));
    create(&ana, "Léa");
    assert_eq!(ana.status().unwrap().pending, 1);
}
