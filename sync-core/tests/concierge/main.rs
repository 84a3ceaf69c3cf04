//! Hub and handheld come to the same brief, recommendations, pack and today list: on 10,000 random books, stored in different orders.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

mod book;

use std::collections::BTreeSet;

use sync_core::card::view::Strength;
use sync_core::card::{CardView, Corrections, Facet, Plan, Reading, Visible};
use sync_core::concierge::gather::Gathered;
use sync_core::concierge::handover::Pack;
use sync_core::concierge::today::{CustomerDue, Effort, Shift, TodayList, due, due_of};
use sync_core::concierge::{Brief, LineKind, Recommendations, Viewer};
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{DeviceId, Hash32, Timestamp};
use sync_core::notices;
use sync_core::records;
use sync_core::store::memory::MemoryStore;
use sync_core::store::{ReadTx, Store};

use book::{Book, CUSTOMER, HERE, ME, NOW};

/// Books of each of the four tests: 10,000 together.
const BOOKS: u64 = 2_500;

/// What one side computes.
#[derive(Debug, PartialEq, Eq)]
struct Results {
    brief: Hash32,
    recommendations: Hash32,
    pack: Hash32,
    today: Hash32,
}

/// What the books had in them, so that the comparison can't pass by comparing nothing.
#[derive(Debug, Default)]
struct Seen {
    kinds: BTreeSet<LineKind>,
    recommended: u64,
    referred: u64,
    due: u64,
    confirmed: u64,
}

/// The view of whoever looks, as handheld and hub read it.
fn view(tx: &dyn ReadTx, plans: &[&Plan]) -> CardView {
    let mut visible = Visible::default();
    for plan in plans {
        visible.write(plan);
    }
    let visible: Visible = visible
        .iter()
        .filter(|(facet, _)| **facet != Facet::Restricted)
        .map(|(facet, entries)| (*facet, entries.clone()))
        .collect();
    let reading = Reading {
        now: NOW,
        corrections: &Corrections::new(),
    };
    let mut view = CardView::read_by(&visible, &reading, ME);
    let sales = records::purchases(tx, CUSTOMER).unwrap();
    let bought = sales.iter().flat_map(|record| {
        let day = record.sale.at.days();
        let lines = record.sale.lines.iter();
        lines.filter_map(move |line| Some((line.sku.as_deref()?, day)))
    });
    view.fulfil(bought);
    view
}

fn compute(store: &MemoryStore, plans: &[&Plan], device: DeviceId, seen: &mut Seen) -> Results {
    let mut tx = store.write().unwrap();
    let view = view(tx.as_read(), plans);
    let gathered = Gathered::read(tx.as_read(), (CUSTOMER, &[]), view, HERE).unwrap();
    let viewer = Viewer {
        associate: ME,
        device,
        shop: HERE,
    };
    let picture = gathered.picture(CUSTOMER, viewer, (Some(NOW), NOW));
    let brief = Brief::of(&picture);
    let recommendations = Recommendations::of(&picture);
    let pack = Pack::of(&picture);
    let due = CustomerDue {
        customer: CUSTOMER,
        owner: gathered.whole.owner.as_ref().map(|owner| owner.owner),
        delivery_bp: None,
        wishes: Vec::new(),
        items: due_of(&picture, &Effort::default()),
    };
    due::put(&mut *tx, &due, NOW).unwrap();
    let mut stored = Vec::new();
    due::for_each(tx.as_read(), &mut |due| stored.push(due)).unwrap();
    let shift = Shift {
        of: None,
        now: NOW,
        ends: NOW.plus_ms(Timestamp::DAY_MS / 2),
        minutes: 45,
    };
    let list: TodayList = stored.into_iter().collect();
    let today = list.plan(&shift, usize::MAX);
    for line in brief.lines() {
        assert!(!line.sources.is_empty(), "{line:?}");
        seen.kinds.insert(line.kind);
    }
    for item in &recommendations.items {
        let sum: u32 = item.reasons.iter().map(|reason| reason.points).sum();
        assert_eq!(item.score, sum);
    }
    let text = serde_json::to_string(&(&brief, &recommendations, &pack)).unwrap();
    assert!(!text.contains("dermatitis"), "the effect without the cause");
    seen.recommended += recommendations.items.len() as u64;
    seen.referred += recommendations.referrals.len() as u64;
    seen.due += (today.today.len() + today.not_today.len()) as u64;
    let preferences = gathered.whole.view.preferences.iter();
    seen.confirmed += preferences
        .filter(|one| one.strength == Strength::Confirmed)
        .count() as u64;
    Results {
        brief: brief.hash(),
        recommendations: recommendations.hash(),
        pack: pack.hash(),
        today: today.hash(),
    }
}

