//! Notices between a hub and its handhelds: who reads which, what is loaded and what is not, and what a repair makes good.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use simulator::cast::{ANA, BEN, HUB, NOON, SHOP, create};
use simulator::fleet::{Handheld, Hub, Link};
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{CustomerId, FeedId, ShopId};
use sync_core::notices::{self, Notice, NoticeDraft, NoticeKind, Subject};
use sync_core::protocol::frame::Frame;
use sync_core::store::{Store as _, Table, decode_row, scan_prefix};

const FAR: ShopId = ShopId([9; 8]);

struct Stage {
    hub: Hub,
    ana: Handheld,
    entropy: SeededEntropy,
}

impl Stage {
    fn new() -> Self {
        let mut entropy = SeededEntropy::new(5);
        let mut hub = Hub::new(SHOP, NOON, &mut entropy);
        let ana = Handheld::enrol(&mut hub, 1, ANA, 1);
        Self { hub, ana, entropy }
    }

    fn post(&mut self, drafts: &[NoticeDraft]) -> u64 {
        self.hub.put_notices(drafts, &mut self.entropy).unwrap()
    }

    fn customer(&mut self) -> CustomerId {
        let customer = CustomerId::random(&mut self.entropy);
        let edits = vec![create("Ada")];
        self.hub
            .record(&HUB, customer, edits, &mut self.entropy)
            .unwrap();
        customer
    }

    fn meet(&mut self) -> Link {
        meet(&mut self.ana, &mut self.hub)
    }

    fn move_in_book(&mut self, customer: CustomerId, enters: bool) {
        self.hub
            .move_in_book((customer, SHOP), enters, &mut self.entropy)
            .unwrap();
    }
}

fn meet(handheld: &mut Handheld, hub: &mut Hub) -> Link {
    let mut link = Link::open(handheld, hub).unwrap();
    link.run_until_quiet(handheld, hub).unwrap();
    assert!(link.is_settled());
    link
}

fn says(subject: Subject, key: &str, body: &[u8]) -> NoticeDraft {
    NoticeDraft {
        subject,
        kind: NoticeKind::Stock,
        key: key.to_owned(),
        source: "house".to_owned(),
        as_of: NOON,
        body: Some(body.to_vec()),
    }
}

fn taken_back(subject: Subject, key: &str) -> NoticeDraft {
    NoticeDraft {
        body: None,
        ..says(subject, key, &[])
    }
}

/// A notice as a handheld holds it: about whom, which one, what it says.
type HeldNotice = (Subject, String, Option<Vec<u8>>);

