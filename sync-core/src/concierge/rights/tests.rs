//! Slots hold every cap in every interleaving; gestures never exceed the pool.

use proptest::prelude::*;

use super::*;
use crate::card::CardView;
use crate::entropy::{Entropy as _, SeededEntropy};
use crate::ids::AssociateId;

const DAY: i64 = Timestamp::DAY_MS;
const HOUR: i64 = 3_600_000;
const ME: AssociateId = AssociateId([1; 8]);
const CAPS: [(usize, i64); 2] = [(1, DAY), (2, 7 * DAY)];

fn holder(number: u8) -> Holder {
    Holder {
        device: DeviceId([number; 8]),
        session: SessionId([number; 8]),
    }
}

fn customer() -> CustomerId {
    CustomerId([9; 16])
}

fn span(from_hours: i64, until_hours: i64) -> Slot {
    Slot {
        from: Timestamp(from_hours * HOUR),
        until: Timestamp(until_hours * HOUR),
    }
}

fn handheld(number: u8, slots: &[Slot]) -> Held {
    let right = |slot: &Slot| {
        let body = RightBody::Contact {
            holder: holder(number),
            slot: *slot,
            customers: vec![customer()],
        };
        (contact_right_key(holder(number).device, *slot, 0), body)
    };
    Held::new(holder(number), slots.iter().map(right), Marks::default())
}

/// Calls when the handheld's rights allow; it sees nothing but its own marks.
fn try_call(held: &mut Held, now: Timestamp) -> bool {
    let found = held.contact(&[], (customer(), ME, now), &CardView::default());
    let Ok(key) = found.map(str::to_owned) else {
        return false;
    };
    held.mark_contact(&key, customer());
    true
}

fn keeps_caps(calls: &mut [Timestamp]) -> bool {
    calls.sort_unstable();
    CAPS.iter().all(|(count, window)| {
        let later = calls.iter().skip(*count);
        calls
            .iter()
            .zip(later)
            .all(|(one, other)| other.0 - one.0 >= *window)
    })
}

/// Vector 8 of the domain: a cap of 1 in 24 hours and 2 in a week, two handhelds apart, each with one right.
#[test]
fn two_partitioned_handhelds_with_a_right_each_call_twice_and_never_within_a_day() {
    let today = local_day(Timestamp(0), 0);
    let wanted = Wanted {
        today,
        days_ahead: 7,
        days: 1,
    };
    let first = next_slot(&[], wanted, &CAPS).expect("nothing is taken");
    let second = next_slot(&[first], wanted, &CAPS).expect("a day apart is free");
    let mut one = handheld(1, &[first]);
    let mut other = handheld(2, &[second]);
    let mut calls = Vec::new();
    for hour in 0..14 * 24 {
        let now = Timestamp(hour * HOUR);
        for held in [&mut one, &mut other] {
            if try_call(held, now) {
                calls.push(now);
            }
        }
    }
    assert_eq!(calls.len(), 2);
    assert!(keeps_caps(&mut calls));
    let third = one.contact(&[], (customer(), ME, first.from), &CardView::default());
    assert!(third.is_err(), "the third attempt has no right");
}

#[test]
fn slots_that_lie_too_close_do_not_fit() {
    let given = [span(0, 24), span(48, 72)];
    assert!(!fits(&given[..1], span(47, 60), &CAPS));
    assert!(fits(&given[..1], span(48, 72), &CAPS));
    assert!(
        !fits(&given, span(191, 200), &CAPS),
        "three within seven days"
    );
    assert!(fits(&given, span(192, 216), &CAPS));
    assert!(
        !fits(&[span(30, 40)], span(0, 24), &CAPS),
        "also before what is given"
    );
}

#[test]
fn a_spent_slot_counts_as_the_contact_it_became() {
    let given = [span(0, 120)];
    let spent = settled(&given, &[Timestamp(10 * HOUR), Timestamp(20 * HOUR)]);
    assert_eq!(spent, [span(10, 10)]);
    assert!(fits(&spent, span(34, 58), &CAPS));
    assert!(!fits(&given, span(34, 58), &CAPS));
    assert_eq!(settled(&given, &[Timestamp(130 * HOUR)]), given);
}

