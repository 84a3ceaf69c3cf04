//! Claims about what the hub posts of its own accord.

use std::sync::Arc;

use sync_core::feed::FeedKind;
use sync_core::ids::{AssociateId, ShopId};
use sync_core::protocol::positions;
use sync_core::scope::Scope;
use sync_core::store::Store as _;

use super::*;
use crate::identity::people::{AssociateChange, Subject as Who};
use crate::testing::TestHub;

/// 1 July 2026, noon UTC.
const SUMMER: Timestamp = Timestamp(1_782_907_200_000);

fn shop(hub: &TestHub, id: ShopId) -> Option<ShopBody> {
    let tx = hub.store.read().unwrap();
    notices::get(&*tx, Subject::Chain, &id.to_string())
        .unwrap()
        .map(|(_, body)| body)
}

fn staff(hub: &TestHub, id: AssociateId) -> Option<StaffBody> {
    let tx = hub.store.read().unwrap();
    notices::get(&*tx, Subject::Chain, &id.to_string())
        .unwrap()
        .map(|(_, body)| body)
}

async fn open(hub: &TestHub) -> Arc<Book> {
    let book = Arc::new(hub.book());
    hub.identity.tell_house(Arc::clone(&book)).await;
    book
}

#[tokio::test]
async fn people_and_shops_are_posted_at_the_start_and_with_every_change() {
    let hub = TestHub::start().await;
    let book = open(&hub).await;
    assert_eq!(shop(&hub, hub.shop).unwrap().clock.len(), 1, "UTC");
    assert!(staff(&hub, hub.manager).unwrap().is_manager);
    let ana = hub.add("ana", Role::Associate, hub.shop).await;
    assert_eq!(staff(&hub, ana).unwrap().name, "ana Test");
    let change = AssociateChange {
        name: Some("Ana Duarte".to_owned()),
        ..AssociateChange::default()
    };
    hub.identity.change_associate(ana, change).await.unwrap();
    assert_eq!(staff(&hub, ana).unwrap().name, "Ana Duarte");
    hub.identity.deactivate(Who::Associate(ana)).await.unwrap();
    assert!(staff(&hub, ana).unwrap().has_left);
    let oslo = hub.identity.add_shop("Oslo", "Europe/Oslo").await.unwrap();
    assert_eq!(shop(&hub, oslo).unwrap().name, "Oslo");
    let change = hub.identity.change_shop(oslo, Some("Oslo West"), None);
    change.await.unwrap();
    assert_eq!(shop(&hub, oslo).unwrap().name, "Oslo West");
    assert_eq!(book.post_house().await.unwrap(), 0, "nothing is said twice");
}

#[tokio::test]
async fn a_shop_that_is_added_later_is_told_what_the_chain_has_posted() {
    let hub = TestHub::start().await;
    let _book = open(&hub).await;
    let oslo = hub.identity.add_shop("Oslo", "Europe/Oslo").await.unwrap();
    let tx = hub.store.read().unwrap();
    let held: Vec<_> = positions(&*tx).unwrap();
    let told = |scope| {
        let (_, state) = held.iter().find(|(held, _)| *held == scope).unwrap();
        let rows = (1..=state.seq).filter_map(|seq| {
            let row = sync_core::feed::row(&*tx, scope, seq).unwrap()?;
            match row.kind {
                FeedKind::Notices { notices } => Some(notices.len()),
                FeedKind::Change { .. }
                | FeedKind::Base { .. }
                | FeedKind::Records { .. }
                | FeedKind::Enter { .. }
                | FeedKind::Leave { .. }
                | FeedKind::Tombstone { .. } => None,
            }
        });
        (rows.sum::<usize>(), state.digest.hash())
    };
    let (first, digest) = told(Scope::Book(hub.shop));
    assert_eq!(told(Scope::Book(oslo)), (first, digest));
    assert_eq!(first, 3, "two shops and the manager");
    sync_core::audit::verify(&*tx, &|_| None, &mut |_| ()).unwrap();
}

#[test]
fn a_clock_follows_the_zone_s_law() {
    let paris = clock("Europe/Paris", SUMMER);
    let ahead = |at: Timestamp| paris.iter().rev().find(|(from, _)| *from <= at).unwrap().1;
    assert_eq!(ahead(SUMMER), 120);
    assert_eq!(ahead(SUMMER.plus_ms(-180 * Timestamp::DAY_MS)), 60);
    // The last Sunday of October 2026, 01:00 UTC.
    let autumn = Timestamp(1_792_890_000_000);
    assert_eq!((ahead(autumn.plus_ms(-1)), ahead(autumn)), (120, 60));
    assert!(paris.is_sorted());
    assert!((28..=32).contains(&paris.len()), "{}", paris.len());
}

#[test]
fn a_zone_without_summer_has_one_line_and_an_unknown_one_keeps_utc() {
    let india = clock("Asia/Kolkata", SUMMER);
    assert_eq!(
        india.iter().map(|(_, ahead)| *ahead).collect::<Vec<_>>(),
        [330]
    );
    let nowhere = clock("Atlantis/Capital", SUMMER);
    assert_eq!(
        nowhere.iter().map(|(_, ahead)| *ahead).collect::<Vec<_>>(),
        [0]
    );
}

#[test]
fn a_clock_says_the_same_all_year() {
    let later = SUMMER.plus_ms(170 * Timestamp::DAY_MS);
    assert_eq!(
        clock("America/New_York", SUMMER),
        clock("America/New_York", later)
    );
}
