//! Claims about the read row: folding depends on the row alone and leaves nothing behind.

use super::*;
use crate::entropy::SeededEntropy;
use crate::limits;
use crate::search::search;
use crate::search::terms::postings;
use crate::store::Store;
use crate::store::memory::MemoryStore;

fn facts(names: &[&str], words: &[&str], day: i64) -> RowFacts {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    RowFacts {
        sources: TermSources {
            names: owned(names),
            phones: vec!["+33612345678".to_owned()],
            words: owned(words),
            links: Vec::new(),
        },
        last_touch: Some(Timestamp(day * Timestamp::DAY_MS)),
        ..RowFacts::default()
    }
}

fn dump(tx: &dyn ReadTx) -> Vec<(Table, Vec<u8>, Vec<u8>)> {
    let mut all = Vec::new();
    for table in [Table::Row, Table::Term] {
        let range = KeyRange {
            from: &[],
            to: None,
        };
        tx.scan(table, range, Direction::Ascending, &mut |key, value| {
            all.push((table, key.to_vec(), value.to_vec()));
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    }
    all
}

#[test]
fn what_a_fold_leaves_depends_on_the_row_alone() {
    let customer = CustomerId([1; 16]);
    let versions = [
        facts(&["Zoë Müller"], &["red linen"], 100),
        facts(&["Zoë Muller", "Zoé Müller"], &["blue linen", "silk"], 900),
        facts(&[], &[], 0),
        facts(&["田中"], &["革の鞄"], 901),
    ];
    let store = MemoryStore::default();
    let mut live = store.write().unwrap();
    for one in &versions {
        for other in &versions {
            fold(&mut *live, &Row::new(customer, one)).unwrap();
            fold(&mut *live, &Row::new(customer, other)).unwrap();
            let fresh = MemoryStore::default();
            let mut rebuilt = fresh.write().unwrap();
            assert!(fold(&mut *rebuilt, &Row::new(customer, other)).unwrap());
            assert_eq!(dump(live.as_read()), dump(rebuilt.as_read()));
            assert!(
                !fold(&mut *live, &Row::new(customer, other)).unwrap(),
                "a repeat changes nothing"
            );
        }
    }
}

#[test]
fn unfolding_leaves_nothing_and_touches_nobody_else() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let other = CustomerId([2; 16]);
    fold(
        &mut *tx,
        &Row::new(other, &facts(&["Zoë Lee"], &["red"], 5)),
    )
    .unwrap();
    let before = dump(tx.as_read());
    let customer = CustomerId([1; 16]);
    fold(
        &mut *tx,
        &Row::new(customer, &facts(&["Zoë Müller"], &["red linen"], 100)),
    )
    .unwrap();
    assert_ne!(dump(tx.as_read()), before);
    assert!(unfold(&mut *tx, customer).unwrap());
    assert_eq!(dump(tx.as_read()), before);
    assert!(!unfold(&mut *tx, customer).unwrap());
    assert_eq!(read_row(tx.as_read(), customer).unwrap(), None);
}

#[test]
fn a_touch_rewrites_names_and_leaves_words_alone() {
    let customer = CustomerId([1; 16]);
    let words = ["red linen silk wool cotton cashmere"];
    let entries = |day| {
        let row = Row::new(customer, &facts(&["Zoë Müller"], &words, day));
        postings(&row.terms, row.rank)
    };
    let (before, after) = (entries(10_000), entries(10_001));
    let moved = after
        .iter()
        .filter(|(term, value)| before.get(*term) != Some(value))
        .count();
    // Everybody, two words of a name in two spellings or less, their beginnings, one phone.
    assert!((8..=14).contains(&moved), "{moved}");
    assert!(
        after
            .iter()
            .filter(|(term, _)| term.starts_with(b"W"))
            .all(|(term, value)| before.get(term) == Some(value))
    );
}

#[test]
fn a_conflicting_spelling_is_found_and_the_first_is_shown() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let customer = CustomerId([1; 16]);
    fold(
        &mut *tx,
        &Row::new(customer, &facts(&["Catherine", "Kathrin"], &[], 1)),
    )
    .unwrap();
    for query in ["cath", "kath", "5678"] {
        let found = search(tx.as_read(), query, 10).unwrap().rows;
        assert_eq!(found.len(), 1, "{query}");
        assert_eq!(
            (found[0].name.as_str(), found[0].phones.as_slice()),
            ("Catherine", ["5678".to_owned()].as_slice())
        );
    }
}