/// The hub stores rows as they were written.
fn hub(book: &Book) -> MemoryStore {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    for record in &book.records {
        records::put_record(&mut *tx, record).unwrap();
    }
    for notice in &book.notices {
        notices::put(&mut *tx, notice).unwrap();
    }
    tx.commit().unwrap();
    store
}

/// A handheld stores them as they arrive: in another order, some twice, an earlier version after a later one, a page at a time.
fn handheld(book: &Book, random: &mut SeededEntropy) -> MemoryStore {
    let store = MemoryStore::default();
    let mut notices: Vec<_> = book.notices.iter().collect();
    let mut records: Vec<_> = book.records.iter().collect();
    book::shuffle(&mut notices, random);
    book::shuffle(&mut records, random);
    notices.extend(notices.clone().iter().take(5));
    for page in notices.chunks(7) {
        let mut tx = store.write().unwrap();
        for notice in page {
            notices::put(&mut *tx, notice).unwrap();
        }
        tx.commit().unwrap();
    }
    let mut tx = store.write().unwrap();
    for record in records {
        records::put_record(&mut *tx, record).unwrap();
    }
    tx.commit().unwrap();
    store
}

fn compare(seeds: std::ops::Range<u64>) {
    let mut seen = Seen::default();
    for seed in seeds {
        let mut random = SeededEntropy::new(seed);
        let book = Book::random(&mut random);
        let in_order: Vec<&Plan> = book.plans.iter().collect();
        let as_they_came = book::as_they_came(&book.plans, &mut random);
        let there = compute(&hub(&book), &in_order, DeviceId([0; 8]), &mut seen);
        let store = handheld(&book, &mut random);
        let here = compute(&store, &as_they_came, DeviceId([5; 8]), &mut seen);
        assert_eq!(here, there, "seed {seed}");
    }
    let enough = BOOKS / 4;
    assert!(
        seen.recommended > enough && seen.referred > enough,
        "{seen:?}"
    );
    assert!(seen.due > enough && seen.confirmed > enough, "{seen:?}");
    assert!(seen.kinds.len() >= 18, "{:?}", seen.kinds);
}

#[test]
fn hub_and_handheld_agree_on_the_first_quarter_of_the_books() {
    compare(0..BOOKS);
}

#[test]
fn hub_and_handheld_agree_on_the_second_quarter_of_the_books() {
    compare(BOOKS..2 * BOOKS);
}

#[test]
fn hub_and_handheld_agree_on_the_third_quarter_of_the_books() {
    compare(2 * BOOKS..3 * BOOKS);
}

#[test]
fn hub_and_handheld_agree_on_the_last_quarter_of_the_books() {
    compare(3 * BOOKS..4 * BOOKS);
}

#[test]
fn other_rows_give_other_hashes() {
    let mut hashes = BTreeSet::new();
    let mut seen = Seen::default();
    for seed in 0..100 {
        let book = Book::random(&mut SeededEntropy::new(seed));
        let plans: Vec<&Plan> = book.plans.iter().collect();
        let results = compute(&hub(&book), &plans, DeviceId([0; 8]), &mut seen);
        hashes.insert((results.brief, results.recommendations));
    }
    assert!(hashes.len() > 90, "{}", hashes.len());
}
