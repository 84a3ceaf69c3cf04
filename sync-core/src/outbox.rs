//! The outbox: edits that the hub has not accepted yet, each with its intent beside its changes.
//!
//! # Invariants
//! - A row leaves the outbox only when the hub's feed brought its changes back, when the customer was erased, or when its author discards it after a refusal.
//! - The plan is the intent in its replayable form: after a refusal, a new epoch or a cloned database it is committed again, under a fresh actor.
//! - Rows are kept in the order in which the edits were made.
//! - How many rows stand where is counted as they move, so that asking costs the same however many wait.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use minicbor::{Decode, Encode};

use crate::card::Plan;
use crate::envelope::Sealed;
use crate::ids::{AssociateId, ChangeHash, CustomerId, DocumentId, EditId, SessionId, Timestamp};
use crate::limits;
use crate::store::{self, Direction, KeyRange, ReadTx, StoreError, Table, WriteTx};

/// Where an edit stands.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum OutboxState {
    /// Not judged yet.
    #[n(0)]
    Pending,
    /// The hub said that it is folded and durable there; its feed has not brought it back yet.
    #[n(1)]
    Stored {
        /// The hub's acceptance number.
        #[n(0)]
        number: u64,
    },
    /// The hub refused it. Its author can still read it, and discard it or record it anew.
    #[n(2)]
    Refused {
        /// The hub's stable code for why.
        #[n(0)]
        code: String,
    },
}

/// One edit of an associate, on its way.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct OutboxRow {
    /// The edit.
    #[n(0)]
    pub edit: EditId,
    /// Whose record it changes.
    #[n(1)]
    pub customer: CustomerId,
    /// Who made it.
    #[n(2)]
    pub associate: AssociateId,
    /// The sign-in it was made under.
    #[n(3)]
    pub session: SessionId,
    /// When, by this device's clock.
    #[n(4)]
    pub at: Timestamp,
    /// The typed edit as JSON, for people.
    #[n(5)]
    pub intent: String,
    /// The intent in replayable form.
    #[n(6)]
    pub plan: Plan,
    /// One change for each facet it touches; all or nothing.
    #[n(7)]
    pub members: Vec<Sealed>,
    /// Where it stands.
    #[n(8)]
    pub state: OutboxState,
}

impl OutboxRow {
    /// The documents it touches.
    pub fn documents(&self) -> impl Iterator<Item = DocumentId> + '_ {
        self.members.iter().map(|member| member.envelope.document())
    }

    /// Whether what it writes is part of what the associate sees.
    #[must_use]
    pub fn is_visible(&self) -> bool {
        match self.state {
            OutboxState::Pending | OutboxState::Stored { .. } => true,
            OutboxState::Refused { .. } => false,
        }
    }
}

/// A row with its number; numbers ascend in the order of recording.
pub type Numbered = (u64, OutboxRow);

fn number(key: &[u8]) -> u64 {
    key.try_into().map(u64::from_be_bytes).unwrap_or_default()
}

fn index_key(document: DocumentId, number: u64) -> Vec<u8> {
    store::key(&[document.as_bytes(), &number.to_be_bytes()])
}

/// Appends a row and returns its number.
///
/// # Errors
/// What the store reports.
pub fn append(tx: &mut dyn WriteTx, row: &OutboxRow) -> Result<u64, StoreError> {
    // Kept apart from the rows, so that the number of a row that left is never used again.
    let next: u64 = store::get_row(tx.as_read(), Table::Meta, b"outbox.next")?.unwrap_or(0);
    store::put_row(tx, Table::Meta, b"outbox.next", &(next + 1))?;
    put(tx, next, row)?;
    Ok(next)
}

