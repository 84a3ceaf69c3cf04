//! Claims about people over REST: a customer seen whole, links and their end, likely duplicates, and the handover.

use std::collections::BTreeSet;

use sync_core::notices::bodies::{CaseBody, CaseState, OwnerBody};
use sync_core::notices::{self, NoticeBody, NoticeDraft, Subject};
use sync_core::store::Store as _;

use super::*;
use crate::desk::{Desk, DeskError};
use crate::duplicates::Keeper;

/// A word that stands only in what people wrote.
const NEEDLE: &str = "zanzibar";

impl TestApp {
    async fn tell<B: NoticeBody>(&self, subject: Subject, key: &str, body: &B) {
        let draft = NoticeDraft::new(subject, key, ("test", self.state.clock.now()), body);
        let posted = self.state.book.write_batch(move |engine| {
            engine.put_notices(&[draft])?;
            Ok::<_, DeskError>(())
        });
        posted.await.unwrap();
    }

    async fn say(&self, actor: &Actor, customer: CustomerId, source: &str, edit: Value) {
        let path = format!("/v1/customers/{customer}/edits");
        let body = json!({ "edits": [{ "edit": edit, "source": source }] });
        let answer = self.ask(actor, "POST", &path, &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }

    async fn of(&self, actor: &Actor, customer: CustomerId, what: &str) -> Answer {
        let path = format!("/v1/customers/{customer}{what}");
        self.ask(actor, "GET", &path, &Value::Null).await
    }

    async fn link(&self, actor: &Actor, pair: (CustomerId, CustomerId), sameness: &str) -> Answer {
        let path = format!("/v1/customers/{}/links", pair.0);
        let body = json!({ "other": pair.1, "sameness": sameness, "evidence": ["said"] });
        self.ask(actor, "POST", &path, &body).await
    }

    async fn desk_works(&self) {
        Desk::new(self.state.clone(), None)
            .unwrap()
            .step()
            .await
            .unwrap();
    }

    fn owner(&self, customer: CustomerId) -> Option<AssociateId> {
        let tx = self.hub.store.read().unwrap();
        let owner = notices::get::<OwnerBody>(&*tx, Subject::Customer(customer), "").unwrap();
        owner.map(|(_, body)| body.owner)
    }

    /// What is promised and by when, and to whom it is given.
    async fn promises(&self, customer: CustomerId) -> (BTreeSet<String>, Vec<Value>) {
        let card = self.of(&self.manager().await, customer, "").await.body;
        let promises = card["card"]["promises"].as_array().unwrap();
        let named = promises
            .iter()
            .map(|it| format!("{} {} {}", it["id"], it["what"]["value"], it["due"]));
        let given = promises.iter().map(|it| it["assignees"].clone());
        (named.collect(), given.collect())
    }
}

fn allergy(substance: &str) -> Value {
    json!({ "edit": "record_allergy", "substance": substance, "severity": "serious" })
}

fn complaint(at: sync_core::ids::Timestamp) -> CaseBody {
    CaseBody {
        topic: NEEDLE.to_owned(),
        is_complaint: true,
        state: CaseState::Open,
        opened_at: at,
        solved_at: None,
        sku: None,
    }
}

#[tokio::test]
async fn a_brief_over_rest_is_of_the_whole_picture_and_every_look_is_in_the_log() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let ines = app.customer("Ines").await;
    let now = app.state.clock.now();
    app.tell(
        Subject::Customer(ines),
        "desk:1",
        &complaint(now.plus_ms(-86_400_000)),
    )
    .await;
    let brief = app.of(&manager, ines, "/brief").await;
    let mut lines = brief.body["brief"]["avoid"].as_array().unwrap().iter();
    assert!(
        lines.any(|line| line["kind"] == "complaint"),
        "no card says so, the service desk does: {}",
        brief.text
    );
    let again = app.of(&manager, ines, "/brief").await;
    assert!(brief.body["hash"].is_string());
    assert_eq!(brief.body, again.body, "the same picture, the same brief");
    let shown = app.of(&manager, ines, "/recommendations").await;
    assert!(shown.body["recommendations"].is_object(), "{}", shown.text);
    let ledger = app.of(&manager, ines, "/ledger").await;
    assert!(ledger.body["ledger"].is_object(), "{}", ledger.text);
    let looks = app.access_log();
    assert_eq!(looks.len(), 4, "one line for each answer: {looks:?}");
}

