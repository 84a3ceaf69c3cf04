//! Accepted documents as stored: base, raw changes with their envelopes, and what is derived from them.
//!
//! # Invariants
//! - Truth is the base plus the changes after it, as they came; [`Table::Cache`] can be dropped and rebuilt ([`rebuild_cache`]).
//! - [`DocumentRow::heads`] are the heads of exactly these changes, and the item that the digest of every scope of the document holds.
//! - An edit is accepted once per document, across epochs: [`Table::EditIndex`] remembers it.

pub mod cache;
mod held;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use minicbor::{Decode, Encode};

use crate::card::{Document, DocumentError, Entries, Facet};
use crate::digest::document_item;
use crate::envelope::{Attestation, Sealed};
use crate::feed::Ledger;
use crate::gate::{self, Causality};
use crate::ids::{ChangeHash, CustomerId, DocumentId, EditId, Hash32, Timestamp};
use crate::limits;
use crate::store::{self, ReadTx, StoreError, Table, WriteTx};

use held::move_items;
pub use held::{enter, leave, needs_to_know, scopes};

pub use cache::{DocumentCache, rebuild_cache};

/// What is known of a document without opening it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DocumentRow {
    /// Whose.
    #[n(0)]
    pub customer: CustomerId,
    /// Which part of them.
    #[n(1)]
    pub facet: Facet,
    /// How often its history was cut.
    #[n(2)]
    pub epoch: u32,
    /// Accepted heads, ascending.
    #[n(3)]
    pub heads: Vec<ChangeHash>,
    /// Changes stored after the base.
    #[n(4)]
    pub changes: u32,
    /// Edits whose claimed time lay in the future, with the time they were received instead.
    #[n(5)]
    pub corrections: Vec<(EditId, Timestamp)>,
    /// Highest schema version among its changes.
    #[n(6)]
    pub schema: u16,
}

impl DocumentRow {
    /// The row of a document that does not exist yet.
    #[must_use]
    pub fn new(customer: CustomerId, facet: Facet) -> Self {
        Self {
            customer,
            facet,
            epoch: 0,
            heads: Vec::new(),
            changes: 0,
            corrections: Vec::new(),
            schema: 1,
        }
    }

    /// The document's id.
    #[must_use]
    pub fn id(&self) -> DocumentId {
        self.facet.document(self.customer)
    }

    /// The document's item in the digests of its scopes; `None` before its first change.
    #[must_use]
    pub fn item(&self) -> Option<Hash32> {
        (!self.heads.is_empty()).then(|| document_item(self.id(), self.epoch, &self.heads))
    }

    /// The corrected times, as reading a card takes them.
    #[must_use]
    pub fn corrections(&self) -> BTreeMap<EditId, Timestamp> {
        self.corrections.iter().copied().collect()
    }
}

/// An accepted change as stored.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct StoredChange {
    /// Envelope and bytes, as they came.
    #[n(0)]
    pub sealed: Sealed,
    /// When the document's authority received it, by the authority's clock.
    #[n(1)]
    pub received_at: Timestamp,
    /// The device's signature over it; the hub keeps it, a handheld relies on the hub's.
    #[n(2)]
    pub attestation: Option<Attestation>,
}

/// What a document's present epoch begins with.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Base {
    /// The epoch it begins.
    #[n(0)]
    pub epoch: u32,
    /// Heads of what it holds.
    #[n(1)]
    pub heads: Vec<ChangeHash>,
    /// The saved document.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// A document in memory, with what admitting further changes needs.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What is stored about it.
    pub row: DocumentRow,
    /// The document.
    pub document: Document,
    /// Counters and ancestry, once the gate has asked for them ([`Loaded::causality`]).
    pub(crate) causality: OnceLock<Causality>,
    /// Its content, read out.
    pub entries: Entries,
}

impl Loaded {
    /// A document that does not exist yet.
    #[must_use]
    pub fn empty(customer: CustomerId, facet: Facet) -> Self {
        Self {
            row: DocumentRow::new(customer, facet),
            document: Document::default(),
            causality: Causality::default().into(),
            entries: Entries::default(),
        }
    }

    fn of(row: DocumentRow, document: Document) -> Result<Self, StoreError> {
        let entries = document.entries().map_err(|error| damaged(&error))?;
        Ok(Self {
            row,
            document,
            causality: OnceLock::new(),
            entries,
        })
    }

    /// Counters and ancestry for the gate. To count them takes about as long as to load the document, so it is done when the gate first asks:
    /// whoever only reads a card never does.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the document is none that the gate could have let in.
    pub fn causality(&self) -> Result<&Causality, StoreError> {
        if let Some(counted) = self.causality.get() {
            return Ok(counted);
        }
        let counted = Causality::of(&self.document).map_err(|error| StoreError::Corrupt {
            table: Table::Cache.name(),
            detail: error.to_string(),
        })?;
        Ok(self.causality.get_or_init(|| counted))
    }

