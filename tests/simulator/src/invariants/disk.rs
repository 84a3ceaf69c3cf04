//! What must be true of one disk by itself: documents, feeds, digests, rows and index follow from base and changes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sync_core::card::{CardView, Corrections, Document, Entries, Facet, Reading, Visible};
use sync_core::digest::SetDigest;
use sync_core::documents::{self, DocumentRow};
use sync_core::feed::{self, Chain, FeedKind};
use sync_core::ids::{CustomerId, DocumentId, Timestamp};
use sync_core::notices::{Notice, Subject};
use sync_core::projection;
use sync_core::protocol::positions;
use sync_core::records::{self, SoldAt};
use sync_core::scope::Scope;
use sync_core::store::memory::MemoryStore;
use sync_core::store::{self, Direction, KeyRange, ReadTx, Store, Table};

use super::{Violation, must};
use crate::world::World;

const ALL: KeyRange<'static> = KeyRange {
    from: &[],
    to: None,
};

/// Everything of a table.
pub(super) fn table(
    tx: &dyn ReadTx,
    table: Table,
) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, Violation> {
    let mut rows = BTreeMap::new();
    tx.scan(table, ALL, Direction::Ascending, &mut |key, value| {
        rows.insert(key.to_vec(), value.to_vec());
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(rows)
}

/// Every document of a disk, replayed from base and changes.
pub(super) fn replayed(
    tx: &dyn ReadTx,
) -> Result<BTreeMap<DocumentId, (DocumentRow, Document)>, Violation> {
    let mut found = BTreeMap::new();
    for (key, value) in table(tx, Table::Document)? {
        let row: DocumentRow = store::decode_row(Table::Document, &value)?;
        let document = row.id();
        must(key == document.as_bytes(), "documents replay", || {
            format!("the row of {document} lies elsewhere")
        })?;
        let state = documents::replay(tx, document)?;
        must(state.heads() == row.heads, "documents replay", || {
            format!(
                "{document} ({:?}) replays to other heads than it names",
                row.facet
            )
        })?;
        let cached = tx.get(Table::Cache, document.as_bytes())?;
        let cached = cached.and_then(|bytes| Document::load(&bytes).ok());
        let agrees = cached.is_none_or(|cached| {
            cached.heads() == state.heads() && cached.entries() == state.entries()
        });
        must(agrees, "documents replay", || {
            format!("the cache of {document} holds something else")
        })?;
        found.insert(document, (row, state));
    }
    Ok(found)
}

pub(super) fn entries(document: &Document) -> Result<Entries, Violation> {
    document
        .entries()
        .map_err(|error| Violation::new("documents replay", error.to_string()))
}

/// Feeds: every chain follows from the entries that are there, and ends where the state says.
pub(super) fn feeds(tx: &dyn ReadTx, from_the_beginning: bool) -> Result<(), Violation> {
    for (scope, state) in positions(tx)? {
        let mut last: Option<(u64, Chain)> = from_the_beginning.then(|| (0, Chain::default()));
        for seq in 1..=state.seq {
            let Some(row) = feed::row(tx, scope, seq)? else {
                must(!from_the_beginning, "feeds follow", || {
                    format!("entry {seq} of {scope:?} is missing")
                })?;
                last = None;
                continue;
            };
            if let Some((before, chain)) = last {
                let follows = before + 1 == seq && chain.then(&row.hash).0 == row.chain;
                must(follows, "feeds follow", || {
                    format!("entry {seq} of {scope:?} does not follow on the one before")
                })?;
            }
            last = Some((seq, Chain(row.chain)));
        }
        if let Some((seq, chain)) = last {
            must(
                (seq, chain) == (state.seq, state.chain),
                "feeds follow",
                || format!("{scope:?} does not stand where its feed ends"),
            )?;
        }
    }
    Ok(())
}

/// Entry hashes of changes are those of envelope and time of receipt.
fn feed_names_changes(tx: &dyn ReadTx) -> Result<(), Violation> {
    for (scope, state) in positions(tx)? {
        for seq in 1..=state.seq {
            let Some(row) = feed::row(tx, scope, seq)? else {
                continue;
            };
            if let FeedKind::Change { document, change } = row.kind
                && let Some(stored) = documents::change(tx, document, change)?
            {
                let leaf = stored.sealed.envelope.leaf();
                let hash = feed::change_entry_hash(&leaf, stored.received_at);
                must(hash == row.hash, "feeds follow", || {
                    format!("entry {seq} of {scope:?} is not the digest of its change")
                })?;
            }
        }
    }
    Ok(())
}

/// The documents of each scope, and both directions of the table saying the same.
pub(super) fn scopes(tx: &dyn ReadTx) -> Result<BTreeMap<Scope, BTreeSet<DocumentId>>, Violation> {
    let mut held: BTreeMap<Scope, BTreeSet<DocumentId>> = BTreeMap::new();
    for key in table(tx, Table::ScopeDocument)?.keys() {
        let scope = Scope::from_key(key.get(..Scope::KEY_LEN).unwrap_or_default());
        let document = DocumentId::from_slice(key.get(Scope::KEY_LEN..).unwrap_or_default());
        let (Some(scope), Some(document)) = (scope, document) else {
            return Err(Violation::new("scopes", "a key that is none".to_owned()));
        };
        must(
            documents::scopes(tx, document)?.contains(&scope),
            "scopes",
            || format!("{document} does not know that {scope:?} holds it"),
        )?;
        held.entry(scope).or_default().insert(document);
    }
    let there = held.values().map(BTreeSet::len).sum::<usize>();
    let back = table(tx, Table::DocumentScope)?.len();
    must(there == back, "scopes", || {
        format!("{there} documents in scopes one way and {back} the other")
    })?;
    Ok(held)
}

/// The notices that are to be read in a scope: told from what is stored of each, not by the code that is being checked.
pub(super) fn read_in(tx: &dyn ReadTx, scope: Scope) -> Result<Vec<Notice>, Violation> {
    let mut found = Vec::new();
    for bytes in table(tx, Table::Notice)?.values() {
        let notice: Notice = store::decode_row(Table::Notice, bytes)?;
        let is_read = match (notice.subject, scope) {
            (Subject::Chain, Scope::Book(_)) => true,
            (Subject::Shop(shop), Scope::Book(book)) => shop == book,
            (Subject::Associate(one), Scope::Associate(other)) => one == other,
            (Subject::Customer(customer), _) => {
                documents::scopes(tx, Facet::Card.document(customer))?.contains(&scope)
            }
            (Subject::Chain | Subject::Shop(_) | Subject::Associate(_), _) => false,
        };
        if is_read {
            found.push(notice);
        }
    }
    Ok(found)
}

/// Digests are those of the items that the scopes hold.
pub(super) fn digests(tx: &dyn ReadTx) -> Result<(), Violation> {
    let held = scopes(tx)?;
    for (scope, state) in positions(tx)? {
        let mut digest = SetDigest::default();
        for document in held.get(&scope).into_iter().flatten() {
            let Some(row) = documents::row(tx, *document)? else {
                continue;
            };
            if let Some(item) = row.item() {
                digest.add(&item);
            }
            if row.facet == Facet::Card {
                records::for_each(tx, row.customer, &mut |record| {
                    digest.add(&record.item_hash());
                })?;
            }
        }
        for notice in read_in(tx, scope)? {
            digest.add(&notice.item_hash());
        }
        must(digest == state.digest, "digests", || {
            format!("the digest of {scope:?} is not that of what it holds")
        })?;
    }
    Ok(())
}

/// Rows and index are those that a fold from nothing would leave.
pub(super) fn rows(
    tx: &dyn ReadTx,
    expected: impl IntoIterator<Item = projection::Row>,
) -> Result<(), Violation> {
    let fresh = MemoryStore::default();
    let mut building = fresh.write()?;
    for row in expected {
        projection::fold(&mut *building, &row)?;
    }
    building.commit()?;
    let fresh = fresh.read()?;
    for (name, which) in [("read rows", Table::Row), ("search index", Table::Term)] {
        let (there, should) = (table(tx, which)?, table(&*fresh, which)?);
        if there == should {
            continue;
        }
        let wrong = should
            .iter()
            .find(|(key, value)| there.get(*key) != Some(value))
            .map(|(key, _)| key)
            .or_else(|| there.keys().find(|key| !should.contains_key(*key)));
        let what = wrong.map(|key| describe(which, key, (&there, &should)));
        return Err(Violation::new(
            "rows and index follow",
            format!("{name}: {}", what.unwrap_or_default()),
        ));
    }
    Ok(())
}

/// The row that follows from what is visible of a customer and from their records.
pub(super) fn row_of(
    tx: &dyn ReadTx,
    customer: CustomerId,
    visible: &Visible,
    corrections: &Corrections,
) -> Result<projection::Row, Violation> {
    let reading = Reading {
        now: Timestamp(0),
        corrections,
    };
    let last = records::totals(tx, customer)?.last.map(SoldAt::moment);
    Ok(projection::project(
        customer,
        &CardView::read(visible, &reading),
        last,
    ))
}

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

fn describe(which: Table, key: &[u8], (there, should): (&Rows, &Rows)) -> String {
    let read = |rows: &Rows| {
        rows.get(key).map(|bytes| {
            if which == Table::Row {
                let row = store::decode_row::<projection::Row>(which, bytes);
                row.map(|row| format!("{:?} {:?} rank {}", row.name, row.flags, row.rank))
                    .unwrap_or_default()
            } else {
                format!("{bytes:?}")
            }
        })
    };
    let customer = CustomerId::from_slice(key);
    format!(
        "{customer:?}: there is {:?}, should be {:?}",
        read(there),
        read(should)
    )
}

/// The hub's disk.
///
/// # Errors
/// The first [`Violation`].
pub fn hub(world: &World) -> Result<(), Violation> {
    let tx = world.hub.store.read()?;
    let replayed = replayed(&*tx)?;
    feeds(&*tx, true)?;
    feed_names_changes(&*tx)?;
    digests(&*tx)?;
    let mut expected = Vec::new();
    for (row, document) in replayed.values() {
        if row.facet == Facet::Card {
            let visible = Visible::from_iter([(Facet::Card, entries(document)?)]);
            let corrections = row.corrections();
            expected.push(row_of(&*tx, row.customer, &visible, &corrections)?);
        }
    }
    rows(&*tx, expected)
}
