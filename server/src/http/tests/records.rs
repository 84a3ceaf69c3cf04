//! Claims about records and imports over REST.

use super::*;

fn sale(id: &str, customer: &str, amount: &str) -> Value {
    json!({ "sale_id": id, "customer_id": customer, "date": "2026-06-14", "amount": amount, "currency": "EUR" })
}

impl TestApp {
    async fn till(&self) -> Actor {
        let key = self.integration(self.hub.shop, self.hub.manager).await;
        Actor::Bearer(key.key.expose().clone())
    }

    async fn sell(&self, actor: &Actor, rows: Value) -> Answer {
        let body = json!({ "rows": rows });
        let answer = self.ask(actor, "POST", "/v1/records", &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer
    }
}

fn taken(answer: &Answer) -> Vec<bool> {
    let rows = answer.body["rows"].as_array().unwrap();
    rows.iter().map(|row| row["taken"] == true).collect()
}

#[tokio::test]
async fn a_till_brings_in_sales_once_and_a_bad_row_stops_no_other() {
    let app = TestApp::start().await;
    let till = app.till().await;
    let rows = json!([
        sale("1", "ines", "12.50"),
        sale("2", "ines", "twelve"),
        sale("3", "otto", "7")
    ]);
    let first = app.sell(&till, rows.clone()).await;
    assert_eq!(taken(&first), [true, false, true]);
    let problem = &first.body["rows"][1]["problems"][0];
    assert_eq!(
        (&problem["code"], &problem["column"]),
        (&json!("amount"), &json!("amount"))
    );
    assert_eq!(first.body["report"]["records_new"], 2);
    assert_eq!(first.body["report"]["customers_new"], 2);
    let again = app.sell(&till, rows).await;
    assert_eq!(again.body["report"]["records_new"], 0);
    assert_eq!(again.body["report"]["records_unchanged"], 2);
    assert_eq!(again.body["report"]["customers_new"], 0);
    let corrected = app.sell(&till, json!([sale("1", "ines", "13.50")])).await;
    assert_eq!(
        corrected.body["report"]["records_replaced"], 1,
        "{}",
        corrected.text
    );
    let found = app
        .ask(&till, "GET", "/v1/customers?q=ines", &Value::Null)
        .await;
    let id = found.body["customers"][0]["id"].as_str().unwrap();
    let records = app
        .ask(
            &till,
            "GET",
            &format!("/v1/customers/{id}/records"),
            &Value::Null,
        )
        .await;
    assert_eq!(records.body["totals"]["purchases"], 1);
    assert_eq!(records.body["totals"]["amount_minor"]["EUR"], 1350);
    assert_eq!(records.body["records"][0]["version"], 2);
    assert_eq!(records.body["records"][0]["source"], "till");
}

#[tokio::test]
async fn a_sale_of_a_shop_out_of_reach_is_refused_alone() {
    let app = TestApp::start().await;
    let elsewhere = app
        .hub
        .identity
        .add_shop("Second", "Asia/Tokyo")
        .await
        .unwrap();
    let till = app.till().await;
    let mut far = sale("1", "ines", "5");
    far["shop"] = json!(elsewhere);
    let mut near = sale("2", "ines", "5");
    near["shop"] = json!(app.hub.shop);
    let answer = app.sell(&till, json!([far, near])).await;
    assert_eq!(taken(&answer), [false, true]);
    assert_eq!(answer.body["rows"][0]["problems"][0]["code"], "shop");
    let body = json!({ "shop": elsewhere, "rows": [sale("3", "ines", "5")] });
    let refused = app.ask(&till, "POST", "/v1/records", &body).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_key_brings_in_under_its_own_name_and_a_person_names_the_source() {
    let app = TestApp::start().await;
    let till = app.till().await;
    let rows = json!([sale("1", "ines", "5")]);
    let body = json!({ "source": "another", "rows": rows });
    let refused = app.ask(&till, "POST", "/v1/records", &body).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let manager = app.manager().await;
    let nameless = app
        .ask(&manager, "POST", "/v1/records", &json!({ "rows": rows }))
        .await;
    assert_eq!(nameless.code(), "invalid");
    let named = app.ask(&manager, "POST", "/v1/records", &body).await;
    assert_eq!(named.status, StatusCode::OK, "{}", named.text);
    let empty = app
        .ask(
            &manager,
            "POST",
            "/v1/records",
            &json!({ "source": "x", "rows": [] }),
        )
        .await;
    assert_eq!(empty.code(), "invalid");
}

#[tokio::test]
async fn customers_come_in_with_what_can_be_used_and_without_what_can_not() {
    let app = TestApp::start().await;
    let till = app.till().await;
    let rows = json!([
        { "customer_id": 7, "given_name": "Inès", "phone": "0612345678", "email": "ines@example.org" },
        { "given_name": "Nobody" },
    ]);
    let body = json!({ "phone_country": "+33", "rows": rows });
    let path = "/v1/imports/customers";
    let first = app.ask(&till, "POST", path, &body).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    assert_eq!(taken(&first), [true, false]);
    let again = app.ask(&till, "POST", path, &body).await;
    assert_eq!(
        again.body["report"]["customers_unchanged"], 1,
        "{}",
        again.text
    );
    let found = app
        .ask(&till, "GET", "/v1/customers?q=5678", &Value::Null)
        .await;
    assert_eq!(found.body["customers"][0]["name"], "Inès");
    // Sales of the same source find the same customer.
    app.sell(&till, json!([sale("1", "7", "5")])).await;
    let everybody = app.ask(&till, "GET", "/v1/customers", &Value::Null).await;
    assert_eq!(everybody.body["customers"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_body_beyond_the_bound_is_refused() {
    let app = TestApp::start().await;
    let till = app.till().await;
    let mut row = sale("1", "ines", "5");
    row["label"] = json!("x".repeat(300 << 10));
    let answer = app
        .ask(&till, "POST", "/v1/records", &json!({ "rows": [row] }))
        .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let many: Vec<_> = (0..1_001).map(|at| json!({ "sale_id": at })).collect();
    let answer = app
        .ask(&till, "POST", "/v1/records", &json!({ "rows": many }))
        .await;
    assert_eq!(answer.code(), "invalid");
}