    /// As [`Loaded::causality`], to count a change of one's own. Ask before the document takes the change, or it is counted twice.
    ///
    /// # Errors
    /// As [`Loaded::causality`].
    pub(crate) fn causality_mut(&mut self) -> Result<&mut Causality, StoreError> {
        self.causality()?;
        let counted = self.causality.get_mut();
        Ok(counted.expect("it was counted a moment ago"))
    }
}

fn damaged(error: &DocumentError) -> StoreError {
    StoreError::Corrupt {
        table: Table::Cache.name(),
        detail: error.to_string(),
    }
}

/// What is stored about a document.
///
/// # Errors
/// What the store reports.
pub fn row(tx: &dyn ReadTx, document: DocumentId) -> Result<Option<DocumentRow>, StoreError> {
    store::get_row(tx, Table::Document, document.as_bytes())
}

pub(crate) fn load(tx: &dyn ReadTx, row: DocumentRow) -> Result<Loaded, StoreError> {
    let state = open(tx, &row)?;
    Loaded::of(row, state)
}

/// The accepted document that `row` describes: the cache where it can be trusted, a replay where not.
///
/// # Errors
/// What the store reports, or [`StoreError::Corrupt`] when the changes do not lead to the heads.
pub fn open(tx: &dyn ReadTx, row: &DocumentRow) -> Result<Document, StoreError> {
    let document = row.id();
    if let Some(bytes) = tx.get(Table::Cache, document.as_bytes())?
        && let Ok(cached) = Document::load(&bytes)
        && cached.heads() == row.heads
    {
        return Ok(cached);
    }
    let replayed = replay(tx, document)?;
    if replayed.heads() != row.heads {
        return Err(StoreError::Corrupt {
            table: Table::Document.name(),
            detail: format!("the changes of document {document} do not lead to its heads"),
        });
    }
    Ok(replayed)
}

/// The document that base and changes lead to, from nothing but them.
///
/// # Errors
/// What the store reports, or [`StoreError::Corrupt`] when they do not apply.
pub fn replay(tx: &dyn ReadTx, document: DocumentId) -> Result<Document, StoreError> {
    let base: Option<Base> = store::get_row(tx, Table::Base, document.as_bytes())?;
    let mut state = match base {
        Some(base) => {
            gate::check_base(&base.bytes, &base.heads).map_err(|error| StoreError::Corrupt {
                table: Table::Base.name(),
                detail: error.to_string(),
            })?
        }
        None => Document::default(),
    };
    let changes = changes(tx, document)?;
    state
        .apply(changes.iter().map(|stored| stored.sealed.change.as_slice()))
        .map_err(|error| damaged(&error))?;
    Ok(state)
}

