//! Claims about the gap: the vector of the design, minimum counts, sums that never drift, rows that say when they change.

mod random;

use super::report::Beside;
use super::*;
use crate::concierge::obligations::tests::{dealing, noon, purchase, visit};
use crate::concierge::picture::{House, Whole};
use crate::concierge::playbook::Playbook;
use crate::concierge::playbook::terms::Evidence;
use crate::crypto::HubKey;
use crate::store::{decode_row, encode_row};

/// A playbook of items with these weights.
fn weighing(weights: &[u32]) -> Playbook {
    let standard = Playbook::standard();
    let items = standard.items.iter().zip(weights);
    let items = items.map(|(item, weight)| {
        let mut item = item.clone();
        item.weight = *weight;
        item
    });
    Playbook {
        items: items.collect(),
    }
}

/// An active customer of whom this closed: item, met, late, missed.
fn row(spend: i64, items: &[(u16, u32, u32, u32)]) -> Contribution {
    let count = |(item, met, late, missed): &(u16, u32, u32, u32)| ItemCount {
        item: *item,
        met: *met,
        late: *late,
        missed: *missed,
        ..ItemCount::default()
    };
    Contribution {
        is_active: true,
        spend_minor: spend,
        days: 1,
        items: items.iter().map(count).collect(),
        ..Contribution::default()
    }
}

fn settings() -> Settings {
    Settings {
        item_min: 2,
        ..Settings::default()
    }
}

/// The report of a chain whose best are given by hand.
fn report_of(
    best: &[Contribution],
    rest: &[Contribution],
    playbook: &Playbook,
    settings: &Settings,
) -> Report {
    let (tally, best) = sums(best, rest, playbook, settings);
    let beside = Beside {
        playbook: (playbook, 7),
        settings,
        walk_ins: None,
        previous: None,
        now: noon(500),
    };
    report(&tally, &best, &beside)
}

fn sums(
    best: &[Contribution],
    rest: &[Contribution],
    playbook: &Playbook,
    settings: &Settings,
) -> (Tally, Best) {
    let (mut tally, mut of_best) = (Tally::default(), Best::default());
    for row in best.iter().chain(rest) {
        tally.add(row, playbook, settings);
    }
    for row in best {
        of_best.add(row, playbook, settings);
    }
    (tally, of_best)
}

/// The sides of the design's vector: F is item 0, B is item 1.
fn vector() -> (Vec<Contribution>, Vec<Contribution>) {
    let best = vec![row(9, &[(0, 4, 0, 0), (1, 1, 0, 1)])];
    let rest = vec![row(1, &[(0, 5, 2, 3)]), row(1, &[(1, 1, 0, 3)])];
    (best, rest)
}

#[test]
fn the_vector_of_the_design_comes_to_3625() {
    let (best, rest) = vector();
    let report = report_of(&best, &rest, &weighing(&[3, 1]), &settings());
    let rates: Vec<_> = report
        .items
        .iter()
        .map(|item| (item.best.bp, item.rest.bp))
        .collect();
    assert_eq!(
        rates,
        [(Some(10_000), Some(6_000)), (Some(5_000), Some(2_500))]
    );
    assert_eq!(report.gap_bp, Some(3_625));
    assert_eq!(report.items[0].gap_bp, Some(4_000));
    assert_eq!((report.playbook, report.active, report.best), (7, 3, 1));
}

#[test]
fn an_item_counts_only_where_enough_closed_on_both_sides() {
    let (best, rest) = vector();
    let check = |item_min, gap| {
        let settings = Settings {
            item_min,
            ..Settings::default()
        };
        let report = report_of(&best, &rest, &weighing(&[3, 1]), &settings);
        assert_eq!(report.gap_bp, gap, "at least {item_min}");
    };
    check(2, Some(3_625));
    check(3, Some(4_000));
    check(4, Some(4_000));
    check(5, None);
    check(20, None);
    let report = report_of(&best, &rest, &weighing(&[3, 1]), &Settings::default());
    assert!(
        report
            .items
            .iter()
            .all(|item| !item.is_proven && item.gap_bp.is_none())
    );
    assert_eq!(
        report.items[0].best.met, 4,
        "what is unproven is told all the same"
    );
}

