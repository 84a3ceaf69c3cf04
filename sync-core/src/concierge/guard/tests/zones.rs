//! Quiet hours where a number tells the clock of its country.

use proptest::prelude::*;

use super::*;

fn number(stage: &mut Stage, kind: EndpointKind, number: &str) {
    stage.whole.view.endpoints.push(EndpointView {
        id: number.to_owned(),
        kind,
        value: fact(number.to_owned(), NOON),
        status: EndpointStatus::Ok,
    });
}

fn shop_ahead(stage: &mut Stage, minutes: i32) {
    if let Some(shop) = stage.house.shops.get_mut(&SHOP) {
        shop.clock = vec![(Timestamp(0), minutes)];
    }
}

fn asked(stage: &Stage) -> Verdict {
    stage.ask(&call(Purpose::Care))
}

#[test]
fn somebody_whose_number_is_of_tokyo_is_not_called_at_night_there() {
    let mut stage = Stage::new();
    assert!(asked(&stage).is_allowed());
    number(&mut stage, EndpointKind::Phone, "+81312345678");
    // 21:00 in Tokyo. The shop's day begins at 9:00 UTC, when Tokyo's has an hour left.
    let until = holds(&stage, &call(Purpose::Care), Reason::QuietHours);
    assert_eq!(until, Until::Moment(NOON.plus_ms(21 * HOUR)));
    let told = asked(&stage).sources;
    assert_eq!(told, [edit(1).to_string()], "by the number, not the shop");
    stage.now = NOON.plus_ms(21 * HOUR);
    assert!(asked(&stage).is_allowed());
    stage.now = NOON.plus_ms(22 * HOUR);
    holds(&stage, &call(Purpose::Care), Reason::QuietHours);
}

#[test]
fn the_shops_night_stays_a_night_whatever_a_number_tells() {
    let mut stage = Stage::new();
    number(&mut stage, EndpointKind::Whatsapp, "+81312345678");
    stage.now = NOON.plus_ms(12 * HOUR);
    let until = holds(&stage, &call(Purpose::Care), Reason::QuietHours);
    assert_eq!(until, Until::Moment(NOON.plus_ms(21 * HOUR)));
    let told = asked(&stage).sources;
    assert_eq!(told, [SHOP.to_string()], "it is nine in Tokyo");
}

#[test]
fn a_country_of_two_clocks_is_day_when_both_are() {
    let mut stage = Stage::new();
    number(&mut stage, EndpointKind::Phone, "+34600123456");
    for (hours, is_day) in [(-4, false), (-3, true), (5, true), (6, false)] {
        stage.now = NOON.plus_ms(hours * HOUR);
        stage.synced_at = Some(stage.now);
        assert_eq!(
            asked(&stage).is_allowed(),
            is_day,
            "{hours} hours from noon"
        );
    }
}

#[test]
fn what_tells_no_clock_changes_nothing() {
    let mut stage = Stage::new();
    number(&mut stage, EndpointKind::Phone, "+12125550100");
    number(&mut stage, EndpointKind::Line, "+81312345678");
    number(&mut stage, EndpointKind::Phone, "+81312345678");
    let last = stage.whole.view.endpoints.last_mut().unwrap();
    last.status = EndpointStatus::WrongPerson;
    assert!(asked(&stage).is_allowed());
}

#[test]
fn clocks_that_share_no_day_hold_for_a_night_at_a_time() {
    let mut stage = Stage::new();
    shop_ahead(&mut stage, -600);
    number(&mut stage, EndpointKind::Phone, "+33612345678");
    for hours in 0..48 {
        stage.now = NOON.plus_ms(hours * HOUR);
        let until = holds(&stage, &call(Purpose::Care), Reason::QuietHours);
        let Until::Moment(until) = until else {
            panic!("{until:?}");
        };
        assert!(until <= stage.now.plus_ms(24 * HOUR), "{hours}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_number_never_permits_what_was_held_and_only_puts_off(
        minutes in 0_i64..540_000,
        ahead in -720_i32..840,
        prefix in prop_oneof!["\\+[1-9][0-9]{6,14}", Just("+34600123456".to_owned()), Just("+81312345678".to_owned())],
    ) {
        let mut stage = Stage::new();
        stage.now = NOON.plus_ms(minutes * 60_000);
        stage.synced_at = Some(stage.now);
        shop_ahead(&mut stage, ahead);
        let until = |verdict: &Verdict| match verdict.ruling {
            Ruling::Hold { until: Until::Moment(until), reason: Reason::QuietHours } => Some(until),
            Ruling::Allow | Ruling::Hold { .. } | Ruling::Deny { .. } => None,
        };
        let before = asked(&stage);
        number(&mut stage, EndpointKind::Phone, &prefix);
        let after = asked(&stage);
        prop_assert!(!after.is_allowed() || before.is_allowed());
        prop_assert!(until(&after) >= until(&before), "{before:?} {after:?}");
    }

    #[test]
    fn when_a_night_of_europe_is_over_it_is_day_by_every_clock(
        minutes in 0_i64..540_000,
        ahead in -60_i32..180,
        number_of in prop_oneof![Just("+33612345678"), Just("+351912345678"), Just("+358401234567")],
    ) {
        let mut stage = Stage::new();
        stage.now = NOON.plus_ms(minutes * 60_000);
        stage.synced_at = Some(stage.now);
        shop_ahead(&mut stage, ahead);
        number(&mut stage, EndpointKind::Phone, number_of);
        if let Ruling::Hold { until: Until::Moment(until), reason: Reason::QuietHours } = asked(&stage).ruling {
            stage.now = until;
            stage.synced_at = Some(until);
            let is_night = matches!(asked(&stage).ruling, Ruling::Hold { reason: Reason::QuietHours, .. });
            prop_assert!(!is_night);
        }
    }
}
