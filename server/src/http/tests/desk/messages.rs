//! Claims about messages: signed, sent until they are taken, silent after a STOP.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sync_core::card::reduce::Decision;
use sync_core::card::terms::{Channel, Purpose};
use sync_core::card::{CardView, Reading};
use sync_core::notices::bodies::ContactBody;

use super::*;
use crate::duplicates::Keeper;

const SECRET: [u8; 32] = [7; 32];

/// A messaging provider on this machine.
struct Provider {
    config: MessagesConfig,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    status: AtomicU16,
    requests: Mutex<Vec<(HeaderMap, String)>>,
    /// Whether it takes requests and never says so.
    is_silent: AtomicBool,
    arrived: tokio::sync::Notify,
}

async fn receive(State(seen): State<Arc<Seen>>, headers: HeaderMap, body: String) -> StatusCode {
    seen.requests.lock().unwrap().push((headers, body));
    seen.arrived.notify_one();
    if seen.is_silent.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    StatusCode::from_u16(seen.status.load(Ordering::SeqCst)).unwrap()
}

impl Provider {
    async fn start() -> Self {
        let seen = Arc::new(Seen::default());
        seen.status.store(202, Ordering::SeqCst);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/in", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/in", axum::routing::post(receive))
            .with_state(Arc::clone(&seen));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let secret = format!("whsec_{}", STANDARD.encode(SECRET));
        let config = MessagesConfig::new(&url, &secret).unwrap();
        Self { config, seen }
    }

    fn answers(&self, status: u16) {
        self.seen.status.store(status, Ordering::SeqCst);
    }

    fn requests(&self) -> Vec<(HeaderMap, String)> {
        self.seen.requests.lock().unwrap().clone()
    }
}

impl TestApp {
    /// A customer who may be written to by text message.
    pub(super) async fn reachable(&self, name: &str, phone: &str) -> CustomerId {
        let manager = self.manager().await;
        let customer = self.customer(name).await;
        let endpoint = json!({ "edit": "add_endpoint", "kind": "phone", "value": phone });
        self.write(&manager, customer, endpoint).await;
        let evidence = json!({ "text_version": "2026-1", "method": "signature" });
        let purposes = json!(["care", "sell"]);
        let grant = json!({ "edit": "record_consent", "channel": "sms", "purposes": purposes, "event": "grant", "evidence": evidence });
        self.write(&manager, customer, grant).await;
        customer
    }

    pub(super) async fn message(&self, customer: CustomerId, words: &str) {
        let ask = json!({ "edit": "ask", "kind": "message", "subject": "sms", "purpose": "care", "words": words });
        self.write(&self.manager().await, customer, ask).await;
    }

    async fn reply(&self, rows: Value) -> Answer {
        let key = self.integration(self.hub.shop, self.hub.manager).await;
        let key = Actor::Bearer(key.key.expose().clone());
        let body = json!({ "replies": rows });
        self.ask(&key, "POST", "/v1/messages/replies", &body).await
    }

    fn view(&self, customer: CustomerId) -> CardView {
        let reader = (self.hub.shop, None);
        let (visible, corrections) = self.state.book.visible(customer, reader).unwrap();
        let reading = Reading {
            now: self.state.clock.now(),
            corrections: &corrections,
        };
        CardView::read(&visible, &reading)
    }

    async fn log(&self) -> Answer {
        let manager = self.manager().await;
        self.ask(&manager, "GET", "/v1/messages", &Value::Null)
            .await
    }
}

#[tokio::test]
async fn an_allowed_message_leaves_once_signed_and_counts_as_a_contact() {
    let (app, provider) = (TestApp::with_desk().await, Provider::start().await);
    let ines = app.reachable("Ines", "+33612345678").await;
    app.message(ines, "Your bag is here.").await;
    app.desk(Some(&provider.config)).await;
    app.desk(Some(&provider.config)).await;
    assert_eq!(app.answer(ines).0, AnswerState::Confirmed);
    let requests = provider.requests();
    assert_eq!(requests.len(), 1);
    let (headers, body) = &requests[0];
    let header = |name: &str| headers[name].to_str().unwrap();
    let seconds = header("webhook-timestamp").parse().unwrap();
    let expected = crate::desk::sign(&SECRET, header("webhook-id"), seconds, body);
    assert_eq!(header("webhook-signature"), expected);
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["data"]["to"], "+33612345678");
    assert_eq!(body["data"]["words"], "Your bag is here.");
    assert_eq!(body["data"]["id"], header("webhook-id"));
    let contacts = app.told::<ContactBody>(Subject::Customer(ines));
    assert_eq!(contacts.len(), 1);
    assert!(!contacts[0].2.by_customer);
    app.later(HOUR);
    app.message(ines, "And another thing.").await;
    app.desk(Some(&provider.config)).await;
    let held = app
        .answers(ines)
        .into_iter()
        .find(|answer| answer.code == "cap_day");
    let held = held.expect("one message a day");
    assert_eq!(held.state, AnswerState::Held);
    app.later(24 * HOUR);
    app.desk(Some(&provider.config)).await;
    assert_eq!(
        provider.requests().len(),
        2,
        "it leaves when the cap is free"
    );
}

