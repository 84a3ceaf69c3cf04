//! Cases about scans: order, bounds, prefixes and visitors.

use std::ops::ControlFlow;

use super::{Row, commit_rows, owned, rows_of, rows_within};
use crate::store::{
    Direction, KeyRange, ReadTx, Store, StoreError, Table, prefix_end, scan_prefix,
};

/// Keys in byte order, chosen to trip whoever compares by length, as text or as signed bytes.
const ORDERED: [&[u8]; 14] = [
    b"",
    b"\0",
    b"\0\0",
    b"\0\x01",
    b"\x01",
    b"A",
    b"B",
    b"a",
    b"a\0",
    b"aa",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\xff\xff",
];

const EVERYTHING: KeyRange<'static> = KeyRange {
    from: &[],
    to: None,
};

/// Fills a table with the ordered keys, written in another order, each with its position as value.
fn fill(store: &dyn Store, table: Table) -> Vec<Row> {
    let positions: Vec<u8> = (0..).take(ORDERED.len()).collect();
    let rows: Vec<(&[u8], &[u8])> = ORDERED.iter().copied().zip(positions.chunks(1)).collect();
    let mut shuffled = Vec::new();
    for step in 0..3 {
        shuffled.extend(rows.iter().copied().skip(step).step_by(3));
    }
    shuffled.reverse();
    assert_eq!(shuffled.len(), ORDERED.len());
    commit_rows(store, table, &shuffled);
    owned(&rows)
}

/// What is claimed about the rows of a table, seen through a transaction.
type Claim<'a> = dyn Fn(&dyn ReadTx, Table, &[Row]) + 'a;

/// What both kinds of transaction and both kinds of table see.
fn everywhere(store: &dyn Store, check: &Claim<'_>) {
    for table in [Table::Document, Table::ScopeDocument] {
        let rows = fill(store, table);
        let reader = store.read().expect("a snapshot begins");
        check(&*reader, table, &rows);
        drop(reader);
        let writer = store.write().expect("a writer begins");
        check(writer.as_read(), table, &rows);
    }
}

pub(super) fn keys_come_in_byte_order(store: &dyn Store) {
    everywhere(store, &|tx, table, rows| {
        assert_eq!(rows_of(tx, table), rows);
    });
}

pub(super) fn a_descending_scan_is_the_exact_reverse(store: &dyn Store) {
    everywhere(store, &|tx, table, rows| {
        let mut down = rows_within(tx, table, EVERYTHING, Direction::Descending);
        assert_ne!(down, rows);
        down.reverse();
        assert_eq!(down, rows);
    });
}

pub(super) fn a_range_has_its_start_and_not_its_end(store: &dyn Store) {
    everywhere(store, &|tx, table, rows| {
        for from in ORDERED.iter().chain(&[&b"AA"[..], b"\x90"]) {
            for to in ORDERED.iter().chain(&[&b"AA"[..], b"\x90"]) {
                let range = KeyRange { from, to: Some(to) };
                let within: Vec<Row> = rows
                    .iter()
                    .filter(|(key, _)| *from <= key.as_slice() && key.as_slice() < *to)
                    .cloned()
                    .collect();
                let up = rows_within(tx, table, range, Direction::Ascending);
                assert_eq!(up, within, "{from:?} <= key < {to:?}");
                let mut down = rows_within(tx, table, range, Direction::Descending);
                down.reverse();
                assert_eq!(down, within, "{from:?} <= key < {to:?}, descending");
            }
        }
    });
}

pub(super) fn an_empty_or_inverted_range_yields_nothing(store: &dyn Store) {
    everywhere(store, &|tx, table, rows| {
        assert!(rows.iter().any(|(key, _)| key == b"a"));
        for (from, to) in [
            (&b"a"[..], &b"a"[..]),
            (b"b", b"a"),
            (b"", b""),
            (b"\xff", b""),
        ] {
            for direction in [Direction::Ascending, Direction::Descending] {
                let range = KeyRange { from, to: Some(to) };
                assert_eq!(rows_within(tx, table, range, direction), []);
            }
        }
    });
}

pub(super) fn a_range_without_end_reaches_the_last_key(store: &dyn Store) {
    everywhere(store, &|tx, table, rows| {
        let range = KeyRange {
            from: b"\x80",
            to: None,
        };
        let tail: Vec<Row> = rows.iter().skip(11).cloned().collect();
        assert_eq!(tail.len(), 3);
        assert_eq!(rows_within(tx, table, range, Direction::Ascending), tail);
        let beyond = KeyRange {
            from: b"\xff\xff\0",
            to: None,
        };
        assert_eq!(rows_within(tx, table, beyond, Direction::Descending), []);
    });
}

