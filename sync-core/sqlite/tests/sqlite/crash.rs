//! Processes that die: a child works on a database until it is killed or aborts; the parent opens what is left.
//!
//! The child is this very test program, started again for one test with a marker in its environment.

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use sync_core::store::{Store as _, Table};
use sync_store_sqlite::SqliteStore;

use crate::place::{Place, get, keys};

const CHILD: &str = "crash::the_child";
const MARKER: &str = "CARNET_CRASH_TEST";
const DATABASE: &str = "CARNET_CRASH_DATABASE";
const ACKNOWLEDGED: &str = "acknowledged ";

/// How the child ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It works on until the parent kills it.
    Killed,
    /// It aborts after it wrote, before the commit.
    Uncommitted,
    /// It aborts after it wrote more than its cache holds, so that uncommitted pages are in the log.
    Spilled,
    /// It aborts after it released a mark, before the commit.
    Released,
}

impl End {
    const ALL: [Self; 4] = [
        Self::Killed,
        Self::Uncommitted,
        Self::Spilled,
        Self::Released,
    ];

    fn name(self) -> String {
        format!("{self:?}")
    }
}

/// Commits of a child that aborts.
const COMMITS: u32 = 20;

#[test]
fn the_child() {
    let Some(marker) = env::var_os(MARKER) else {
        // An ordinary run of the suite: nobody asked for a child.
        return;
    };
    let end = End::ALL
        .into_iter()
        .find(|end| marker.to_str() == Some(&end.name()))
        .unwrap();
    let path = PathBuf::from(env::var_os(DATABASE).unwrap());
    let mut place = Place::encrypted();
    place.options.writer_cache_kib = 64;
    let store = SqliteStore::open(&path, &place.options).unwrap();
    let first = next_number(&store);
    let last = match end {
        End::Killed => u32::MAX,
        End::Uncommitted | End::Spilled | End::Released => first + COMMITS,
    };
    for number in first..last {
        commit(&store, number);
        let line = format!("\n{ACKNOWLEDGED}{number}\n");
        let mut out = std::io::stdout().lock();
        out.write_all(line.as_bytes()).unwrap();
        out.flush().unwrap();
    }
    abort_in_transaction(&store, end);
}

/// One acknowledged step: the same number in three tables, and a row that moves.
fn commit(store: &SqliteStore, number: u32) {
    let key = number.to_be_bytes();
    let mut tx = store.write().unwrap();
    for table in [Table::Change, Table::Feed, Table::Record] {
        tx.put(table, &key, &[1; 700]).unwrap();
    }
    tx.put(Table::Meta, b"last", &key).unwrap();
    let mark = tx.mark().unwrap();
    tx.put(Table::Meta, b"undone", &key).unwrap();
    tx.rollback_to(mark).unwrap();
    tx.commit().unwrap();
}

fn abort_in_transaction(store: &SqliteStore, end: End) {
    let mut tx = store.write().unwrap();
    let mark = tx.mark().unwrap();
    let rows = if end == End::Spilled { 3_000 } else { 3 };
    for row in 0..rows {
        let key = u32::MAX - row;
        tx.put(Table::Change, &key.to_be_bytes(), &[2; 700])
            .unwrap();
    }
    if end == End::Released {
        tx.release(mark).unwrap();
    }
    if end == End::Spilled {
        let log = store.file_sizes().unwrap().log;
        assert!(log > 1_000_000, "uncommitted pages are in the log");
    }
    std::process::abort();
}

fn next_number(store: &SqliteStore) -> u32 {
    get(store, Table::Meta, b"last")
        .map_or(0, |last| u32::from_be_bytes(last.try_into().unwrap()) + 1)
}

fn child(place: &Place, end: End) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", CHILD, "--nocapture", "--test-threads=1"])
        .env(MARKER, end.name())
        .env(DATABASE, place.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lets a child work until it ends or has acknowledged `kill_after`; what it acknowledged.
fn acknowledged(place: &Place, end: End, kill_after: usize) -> BTreeSet<u32> {
    let mut child = child(place, end);
    let mut numbers = BTreeSet::new();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in lines {
        // After the kill, what the child had still said is in the pipe.
        if let Some(number) = line.unwrap().strip_prefix(ACKNOWLEDGED) {
            numbers.insert(number.parse().unwrap());
        }
        if numbers.len() == kill_after {
            child.kill().unwrap();
        }
    }
    assert!(!child.wait().unwrap().success(), "the child died");
    numbers
}

/// The numbers that are in the database, after asserting that each is there whole.
fn found(store: &SqliteStore) -> BTreeSet<u32> {
    store.integrity_check().unwrap();
    let changes = keys(store, Table::Change);
    assert_eq!(keys(store, Table::Feed), changes, "no half transaction");
    assert_eq!(keys(store, Table::Record), changes, "no half transaction");
    assert_eq!(get(store, Table::Meta, b"undone"), None);
    assert_eq!(
        get(store, Table::Meta, b"last").as_ref(),
        changes.last(),
        "no half transaction"
    );
    changes
        .into_iter()
        .map(|key| u32::from_be_bytes(key.try_into().unwrap()))
        .collect()
}

#[test]
fn a_child_that_aborts_leaves_exactly_what_it_acknowledged() {
    for end in [End::Uncommitted, End::Spilled, End::Released] {
        let place = Place::encrypted();
        let acknowledged = acknowledged(&place, end, usize::MAX);
        assert_eq!(acknowledged, (0..COMMITS).collect(), "{end:?}");
        assert_eq!(found(&place.open()), acknowledged, "{end:?}");
    }
}

#[test]
fn a_killed_child_leaves_all_that_it_acknowledged() {
    let place = Place::encrypted();
    let mut all = BTreeSet::new();
    for kill_after in [1, 7, 40, 3, 150, 12] {
        let acknowledged = acknowledged(&place, End::Killed, kill_after);
        assert!(acknowledged.len() >= kill_after);
        let before = all.len();
        all.extend(acknowledged);
        assert!(
            all.len() > before,
            "each child went on where the last one died"
        );
        let found = found(&place.open());
        assert!(found.is_superset(&all), "what was acknowledged is there");
        // The commit under way when the child died may have been done and not yet said.
        let next = all.last().map_or(0, |last| last + 1);
        assert!(
            found.difference(&all).all(|unsaid| *unsaid == next),
            "nothing else is"
        );
        all = found;
    }
}
