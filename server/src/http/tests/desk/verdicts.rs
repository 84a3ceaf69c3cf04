//! Claims about the verdict of the guard over REST: it is the desk's own, over linked cards, and costs nothing.

use std::ops::ControlFlow;

use sync_core::notices::bodies::{CaseBody, CaseState, ContactBody};
use sync_core::store::{Table, scan_prefix};

use super::*;

impl TestApp {
    async fn may(&self, actor: &Actor, customer: CustomerId, question: &Value) -> Answer {
        let path = format!("/v1/customers/{customer}/contact-verdict");
        let answer = self.ask(actor, "POST", &path, question).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer
    }

    /// Everything that the desk keeps.
    fn kept(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let tx = self.hub.store.read().unwrap();
        let mut rows = Vec::new();
        scan_prefix(&*tx, Table::Desk, &[], &mut |key, value| {
            rows.push((key.to_vec(), value.to_vec()));
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        rows
    }

    async fn same(&self, one: CustomerId, other: CustomerId) {
        let path = format!("/v1/customers/{one}/links");
        let body = json!({ "other": other, "sameness": "same", "evidence": ["said"] });
        let linked = self.ask(&self.manager().await, "POST", &path, &body).await;
        assert_eq!(linked.body["changed"], true, "{}", linked.text);
    }
}

fn by_sms(purpose: &str) -> Value {
    json!({ "channel": "sms", "purpose": purpose })
}

fn complaint() -> CaseBody {
    CaseBody {
        topic: "zip".to_owned(),
        is_complaint: true,
        state: CaseState::Open,
        opened_at: Timestamp(0),
        solved_at: None,
        sku: None,
    }
}

#[tokio::test]
async fn the_verdict_is_what_the_desk_says_to_the_message_and_asking_keeps_nothing() {
    let app = TestApp::with_desk().await;
    let manager = app.manager().await;
    let config = MessagesConfig::new(
        "http://127.0.0.1:9/in",
        "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
    )
    .unwrap();
    let ines = app.reachable("Ines", "+33612345678").await;
    let otto = app.customer("Otto").await;
    let before = app.kept();
    for _ in 0..3 {
        let yes = app.may(&manager, ines, &by_sms("care")).await;
        assert_eq!(yes.body["ruling"], "allow", "{}", yes.text);
        assert_eq!(yes.body["reason"], Value::Null);
    }
    let no = app.may(&manager, otto, &by_sms("care")).await;
    assert_eq!(no.body["ruling"], "deny", "{}", no.text);
    assert_eq!(app.kept(), before, "nothing is decided by asking");
    assert!(app.answers(ines).is_empty());

    for customer in [ines, otto] {
        app.message(customer, "Your bag is here.").await;
    }
    app.desk(Some(&config)).await;
    assert_eq!(app.answer(ines).0, AnswerState::Confirmed);
    let refused = app.answer(otto);
    assert_eq!(refused.0, AnswerState::Refused);
    assert_eq!(no.body["reason"], refused.1, "the desk's own reason");

    let held = app.may(&manager, ines, &by_sms("care")).await;
    app.message(ines, "Your other bag is here.").await;
    app.desk(Some(&config)).await;
    let answers = app.answers(ines);
    let waits = answers.iter().find(|it| it.state == AnswerState::Held);
    let waits = waits.unwrap();
    assert_eq!(held.body["ruling"], "hold", "{}", held.text);
    assert_eq!(held.body["reason"], waits.code, "{}", held.text);
    assert_eq!(held.body["until"], json!(waits.at), "{}", held.text);
}

#[tokio::test]
async fn what_one_card_forbids_holds_for_the_linked_one_and_each_is_in_the_log() {
    let app = TestApp::with_desk().await;
    let manager = app.manager().await;
    let ines = app.reachable("Ines", "+33612345678").await;
    let also = app.customer("I.").await;
    let block = json!({ "edit": "block_contact", "reason": "zanzibar" });
    app.write(&manager, also, block).await;
    let alone = app.may(&manager, ines, &by_sms("care")).await;
    assert_eq!(alone.body["ruling"], "allow", "{}", alone.text);
    app.same(ines, also).await;
    let seen = app.access_log().len();
    let joined = app.may(&manager, ines, &by_sms("care")).await;
    assert_eq!(joined.body["ruling"], "deny", "{}", joined.text);
    assert_eq!(joined.body["reason"], "do_not_contact");
    assert!(!joined.text.contains("zanzibar"), "{}", joined.text);
    let looks = app.access_log().split_off(seen);
    let mut looks: Vec<_> = looks.iter().map(|line| line.entry.customer).collect();
    looks.sort_unstable();
    let mut both = vec![ines, also];
    both.sort_unstable();
    assert_eq!(looks, both, "one line for each card");
}

#[tokio::test]
async fn a_complaint_holds_an_offer_and_its_case_is_named_within_reach_only() {
    let app = TestApp::with_desk().await;
    let manager = app.manager().await;
    let (ines, also) = (
        app.reachable("Ines", "+33612345678").await,
        app.customer("I.").await,
    );
    app.post(Subject::Customer(also), "desk:1", &complaint())
        .await;
    app.same(ines, also).await;
    let near = app.may(&manager, ines, &by_sms("sell")).await;
    assert_eq!(near.body["reason"], "open_complaint", "{}", near.text);
    assert_eq!(near.body["until"], Value::Null);
    let named = json!({ "kind": "solve_case", "case": "desk:1" });
    assert_eq!(near.body["unblocker"], named);

    let hub = &app.hub;
    let elsewhere = hub.identity.add_shop("Second", "Asia/Tokyo").await.unwrap();
    let move_card = async |card: CustomerId, shop: ShopId, action: &str| {
        let path = format!("/v1/customers/{card}/book");
        let body = json!({ "shop": shop, "action": action });
        let moved = app.ask(&manager, "POST", &path, &body).await;
        assert_eq!(moved.status, StatusCode::NO_CONTENT, "{}", moved.text);
    };
    move_card(also, elsewhere, "enter").await;
    move_card(also, hub.shop, "leave").await;
    let key = app.integration(hub.shop, hub.manager).await;
    let key = Actor::Bearer(key.key.expose().clone());
    let far = app.may(&key, ines, &by_sms("sell")).await;
    assert_eq!(far.body["reason"], "open_complaint", "{}", far.text);
    let unnamed = json!({ "kind": "solve_case", "case": null });
    assert_eq!(far.body["unblocker"], unnamed, "{}", far.text);
    let path = format!("/v1/customers/{also}/contact-verdict");
    let beyond = app.ask(&key, "POST", &path, &by_sms("sell")).await;
    assert_eq!(beyond.status, StatusCode::NOT_FOUND, "{}", beyond.text);
}

#[tokio::test]
async fn a_reply_needs_no_consent_and_an_offer_is_none_whatever_is_said() {
    let app = TestApp::with_desk().await;
    let manager = app.manager().await;
    let otto = app.customer("Otto").await;
    let endpoint = json!({ "edit": "add_endpoint", "kind": "phone", "value": "+33612345679" });
    app.write(&manager, otto, endpoint).await;
    let began = ContactBody {
        channel: Some("sms".to_owned()),
        purpose: None,
        at: app.state.clock.now().plus_ms(-HOUR),
        by_customer: true,
        summary: None,
        content: None,
        by: None,
        act: None,
    };
    app.post(Subject::Customer(otto), "desk:9", &began).await;
    let ruling = async |question: Value| {
        let answer = app.may(&manager, otto, &question).await;
        (answer.body["ruling"].clone(), answer.body["reason"].clone())
    };
    let no = (json!("deny"), json!("no_consent"));
    let reply = json!({ "channel": "sms", "purpose": "care", "is_reply": true });
    assert_eq!(ruling(reply).await, (json!("allow"), Value::Null));
    assert_eq!(
        ruling(by_sms("care")).await.0,
        "allow",
        "as the desk takes it"
    );
    let unasked = json!({ "channel": "sms", "purpose": "care", "is_reply": false });
    assert_eq!(ruling(unasked).await, no);
    let offer = json!({ "channel": "sms", "purpose": "sell", "is_reply": true });
    assert_eq!(ruling(offer).await, no);
}