#[tokio::test]
async fn without_notes_read_no_source_tells_what_somebody_said() {
    let app = TestApp::start().await;
    let ines = app.customer("Ines").await;
    let now = app.state.clock.now();
    app.tell(Subject::Customer(ines), "desk:1", &complaint(now))
        .await;
    let note = json!({ "edit": "make_promise", "what": NEEDLE });
    app.say(&app.manager().await, ines, "typed", note).await;
    let new = NewIntegration {
        name: "partner".to_owned(),
        scopes: Scopes::of(&[Scope::CustomerRead]),
        shop: app.hub.shop,
        chain: false,
        days: 30,
        by: app.hub.manager,
    };
    let key = app.hub.identity.add_integration(new).await.unwrap();
    let key = Actor::Bearer(key.key.expose().clone());
    for what in [
        "",
        "/brief",
        "/recommendations",
        "/question",
        "/ledger",
        "/person",
    ] {
        let answer = app.of(&key, ines, what).await;
        assert_eq!(answer.status, StatusCode::OK, "{what}: {}", answer.text);
        assert!(!answer.text.contains(NEEDLE), "{what}: {}", answer.text);
    }
}

#[tokio::test]
async fn two_linked_cards_are_read_as_one_person_and_are_what_they_were_when_they_are_two() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let (ines, also) = (app.customer("Ines").await, app.customer("I.").await);
    app.say(&manager, ines, "stated", allergy("nickel")).await;
    app.say(&manager, also, "stated", allergy("wool")).await;
    let before = app.of(&manager, ines, "").await;
    let linked = app.link(&manager, (ines, also), "same").await;
    assert_eq!(linked.body["changed"], true, "{}", linked.text);
    for card in [ines, also] {
        let whole = app.of(&manager, card, "").await;
        let allergies = whole.body["card"]["allergies"].as_array().unwrap();
        assert_eq!(allergies.len(), 2, "{}", whole.text);
        assert_eq!(whole.body["members"].as_array().unwrap().len(), 2);
        let brief = app.of(&manager, card, "/brief").await;
        assert!(brief.text.contains("nickel") && brief.text.contains("wool"));
        let person = app.of(&manager, card, "/person").await;
        assert_eq!(person.body["standing"], "one_person", "{}", person.text);
        assert_eq!(person.body["cards"].as_array().unwrap().len(), 2);
    }
    app.link(&manager, (also, ines), "different").await;
    let mut after = app.of(&manager, ines, "").await;
    assert_eq!(after.body["card"]["links"].as_array().unwrap().len(), 1);
    after.body["card"]["links"] = json!([]);
    assert_eq!(after.body, before.body, "nothing is left of the link");
    let person = app.of(&manager, ines, "/person").await;
    assert_eq!(person.body["standing"], "alone", "{}", person.text);
}

#[tokio::test]
async fn what_is_written_of_a_person_goes_to_the_oldest_card_once_and_is_listed_when_they_are_two()
{
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let (ines, also) = (app.customer("Ines").await, app.customer("I.").await);
    let note = json!({ "edit": "add_note", "place": "card", "body": NEEDLE });
    app.say(&manager, also, "typed", note).await;
    let before = [
        app.of(&manager, ines, "").await,
        app.of(&manager, also, "").await,
    ];
    let noted = before[1].body["card"]["notes"][0]["id"].clone();
    app.link(&manager, (ines, also), "same").await;
    let person = app.of(&manager, also, "/person").await;
    let oldest: CustomerId = person.body["members"][0].as_str().unwrap().parse().unwrap();
    let newer = if oldest == ines { also } else { ines };
    let path = format!("/v1/customers/{newer}/edits");
    let named = json!({ "edit": "set_name", "part": "given", "value": "Inès" });
    let edits = json!({ "edits": [
        { "id": "0123456789abcdef", "edit": named, "source": "stated" },
        { "edit": { "edit": "tag", "tag": "opera" }, "source": "stated" },
        { "edit": { "edit": "make_promise", "what": "call her" } },
    ] });
    let done = app.ask(&manager, "POST", &path, &edits).await;
    assert_eq!(done.body["changed"], true, "{}", done.text);
    let name = async |card| {
        let view = app.of(&manager, card, "").await.body;
        view["card"]["name"]["given"]["value"].clone()
    };
    assert_eq!(
        (name(ines).await, name(also).await),
        (json!("Inès"), json!("Inès"))
    );
    let pinned = json!({ "edit": "pin_note", "place": "card", "note": noted, "reason": "kept" });
    app.say(&manager, ines, "typed", pinned).await;
    let person = app.of(&manager, ines, "/person").await;
    assert_eq!(person.body["to_allot"], json!([]), "{}", person.text);

    app.link(&manager, (newer, oldest), "different").await;
    let listed = app.of(&manager, oldest, "/person").await.body["to_allot"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 3, "{listed}");
    assert_eq!(
        app.of(&manager, newer, "/person").await.body["to_allot"],
        json!([])
    );
    // The same request after they parted says nothing new on the card that it names.
    let again =
        json!({ "edits": [{ "id": "0123456789abcdef", "edit": named, "source": "stated" }] });
    let again = app.ask(&manager, "POST", &path, &again).await;
    assert_eq!(again.body["changed"], false, "{}", again.text);
    let (mut apart, mut alone) = (
        app.of(&manager, newer, "").await.body,
        before[usize::from(newer == also)].body.clone(),
    );
    for view in [&mut apart, &mut alone] {
        view["card"]["links"] = json!([]);
        view["card"]["notes"] = json!([]);
    }
    assert_eq!(apart, alone, "what was there is what it was");
    let notes = app.of(&manager, also, "").await.body["card"]["notes"].clone();
    assert_eq!(
        notes[0]["pinned"], "kept",
        "a note stays where it is: {notes}"
    );
}

