//! The guard over a person of several cards.

use std::collections::BTreeMap;

use super::*;
use crate::card::edit::Edit;
use crate::card::links;
use crate::card::stage::Stage as CardStage;
use crate::card::view::Reading;

#[test]
fn caps_sum_over_the_cards_of_a_person() {
    let called = r#"{"edit":"record_interaction","kind":"call","channel":"call"}"#;
    let called: Edit = serde_json::from_str(called).unwrap();
    let one = CardStage::new();
    let mut other = CardStage::new();
    other.customer = CustomerId([8; 16]);
    other.does(&called);
    let reading = Reading {
        now: other.now,
        corrections: &BTreeMap::new(),
    };
    let cards = [(one.customer, one.visible), (other.customer, other.visible)];
    let person = links::merge(&cards.into(), &reading, None);
    let mut stage = Stage::new();
    assert!(stage.ask(&call(Purpose::Care)).is_allowed());
    stage.whole.members = person.members;
    stage.whole.view.interactions = person.view.interactions;
    for call in &mut stage.whole.view.interactions {
        call.summary.at = NOON.plus_ms(-HOUR);
    }
    holds(&stage, &call(Purpose::Care), Reason::CapDay);
    stage.contact(-100, false, Channel::Sms);
    holds(&stage, &call(Purpose::Care), Reason::CapWeek);
}
