//! The same customer, the same brief: computed on a handheld from what it holds, and on the hub from what it knows.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use carnet_ffi::clock::{Clock as _, SystemClock};
use carnet_ffi::{Book, BriefSection, NamePartText, SyncEnd};
use serde_json::{Value, json};
use sync_core::card::Edit;
use sync_core::card::terms::NamePart;
use sync_core::ids::{CustomerId, Timestamp};
use sync_core::notices::bodies::{CaseBody, CaseState};
use sync_core::notices::{NoticeDraft, Subject};

use crate::hub::{Hub, password};

fn create(book: &Book, given: &str) -> CustomerId {
    let part = NamePart::Given;
    let text = given.to_owned();
    book.create_customer(vec![NamePartText { part, text }], Vec::new(), None)
        .unwrap()
}

fn settle(book: &Book) {
    let report = book.sync_once(20_000).unwrap();
    assert_eq!((report.end, report.refused), (SyncEnd::Settled, 0));
}

/// Asks the hub as a back office does.
fn ask(hub: &Hub, method: &str, path: &str, token: Option<&str>, body: &Value) -> Value {
    let mut connection = TcpStream::connect(hub.address).unwrap();
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let authorization = token.map_or_else(String::new, |token| {
        format!("Authorization: Bearer {token}\r\n")
    });
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\n{authorization}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        hub.address,
        body.len()
    );
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    serde_json::from_str(body).unwrap()
}

/// The brief as the handheld has it, in the form that the hub answers with.
fn of_handheld(book: &Book, customer: CustomerId) -> Value {
    let brief = book.brief(customer).unwrap();
    let lines = |section| -> Vec<Value> {
        let own = brief.lines.iter().filter(|line| line.section == section);
        own.map(|line| {
            let arguments = line.arguments.iter();
            let arguments: BTreeMap<_, _> = arguments.map(|one| (&one.name, &one.text)).collect();
            json!({ "kind": line.kind, "arguments": arguments, "sources": line.sources })
        })
        .collect()
    };
    json!({
        "avoid": lines(BriefSection::Avoid),
        "avoid_more": brief.avoid_more,
        "say": lines(BriefSection::Say).first(),
        "do": lines(BriefSection::Act),
    })
}

#[test]
fn the_brief_of_a_customer_is_the_same_on_hub_and_handheld() {
    let hub = Hub::start();
    hub.manager("mia");
    let mia = hub.handheld("mia");
    let (lea, also) = (create(&mia, "Léa"), create(&mia, "L. R."));
    let edit = |edit: Value| serde_json::from_value::<Edit>(edit).unwrap();
    let now = SystemClock.now();
    let half_a_day = Timestamp::DAY_MS / 2;
    for (card, what) in [
        (
            lea,
            json!({ "edit": "record_allergy", "substance": "nickel", "severity": "serious" }),
        ),
        (
            also,
            json!({ "edit": "record_allergy", "substance": "wool", "severity": "mild" }),
        ),
        (
            lea,
            json!({ "edit": "make_promise", "what": "hem the coat", "due": now.plus_ms(half_a_day) }),
        ),
        (
            also,
            json!({ "edit": "make_promise", "what": "call about the ring" }),
        ),
        (
            lea,
            json!({ "edit": "link_customers", "other": also, "sameness": "same", "evidence": ["said"] }),
        ),
    ] {
        mia.record(card, edit(what)).unwrap();
    }
    settle(&mia);
    let case = CaseBody {
        topic: "the clasp broke".to_owned(),
        is_complaint: true,
        state: CaseState::Open,
        opened_at: now.plus_ms(-half_a_day),
        solved_at: None,
        sku: None,
    };
    hub.post(NoticeDraft::new(
        Subject::Customer(lea),
        "desk:1",
        ("desk", now),
        &case,
    ));
    settle(&mia);
    let body = json!({ "login": "mia", "password": password("mia") });
    let signed_in = ask(&hub, "POST", "/v1/auth/office", None, &body);
    let token = signed_in["access_token"].as_str();
    let path = format!("/v1/customers/{lea}/brief");
    let on_hub = ask(&hub, "GET", &path, token, &Value::Null);
    let on_handheld = of_handheld(&mia, lea);
    assert_eq!(on_hub["brief"], on_handheld);
    let text = on_handheld.to_string();
    for part in ["nickel", "wool", "hem the coat", "complaint"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