#[tokio::test]
async fn a_link_takes_two_cards_within_reach_evidence_and_is_written_once() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let (ines, also) = (app.customer("Ines").await, app.customer("I.").await);
    let path = format!("/v1/customers/{ines}/links");
    let body = json!({ "edit_id": "0123456789abcdef", "other": also, "sameness": "same", "evidence": ["said"] });
    let first = app.ask(&manager, "POST", &path, &body).await;
    let again = app.ask(&manager, "POST", &path, &body).await;
    assert_eq!(first.body["edits"], again.body["edits"]);
    assert_eq!(again.body["changed"], false, "{}", again.text);
    let bare = json!({ "other": also, "sameness": "same" });
    let bare = app.ask(&manager, "POST", &path, &bare).await;
    assert_eq!(bare.code(), "edit_refused", "{}", bare.text);
    let own = app.link(&manager, (ines, ines), "same").await;
    assert_eq!(own.code(), "edit_refused", "{}", own.text);
    let nobody = CustomerId([9; CustomerId::LEN]);
    let nobody = app.link(&manager, (ines, nobody), "same").await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND, "{}", nobody.text);
}

#[tokio::test]
async fn a_link_that_stands_on_one_card_is_completed_on_the_other() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let (ines, also) = (app.customer("Ines").await, app.customer("I.").await);
    let link = |sameness: &str| json!({ "edit": "link_customers", "other": also, "sameness": sameness, "evidence": ["said"] });
    let links = async |card| {
        let answer = app.of(&manager, card, "/person").await;
        answer.body["links"].as_array().unwrap().clone()
    };
    app.say(&manager, ines, "stated", link("same")).await;
    assert!(links(also).await.is_empty());
    for card in [ines, also] {
        let person = app.of(&manager, card, "/person").await;
        assert_eq!(person.body["standing"], "one_person", "one word is enough");
    }
    for sameness in ["same", "different"] {
        app.hub.clock.advance_ms(1_000);
        app.say(&manager, ines, "stated", link(sameness)).await;
        app.desk_works().await;
        app.desk_works().await;
        let back = links(also).await;
        assert_eq!(back.len(), 1, "{back:?}");
        assert_eq!(back[0]["sameness"]["value"], sameness, "{back:?}");
    }
    // What the other card says of two people is not talked over.
    app.say(&manager, ines, "stated", link("same")).await;
    app.desk_works().await;
    let person = app.of(&manager, also, "/person").await;
    assert_eq!(person.body["standing"], "alone", "{}", person.text);
    app.link(&manager, (also, ines), "same").await;
    app.desk_works().await;
    let person = app.of(&manager, also, "/person").await;
    assert_eq!(person.body["standing"], "one_person", "{}", person.text);
}