#[test]
fn the_next_slot_is_as_long_as_allowed() {
    let wanted = Wanted {
        today: span(0, 24),
        days_ahead: 6,
        days: 5,
    };
    assert_eq!(next_slot(&[], wanted, &CAPS), Some(span(0, 120)));
    let before_another = next_slot(&[span(96, 120)], wanted, &CAPS);
    assert_eq!(before_another, Some(span(0, 72)));
    let full = [span(-24, 0), span(24, 48), span(216, 240)];
    assert_eq!(next_slot(&full, wanted, &CAPS), None);
}

#[test]
fn a_copy_and_a_later_sign_in_hold_no_right() {
    let slot = span(0, 24);
    let body = RightBody::Contact {
        holder: holder(1),
        slot,
        customers: vec![customer()],
    };
    let copy = Held::new(
        holder(2),
        [("key".to_owned(), body.clone())],
        Marks::default(),
    );
    assert!(copy.keys().is_empty());
    let later = Holder {
        session: SessionId([5; 8]),
        ..holder(1)
    };
    let later = Held::new(later, [("key".to_owned(), body)], Marks::default());
    let asked = (customer(), ME, Timestamp(HOUR));
    assert!(later.contact(&[], asked, &CardView::default()).is_err());
}

#[test]
fn a_right_reads_back_from_its_notice() {
    let slot = span(1, 2);
    let rights = [
        RightBody::Contact {
            holder: holder(1),
            slot,
            customers: vec![customer()],
        },
        RightBody::Gesture {
            holder: holder(1),
            shop: ShopId([1; 8]),
            day: slot,
            amount_minor: 5_000,
            currency: "EUR".parse().ok(),
        },
    ];
    for right in rights {
        let bytes = minicbor::to_vec(&right).unwrap();
        assert_eq!(minicbor::decode::<RightBody>(&bytes).unwrap(), right);
    }
    let many = RightBody::Contact {
        holder: holder(1),
        slot,
        customers: vec![customer(); CUSTOMERS_PER_RIGHT_MAX],
    };
    let bytes = minicbor::to_vec(&many).unwrap();
    assert!(bytes.len() < crate::limits::NOTICE_BYTES_MAX);
}

#[test]
fn marks_of_rights_that_are_gone_are_forgotten() {
    let mut held = handheld(1, &[span(0, 24)]);
    assert!(try_call(&mut held, Timestamp(HOUR)));
    let mut marks = held.marks().clone();
    marks.keep(&held.keys());
    assert_eq!(marks.contacts.len(), 1);
    marks.keep(&std::collections::BTreeSet::new());
    assert_eq!(marks, Marks::default());
}

fn gesture(amount_minor: i64) -> Gesture {
    Gesture {
        customer: customer(),
        reason: "the strap broke twice".to_owned(),
        amount_minor,
        currency: "EUR".parse().ok(),
        shop: ShopId([1; 8]),
    }
}

fn with_gestures(amount_minor: i64) -> Held {
    let body = RightBody::Gesture {
        holder: holder(1),
        shop: ShopId([1; 8]),
        day: span(0, 24),
        amount_minor,
        currency: "EUR".parse().ok(),
    };
    Held::new(
        holder(1),
        [("gesture/1".to_owned(), body)],
        Marks::default(),
    )
}

