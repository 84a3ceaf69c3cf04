//! What the pages show.

use sync_core::card::edit::LinkInput;
use sync_core::card::terms::{LinkEvidence, PromiseStatus, Sameness, Severity};
use sync_core::records::{Currency, RecordDraft, RecordKind, Sale, SoldAt};

use super::*;

const DAY: i64 = Timestamp::DAY_MS;

fn promise(what: &str, due: Timestamp) -> Edit {
    Edit::MakePromise {
        what: what.to_owned(),
        due: Some(due),
        assignee: None,
    }
}

#[tokio::test]
async fn today_tells_what_needs_the_manager_and_is_calm_otherwise() {
    let office = Office::open().await;
    let mut browser = office.manager().await;
    let page = office.get(&mut browser, "/office").await;
    page.says(words::ALL_WELL).says(">Today</h1>");
    let now = office.now();
    let (late, soon) = (now.plus_ms(-3 * DAY), now.plus_ms(2 * DAY));
    let shop = office.hub.shop;
    office
        .customer("Ines", shop, vec![promise("call", late)])
        .await;
    office
        .customer("Otto", shop, vec![promise("write", soon)])
        .await;
    let handheld = office.hub.enrol(1).await;
    office.hub.identity.heard(handheld.id, Some(3));
    let page = office.get(&mut browser, "/office").await;
    page.says(&words::overdue(1))
        .says("3 edits wait on 1 handheld");
    assert!(!page.text.contains("not been heard"));
    office.hub.clock.advance_ms(DAY + 1);
    let mut browser = office.manager().await;
    let page = office.get(&mut browser, "/office").await;
    page.says(&words::silent(1));
}

#[tokio::test]
async fn gestures_beyond_their_right_are_shown_to_whom_the_shop_is_and_for_a_month() {
    let office = Office::open().await;
    let gesture = serde_json::json!({
        "edit": "record_interaction", "kind": "gesture", "summary": "flowers",
        "spent": { "minor": 12_345, "right": "gesture/nobody/gave" },
    });
    let gesture = serde_json::from_value(gesture).unwrap();
    office
        .customer("Ines", office.hub.shop, vec![gesture])
        .await;
    let desk = crate::desk::Desk::new(office.state.clone(), None).unwrap();
    desk.step().await.unwrap();
    let mut browser = office.manager().await;
    let page = office.get(&mut browser, "/office").await;
    page.says(words::OVERSPENT).says("123.45").says("0.00");
    assert!(!page.text.contains(words::ALL_WELL));
    let second = office.hub.identity.add_shop("Second", "Asia/Tokyo").await;
    office.hub.add("otto", Role::Manager, second.unwrap()).await;
    let mut elsewhere = office.signed_in("otto", PASSWORD).await;
    let page = office.get(&mut elsewhere, "/office").await;
    assert!(!page.text.contains(words::OVERSPENT), "another shop's");
    office.hub.clock.advance_ms(30 * DAY);
    let mut browser = office.manager().await;
    let page = office.get(&mut browser, "/office").await;
    assert!(!page.text.contains(words::OVERSPENT), "long ago");
}

