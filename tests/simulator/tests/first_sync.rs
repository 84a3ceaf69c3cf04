//! A first sync that is cut after any of its pages goes on where it was cut and ends as one that was never cut.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use simulator::cast::{ANA, HUB, NOON, SHOP};
use simulator::fleet::{Handheld, Hub, Link};
use sync_core::card::Edit;
use sync_core::card::terms::{NamePart, Place};
use sync_core::entropy::SeededEntropy;
use sync_core::ids::CustomerId;
use sync_core::notices::{NoticeDraft, NoticeKind, Subject};
use sync_core::protocol::FrameTarget;
use sync_core::protocol::frame::{Frame, Page, Phase};
use sync_core::records::{Currency, RecordDraft, RecordKind, Sale, SoldAt};
use sync_core::scope::Scope;
use sync_core::store::{Direction, KeyRange, Store as _, Table};

const CUSTOMERS: u64 = 24;
const FRAME_BYTES: usize = 3 << 9;

/// A hub with a book that takes many pages.
fn hub() -> Hub {
    let entropy = &mut SeededEntropy::new(42);
    let mut hub = Hub::new(SHOP, NOON, entropy);
    hub.frame_target = FrameTarget(FRAME_BYTES);
    for number in 0..CUSTOMERS {
        let customer = CustomerId::random(entropy);
        let name = BTreeMap::from([(NamePart::Given, format!("Customer {number}"))]);
        let edits = vec![
            Edit::CreateCustomer {
                name,
                language: None,
                endpoints: Vec::new(),
                since: None,
            },
            Edit::AddNote {
                place: Place::Shop,
                body: format!("came in with number {number}"),
                title: None,
                label: None,
            },
        ];
        hub.record(&HUB, customer, edits, entropy).unwrap();
        let sales: Vec<_> = (0..10).map(|sale| bought(number * 10 + sale)).collect();
        hub.put_records(customer, &sales, entropy).unwrap();
        let case = posted(Subject::Customer(customer), "case-1");
        hub.put_notices(&[case], entropy).unwrap();
    }
    let of_house = |number: u64| {
        let subject = if number.is_multiple_of(3) {
            Subject::Shop(SHOP)
        } else {
            Subject::Chain
        };
        posted(subject, &number.to_string())
    };
    let house: Vec<_> = (0..40).map(of_house).collect();
    hub.put_notices(&house, entropy).unwrap();
    hub
}

fn posted(subject: Subject, key: &str) -> NoticeDraft {
    NoticeDraft {
        subject,
        kind: NoticeKind::Stock,
        key: key.to_owned(),
        source: "house".to_owned(),
        as_of: NOON,
        body: Some(vec![7; 100]),
    }
}

fn bought(number: u64) -> RecordDraft {
    RecordDraft {
        kind: RecordKind::Purchase,
        source: "till".to_owned(),
        source_id: number.to_string(),
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

/// The same fresh handheld each time: what it holds in the end can be compared byte for byte.
fn fresh(hub: &mut Hub) -> Handheld {
    Handheld::enrol(hub, 1, ANA, 1)
}

/// Everything on a disk: all tables, all rows.
fn content(handheld: &Handheld) -> BTreeMap<(&'static str, Vec<u8>), Vec<u8>> {
    let tx = handheld.store.read().unwrap();
    let all = KeyRange {
        from: &[],
        to: None,
    };
    let mut rows = BTreeMap::new();
    for table in Table::ALL {
        tx.scan(table, all, Direction::Ascending, &mut |key, value| {
            rows.insert((table.name(), key.to_vec()), value.to_vec());
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    }
    rows
}

/// Meets until nothing is under way, or until so many pages of the book have been made durable; these pages in the order in which they were.
fn pages(handheld: &mut Handheld, hub: &mut Hub, at_most: usize) -> Vec<Page> {
    let mut link = Link::open(handheld, hub).unwrap();
    let mut pages = Vec::new();
    while !link.is_idle() && pages.len() < at_most {
        link.deliver_up(handheld, hub).unwrap();
        while let Some(exchange) = link.deliver_down(handheld).unwrap() {
            if let Frame::Page(page) = exchange.frame
                && page.scope == Scope::Book(SHOP)
            {
                pages.push(page);
                if pages.len() == at_most {
                    break;
                }
            }
        }
    }
    assert_eq!(
        link.comparisons, 0,
        "no first sync ends in an exchange of heads"
    );
    pages
}

fn bytes(pages: &[Page]) -> usize {
    let packed = pages
        .iter()
        .map(|page| Frame::Page(page.clone()).pack().len());
    packed.sum()
}

#[test]
fn a_first_sync_cut_after_any_page_sends_only_what_was_missing_and_ends_the_same() {
    let mut hub = hub();
    let mut uncut = fresh(&mut hub);
    let all = pages(&mut uncut, &mut hub, usize::MAX);
    for phase in [
        Phase::Notices,
        Phase::Rows,
        Phase::Documents,
        Phase::Records,
    ] {
        let of_phase = all.iter().filter(|page| page.phase == phase).count();
        assert!(
            of_phase > 3,
            "{of_phase} pages of {phase:?} can be cut between"
        );
    }
    let expected = content(&uncut);
    assert!(expected.len() > 300, "{} rows", expected.len());
    for cut in 1..all.len() {
        let mut handheld = fresh(&mut hub);
        let before = pages(&mut handheld, &mut hub, cut);
        if cut % 2 == 0 {
            handheld.reopen();
        }
        let after = pages(&mut handheld, &mut hub, usize::MAX);
        assert_eq!(before.len(), cut);
        assert_eq!(after.len(), all.len() - cut, "cut after page {cut}");
        assert_eq!(
            bytes(&before) + bytes(&after),
            bytes(&all),
            "cut after page {cut}"
        );
        assert_eq!(content(&handheld), expected, "cut after page {cut}");
    }
}

#[test]
fn a_first_sync_cut_after_every_page_still_comes_to_its_end() {
    let mut hub = hub();
    let mut uncut = fresh(&mut hub);
    let all = pages(&mut uncut, &mut hub, usize::MAX);
    let mut handheld = fresh(&mut hub);
    for number in 1..=all.len() {
        let one = pages(&mut handheld, &mut hub, 1);
        assert_eq!(one.len(), 1, "meeting {number}");
    }
    assert!(pages(&mut handheld, &mut hub, usize::MAX).is_empty());
    assert_eq!(content(&handheld), content(&uncut));
}
