//! Claims about what other systems and the hub know of a customer, notes that are checked, and articles with their stock, over REST.

use sync_core::ids::{EditId, Timestamp};
use sync_core::notices::bodies::{
    AnswerBody, AnswerState, ArticleBody, CaseBody, CaseState, ContactBody, ResponseBody, StockBody,
};
use sync_core::notices::{NoticeBody, NoticeDraft, Subject};

use super::*;
use crate::desk::DeskError;

/// A word that stands only in what people said.
const NEEDLE: &str = "zanzibar";

impl TestApp {
    async fn hear<B: NoticeBody>(&self, subject: Subject, (key, as_of): (&str, i64), body: &B) {
        let draft = NoticeDraft::new(subject, key, ("crm", Timestamp(as_of)), body);
        let posted = self.state.book.write_batch(move |engine| {
            engine.put_notices(&[draft])?;
            Ok::<_, DeskError>(())
        });
        posted.await.unwrap();
    }

    async fn dealings(&self, actor: &Actor, customer: CustomerId) -> Answer {
        let path = format!("/v1/customers/{customer}/dealings");
        self.ask(actor, "GET", &path, &Value::Null).await
    }

    async fn key_of(&self, scopes: &[Scope]) -> Actor {
        let new = NewIntegration {
            name: "partner".to_owned(),
            scopes: Scopes::of(scopes),
            shop: self.hub.shop,
            chain: false,
            days: 30,
            by: self.hub.manager,
        };
        let key = self.hub.identity.add_integration(new).await.unwrap();
        Actor::Bearer(key.key.expose().clone())
    }

    /// One of each kind, told of a customer.
    async fn told_of(&self, customer: CustomerId) {
        let subject = Subject::Customer(customer);
        let words = || Some(NEEDLE.to_owned());
        let case = CaseBody {
            topic: NEEDLE.to_owned(),
            is_complaint: true,
            state: CaseState::Open,
            opened_at: Timestamp(1_000),
            solved_at: None,
            sku: Some("BAG-1".to_owned()),
        };
        self.hear(subject, ("crm:1", 9_000), &case).await;
        let response = ResponseBody {
            to: "survey".to_owned(),
            channel: Some("email".to_owned()),
            at: Timestamp(2_000),
            words: words(),
            score: Some(80),
        };
        self.hear(subject, ("crm:2", 9_001), &response).await;
        let contact = ContactBody {
            channel: Some("sms".to_owned()),
            purpose: Some("care".to_owned()),
            at: Timestamp(3_000),
            by_customer: false,
            summary: words(),
            content: words(),
            by: None,
            act: None,
        };
        self.hear(subject, ("crm:3", 9_002), &contact).await;
        let ask = EditId([7; EditId::LEN]);
        let answer = AnswerBody {
            ask,
            state: AnswerState::Countered,
            code: "taken".to_owned(),
            at: Some(Timestamp(4_000)),
            words: words(),
        };
        self.hear(subject, (&ask.to_string(), 9_003), &answer).await;
    }
}

