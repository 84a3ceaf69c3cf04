//! Claims about what sets an item off, what shows that it was done, and what excuses; and the stage that other claims about the gap use.

mod acts;
mod loops;
mod moments;

use proptest::prelude::*;

use super::*;
use crate::card::Source;
use crate::card::reduce::Decision;
use crate::card::terms::{
    Act, Channel, InteractionKind, NeedState, OccasionKind, Polarity, PromiseStatus, Purpose,
    Sentiment, ServiceMode, SuggestionState,
};
use crate::card::view::{
    ConsentView, Fact, InteractionView, NeedView, OccasionView, PreferenceView, PromiseView,
    ReactionView, Strength, SuggestionView, VisitView, WishView,
};
use crate::concierge::picture::Told;
use crate::ids::{AssociateId, EditId, ShopId};
use crate::notices::bodies::{
    CaseBody, CaseState, ContactBody, OwnerBody, ResponseBody, ShopBody, StockBody,
};
use crate::records::{Currency, Record, RecordKind, Sale, SaleLine, SoldAt};

pub(in crate::concierge) const CUSTOMER: CustomerId = CustomerId([7; 16]);
pub(in crate::concierge) const SHOP: ShopId = ShopId([1; 8]);
pub(in crate::concierge) const HOUR: i64 = 3_600_000;
pub(in crate::concierge) const DAY: i64 = Timestamp::DAY_MS;

/// Midday of a day since 1970.
pub(in crate::concierge) fn noon(day: i64) -> Timestamp {
    Timestamp(day * DAY + 12 * HOUR)
}

pub(in crate::concierge) fn edit(number: u8) -> EditId {
    EditId([number; 10])
}

pub(in crate::concierge) fn fact<T>(value: T, at: Timestamp) -> Fact<T> {
    Fact {
        value,
        sources: vec![],
        by: AssociateId([1; 8]),
        shop: SHOP,
        at,
        source: Source::Typed,
        needs_confirmation: false,
    }
}

pub(in crate::concierge) fn purchase(id: &str, day: i64, sku: &str, cents: i64) -> Record {
    sale(RecordKind::Purchase, (id, day), sku, cents)
}

pub(in crate::concierge) fn sale(
    kind: RecordKind,
    (id, day): (&str, i64),
    sku: &str,
    cents: i64,
) -> Record {
    Record {
        kind,
        customer: CUSTOMER,
        source: "till".to_owned(),
        source_id: id.to_owned(),
        version: 1,
        as_of: noon(day + 1),
        sale: Sale {
            shop: Some(SHOP),
            at: SoldAt::Moment(noon(day)),
            lines: vec![SaleLine {
                sku: (!sku.is_empty()).then(|| sku.to_owned()),
                label: None,
                quantity: 1,
                amount_minor: cents,
            }],
            amount_minor: cents,
            currency: Currency::EUR,
        },
    }
}

pub(in crate::concierge) fn dealing(number: u8, act: Act, at: Timestamp) -> InteractionView {
    InteractionView {
        id: edit(number),
        kind: InteractionKind::Message,
        visit: None,
        channel: Some(Channel::Email),
        sku: None,
        by_customer: false,
        summary: fact(None, at),
        act: Some(act),
        about: None,
        spent: None,
    }
}

pub(in crate::concierge) fn visit(number: u8, at: Timestamp) -> VisitView {
    VisitView {
        id: edit(number),
        arrived: fact(None, at),
        captured: vec![],
        closed_at: None,
        thread: None,
        open: false,
    }
}

pub(in crate::concierge) fn reaction(number: u8, at: Timestamp) -> ReactionView {
    ReactionView {
        edit: edit(number),
        interaction: None,
        sku: "coat".to_owned(),
        sentiment: fact(Sentiment::Liked, at),
        words: None,
        superseded: false,
    }
}

