//! Claims about the today list.

use super::*;
use crate::card::edit::Edit;
use crate::card::stage::Stage;
use crate::concierge::scene::{DAY, HOUR, ME, NOW, Scene};
use crate::entropy::SeededEntropy;
use crate::projection::{self, Row, RowFacts};
use crate::store::memory::MemoryStore;
use crate::store::{Store, Table};

const OTHER: AssociateId = AssociateId([7; 8]);

fn shift(minutes: u32) -> Shift {
    Shift {
        of: None,
        now: NOW,
        ends: NOW.plus_ms(10 * HOUR),
        minutes,
    }
}

fn item(id: &str, closes_hours: i64) -> DueItem {
    DueItem {
        id: id.to_owned(),
        kind: DueKind::Obligation,
        item: "thanks".to_owned(),
        about: String::new(),
        weight: 3,
        minutes: 10,
        opens: NOW.plus_ms(-DAY),
        closes: NOW.plus_ms(closes_hours * HOUR),
        lapses: None,
        assignees: Vec::new(),
        words: None,
    }
}

/// The list from nothing.
fn today<'d>(due: impl IntoIterator<Item = &'d CustomerDue>, shift: Shift) -> Today {
    let list: TodayList = due.into_iter().cloned().collect();
    list.plan(&shift, usize::MAX)
}

fn customer(number: u8, delivery_bp: Option<u32>, items: Vec<DueItem>) -> CustomerDue {
    CustomerDue {
        customer: CustomerId([number; 16]),
        owner: None,
        delivery_bp,
        wishes: Vec::new(),
        items,
    }
}

fn ids(items: &[TodayItem]) -> Vec<&str> {
    items.iter().map(|item| item.id.as_str()).collect()
}

#[test]
fn the_earliest_close_comes_first_then_weight_then_the_worst_served() {
    let heavy = DueItem {
        weight: 5,
        ..item("heavy", 2)
    };
    let due = [
        customer(
            1,
            Some(9_000),
            vec![item("well served", 2), item("late", -1)],
        ),
        customer(2, Some(1_000), vec![item("badly served", 2)]),
        customer(3, None, vec![item("b unknown", 2), item("a unknown", 2)]),
        customer(4, Some(10_000), vec![heavy, item("tomorrow", 30)]),
    ];
    let order = [
        "late",
        "heavy",
        "a unknown",
        "b unknown",
        "badly served",
        "well served",
        "tomorrow",
    ];
    let plan = today(&due, shift(600));
    assert_eq!(ids(&plan.today), order);
    assert!(plan.today[0].is_late && !plan.today[1].is_late);
    let turned = today(due.iter().rev(), shift(600));
    assert_eq!(turned.hash(), plan.hash());
}

#[test]
fn what_does_not_fit_says_how_many_minutes_are_missing() {
    let long = DueItem {
        minutes: 25,
        ..item("b long", 2)
    };
    let due = [customer(1, None, vec![item("a", 1), long, item("c", 3)])];
    let plan = today(&due, shift(30));
    assert_eq!(ids(&plan.today), ["a", "c"]);
    assert_eq!(ids(&plan.not_today), ["b long"]);
    assert_eq!(plan.not_today[0].minutes_missing, Some(5));
    assert_eq!(plan.minutes_left, 10);
    assert_eq!(plan.not_today_count, 1);
    let list: TodayList = due.into_iter().collect();
    let short = list.plan(&shift(5), 2);
    assert_eq!(ids(&short.not_today), ["a", "b long"]);
    assert_eq!(
        short.not_today_count, 3,
        "what there is no room for is counted"
    );
}

#[test]
fn a_list_holds_what_is_mine_and_open() {
    let assigned = |id: &str, to: AssociateId| DueItem {
        assignees: vec![to],
        ..item(id, 2)
    };
    let later = DueItem {
        opens: NOW.plus_ms(11 * HOUR),
        ..item("later", 90)
    };
    let over = DueItem {
        lapses: Some(NOW),
        ..item("over", -9)
    };
    let mine = vec![assigned("mine", ME), assigned("theirs", OTHER), later, over];
    let theirs = CustomerDue {
        owner: Some(OTHER),
        ..customer(
            2,
            None,
            vec![item("of their customer", 2), assigned("given to me", ME)],
        )
    };
    let due = [customer(1, None, mine), theirs];
    let me = Shift {
        of: Some(ME),
        ..shift(600)
    };
    assert_eq!(ids(&today(&due, me).today), ["given to me", "mine"]);
    assert_eq!(today(&due, shift(600)).today.len(), 4);
}

