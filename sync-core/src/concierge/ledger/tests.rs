//! Claims about what was given and received.

use super::*;
use crate::card::stage::Stage;
use crate::concierge::picture::{House, Told, Viewer};
use crate::ids::{AssociateId, CustomerId, DeviceId, ShopId};
use crate::notices::bodies::{CaseBody, ContactBody, ResponseBody};
use crate::records::{Currency, Sale, SaleLine, SoldAt};

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn told<T>(key: &str, body: T) -> Told<T> {
    Told {
        key: key.to_owned(),
        source: "desk".to_owned(),
        as_of: Timestamp(1_780_000_000_000),
        body,
    }
}

fn record(kind: RecordKind, id: &str, amount_minor: i64) -> Record {
    Record {
        kind,
        customer: CustomerId([9; 16]),
        source: "till".to_owned(),
        source_id: id.to_owned(),
        version: 1,
        as_of: Timestamp(1_772_000_000_000),
        sale: Sale {
            shop: None,
            at: SoldAt::Day(20_500),
            lines: vec![SaleLine {
                sku: Some("A-1".to_owned()),
                label: Some("Coat".to_owned()),
                quantity: 1,
                amount_minor,
            }],
            amount_minor,
            currency: "EUR".parse::<Currency>().unwrap(),
        },
    }
}

fn case(key: &str, is_complaint: bool, state: CaseState) -> Told<CaseBody> {
    let opened_at = Timestamp(1_779_000_000_000);
    told(
        key,
        CaseBody {
            topic: "zip".to_owned(),
            is_complaint,
            state,
            opened_at,
            solved_at: None,
            sku: None,
        },
    )
}

