//! Claims about what is bought together.

use sync_core::ids::ShopId;
use sync_core::records::{RecordDraft, Sale, SaleLine, SoldAt, next_version, put_record};
use sync_core::store::Store as _;
use sync_core::store::memory::MemoryStore;

use super::*;

fn sell(store: &MemoryStore, customer: u32, kind: RecordKind, id: &str, skus: &[&str]) {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&customer.to_be_bytes());
    let line = |sku: &&str| SaleLine {
        sku: Some((*sku).to_owned()),
        label: None,
        quantity: 1,
        amount_minor: 100,
    };
    let draft = RecordDraft {
        kind,
        source: "till".to_owned(),
        source_id: id.to_owned(),
        as_of: Timestamp(1),
        sale: Sale {
            shop: Some(ShopId([1; 8])),
            at: SoldAt::Day(1),
            lines: skus.iter().map(line).collect(),
            amount_minor: 100,
            currency: "EUR".parse().unwrap(),
        },
    };
    let mut tx = store.write().unwrap();
    let record = next_version(tx.as_read(), CustomerId(bytes), &draft).unwrap();
    put_record(&mut *tx, &record.unwrap()).unwrap();
    tx.commit().unwrap();
}

fn pairs(store: &MemoryStore) -> BTreeMap<String, PairsBody> {
    Baskets::gather(&*store.read().unwrap()).unwrap().pairs()
}

fn with(pairs: &BTreeMap<String, PairsBody>, sku: &str) -> Vec<(String, u32, u32)> {
    pairs
        .get(sku)
        .map(|body| body.with.clone())
        .unwrap_or_default()
}

#[test]
fn lift_and_support_are_those_of_the_definition() {
    let store = MemoryStore::default();
    // 100 customers: 40 have a coat, 30 a scarf, 24 of them both; everybody has a bag.
    for customer in 0..100 {
        let id = customer.to_string();
        let mut skus = vec!["bag"];
        if customer < 40 {
            skus.push("coat");
        }
        if (16..46).contains(&customer) {
            skus.push("scarf");
        }
        // In two sales, and the coat twice: a customer counts once.
        sell(&store, customer, RecordKind::Purchase, &id, &skus);
        sell(
            &store,
            customer,
            RecordKind::Purchase,
            &format!("{id}b"),
            &skus[skus.len() - 1..],
        );
    }
    let pairs = pairs(&store);
    // 24 · 100 / (40 · 30) = 2.
    assert_eq!(with(&pairs, "coat"), [("scarf".to_owned(), 20_000, 24)]);
    assert_eq!(with(&pairs, "scarf"), [("coat".to_owned(), 20_000, 24)]);
    assert_eq!(with(&pairs, "bag"), [], "what everybody has says nothing");
}

#[test]
fn a_pair_needs_enough_customers_and_returns_are_no_purchases() {
    let store = MemoryStore::default();
    for customer in 0..100 {
        let id = customer.to_string();
        let skus: &[&str] = match customer {
            0..19 => &["ring", "box"],
            19 => &["ring"],
            20 => &["box"],
            _ => &["bag"],
        };
        sell(&store, customer, RecordKind::Purchase, &id, skus);
    }
    sell(&store, 19, RecordKind::Return, "r", &["box"]);
    assert_eq!(pairs(&store), BTreeMap::new(), "nineteen are too few");
    sell(&store, 19, RecordKind::Purchase, "p", &["box"]);
    assert_eq!(with(&pairs(&store), "ring").len(), 1, "twenty are enough");
}

#[test]
fn a_house_account_says_nothing_of_taste() {
    let store = MemoryStore::default();
    let many: Vec<String> = (0..=BASKET_MAX)
        .map(|number| format!("x{number:03}"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for customer in 0..30 {
        sell(&store, customer, RecordKind::Purchase, "1", &many);
    }
    for customer in 30..60 {
        sell(&store, customer, RecordKind::Purchase, "1", &["a"]);
    }
    assert_eq!(pairs(&store), BTreeMap::new());
}

/// Against a count that knows nothing of places, passes and rounding tricks.
#[test]
fn a_plain_count_agrees() {
    use sync_core::entropy::SeededEntropy;
    let store = MemoryStore::default();
    let mut chance = SeededEntropy::new(5);
    let mut bought: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for customer in 0..300 {
        let taste = chance.below(3);
        let mut own = BTreeSet::new();
        for article in 0..12_u64 {
            let odds = if article % 3 == taste { 2 } else { 12 };
            if chance.below(odds) == 0 {
                own.insert(format!("a{article:02}"));
            }
        }
        if own.is_empty() {
            continue;
        }
        let skus: Vec<&str> = own.iter().map(String::as_str).collect();
        sell(&store, customer, RecordKind::Purchase, "1", &skus);
        bought.insert(customer, own);
    }
    let count = |skus: &[&String]| {
        let has = |own: &&BTreeSet<String>| skus.iter().all(|sku| own.contains(*sku));
        u32::try_from(bought.values().filter(has).count()).unwrap()
    };
    let customers = u32::try_from(bought.len()).unwrap();
    let mut expected: BTreeMap<String, PairsBody> = BTreeMap::new();
    let all: BTreeSet<&String> = bought.values().flatten().collect();
    for one in &all {
        for other in all.iter().filter(|other| *other != one) {
            let both = count(&[one, other]);
            let below = count(&[one]) * count(&[other]);
            let lift = (both * customers * 10_000 + below / 2) / below;
            if both >= 20 && lift >= 15_000 {
                let entry = expected.entry((*one).clone()).or_default();
                entry.with.push(((*other).clone(), lift, both));
            }
        }
    }
    assert!(expected.len() > 5, "the count has something to agree on");
    assert_eq!(pairs(&store), expected);
}