#[test]
fn a_promise_that_the_playbook_watches_over_is_shown_once() {
    let promise = DueItem {
        kind: DueKind::Promise,
        about: "p".to_owned(),
        ..item("promise", 2)
    };
    let watching = DueItem {
        about: "p".to_owned(),
        ..item("obligation", 2)
    };
    let shown = |items: &[&DueItem], of: Option<AssociateId>| -> Vec<String> {
        let items = items.iter().map(|item| (*item).clone()).collect();
        let due = [customer(1, None, items)];
        let plan = today(&due, Shift { of, ..shift(600) });
        plan.today.into_iter().map(|item| item.id).collect()
    };
    assert_eq!(shown(&[&promise], None), ["promise"]);
    assert_eq!(shown(&[&promise, &watching], None), ["promise"]);
    let earlier = DueItem {
        closes: NOW.plus_ms(HOUR),
        ..watching
    };
    assert_eq!(shown(&[&promise, &earlier], None), ["obligation"]);
    let lapsed = DueItem {
        lapses: Some(NOW),
        ..earlier.clone()
    };
    assert_eq!(
        shown(&[&promise, &lapsed], None),
        ["promise"],
        "what is over hides nothing"
    );
    let theirs = DueItem {
        assignees: vec![OTHER],
        ..earlier
    };
    assert_eq!(
        shown(&[&promise, &theirs], Some(ME)),
        ["promise"],
        "nor does what is another's"
    );
}

#[test]
fn promises_and_a_visit_under_way_fall_due() {
    let mut stage = Stage::new();
    let due = stage.now.plus_ms(2 * DAY);
    for (what, due) in [("call", Some(due)), ("some day", None)] {
        let what = what.to_owned();
        let assignee = Some(ME);
        stage.does(&Edit::MakePromise {
            what,
            due,
            assignee,
        });
    }
    let visit = stage.does(&Edit::Arrive { with: None });
    let mut scene = Scene::new();
    scene.whole.view = stage.view();
    let items = due_of(&scene.picture(), &Effort::default());
    let arrival = items.iter().find(|item| item.kind == DueKind::Arrival);
    assert_eq!(arrival.unwrap().id, visit.to_string());
    let promise: Vec<_> = items
        .iter()
        .filter(|item| item.kind == DueKind::Promise)
        .collect();
    assert_eq!(promise.len(), 1, "without a date nothing falls due");
    assert_eq!(
        (promise[0].closes, promise[0].assignees.clone()),
        (due, vec![ME])
    );
    assert_eq!(promise[0].words.as_deref(), Some("call"));
    scene.whole.is_erased = true;
    assert_eq!(due_of(&scene.picture(), &Effort::default()), []);
}

fn random_due(random: &mut SeededEntropy, number: u8) -> CustomerDue {
    let items = (0..random.below(4))
        .map(|one| {
            let hours = i64::try_from(random.below(6)).unwrap() * 12 - 24;
            let weight = u32::try_from(random.below(3)).unwrap() + 1;
            let minutes = u32::try_from(random.below(40)).unwrap();
            DueItem {
                weight,
                minutes,
                ..item(&format!("{number}-{one}"), hours)
            }
        })
        .collect();
    let delivery = u32::try_from(random.below(10_001)).unwrap();
    let delivery_bp = Some(delivery).filter(|_| random.percent(70));
    customer(number, delivery_bp, items)
}

#[test]
fn after_an_edit_the_list_is_what_it_would_be_from_nothing() {
    for seed in 0..50 {
        let mut random = SeededEntropy::new(seed);
        let mut book: Vec<_> = (0..30).map(|one| random_due(&mut random, one)).collect();
        let mut list = TodayList::default();
        for due in &book {
            list.set(due.clone());
        }
        for _ in 0..20 {
            let at = u8::try_from(random.below(30)).unwrap();
            let changed = random_due(&mut random, at);
            list.set(changed.clone());
            book[usize::from(at)] = changed;
            assert_eq!(
                list.plan(&shift(300), usize::MAX).hash(),
                today(&book, shift(300)).hash(),
                "seed {seed}"
            );
        }
        for due in &book {
            list.remove(due.customer);
        }
        assert!(list.order.is_empty() && list.rows.is_empty());
    }
}

fn book_of(
    tx: &mut dyn crate::store::WriteTx,
    numbers: std::ops::RangeInclusive<u8>,
) -> Vec<CustomerId> {
    let ids = numbers.map(|number| CustomerId([number; 16]));
    ids.inspect(|customer| {
        projection::fold(tx, &Row::new(*customer, &RowFacts::default())).unwrap();
    })
    .collect()
}