#[test]
fn a_gesture_needs_a_reason_a_cost_and_what_is_left() {
    let mut held = with_gestures(5_000);
    let now = Timestamp(HOUR);
    let no_reason = Gesture {
        reason: "  ".to_owned(),
        ..gesture(100)
    };
    assert_eq!(
        spend(&mut held, &no_reason, now),
        Err(GestureError::NoReason)
    );
    assert_eq!(
        spend(&mut held, &gesture(0), now),
        Err(GestureError::NotPositive)
    );
    assert_eq!(
        spend(&mut held, &gesture(-5), now),
        Err(GestureError::NotPositive)
    );
    let spent = spend(&mut held, &gesture(4_000), now).unwrap();
    assert_eq!(
        (spent.spent, spent.left_minor),
        ((4_000, "gesture/1".to_owned()), 1_000)
    );
    let too_much = GestureError::TooMuch {
        asked_minor: 1_001,
        left_minor: 1_000,
    };
    assert_eq!(spend(&mut held, &gesture(1_001), now), Err(too_much));
    let tomorrow = Timestamp(25 * HOUR);
    assert_eq!(
        spend(&mut held, &gesture(1), tomorrow),
        Err(GestureError::NoRight)
    );
    let dollars = Gesture {
        currency: "USD".parse().ok(),
        ..gesture(1)
    };
    assert_eq!(spend(&mut held, &dollars, now), Err(GestureError::NoRight));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The hub gives slots to handhelds that never meet again, at any moment; each calls whenever it may, in any order and at its worst.
    #[test]
    fn no_schedule_of_partitioned_handhelds_exceeds_a_cap(seed in any::<u64>(), handhelds in 2_u8..7) {
        let mut random = SeededEntropy::new(seed);
        let mut draw = |below: i64| {
            let mut bytes = [0; 8];
            random.fill(&mut bytes);
            i64::try_from(u64::from_le_bytes(bytes) >> 1).unwrap() % below
        };
        let mut given: Vec<(u8, Slot)> = Vec::new();
        let mut calls: Vec<Timestamp> = Vec::new();
        let mut fleet: Vec<Held> = (0..handhelds).map(|number| handheld(number, &[])).collect();
        for hour in 0..24 * 30 {
            let now = Timestamp(hour * HOUR);
            if draw(12) == 0 {
                let number = u8::try_from(draw(handhelds.into())).unwrap();
                // The hub hears of some contacts, not of all.
                let heard: Vec<Timestamp> = calls.iter().copied().filter(|_| draw(2) == 0).collect();
                let slots: Vec<Slot> = given.iter().map(|(_, slot)| *slot).collect();
                let wanted = Wanted {
                    today: local_day(now, 120),
                    days_ahead: u32::try_from(draw(8)).unwrap(),
                    days: u32::try_from(1 + draw(5)).unwrap(),
                };
                if let Some(slot) = next_slot(&settled(&slots, &heard), wanted, &CAPS) {
                    given.push((number, slot));
                    let mine: Vec<Slot> = given.iter().filter(|(of, _)| *of == number).map(|(_, slot)| *slot).collect();
                    let marks = fleet[usize::from(number)].marks().clone();
                    let rights = mine.iter().map(|slot| {
                        let body = RightBody::Contact { holder: holder(number), slot: *slot, customers: vec![customer()] };
                        (contact_right_key(holder(number).device, *slot, 0), body)
                    });
                    fleet[usize::from(number)] = Held::new(holder(number), rights, marks);
                }
            }
            for held in &mut fleet {
                if draw(6) == 0 && try_call(held, now) {
                    calls.push(now);
                }
            }
        }
        prop_assert!(!given.is_empty());
        prop_assert!(keeps_caps(&mut calls), "{calls:?}");
    }

    #[test]
    fn a_contact_fits_at_the_earliest_moment_and_not_an_hour_before(offsets in proptest::collection::vec(0_i64..400, 0..5)) {
        let taken: Vec<Slot> = offsets.iter().map(|hour| span(*hour, hour + 20)).collect();
        let now = Timestamp(100 * HOUR);
        let found = earliest(&taken, now, &CAPS);
        let later = fits(&taken, Slot::moment(found), &CAPS);
        let is_possible = fits(&taken, span(10_000, 10_001), &CAPS);
        prop_assert_eq!(later, is_possible);
        if is_possible && found > now {
            prop_assert!(!fits(&taken, Slot::moment(found.plus_ms(-HOUR)), &CAPS));
        }
    }

    #[test]
    fn gestures_never_exceed_the_pool(pool in 0_i64..100_000, wants in proptest::collection::vec(0_i64..20_000, 1..20), costs in proptest::collection::vec(1_i64..9_000, 1..60)) {
        let mut given = Vec::new();
        for want in &wants {
            let amount = allot(pool, given.iter().copied(), *want);
            given.push(amount);
        }
        let mut fleet: Vec<Held> = given.iter().map(|amount| with_gestures(*amount)).collect();
        let mut spent = 0;
        for (at, cost) in costs.iter().enumerate() {
            let count = fleet.len();
            if let Ok(done) = spend(&mut fleet[at % count], &gesture(*cost), Timestamp(HOUR)) {
                spent += done.spent.0;
            }
        }
        prop_assert!(spent <= given.iter().sum());
        prop_assert!(given.iter().sum::<i64>() <= pool);
    }
}
