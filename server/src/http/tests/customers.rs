//! Claims about customers over REST: finding, reading, writing, and who sees what.

use sync_core::access::{AccessKind, StoredAccess};
use sync_core::card::Facet;
use sync_core::documents;
use sync_core::store::{Store as _, Table, decode_row, scan_prefix};

use super::*;
use crate::book::reading::integration_author;
use crate::identity::integrations::IntegrationId;

/// A word that stands only in what people wrote.
const NEEDLE: &str = "zanzibar";

impl TestApp {
    async fn edits(&self, actor: &Actor, customer: &str, edits: Value) -> Answer {
        let path = format!("/v1/customers/{customer}/edits");
        let body = json!({ "edits": edits });
        self.ask(actor, "POST", &path, &body).await
    }

    async fn edit(&self, actor: &Actor, customer: &str, edit: Value) -> Answer {
        let answer = self
            .edits(
                actor,
                customer,
                json!([{ "edit": edit, "source": "stated" }]),
            )
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer
    }

    async fn get(&self, actor: &Actor, path: &str) -> Answer {
        self.ask(actor, "GET", path, &Value::Null).await
    }

    pub(super) fn access_log(&self) -> Vec<StoredAccess> {
        let mut lines = Vec::new();
        let tx = self.hub.store.read().unwrap();
        scan_prefix(&*tx, Table::AccessLog, &[], &mut |_, bytes| {
            lines.push(decode_row(Table::AccessLog, bytes)?);
            Ok(std::ops::ControlFlow::Continue(()))
        })
        .unwrap();
        lines
    }

    async fn key(&self, scopes: &[Scope]) -> (Actor, IntegrationId) {
        let new = NewIntegration {
            name: "partner".to_owned(),
            scopes: Scopes::of(scopes),
            shop: self.hub.shop,
            chain: false,
            days: 30,
            by: self.hub.manager,
        };
        let made = self.hub.identity.add_integration(new).await.unwrap();
        (Actor::Bearer(made.key.expose().clone()), made.id)
    }
}

#[tokio::test]
async fn a_customer_who_was_created_is_found_and_read() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let body = json!({
        "name": { "given": "Inès", "family": "Köhler" }, "language": "fr",
        "endpoints": [{ "kind": "phone", "value": "+33 6 12 34 56 78" }],
    });
    let made = app.ask(&manager, "POST", "/v1/customers", &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let id = made.body["id"].as_str().unwrap();
    app.customer("Someone").await;
    for query in ["q=ines", "q=koehler&limit=5", "q=5678"] {
        let found = app.get(&manager, &format!("/v1/customers?{query}")).await;
        assert_eq!(
            found.body["customers"].as_array().unwrap().len(),
            1,
            "{query}"
        );
        assert_eq!(found.body["customers"][0]["id"], id);
        assert_eq!(found.body["customers"][0]["phones"], json!(["5678"]));
        assert_eq!(found.body["more"], false);
    }
    let everybody = app.get(&manager, "/v1/customers").await;
    assert_eq!(everybody.body["customers"].as_array().unwrap().len(), 2);
    let card = app.get(&manager, &format!("/v1/customers/{id}")).await;
    assert_eq!(card.body["card"]["name"]["family"]["value"], "Köhler");
    let long = "x".repeat(200);
    let refused = app.get(&manager, &format!("/v1/customers?q={long}")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let unknown = app.get(&manager, "/v1/customers?name=ines").await;
    assert_eq!(unknown.code(), "invalid");
}

#[tokio::test]
async fn a_creation_that_names_its_edit_can_be_repeated() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let edit = "0123456789abcdef";
    let body = json!({ "edit_id": edit, "name": { "given": "Ines" } });
    let first = app.ask(&manager, "POST", "/v1/customers", &body).await;
    let again = app.ask(&manager, "POST", "/v1/customers", &body).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
    assert_eq!(again.status, StatusCode::OK, "{}", again.text);
    assert_eq!(first.body, again.body);
    // The same id of somebody else names somebody else.
    let (key, _) = app.key(&[Scope::CustomerWrite]).await;
    let other = app.ask(&key, "POST", "/v1/customers", &body).await;
    assert_eq!(other.status, StatusCode::CREATED);
    assert_ne!(other.body["id"], first.body["id"]);
    let nameless = json!({ "edit_id": "0123456789abcdeg", "name": {} });
    let refused = app.ask(&manager, "POST", "/v1/customers", &nameless).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_gesture_without_a_right_or_a_reason_is_refused_and_says_what_to_record() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let id = app.customer("Ines").await.to_string();
    let spent = json!({ "minor": 900, "right": "r" });
    for (gesture, says) in [
        (json!({ "summary": "flowers" }), "`service`"),
        (json!({ "spent": spent }), "its reason"),
    ] {
        let mut edit = json!({ "edit": "record_interaction", "kind": "gesture" });
        let fields = gesture.as_object().unwrap().clone();
        edit.as_object_mut().unwrap().extend(fields);
        let refused = app.edits(&manager, &id, json!([{ "edit": edit }])).await;
        assert_eq!(refused.code(), "edit_refused", "{}", refused.text);
        assert!(refused.text.contains(says), "{}", refused.text);
    }
    let served = json!({ "edit": "record_interaction", "kind": "service", "act": "honored" });
    let done = app.edits(&manager, &id, json!([{ "edit": served }])).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
}