#[tokio::test]
async fn dealings_come_with_source_and_as_of_over_linked_cards_within_reach() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let (ines, also) = (app.customer("Ines").await, app.customer("I.").await);
    app.told_of(ines).await;
    let later = CaseBody {
        topic: "strap".to_owned(),
        is_complaint: false,
        state: CaseState::Solved,
        opened_at: Timestamp(5_000),
        solved_at: Some(Timestamp(6_000)),
        sku: None,
    };
    app.hear(Subject::Customer(also), ("crm:0", 9_100), &later)
        .await;
    let alone = app.dealings(&manager, ines).await;
    assert_eq!(alone.status, StatusCode::OK, "{}", alone.text);
    let case = json!({
        "key": "crm:1", "source": "crm", "as_of": 9_000, "topic": NEEDLE, "is_complaint": true,
        "state": "open", "opened_at": 1_000, "solved_at": null, "sku": "BAG-1",
    });
    assert_eq!(alone.body["cases"], json!([case]));
    assert_eq!(alone.body["responses"][0]["score"], 80);
    assert_eq!(alone.body["responses"][0]["as_of"], 9_001);
    assert_eq!(alone.body["contacts"][0]["summary"], NEEDLE);
    assert_eq!(alone.body["contacts"][0]["as_of"], 9_002);
    assert_eq!(alone.body["answers"][0]["state"], "countered");
    assert_eq!(alone.body["answers"][0]["code"], "taken");
    assert_eq!(alone.body["answers"][0]["as_of"], 9_003);

    let path = format!("/v1/customers/{ines}/links");
    let same = json!({ "other": also, "sameness": "same", "evidence": ["said"] });
    app.ask(&manager, "POST", &path, &same).await;
    let seen = app.access_log().len();
    let joined = app.dealings(&manager, ines).await;
    let cases = joined.body["cases"].as_array().unwrap();
    let keys: Vec<_> = cases.iter().map(|it| it["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["crm:0", "crm:1"], "the latest first");
    assert_eq!(joined.body["members"].as_array().unwrap().len(), 2);
    assert_eq!(app.access_log().len(), seen + 2, "a line for each card");

    let hub = &app.hub;
    let elsewhere = hub.identity.add_shop("Second", "Asia/Tokyo").await.unwrap();
    for (shop, action) in [(elsewhere, "enter"), (hub.shop, "leave")] {
        let path = format!("/v1/customers/{also}/book");
        let body = json!({ "shop": shop, "action": action });
        let moved = app.ask(&manager, "POST", &path, &body).await;
        assert_eq!(moved.status, StatusCode::NO_CONTENT, "{}", moved.text);
    }
    let key = app.key_of(&[Scope::CustomerRead, Scope::NotesRead]).await;
    let near = app.dealings(&key, ines).await;
    assert_eq!(near.body["cases"], json!([case]), "{}", near.text);
    assert!(!near.text.contains("strap"), "{}", near.text);
    let beyond = app.dealings(&key, also).await;
    assert_eq!(beyond.status, StatusCode::NOT_FOUND, "{}", beyond.text);
}

#[tokio::test]
async fn dealings_without_notes_read_hold_no_words_of_anybody() {
    let app = TestApp::start().await;
    let ines = app.customer("Ines").await;
    app.told_of(ines).await;
    let blind = app.key_of(&[Scope::CustomerRead]).await;
    let seen = app.dealings(&blind, ines).await;
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.text);
    assert!(!seen.text.contains(NEEDLE), "{}", seen.text);
    assert_eq!(seen.body["cases"][0]["topic"], Value::Null);
    assert_eq!(seen.body["cases"][0]["is_complaint"], true);
    assert_eq!(seen.body["contacts"][0]["content"], Value::Null);
    assert_eq!(seen.body["answers"][0]["code"], "taken");
    let whole = app.key_of(&[Scope::CustomerRead, Scope::NotesRead]).await;
    let whole = app.dealings(&whole, ines).await;
    assert_eq!(whole.text.matches(NEEDLE).count(), 5, "{}", whole.text);
}