/// Makes the rows of at most `limit` customers; of whom.
fn make(tx: &mut dyn crate::store::WriteTx, limit: usize, now: Timestamp) -> Vec<CustomerId> {
    let missing = due::missing(tx.as_read(), limit, now).unwrap();
    for one in &missing.customers {
        let items = vec![item("one", 1)];
        let due = CustomerDue {
            customer: *one,
            ..customer(0, None, items)
        };
        due::put(tx, &due, now).unwrap();
    }
    missing.keep(tx).unwrap();
    missing.customers
}

fn stored(tx: &dyn crate::store::ReadTx) -> Vec<CustomerId> {
    let mut found = Vec::new();
    due::for_each(tx, &mut |due| found.push(due.customer)).unwrap();
    found
}

#[test]
fn a_pass_makes_every_row_once_and_begins_again_in_time() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let tx = &mut *tx;
    let everybody = book_of(tx, 1..=5);
    for batch in everybody.chunks(2) {
        assert!(!due::is_complete(tx.as_read(), NOW).unwrap());
        assert_eq!(make(tx, 2, NOW), batch);
    }
    assert!(due::is_complete(tx.as_read(), NOW).unwrap());
    assert_eq!(make(tx, 2, NOW), []);
    assert_eq!(stored(tx.as_read()), everybody);
    let later = NOW.plus_ms(due::FRESH_MS);
    assert!(!due::is_complete(tx.as_read(), later).unwrap());
    assert_eq!(make(tx, 9, later), everybody);
    assert!(due::is_complete(tx.as_read(), later).unwrap());
    due::begin_again(tx).unwrap();
    assert_eq!(
        stored(tx.as_read()),
        everybody,
        "they stay until the pass comes by"
    );
    assert_eq!(make(tx, 9, later), everybody);
    const { assert!(2 * due::FRESH_MS < due::AHEAD_MS) }
}

#[test]
fn what_changed_is_made_first_and_nobody_is_left_out() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let tx = &mut *tx;
    let everybody = book_of(tx, 1..=5);
    due::forget(tx, &everybody).unwrap();
    assert_eq!(make(tx, 2, NOW), everybody[..2], "the pass comes by anyway");
    due::forget(tx, [&everybody[0], &everybody[4]]).unwrap();
    assert_eq!(stored(tx.as_read()), everybody[1..2]);
    // Somebody new, behind whom the pass is already.
    let early = book_of(tx, 0..=0);
    due::forget(tx, &early).unwrap();
    assert_eq!(make(tx, 2, NOW), [early[0], everybody[0]]);
    assert_eq!(make(tx, 9, NOW), [everybody[4], everybody[2], everybody[3]]);
    assert!(due::is_complete(tx.as_read(), NOW).unwrap());
    assert_eq!(stored(tx.as_read()).len(), 6);
    due::forget(tx, [&everybody[2]]).unwrap();
    assert!(!due::is_complete(tx.as_read(), NOW).unwrap());
    assert_eq!(make(tx, 9, NOW), everybody[2..3]);
}

#[test]
fn a_row_holds_what_opens_soon_and_goes_with_the_customer() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let tx = &mut *tx;
    let everybody = book_of(tx, 1..=2);
    make(tx, 9, NOW);
    let far = DueItem {
        opens: NOW.plus_ms(due::AHEAD_MS + 1),
        ..item("far", 24 * 40)
    };
    let mut one = customer(1, Some(5_000), vec![item("near", 1), far]);
    one.owner = Some(ME);
    one.wishes = vec!["A-1".to_owned()];
    due::put(tx, &one, NOW).unwrap();
    due::put(tx, &customer(2, None, Vec::new()), NOW).unwrap();
    let mut found = Vec::new();
    due::for_each(tx.as_read(), &mut |due| found.push(due)).unwrap();
    one.items.truncate(1);
    assert_eq!(found, [one]);
    due::forget(tx, &everybody).unwrap();
    due::put(tx, &customer(1, None, Vec::new()), NOW).unwrap();
    for customer in everybody {
        projection::unfold(tx, customer).unwrap();
    }
    let mut left = Vec::new();
    crate::store::scan_prefix(tx.as_read(), Table::Gap, &[], &mut |key, _| {
        left.push(key[0]);
        Ok(std::ops::ControlFlow::Continue(()))
    })
    .unwrap();
    assert_eq!(left, [0xE6, 0xE7], "nothing is left of who is gone");
}
