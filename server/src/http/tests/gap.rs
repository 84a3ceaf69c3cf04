//! Claims about the playbook and the gap over REST.

use super::*;
use sync_core::concierge::playbook::Playbook;

impl TestApp {
    async fn put_playbook(&self, actor: &Actor, version: Option<&str>, body: &Value) -> Answer {
        let Actor::Bearer(token) = actor else {
            panic!("a manager at the back office sets the playbook");
        };
        let mut request = Request::builder()
            .method("PUT")
            .uri("/v1/playbook")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        if let Some(version) = version {
            request = request.header("if-match", version);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }
}

#[tokio::test]
async fn a_playbook_is_set_by_whoever_read_the_last_one() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let first = app.ask(&manager, "GET", "/v1/playbook", &Value::Null).await;
    assert_eq!(
        (&first.body["version"], &first.body["declared_gap_bp"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(first.headers["etag"], "\"0\"");
    let mut playbook = Playbook::standard().to_value();
    assert_eq!(first.body["playbook"], playbook);
    playbook["items"][0]["weight"] = json!(5);
    let missing = app.put_playbook(&manager, None, &playbook).await;
    assert_eq!(
        (missing.status.as_u16(), missing.code()),
        (428, "if_match_missing")
    );
    let set = app.put_playbook(&manager, Some("\"0\""), &playbook).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text);
    assert_eq!(set.body["version"], 1);
    assert_eq!(set.body["changes"][0]["item"], "recognized");
    let late = app.put_playbook(&manager, Some("0"), &playbook).await;
    assert_eq!((late.status.as_u16(), late.code()), (412, "version_moved"));
    playbook["items"][3]["trigger"] = json!("full_moon");
    let bad = app.put_playbook(&manager, Some("1"), &playbook).await;
    assert_eq!((bad.status.as_u16(), bad.code()), (422, "playbook_refused"));
    assert!(
        bad.text.contains("full_moon") && bad.text.contains("second_visit"),
        "{}",
        bad.text
    );
    let now = app.ask(&manager, "GET", "/v1/playbook", &Value::Null).await;
    assert_eq!(
        (
            &now.body["version"],
            &now.body["playbook"]["items"][0]["weight"]
        ),
        (&json!(1), &json!(5))
    );
}

#[tokio::test]
async fn the_gap_its_weeks_and_what_is_owed_are_read() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let customer = app.customer("Ines").await;
    let ask = async |path: &str| app.ask(&manager, "GET", path, &Value::Null).await.body;
    assert_eq!(ask("/v1/gap").await["is_complete"], false);
    let now = app.state.clock.now();
    crate::gap::keeper::settle(&app.state.book, now)
        .await
        .unwrap();
    let key = app.hub.keys.hub_key();
    crate::gap::keeper::publish(&app.state.book, key, now)
        .await
        .unwrap();
    let gap = ask("/v1/gap").await;
    assert_eq!(
        (&gap["is_complete"], &gap["is_enough"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(gap["report"]["items"].as_array().unwrap().len(), 14);
    let weeks = ask("/v1/gap/history").await;
    assert_eq!(weeks["weeks"][0]["week"], gap["week"]);
    assert_eq!(ask("/v1/gap/discover").await["found"], json!([]));
    let edits = json!({ "edits": [
        { "edit": { "edit": "make_promise", "what": "call", "due": now.0 - 1 } },
    ] });
    let path = format!("/v1/customers/{customer}/edits");
    let edited = app.ask(&manager, "POST", &path, &edits).await;
    assert!(edited.status.is_success(), "{}", edited.text);
    let owed = ask(&format!("/v1/customers/{customer}/obligations")).await;
    assert_eq!(owed["obligations"][0]["state"], "missed", "{owed}");
    crate::gap::keeper::settle(&app.state.book, now)
        .await
        .unwrap();
    let unkept = ask("/v1/promises/unkept").await;
    assert_eq!(unkept["promises"][0]["customer"], json!(customer));
    let order = crate::operator::Order::UnkeptPromises { json: true };
    let lines = crate::operator::carry_out(&app.state, order).await.unwrap();
    let told: Value = serde_json::from_str(&lines.join("\n")).unwrap();
    assert_eq!(
        told["promises"], unkept["promises"],
        "at the desk as over REST"
    );
    let order = crate::operator::Order::UnkeptPromises { json: false };
    let lines = crate::operator::carry_out(&app.state, order).await.unwrap();
    assert!(lines[1].contains(&customer.to_string()), "{lines:?}");
    let order = crate::operator::Order::GapWeeks {
        latest: None,
        json: true,
    };
    let lines = crate::operator::carry_out(&app.state, order).await.unwrap();
    let told: Value = serde_json::from_str(&lines.join("\n")).unwrap();
    assert_eq!(told, weeks, "at the desk as over REST");
}
