//! Claims about what comes in over REST beside sales: facts of other systems, walk-ins, small events.

use sync_core::access::{AccessEntry, AccessKind};

use super::*;

/// Lines of the access log about a customer.
fn opened(app: &TestApp, customer: CustomerId) -> usize {
    let is_it = |line: &AccessEntry| line.customer == customer && line.kind == AccessKind::Opened;
    let lines = app.access_log().into_iter().map(|stored| stored.entry);
    lines.filter(is_it).count()
}

impl TestApp {
    async fn edit_as_manager(&self, customer: CustomerId, edits: Value) {
        let path = format!("/v1/customers/{customer}/edits");
        let body = json!({ "edits": edits });
        let answer = self.ask(&self.manager().await, "POST", &path, &body).await;
        assert!(answer.status.is_success(), "{}", answer.text);
    }

    async fn known_by_phone(&self, given: &str, phone: &str) -> CustomerId {
        let body = json!({ "name": { "given": given }, "endpoints": [{ "kind": "phone", "value": phone }] });
        let manager = self.manager().await;
        let answer = self.ask(&manager, "POST", "/v1/customers", &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.body["id"].as_str().unwrap().parse().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_system_brings_in_cases_once_and_a_bad_row_stops_no_other() {
    let app = TestApp::start().await;
    app.known_by_phone("Ines", "+33612345678").await;
    let key = app.integration(app.hub.shop, app.hub.manager).await;
    let desk = Actor::Bearer(key.key.expose().clone());
    let rows = json!([
        { "case_id": 1, "phone": "0612345678", "topic": "Zip", "opened_at": "2026-06-01", "complaint": true },
        { "case_id": 2, "phone": "+33600000000", "topic": "Zip", "opened_at": "2026-06-01" },
        { "case_id": 3, "colour": "red" },
    ]);
    let body = json!({ "phone_country": "+33", "rows": rows });
    let first = app.ask(&desk, "POST", "/v1/imports/cases", &body).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    let codes: Vec<_> = first.body["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["problems"][0]["code"].as_str().unwrap_or("taken"))
        .collect();
    assert_eq!(
        codes,
        ["taken", "unknown_customer", "json"],
        "{}",
        first.text
    );
    let again = app.ask(&desk, "POST", "/v1/imports/cases", &body).await;
    assert_eq!(again.body["report"]["unchanged"], 1, "{}", again.text);
    let stock = json!({ "rows": [{ "sku": "A1", "on_hand": 2 }] });
    let stock = app.ask(&desk, "POST", "/v1/imports/stock", &stock).await;
    assert_eq!(stock.body["report"]["new"], 1, "{}", stock.text);
    let empty = app
        .ask(&desk, "POST", "/v1/imports/stock", &json!({ "rows": [] }))
        .await;
    assert_eq!(empty.code(), "invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_one_shop_writes_about_nobody_of_another() {
    let app = TestApp::start().await;
    let elsewhere = app
        .hub
        .identity
        .add_shop("Second", "Asia/Tokyo")
        .await
        .unwrap();
    app.known_by_phone("Ines", "+33612345678").await;
    let otto = app.hub.add("otto", Role::Manager, elsewhere).await;
    let key = app.integration(elsewhere, otto).await;
    let desk = Actor::Bearer(key.key.expose().clone());
    let rows = json!([{ "case_id": 1, "phone": "+33612345678", "topic": "Zip", "opened_at": "2026-06-01" }]);
    let answer = app
        .ask(&desk, "POST", "/v1/imports/cases", &json!({ "rows": rows }))
        .await;
    let problem = &answer.body["rows"][0]["problems"][0];
    assert_eq!(problem["code"], "unknown_customer", "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_in_is_fetched_with_consent_and_the_fetch_is_noted() {
    let app = TestApp::start().await;
    let elsewhere = app
        .hub
        .identity
        .add_shop("Second", "Asia/Tokyo")
        .await
        .unwrap();
    app.hub.add("otto", Role::Manager, elsewhere).await;
    let otto = app.office("otto").await;
    let ines = app.known_by_phone("Ines", "+33612345678").await;
    let card = format!("/v1/customers/{ines}");
    let ask = async |body: Value| app.ask(&otto, "POST", "/v1/walk-ins", &body).await;
    let refused = ask(json!({ "customer": ines })).await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::CONFLICT, "no_consent")
    );
    assert!(refused.text.contains("as a guest"), "{}", refused.text);
    let far = app.ask(&otto, "GET", &card, &Value::Null).await;
    assert_eq!(far.status, StatusCode::NOT_FOUND);
    assert_eq!(opened(&app, ines), 0);

    app.edit_as_manager(
        ines,
        json!([{ "edit": { "edit": "record_consent", "purposes": ["chain"], "event": "grant",
        "evidence": { "text_version": "1", "method": "signature" } } }]),
    )
    .await;
    let before = opened(&app, ines);
    let fetched = ask(json!({ "customer": ines })).await;
    assert_eq!(fetched.status, StatusCode::OK, "{}", fetched.text);
    assert!(fetched.body["until"].as_i64().unwrap() > app.state.clock.now().0);
    assert_eq!(
        opened(&app, ines),
        before + 1,
        "the fetch is in the access log"
    );
    let near = app.ask(&otto, "GET", &card, &Value::Null).await;
    assert_eq!(near.status, StatusCode::OK, "{}", near.text);
    let nobody = ask(json!({ "phone": "+33600000000" })).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    assert_eq!(ask(json!({ "phone": "12" })).await.code(), "invalid");
    assert_eq!(ask(json!({})).await.code(), "invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_tries_all_phone_numbers_of_the_chain() {
    let app = TestApp::start().await;
    let ines = app.known_by_phone("Ines", "+33612345678").await;
    app.hub.add("ana", Role::Manager, app.hub.shop).await;
    let (manager, ana) = (app.manager().await, app.office("ana").await);
    let look = async |who: &Actor, body: Value| app.ask(who, "POST", "/v1/walk-ins", &body).await;
    for number in 0..10 {
        let phone = json!({ "phone": format!("+3360000000{number}") });
        assert_eq!(look(&manager, phone).await.status, StatusCode::NOT_FOUND);
        app.hub.clock.advance_ms(1_000);
    }
    let nobody = || json!({ "phone": "+33600000099" });
    let known = json!({ "phone": "+33612345678" });
    let refused = look(&manager, known).await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
        "whether or not somebody has it"
    );
    assert_eq!(refused.headers["retry-after"], "50");
    let email = json!({ "email": "ines@example.org" });
    assert_eq!(
        look(&manager, email).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    let chosen = look(&manager, json!({ "customer": ines })).await;
    assert_eq!(chosen.status, StatusCode::OK, "{}", chosen.text);
    let other = look(&ana, nobody()).await;
    assert_eq!(other.code(), "not_found", "{}", other.text);
    app.hub.clock.advance_ms(50_000);
    let later = look(&manager, nobody()).await;
    assert_eq!(later.code(), "not_found", "{}", later.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_makes_an_event_and_its_list() {
    let app = TestApp::start().await;
    let ines = app.customer("Ines").await;
    let manager = app.manager().await;
    let begins_at = app.state.clock.now().plus_ms(86_400_000);
    let new = json!({ "name": "Opera", "themes": ["Opera"], "hosts": [app.hub.manager], "begins_at": begins_at });
    let made = app.ask(&manager, "POST", "/v1/events", &new).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let path = format!("/v1/events/{}", made.body["id"].as_str().unwrap());
    let list = app.ask(&manager, "GET", "/v1/events", &Value::Null).await;
    assert_eq!(list.body["events"].as_object().unwrap().len(), 1);
    let proposal = app
        .ask(&manager, "POST", &format!("{path}/proposal"), &json!({}))
        .await;
    assert_eq!(
        proposal.body["barred"][ines.to_string()]["reason"],
        "no_consent",
        "{}",
        proposal.text
    );
    let guests = json!({ "guests": [{ "customer": ines, "host": app.hub.manager }] });
    let listed = app
        .ask(&manager, "POST", &format!("{path}/guests"), &guests)
        .await;
    assert_eq!(
        listed.body["remarks"][0]["remark"], "barred",
        "{}",
        listed.text
    );
    let came = json!({ "attended": [ines] });
    let noted = app
        .ask(&manager, "POST", &format!("{path}/attendance"), &came)
        .await;
    assert_eq!(noted.body["feedback"]["heard_rate_bp"], 0, "{}", noted.text);
    let shown = app.ask(&manager, "GET", &path, &Value::Null).await;
    assert_eq!(shown.body["guests"][0]["attended"], true, "{}", shown.text);
    let large = json!({ "name": "Ball", "capacity": 200, "hosts": [app.hub.manager], "begins_at": begins_at });
    let large = app.ask(&manager, "POST", "/v1/events", &large).await;
    assert!(large.text.contains("make two"), "{}", large.text);
}
