//! Cases that compare a store with a sorted map, over long random histories from fixed seeds.

use std::collections::BTreeMap;

use super::{Row, committed_rows, rows_of, rows_within};
use crate::entropy::{Entropy, SeededEntropy};
use crate::store::{Direction, KeyRange, Mark, ReadTx, Store, Table, WriteTx};

/// Tables of both shapes: with rows beside their index, and inside it.
const TABLES: [Table; 3] = [Table::Meta, Table::Change, Table::Term];

/// Steps of one random transaction.
const STEPS: u64 = 60;

/// What a store should hold.
pub(super) type Model = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

pub(super) fn ten_thousand_rows_come_back_in_order(store: &dyn Store) {
    const ROWS: usize = 10_000;
    let mut entropy = SeededEntropy::new(1);
    let mut model: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let mut tx = store.write().expect("a writer begins");
    while model.len() < ROWS {
        let key = bytes(&mut entropy, 1, 24);
        let value = bytes(&mut entropy, 0, 64);
        tx.put(Table::Term, &key, &value).expect("a row is written");
        model.insert(key, value);
    }
    tx.commit().expect("a commit succeeds");
    let rows = committed_rows(store, Table::Term);
    assert_eq!(rows.len(), ROWS);
    assert!(
        rows.iter()
            .map(|(key, value)| (key, value))
            .eq(model.iter()),
        "keys and values in the order of a sorted map"
    );
    let tx = store.read().expect("a snapshot begins");
    let all = KeyRange {
        from: &[],
        to: None,
    };
    let down = rows_within(&*tx, Table::Term, all, Direction::Descending);
    assert!(down.iter().eq(rows.iter().rev()));
}

pub(super) fn random_transactions_agree_with_a_model(store: &dyn Store) {
    let mut entropy = SeededEntropy::new(2);
    let mut model = Model::new();
    let mut committed = 0;
    for _ in 0..60 {
        committed += u32::from(random_transaction(store, &mut model, &mut entropy));
        let tx = store.read().expect("a snapshot begins");
        compare(&*tx, &model);
        compare_random_range(&*tx, &model, &mut entropy);
    }
    assert!(
        (20..60).contains(&committed),
        "some commit, some are dropped"
    );
    assert!(model.len() > 50, "the histories leave something to compare");
}

/// Runs one random transaction against the store; the model follows when it commits. Whether it did.
pub(super) fn random_transaction(
    store: &dyn Store,
    model: &mut Model,
    entropy: &mut SeededEntropy,
) -> bool {
    let mut tx = store.write().expect("a writer begins");
    let mut working = model.clone();
    let mut marks: Vec<(Mark, Model)> = Vec::new();
    for _ in 0..STEPS {
        match entropy.below(20) {
            0 | 1 => marks.push((tx.mark().expect("a mark is set"), working.clone())),
            2 if !marks.is_empty() => {
                let (mark, then) = end_random_mark(&mut marks, entropy);
                tx.rollback_to(mark).expect("a rollback succeeds");
                working = then;
            }
            3 if !marks.is_empty() => {
                let (mark, _) = end_random_mark(&mut marks, entropy);
                tx.release(mark).expect("a release succeeds");
            }
            4..=8 => delete_random(&mut *tx, &mut working, entropy),
            _ => put_random(&mut *tx, &mut working, entropy),
        }
    }
    compare(tx.as_read(), &working);
    compare_random_range(tx.as_read(), &working, entropy);
    if entropy.percent(25) {
        return false;
    }
    tx.commit().expect("a commit succeeds");
    *model = working;
    true
}

/// Takes any of the standing marks, and with it the later ones.
fn end_random_mark(marks: &mut Vec<(Mark, Model)>, entropy: &mut SeededEntropy) -> (Mark, Model) {
    let count = u64::try_from(marks.len()).expect("a few marks");
    let at = usize::try_from(entropy.below(count)).expect("a few marks");
    marks.drain(at..).next().expect("a mark stands there")
}

fn put_random(tx: &mut dyn WriteTx, model: &mut Model, entropy: &mut SeededEntropy) {
    let (table, key) = place(entropy);
    let longest = if entropy.percent(5) { 20_000 } else { 40 };
    let value = bytes(entropy, 0, longest);
    tx.put(table, &key, &value).expect("a row is written");
    model.insert((table, key), value);
}

fn delete_random(tx: &mut dyn WriteTx, model: &mut Model, entropy: &mut SeededEntropy) {
    let (table, key) = place(entropy);
    tx.delete(table, &key).expect("a row is deleted");
    model.remove(&(table, key));
}

/// One of a few hundred places, so that writes meet.
fn place(entropy: &mut SeededEntropy) -> (Table, Vec<u8>) {
    let table = *entropy.pick(&TABLES).expect("there are tables");
    (table, short_key(entropy))
}

/// Up to two bytes from a small alphabet that includes both ends.
fn short_key(entropy: &mut SeededEntropy) -> Vec<u8> {
    let alphabet = [0, 1, 2, 0x61, 0x62, 0x7f, 0x80, 0xfe, 0xff];
    let length = entropy.below(3);
    (0..length)
        .filter_map(|_| entropy.pick(&alphabet).copied())
        .collect()
}

/// Between `shortest` and `longest` random bytes.
fn bytes(entropy: &mut SeededEntropy, shortest: u64, longest: u64) -> Vec<u8> {
    let length = shortest + entropy.below(longest - shortest + 1);
    let mut bytes = vec![0; usize::try_from(length).expect("a short length")];
    entropy.fill(&mut bytes);
    bytes
}

/// Asserts that every table holds what the model says, by scan and by key.
pub(super) fn compare(tx: &dyn ReadTx, model: &Model) {
    for table in TABLES {
        let expected: Vec<Row> = rows_in(model, table);
        assert_eq!(rows_of(tx, table), expected, "table {}", table.name());
        for (key, value) in expected.iter().take(5) {
            let found = tx.get(table, key).expect("a row is read");
            assert_eq!(found.as_ref(), Some(value));
        }
    }
}

fn compare_random_range(tx: &dyn ReadTx, model: &Model, entropy: &mut SeededEntropy) {
    let table = *entropy.pick(&TABLES).expect("there are tables");
    let (from, to) = (short_key(entropy), short_key(entropy));
    let range = KeyRange {
        from: &from,
        to: Some(&to),
    };
    let mut expected = rows_in(model, table);
    expected.retain(|(key, _)| from <= *key && *key < to);
    assert_eq!(
        rows_within(tx, table, range, Direction::Ascending),
        expected
    );
    expected.reverse();
    assert_eq!(
        rows_within(tx, table, range, Direction::Descending),
        expected
    );
}

fn rows_in(model: &Model, table: Table) -> Vec<Row> {
    model
        .iter()
        .filter(|((of, _), _)| *of == table)
        .map(|((_, key), value)| (key.clone(), value.clone()))
        .collect()
}