#[test]
fn whoever_gets_more_than_the_best_takes_nothing_off_the_gap() {
    let best = [row(9, &[(0, 2, 0, 2), (1, 4, 0, 0)])];
    let rest = [row(1, &[(0, 4, 0, 0), (1, 2, 0, 2)])];
    let report = report_of(&best, &rest, &weighing(&[5, 5]), &settings());
    assert_eq!(report.gap_bp, Some(2_500));
    assert_eq!(report.items[0].gap_bp, Some(0));
}

#[test]
fn the_best_are_one_in_a_hundred_and_twenty_at_least() {
    let settings = Settings::default();
    let check = |active, best| assert_eq!(settings.best_of(active), best, "{active}");
    check(0, None);
    check(39, None);
    check(40, Some(20));
    check(2_000, Some(20));
    check(2_001, Some(21));
    check(1_000_000, Some(10_000));
}

#[test]
fn without_enough_customers_nothing_is_a_gap() {
    let report = report_of(
        &[],
        &[row(1, &[(0, 30, 0, 30)])],
        &weighing(&[3]),
        &settings(),
    );
    assert!(!report.is_enough());
    assert_eq!((report.gap_bp, report.coverage.coverage_bp), (None, None));
    assert_eq!(report.honesty.rest_bp, Some(5_000));
}

#[test]
fn coverage_counts_who_reaches_the_median_of_the_best() {
    let playbook = weighing(&[2]);
    let share = |met, missed| row(1, &[(0, met, 0, missed)]);
    // The proven best got 1, 3/4 and 1/2: the median is 3/4. One is not proven.
    let best = [share(4, 0), share(3, 1), share(2, 2), share(1, 1)];
    let mut declined = share(1, 0);
    declined.declined = true;
    let rest = [
        share(6, 2),
        share(3, 1),
        share(2, 2),
        share(0, 3),
        share(1, 0),
        declined,
    ];
    let coverage = report_of(&best, &rest, &playbook, &settings()).coverage;
    assert_eq!(coverage.median_bp, Some(7_500));
    assert_eq!((coverage.covered, coverage.not_covered), (2, 2));
    assert_eq!((coverage.unproven, coverage.declined), (1, 1));
    assert_eq!(
        (coverage.coverage_bp, coverage.proven_bp),
        (Some(5_000), Some(6_667))
    );
    // Of an even number, the midpoint: between 1 and 3/4 lies 7/8.
    let coverage = report_of(
        &best[..2],
        &[share(7, 1), share(6, 1)],
        &playbook,
        &settings(),
    )
    .coverage;
    assert_eq!((coverage.median_bp, coverage.covered), (Some(8_750), 1));
}

