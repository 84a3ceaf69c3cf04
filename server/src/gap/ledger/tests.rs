//! Claims about the ledger: its sums and indexes are those of its rows, whatever came and went.

use sync_core::concierge::gap::ItemCount;
use sync_core::entropy::SeededEntropy;
use sync_core::store::Store as _;
use sync_core::store::memory::MemoryStore;

use super::*;

/// One in twenty is among the best, three at least: the line moves with almost every customer, and most are not in the index.
fn settings() -> Settings {
    Settings {
        one_in: 20,
        best_min: 3,
        ..Settings::default()
    }
}

fn customer(number: u64) -> CustomerId {
    let mut bytes = [7; CustomerId::LEN];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    CustomerId(bytes)
}

/// A row that chance decides, or none. Few amounts, so that many are equal.
fn any_row(chance: &mut SeededEntropy, now: Timestamp) -> Option<Contribution> {
    let mut below = |many: u64| u32::try_from(chance.below(many)).unwrap();
    if below(12) == 0 {
        return None;
    }
    let closed = ItemCount {
        item: u16::try_from(below(3)).unwrap(),
        met: below(4),
        late: below(3),
        missed: below(4),
        ..ItemCount::default()
    };
    let next = below(50);
    Some(Contribution {
        is_active: below(8) > 0,
        spend_minor: i64::from(below(40)) - 2,
        days: 1 + below(2),
        items: vec![closed],
        acts: vec![(1, 1 + below(2))],
        next_change: (next > 0).then(|| now.plus_ms(next.into())),
        ..Contribution::default()
    })
}

type Rows = BTreeMap<CustomerId, Contribution>;

/// Ranks of everybody who is active, the best first.
fn ranks<'r>(rows: &'r Rows, settings: &Settings) -> BTreeMap<Vec<u8>, &'r Contribution> {
    let active = rows.iter().filter(|(_, row)| row.is_active);
    active
        .map(|(customer, row)| (row.rank(*customer, &settings.order), row))
        .collect()
}

fn puts(
    tx: &mut dyn WriteTx,
    (ledger, rows): (&mut Ledger, &mut Rows),
    by: (&Playbook, &Settings),
    (who, row): (CustomerId, Option<Contribution>),
) {
    ledger.put(tx, by, who, row.as_ref()).unwrap();
    match row.filter(|row| row.is_active || row.next_change.is_some()) {
        Some(row) => rows.insert(who, row),
        None => rows.remove(&who),
    };
}