#[tokio::test]
async fn a_list_of_edits_is_recorded_whole_or_not_at_all_and_once() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let id = app.customer("Ines").await.to_string();
    let edits = json!([
        { "id": "0000000000000001", "edit": { "edit": "tag", "tag": "opera" }, "source": "stated" },
        { "id": "0000000000000002", "edit": { "edit": "set_language", "language": "fr" } },
    ]);
    let done = app.edits(&manager, &id, edits.clone()).await;
    assert_eq!(
        (done.status, &done.body["changed"]),
        (StatusCode::OK, &json!(true))
    );
    let again = app.edits(&manager, &id, edits).await;
    assert_eq!(again.body["changed"], false, "{}", again.text);
    let half = json!([
        { "edit": { "edit": "tag", "tag": "jazz" }, "source": "stated" },
        { "edit": { "edit": "set_language", "language": "not a language" } },
    ]);
    let refused = app.edits(&manager, &id, half).await;
    assert_eq!(refused.code(), "edit_refused", "{}", refused.text);
    let card = app.get(&manager, &format!("/v1/customers/{id}")).await;
    let tags = card.body["card"]["tags"].as_array().unwrap();
    assert_eq!(tags.len(), 1, "{tags:?}");
    let nothing = app.edits(&manager, &id, json!([])).await;
    assert_eq!(nothing.code(), "invalid");
    let unknown = json!([{ "edit": { "edit": "forget_everything" } }]);
    assert_eq!(app.edits(&manager, &id, unknown).await.code(), "invalid");
    let note = json!({ "edit": "add_note", "place": "card", "body": "x".repeat(7_000) });
    let notes: Vec<_> = (0..12).map(|_| json!({ "edit": note })).collect();
    let too_much = app.edits(&manager, &id, json!(notes)).await;
    assert_eq!(
        too_much.code(),
        "too_much_at_once",
        "a handheld could not take it in"
    );
}

#[tokio::test]
async fn what_was_concluded_takes_an_agreement_and_is_shown_while_it_lasts() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let id = app.customer("Ines").await.to_string();
    let card =
        async || app.get(&manager, &format!("/v1/customers/{id}")).await.body["card"].clone();
    let offered = json!({ "may_conclude": false, "may_invite": true });
    assert_eq!(card().await["allowance"], offered);
    let seen = json!([{ "edit": { "edit": "observe_preference", "kind": "color", "subject": "coats", "polarity": "like" } }]);
    let refused = app.edits(&manager, &id, seen.clone()).await;
    assert_eq!(refused.code(), "not_agreed", "{}", refused.text);
    let answers = |state: &str| json!({ "edit": "set_agreement", "state": state });
    app.edit(&manager, &id, answers("agreed")).await;
    let taken = app.edits(&manager, &id, seen).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.text);
    let preferences = async || card().await["preferences"].as_array().unwrap().len();
    assert_eq!(preferences().await, 1);
    app.edit(&manager, &id, answers("ended")).await;
    assert_eq!(preferences().await, 0);
    let again = json!([{ "edit": answers("invited") }]);
    let refused = app.edits(&manager, &id, again).await;
    assert_eq!(refused.code(), "declined", "{}", refused.text);
}

