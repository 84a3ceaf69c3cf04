//! Claims about small events and the desk: guests with briefs, and an event that is called off.

use sync_core::card::terms::InvitationState;

use super::*;

const DAY: i64 = 24 * HOUR;

impl TestApp {
    /// An event in three days, of three seats, with its path and id.
    async fn tea(&self, manager: &Actor) -> (String, String) {
        let begins_at = self.state.clock.now().plus_ms(3 * DAY);
        let new = json!({ "name": "Tea", "themes": ["tea"], "capacity": 3, "hosts": [self.hub.manager], "begins_at": begins_at });
        let made = self.ask(manager, "POST", "/v1/events", &new).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        let id = made.body["id"].as_str().unwrap().to_owned();
        (format!("/v1/events/{id}"), id)
    }

    async fn list(&self, manager: &Actor, path: &str, guests: &[CustomerId]) {
        let guests: Vec<_> = guests
            .iter()
            .map(|customer| json!({ "customer": customer, "host": self.hub.manager }))
            .collect();
        let body = json!({ "guests": guests });
        let listed = self
            .ask(manager, "POST", &format!("{path}/guests"), &body)
            .await;
        assert_eq!(listed.status, StatusCode::OK, "{}", listed.text);
    }

    async fn call_off(&self, manager: &Actor, path: &str) -> Answer {
        self.ask(manager, "POST", &format!("{path}/call-off"), &json!({}))
            .await
    }