/// Everything that a handheld holds.
fn held(handheld: &Handheld) -> BTreeSet<HeldNotice> {
    let tx = handheld.store.read().unwrap();
    let mut found = BTreeSet::new();
    scan_prefix(&*tx, Table::Notice, &[], &mut |_, bytes| {
        let notice: Notice = decode_row(Table::Notice, bytes)?;
        found.insert((notice.subject, notice.key, notice.body));
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    found
}

fn entry(subject: Subject, key: &str, body: &[u8]) -> (Subject, String, Option<Vec<u8>>) {
    (subject, key.to_owned(), Some(body.to_vec()))
}

#[test]
fn a_handheld_reads_what_is_said_in_its_scopes_and_nothing_else() {
    let mut stage = Stage::new();
    let near = Subject::Customer(stage.customer());
    let unknown = Subject::Customer(CustomerId([0xee; 16]));
    let told = [
        Subject::Chain,
        Subject::Shop(SHOP),
        Subject::Associate(ANA),
        near,
    ];
    let untold = [Subject::Shop(FAR), Subject::Associate(BEN), unknown];
    let drafts: Vec<_> = told
        .iter()
        .chain(&untold)
        .map(|subject| says(*subject, "1", b"a"))
        .collect();
    assert_eq!(stage.post(&drafts), 7);
    stage.meet();
    let expected: BTreeSet<_> = told
        .iter()
        .map(|subject| entry(*subject, "1", b"a"))
        .collect();
    assert_eq!(held(&stage.ana), expected);
    // The same by the feed: another version of each, and one taken back.
    let drafts: Vec<_> = told
        .iter()
        .chain(&untold)
        .map(|subject| says(*subject, "1", b"b"))
        .collect();
    stage.post(&drafts);
    stage.post(&[taken_back(Subject::Chain, "1")]);
    let link = stage.meet();
    assert_eq!(link.comparisons, 0, "the feed brought all of it");
    let mut expected: BTreeSet<_> = told[1..]
        .iter()
        .map(|subject| entry(*subject, "1", b"b"))
        .collect();
    expected.insert((Subject::Chain, "1".to_owned(), None));
    assert_eq!(held(&stage.ana), expected);
}

#[test]
fn what_is_said_about_a_customer_comes_and_goes_with_the_card() {
    let mut stage = Stage::new();
    let customer = stage.customer();
    let subject = Subject::Customer(customer);
    stage.post(&[says(subject, "case", b"open")]);
    stage.meet();
    assert_eq!(held(&stage.ana), [entry(subject, "case", b"open")].into());
    stage.move_in_book(customer, false);
    // Posted while the card is in no book.
    stage.post(&[says(subject, "case", b"solved")]);
    stage.meet();
    assert!(held(&stage.ana).is_empty());
    stage.move_in_book(customer, true);
    let link = stage.meet();
    assert_eq!(link.comparisons, 0);
    assert_eq!(held(&stage.ana), [entry(subject, "case", b"solved")].into());
}

#[test]
fn who_signs_out_takes_their_own_notices_along() {
    let mut stage = Stage::new();
    stage.post(&[
        says(Subject::Associate(ANA), "right", b"1"),
        says(Subject::Chain, "1", b"a"),
    ]);
    stage.meet();
    assert_eq!(held(&stage.ana).len(), 2);
    stage.ana.sign_in(&mut stage.hub, BEN);
    stage.ana.sign_out(ANA);
    stage.meet();
    assert_eq!(held(&stage.ana), [entry(Subject::Chain, "1", b"a")].into());
}

#[test]
fn a_handheld_of_a_shop_that_is_new_reads_what_the_chain_said_before() {
    let mut stage = Stage::new();
    stage.post(&[says(Subject::Chain, "1", b"a")]);
    let mut far = Handheld::enrol_in(&mut stage.hub, FAR, (2, BEN), 2);
    stage.post(&[
        says(Subject::Shop(FAR), "event", b"e"),
        says(Subject::Chain, "2", b"b"),
    ]);
    meet(&mut far, &mut stage.hub);
    let expected = [
        entry(Subject::Chain, "1", b"a"),
        entry(Subject::Chain, "2", b"b"),
        entry(Subject::Shop(FAR), "event", b"e"),
    ];
    assert_eq!(held(&far), expected.into());
}

#[test]
fn whoever_was_away_loads_each_notice_once_however_often_it_changed() {
    let mut stage = Stage::new();
    stage.meet();
    stage.customer();
    stage.meet();
    for day in 0..30_u8 {
        let drafts: Vec<_> = (0..50)
            .map(|sku| says(Subject::Chain, &format!("A-{sku}"), &[day; 200]))
            .collect();
        stage.post(&drafts);
    }
    let before = stage.meet();
    assert_eq!(before.comparisons, 0);
    assert_eq!(held(&stage.ana).len(), 50);
    // Fifty of some 260 bytes; all versions would be 390 KB before they are packed.
    assert!(before.bytes.1 < 20_000, "{} bytes", before.bytes.1);
    let again = stage.meet();
    let down = again.bytes.1;
    assert!(
        down < 400,
        "a meeting in which nothing changed takes {down} bytes"
    );
    assert_eq!(again.frames.1, 1, "a welcome and nothing else");
}

#[test]
fn what_a_restored_hub_never_posted_goes_from_its_handhelds_too() {
    let mut stage = Stage::new();
    let customer = Subject::Customer(stage.customer());
    let first = [
        Subject::Chain,
        Subject::Shop(SHOP),
        Subject::Associate(ANA),
        customer,
    ];
    let drafts: Vec<_> = first
        .iter()
        .map(|subject| says(*subject, "1", b"a"))
        .collect();
    stage.post(&drafts);
    let backup = stage.hub.store.duplicate();
    for key in ["1", "2"] {
        let drafts: Vec<_> = first
            .iter()
            .map(|subject| says(*subject, key, b"later"))
            .collect();
        stage.post(&drafts);
    }
    stage.meet();
    assert_eq!(held(&stage.ana).len(), 8);
    stage.hub.store = backup;
    stage.hub.feed = FeedId([7; 16]);
    stage.hub.restart(&mut stage.entropy);
    let link = stage.meet();
    assert_eq!(
        link.comparisons, 2,
        "the book and the associate's own scope"
    );
    let expected: BTreeSet<_> = first
        .iter()
        .map(|subject| entry(*subject, "1", b"a"))
        .collect();
    assert_eq!(held(&stage.ana), expected);
    let again = stage.meet();
    assert_eq!(again.frames.1, 1, "they agree");
}

#[test]
fn five_thousand_notices_of_stock_are_loaded_once_and_never_again() {
    let mut stage = Stage::new();
    stage.customer();
    let drafts: Vec<_> = (0..5_000)
        .map(|sku| says(Subject::Chain, &format!("shop/A-{sku:05}"), &[3; 120]))
        .collect();
    assert_eq!(stage.post(&drafts), 5_000);
    let mut link = Link::open(&stage.ana, &stage.hub).unwrap();
    let mut largest = 0;
    while !link.is_idle() {
        link.deliver_up(&stage.ana, &mut stage.hub).unwrap();
        while let Some(exchange) = link.deliver_down(&mut stage.ana).unwrap() {
            if let Frame::Page(page) = exchange.frame {
                let told = page.notices.map_or(0, |told| told.notices.len());
                largest = largest.max(told);
            }
        }
    }
    assert_eq!(held(&stage.ana).len(), 5_000);
    assert!(
        (500..2_500).contains(&largest),
        "{largest} in the largest page: memory is bounded"
    );
    assert_eq!(link.comparisons, 0);
    let again = stage.meet();
    assert_eq!(
        (again.frames, again.comparisons),
        ((1, 1), 0),
        "a hello, a welcome"
    );
    let one = says(Subject::Chain, "shop/A-00007", &[4; 120]);
    assert_eq!(stage.post(std::slice::from_ref(&one)), 1);
    let changed = stage.meet();
    assert!(
        changed.bytes.1 < 1_500,
        "one notice takes {} bytes",
        changed.bytes.1
    );
    assert_eq!(stage.post(&[one]), 0, "the same is not posted again");
}

#[test]
fn a_withdrawn_notice_is_read_by_nobody_and_stays_a_version() {
    let mut stage = Stage::new();
    let associate = Subject::Associate(ANA);
    stage.post(&[says(associate, "right", b"1")]);
    stage.meet();
    stage.post(&[taken_back(associate, "right")]);
    stage.meet();
    let tx = stage.ana.store.read().unwrap();
    let mut versions = Vec::new();
    notices::for_each_of(&*tx, associate, &mut |notice| {
        versions.push((notice.version, notice.body));
    })
    .unwrap();
    assert_eq!(versions, [(2, None)]);
}
