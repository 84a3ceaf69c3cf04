//! Claims about messages that go through the hub.

use super::*;

#[test]
fn a_message_that_waits_at_the_hub_counts_and_does_not_stand_in_its_own_way() {
    let mut stage = Stage::new();
    let mut words = fact(Some("The bag is here.".to_owned()), NOON.plus_ms(-HOUR));
    words.by = COLLEAGUE;
    stage.whole.view.asks.push(AskView {
        id: edit(6),
        kind: AskKind::Message,
        subject: Some("sms".to_owned()),
        purpose: Some(Purpose::Care),
        quantity: 1,
        at: None,
        words,
        withdrawn: false,
    });
    holds(&stage, &call(Purpose::Care), Reason::CapDay);
    let judged = Request {
        channel: Channel::Sms,
        way: Way::ThroughHub,
        ask: Some(edit(6)),
        content: Some(content_of("the bag  is HERE.")),
        ..call(Purpose::Care)
    };
    assert!(stage.judge(&judged, Rights::Hub(&[])).is_allowed());
    stage.whole.view.asks[0].withdrawn = true;
    assert!(stage.ask(&call(Purpose::Care)).is_allowed());
}

#[test]
fn who_holds_no_slot_may_ask_the_hub_and_not_write_themselves() {
    let stage = Stage::new();
    let held = Held::default();
    let message = Request::message(
        (Channel::Sms, Purpose::Care),
        Some("The bag is here."),
        None,
    );
    let by_hub = stage.judge(&message, Rights::Handheld(&held));
    assert!(by_hub.is_allowed(), "{by_hub:?}");
    let direct = Request {
        way: Way::Direct,
        ..message
    };
    let verdict = stage.judge(&direct, Rights::Handheld(&held));
    assert_eq!(verdict.reason(), Some(Reason::NoRight));
}

#[test]
fn the_hub_sends_nothing_into_a_slot_that_another_handheld_holds() {
    let stage = Stage::new();
    let request = Request {
        way: Way::ThroughHub,
        ..call(Purpose::Care)
    };
    let theirs = Slot {
        from: NOON,
        until: NOON.plus_ms(48 * HOUR),
    };
    let verdict = stage.judge(&request, Rights::Hub(&[theirs]));
    let until = Until::Moment(NOON.plus_ms(72 * HOUR));
    let reason = Reason::NoRight;
    assert_eq!(verdict.ruling, Ruling::Hold { until, reason });
    let later = Slot {
        from: NOON.plus_ms(25 * HOUR),
        until: NOON.plus_ms(48 * HOUR),
    };
    assert!(stage.judge(&request, Rights::Hub(&[later])).is_allowed());
}