#[tokio::test]
async fn handhelds_are_listed_with_who_is_on_them_and_what_waits() {
    let office = Office::open().await;
    office
        .hub
        .add("ana", Role::Associate, office.hub.shop)
        .await;
    let handheld = office.hub.enrol(1).await;
    office
        .hub
        .sign_in(&handheld, "ana", PASSWORD)
        .await
        .unwrap();
    let mut browser = office.manager().await;
    let page = office.get(&mut browser, "/office/handhelds").await;
    page.says("Till 1").says("ana Test").says(words::NEVER);
    office.hub.identity.heard(handheld.id, Some(7));
    office.hub.clock.advance_ms(5 * 60_000);
    let page = office.get(&mut browser, "/office/handhelds").await;
    page.says("5 min ago")
        .says(r#"<span class="mark">7</span>"#);
}

#[tokio::test]
async fn a_handheld_is_revoked_after_a_question_and_no_sooner() {
    let office = Office::open().await;
    let handheld = office.hub.enrol(1).await;
    office.hub.identity.heard(handheld.id, Some(2));
    let mut browser = office.manager().await;
    let path = format!("/office/handhelds/{}/revoke", handheld.id);
    let page = office.get(&mut browser, &path).await;
    page.says(&words::revoke_loses(2)).says(words::REVOKE_SURE);
    assert!(office.hub.identity.active_device(handheld.id).is_some());
    let page = office.post(&mut browser, &path, &[]).await;
    assert_eq!(page.location(), "/office/handhelds");
    assert!(office.hub.identity.active_device(handheld.id).is_none());
    let page = office.get(&mut browser, "/office/handhelds").await;
    page.says(words::REVOKED);
}

#[tokio::test]
async fn a_code_is_shown_after_the_password_and_enrols_one_handheld() {
    let office = Office::open().await;
    let mut browser = office.manager().await;
    office
        .get(&mut browser, enrol::PATH)
        .await
        .says("Main shop");
    let shop = office.hub.shop.to_string();
    let fields = [("shop", shop.as_str()), ("password", "wrong-password")];
    let page = office.post(&mut browser, enrol::PATH, &fields).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    page.says(words::ENROL_WRONG);
    let password = office.hub.manager_password.clone();
    let fields = [("shop", shop.as_str()), ("password", password.as_str())];
    let page = office.post(&mut browser, enrol::PATH, &fields).await;
    assert_eq!(page.status, StatusCode::OK);
    page.says("https://hub.test").says("<svg");
    let (_, rest) = page.text.split_once(r#"<code class="large">"#).unwrap();
    let code = rest.split('<').next().unwrap();
    let key = sync_core::crypto::SoftwareDeviceKey::generate(
        &mut sync_core::entropy::SeededEntropy::new(9),
    );
    let enrolled = office.hub.try_enrol(&key, code).await.unwrap();
    assert_eq!(enrolled.shop, office.hub.shop);
    assert!(office.hub.try_enrol(&key, code).await.is_err(), "once");
}

#[tokio::test]
async fn overdue_promises_come_longest_first_and_each_read_is_logged() {
    let office = Office::open().await;
    let now = office.now();
    let shop = office.hub.shop;
    let days = |days: i64| now.plus_ms(-days * DAY);
    let ines = vec![
        promise("send the swatch", days(2)),
        promise("later", days(-2)),
    ];
    office.customer("Ines", shop, ines).await;
    let otto = vec![promise("call about the coat", days(9))];
    office.customer("Otto", shop, otto).await;
    office
        .customer("Zoe", shop, vec![promise("soon", days(-1))])
        .await;
    let mut browser = office.manager().await;
    let before = reads(&office);
    let page = office.get(&mut browser, "/office/promises").await;
    page.says("9 days ago").says("2 days ago").says("Manager");
    assert!(page.text.find("Otto") < page.text.find("Ines"));
    assert!(!page.text.contains("Zoe") && !page.text.contains("later"));
    assert_eq!(reads(&office), before + 2, "one for each card");
}

#[tokio::test]
async fn a_promise_that_was_kept_on_another_card_of_the_person_waits_no_more() {
    let office = Office::open().await;
    let shop = office.hub.shop;
    let ines = office.customer("Ines", shop, Vec::new()).await;
    let also = office.customer("I. Duval", shop, Vec::new()).await;
    let due = office.now().plus_ms(-2 * DAY);
    let mut made = Vec::new();
    for (card, what) in [(ines, "send the swatch"), (also, "call about the coat")] {
        made.push(office.write(card, promise(what, due)).await);
    }
    let link = Edit::LinkCustomers(LinkInput {
        other: also,
        sameness: Sameness::Same,
        evidence: vec![LinkEvidence::Said],
    });
    office.write(ines, link).await;
    let kept = Edit::SetPromiseStatus {
        promise: made[1],
        status: PromiseStatus::Done,
    };
    office.write(ines, kept).await;
    let mut browser = office.manager().await;
    let page = office.get(&mut browser, "/office/promises").await;
    page.says("send the swatch");
    assert!(!page.text.contains("call about the coat"), "it was kept");
    let times = page.text.matches("send the swatch").count();
    assert_eq!(times, 1, "one person is shown once");
}

#[tokio::test]
async fn a_customer_is_found_and_their_page_is_in_the_access_log() {
    let office = Office::open().await;
    let now = office.now();
    let more = vec![
        Edit::RecordAllergy {
            substance: "nickel".to_owned(),
            severity: Severity::Serious,
            cause: None,
        },
        promise("call about the coat", now.plus_ms(3 * DAY)),
    ];
    let ines = office.customer("Ines Duval", office.hub.shop, more).await;
    let sale = |id: &str, kind, amount_minor| RecordDraft {
        kind,
        source: "till".to_owned(),
        source_id: id.to_owned(),
        as_of: now,
        sale: Sale {
            shop: Some(office.hub.shop),
            at: SoldAt::Day(20_000),
            lines: Vec::new(),
            amount_minor,
            currency: Currency::EUR,
        },
    };
    let drafts = vec![
        sale("1", RecordKind::Purchase, 12_050),
        sale("2", RecordKind::Purchase, 950),
        sale("3", RecordKind::Return, 950),
    ];
    let bringing = office
        .state
        .book
        .write_batch(move |engine| engine.put_records(ines, &drafts));
    bringing.await.unwrap();
    let mut browser = office.manager().await;
    office.get(&mut browser, "/office/customers").await;
    let page = office
        .post(&mut browser, "/office/customers", &[("q", "duv")])
        .await;
    let path = format!("/office/customers/{ines}");
    page.says("Ines Duval").says(words::ALLERGY).says(&path);
    let before = reads(&office);
    let page = office.get(&mut browser, &path).await;
    page.says("Ines Duval</h1>")
        .says("Allergy: nickel")
        .says("call about the coat")
        .says("in 3 days")
        .says("2 purchases, 130.00 EUR")
        .says("1 return, 9.50 EUR")
        .says("2024-10-04");
    assert_eq!(reads(&office), before + 1);
    let page = office
        .post(&mut browser, "/office/customers", &[("q", "nobody")])
        .await;
    page.says(words::FOUND_NONE);
}

/// Lines of the access log.
fn reads(office: &Office) -> usize {
    let mut lines = 0;
    let tx = office.state.store.read().unwrap();
    let table = sync_core::store::Table::AccessLog;
    sync_core::store::scan_prefix(&*tx, table, &[], &mut |_, _| {
        lines += 1;
        Ok(std::ops::ControlFlow::Continue(()))
    })
    .unwrap();
    lines
}