    /// The open promises on a card.
    async fn promised(&self, manager: &Actor, customer: CustomerId) -> Vec<String> {
        let path = format!("/v1/customers/{customer}");
        let card = self.ask(manager, "GET", &path, &Value::Null).await;
        let promises = card.body["card"]["promises"].as_array();
        let promises = promises.unwrap_or_else(|| panic!("{}", card.text));
        promises
            .iter()
            .map(|one| one["what"]["value"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn seat(event: &str, quantity: u16) -> Value {
    json!({ "edit": "ask", "kind": "seat", "subject": event, "quantity": quantity })
}

#[tokio::test]
async fn an_event_that_is_called_off_leaves_nobody_with_a_seat_and_somebody_to_tell_them() {
    let app = TestApp::with_desk().await;
    let manager = app.manager().await;
    let (path, id) = app.tea(&manager).await;
    let mut people = Vec::new();
    for name in ["Ines", "Otto", "Lea", "Zoe"] {
        people.push(app.customer(name).await);
    }
    let [seated, moved, invited, asks_later] = people[..] else {
        panic!("four people")
    };
    app.list(&manager, &path, &people).await;
    app.write(&manager, seated, seat(&id, 2)).await;
    app.write(&manager, moved, seat(&id, 1)).await;
    app.desk(None).await;
    assert_eq!(app.answer(seated).0, AnswerState::Confirmed);
    // The host changed their mind about one of them, who still has the seat.
    app.list(&manager, &path, &[seated, invited, asks_later])
        .await;
    let invitation = json!({ "edit": "set_invitation", "event": id, "state": InvitationState::Invited.as_str() });
    app.write(&manager, invited, invitation).await;

    let off = app.call_off(&manager, &path).await;
    assert_eq!(off.status, StatusCode::OK, "{}", off.text);
    assert_eq!(off.body["event"]["state"], "called_off");
    assert_eq!(off.body["event"]["granted"], 0, "{}", off.text);
    let mut to_tell: Vec<_> = [seated, moved, invited]
        .iter()
        .map(ToString::to_string)
        .collect();
    to_tell.sort();
    assert_eq!(off.body["to_tell"], json!(to_tell));
    for customer in [seated, moved] {
        let (state, code, _) = app.answer(customer);
        assert_eq!((state, code.as_str()), (AnswerState::Refused, "called_off"));
    }
    for customer in [seated, moved, invited] {
        let promised = app.promised(&manager, customer).await;
        assert_eq!(promised, ["Tell them that “Tea” was called off."]);
    }
    assert!(app.promised(&manager, asks_later).await.is_empty());
    let told = app.told::<EventBody>(Subject::Shop(app.hub.shop));
    assert_eq!(
        (told[0].2.state, told[0].2.granted),
        (EventState::CalledOff, 0),
        "handhelds read it in the event"
    );

    // Whoever asks from a handheld that was offline is told so.
    app.write(&manager, asks_later, seat(&id, 1)).await;
    app.desk(None).await;
    assert_eq!(app.answer(asks_later).1, "called_off");
    assert_eq!(
        app.answer(seated).1,
        "called_off",
        "and nothing was given anew"
    );
    let again = app.call_off(&manager, &path).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.text);
    assert_eq!(app.promised(&manager, seated).await.len(), 1);
    for (what, body) in [
        ("guests", json!({ "guests": [] })),
        ("attendance", json!({ "attended": [] })),
        ("proposal", json!({})),
    ] {
        let refused = app
            .ask(&manager, "POST", &format!("{path}/{what}"), &body)
            .await;
        assert_eq!(
            (refused.status, refused.code()),
            (StatusCode::CONFLICT, "called_off"),
            "{what}"
        );
    }
}

#[tokio::test]
async fn an_event_that_has_begun_is_not_called_off() {
    let app = TestApp::with_desk().await;
    let manager = app.manager().await;
    let (path, _) = app.tea(&manager).await;
    app.later(4 * DAY);
    let manager = app.manager().await;
    let refused = app.call_off(&manager, &path).await;
    assert_eq!(refused.code(), "invalid", "{}", refused.text);
    let shown = app.ask(&manager, "GET", &path, &Value::Null).await;
    assert_eq!(shown.body["event"]["state"], "planned", "{}", shown.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_brings_a_brief_of_each_guest_and_leaves_a_line_for_each() {
    let app = TestApp::with_desk().await;
    let manager = app.manager().await;
    let ines = app.customer("Ines").await;
    app.customer("Otto").await;
    let email = json!({ "edit": "add_endpoint", "kind": "email", "value": "ines@example.org" });
    app.write(&manager, ines, email).await;
    let evidence = json!({ "text_version": "2026-1", "method": "signature" });
    let grant = json!({ "edit": "record_consent", "channel": "email", "purposes": ["event"], "event": "grant", "evidence": evidence });
    app.write(&manager, ines, grant).await;
    let allergy = json!({ "edit": "record_allergy", "substance": "nickel", "severity": "serious" });
    app.write(&manager, ines, allergy).await;
    let (path, _) = app.tea(&manager).await;
    let before = app.access_log().len();
    let proposal = app
        .ask(&manager, "POST", &format!("{path}/proposal"), &json!({}))
        .await;
    let guests = proposal.body["guests"].as_array().unwrap();
    assert_eq!(guests.len(), 1, "{}", proposal.text);
    assert_eq!(guests[0]["customer"], ines.to_string());
    assert_eq!(guests[0]["host"], app.hub.manager.to_string());
    assert_eq!(guests[0]["reasons"][0]["kind"], "first_time");
    let brief = guests[0]["brief"].to_string();
    assert!(brief.contains("nickel"), "{brief}");
    let lines = app.access_log();
    let new: Vec<_> = lines.iter().skip(before).collect();
    let about: Vec<_> = new.iter().map(|line| line.entry.customer).collect();
    assert_eq!(about, [ines], "only who is proposed was looked at");
}

#[tokio::test]
async fn a_guest_of_two_cards_is_one_guest_whichever_of_them_is_listed() {
    let app = TestApp::with_desk().await;
    let manager = app.manager().await;
    let (path, id) = app.tea(&manager).await;
    let cards = [app.customer("Ines").await, app.customer("I. D.").await];
    for (number, listed) in cards.into_iter().enumerate() {
        let link = json!({ "other": cards[1 - number], "sameness": "same", "evidence": ["said"] });
        let links = format!("/v1/customers/{listed}/links");
        app.ask(&manager, "POST", &links, &link).await;
    }
    let person = format!("/v1/customers/{}/person", cards[0]);
    let person = app.ask(&manager, "GET", &person, &Value::Null).await;
    let oldest: CustomerId = person.body["members"][0].as_str().unwrap().parse().unwrap();
    let newer = cards[usize::from(oldest == cards[0])];
    app.list(&manager, &path, &[newer]).await;
    app.write(&manager, newer, seat(&id, 1)).await;
    app.desk(None).await;
    assert_eq!(app.answer(oldest).0, AnswerState::Confirmed);
    let off = app.call_off(&manager, &path).await;
    assert_eq!(off.body["to_tell"], json!([newer]), "{}", off.text);
}
