//! Claims about time and order: conditions, clocks that are wrong, shops that are elsewhere, rows in any order.

use super::*;

#[test]
fn conditions_divide_and_say_so() {
    let mut item = Playbook::standard().item("thank_you").unwrap().clone();
    let mut whole = Whole {
        sales: vec![
            purchase("1", 100, "coat", 5_000),
            purchase("2", 200, "hat", 7_000),
        ],
        ..Whole::default()
    };
    whole.view.tags = vec![fact("Gold".to_owned(), noon(150))];
    let mut check = |condition: Condition, days: &[&str]| {
        item.applies_if = vec![condition.clone()];
        let playbook = Playbook {
            items: vec![item.clone()],
        };
        let found = obligations(CUSTOMER, (&whole, &House::default()), &playbook, noon(300));
        let about: Vec<_> = found.iter().map(|one| one.about.as_str()).collect();
        assert_eq!(about, days, "{condition:?}");
    };
    check(Condition::FirstPurchase, &["100"]);
    check(Condition::RepeatPurchase, &["200"]);
    check(Condition::Tag("gold".to_owned()), &["200"]);
    let spent = |minor, currency| Condition::SpentAtLeast { minor, currency };
    check(spent(12_000, Currency::EUR), &["200"]);
    check(spent(5_000, Currency::EUR), &["100", "200"]);
    check(spent(1, Currency::USD), &[]);
    check(Condition::Agreed, &[]);
    check(Condition::HasOwner, &[]);
}

#[test]
fn a_clock_far_in_the_future_breaks_nothing() {
    let far = Timestamp(i64::MAX - 5);
    let mut future = purchase("1", 100, "coat", 5_000);
    future.sale.at = SoldAt::Moment(far);
    future.as_of = far;
    let mut whole = Whole {
        sales: vec![future, purchase("2", 100, "hat", 5_000)],
        ..Whole::default()
    };
    whole.view.visits = vec![visit(1, far), visit(2, Timestamp(i64::MIN))];
    whole.view.interactions = vec![dealing(1, Act::ThankYou, far)];
    whole.view.occasions = vec![OccasionView {
        id: "birthday".to_owned(),
        kind: OccasionKind::Birthday,
        person: None,
        year: None,
        month: Some(2),
        day: Some(29),
        celebrate: Some(true),
        known_at: Some(far),
        needs_confirmation: false,
        sources: vec![],
    }];
    let found = obligations(
        CUSTOMER,
        (&whole, &House::default()),
        &Playbook::standard(),
        noon(300),
    );
    let thanks: Vec<_> = found
        .iter()
        .filter(|one| one.item == "thank_you")
        .map(|one| one.state)
        .collect();
    assert_eq!(
        thanks,
        [State::Missed, State::Pending],
        "what is to come proves nothing"
    );
    for now in [Timestamp(i64::MIN), Timestamp(0), far, Timestamp(i64::MAX)] {
        let owed_then = obligations(
            CUSTOMER,
            (&whole, &House::default()),
            &Playbook::standard(),
            now,
        );
        assert!(owed_then.len() < 40, "{owed_then:?}");
    }
    // A till whose clock runs ahead of what its file says is believed up to the file.
    whole.sales[0].as_of = noon(100);
    let found = owed(&whole, "thank_you", noon(300));
    assert_eq!(found.len(), 1, "both receipts are of one day then");
}

#[test]
fn a_day_is_the_shop_s_day() {
    let house = House {
        shops: [(
            SHOP,
            ShopBody {
                name: "Tokyo".to_owned(),
                clock: vec![(Timestamp(0), 540)],
                currency: None,
            },
        )]
        .into(),
        ..House::default()
    };
    let mut late = purchase("1", 100, "coat", 1);
    late.sale.at = SoldAt::Moment(Timestamp(100 * DAY + 20 * HOUR));
    let mut day_only = purchase("2", 101, "coat", 1);
    day_only.sale.at = SoldAt::Day(101);
    let days = bought_days(&[late, day_only], &house);
    assert_eq!(days.len(), 1);
    assert_eq!(
        (days[0].day, days[0].at),
        (101, Timestamp(100 * DAY + 15 * HOUR))
    );
}

proptest! {
    #[test]
    fn the_order_of_rows_changes_nothing(
        days in prop::collection::vec((0_u16..400, any::<u8>()), 0..24),
        now in 0_i64..500,
        turn in 0_usize..24,
    ) {
        let whole = life(&days);
        let mut turned = whole.clone();
        turned.sales.reverse();
        turned.view.visits.reverse();
        if !turned.view.interactions.is_empty() {
            let turn = turn % turned.view.interactions.len();
            turned.view.interactions.rotate_left(turn);
        }
        turned.view.reactions.reverse();
        let of = |whole: &Whole| {
            obligations(CUSTOMER, (whole, &House::default()), &Playbook::standard(), noon(now))
        };
        prop_assert_eq!(of(&whole), of(&turned));
    }

    #[test]
    fn an_obligation_keeps_its_id_and_never_reopens(
        days in prop::collection::vec((0_u16..300, any::<u8>()), 0..24),
        first in 0_i64..400,
        later in 0_i64..200,
    ) {
        let whole = life(&days);
        let of = |now| obligations(CUSTOMER, (&whole, &House::default()), &Playbook::standard(), noon(now));
        let (before, after) = (of(first), of(first + later));
        let mut ids: Vec<_> = before.iter().map(|one| one.id.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), before.len(), "each has an id of its own");
        for one in &before {
            let then = after.iter().find(|other| other.id == one.id);
            let Some(then) = then else {
                prop_assert!(false, "{} is gone", one.item);
                continue;
            };
            let reopened = one.state != State::Pending && then.state == State::Pending;
            prop_assert!(!reopened, "{:?} {:?}", one, then);
        }
    }
}
