//! Claims about indexing later: the same entries as a fold at once, whatever happens in between and however little memory there is.

use super::super::{RowFacts, fold, fold_all, unfold};
use super::*;
use crate::entropy::{Entropy as _, SeededEntropy};
use crate::ids::Timestamp;
use crate::search::TermSources;
use crate::store::Store as _;
use crate::store::memory::MemoryStore;

fn customer(number: u8) -> CustomerId {
    CustomerId([number; 16])
}

fn row(number: u8, name: &str, words: &str, day: i64) -> Row {
    Row::new(
        customer(number),
        &RowFacts {
            sources: TermSources {
                names: vec![name.to_owned()],
                phones: vec![format!("+3361234{number:04}")],
                words: vec![words.to_owned()],
                links: Vec::new(),
            },
            last_touch: Some(Timestamp(day * Timestamp::DAY_MS)),
            ..RowFacts::default()
        },
    )
}

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

fn rows_of(tx: &dyn ReadTx, table: Table) -> Rows {
    let mut rows = Rows::new();
    store::scan_prefix(tx, table, &[], &mut |key, value| {
        rows.insert(key.to_vec(), value.to_vec());
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    rows
}

/// Rows and entries that a fold of these rows leaves in a store where nothing was.
fn folded(rows: &[Row]) -> [Rows; 2] {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    fold_all(&mut *tx, rows).unwrap();
    [Table::Row, Table::Term].map(|table| rows_of(tx.as_read(), table))
}

#[track_caller]
fn assert_as_if_folded(tx: &dyn ReadTx, rows: &[Row]) {
    assert_eq!(
        [Table::Row, Table::Term].map(|table| rows_of(tx, table)),
        folded(rows)
    );
    assert_eq!(rows_of(tx, Table::Progress), Rows::new(), "nothing waits");
}

#[test]
fn entries_follow_their_rows_once_all_have_come() {
    let rows = [
        row(1, "Zoë Müller", "red linen", 100),
        row(2, "Anna Anders", "blue silk", 900),
        row(3, "田中", "革の鞄", 901),
    ];
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    fold_later(&mut *tx, &rows[..2]).unwrap();
    fold_later(&mut *tx, &rows[1..]).unwrap();
    assert_eq!(rows_of(tx.as_read(), Table::Term), Rows::new());
    index_what_waits(&mut *tx).unwrap();
    assert_as_if_folded(tx.as_read(), &rows);
    index_what_waits(&mut *tx).unwrap();
    assert_as_if_folded(tx.as_read(), &rows);
}

#[test]
fn what_is_noted_costs_its_own_entries_and_no_others() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    fold(&mut *tx, &row(1, "Zoë Müller", "red", 1)).unwrap();
    fold(&mut *tx, &row(2, "Anna", "blue", 1)).unwrap();
    // An entry that a pass over the whole book would write again.
    let others: Vec<_> = rows_of(tx.as_read(), Table::Term)
        .into_keys()
        .filter(|key| key.ends_with(&[2; 16]))
        .collect();
    for key in &others {
        tx.delete(Table::Term, key).unwrap();
    }
    fold_noted(
        &mut *tx,
        &[row(1, "Zoë Müller", "red", 9), row(3, "Bo", "", 4)],
    )
    .unwrap();
    index_what_waits(&mut *tx).unwrap();
    let after = rows_of(tx.as_read(), Table::Term);
    assert!(!others.is_empty() && others.iter().all(|key| !after.contains_key(key)));
    let expected = folded(&[row(1, "Zoë Müller", "red", 9), row(3, "Bo", "", 4)]);
    assert_eq!(after, expected[1]);
    assert_eq!(rows_of(tx.as_read(), Table::Progress), Rows::new());
}

#[test]
fn a_row_that_is_removed_while_it_waits_leaves_nothing() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    fold(&mut *tx, &row(1, "Zoë Müller", "red", 1)).unwrap();
    fold_later(&mut *tx, &[row(1, "Anna", "blue", 2)]).unwrap();
    fold_later(&mut *tx, &[row(2, "Berta", "green", 2)]).unwrap();
    assert!(unfold(&mut *tx, customer(1)).unwrap());
    assert!(unfold(&mut *tx, customer(2)).unwrap());
    assert_eq!(rows_of(tx.as_read(), Table::Term), Rows::new());
    index_what_waits(&mut *tx).unwrap();
    assert_as_if_folded(tx.as_read(), &[]);
}

#[test]
fn any_order_of_folds_at_once_later_and_removals_ends_as_folds_at_once_would() {
    let names = ["Zoë Müller", "Anna Anders", "Zoé Muller", "Bo"];
    let words = ["red linen", "linen", "blue silk linen", ""];
    for seed in 0..200 {
        let mut chance = SeededEntropy::new(seed);
        let mut draw = |bound: usize| {
            let drawn = chance.below(u64::try_from(bound).unwrap());
            usize::try_from(drawn).unwrap()
        };
        let store = MemoryStore::default();
        let mut tx = store.write().unwrap();
        let mut there: BTreeMap<u8, Row> = BTreeMap::new();
        for day in 0..40 {
            let number = u8::try_from(draw(4)).unwrap();
            let new = row(number, names[draw(4)], words[draw(4)], day % 3);
            match draw(8) {
                0 => {
                    unfold(&mut *tx, customer(number)).unwrap();
                    there.remove(&number);
                    continue;
                }
                1 => index_what_waits(&mut *tx).unwrap(),
                2 | 3 => drop(fold(&mut *tx, &new).unwrap()),
                4 | 5 => fold_noted(&mut *tx, std::slice::from_ref(&new)).unwrap(),
                _ => fold_later(&mut *tx, std::slice::from_ref(&new)).unwrap(),
            }
            if rows_of(tx.as_read(), Table::Row).get(&[number; 16][..]) == Some(&encode_row(&new)) {
                there.insert(number, new);
            }
        }
        index_what_waits(&mut *tx).unwrap();
        let expected: Vec<_> = there.into_values().collect();
        assert_as_if_folded(tx.as_read(), &expected);
    }
}

#[test]
fn entries_that_do_not_fit_into_memory_come_in_order_all_the_same() {
    let mut chance = SeededEntropy::new(7);
    let mut drawn = BTreeMap::new();
    for number in 0..1_000_u16 {
        let mut key = vec![0; 4];
        chance.fill(&mut key);
        key.extend_from_slice(&number.to_be_bytes());
        drawn.insert(key, Move::Put(Some(number)));
    }
    let mut found = Vec::new();
    let mut from = Vec::new();
    let mut rounds = 0;
    loop {
        let mut sorted = Sorted::new(from, 64);
        for (key, what) in drawn.iter().rev().chain(&drawn) {
            sorted.add(key, *what);
        }
        let (batch, rest) = sorted.finish();
        found.extend(batch.iter().map(|(key, what)| (key.to_vec(), what)));
        rounds += 1;
        match rest {
            Some(next) => from = next,
            None => break,
        }
    }
    assert!(rounds > 15, "{rounds}");
    assert_eq!(found, drawn.into_iter().collect::<Vec<_>>());
}
