//! Claims about notices: the latest version wins in any order, and who reads one follows from its subject.

use super::bodies::{ArticleBody, StockBody};
use super::*;
use crate::store::Store;
use crate::store::memory::MemoryStore;

fn article(label: &str) -> ArticleBody {
    ArticleBody {
        label: label.to_owned(),
        ..ArticleBody::default()
    }
}

fn notice(version: u64, body: Option<&ArticleBody>) -> Notice {
    Notice {
        subject: Subject::Chain,
        kind: NoticeKind::Article,
        key: "A-1".to_owned(),
        version,
        source: "catalogue".to_owned(),
        as_of: Timestamp(1_000),
        body: body.map(encode_row),
    }
}

#[test]
fn the_latest_version_wins_in_any_order_and_what_is_taken_back_stays_so() {
    let versions = [
        notice(1, Some(&article("Scarf"))),
        notice(2, Some(&article("Silk scarf"))),
        notice(3, None),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        let store = MemoryStore::default();
        let mut tx = store.write().unwrap();
        let mut held: Vec<Hash32> = Vec::new();
        for version in order.iter().chain(&order) {
            match put(&mut *tx, &versions[*version]).unwrap() {
                PutNotice::Unchanged => {}
                PutNotice::Inserted => held.push(versions[*version].item_hash()),
                PutNotice::Replaced { before } => {
                    assert_eq!(held, [before]);
                    held = vec![versions[*version].item_hash()];
                }
            }
        }
        assert_eq!(held, [versions[2].item_hash()]);
        let found = get::<ArticleBody>(tx.as_read(), Subject::Chain, "A-1").unwrap();
        assert_eq!(found, None);
    }
}

#[test]
fn subjects_and_kinds_do_not_mix() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let shop = ShopId([b'c'; 8]);
    let stock = StockBody {
        shop,
        sku: "A-1".to_owned(),
        on_hand: [(String::new(), 2)].into(),
        arriving: Vec::new(),
        there_since: Some(Timestamp(5)),
    };
    let says = |subject, key: &str| NoticeDraft::new(subject, key, ("till", Timestamp(5)), &stock);
    for draft in [
        says(Subject::Chain, "x"),
        says(Subject::Shop(shop), "y"),
        says(Subject::Customer(CustomerId([b's'; 16])), "z"),
    ] {
        let notice = next_version(tx.as_read(), &draft).unwrap().unwrap();
        put(&mut *tx, &notice).unwrap();
        assert_eq!(
            next_version(tx.as_read(), &draft).unwrap(),
            None,
            "nothing new"
        );
    }
    put(&mut *tx, &notice(1, Some(&article("Scarf")))).unwrap();
    let mut found = Vec::new();
    for_each::<StockBody>(tx.as_read(), Subject::Chain, &mut |notice, body| {
        found.push((notice.key, body));
    })
    .unwrap();
    assert_eq!(found, [("x".to_owned(), stock)]);
    let mut of_shop = 0;
    for_each_of(tx.as_read(), Subject::Shop(shop), &mut |_| of_shop += 1).unwrap();
    assert_eq!(of_shop, 1);
}

#[test]
fn a_notice_out_of_bounds_is_refused_with_the_reason() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let mut large = notice(1, None);
    large.body = Some(vec![0; limits::NOTICE_BYTES_MAX + 1]);
    let refused = put(&mut *tx, &large);
    assert!(
        matches!(refused, Err(NoticeError::TooLarge { .. })),
        "{refused:?}"
    );
    let mut unnamed = notice(1, None);
    unnamed.key = "a\nb".to_owned();
    assert!(matches!(put(&mut *tx, &unnamed), Err(NoticeError::BadKey)));
}

#[test]
fn a_count_that_finds_what_the_last_one_found_continues_it() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let shop = ShopId([b'c'; 8]);
    let mut count = |pieces: u32, at: i64| {
        let body = StockBody {
            shop,
            sku: "A-1".to_owned(),
            on_hand: [(String::new(), pieces)].into(),
            arriving: Vec::new(),
            there_since: None,
        };
        let draft = NoticeDraft::new(Subject::Chain, "x", ("till", Timestamp(at)), &body);
        let notice = next_version(tx.as_read(), &draft).unwrap();
        if let Some(notice) = notice {
            put(&mut *tx, &notice).unwrap();
        }
        let found = get::<StockBody>(tx.as_read(), Subject::Chain, "x").unwrap();
        found.and_then(|(_, body)| body.there_since)
    };
    assert_eq!(count(0, 5), None);
    assert_eq!(count(2, 6), Some(Timestamp(6)));
    assert_eq!(count(1, 7), Some(Timestamp(6)));
    assert_eq!(count(1, 8), Some(Timestamp(6)));
    assert_eq!(count(0, 9), None);
    assert_eq!(count(3, 10), Some(Timestamp(10)));
}