#[tokio::test]
async fn likely_duplicates_are_listed_and_nothing_is_linked_by_that() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let phone = |number: &str| json!({ "edit": "add_endpoint", "kind": "phone", "value": number });
    let email = |text: &str| json!({ "edit": "add_endpoint", "kind": "email", "value": text });
    let mut cards = Vec::new();
    for (name, number) in [
        ("Ines Keller", "+33612345678"),
        ("I. K.", "+33612345678"),
        ("Léa Roux", "+33698765432"),
        ("Lea Roux", "+33698765432"),
        ("Otto Moser", "+33611111111"),
        ("Bea Lang", "+33611111111"),
    ] {
        let card = app.customer(name).await;
        app.say(&manager, card, "customer_entered", phone(number))
            .await;
        cards.push(card);
    }
    for card in [cards[0], cards[1]] {
        app.say(
            &manager,
            card,
            "customer_entered",
            email("ines@test.example"),
        )
        .await;
    }
    let key = app.hub.keys.chain_key();
    let keeper = Arc::new(Keeper::new(Arc::clone(&app.state.book), key));
    keeper.catch_up().await.unwrap();
    let listed = async |actor: &Actor| {
        let (mut pairs, mut after) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/duplicates?limit=1{after}");
            let page = app.ask(actor, "GET", &path, &Value::Null).await;
            assert_eq!(page.status, StatusCode::OK, "{}", page.text);
            pairs.extend(page.body["pairs"].as_array().unwrap().clone());
            let Some(next) = page.body["next"].as_str() else {
                return pairs;
            };
            after = format!("&after={next}");
        }
    };
    let pairs = listed(&manager).await;
    let advice = |one: CustomerId, pairs: &[Value]| {
        let of = pairs
            .iter()
            .find(|pair| pair["cards"].to_string().contains(&one.to_string()));
        of.map(|pair| pair["advice"].as_str().unwrap().to_owned())
    };
    assert_eq!(
        pairs.len(),
        2,
        "a family's telephone says nothing: {pairs:?}"
    );
    assert_eq!(advice(cards[0], &pairs).as_deref(), Some("link"));
    assert_eq!(advice(cards[2], &pairs).as_deref(), Some("ask"));
    let person = app.of(&manager, cards[0], "/person").await;
    assert_eq!(person.body["standing"], "alone", "{}", person.text);
    let elsewhere = app.hub.identity.add_shop("Second", "Asia/Tokyo").await;
    app.hub.add("otto", Role::Manager, elsewhere.unwrap()).await;
    assert!(listed(&app.office("otto").await).await.is_empty());
    app.link(&manager, (cards[2], cards[3]), "different").await;
    assert_eq!(advice(cards[2], &listed(&manager).await), None);
    let wrong = app
        .ask(&manager, "GET", "/v1/duplicates?after=zz", &Value::Null)
        .await;
    assert_eq!(wrong.code(), "invalid");
}

#[tokio::test]
async fn a_handover_keeps_every_promise_and_moves_who_looks_after_whom() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let ana = app.hub.add("ana", Role::Associate, app.hub.shop).await;
    let ben = app.hub.add("ben", Role::Associate, app.hub.shop).await;
    let cleo = app.hub.add("cleo", Role::Associate, app.hub.shop).await;
    let due = app.state.clock.now().plus_ms(86_400_000);
    let mut cards = Vec::new();
    for number in 0..20 {
        let card = app.customer(&format!("Customer {number}")).await;
        for (what, whose) in [("hem the coat", ana), ("call her", ben), ("wrap it", ana)] {
            let promise =
                json!({ "edit": "make_promise", "what": what, "due": due, "assignee": whose });
            app.say(&manager, card, "stated", promise).await;
        }
        cards.push(card);
    }
    let owner = |owner| OwnerBody { owner, since: due };
    app.tell(Subject::Customer(cards[0]), "", &owner(ana)).await;
    app.tell(Subject::Customer(cards[1]), "", &owner(ben)).await;
    app.desk_works().await;
    let private =
        json!({ "edit": "add_note", "place": "private", "body": NEEDLE, "title": "mine" });
    app.say(&manager, cards[0], "typed", private).await;
    let mut before = Vec::new();
    for card in &cards {
        before.push(app.promises(*card).await.0);
    }
    let path = format!("/v1/associates/{ana}/handover");
    let body = json!({ "to": cleo });
    let done = app.ask(&manager, "POST", &path, &body).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert_eq!(done.body["handed"].as_array().unwrap().len(), 20);
    assert_eq!(done.body["refused"], json!([]));
    assert_eq!(done.body["next"], Value::Null);
    for (card, before) in cards.iter().zip(before) {
        let (after, given) = app.promises(*card).await;
        assert_eq!(
            after, before,
            "no promise is lost, no word and no date changed"
        );
        assert_eq!(after.len(), 3);
        let mut given: Vec<String> = given.iter().map(ToString::to_string).collect();
        given.sort();
        let mut expected = [cleo, ben, cleo].map(|who| json!([who]).to_string());
        expected.sort();
        assert_eq!(given, expected);
    }
    assert_eq!(app.owner(cards[0]), Some(cleo));
    assert_eq!(app.owner(cards[1]), Some(ben), "not the leaver's");
    let first = &done.body["handed"][0];
    assert_eq!(first["promises"], 2, "{first}");
    assert_eq!(first["open_promises"], 3);
    assert_eq!(first["pack"]["promises"].as_array().unwrap().len(), 3);
    assert!(!done.text.contains(NEEDLE), "private notes stay");
    let again = app.ask(&manager, "POST", &path, &body).await;
    assert_eq!(again.body["handed"], json!([]), "{}", again.text);
}