#[tokio::test]
async fn the_log_tells_what_left_without_its_words_or_where_it_went() {
    let (app, provider) = (TestApp::with_desk().await, Provider::start().await);
    let ines = app.reachable("Ines", "+33612345678").await;
    app.message(ines, "Your bag is here.").await;
    app.desk(Some(&provider.config)).await;
    let log = app.log().await;
    assert_eq!(log.body["messages"][0]["state"], "left", "{}", log.text);
    assert_eq!(log.body["messages"][0]["customer"], ines.to_string());
    assert_eq!(log.body["messages"][0]["status"], 202);
    assert!(!log.text.contains("bag") && !log.text.contains("33612345678"));
}

#[tokio::test]
async fn a_message_that_fails_is_tried_again_under_its_id_and_given_up_in_the_end() {
    let (app, provider) = (TestApp::with_desk().await, Provider::start().await);
    provider.answers(500);
    let ines = app.reachable("Ines", "+33612345678").await;
    app.message(ines, "Your bag is here.").await;
    app.desk(Some(&provider.config)).await;
    app.desk(Some(&provider.config)).await;
    assert_eq!(provider.requests().len(), 1, "not again at once");
    for _ in 0..40 {
        app.later(HOUR);
        app.desk(Some(&provider.config)).await;
    }
    let requests = provider.requests();
    let ids: std::collections::BTreeSet<_> = requests
        .iter()
        .map(|(headers, _)| headers["webhook-id"].to_str().unwrap().to_owned())
        .collect();
    assert_eq!((ids.len(), requests.len()), (1, 8));
    let (state, code, _) = app.answer(ines);
    assert_eq!(
        (state, code.as_str()),
        (AnswerState::Refused, "not_delivered")
    );
    assert_eq!(app.log().await.body["messages"][0]["state"], "dead");
    assert!(app.told::<ContactBody>(Subject::Customer(ines)).is_empty());
}

#[tokio::test]
async fn a_crash_between_sending_and_recording_sends_again_under_an_id_by_which_the_second_is_dropped()
 {
    let (app, provider) = (TestApp::with_desk().await, Provider::start().await);
    let ines = app.reachable("Ines", "+33612345678").await;
    app.message(ines, "Your bag is here.").await;
    provider.seen.is_silent.store(true, Ordering::SeqCst);
    let desk = Desk::new(app.state.clone(), Some(&provider.config)).unwrap();
    tokio::select! {
        done = desk.step() => panic!("it waits for the provider: {done:?}"),
        () = provider.seen.arrived.notified() => {}
    }
    // Here the hub dies: the provider has the message, and nobody wrote that down.
    drop(desk);
    let log = app.log().await;
    assert_eq!(log.body["messages"][0]["state"], "waiting", "{}", log.text);
    assert_eq!(log.body["messages"][0]["attempts"], 0);
    assert!(app.told::<ContactBody>(Subject::Customer(ines)).is_empty());

    provider.seen.is_silent.store(false, Ordering::SeqCst);
    app.later(60_000);
    app.desk(Some(&provider.config)).await;
    app.desk(Some(&provider.config)).await;
    let requests = provider.requests();
    let [(first, one), (second, other)] = &requests[..] else {
        panic!("at least once, and no more often than it must: {requests:?}")
    };
    assert_eq!(first["webhook-id"], second["webhook-id"]);
    assert_ne!(
        first["webhook-signature"], second["webhook-signature"],
        "each try is signed for its own moment"
    );
    let data = |body: &str| serde_json::from_str::<Value>(body).unwrap()["data"].clone();
    assert_eq!(data(one), data(other), "nothing but the moment differs");
    assert_eq!(app.log().await.body["messages"][0]["state"], "left");
    let contacts = app.told::<ContactBody>(Subject::Customer(ines));
    assert_eq!(contacts.len(), 1, "it counts as one contact");
    assert_eq!(app.answer(ines).0, AnswerState::Confirmed);
}

