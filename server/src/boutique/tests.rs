//! The boutique is repeatable, takes its place in a real book, and looks like one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sync_core::card::Edit;
use sync_core::card::schema::Role;
use sync_core::ids::{AssociateId, SessionId, ShopId};
use sync_core::projection;
use sync_core::store::Store as _;

use super::*;
use crate::book::BookParts;
use crate::testing::TestHub;

const BOUTIQUE: Boutique = Boutique {
    seed: 7,
    customers: 300,
    now: Timestamp(1_800_000_000_000),
};

fn author(hub: &TestHub) -> HubAuthor {
    HubAuthor {
        associate: hub.manager,
        session: SessionId([0; 8]),
        shop: hub.shop,
        role: Role::Manager,
    }
}

fn book(hub: &TestHub) -> Book {
    Book::open(BookParts {
        store: hub.store.clone(),
        writer: hub.writer.clone(),
        key: Arc::new(hub.keys.hub_key()),
        clock: hub.clock.clone(),
        entropy: hub.entropy.clone(),
    })
    .unwrap()
}

#[test]
fn a_customer_depends_on_the_seed_and_not_on_how_many_there_are() {
    let larger = Boutique {
        customers: 9_000,
        ..BOUTIQUE
    };
    assert_eq!(BOUTIQUE.customer(41), larger.customer(41));
    let other = Boutique {
        seed: 8,
        ..BOUTIQUE
    };
    assert_ne!(BOUTIQUE.customer(41), other.customer(41));
    let ids: BTreeSet<_> = (0..300).map(|index| BOUTIQUE.customer_id(index)).collect();
    assert_eq!(ids.len(), 300);
}

#[test]
fn it_looks_like_a_real_book() {
    let large = Boutique {
        customers: 4_000,
        ..BOUTIQUE
    };
    let mut languages = BTreeMap::<String, u32>::new();
    let (mut allergies, mut blocked, mut spends) = (0, 0, Vec::new());
    for index in 0..large.customers {
        let invented = large.customer(index);
        for edit in &invented.edits {
            if let Edit::CreateCustomer {
                language: Some(language),
                ..
            } = &edit.edit
            {
                *languages.entry(language.clone()).or_default() += 1;
            }
            allergies += u32::from(matches!(edit.edit, Edit::RecordAllergy { .. }));
            blocked += u32::from(matches!(edit.edit, Edit::BlockContact { .. }));
        }
        spends.push(
            invented
                .records
                .iter()
                .map(|record| record.sale.amount_minor)
                .sum::<i64>(),
        );
    }
    assert!(languages.len() >= 15, "{languages:?}");
    assert!(
        (100..=220).contains(&allergies),
        "{allergies} of 4,000 have an allergy"
    );
    assert!(
        (15..=80).contains(&blocked),
        "{blocked} of 4,000 asked not to be contacted"
    );
    spends.sort_unstable();
    let top: i64 = spends.iter().rev().take(400).sum();
    let share = top * 100 / spends.iter().sum::<i64>();
    assert!((45..=85).contains(&share), "the top tenth spends {share} %");
}

#[tokio::test]
async fn every_edit_is_taken_by_a_real_book_and_writing_twice_changes_nothing() {
    let hub = TestHub::start().await;
    let book = book(&hub);
    let mut seen = Vec::new();
    let written = BOUTIQUE
        .write(&book, &[author(&hub)], |done| seen.push(done))
        .await
        .unwrap();
    assert_eq!((written.customers, seen), (300, vec![100, 200, 300]));
    assert!(written.records > 300, "{written:?}");
    let accepted = sync_core::authority::Authority::accepted_number(&*hub.store.read().unwrap());
    BOUTIQUE
        .write(&book, &[author(&hub)], |_| ())
        .await
        .unwrap();
    let again = sync_core::authority::Authority::accepted_number(&*hub.store.read().unwrap());
    assert_eq!(accepted.unwrap(), again.unwrap());
    let mut fields = 0;
    for index in 0..BOUTIQUE.customers {
        let customer = BOUTIQUE.customer_id(index);
        let row = projection::read_row(&*hub.store.read().unwrap(), customer)
            .unwrap()
            .unwrap();
        assert!(!row.name.is_empty() && row.conflicts == 0, "{row:?}");
        let (visible, _) = book.visible(customer, (hub.shop, None)).unwrap();
        fields += visible
            .iter()
            .map(|(_, entries)| entries.iter().count())
            .sum::<usize>();
    }
    let each = fields / 300;
    assert!((25..=40).contains(&each), "{each} fields a customer");
}

#[tokio::test]
async fn a_boutique_without_staff_is_refused() {
    let hub = TestHub::start().await;
    let refused = BOUTIQUE.write(&book(&hub), &[], |_| ()).await;
    assert!(matches!(
        refused,
        Err(WriteError::Job(BoutiqueError::NoStaff))
    ));
    let nobody = (ShopId([0; 8]), AssociateId([0; 8]));
    let empty = book(&hub).visible(BOUTIQUE.customer_id(0), (nobody.0, Some(nobody.1)));
    assert!(
        empty
            .unwrap()
            .0
            .iter()
            .all(|(_, entries)| entries.is_empty())
    );
}