#[tokio::test]
async fn a_note_is_told_what_does_not_belong_there_with_its_place_and_is_kept_nowhere() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let check = async |body: Value| app.ask(&manager, "POST", "/v1/notes/check", &body).await;
    let before = app.access_log().len();
    let text = "Zoë's été: she has diabetes";
    let found = check(json!({ "text": text })).await;
    assert_eq!(found.status, StatusCode::OK, "{}", found.text);
    let warnings = found.body["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{}", found.text);
    let place = |name: &str| usize::try_from(warnings[0][name].as_u64().unwrap()).unwrap();
    let passage: String = text
        .chars()
        .skip(place("start"))
        .take(place("end") - place("start"))
        .collect();
    assert!(passage.contains("diabetes"), "{passage}");
    assert_eq!(warnings[0]["category"], "health");
    assert_eq!(
        warnings[0]["instead"],
        json!(["allergy", "restricted", "draft"])
    );
    let clean = check(json!({ "text": "Likes navy, comes on Saturdays" })).await;
    assert_eq!(clean.body["warnings"], json!([]), "{}", clean.text);

    let of = async |language: &str| {
        let answer = check(json!({ "text": "Elle est enceinte", "language": language })).await;
        answer.body["warnings"].as_array().unwrap().len()
    };
    assert_eq!((of("fr").await, of("en").await), (1, 0));
    let other = check(json!({ "text": "x", "language": "de" })).await;
    assert_eq!(other.code(), "invalid", "{}", other.text);
    let long = check(json!({ "text": "a".repeat(8 << 10) })).await;
    assert_eq!(long.code(), "invalid", "{}", long.text);
    assert_eq!(app.access_log().len(), before, "nobody's card was opened");
}

#[tokio::test]
async fn an_article_comes_with_the_stock_of_every_shop_the_callers_own_first_each_with_its_as_of() {
    let app = TestApp::start().await;
    let hub = &app.hub;
    let second = hub
        .identity
        .add_shop("Alster", "Europe/Berlin")
        .await
        .unwrap();
    let third = hub.identity.add_shop("Blank", "Asia/Tokyo").await.unwrap();
    let article = ArticleBody {
        label: "Rain coat".to_owned(),
        category: "coat".to_owned(),
        sizes: vec!["M".to_owned()],
        price: Some((45_000, "EUR".parse().unwrap())),
        ..ArticleBody::default()
    };
    app.hear(Subject::Chain, ("COAT-7", 8_000), &article).await;
    for (shop, count, as_of) in [(hub.shop, 0, 9_000), (second, 3, 9_500)] {
        let stock = StockBody {
            shop,
            sku: "COAT-7".to_owned(),
            on_hand: [("M".to_owned(), count)].into(),
            arriving: vec![(Timestamp(20_000), "M".to_owned(), 2)],
            there_since: None,
        };
        let key = format!("{shop}/COAT-7");
        app.hear(Subject::Chain, (&key, as_of), &stock).await;
    }
    let key = app.key_of(&[Scope::RecordRead]).await;
    let found = app
        .ask(&key, "GET", "/v1/articles/coat-7", &Value::Null)
        .await;
    assert_eq!(found.status, StatusCode::OK, "{}", found.text);
    assert_eq!(found.body["sku"], "COAT-7", "however it was typed");
    assert_eq!(found.body["as_of"], 8_000);
    let price = json!({ "amount_minor": 45_000, "currency": "EUR" });
    assert_eq!(found.body["price"], price);
    let stock = found.body["stock"].as_array().unwrap();
    let read = |at: usize| {
        let it = &stock[at];
        (
            it["shop"].clone(),
            it["on_hand"]["M"].clone(),
            it["as_of"].clone(),
        )
    };
    assert_eq!(
        stock.len(),
        2,
        "nothing was told of {third}: {}",
        found.text
    );
    assert_eq!(read(0), (json!(hub.shop), json!(0), json!(9_000)));
    assert_eq!(read(1), (json!(second), json!(3), json!(9_500)));
    assert_eq!(stock[1]["name"], "Alster");
    let coming = json!([{ "expected": 20_000, "size": "M", "quantity": 2 }]);
    assert_eq!(stock[0]["arriving"], coming);
    let none = app
        .ask(&key, "GET", "/v1/articles/COAT-8", &Value::Null)
        .await;
    assert_eq!(none.status, StatusCode::NOT_FOUND, "{}", none.text);
    let blind = app.key_of(&[Scope::CustomerRead]).await;
    let blind = app
        .ask(&blind, "GET", "/v1/articles/COAT-7", &Value::Null)
        .await;
    assert_eq!(blind.status, StatusCode::FORBIDDEN, "{}", blind.text);
}