fn preference(id: &str, source: Source, at: Timestamp) -> PreferenceView {
    PreferenceView {
        id: id.to_owned(),
        kind: "color".to_owned(),
        subject: id.to_owned(),
        value: Fact {
            source,
            ..fact(None, at)
        },
        polarity: Polarity::Like,
        strength: Strength::Confirmed,
        last_at: at,
        days_seen: 1,
    }
}

fn told<T>(key: &str, as_of: Timestamp, body: T) -> Told<T> {
    Told {
        key: key.to_owned(),
        source: "desk".to_owned(),
        as_of,
        body,
    }
}

/// What one item of the standard playbook comes to.
fn owed(whole: &Whole, item: &str, now: Timestamp) -> Vec<Obligation> {
    owed_in(whole, &House::default(), item, now)
}

fn owed_in(whole: &Whole, house: &House, item: &str, now: Timestamp) -> Vec<Obligation> {
    let playbook = Playbook {
        items: vec![Playbook::standard().item(item).unwrap().clone()],
    };
    obligations(CUSTOMER, (whole, house), &playbook, now)
}

fn states(whole: &Whole, item: &str, now: Timestamp) -> Vec<State> {
    owed(whole, item, now).iter().map(|one| one.state).collect()
}

#[test]
fn a_thank_you_is_met_in_time_late_afterwards_and_missed_without() {
    let mut whole = Whole {
        sales: vec![purchase("1", 100, "coat", 5_000)],
        ..Whole::default()
    };
    let bought = noon(100);
    let at = |hours: i64| bought.plus_ms(hours * HOUR);
    assert_eq!(states(&whole, "thank_you", at(71)), [State::Pending]);
    assert_eq!(states(&whole, "thank_you", at(72)), [State::Missed]);
    whole.view.interactions = vec![dealing(1, Act::ThankYou, at(100))];
    assert_eq!(states(&whole, "thank_you", at(99)), [State::Missed]);
    assert_eq!(states(&whole, "thank_you", at(101)), [State::Late]);
    whole.view.interactions = vec![dealing(1, Act::ThankYou, at(72))];
    assert_eq!(
        states(&whole, "thank_you", at(200)),
        [State::Late],
        "the window is half-open"
    );
    whole.view.interactions = vec![dealing(1, Act::ThankYou, at(71))];
    let met = owed(&whole, "thank_you", at(200)).remove(0);
    assert_eq!(met.state, State::Met);
    assert_eq!(
        (met.done_at, met.sources),
        (Some(at(71)), vec![edit(1).to_string()])
    );
    assert!(met.self_attested);
    whole.view.interactions = vec![dealing(1, Act::ThankYou, at(72 + 72))];
    assert_eq!(states(&whole, "thank_you", at(400)), [State::Missed]);
    whole.view.interactions = vec![
        dealing(1, Act::CareCheck, at(3)),
        dealing(2, Act::ThankYou, at(-1)),
    ];
    assert_eq!(states(&whole, "thank_you", at(400)), [State::Missed]);
}

#[test]
fn what_another_system_sent_is_evidence_that_is_not_self_attested() {
    let contact = ContactBody {
        channel: Some("email".to_owned()),
        purpose: Some("care".to_owned()),
        at: noon(101),
        by_customer: false,
        summary: None,
        content: None,
        by: None,
        act: Some("thank_you".to_owned()),
    };
    let whole = Whole {
        sales: vec![purchase("1", 100, "coat", 5_000)],
        contacts: vec![told("esp:1", noon(101), contact)],
        ..Whole::default()
    };
    let met = owed(&whole, "thank_you", noon(200)).remove(0);
    assert_eq!((met.state, met.self_attested), (State::Met, false));
    assert_eq!(met.sources, ["contact:esp:1"]);
}