/// The changes of a document after its base, in the order they were accepted.
///
/// # Errors
/// What the store reports.
pub fn changes(tx: &dyn ReadTx, document: DocumentId) -> Result<Vec<StoredChange>, StoreError> {
    let mut changes = Vec::new();
    store::scan_prefix(tx, Table::Change, document.as_bytes(), &mut |_, bytes| {
        changes.push(store::decode_row(Table::Change, bytes)?);
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(changes)
}

fn position_key(document: DocumentId, position: u32) -> Vec<u8> {
    store::key(&[document.as_bytes(), &position.to_be_bytes()])
}

fn hash_key(document: DocumentId, change: ChangeHash) -> Vec<u8> {
    store::key(&[document.as_bytes(), change.as_bytes()])
}

fn edit_key(document: DocumentId, edit: EditId) -> Vec<u8> {
    store::key(&[document.as_bytes(), edit.as_bytes()])
}

/// One accepted change by its hash; `None` when it is inside the base, or unknown.
///
/// # Errors
/// What the store reports.
pub fn change(
    tx: &dyn ReadTx,
    document: DocumentId,
    change: ChangeHash,
) -> Result<Option<StoredChange>, StoreError> {
    let Some(position) = tx.get(Table::ChangeIndex, &hash_key(document, change))? else {
        return Ok(None);
    };
    store::get_row(
        tx,
        Table::Change,
        &store::key(&[document.as_bytes(), &position]),
    )
}

/// The accepted change that holds `edit`; `None` when the edit was not accepted.
///
/// # Errors
/// What the store reports.
pub fn change_of_edit(
    tx: &dyn ReadTx,
    document: DocumentId,
    edit: EditId,
) -> Result<Option<ChangeHash>, StoreError> {
    let bytes = tx.get(Table::EditIndex, &edit_key(document, edit))?;
    Ok(bytes.and_then(|bytes| ChangeHash::from_slice(&bytes)))
}

/// Stores changes that the gate admitted to one document and moves everything that follows: heads, cache, edit index, digests.
///
/// `after` is the document with the changes applied; its row still describes the state before them. `saved` are its bytes, where the caller has them.
/// Returns what is now stored.
///
/// # Errors
/// What the store reports.
pub fn append(
    tx: &mut dyn WriteTx,
    ledger: &mut Ledger,
    (mut after, saved): (Loaded, Option<Vec<u8>>),
    changes: &[StoredChange],
) -> Result<Loaded, StoreError> {
    let document = after.row.id();
    let before = after.row.item();
    for stored in changes {
        let position = after.row.changes;
        let envelope = &stored.sealed.envelope;
        store::put_row(tx, Table::Change, &position_key(document, position), stored)?;
        let hash = envelope.change;
        tx.put(
            Table::ChangeIndex,
            &hash_key(document, hash),
            &position.to_be_bytes(),
        )?;
        for edit in &envelope.edits {
            tx.put(
                Table::EditIndex,
                &edit_key(document, *edit),
                hash.as_bytes(),
            )?;
        }
        after.row.changes += 1;
        after.row.schema = after.row.schema.max(envelope.schema);
        correct_times(&mut after, stored);
    }
    after.row.heads = after.document.heads();
    let saved = saved.unwrap_or_else(|| after.document.save());
    tx.put(Table::Cache, document.as_bytes(), &saved)?;
    store::put_row(tx, Table::Document, document.as_bytes(), &after.row)?;
    move_items(
        tx,
        ledger,
        document,
        before.as_ref(),
        after.row.item().as_ref(),
    )?;
    Ok(after)
}

/// Stores a base in place of whatever was known of the document.
///
/// # Errors
/// What the store reports.
pub fn replace(
    tx: &mut dyn WriteTx,
    ledger: &mut Ledger,
    mut row: DocumentRow,
    bytes: Vec<u8>,
) -> Result<DocumentRow, StoreError> {
    let document = row.id();
    let before = self::row(tx.as_read(), document)?.and_then(|row| row.item());
    delete_history(tx, document)?;
    row.changes = 0;
    let base = Base {
        epoch: row.epoch,
        heads: row.heads.clone(),
        bytes,
    };
    store::put_row(tx, Table::Base, document.as_bytes(), &base)?;
    // The base says it all until a change comes; a cache would only double a first sync.
    tx.delete(Table::Cache, document.as_bytes())?;
    store::put_row(tx, Table::Document, document.as_bytes(), &row)?;
    move_items(tx, ledger, document, before.as_ref(), row.item().as_ref())?;
    Ok(row)
}

/// Removes every trace of a document but its edit index and feed rows.
///
/// # Errors
/// What the store reports.
pub fn forget(
    tx: &mut dyn WriteTx,
    ledger: &mut Ledger,
    document: DocumentId,
) -> Result<(), StoreError> {
    for scope in scopes(tx.as_read(), document)? {
        leave(tx, ledger, scope, document)?;
    }
    delete_history(tx, document)?;
    tx.delete(Table::Base, document.as_bytes())?;
    tx.delete(Table::Cache, document.as_bytes())?;
    tx.delete(Table::Document, document.as_bytes())
}

fn delete_history(tx: &mut dyn WriteTx, document: DocumentId) -> Result<(), StoreError> {
    for table in [Table::Change, Table::ChangeIndex] {
        let mut keys = Vec::new();
        store::scan_prefix(tx.as_read(), table, document.as_bytes(), &mut |key, _| {
            keys.push(key.to_vec());
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
        for key in keys {
            tx.delete(table, &key)?;
        }
    }
    Ok(())
}

/// V9: a clock that ran ahead can neither win a conflict nor extend a date, and one that is far behind does not hide what is new:
/// from here on the time of receipt counts.
fn correct_times(after: &mut Loaded, stored: &StoredChange) {
    let earliest = stored.received_at.plus_ms(-limits::CLAIMED_TIME_WINDOW_MS);
    let latest = stored.received_at.plus_ms(limits::CLOCK_TOLERANCE_MS);
    for edit in &stored.sealed.envelope.edits {
        let claims_another = after.entries.iter().any(|(key, entry)| {
            key.edit == *edit && !(earliest..=latest).contains(&entry.provenance.at)
        });
        if claims_another && !after.row.corrections.iter().any(|(known, _)| known == edit) {
            after.row.corrections.push((*edit, stored.received_at));
        }
    }
}
