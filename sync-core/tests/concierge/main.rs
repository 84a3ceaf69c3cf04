//! Hub and handheld come to the same of everything that the concierge computes of a customer, on 10,000 random books stored in different
//! orders: brief, recommendations, handover pack, today list, obligations and the share that was kept, the guard's verdicts, what may be
//! spent on gestures, the two-way ledger and the next question. A third of the customers have two cards.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

mod book;
mod sides;

use std::collections::BTreeSet;

use sync_core::concierge::ledger::EntryKind;
use sync_core::concierge::obligations::State;
use sync_core::entropy::SeededEntropy;

use book::Book;
use sides::{Seen, handheld, hub};

/// Books of each of the four tests: 10,000 together.
const BOOKS: u64 = 2_500;

fn compare(seeds: std::ops::Range<u64>) {
    let mut seen = Seen::default();
    for seed in seeds {
        let mut random = SeededEntropy::new(seed);
        let book = Book::random(&mut random);
        let there = hub(&book).compute(&mut seen);
        let here = handheld(&book, &mut random).compute(&mut seen);
        assert_eq!(here, there, "seed {seed}");
    }
    check(&seen);
}

/// That there was something to compare.
fn check(seen: &Seen) {
    let (often, at_times) = (BOOKS / 4, BOOKS / 20);
    let counts = [
        seen.recommended,
        seen.referred,
        seen.due,
        seen.confirmed,
        seen.spent,
        seen.asked,
        seen.together,
    ];
    assert!(counts.iter().all(|count| *count > often), "{seen:?}");
    assert!(seen.allowed > at_times && seen.apart > at_times, "{seen:?}");
    assert!(seen.came_true > BOOKS / 50, "{seen:?}");
    assert!(seen.kinds.len() >= 18, "{:?}", seen.kinds);
    let states = [
        State::Pending,
        State::Met,
        State::Late,
        State::Missed,
        State::Excused,
        State::Void,
    ];
    let is_there = |state| {
        seen.states
            .get(state)
            .is_some_and(|count| *count > at_times)
    };
    assert!(states.iter().all(is_there), "{:?}", seen.states);
    assert_eq!(seen.items.len(), 14, "every item: {:?}", seen.items);
    assert!(seen.reasons.len() >= 15, "{:?}", seen.reasons);
    let every: BTreeSet<_> = EntryKind::ALL.into();
    assert_eq!(seen.entries, every);
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
        let results = hub(&book).compute(&mut seen);
        hashes.insert((results.brief, results.recommendations));
    }
    assert!(hashes.len() > 90, "{}", hashes.len());
}