#[test]
fn a_returned_purchase_owes_nothing() {
    let buy = |id, day, sku| purchase(id, day, sku, 5_000);
    let back = |id, day, sku| sale(RecordKind::Return, (id, day), sku, 5_000);
    let check = |sales: Vec<Record>, expected: &[State]| {
        let whole = Whole {
            sales,
            ..Whole::default()
        };
        assert_eq!(states(&whole, "thank_you", noon(300)), expected);
    };
    check(
        vec![buy("1", 100, "coat"), back("1", 105, "coat")],
        &[State::Void],
    );
    check(
        vec![buy("1", 100, "coat"), back("1", 105, "hat")],
        &[State::Missed],
    );
    check(
        vec![buy("1", 100, "coat"), back("1", 99, "coat")],
        &[State::Missed],
    );
    // The latest before the return, and no other.
    check(
        vec![
            buy("1", 100, "coat"),
            buy("2", 110, "coat"),
            buy("3", 120, "coat"),
            back("1", 115, "coat"),
        ],
        &[State::Missed, State::Void, State::Missed],
    );
    // Half of a day's purchases is not the day.
    check(
        vec![
            buy("1", 100, "coat"),
            buy("2", 100, "hat"),
            back("1", 105, "coat"),
        ],
        &[State::Missed],
    );
    // Where a till names no article, the amount does.
    check(
        vec![buy("1", 100, ""), buy("2", 101, ""), back("1", 105, "")],
        &[State::Missed, State::Void],
    );
}

#[test]
fn several_receipts_of_one_day_are_one_thank_you() {
    let whole = Whole {
        sales: vec![
            purchase("1", 100, "coat", 1),
            purchase("2", 100, "hat", 2),
            purchase("3", 101, "hat", 2),
        ],
        ..Whole::default()
    };
    assert_eq!(owed(&whole, "thank_you", noon(100)).len(), 2);
}

#[test]
fn a_care_check_takes_the_question_and_the_answer() {
    let mut whole = Whole {
        sales: vec![purchase("1", 100, "coat", 5_000)],
        ..Whole::default()
    };
    whole.view.interactions = vec![dealing(1, Act::CareCheck, noon(115))];
    assert_eq!(states(&whole, "care_check", noon(200)), [State::Missed]);
    whole.view.reactions = vec![reaction(2, noon(117))];
    let met = owed(&whole, "care_check", noon(200)).remove(0);
    assert_eq!((met.state, met.done_at), (State::Met, Some(noon(117))));
    assert_eq!(met.sources.len(), 2);
    whole.view.reactions = vec![reaction(2, noon(113))];
    assert_eq!(
        states(&whole, "care_check", noon(200)),
        [State::Missed],
        "too early"
    );
    let response = ResponseBody {
        to: "survey".to_owned(),
        channel: None,
        at: noon(116),
        words: None,
        score: Some(90),
    };
    whole.responses = vec![told("crm:9", noon(116), response)];
    let met = owed(&whole, "care_check", noon(200)).remove(0);
    assert_eq!((met.state, met.self_attested), (State::Met, false));
}

#[test]
fn a_promise_is_kept_by_its_date_or_late() {
    let mut promise = PromiseView {
        id: edit(3),
        what: fact("call about the hem".to_owned(), noon(100)),
        status: PromiseStatus::Open,
        kept_at: None,
        flagged: false,
        due: Some(noon(110)),
        due_disputed: false,
        assignees: vec![],
        overdue: false,
        sources: vec![],
    };
    let check = |promise: &PromiseView, now, expected: &[State]| {
        let mut whole = Whole::default();
        whole.view.promises = vec![promise.clone()];
        assert_eq!(states(&whole, "promise", now), expected);
    };
    check(&promise, noon(109), &[State::Pending]);
    check(&promise, noon(110), &[State::Missed]);
    promise.status = PromiseStatus::Done;
    promise.kept_at = Some(noon(105));
    check(&promise, noon(111), &[State::Met]);
    promise.kept_at = Some(noon(112));
    check(&promise, noon(113), &[State::Late]);
    promise.status = PromiseStatus::Cancelled;
    check(&promise, noon(113), &[State::Void]);
    promise.due = None;
    check(&promise, noon(113), &[]);
}

