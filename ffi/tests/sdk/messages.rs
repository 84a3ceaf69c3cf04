//! Messages that the hub is asked to send: what the guard says of them before they are queued.

use carnet_ffi::{Book, BookError, ContactRuling, ContactVerdict, ContactWay};
use sync_core::card::Edit;
use sync_core::card::edit::{AskInput, Evidence};
use sync_core::card::terms::{
    AskKind, Channel, ConsentEvent, ConsentMethod, EndpointKind, Purpose,
};
use sync_core::concierge::guard::Reason;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{CustomerId, Timestamp};
use sync_core::notices::bodies::ShopBody;
use sync_core::notices::{NoticeDraft, Subject};

use crate::stage::{ANA, Actor, NOON, SHOP, Stage};

fn message(words: &str) -> Edit {
    Edit::Ask(AskInput {
        kind: AskKind::Message,
        subject: Some("sms".to_owned()),
        purpose: Some(Purpose::Care),
        quantity: None,
        at: None,
        words: Some(words.to_owned()),
    })
}

fn reachable(ana: &Actor) -> CustomerId {
    let customer = ana.create("Léa");
    let phone = Edit::AddEndpoint {
        kind: EndpointKind::Phone,
        value: "+33612345678".to_owned(),
    };
    ana.book.record(customer, phone).unwrap();
    customer
}

fn consents(book: &Book, customer: CustomerId) {
    let consent = Edit::RecordConsent {
        channel: Some(Channel::Sms),
        purposes: vec![Purpose::Care],
        event: ConsentEvent::Grant,
        evidence: Some(Evidence {
            text_version: "v3".to_owned(),
            method: ConsentMethod::Signature,
            reference: None,
        }),
    };
    book.record(customer, consent).unwrap();
}

/// The clock of the shop reaches the handheld.
fn tell_clock(stage: &mut Stage, ana: &Actor) {
    let body = ShopBody {
        name: "Rive".to_owned(),
        clock: vec![(Timestamp::default(), 0)],
        currency: None,
    };
    let key = SHOP.to_string();
    let draft = NoticeDraft::new(Subject::Chain, key, ("test", NOON), &body);
    let posted = stage.hub.put_notices(&[draft], &mut SeededEntropy::new(5));
    assert_eq!(posted.unwrap(), 1);
    stage.meet(ana);
}

#[test]
fn a_message_that_the_guard_denies_is_not_queued_however_it_is_recorded() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = reachable(&ana);
    let waiting = ana.book.status().unwrap().pending;
    let ask = message("Your coat is ready.");
    let json = serde_json::to_string(&ask).unwrap();
    for refused in [
        ana.book.record(customer, ask),
        ana.book.record_json(customer, json),
    ] {
        let denied = BookError::Rejected {
            code: "no_consent".to_owned(),
        };
        assert_eq!(refused, Err(denied));
    }
    assert_eq!(ana.book.customer(customer).unwrap().asks, []);
    assert_eq!(ana.book.status().unwrap().pending, waiting);
    let empty = ana.book.record(customer, message(" "));
    assert!(
        matches!(&empty, Err(BookError::Invalid { code, .. }) if code == "ask_parts"),
        "{empty:?}"
    );
}

#[test]
fn a_message_that_has_to_wait_is_queued_and_says_for_what() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = reachable(&ana);
    consents(&ana.book, customer);
    let asked = ana.book.record(customer, message("Your coat is ready."));
    let asked = asked.unwrap();
    let verdict = asked.verdict.unwrap();
    assert_eq!(verdict.ruling, ContactRuling::Hold);
    assert_eq!(verdict.reason, Some(Reason::ClockUnknown));
    assert_eq!(verdict.unblocker.as_deref(), Some("sync"));
    let card = ana.book.customer(customer).unwrap();
    assert_eq!(card.asks[0].ask, asked.edit);
}

#[test]
fn who_holds_no_slot_may_ask_the_hub_to_write_and_not_write_themselves() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = reachable(&ana);
    consents(&ana.book, customer);
    tell_clock(&mut stage, &ana);
    let may = |way| -> ContactVerdict {
        let (sms, care) = (Channel::Sms, Purpose::Care);
        let verdict = ana.book.may_contact(customer, sms, care, way, None, false);
        verdict.unwrap()
    };
    let direct = may(ContactWay::Direct);
    assert_eq!(direct.ruling, ContactRuling::Hold);
    assert_eq!(direct.reason, Some(Reason::NoRight));
    assert_eq!(may(ContactWay::ThroughHub).ruling, ContactRuling::Allow);
    let asked = ana.book.record(customer, message("Your coat is ready."));
    assert_eq!(asked.unwrap().verdict.unwrap().ruling, ContactRuling::Allow);
    let twice = ana.book.record(customer, message("your COAT is ready."));
    let reason = match twice {
        Ok(asked) => asked.verdict.unwrap().reason.unwrap(),
        Err(error) => panic!("{error:?}"),
    };
    assert_eq!(
        reason,
        Reason::CapDay,
        "the first one counts while it waits"
    );
}
