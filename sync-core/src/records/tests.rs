//! Claims about records: latest version wins, in any order; sums are exact.

use super::*;
use crate::entropy::SeededEntropy;
use crate::store::Store;
use crate::store::memory::MemoryStore;

const CUSTOMER: CustomerId = CustomerId([1; 16]);

fn record(source_id: &str, version: u64, day: i32, amount_minor: i64) -> Record {
    Record {
        kind: RecordKind::Purchase,
        customer: CUSTOMER,
        source: "till".to_owned(),
        source_id: source_id.to_owned(),
        version,
        as_of: Timestamp(1_000),
        sale: Sale {
            shop: Some(ShopId([3; 8])),
            at: SoldAt::Day(day),
            lines: vec![SaleLine {
                sku: Some("A-1".to_owned()),
                label: Some("Scarf".to_owned()),
                quantity: 1,
                amount_minor,
            }],
            amount_minor,
            currency: Currency::EUR,
        },
    }
}

#[test]
fn the_latest_version_wins_in_any_order_and_a_repeat_changes_nothing() {
    let versions: Vec<_> = (1..=4)
        .map(|version| record("7", version, 10, 100 * i64::try_from(version).unwrap()))
        .collect();
    let mut entropy = SeededEntropy::new(1);
    for _ in 0..50 {
        let store = MemoryStore::default();
        let mut tx = store.write().unwrap();
        let mut order: Vec<_> = versions.iter().chain(&versions).collect();
        for at in (1..order.len()).rev() {
            order.swap(at, usize::try_from(entropy.below(at as u64 + 1)).unwrap());
        }
        let mut digest: Vec<Hash32> = Vec::new();
        for record in order {
            match put_record(&mut *tx, record).unwrap() {
                PutOutcome::Unchanged => {}
                PutOutcome::Inserted => digest.push(record.item_hash()),
                PutOutcome::Replaced { before } => {
                    assert_eq!(digest, [before]);
                    digest = vec![record.item_hash()];
                }
            }
        }
        assert_eq!(
            purchases(tx.as_read(), CUSTOMER).unwrap(),
            [versions[3].clone()]
        );
        assert_eq!(digest, [versions[3].item_hash()]);
    }
}

#[test]
fn the_hub_counts_versions_and_sees_what_says_the_same() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let Record {
        kind,
        source,
        source_id,
        as_of,
        sale,
        ..
    } = record("7", 0, 10, 100);
    let mut draft = RecordDraft {
        kind,
        source,
        source_id,
        as_of,
        sale,
    };
    let first = next_version(tx.as_read(), CUSTOMER, &draft)
        .unwrap()
        .unwrap();
    assert_eq!(first.version, 1);
    put_record(&mut *tx, &first).unwrap();
    draft.as_of = Timestamp(2_000);
    assert_eq!(
        next_version(tx.as_read(), CUSTOMER, &draft).unwrap(),
        None,
        "a later import that says the same"
    );
    draft.sale.amount_minor = 90;
    assert_eq!(
        next_version(tx.as_read(), CUSTOMER, &draft)
            .unwrap()
            .unwrap()
            .version,
        2
    );
}

#[test]
fn purchases_come_newest_first_and_totals_keep_currencies_and_returns_apart() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let mut yen = record("y", 1, 30, 1_500);
    yen.sale.currency = "JPY".parse().unwrap();
    let mut back = record("a", 1, 40, 250);
    back.kind = RecordKind::Return;
    let mut other = record("a", 1, 50, 9_999);
    other.customer = CustomerId([2; 16]);
    let all = [
        record("a", 1, 20, 1_000),
        record("b", 1, 10, 34),
        yen,
        back,
        other,
    ];
    for record in &all {
        assert_eq!(put_record(&mut *tx, record).unwrap(), PutOutcome::Inserted);
    }
    let days: Vec<_> = purchases(tx.as_read(), CUSTOMER)
        .unwrap()
        .iter()
        .map(|record| record.sale.at.days())
        .collect();
    assert_eq!(days, [30, 20, 10]);
    let totals = totals(tx.as_read(), CUSTOMER).unwrap();
    let jpy = "JPY".parse().unwrap();
    assert_eq!((totals.count, totals.returns), (3, 1));
    assert_eq!(
        totals.amount_minor,
        BTreeMap::from([(Currency::EUR, 1_034), (jpy, 1_500)])
    );
    assert_eq!(
        totals.returned_minor,
        BTreeMap::from([(Currency::EUR, 250)])
    );
    assert_eq!(
        (totals.first, totals.last),
        (Some(SoldAt::Day(10)), Some(SoldAt::Day(30)))
    );
}

#[test]
fn removing_takes_all_of_one_customer_and_names_what_leaves_the_digest() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let mut other = record("a", 1, 50, 9_999);
    other.customer = CustomerId([2; 16]);
    for record in [&record("a", 1, 20, 1), &record("b", 2, 20, 2), &other] {
        put_record(&mut *tx, record).unwrap();
    }
    let removed = remove_all(&mut *tx, CUSTOMER).unwrap();
    assert_eq!(
        removed,
        [
            record("a", 1, 20, 1).item_hash(),
            record("b", 2, 20, 2).item_hash()
        ]
    );
    assert!(purchases(tx.as_read(), CUSTOMER).unwrap().is_empty());
    assert_eq!(totals(tx.as_read(), other.customer).unwrap().count, 1);
}

#[test]
fn a_record_that_can_not_be_named_or_is_too_large_is_refused() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    for bad in ["", "a\0b", &"x".repeat(SOURCE_BYTES_MAX + 1)] {
        assert!(
            matches!(
                put_record(&mut *tx, &record(bad, 1, 1, 1)),
                Err(RecordError::BadKey)
            ),
            "{bad:?}"
        );
    }
    let mut large = record("a", 1, 1, 1);
    large.sale.lines = vec![large.sale.lines[0].clone(); 2_000];
    assert!(matches!(
        put_record(&mut *tx, &large),
        Err(RecordError::TooLarge { .. })
    ));
    assert!(purchases(tx.as_read(), CUSTOMER).unwrap().is_empty());
}

#[test]
fn a_record_keeps_its_bytes_and_its_hash() {
    let record = record("7", 3, 10_000, 1_177);
    let bytes = encode_row(&record);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex,
        "870150010101010101010101010101010101016474696c6c6137031903e8854803\
         03030303030303820081192710818463412d316553636172660119049919049963\
         455552",
        "a layout on disk and on the wire changes with a new version only"
    );
    assert_eq!(
        record.item_hash().to_string(),
        "bwfth1pt02mpn48za00qtzg8xy1bp6fxrc76bfhhfxp28dbwasb0"
    );
    assert_eq!(minicbor::decode::<Record>(&bytes).unwrap(), record);
    for at in 0..bytes.len() {
        assert!(minicbor::decode::<Record>(&bytes[..at]).is_err());
    }
}