/// Writes a row in place and keeps the index of what it touches.
///
/// # Errors
/// What the store reports.
pub fn put(tx: &mut dyn WriteTx, number: u64, row: &OutboxRow) -> Result<(), StoreError> {
    let before = get(tx.as_read(), number)?;
    count(tx, before.map(|row| row.state).as_ref(), Some(&row.state))?;
    store::put_row(tx, Table::Outbox, &number.to_be_bytes(), row)?;
    for document in row.documents() {
        let key = index_key(document, number);
        if row.is_visible() {
            tx.put(Table::OutboxIndex, &key, &[])?;
        } else {
            tx.delete(Table::OutboxIndex, &key)?;
        }
    }
    Ok(())
}

/// Removes a row.
///
/// # Errors
/// What the store reports.
pub fn remove(tx: &mut dyn WriteTx, number: u64, row: &OutboxRow) -> Result<(), StoreError> {
    let before = get(tx.as_read(), number)?;
    count(tx, before.map(|row| row.state).as_ref(), None)?;
    for document in row.documents() {
        tx.delete(Table::OutboxIndex, &index_key(document, number))?;
    }
    tx.delete(Table::Outbox, &number.to_be_bytes())
}

/// Takes members out of a row, which goes with its last one. Nothing happens when none is meant.
///
/// # Errors
/// What the store reports.
pub fn take_out(
    tx: &mut dyn WriteTx,
    (number, row): Numbered,
    is_meant: impl Fn(&Sealed) -> bool,
) -> Result<(), StoreError> {
    if !row.members.iter().any(&is_meant) {
        return Ok(());
    }
    remove(tx, number, &row)?;
    let mut rest = row;
    rest.members.retain(|member| !is_meant(member));
    if rest.members.is_empty() {
        return Ok(());
    }
    put(tx, number, &rest)
}

/// One row.
///
/// # Errors
/// What the store reports.
pub fn get(tx: &dyn ReadTx, number: u64) -> Result<Option<OutboxRow>, StoreError> {
    store::get_row(tx, Table::Outbox, &number.to_be_bytes())
}

/// All rows from `from` on, oldest first, until `visit` breaks.
///
/// # Errors
/// What the store reports.
pub fn scan(
    tx: &dyn ReadTx,
    from: u64,
    visit: &mut dyn FnMut(u64, OutboxRow) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let range = KeyRange {
        from: &from.to_be_bytes(),
        to: None,
    };
    tx.scan(
        Table::Outbox,
        range,
        Direction::Ascending,
        &mut |key, bytes| Ok(visit(number(key), store::decode_row(Table::Outbox, bytes)?)),
    )
}

/// All rows, oldest first.
///
/// # Errors
/// What the store reports.
pub fn all(tx: &dyn ReadTx) -> Result<Vec<Numbered>, StoreError> {
    let mut rows = Vec::new();
    scan(tx, 0, &mut |number, row| {
        rows.push((number, row));
        ControlFlow::Continue(())
    })?;
    Ok(rows)
}

/// The visible rows that touch `document`, oldest first.
///
/// # Errors
/// What the store reports.
pub fn touching(tx: &dyn ReadTx, document: DocumentId) -> Result<Vec<Numbered>, StoreError> {
    let mut numbers = Vec::new();
    store::scan_prefix(
        tx,
        Table::OutboxIndex,
        document.as_bytes(),
        &mut |key, _| {
            numbers.extend(key.get(DocumentId::LEN..).map(number));
            Ok(ControlFlow::Continue(()))
        },
    )?;
    let mut rows = Vec::new();
    for number in numbers {
        rows.extend(get(tx, number)?.map(|row| (number, row)));
    }
    Ok(rows)
}

/// Whether a visible row touches `document`.
///
/// # Errors
/// What the store reports.
pub fn touches(tx: &dyn ReadTx, document: DocumentId) -> Result<bool, StoreError> {
    let mut found = false;
    let visit = &mut |_: &[u8], _: &[u8]| {
        found = true;
        Ok(ControlFlow::Break(()))
    };
    store::scan_prefix(tx, Table::OutboxIndex, document.as_bytes(), visit)?;
    Ok(found)
}