#[tokio::test]
async fn what_the_provider_refuses_is_given_up_at_once_and_stops_no_other() {
    let (app, provider) = (TestApp::with_desk().await, Provider::start().await);
    provider.answers(422);
    let (ines, otto) = (
        app.reachable("Ines", "+33612345678").await,
        app.reachable("Otto", "+33612345679").await,
    );
    app.message(ines, "Your bag is here.").await;
    app.message(otto, "Yours too.").await;
    app.desk(Some(&provider.config)).await;
    assert_eq!(provider.requests().len(), 2);
    assert_eq!(app.answer(ines).1, "not_delivered");
    assert_eq!(app.answer(otto).1, "not_delivered");
}

#[tokio::test]
async fn without_consent_or_a_provider_nothing_leaves() {
    let (app, provider) = (TestApp::with_desk().await, Provider::start().await);
    let ines = app.customer("Ines").await;
    app.message(ines, "Your bag is here.").await;
    app.desk(Some(&provider.config)).await;
    assert_eq!(app.answer(ines).1, "no_consent");
    let otto = app.reachable("Otto", "+33612345679").await;
    app.message(otto, "Yours too.").await;
    app.desk(None).await;
    assert_eq!(app.answer(otto).1, "no_provider");
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn a_stop_takes_back_every_purpose_of_the_channel_and_what_waits_does_not_leave() {
    let (app, provider) = (TestApp::with_desk().await, Provider::start().await);
    provider.answers(503);
    let ines = app.reachable("Ines", "+33612345678").await;
    let son = app.reachable("Theo", "+33612345678").await;
    app.message(ines, "Your bag is here.").await;
    app.desk(Some(&provider.config)).await;
    let row =
        json!([{ "id": "r1", "channel": "sms", "from": "+33 6 12 34 56 78", "words": "STOP" }]);
    let taken = app.reply(row.clone()).await;
    assert_eq!(
        taken.body["replies"][0],
        json!({ "taken": true, "read": "stop", "customers": 2 })
    );
    for customer in [ines, son] {
        for purpose in [
            Purpose::Care,
            Purpose::Sell,
            Purpose::Event,
            Purpose::Service,
        ] {
            let decision = app.view(customer).consent(Some(Channel::Sms), purpose);
            assert_eq!(decision, Decision::Deny, "{purpose}");
        }
    }
    provider.answers(202);
    app.later(HOUR);
    app.desk(Some(&provider.config)).await;
    assert_eq!(provider.requests().len(), 1, "only the try before the STOP");
    assert_eq!(app.answer(ines).1, "consent_denied");
    let before = app.told::<ContactBody>(Subject::Customer(ines));
    app.reply(row).await;
    assert_eq!(
        app.told::<ContactBody>(Subject::Customer(ines)),
        before,
        "a reply counts once"
    );
}

#[tokio::test]
async fn a_stop_counts_in_every_shop_whichever_the_provider_s_key_is_for() {
    let app = TestApp::with_desk().await;
    let second = app.hub.identity.add_shop("Second", "Europe/Paris");
    let second = second.await.unwrap();
    app.hub.add("otto", Role::Manager, second).await;
    let otto = app.office("otto").await;
    let body = json!({
        "name": { "given": "Zoe" },
        "endpoints": [{ "kind": "phone", "value": "+33612345678" }],
    });
    let made = app.ask(&otto, "POST", "/v1/customers", &body).await;
    let elsewhere: CustomerId = made.body["id"].as_str().unwrap().parse().unwrap();
    let reply = |words: &str, id: &str| json!([{ "id": id, "channel": "sms", "from": "+33612345678", "words": words }]);
    let words = app.reply(reply("Is my bag there?", "r1")).await;
    assert_eq!(words.body["replies"][0]["code"], "unknown_sender");
    let stop = app.reply(reply("STOP", "r2")).await;
    assert_eq!(
        stop.body["replies"][0]["code"], "unknown_sender",
        "who is known elsewhere is not told"
    );
    let view = app.view(elsewhere);
    assert_eq!(
        view.consent(Some(Channel::Sms), Purpose::Care),
        Decision::Deny
    );
}

#[tokio::test]
async fn a_stop_by_e_mail_finds_who_was_never_written_to() {
    let app = TestApp::with_desk().await;
    let ines = app.customer("Ines").await;
    let endpoint = json!({ "edit": "add_endpoint", "kind": "email", "value": "ines@example.org" });
    app.write(&app.manager().await, ines, endpoint).await;
    let keeper = Keeper::new(Arc::clone(&app.state.book), app.state.keys.chain_key());
    Arc::new(keeper).catch_up().await.unwrap();
    let row =
        json!([{ "id": "r1", "channel": "email", "from": "Ines@Example.org", "words": "STOP" }]);
    let taken = app.reply(row).await;
    assert_eq!(taken.body["replies"][0]["customers"], 1, "{}", taken.text);
    let decision = app.view(ines).consent(Some(Channel::Email), Purpose::Sell);
    assert_eq!(decision, Decision::Deny);
}

#[tokio::test]
async fn what_may_be_a_stop_pauses_contact_and_becomes_somebodys_task() {
    let (app, provider) = (TestApp::with_desk().await, Provider::start().await);
    let ines = app.reachable("Ines", "+33612345678").await;
    app.message(ines, "Your bag is here.").await;
    app.desk(Some(&provider.config)).await;
    let message = provider.requests()[0].0["webhook-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let row = json!([{ "id": "r1", "channel": "sms", "message": message, "words": "please stop sending me these things, I told you" }]);
    let taken = app.reply(row).await;
    assert_eq!(taken.body["replies"][0]["read"], "unsure", "{}", taken.text);
    let view = app.view(ines);
    assert!(view.contact.paused_until.is_some());
    assert!(view.promises.iter().any(|promise| promise.is_open()));
    assert_eq!(
        view.consent(Some(Channel::Sms), Purpose::Care),
        Decision::Allow
    );
}

#[tokio::test]
async fn a_reply_is_something_the_customer_began_and_may_be_answered() {
    let (app, provider) = (TestApp::with_desk().await, Provider::start().await);
    let ines = app.customer("Ines").await;
    let endpoint = json!({ "edit": "add_endpoint", "kind": "phone", "value": "+33612345678" });
    app.write(&app.manager().await, ines, endpoint).await;
    let row = json!([{ "id": "r1", "channel": "sms", "from": "+33612345678", "words": "Is my bag there?" }]);
    let taken = app.reply(row).await;
    assert_eq!(taken.body["replies"][0]["read"], "words", "{}", taken.text);
    app.message(ines, "It is.").await;
    app.desk(Some(&provider.config)).await;
    assert_eq!(
        app.answer(ines).0,
        AnswerState::Confirmed,
        "no consent is needed to answer"
    );
}

#[tokio::test]
async fn a_reply_that_can_not_be_used_says_why_and_stops_no_other() {
    let app = TestApp::with_desk().await;
    app.reachable("Ines", "+33612345678").await;
    let rows = json!([
        { "id": "", "channel": "sms", "from": "+33612345678", "words": "STOP" },
        { "id": "a", "channel": "pigeon", "from": "+33612345678", "words": "STOP" },
        { "id": "b", "channel": "sms", "from": "+33699999999", "words": "STOP" },
        { "id": "c", "channel": "sms", "from": "\u{0}", "words": "STOP" },
        { "id": "d", "channel": "sms", "words": "STOP" },
        { "id": "e", "channel": "sms", "message": "msg_nonsense", "words": "STOP" },
        { "id": "f", "channel": "sms", "from": "+33612345678", "words": "x".repeat(9_000) },
        { "id": "g", "channel": "sms", "from": "+33612345678", "words": "STOP", "at": i64::MAX },
    ]);
    let taken = app.reply(rows).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.text);
    let codes: Vec<_> = taken.body["replies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|outcome| outcome["code"].as_str().unwrap_or("taken"))
        .collect();
    let expected = [
        "id",
        "channel",
        "unknown_sender",
        "from",
        "unknown_sender",
        "unknown_sender",
        "words",
        "taken",
    ];
    assert_eq!(codes, expected);
    let too_many = vec![json!({ "id": "a", "channel": "sms", "words": "" }); 101];
    for rows in [
        json!([]),
        json!(too_many),
        json!([{ "id": "a" }]),
        json!([{ "id": "a", "channel": "sms", "words": "", "x": 1 }]),
    ] {
        let refused = app.reply(rows).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}