pub(super) fn the_end_of_a_prefix_is_the_next_key_that_lacks_it(store: &dyn Store) {
    assert_eq!(prefix_end(b""), None);
    assert_eq!(prefix_end(b"\xff"), None);
    assert_eq!(prefix_end(b"\xff\xff\xff"), None);
    assert_eq!(prefix_end(b"a"), Some(b"b".to_vec()));
    assert_eq!(prefix_end(b"\0"), Some(b"\x01".to_vec()));
    assert_eq!(prefix_end(b"a\xfe"), Some(b"a\xff".to_vec()));
    assert_eq!(prefix_end(b"a\xff"), Some(b"b".to_vec()));
    assert_eq!(prefix_end(b"a\xff\xff"), Some(b"b".to_vec()));
    everywhere(store, &|tx, table, rows| {
        for prefix in ORDERED {
            let end = prefix_end(prefix);
            let range = KeyRange {
                from: prefix,
                to: end.as_deref(),
            };
            let begins: Vec<Row> = rows
                .iter()
                .filter(|(key, _)| key.starts_with(prefix))
                .cloned()
                .collect();
            assert!(!begins.is_empty());
            assert_eq!(rows_within(tx, table, range, Direction::Ascending), begins);
        }
    });
}

pub(super) fn a_prefix_scan_yields_its_rows_alone(store: &dyn Store) {
    everywhere(store, &|tx, table, rows| {
        for (prefix, count) in [
            (&b""[..], ORDERED.len()),
            (b"\0", 3),
            (b"a", 3),
            (b"aa", 1),
            (b"aaa", 0),
            (b"\xff", 2),
            (b"\xff\xff\xff", 0),
        ] {
            let mut found = Vec::new();
            scan_prefix(tx, table, prefix, &mut |key, value| {
                found.push((key.to_vec(), value.to_vec()));
                Ok(ControlFlow::Continue(()))
            })
            .expect("a scan succeeds");
            let begins: Vec<Row> = rows
                .iter()
                .filter(|(key, _)| key.starts_with(prefix))
                .cloned()
                .collect();
            assert_eq!(found.len(), count, "prefix {prefix:?}");
            assert_eq!(found, begins, "prefix {prefix:?}");
        }
    });
}

pub(super) fn a_scan_stops_where_its_visitor_breaks(store: &dyn Store) {
    everywhere(store, &|tx, table, rows| {
        for stop_after in 1..=rows.len() {
            for direction in [Direction::Ascending, Direction::Descending] {
                let mut visited = 0;
                tx.scan(table, EVERYTHING, direction, &mut |_, _| {
                    visited += 1;
                    Ok(if visited == stop_after {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    })
                })
                .expect("a scan that was broken off is no error");
                assert_eq!(visited, stop_after);
            }
        }
        assert_eq!(rows_of(tx, table), rows, "a later scan is whole again");
    });
}

pub(super) fn a_scan_returns_its_visitors_error_and_harms_nothing(store: &dyn Store) {
    everywhere(store, &|tx, table, rows| {
        let mut visited = 0;
        let result = tx.scan(table, EVERYTHING, Direction::Ascending, &mut |_, _| {
            visited += 1;
            if visited == 3 {
                return Err(StoreError::Corrupt {
                    table: table.name(),
                    detail: "said the visitor".to_owned(),
                });
            }
            Ok(ControlFlow::Continue(()))
        });
        assert_eq!(visited, 3, "nothing is visited after the error");
        assert!(
            matches!(&result, Err(StoreError::Corrupt { detail, .. }) if detail == "said the visitor"),
            "the visitor's own error comes back, not {result:?}"
        );
        assert_eq!(rows_of(tx, table), rows, "the transaction goes on");
    });
    commit_rows(store, Table::Document, &[(b"after", b"1")]);
}

pub(super) fn a_visitor_may_read_and_scan_what_is_being_scanned(store: &dyn Store) {
    everywhere(store, &|tx, table, rows| {
        let mut outer = Vec::new();
        tx.scan(
            table,
            EVERYTHING,
            Direction::Ascending,
            &mut |key, value| {
                assert_eq!(tx.get(table, key)?.as_deref(), Some(value));
                let rest = KeyRange {
                    from: key,
                    to: None,
                };
                let inner = rows_within(tx, table, rest, Direction::Ascending);
                assert_eq!(inner.len(), rows.len() - outer.len());
                outer.push((key.to_vec(), value.to_vec()));
                Ok(ControlFlow::Continue(()))
            },
        )
        .expect("a scan succeeds");
        assert_eq!(outer, rows, "the outer scan lost nothing");
    });
}