fn whole() -> Whole {
    let mut stage = Stage::new();
    let mut does = |text: String| stage.does(&serde_json::from_str(&text).unwrap());
    does(r#"{"edit":"record_interaction","kind":"gesture","summary":"flowers","spent":{"minor":5000,"right":"r"}}"#.to_owned());
    does(r#"{"edit":"record_interaction","kind":"call","summary":"hours"}"#.to_owned());
    does(r#"{"edit":"record_interaction","kind":"call","act":"advice","summary":"how to wash silk"}"#.to_owned());
    does(r#"{"edit":"record_interaction","kind":"referral","by_customer":true,"summary":"sent a friend"}"#.to_owned());
    let need = does(r#"{"edit":"add_need","what":"rain"}"#.to_owned());
    does(format!(
        r#"{{"edit":"answer_need","need":"{need}","answer":"the house across the street"}}"#
    ));
    does(format!(
        r#"{{"edit":"record_interaction","kind":"referral","about":"{need}","summary":"across the street"}}"#
    ));
    let other = does(r#"{"edit":"add_need","what":"travel"}"#.to_owned());
    does(format!(
        r#"{{"edit":"answer_need","need":"{other}","answer":"A-1"}}"#
    ));
    does(r#"{"edit":"record_reaction","sku":"A-1","sentiment":"loved"}"#.to_owned());
    does(r#"{"edit":"add_suggestion","what":"a chair"}"#.to_owned());
    let at = Timestamp(1_779_500_000_000);
    Whole {
        view: stage.view(),
        sales: vec![
            record(RecordKind::Purchase, "1", 40_000),
            record(RecordKind::Purchase, "2", 10_000),
            record(RecordKind::Return, "3", 10_000),
        ],
        cases: vec![
            case("desk:1", false, CaseState::Solved),
            case("desk:2", false, CaseState::Open),
            case("desk:3", true, CaseState::Solved),
        ],
        responses: vec![told(
            "survey:1",
            ResponseBody {
                to: "s".to_owned(),
                channel: None,
                at,
                words: Some("kind people".to_owned()),
                score: Some(10),
            },
        )],
        contacts: vec![told(
            "crm:1",
            ContactBody {
                channel: None,
                purpose: None,
                at,
                by_customer: false,
                summary: Some("care of shoes".to_owned()),
                content: None,
                by: None,
                act: Some("advice".to_owned()),
            },
        )],
        ..Whole::default()
    }
}

fn of(whole: &Whole) -> Ledger {
    let picture = Picture {
        customer: CustomerId([9; 16]),
        whole,
        house: &House::default(),
        viewer: Viewer {
            associate: AssociateId([1; 8]),
            device: DeviceId([2; 8]),
            shop: ShopId([3; 8]),
        },
        synced_at: None,
        now: NOW,
    };
    ledger(&picture)
}

#[test]
fn the_line_says_both_sides_and_no_balance() {
    let ledger = of(&whole());
    assert_eq!(
        ledger.line(Language::English),
        "From them: 2 purchases, 1 return, 4 words of feedback, 1 introduction. \
         From us: 1 gesture, 3 pieces of advice, 1 repair, 1 honest referral."
    );
    assert_eq!(
        ledger.line(Language::French),
        "De sa part\u{a0}: 2 achats, 1 retour, 4 avis, 1 personne présentée. \
         De notre part\u{a0}: 1 attention, 3 conseils, 1 réparation, 1 orientation honnête ailleurs."
    );
    assert_eq!(
        of(&Whole::default()).line(Language::English),
        "From them: nothing yet. From us: nothing yet."
    );
}

#[test]
fn a_greeting_and_thanks_are_no_gestures_and_advice_sends_nobody_elsewhere() {
    let mut stage = Stage::new();
    for act in ["recognized", "honored", "honored", "honored", "thank_you"] {
        for kind in ["service", "gesture"] {
            let text = format!(r#"{{"edit":"record_interaction","kind":"{kind}","act":"{act}"}}"#);
            stage.does(&serde_json::from_str(&text).unwrap());
        }
    }
    let counts = |stage: &Stage| {
        let view = stage.view();
        of(&Whole {
            view,
            ..Whole::default()
        })
        .counts()
    };
    assert_eq!(counts(&stage), BTreeMap::new());
    for act in ["advice", "alteration"] {
        let text = format!(r#"{{"edit":"record_interaction","kind":"service","act":"{act}"}}"#);
        stage.does(&serde_json::from_str(&text).unwrap());
    }
    let given = [(EntryKind::Advice, 1), (EntryKind::Repair, 1)];
    assert_eq!(counts(&stage), BTreeMap::from(given));
}

#[test]
fn the_line_does_not_change_with_what_was_spent() {
    let mut richer = whole();
    for record in &mut richer.sales {
        record.sale.amount_minor *= 1_000;
    }
    assert_eq!(
        of(&richer).line(Language::English),
        of(&whole()).line(Language::English)
    );
    let ledger = of(&whole());
    let gesture = ledger
        .received
        .iter()
        .find(|one| one.kind == EntryKind::Gesture);
    assert_eq!(gesture.unwrap().amount, None, "what a gesture cost");
}

#[test]
fn every_entry_says_where_it_stands_and_the_order_of_rows_does_not_matter() {
    let whole = whole();
    let mut turned = whole.clone();
    turned.sales.reverse();
    turned.cases.reverse();
    turned.view.interactions.reverse();
    turned.view.reactions.reverse();
    turned.view.needs.reverse();
    assert_eq!(of(&turned).to_json(), of(&whole).to_json());
    let ledger = of(&whole);
    let sources: std::collections::BTreeSet<_> = ledger
        .gave
        .iter()
        .chain(&ledger.received)
        .map(|entry| (entry.kind, entry.source.clone()))
        .collect();
    assert_eq!(sources.len(), ledger.gave.len() + ledger.received.len());
    assert!(ledger.to_json().contains(r#""system":"till""#));
}

#[test]
fn nothing_is_told_of_an_erased_customer_nor_of_the_future() {
    let mut erased = whole();
    erased.is_erased = true;
    assert_eq!(of(&erased), Ledger::default());
    let mut later = whole();
    later.responses[0].body.at = NOW.plus_ms(1);
    let feedback = |whole: &Whole| of(whole).counts()[&EntryKind::Feedback];
    assert_eq!(feedback(&later) + 1, feedback(&whole()));
}