#[test]
fn a_row_keeps_its_bytes() {
    let row = Row::new(
        CustomerId([1; 16]),
        &RowFacts {
            sources: TermSources {
                names: vec!["Zoë".to_owned()],
                phones: vec!["+33612345678".to_owned()],
                words: vec!["red".to_owned()],
                links: Vec::new(),
            },
            language: Some("fr".to_owned()),
            flags: Flags::default()
                .with_if(true, Flags::ALLERGY)
                .with_if(false, Flags::DO_NOT_CONTACT),
            conflicts: 1,
            open_promises: 2,
            earliest_due: Some(Timestamp(1_700_000_000_000)),
            last_touch: Some(Timestamp(1_700_000_000_000)),
            visit_since: Some(Timestamp(1_700_000_000_000)),
            hint: Some(Hint {
                kind: HintKind::Allergy,
                argument: "nickel".to_owned(),
            }),
        },
    );
    let bytes = encode_row(&row);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex,
        "8c5001010101010101010101010101010101645a6fc3ab62667281643536373801\
         01021b0000018bcfe56800194cdb1b0000018bcfe568008200666e69636b656c58\
         1a000c44383736353433323136333300044e7a6f65000457726564",
        "a layout on disk and on the wire changes with a new version only"
    );
    assert_eq!(minicbor::decode::<Row>(&bytes).unwrap(), row);
    assert!(row.flags.has(Flags::ALLERGY) && !row.flags.has(Flags::DO_NOT_CONTACT));
}

#[test]
fn a_row_of_a_later_version_is_read_as_far_as_it_is_known() {
    let row = Row::new(CustomerId([1; 16]), &facts(&["Zoë"], &[], 1));
    let mut longer = encode_row(&row);
    longer[0] += 1;
    longer.push(0xf6);
    assert_eq!(minicbor::decode::<Row>(&longer).unwrap(), row);
}

#[test]
fn a_row_cut_or_flipped_at_any_byte_is_an_error_or_a_row_but_never_a_panic() {
    let bytes = encode_row(&Row::new(
        CustomerId([1; 16]),
        &facts(&["Zoë"], &["red"], 1),
    ));
    for at in 0..bytes.len() {
        assert!(minicbor::decode::<Row>(&bytes[..at]).is_err());
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x55;
        if let Ok(row) = minicbor::decode::<Row>(&flipped) {
            assert!(row.terms.unpack().len() <= limits::TERMS_MAX);
        }
    }
}

#[test]
fn rows_are_visited_in_order_and_from_where_one_left_off() {
    let mut entropy = SeededEntropy::new(3);
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    for _ in 0..20 {
        let row = Row::new(CustomerId::random(&mut entropy), &facts(&["Zoë"], &[], 1));
        fold(&mut *tx, &row).unwrap();
    }
    let page = |after| {
        let mut page = Vec::new();
        rows(tx.as_read(), after, &mut |row| {
            page.push(row.customer);
            Ok(if page.len() == 7 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })
        .unwrap();
        page
    };
    let mut all = page(None);
    while let [.., last] = page(all.last().copied()).as_slice() {
        let last = *last;
        all.extend(page(all.last().copied()));
        assert_eq!(all.last(), Some(&last));
    }
    assert_eq!(all.len(), 20);
    assert!(all.is_sorted());
}

#[test]
fn counts_stop_at_their_bound_and_a_clock_before_1970_is_no_rank() {
    let row = Row::new(
        CustomerId([1; 16]),
        &RowFacts {
            conflicts: 70_000,
            last_touch: Some(Timestamp(-1)),
            ..RowFacts::default()
        },
    );
    assert_eq!(
        (row.conflicts, row.rank, row.name.as_str()),
        (u16::MAX, 0, "")
    );
}
