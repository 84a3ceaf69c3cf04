//! Claims about the gap on the hub: what is kept equals counting from nothing, over any history and any restart; nobody is named.

mod stage;
mod wishes;

use std::sync::Arc;

use serde_json::{Value, json};
use sync_core::authority::{HubAuthor, HubEdit};
use sync_core::card::schema::Role;
use sync_core::card::{Edit, Source};
use sync_core::concierge::gap::StandardSnapshot;
use sync_core::concierge::playbook::Playbook;
use sync_core::entropy::{Entropy as _, SeededEntropy};
use sync_core::ids::{AssociateId, CustomerId, EditId, SessionId, Timestamp};
use sync_core::notices::bodies::{ArticleBody, ContactBody, StockBody};
use sync_core::notices::{NoticeDraft, NoticeError};
use sync_core::records::{Currency, RecordDraft, RecordError, RecordKind, Sale, SaleLine, SoldAt};
use sync_core::store::{Store as _, decode_row};

use super::*;
use crate::book::BookParts;
use crate::events::Cohort as _;
use crate::testing::TestHub;

const HOUR: i64 = 3_600_000;
const DAY: i64 = Timestamp::DAY_MS;

use stage::{Stage, open};

#[tokio::test]
async fn what_is_kept_is_what_counting_from_nothing_gives() {
    for seed in [11, 12, 13] {
        live(seed).await;
    }
}

/// Half a year of a chain, checked day by day, and a year in which nothing is written.
async fn live(seed: u64) {
    let mut stage = Stage::new(48, seed).await;
    // Once around, so that there are enough active customers to tell the best.
    for customer in stage.customers.clone() {
        stage.sell(customer, RecordKind::Purchase).await;
    }
    stage.settle().await;
    let mut moved = std::collections::BTreeSet::new();
    for round in 0..24 {
        for _ in 0..12 {
            stage.happen().await;
        }
        let days = 1 + i64::try_from(stage.pick(20)).unwrap();
        stage.hub.clock.advance_ms(days * DAY + HOUR);
        if round == 9 {
            // The hub was stopped in between: what it had not worked in is found again.
            stage.book = open(&stage.hub);
        }
        stage.settle().await;
        let report = stage.check();
        assert!(report.gap_bp.is_none_or(|gap| gap <= 10_000));
        moved.insert((report.active, report.honesty.rest_bp));
    }
    assert!(moved.len() > 5, "the story moves the sums: {moved:?}");
    // A year in which nothing is written: time alone empties the window.
    for _ in 0..14 {
        stage.hub.clock.advance_ms(30 * DAY);
        stage.settle().await;
        stage.check();
    }
    assert_eq!(stage.kept().0.active, 0);
}

fn only(item: &str) -> Playbook {
    let mut playbook = Playbook::standard();
    playbook.items.retain(|one| one.id == item);
    playbook
}

#[tokio::test]
async fn a_new_standard_is_counted_anew() {
    let mut stage = Stage::new(42, 5).await;
    for customer in stage.customers.clone() {
        stage.sell(customer, RecordKind::Purchase).await;
    }
    stage.hub.clock.advance_ms(4 * DAY);
    stage.settle().await;
    assert_eq!(stage.check().items.len(), 14);
    let playbook = only("thank_you");
    let version = set_playbook(&stage.book, playbook.clone(), Some(0))
        .await
        .unwrap();
    assert_eq!(version, 1);
    let stale = set_playbook(&stage.book, playbook, Some(0)).await;
    assert!(matches!(
        stale,
        Err(WriteError::Job(SetPlaybookError::Moved { now: 1 }))
    ));
    let tx = stage.hub.store.read().unwrap();
    assert!(
        !Kept::read(&*tx).unwrap().is_complete,
        "what was counted before is not shown"
    );
    drop(tx);
    stage.settle().await;
    let report = stage.check();
    assert_eq!((report.items.len(), report.playbook), (1, 1));
    let closed = |rate: gap::report::Rate| rate.met + rate.late + rate.missed;
    assert_eq!(
        closed(report.items[0].best) + closed(report.items[0].rest),
        42
    );
    assert_eq!(
        (report.active, report.best, report.gap_bp),
        (42, 20, Some(0))
    );
}

#[tokio::test]
async fn the_standing_is_published_signed_once_it_moved_and_names_nobody() {
    let mut stage = Stage::new(45, 7).await;
    for customer in stage.customers.clone() {
        stage.sell(customer, RecordKind::Purchase).await;
    }
    stage.settle().await;
    let publish = async |stage: &Stage| {
        let key = stage.hub.keys.hub_key();
        keeper::publish(&stage.book, key, stage.now())
            .await
            .unwrap()
    };
    assert!(publish(&stage).await);
    assert!(!publish(&stage).await, "it has not moved");
    stage.hub.clock.advance_ms(5 * DAY);
    stage.settle().await;
    assert!(publish(&stage).await, "thanks are overdue now");
    let tx = stage.hub.store.read().unwrap();
    let (notice, snapshot) = notices::get::<StandardSnapshot>(&*tx, Subject::Chain, "")
        .unwrap()
        .unwrap();
    assert_eq!(
        (notice.version, snapshot.active, snapshot.best),
        (2, 45, 20)
    );
    assert!(snapshot.is_signed_by(&stage.hub.keys.hub_key().public_key()));
    let body = notice.body.unwrap();
    let names = |customer: &CustomerId| {
        body.windows(CustomerId::LEN)
            .any(|bytes| bytes == customer.as_bytes())
    };
    assert!(!stage.customers.iter().any(names));
    let again: StandardSnapshot = decode_row(Table::Notice, &body).unwrap();
    assert_eq!(again, snapshot);
}