/// That the store holds what these rows come to.
fn check(tx: &dyn ReadTx, rows: &Rows, (playbook, settings): (&Playbook, &Settings)) {
    let ledger = Ledger::load(tx).unwrap();
    let (mut tally, mut best) = (Tally::default(), Best::default());
    for row in rows.values() {
        tally.add(row, playbook, settings);
    }
    let ranks = ranks(rows, settings);
    let many = settings.best_of(tally.all.customers).unwrap_or_default();
    for row in ranks.values().take(usize::try_from(many).unwrap()) {
        best.add(row, playbook, settings);
    }
    assert_eq!(ledger.tally, tally);
    assert_eq!(ledger.best(), &best);
    let members = ledger.members(tx, settings).unwrap();
    assert_eq!(u64::try_from(members.len()).unwrap(), many);
    let mut index = Vec::new();
    scan_prefix(tx, Table::Gap, RANK, &mut |key, _| {
        index.push(key[RANK.len()..].to_vec());
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    let first: Vec<_> = ranks.into_keys().take(index.len()).collect();
    assert_eq!(index, first, "the first of everybody, and nobody twice");
    let mut kept = Rows::new();
    super::rows(tx, &mut |customer, row| {
        kept.insert(customer, row);
    })
    .unwrap();
    assert_eq!(&kept, rows);
}

/// Who is told as due until a moment; nothing of it is kept.
fn due(store: &MemoryStore, until: Timestamp) -> BTreeSet<CustomerId> {
    let mut tx = store.write().unwrap();
    let mut ledger = Ledger::load(tx.as_read()).unwrap();
    let mut told = BTreeSet::new();
    loop {
        let due = ledger.take_due(&mut *tx, until, 3).unwrap();
        told.extend(due.customers);
        if !due.is_any {
            return told;
        }
    }
}

fn changing(rows: &Rows, until: Timestamp) -> BTreeSet<CustomerId> {
    let is_due = |row: &Contribution| row.next_change.is_some_and(|next| next <= until);
    let due = rows.iter().filter(|(_, row)| is_due(row));
    due.map(|(customer, _)| *customer).collect()
}

#[test]
fn what_was_kept_while_customers_came_and_went_is_what_their_rows_come_to() {
    let (playbook, settings) = (Playbook::standard(), settings());
    let by = (&playbook, &settings);
    for seed in 0..12 {
        let mut chance = SeededEntropy::new(seed);
        let store = MemoryStore::default();
        let mut rows = Rows::new();
        let mut now = Timestamp(0);
        for round in 0..40_u64 {
            now = now.plus_ms(i64::try_from(chance.below(6)).unwrap());
            let mut tx = store.write().unwrap();
            let mut ledger = Ledger::load(tx.as_read()).unwrap();
            // Time comes for some: they are counted again.
            let changing = changing(&rows, now);
            let due = ledger.take_due(&mut *tx, now, usize::MAX).unwrap();
            assert_eq!(BTreeSet::from_iter(due.customers.clone()), changing);
            for who in due.customers {
                let row = any_row(&mut chance, now);
                puts(&mut *tx, (&mut ledger, &mut rows), by, (who, row));
            }
            for _ in 0..chance.below(60) {
                let who = customer(chance.below(300));
                let row = any_row(&mut chance, now);
                puts(&mut *tx, (&mut ledger, &mut rows), by, (who, row));
            }
            // Now and then the best leave together, and at the end almost everybody.
            let leaving = match round {
                15 | 25 => 60,
                35 => 1_000,
                _ => 0,
            };
            let ranked = ranks(&rows, &settings).into_keys().take(leaving);
            let ranked: Vec<_> = ranked.filter_map(|rank| customer_of(&rank)).collect();
            for who in ranked {
                puts(&mut *tx, (&mut ledger, &mut rows), by, (who, None));
            }
            ledger.save(&mut *tx, by).unwrap();
            tx.commit().unwrap();
            check(&*store.read().unwrap(), &rows, by);
            for ahead in [1, 7, 1_000] {
                let until = now.plus_ms(ahead);
                assert_eq!(self::due(&store, until), self::changing(&rows, until));
            }
        }
    }
}

#[test]
fn a_row_of_another_rank_that_comes_back_in_one_transaction_is_listed_once() {
    let (playbook, settings) = (Playbook::standard(), settings());
    let by = (&playbook, &settings);
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let mut ledger = Ledger::default();
    let spent = |spend_minor| Contribution {
        is_active: true,
        spend_minor,
        next_change: Some(Timestamp(spend_minor)),
        ..Contribution::default()
    };
    let rows: Rows = (0..9).map(|number| (customer(number), spent(5))).collect();
    for (who, row) in &rows {
        for row in [row, &spent(9), row] {
            ledger.put(&mut *tx, by, *who, Some(row)).unwrap();
        }
    }
    ledger.save(&mut *tx, by).unwrap();
    check(tx.as_read(), &rows, by);
    tx.commit().unwrap();
    assert_eq!(due(&store, Timestamp(4)), BTreeSet::new());
    assert_eq!(due(&store, Timestamp(5)).len(), 9);
}

#[test]
fn a_customer_who_changes_later_than_listed_is_not_told_before() {
    let (playbook, settings) = (Playbook::standard(), settings());
    let by = (&playbook, &settings);
    let store = MemoryStore::default();
    let row = |next| Contribution {
        next_change: Some(Timestamp(next)),
        ..Contribution::default()
    };
    let mut tx = store.write().unwrap();
    let mut ledger = Ledger::default();
    for next in [10, 30, 20] {
        let row = row(next);
        ledger.put(&mut *tx, by, customer(1), Some(&row)).unwrap();
    }
    ledger.save(&mut *tx, by).unwrap();
    let due = ledger.take_due(&mut *tx, Timestamp(15), 9).unwrap();
    assert_eq!((due.customers.len(), due.is_any), (0, true));
    ledger.save(&mut *tx, by).unwrap();
    tx.commit().unwrap();
    assert_eq!(self::due(&store, Timestamp(19)).len(), 0);
    assert_eq!(self::due(&store, Timestamp(20)).len(), 1);
}