#[test]
fn the_companions_say_what_the_headline_hides() {
    let playbook = weighing(&[3, 1]);
    let (mut best, mut rest) = vector();
    rest[0].items[0].excused = 6;
    rest[0].items[0].attested = 4;
    rest[0].items[0].due_minutes = 35;
    rest[0].visits = 30;
    best[0].other_currency = 2;
    let (tally, of_best) = sums(&best, &rest, &playbook, &settings());
    let settings = settings();
    let mut beside = Beside {
        playbook: (&playbook, 1),
        settings: &settings,
        walk_ins: Some(10),
        previous: None,
        now: noon(500),
    };
    let now = report(&tally, &of_best, &beside);
    let honesty = &now.honesty;
    // By weight: 3·4 + 1 of 3·4 + 2 for the best; 3·6 + 1 of 3·10 + 4 for the others.
    assert_eq!(
        (honesty.best_bp, honesty.rest_bp),
        (Some(9_286), Some(5_588))
    );
    assert_eq!(honesty.excused_bp, Some(2_308), "6 of 26");
    assert_eq!(honesty.self_attested_bp, Some(3_077), "4 of 13");
    assert_eq!(
        (
            honesty.known_bp,
            honesty.week_minutes,
            honesty.other_currency
        ),
        (Some(7_500), 35, 2)
    );
    assert_eq!(now.gap_bp, Some(3_625), "and none of it moves the gap");
    let mut before = now;
    before.gap_bp = Some(3_626);
    before.items[1].best.bp = Some(5_201);
    before.items[0].best.bp = Some(10_200);
    beside.previous = Some(&before);
    let levelled = report(&tally, &of_best, &beside).honesty.levelled_down;
    assert_eq!(levelled, [playbook.items[1].id.clone()]);
    let mut equal = before.clone();
    equal.gap_bp = Some(3_625);
    beside.previous = Some(&equal);
    assert!(
        report(&tally, &of_best, &beside)
            .honesty
            .levelled_down
            .is_empty()
    );
}

#[test]
fn a_snapshot_is_signed_and_says_nothing_of_who_is_best() {
    let (best, rest) = vector();
    let report = report_of(&best, &rest, &weighing(&[3, 1]), &settings());
    let key = HubKey::from_bytes(&[4; 32]);
    let snapshot = StandardSnapshot::sign(&report, &key);
    let read: StandardSnapshot =
        decode_row(crate::store::Table::Notice, &encode_row(&snapshot)).unwrap();
    assert_eq!(read, snapshot);
    assert!(read.is_signed_by(&key.public_key()));
    assert!(!read.is_signed_by(&HubKey::from_bytes(&[5; 32]).public_key()));
    let mut forged = snapshot.clone();
    forged.gap_bp = Some(0);
    assert!(!forged.is_signed_by(&key.public_key()));
    assert!(!forged.says_what(&snapshot));
    let mut later = report;
    later.as_of = noon(501);
    assert!(StandardSnapshot::sign(&later, &key).says_what(&snapshot));
    assert_eq!((snapshot.items.len(), snapshot.gap_bp), (2, Some(3_625)));
}

#[test]
fn what_the_best_get_more_of_comes_first_with_a_draft() {
    let act = |kind: Evidence, times| {
        let place = Evidence::ALL.iter().position(|one| *one == kind).unwrap();
        (u8::try_from(place).unwrap(), times)
    };
    let with = |acts: &[(u8, u32)]| Contribution {
        acts: acts.to_vec(),
        ..row(1, &[])
    };
    let best = vec![with(&[act(Evidence::ThankYou, 2), act(Evidence::Gesture, 1)]); 20];
    let rest = [
        vec![with(&[act(Evidence::Gesture, 1)]); 200],
        vec![with(&[act(Evidence::ThankYou, 1), act(Evidence::Response, 1)]); 20],
    ]
    .concat();
    let playbook = weighing(&[1]);
    let (tally, of_best) = sums(&best, &rest, &playbook, &settings());
    let found = discover(&tally, &of_best, &playbook);
    let kinds: Vec<_> = found.iter().map(|one| one.kind).collect();
    assert_eq!(
        kinds,
        [Evidence::ThankYou, Evidence::Gesture, Evidence::Response]
    );
    let thanks = &found[0];
    assert_eq!(
        (thanks.best.reached, thanks.best.times, thanks.best.bp),
        (20, 40, 10_000)
    );
    assert_eq!(
        (thanks.rest.reached, thanks.rest.customers, thanks.rest.bp),
        (20, 220, 909)
    );
    assert!(thanks.is_clear && thanks.difference_bp == 9_091);
    assert_eq!(
        thanks.draft.as_ref().map(|item| item.id.as_str()),
        Some("thank_you")
    );
    let gesture = found[1].draft.clone().unwrap();
    let alone = Playbook {
        items: vec![gesture],
    };
    assert_eq!(
        Playbook::parse(&alone.to_json()).unwrap(),
        alone,
        "a draft is a good item"
    );
    assert_eq!(
        (found[2].difference_bp, found[2].draft.is_some()),
        (-909, false)
    );
    let said = serde_json::to_value(thanks).unwrap();
    assert_eq!(said["draft"]["id"], "thank_you");
    // What a draft would ask for is found in the playbook once it is there.
    let written = Playbook {
        items: vec![Playbook::standard().item("thank_you").unwrap().clone()],
    };
    let found = discover(&tally, &of_best, &written);
    assert_eq!(found[0].in_playbook.as_deref(), Some("thank_you"));
    assert_eq!(found[0].draft, None);
}