#[tokio::test]
async fn weeks_are_kept_and_the_last_report_of_each_stands() {
    let mut stage = Stage::new(41, 3).await;
    for customer in stage.customers.clone() {
        stage.sell(customer, RecordKind::Purchase).await;
    }
    let mut told = Vec::new();
    for _ in 0..4 {
        stage.settle().await;
        let key = stage.hub.keys.hub_key();
        keeper::publish(&stage.book, key, stage.now())
            .await
            .unwrap();
        told.push((history::name(stage.now()), stage.kept().0.honesty.rest_bp));
        stage.hub.clock.advance_ms(4 * DAY);
    }
    let tx = stage.hub.store.read().unwrap();
    let weeks = history::all(&*tx).unwrap();
    let names: Vec<_> = weeks.iter().map(|week| week.week.clone()).collect();
    let mut expected: Vec<_> = told.iter().map(|(week, _)| week.clone()).collect();
    expected.dedup();
    assert_eq!(names, expected);
    for week in &weeks {
        let last = told
            .iter()
            .rev()
            .find(|(name, _)| *name == week.week)
            .unwrap();
        assert_eq!(week.report.honesty.rest_bp, last.1);
    }
    let before = history::before(&*tx, weeks.last().unwrap().report.as_of).unwrap();
    assert_eq!(
        before.as_ref(),
        weeks.iter().rev().nth(1).map(|week| &week.report)
    );
}

#[tokio::test]
async fn a_promise_not_kept_is_listed_until_it_is() {
    let stage = Stage::new(2, 1).await;
    let customer = stage.customers[0];
    let due = stage.now().plus_ms(DAY);
    let made = json!({ "edit": "make_promise", "what": "call", "due": due });
    let promise = stage.edit(customer, made).await;
    let listed = || {
        let mut found = Vec::new();
        let tx = stage.hub.store.read().unwrap();
        ledger::unkept(&*tx, &mut |customer, unkept| {
            found.push((customer, unkept));
            Ok(())
        })
        .unwrap();
        found
    };
    // It is, whether or not the playbook speaks of promises.
    set_playbook(&stage.book, only("heard"), None)
        .await
        .unwrap();
    stage.settle().await;
    assert_eq!(listed(), []);
    stage.hub.clock.advance_ms(DAY);
    stage.settle().await;
    assert_eq!(
        listed(),
        [(customer, vec![ledger::Unkept { promise, due }])]
    );
    set_playbook(&stage.book, Playbook::standard(), None)
        .await
        .unwrap();
    let owed = gather::obligations(&stage.book, customer, stage.now()).unwrap();
    assert_eq!(
        (owed.len(), owed[0].about.clone()),
        (1, promise.to_string())
    );
    let done = json!({ "edit": "set_promise_status", "promise": promise, "status": "done" });
    stage.edit(customer, done).await;
    stage.settle().await;
    assert_eq!(listed(), []);
}

#[test]
fn settings_say_what_is_wrong_with_them() {
    let check = |text: &str, says: &str| {
        let settings: settings::GapSettings = serde_json::from_str(text).unwrap();
        assert!(settings.settings().unwrap_err().contains(says), "{text}");
    };
    check(r#"{"window_days": 0}"#, "window_days: expected 1 to 1096");
    check(r#"{"order": "profit"}"#, "neither spend nor loyalty");
    check(r#"{"currency": "bitcoin"}"#, "a code such as EUR");
    check(
        r#"{"order": "loyalty", "named": []}"#,
        "followed by the others",
    );
    let kept = settings::GapSettings {
        named: Some(vec![CustomerId([1; 16])]),
        window_days: Some(30),
        ..Default::default()
    };
    let other = settings::GapSettings {
        order: Some("loyalty".to_owned()),
        ..Default::default()
    };
    let both = kept.with(other);
    assert_eq!((both.named.is_none(), both.window_days), (true, Some(30)));
    assert_eq!(both.settings().unwrap().order, gap::Order::Loyalty);
}

#[tokio::test]
async fn who_is_among_the_best_is_known_to_the_hub_once_there_are_enough_to_tell() {
    let mut stage = Stage::new(48, 7).await;
    let best = |stage: &Stage| cohort::TheBest::read(&*stage.hub.store.read().unwrap()).unwrap();
    stage.settle().await;
    assert_eq!(best(&stage).count(), 0, "nobody has bought yet");
    for customer in stage.customers.clone() {
        stage.sell(customer, RecordKind::Purchase).await;
    }
    stage.settle().await;
    let found = best(&stage);
    let tx = stage.hub.store.read().unwrap();
    let members = stage.customers.iter();
    let among = members.filter(|one| found.is_best(&*tx, **one).unwrap());
    assert_eq!((among.count(), found.count()), (20, 20));
    assert_eq!(stage.kept().0.best, 20);
}
