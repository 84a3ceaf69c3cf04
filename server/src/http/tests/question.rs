//! Claims about the one question of a visit over REST, and the edits that answer it.

use super::*;

/// The card of a customer whom a manager asks about.
struct Asked<'a> {
    app: &'a TestApp,
    manager: &'a Actor,
    customer: CustomerId,
}

impl Asked<'_> {
    /// Writes down what the customer said.
    async fn said(&self, edit: Value) {
        self.write(json!({ "edit": edit, "source": "stated" }))
            .await;
    }

    async fn write(&self, edit: Value) {
        let path = format!("/v1/customers/{}/edits", self.customer);
        let body = json!({ "edits": [edit] });
        let answer = self.app.ask(self.manager, "POST", &path, &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }

    async fn question(&self) -> Value {
        let path = format!("/v1/customers/{}/question", self.customer);
        let asked = self.app.ask(self.manager, "GET", &path, &Value::Null);
        let answer = asked.await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.body["question"].clone()
    }
}

#[tokio::test]
async fn there_is_one_question_a_visit_and_an_edit_in_the_customer_s_words_answers_it() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let ines = Asked {
        customer: app.customer("Ines").await,
        manager: &manager,
        app: &app,
    };
    assert_eq!(ines.question().await, Value::Null, "nothing is in doubt");
    ines.said(json!({ "edit": "set_agreement", "state": "agreed" }))
        .await;
    let seen = |kind: &str, subject: &str, value: &str| {
        json!({ "edit": { "edit": "observe_preference", "kind": kind, "subject": subject,
            "value": value, "polarity": "like" }, "source": "observed" })
    };
    ines.write(json!({ "edit": { "edit": "arrive" } })).await;
    ines.write(seen("color", "coats", "navy")).await;
    app.hub.clock.advance_ms(1_000);
    ines.write(seen("cut", "trousers", "wide")).await;
    let asked = ines.question().await;
    assert_eq!(
        (&asked["about"], &asked["kind"], &asked["subject"]),
        (&json!("preference"), &json!("color"), &json!("coats")),
        "the oldest doubt first: {asked}"
    );
    assert_eq!(
        (&asked["value"], &asked["polarity"]),
        (&json!("navy"), &json!("like"))
    );
    assert_eq!(asked["sources"].as_array().unwrap().len(), 1, "{asked}");
    let is_so = json!({ "edit": "set_preference", "kind": asked["kind"], "subject": asked["subject"],
        "value": asked["value"], "polarity": asked["polarity"] });
    app.hub.clock.advance_ms(1_000);
    ines.write(json!({ "edit": is_so })).await;
    assert_eq!(
        ines.question().await["about"],
        "preference",
        "what is only typed settles nothing"
    );
    ines.said(is_so).await;
    assert_eq!(
        ines.question().await,
        Value::Null,
        "one was answered in this visit"
    );
}

#[tokio::test]
async fn a_question_between_two_sides_is_answered_by_choosing_one() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let card = async |name: &str| Asked {
        customer: app.customer(name).await,
        manager: &manager,
        app: &app,
    };
    let (ines, also) = (card("Ines").await, card("I.").await);
    let size = |size: &str| json!({ "edit": "set_size", "category": "shoe", "system": "EU", "size": size });
    ines.said(size("38")).await;
    also.said(size("39")).await;
    assert_eq!(ines.question().await, Value::Null, "two people may differ");
    let path = format!("/v1/customers/{}/links", ines.customer);
    let link = json!({ "other": also.customer, "sameness": "same", "evidence": ["said"] });
    let linked = app.ask(&manager, "POST", &path, &link).await;
    assert_eq!(linked.status, StatusCode::OK, "{}", linked.text);
    let asked = loop {
        let asked = ines.question().await;
        if asked["subject"]["about"] != "name" {
            break asked;
        }
        choose(&ines, &asked, 0).await;
    };
    assert_eq!(
        (&asked["about"], &asked["subject"]["about"]),
        (&json!("conflict"), &json!("size")),
        "{asked}"
    );
    let choices = asked["choices"].as_array().unwrap();
    let says: std::collections::BTreeSet<_> = choices
        .iter()
        .map(|one| one["text"].as_str().unwrap())
        .collect();
    assert_eq!(says, ["38", "39"].into());
    choose(&ines, &asked, 1).await;
    assert_eq!(
        also.question().await,
        Value::Null,
        "it is answered on each card of the person"
    );
}

async fn choose(card: &Asked<'_>, asked: &Value, at: usize) {
    let edit = json!({ "edit": "resolve", "place": asked["place"], "path": asked["path"],
        "choose": asked["choices"][at]["edit"] });
    card.write(json!({ "edit": edit })).await;
}
