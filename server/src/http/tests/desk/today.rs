//! Claims about the today list over REST.

use super::*;

impl TestApp {
    async fn today(&self, actor: &Actor, query: &str) -> Answer {
        let path = format!("/v1/today{query}");
        self.ask(actor, "GET", &path, &Value::Null).await
    }
}

#[tokio::test]
async fn an_associate_reads_what_is_owed_to_whom_they_look_after_first_and_of_nobody_else() {
    let app = TestApp::with_desk().await;
    let (_, device, ines) = app.owned().await;
    let ana = app.on_handheld(device, "ana").await;
    let otto = app.customer("Otto").await;
    let due = app.state.clock.now().plus_ms(3_600_000);
    for customer in [ines, otto] {
        let promise = json!({ "edit": "make_promise", "what": "call about the hem", "due": due });
        app.write(&app.manager().await, customer, promise).await;
    }
    let list = app.today(&ana, "").await;
    assert_eq!(list.status, StatusCode::OK, "{}", list.text);
    assert_eq!(
        (&list.body["customers"], &list.body["not_looked_at"]),
        (&json!(1), &json!(0))
    );
    let lines = list.body["today"].as_array().unwrap();
    let is_of_ines = |line: &Value| line["customer"] == json!(ines);
    assert!(lines.iter().all(is_of_ines), "{}", list.text);
    let says = |line: &Value| line["words"] == "call about the hem";
    assert_eq!(lines.iter().filter(|line| says(line)).count(), 1);
    let short = app.today(&ana, "?minutes=1").await;
    assert_eq!(short.body["today"], json!([]), "{}", short.text);
    let left = &short.body["not_today"][0];
    assert_eq!(
        left["minutes_missing"],
        json!(left["minutes"].as_u64().unwrap() - 1)
    );
    let nobody_s = app.today(&app.manager().await, "").await;
    assert_eq!(
        nobody_s.body["customers"], 0,
        "the manager looks after nobody"
    );
}

#[tokio::test]
async fn everybody_who_is_opened_for_a_list_is_noted_and_nonsense_is_told() {
    let app = TestApp::with_desk().await;
    let (_, device, ines) = app.owned().await;
    let ana = app.on_handheld(device, "ana").await;
    let looks = || {
        let lines = app.access_log();
        let of_ines = lines.iter().filter(|line| line.entry.customer == ines);
        of_ines.count()
    };
    let before = looks();
    app.today(&ana, "").await;
    assert_eq!(looks(), before + 1);
    for query in ["?minutes=0", "?minutes=9999", "?minutes=many", "?shop=1"] {
        let refused = app.today(&ana, query).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
    }
}
