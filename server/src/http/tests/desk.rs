//! Claims about the desk: what is asked for is answered once, rights hold, messages leave and come back.

mod events;
mod messages;
mod rights;
mod today;
mod verdicts;

use sync_core::concierge::guard::Settings;
use sync_core::concierge::guests::{EventBody, EventState, Seat};
use sync_core::ids::{EditId, Timestamp};
use sync_core::notices::bodies::{AnswerBody, AnswerState, OwnerBody, ShopBody, StockBody};
use sync_core::notices::{self, NoticeBody, NoticeDraft, Subject};
use sync_core::store::Store as _;

use super::*;
use crate::desk::{Desk, DeskError, MessagesConfig};
use crate::events as hub_events;

const HOUR: i64 = 3_600_000;

impl TestApp {
    /// A hub whose shop has a clock, two hours ahead of UTC: it is ten in the morning.
    async fn with_desk() -> Self {
        let app = Self::start().await;
        let shop = app.hub.shop;
        app.post(Subject::Chain, &shop.to_string(), &clock("Rive", 120))
            .await;
        app
    }

    async fn post<B: NoticeBody>(&self, subject: Subject, key: &str, body: &B) {
        let draft = NoticeDraft::new(subject, key, ("test", self.state.clock.now()), body);
        let posted = self.state.book.write_batch(move |engine| {
            engine.put_notices(&[draft])?;
            Ok::<_, DeskError>(())
        });
        posted.await.unwrap();
    }

    /// What a desk that has just been started does.
    async fn desk(&self, messages: Option<&MessagesConfig>) {
        let desk = Desk::new(self.state.clone(), messages).unwrap();
        desk.step().await.unwrap();
    }

    /// How many cards a desk opens that has just been started on this hub.
    async fn opened_by_a_desk(&self) -> u64 {
        let state = self.hub.state();
        let desk = Desk::new(state.clone(), None).unwrap();
        desk.step().await.unwrap();
        state.book.documents_loaded()
    }