#[test]
fn only_the_customer_s_own_wish_excuses() {
    let mut whole = Whole {
        sales: vec![purchase("1", 100, "coat", 5_000)],
        ..Whole::default()
    };
    let check = |whole: &Whole, expected| {
        let one = owed(whole, "thank_you", noon(200)).remove(0);
        assert_eq!((one.state, one.excuse), expected);
    };
    check(&whole, (State::Missed, None));
    whole.view.contact.blocked = Some(fact(None, noon(101)));
    check(&whole, (State::Excused, Some(Excuse::DoNotContact)));
    whole.view.contact.blocked = Some(fact(None, noon(104)));
    check(&whole, (State::Missed, None));
    whole.view.contact.blocked = None;
    whole.view.contact.paused_until = Some(fact(noon(150), noon(99)));
    check(&whole, (State::Excused, Some(Excuse::Paused)));
    whole.view.contact.paused_until = Some(fact(noon(102), noon(99)));
    check(&whole, (State::Missed, None));
    whole.view.contact.paused_until = None;
    whole.view.agreement = Some(fact(Agreement::Declined, noon(10)));
    check(&whole, (State::Excused, Some(Excuse::NoRelationship)));
    whole.view.agreement = None;
    whole.view.contact.mode = Some(fact(ServiceMode::LeaveAlone, noon(10)));
    check(&whole, (State::Excused, Some(Excuse::LeaveAlone)));
    whole.view.contact.mode = Some(fact(ServiceMode::Quick, noon(10)));
    check(&whole, (State::Missed, None));
    let consent = |channel, decision| ConsentView {
        channel: Some(channel),
        purpose: Purpose::Care,
        decision,
        sources: vec![],
        at: noon(10),
    };
    whole.view.consents = vec![consent(Channel::Sms, Decision::Deny)];
    check(&whole, (State::Excused, Some(Excuse::NoConsent)));
    whole
        .view
        .consents
        .push(consent(Channel::Email, Decision::Allow));
    check(&whole, (State::Missed, None));
}

#[test]
fn what_was_done_against_the_customer_s_wish_counts_for_nothing() {
    let mut whole = Whole {
        sales: vec![purchase("1", 100, "coat", 5_000)],
        ..Whole::default()
    };
    whole.view.contact.blocked = Some(fact(None, noon(101)));
    whole.view.interactions = vec![dealing(1, Act::ThankYou, noon(102))];
    assert_eq!(states(&whole, "thank_you", noon(200)), [State::Excused]);
    whole.view.interactions = vec![dealing(1, Act::ThankYou, noon(100))];
    assert_eq!(
        states(&whole, "thank_you", noon(200)),
        [State::Met],
        "before they said so"
    );
}

/// A customer with a life that a few numbers decide.
pub(in crate::concierge) fn life(days: &[(u16, u8)]) -> Whole {
    let mut whole = Whole::default();
    for (number, (day, what)) in (0_u8..).zip(days) {
        let at = noon(i64::from(*day));
        let id = number.to_string();
        match what % 8 {
            0 => whole
                .sales
                .push(purchase(&id, (*day).into(), "coat", i64::from(*what) * 100)),
            1 => whole
                .sales
                .push(sale(RecordKind::Return, (&id, (*day).into()), "coat", 100)),
            2 => whole.view.visits.push(visit(number, at)),
            3 => whole
                .view
                .interactions
                .push(dealing(number, Act::ThankYou, at)),
            4 => whole
                .view
                .interactions
                .push(dealing(number, Act::CareCheck, at)),
            5 => whole.view.reactions.push(reaction(number, at)),
            6 => whole.view.contact.blocked = Some(fact(None, at)),
            _ => whole
                .view
                .interactions
                .push(dealing(number, Act::Recognized, at)),
        }
    }
    whole
}