#[tokio::test]
async fn a_handover_goes_to_somebody_who_is_there_and_holds_the_customer() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let ana = app.hub.add("ana", Role::Associate, app.hub.shop).await;
    let gone = app.hub.add("gone", Role::Associate, app.hub.shop).await;
    let elsewhere = app.hub.identity.add_shop("Second", "Asia/Tokyo").await;
    let far = app
        .hub
        .add("far", Role::Associate, elsewhere.unwrap())
        .await;
    let subject = crate::identity::people::Subject::Associate(gone);
    app.hub.identity.deactivate(subject).await.unwrap();
    let ines = app.customer("Ines").await;
    let promise = json!({ "edit": "make_promise", "what": "call", "assignee": ana });
    app.say(&manager, ines, "stated", promise).await;
    let before = app.promises(ines).await;
    let path = format!("/v1/associates/{ana}/handover");
    let to = async |to: Value| app.ask(&manager, "POST", &path, &to).await;
    for body in [json!({ "to": ana }), json!({ "to": gone })] {
        assert_eq!(to(body).await.code(), "invalid");
    }
    let none = to(json!({ "to": far, "customers": [] })).await;
    assert_eq!(none.code(), "invalid", "{}", none.text);
    let far = to(json!({ "to": far, "customers": [ines] })).await;
    assert_eq!(far.body["handed"], json!([]), "{}", far.text);
    assert_eq!(
        far.body["refused"],
        json!([{ "id": ines, "code": "not_in_book" }])
    );
    let nobody = to(json!({ "to": AssociateId([9; AssociateId::LEN]) })).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND, "{}", nobody.text);
    assert_eq!(app.promises(ines).await, before);
    // Whom the leaver owes nothing, nothing is told of.
    let other = app.hub.identity.add_shop("Third", "Asia/Tokyo").await;
    let far = app.hub.add("afar", Role::Associate, other.unwrap()).await;
    let bea = app.customer("Bea").await;
    let promise = json!({ "edit": "make_promise", "what": "call", "assignee": app.hub.manager });
    app.say(&manager, bea, "stated", promise).await;
    let all = to(json!({ "to": far })).await;
    assert_eq!(
        all.body["refused"],
        json!([{ "id": ines, "code": "not_in_book" }])
    );
    let door = |to: &str| {
        let (from, to) = ("ana".to_owned(), to.to_owned());
        let by = None;
        crate::operator::carry_out(
            &app.state,
            crate::operator::Order::Handover { from, to, by },
        )
    };
    let stays = door("afar").await.unwrap();
    assert!(stays[1].starts_with(&ines.to_string()), "{stays:?}");
    assert!(door("gone").await.is_err() && door("ana").await.is_err());
    // Who has left can still be handed over from.
    let left = crate::identity::people::Subject::Associate(ana);
    app.hub.identity.deactivate(left).await.unwrap();
    let ben = app.hub.add("ben", Role::Associate, app.hub.shop).await;
    let done = to(json!({ "to": ben, "customers": [ines, bea] })).await;
    assert_eq!(done.body["handed"][0]["promises"], 1, "{}", done.text);
    assert_eq!(done.body["handed"].as_array().unwrap().len(), 1);
    assert_eq!(app.promises(ines).await.0, before.0);
}