    async fn write(&self, actor: &Actor, customer: CustomerId, edit: Value) {
        let path = format!("/v1/customers/{customer}/edits");
        let body = json!({ "edits": [{ "edit": edit, "source": "stated" }] });
        let answer = self.ask(actor, "POST", &path, &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }

    fn told<B: NoticeBody>(&self, subject: Subject) -> Vec<(String, u64, B)> {
        let tx = self.hub.store.read().unwrap();
        let mut found = Vec::new();
        notices::for_each::<B>(&*tx, subject, &mut |notice, body| {
            found.push((notice.key, notice.version, body));
        })
        .unwrap();
        found
    }

    /// The answers to a customer's asks, in the order of ids.
    fn answers(&self, customer: CustomerId) -> Vec<AnswerBody> {
        let told = self.told::<AnswerBody>(Subject::Customer(customer));
        told.into_iter().map(|(_, _, body)| body).collect()
    }

    /// The one answer of a customer.
    #[track_caller]
    fn answer(&self, customer: CustomerId) -> (AnswerState, String, Option<Timestamp>) {
        let answers = self.answers(customer);
        assert_eq!(answers.len(), 1, "{answers:?}");
        (answers[0].state, answers[0].code.clone(), answers[0].at)
    }

    fn later(&self, ms: i64) {
        self.hub.clock.advance_ms(ms);
    }
}

fn clock(name: &str, minutes: i32) -> ShopBody {
    ShopBody {
        name: name.to_owned(),
        clock: vec![(Timestamp(0), minutes)],
        currency: "EUR".parse().ok(),
    }
}

fn stock(shop: ShopId, count: u32) -> StockBody {
    StockBody {
        shop,
        sku: "BAG-1".to_owned(),
        on_hand: [(String::new(), count)].into(),
        arriving: Vec::new(),
        there_since: None,
    }
}

#[tokio::test]
async fn of_two_appointments_at_one_time_the_first_is_confirmed_and_the_other_proposed_anew() {
    let app = TestApp::with_desk().await;
    let manager = app.manager().await;
    let (ines, otto) = (app.customer("Ines").await, app.customer("Otto").await);
    let at = app.state.clock.now().plus_ms(2 * HOUR);
    let appointment = json!({ "edit": "ask", "kind": "appointment", "at": at });
    app.write(&manager, ines, appointment.clone()).await;
    app.later(1_000);
    app.write(&manager, otto, appointment).await;
    app.desk(None).await;
    assert_eq!(
        app.answer(ines),
        (AnswerState::Confirmed, String::new(), Some(at))
    );
    let next = at.plus_ms(HOUR);
    assert_eq!(
        app.answer(otto),
        (AnswerState::Countered, "taken".to_owned(), Some(next))
    );
    let before = app.told::<AnswerBody>(Subject::Customer(otto));
    app.desk(None).await;
    assert_eq!(
        app.told::<AnswerBody>(Subject::Customer(otto)),
        before,
        "an answer is given once"
    );
}

#[tokio::test]
async fn an_appointment_at_night_or_in_the_past_is_proposed_within_the_day_of_the_shop() {
    let app = TestApp::with_desk().await;
    let manager = app.manager().await;
    let now = app.state.clock.now();
    for (hours, code) in [(-5, "past"), (12, "closed")] {
        let customer = app.customer("Ines").await;
        let at = now.plus_ms(hours * HOUR);
        let ask = json!({ "edit": "ask", "kind": "appointment", "at": at });
        app.write(&manager, customer, ask).await;
        app.desk(None).await;
        let (state, found, at) = app.answer(customer);
        assert_eq!((state, found.as_str()), (AnswerState::Countered, code));
        let local = (at.unwrap().0 / HOUR + 2) % 24;
        assert!((9..19).contains(&local) && at.unwrap() > now, "{at:?}");
    }
}

#[tokio::test]
async fn the_first_who_asks_looks_after_a_customer_and_a_restart_asks_nobody_again() {
    let app = TestApp::with_desk().await;
    let manager = app.manager().await;
    app.hub.add("ana", Role::Manager, app.hub.shop).await;
    let ana = app.office("ana").await;
    let ines = app.customer("Ines").await;
    let claim = json!({ "edit": "ask", "kind": "owner" });
    app.write(&manager, ines, claim.clone()).await;
    app.later(1_000);
    app.write(&ana, ines, claim.clone()).await;
    app.desk(None).await;
    let states: std::collections::BTreeSet<_> = app
        .answers(ines)
        .iter()
        .map(|answer| (answer.state, answer.code.clone()))
        .collect();
    let expected = [
        (AnswerState::Confirmed, String::new()),
        (AnswerState::Refused, "has_owner".to_owned()),
    ];
    assert_eq!(states, expected.into());
    let owners = app.told::<OwnerBody>(Subject::Customer(ines));
    assert_eq!(owners[0].2.owner, app.hub.manager);
    app.later(1_000);
    app.write(&manager, ines, claim).await;
    // Nobody looked between the ask and this: a new desk catches up.
    app.desk(None).await;
    assert_eq!(app.answers(ines).len(), 3);
}

#[tokio::test]
async fn an_article_is_kept_once_and_free_again_when_the_ask_is_withdrawn() {
    let app = TestApp::with_desk().await;
    let manager = app.manager().await;
    let here = app.hub.shop;
    app.post(Subject::Chain, &format!("{here}/BAG-1"), &stock(here, 1))
        .await;
    let (ines, otto, lea) = (
        app.customer("Ines").await,
        app.customer("Otto").await,
        app.customer("Lea").await,
    );
    let keep = json!({ "edit": "ask", "kind": "reservation", "subject": "BAG-1" });
    app.write(&manager, ines, keep.clone()).await;
    app.later(1_000);
    app.write(&manager, otto, keep.clone()).await;
    app.desk(None).await;
    let kept_until = app.state.clock.now().plus_ms(48 * HOUR);
    assert_eq!(
        app.answer(ines),
        (AnswerState::Confirmed, String::new(), Some(kept_until))
    );
    assert_eq!(app.answer(otto).1, "sold_out");
    let ask: EditId = app.answers(ines)[0].ask;
    let withdraw = json!({ "edit": "withdraw_ask", "ask": ask });
    app.write(&manager, ines, withdraw).await;
    app.desk(None).await;
    assert_eq!(app.answer(ines).1, "withdrawn");
    app.write(&manager, lea, keep).await;
    app.desk(None).await;
    assert_eq!(app.answer(lea).0, AnswerState::Confirmed);
    let unknown = json!({ "edit": "ask", "kind": "reservation", "subject": "BAG-2" });
    let ada = app.customer("Ada").await;
    app.write(&manager, ada, unknown).await;
    app.desk(None).await;
    assert_eq!(app.answer(ada).1, "stock_unknown");
}

#[tokio::test]
async fn what_another_shop_has_or_what_is_on_its_way_is_proposed() {
    let app = TestApp::with_desk().await;
    let manager = app.manager().await;
    let there = app
        .hub
        .identity
        .add_shop("Ginza", "Asia/Tokyo")
        .await
        .unwrap();
    app.post(Subject::Chain, &there.to_string(), &clock("Ginza", 540))
        .await;
    let here = app.hub.shop;
    app.post(Subject::Chain, &format!("{here}/BAG-1"), &stock(here, 0))
        .await;
    app.post(Subject::Chain, &format!("{there}/BAG-1"), &stock(there, 2))
        .await;
    let ines = app.customer("Ines").await;
    let keep = json!({ "edit": "ask", "kind": "reservation", "subject": "BAG-1" });
    app.write(&manager, ines, keep.clone()).await;
    app.desk(None).await;
    assert_eq!(app.answers(ines)[0].words.as_deref(), Some("Ginza has it."));
    let truck = app.state.clock.now().plus_ms(24 * HOUR);
    let arriving = StockBody {
        arriving: vec![(truck, String::new(), 3)],
        ..stock(here, 0)
    };
    app.post(Subject::Chain, &format!("{here}/BAG-1"), &arriving)
        .await;
    let otto = app.customer("Otto").await;
    app.write(&manager, otto, keep).await;
    app.desk(None).await;
    assert_eq!(
        app.answer(otto),
        (AnswerState::Countered, "arriving".to_owned(), Some(truck))
    );
}

#[tokio::test]
async fn many_asks_are_answered_over_several_transactions_each_once() {
    let app = TestApp::with_desk().await;
    let manager = app.manager().await;
    let ines = app.customer("Ines").await;
    for _ in 0..70 {
        app.write(&manager, ines, json!({ "edit": "ask", "kind": "owner" }))
            .await;
    }
    app.desk(None).await;
    let told = app.told::<AnswerBody>(Subject::Customer(ines));
    assert_eq!(told.len(), 70);
    assert!(told.iter().all(|(_, version, _)| *version == 1));
}

#[tokio::test]
async fn bounds_are_changed_by_a_manager_of_the_chain_and_only_to_what_can_stand() {
    let app = TestApp::with_desk().await;
    let manager = app.manager().await;
    let shown = app.ask(&manager, "GET", "/v1/settings", &Value::Null).await;
    assert_eq!(
        shown.body,
        serde_json::to_value(Settings::default()).unwrap()
    );
    let change = json!({ "contacts_per_week": 3, "day_begins_minute": 600 });
    let changed = app.ask(&manager, "PATCH", "/v1/settings", &change).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(changed.body["contacts_per_week"], 3);
    assert_eq!(changed.body["contacts_per_day"], 1);
    for wrong in [
        json!({ "contacts_per_day": 9 }),
        json!({ "contacts_per_day": -1 }),
        json!({ "contacts_per_day": "one" }),
        json!({ "day_ends_minute": 10_000 }),
        json!({ "discount": 5 }),
    ] {
        let answer = app.ask(&manager, "PATCH", "/v1/settings", &wrong).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    assert_eq!(
        app.told::<Settings>(Subject::Chain)[0].2.contacts_per_week,
        3
    );
}

#[tokio::test]
async fn seats_are_given_while_there_are_any_and_told_with_the_event() {
    let app = TestApp::with_desk().await;
    let manager = app.manager().await;
    let shop = Subject::Shop(app.hub.shop);
    let tea = EventBody {
        name: "Tea".to_owned(),
        themes: Vec::new(),
        capacity: 3,
        hosts: Vec::new(),
        begins_at: app.state.clock.now().plus_ms(48 * HOUR),
        state: EventState::Planned,
        granted: 0,
    };
    app.post(shop, "tea", &tea).await;
    let seats = |event: &str, quantity: u16| json!({ "edit": "ask", "kind": "seat", "subject": event, "quantity": quantity });
    let mut answers = Vec::new();
    let mut listed = Vec::new();
    for (name, event, quantity) in [
        ("Ines", "tea", 2),
        ("Otto", "tea", 2),
        ("Lea", "tea", 1),
        ("Zoe", "tea", 1),
        ("Ada", "wine", 1),
    ] {
        let customer = app.customer(name).await;
        if name != "Zoe" {
            listed.push(Seat {
                customer,
                host: None,
            });
        }
        let place = (app.hub.shop, "tea".to_owned());
        let list = hub_events::set_guests(&app.state.book, place, listed.clone());
        list.await.unwrap();
        app.write(&manager, customer, seats(event, quantity)).await;
        app.desk(None).await;
        answers.push((
            app.answer(customer).1,
            app.told::<EventBody>(shop)[0].2.granted,
        ));
    }
    let answers: Vec<(&str, u32)> = answers
        .iter()
        .map(|(code, granted)| (code.as_str(), *granted))
        .collect();
    assert_eq!(
        answers,
        [
            ("", 2),
            ("full", 2),
            ("", 3),
            ("not_listed", 3),
            ("no_event", 3)
        ]
    );
}

#[tokio::test]
async fn an_ordinary_note_does_not_make_the_desk_open_a_card() {
    let app = TestApp::with_desk().await;
    let manager = app.manager().await;
    let (ines, otto) = (app.customer("Ines").await, app.customer("Otto").await);
    assert!(
        app.opened_by_a_desk().await >= 2,
        "new, it looks at everybody"
    );
    let note = json!({ "edit": "add_note", "place": "card", "body": "Takes her coffee black." });
    app.write(&manager, ines, note.clone()).await;
    assert_eq!(app.opened_by_a_desk().await, 0);
    let at = app.state.clock.now().plus_ms(2 * HOUR);
    let appointment = json!({ "edit": "ask", "kind": "appointment", "at": at });
    app.write(&manager, ines, appointment).await;
    app.write(&manager, otto, note).await;
    assert_eq!(
        app.opened_by_a_desk().await,
        1,
        "whoever asked, and nobody else"
    );
    assert_eq!(app.answer(ines).0, AnswerState::Confirmed);
}