/// The visible rows that touch any of `documents`, directly or through a group that spans several, oldest first; with all documents so reached.
///
/// # Errors
/// What the store reports.
pub fn closure(
    tx: &dyn ReadTx,
    mut documents: BTreeSet<DocumentId>,
) -> Result<(BTreeSet<DocumentId>, Vec<Numbered>), StoreError> {
    let mut rows = std::collections::BTreeMap::new();
    let mut open: Vec<_> = documents.iter().copied().collect();
    while let Some(document) = open.pop() {
        for (number, row) in touching(tx, document)? {
            open.extend(row.documents().filter(|other| documents.insert(*other)));
            rows.insert(number, row);
        }
    }
    Ok((documents, rows.into_iter().collect()))
}

/// Whether the outbox has room for another edit.
///
/// # Errors
/// What the store reports.
pub fn has_room(tx: &dyn ReadTx) -> Result<bool, StoreError> {
    Ok(counts(tx)?.pending < limits::OUTBOX_ENTRIES_MAX)
}

/// How many edits wait, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pending {
    /// Edits that the hub has not stored.
    pub count: u64,
    /// When the oldest of them was made.
    pub oldest: Option<Timestamp>,
    /// Edits that the hub refused and nobody has dealt with.
    pub refused: u64,
}

/// Rows by where they stand. Frozen since database schema 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(array)]
struct Counts {
    #[n(0)]
    pending: u64,
    #[n(1)]
    stored: u64,
    #[n(2)]
    refused: u64,
}

impl Counts {
    fn of(&mut self, state: &OutboxState) -> &mut u64 {
        match state {
            OutboxState::Pending => &mut self.pending,
            OutboxState::Stored { .. } => &mut self.stored,
            OutboxState::Refused { .. } => &mut self.refused,
        }
    }
}

const COUNTS: &[u8] = b"outbox.counts";

fn counts(tx: &dyn ReadTx) -> Result<Counts, StoreError> {
    Ok(store::get_row(tx, Table::Meta, COUNTS)?.unwrap_or_default())
}

/// Moves a row from where it stood to where it stands now.
fn count(
    tx: &mut dyn WriteTx,
    before: Option<&OutboxState>,
    after: Option<&OutboxState>,
) -> Result<(), StoreError> {
    let known = counts(tx.as_read())?;
    let mut moved = known;
    if let Some(state) = before {
        let from = moved.of(state);
        *from = from.saturating_sub(1);
    }
    if let Some(state) = after {
        *moved.of(state) += 1;
    }
    if moved == known {
        return Ok(());
    }
    store::put_row(tx, Table::Meta, COUNTS, &moved)
}

/// What waits. Reads as far as the oldest row that does.
///
/// # Errors
/// What the store reports.
pub fn pending(tx: &dyn ReadTx) -> Result<Pending, StoreError> {
    let counts = counts(tx)?;
    let mut oldest = None;
    if counts.pending > 0 {
        scan(tx, 0, &mut |_, row| {
            if row.state != OutboxState::Pending {
                return ControlFlow::Continue(());
            }
            oldest = Some(row.at);
            ControlFlow::Break(())
        })?;
    }
    Ok(Pending {
        count: counts.pending,
        oldest,
        refused: counts.refused,
    })
}

/// Whether nothing is left that the hub would still judge or bring back.
///
/// # Errors
/// What the store reports.
pub fn is_quiet(tx: &dyn ReadTx) -> Result<bool, StoreError> {
    let counts = counts(tx)?;
    Ok(counts.pending == 0 && counts.stored == 0)
}

/// The row that holds `change`, among those that touch `document`.
///
/// # Errors
/// What the store reports.
pub fn holding(
    tx: &dyn ReadTx,
    document: DocumentId,
    change: ChangeHash,
) -> Result<Option<Numbered>, StoreError> {
    Ok(touching(tx, document)?.into_iter().find(|(_, row)| {
        row.members
            .iter()
            .any(|member| member.envelope.change == change)
    }))
}