#[tokio::test]
async fn an_associate_may_not_lift_a_block_and_a_manager_may() {
    let app = TestApp::start().await;
    app.hub.add("ana", Role::Associate, app.hub.shop).await;
    let device = Arc::new(app.hub.enrol(100).await);
    let ana = app.on_handheld(device, "ana").await;
    let id = app.customer("Ines").await.to_string();
    app.edit(&ana, &id, json!({ "edit": "block_contact" }))
        .await;
    let lift = json!([{ "edit": { "edit": "lift_block", "reason": "she asked" } }]);
    let refused = app.edits(&ana, &id, lift.clone()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    let (key, _) = app.key(&[Scope::CustomerWrite]).await;
    let refused = app.edits(&key, &id, lift.clone()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "a key is no manager");
    let lifted = app.edits(&app.manager().await, &id, lift).await;
    assert_eq!(lifted.status, StatusCode::OK, "{}", lifted.text);
}

#[tokio::test]
async fn a_customer_of_another_shop_is_not_there() {
    let app = TestApp::start().await;
    let elsewhere = app
        .hub
        .identity
        .add_shop("Second", "Asia/Tokyo")
        .await
        .unwrap();
    app.hub.add("otto", Role::Manager, elsewhere).await;
    let otto = app.office("otto").await;
    let id = app.customer("Ines").await.to_string();
    for what in ["", "/brief", "/conflicts", "/records"] {
        let answer = app.get(&otto, &format!("/v1/customers/{id}{what}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{what}");
    }
    let edits = json!([{ "edit": { "edit": "tag", "tag": "mine" }, "source": "stated" }]);
    let answer = app.edits(&otto, &id, edits).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let path = format!("/v1/customers/{id}/book");
    let take = json!({ "shop": elsewhere, "action": "enter" });
    assert_eq!(
        app.ask(&otto, "POST", &path, &take).await.status,
        StatusCode::NOT_FOUND
    );
    let found = app.get(&otto, "/v1/customers?q=ines").await;
    assert_eq!(found.body["customers"], json!([]));
    assert!(app.access_log().is_empty(), "what was refused was not read");
}

#[tokio::test]
async fn a_manager_puts_a_customer_into_another_book_and_takes_them_out() {
    let app = TestApp::start().await;
    let elsewhere = app
        .hub
        .identity
        .add_shop("Second", "Asia/Tokyo")
        .await
        .unwrap();
    app.hub.add("otto", Role::Manager, elsewhere).await;
    let (otto, manager) = (app.office("otto").await, app.manager().await);
    let id = app.customer("Ines").await.to_string();
    let path = format!("/v1/customers/{id}/book");
    let put = |shop: ShopId, action: &str| json!({ "shop": shop, "action": action });
    let entered = app
        .ask(&manager, "POST", &path, &put(elsewhere, "enter"))
        .await;
    assert_eq!(entered.status, StatusCode::NO_CONTENT, "{}", entered.text);
    let read = app.get(&otto, &format!("/v1/customers/{id}")).await;
    assert_eq!(read.status, StatusCode::OK);
    // Another shop's book is not his to change.
    let theirs = app
        .ask(&otto, "POST", &path, &put(app.hub.shop, "leave"))
        .await;
    assert_eq!(theirs.status, StatusCode::NOT_FOUND);
    let left = app
        .ask(&otto, "POST", &path, &put(elsewhere, "leave"))
        .await;
    assert_eq!(left.status, StatusCode::NO_CONTENT, "{}", left.text);
    let gone = app.get(&otto, &format!("/v1/customers/{id}")).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    let last = app
        .ask(&manager, "POST", &path, &put(app.hub.shop, "leave"))
        .await;
    assert_eq!(last.code(), "last_book");
    let nowhere = app
        .ask(&manager, "POST", &path, &put(ShopId([9; 8]), "enter"))
        .await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    let no = json!({ "edit": "record_consent", "purposes": ["chain"], "event": "withdraw" });
    app.edit(&manager, &id, no).await;
    let refused = app
        .ask(&manager, "POST", &path, &put(elsewhere, "enter"))
        .await;
    assert_eq!(refused.code(), "no_consent");
}

#[tokio::test]
async fn who_loses_a_customer_to_another_shop_needs_to_know_no_more() {
    let app = TestApp::start().await;
    let second = app.hub.identity.add_shop("Second", "Asia/Tokyo");
    let second = second.await.unwrap();
    app.hub.add("otto", Role::Manager, second).await;
    let (otto, manager) = (app.office("otto").await, app.manager().await);
    let id = app.customer("Ines").await;
    let path = format!("/v1/customers/{id}/book");
    let put = |action: &str| json!({ "shop": second, "action": action });
    app.ask(&manager, "POST", &path, &put("enter")).await;
    let consent = json!({ "edit": "record_consent", "purposes": ["sensitive"], "event": "grant",
        "evidence": { "text_version": "1", "method": "spoken" } });
    app.edit(&otto, &id.to_string(), consent).await;
    let allergy = json!({ "edit": "record_allergy", "substance": "nickel",
        "severity": "serious", "cause": "dermatitis" });
    app.edit(&otto, &id.to_string(), allergy).await;
    let knows = || {
        let document = Facet::Restricted.document(id);
        let tx = app.hub.store.read().unwrap();
        documents::scopes(&*tx, document).unwrap().len()
    };
    assert_eq!(knows(), 1, "the one who wrote it");
    let left = app.ask(&otto, "POST", &path, &put("leave")).await;
    assert_eq!(left.status, StatusCode::NO_CONTENT, "{}", left.text);
    assert_eq!(knows(), 0);
}

#[tokio::test]
async fn every_read_of_a_card_leaves_one_line_and_a_search_none() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let id = app.customer("Ines").await;
    for what in ["", "/brief", "/conflicts", "/records"] {
        let answer = app
            .get(&manager, &format!("/v1/customers/{id}{what}"))
            .await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    app.get(&manager, "/v1/customers?q=ines").await;
    let (key, integration) = app.key(&[Scope::CustomerRead]).await;
    app.get(&key, &format!("/v1/customers/{id}")).await;
    let log = app.access_log();
    let who: Vec<_> = log.iter().map(|line| line.entry.associate).collect();
    let by = app.hub.manager;
    assert_eq!(who, [by, by, by, by, integration_author(integration)]);
    assert!(log.iter().all(|line| line.entry.customer == id));
    assert!(log.iter().all(|line| line.entry.kind == AccessKind::Opened));
}

#[tokio::test]
async fn a_cause_is_read_by_who_needs_to_know_it_and_leaves_its_own_line() {
    let app = TestApp::start().await;
    app.hub.add("ana", Role::Associate, app.hub.shop).await;
    app.hub.add("ben", Role::Associate, app.hub.shop).await;
    let device = Arc::new(app.hub.enrol(100).await);
    let ana = app.on_handheld(Arc::clone(&device), "ana").await;
    let ben = app.on_handheld(device, "ben").await;
    let id = app.customer("Ines").await.to_string();
    let consent = json!({
        "edit": "record_consent", "purposes": ["sensitive"], "event": "grant",
        "evidence": { "text_version": "s1", "method": "spoken" },
    });
    app.edit(&ana, &id, consent).await;
    let allergy = json!({
        "edit": "record_allergy", "substance": "nickel", "severity": "serious", "cause": "pregnancy",
    });
    app.edit(&ana, &id, allergy).await;
    let path = format!("/v1/customers/{id}");
    let hers = app.get(&ana, &path).await;
    assert!(hers.text.contains("pregnancy"), "{}", hers.text);
    let kinds: Vec<_> = app
        .access_log()
        .iter()
        .map(|line| line.entry.kind)
        .collect();
    assert_eq!(kinds, [AccessKind::Opened, AccessKind::SawRestricted]);
    for reader in [&ben, &app.manager().await] {
        let answer = app.get(reader, &path).await;
        assert!(
            answer.text.contains("nickel"),
            "the effect is for everybody"
        );
        assert!(!answer.text.contains("pregnancy"), "{}", answer.text);
    }
}

/// Writes the needle wherever a card takes sentences.
async fn write_needles(app: &TestApp, actor: &Actor, id: &str) {
    for place in ["card", "shop", "private"] {
        let note = json!({ "edit": "add_note", "place": place, "body": NEEDLE, "title": NEEDLE });
        app.edit(actor, id, note).await;
    }
    let visit = app
        .edit(actor, id, json!({ "edit": "arrive", "with": NEEDLE }))
        .await;
    let visit = visit.body["edits"][0].clone();
    let captured = json!({ "edit": "capture", "visit": visit, "summary": NEEDLE });
    app.edit(actor, id, captured).await;
    for edit in [
        json!({ "edit": "leave", "visit": visit, "summary": NEEDLE }),
        json!({ "edit": "make_promise", "what": NEEDLE }),
        json!({ "edit": "block_contact", "reason": NEEDLE }),
        json!({ "edit": "record_interaction", "kind": "call", "summary": NEEDLE }),
        json!({ "edit": "record_reaction", "sku": "A1", "sentiment": "liked", "words": NEEDLE }),
        json!({ "edit": "add_wish", "sku": "A2", "note": NEEDLE }),
    ] {
        app.edit(actor, id, edit).await;
    }
}

#[tokio::test]
async fn no_byte_that_somebody_wrote_in_their_own_words_reaches_a_key_without_that_scope() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let id = app.customer("Ines").await.to_string();
    write_needles(&app, &manager, &id).await;
    let paths = [
        format!("/v1/customers/{id}"),
        format!("/v1/customers/{id}/brief"),
        format!("/v1/customers/{id}/conflicts"),
        format!("/v1/customers/{id}/records"),
        format!("/v1/customers?q={NEEDLE}"),
        "/v1/customers?q=ines".to_owned(),
        "/v1/customers".to_owned(),
    ];
    let (blind, _) = app.key(&[Scope::CustomerRead, Scope::RecordRead]).await;
    let mut facts = String::new();
    for path in &paths {
        let answer = app.get(&blind, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(!answer.text.contains(NEEDLE), "{path}: {}", answer.text);
        facts.push_str(&answer.text);
    }
    assert!(facts.contains("Ines"), "facts are read");
    let guessed = app.get(&blind, &format!("/v1/customers?q={NEEDLE}")).await;
    assert_eq!(
        guessed.body["customers"],
        json!([]),
        "guessing finds nobody"
    );
    let card = app.get(&blind, &paths[0]).await;
    assert!(
        !card.body["card"]["contact"]["blocked"].is_null(),
        "that contact is blocked is a fact"
    );
    let (sighted, _) = app
        .key(&[Scope::CustomerRead, Scope::RecordRead, Scope::NotesRead])
        .await;
    let card = app.get(&sighted, &paths[0]).await;
    let seen = card.text.matches(NEEDLE).count();
    assert!(seen >= 8, "the scope shows them: {seen}");
    let theirs = app.get(&manager, &paths[0]).await;
    let all = theirs.text.matches(NEEDLE).count();
    assert_eq!(
        seen + 2,
        all,
        "a private note, body and title, is its author's"
    );
    let found = app.get(&sighted, &paths[4]).await;
    assert_eq!(found.body["customers"][0]["id"], id);
}

#[tokio::test]
async fn a_card_on_which_nobody_disagrees_has_no_conflicts_and_a_brief() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let id = app.customer("Ines").await.to_string();
    let none = app
        .get(&manager, &format!("/v1/customers/{id}/conflicts"))
        .await;
    assert_eq!(none.body["conflicts"], json!([]));
    let brief = app
        .get(&manager, &format!("/v1/customers/{id}/brief"))
        .await;
    assert!(brief.body["brief"]["avoid"].is_array(), "{}", brief.text);
}