#[test]
fn every_kind_of_evidence_gives_a_draft_that_reads_back() {
    for (place, _) in Evidence::ALL.iter().enumerate() {
        let acts = vec![(u8::try_from(place).unwrap(), 1)];
        let best = [Contribution {
            acts,
            ..row(1, &[])
        }];
        let (tally, of_best) = sums(&best, &[row(1, &[])], &Playbook::default(), &settings());
        let found = discover(&tally, &of_best, &Playbook::default());
        let playbook = Playbook {
            items: vec![found[0].draft.clone().unwrap()],
        };
        assert_eq!(Playbook::parse(&playbook.to_json()).unwrap(), playbook);
    }
}

#[test]
fn the_order_of_the_best_is_total_and_as_the_chain_says() {
    let customer = |number: u8| CustomerId([number; 16]);
    let row = |spend, days, first_day| Contribution {
        spend_minor: spend,
        days,
        first_day,
        ..row(0, &[])
    };
    let rows = [
        (customer(1), row(-50, 9, 10)),
        (customer(2), row(700, 2, 400)),
        (customer(3), row(700, 3, -5)),
        (customer(4), row(700, 3, 7)),
        (customer(5), row(i64::MAX, 1, i64::MAX)),
    ];
    let order = |order: &Order| -> Vec<u8> {
        let mut ranked: Vec<_> = rows
            .iter()
            .map(|(id, row)| (row.rank(*id, order), id.0[0]))
            .collect();
        ranked.sort();
        ranked.into_iter().map(|(_, id)| id).collect()
    };
    assert_eq!(order(&Order::Spend), [5, 3, 4, 2, 1]);
    assert_eq!(order(&Order::Loyalty), [1, 3, 4, 2, 5]);
    let list = [(customer(2), 0), (customer(1), 1)].into();
    assert_eq!(order(&Order::Named(list)), [2, 1, 5, 3, 4]);
}

/// Everything of the standard playbook, counted for one life.
fn count(whole: &Whole, now: Timestamp) -> Contribution {
    let settings = Settings {
        window_days: 60,
        ..Settings::default()
    };
    Contribution::of(
        (whole, &House::default()),
        &Playbook::standard(),
        &settings,
        now,
    )
}

#[test]
fn a_customer_counts_while_they_come_by() {
    let mut whole = Whole {
        sales: vec![purchase("1", 100, "coat", 5_000)],
        ..Whole::default()
    };
    whole.view.visits = vec![visit(1, noon(90))];
    whole.view.interactions = vec![dealing(2, crate::card::terms::Act::ThankYou, noon(101))];
    let then = count(&whole, noon(120));
    assert!(then.is_active);
    assert_eq!(
        (then.spend_minor, then.days, then.visits, then.first_day),
        (5_000, 2, 1, 90)
    );
    assert!(then.closed() > 0);
    assert_eq!(
        count(&whole, noon(155)).days,
        1,
        "the visit has left the window"
    );
    assert!(!count(&whole, noon(160)).is_active);
    assert!(
        !count(&whole, noon(99))
            .items
            .iter()
            .any(|item| item.closed() == 0 && item.due_minutes == 0)
    );
    whole.is_erased = true;
    assert_eq!(count(&whole, noon(120)), Contribution::default());
}
