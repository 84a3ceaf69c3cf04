//! The storage contract: named, ordered tables of bytes under transactions, and nothing else.
//!
//! Everything that has a meaning (feeds, outbox, search index, identity) is written once, above this trait, in the typed
//! rooms of the core; a store only has to be ordered, atomic and durable. That keeps stores small enough to be proven by
//! one suite ([`conformance`]) and keeps memory, SQLite and whatever comes later from differing in a rule.
//!
//! # Contract
//! 1. Keys are ordered as byte strings; a scan yields them in that order (or exactly reversed).
//! 2. A write transaction sees its own writes; nobody else sees any of them before `commit` returned.
//! 3. After `commit` returned `Ok`, the writes survive a crash of the process and a loss of power (stores that say so).
//! 4. A transaction that is dropped without `commit` leaves no trace.
//! 5. `rollback_to` undoes everything since its mark, and nothing before it.
//! 6. A read transaction is a snapshot: it never sees a commit that came after it began.
//! 7. Writing the same value twice is the same as writing it once; deleting what is not there is no error.

pub mod conformance;
pub mod memory;

use std::ops::ControlFlow;

/// The tables. Names and numbers are frozen since database schema 1; a new table is added at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Single values: schema version, feed id, identity of this replica, counters.
    Meta,
    /// Per document: customer, facet, epoch, accepted heads.
    Document,
    /// Per document: the signed base its present epoch begins with.
    Base,
    /// `(document, position)`: raw accepted changes with their envelopes, in the order they were accepted.
    Change,
    /// `(document, change hash)` to position; and what is known of its attestation.
    ChangeIndex,
    /// `(document, edit id)`: edits that were accepted, kept across epochs so that a replay meets its first run.
    EditIndex,
    /// Per document: the saved Automerge state of all accepted changes. Derived.
    Cache,
    /// `(scope, document)`: which documents a scope holds.
    ScopeDocument,
    /// `(document, scope)`: the other direction.
    DocumentScope,
    /// `(scope, seq)`: the feed.
    Feed,
    /// Per scope: last seq, chain and set digest.
    ScopeState,
    /// `(queue number)`: pending edits with intent, change and state.
    Outbox,
    /// `(document, queue number)`: which outbox entries touch a document.
    OutboxIndex,
    /// `(customer, kind, key)`: latest version of each authority-owned record.
    Record,
    /// Per customer: the row that lists and search results show. Derived.
    Row,
    /// `(term, customer)`: the search index. Derived.
    Term,
    /// What was set aside, with its reason.
    Quarantine,
    /// Customers that were erased. Never expires.
    Tombstone,
    /// Who looked at whom, append-only.
    AccessLog,
    /// Shops (hub).
    Shop,
    /// Associates with roles and credentials (hub); the roster (handheld).
    Associate,
    /// Enrolled handhelds (hub).
    Device,
    /// Enrolment codes (hub).
    Enrolment,
    /// Sign-ins and their refresh families (hub and handheld).
    Session,
    /// Integrations and their keys (hub).
    Integration,
    /// `(source, source id)` to what it was imported as (hub).
    ImportIndex,
    /// Work in progress that must survive a restart: first-sync position, scan cursors.
    Progress,
    /// `(subject, kind, key)`: latest version of each notice.
    Notice,
    /// What the gap to the 1 % is counted from: obligations, what each customer got, the weeks (hub). Derived, except the weeks.
    Gap,
    /// What was asked for and waits, rights that were given, seats and messages that left (hub).
    Desk,
}

impl Table {
    /// All tables, in their frozen order.
    pub const ALL: [Self; 30] = [
        Self::Meta,
        Self::Document,
        Self::Base,
        Self::Change,
        Self::ChangeIndex,
        Self::EditIndex,
        Self::Cache,
        Self::ScopeDocument,
        Self::DocumentScope,
        Self::Feed,
        Self::ScopeState,
        Self::Outbox,
        Self::OutboxIndex,
        Self::Record,
        Self::Row,
        Self::Term,
        Self::Quarantine,
        Self::Tombstone,
        Self::AccessLog,
        Self::Shop,
        Self::Associate,
        Self::Device,
        Self::Enrolment,
        Self::Session,
        Self::Integration,
        Self::ImportIndex,
        Self::Progress,
        Self::Notice,
        Self::Gap,
        Self::Desk,
    ];

    /// The table's name on disk.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Document => "document",
            Self::Base => "base",
            Self::Change => "change",
            Self::ChangeIndex => "change_index",
            Self::EditIndex => "edit_index",
            Self::Cache => "cache",
            Self::ScopeDocument => "scope_document",
            Self::DocumentScope => "document_scope",
            Self::Feed => "feed",
            Self::ScopeState => "scope_state",
            Self::Outbox => "outbox",
            Self::OutboxIndex => "outbox_index",
            Self::Record => "record",
            Self::Row => "read_row",
            Self::Term => "term",
            Self::Quarantine => "quarantine",
            Self::Tombstone => "tombstone",
            Self::AccessLog => "access_log",
            Self::Shop => "shop",
            Self::Associate => "associate",
            Self::Device => "device",
            Self::Enrolment => "enrolment",
            Self::Session => "session",
            Self::Integration => "integration",
            Self::ImportIndex => "import_index",
            Self::Progress => "progress",
            Self::Notice => "notice",
            Self::Gap => "gap",
            Self::Desk => "desk",
        }
    }

    /// Tables that hold nothing but what can be computed from the others.
    pub const DERIVED: [Self; 3] = [Self::Cache, Self::Row, Self::Term];

    /// Whether rows are short and dense (keys carry the meaning), so that a store may keep them inside the index itself.
    #[must_use]
    pub fn is_index(self) -> bool {
        matches!(
            self,
            Self::ChangeIndex
                | Self::EditIndex
                | Self::ScopeDocument
                | Self::DocumentScope
                | Self::Feed
                | Self::OutboxIndex
                | Self::Term
                | Self::Tombstone
                | Self::ImportIndex
        )
    }
}

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk or quota is full. Nothing of the transaction was kept; reads go on.
    #[error("the disk is full while {operation}: free some space and try again")]
    Full {
        /// What was being done.
        operation: &'static str,
    },
    /// Another connection holds the database for longer than the store waits.
    #[error("the database is busy while {operation}")]
    Busy {
        /// What was being done.
        operation: &'static str,
    },
    /// The key does not open this database, or the file is no database of ours.
    #[error("the key does not open this database, or the file is not a Carnet database")]
    WrongKey,
    /// A newer version of Carnet wrote this database.
    #[error("the database has schema {found}, this version knows up to {known}: update Carnet")]
    NewerSchema {
        /// Schema of the file.
        found: u32,
        /// Newest schema this build knows.
        known: u32,
    },
    /// A stored row does not decode: a bug or damage on disk.
    #[error("a row of table {table} is damaged: {detail}; run `carnet admin verify`")]
    Corrupt {
        /// Table of the row.
        table: &'static str,
        /// What is wrong with it, without personal data.
        detail: String,
    },
    /// Anything else that the disk or the library reported.
    #[error("storage failed while {operation}")]
    Other {
        /// What was being done.
        operation: &'static str,
        /// The library's own error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// Whether the same call may succeed later without anybody's help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Full { .. } | Self::Busy { .. } => true,
            Self::WrongKey
            | Self::NewerSchema { .. }
            | Self::Corrupt { .. }
            | Self::Other { .. } => false,
        }
    }
}

/// Which way a scan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the lowest key up.
    Ascending,
    /// From the highest key down.
    Descending,
}

/// What a scan calls for each row: key and value, both borrowed for the call alone.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StoreError> + 'a;

/// A snapshot to read from.
pub trait ReadTx {
    /// The value at `key`.
    ///
    /// # Errors
    /// [`StoreError`] when storage fails.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Visits the rows with `from <= key < to` (no upper bound when `to` is `None`) until the visitor breaks.
    /// The visitor must not write to the table it scans.
    ///
    /// # Errors
    /// [`StoreError`] when storage fails, or what the visitor returns.
    fn scan(
        &self,
        table: Table,
        range: KeyRange<'_>,
        direction: Direction,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError>;
}

/// A transaction that writes.
pub trait WriteTx: ReadTx {
    /// Sets the value at `key`.
    ///
    /// # Errors
    /// [`StoreError`] when storage fails; the transaction must then be dropped or rolled back to a mark.
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError>;

    /// Removes `key`.
    ///
    /// # Errors
    /// [`StoreError`] when storage fails.
    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), StoreError>;

    /// Sets a mark to roll back to. Marks nest; a later mark ends when an earlier one is rolled back to or released.
    ///
    /// # Errors
    /// [`StoreError`] when storage fails.
    fn mark(&mut self) -> Result<Mark, StoreError>;

    /// Undoes what was written since `mark`, which ends.
    ///
    /// # Errors
    /// [`StoreError`] when storage fails; the transaction must then be dropped.
    fn rollback_to(&mut self, mark: Mark) -> Result<(), StoreError>;

    /// Keeps what was written since `mark`, which ends.
    ///
    /// # Errors
    /// [`StoreError`] when storage fails.
    fn release(&mut self, mark: Mark) -> Result<(), StoreError>;

    /// Makes everything durable and visible.
    ///
    /// # Errors
    /// [`StoreError`] when it did not become durable; then nothing of it is visible.
    fn commit(self: Box<Self>) -> Result<(), StoreError>;

    /// This transaction as something to read from.
    fn as_read(&self) -> &dyn ReadTx;
}

/// A place in a transaction to roll back to. Numbers are not used again within a transaction; to use a mark that has ended is a bug of
/// the caller, and the store panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(pub u32);

/// `from <= key < to`.
#[derive(Debug, Clone, Copy)]
pub struct KeyRange<'a> {
    /// First key that belongs.
    pub from: &'a [u8],
    /// First key that no longer belongs; `None` for no bound.
    pub to: Option<&'a [u8]>,
}

/// A store: one writer at a time, any number of readers.
pub trait Store: Send + Sync {
    /// A snapshot of what is committed now.
    ///
    /// # Errors
    /// [`StoreError`] when storage fails.
    fn read(&self) -> Result<Box<dyn ReadTx + '_>, StoreError>;

    /// The one write transaction; waits for another to end.
    ///
    /// # Errors
    /// [`StoreError`] when storage fails.
    fn write(&self) -> Result<Box<dyn WriteTx + '_>, StoreError>;
}

/// The first key after all keys that begin with `prefix`; `None` when there is none (only `0xff` bytes).
#[must_use]
pub fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

/// Visits every row whose key begins with `prefix`.
///
/// # Errors
/// As [`ReadTx::scan`].
pub fn scan_prefix(
    tx: &dyn ReadTx,
    table: Table,
    prefix: &[u8],
    visit: &mut Visit<'_>,
) -> Result<(), StoreError> {
    let end = prefix_end(prefix);
    let range = KeyRange {
        from: prefix,
        to: end.as_deref(),
    };
    tx.scan(table, range, Direction::Ascending, visit)
}

/// Reads and decodes a CBOR row.
///
/// # Errors
/// [`StoreError::Corrupt`] when it does not decode, or what the store reports.
pub fn get_row<T: for<'b> minicbor::Decode<'b, ()>>(
    tx: &dyn ReadTx,
    table: Table,
    key: &[u8],
) -> Result<Option<T>, StoreError> {
    tx.get(table, key)?
        .map(|bytes| decode_row(table, &bytes))
        .transpose()
}

/// Decodes a CBOR row.
///
/// # Errors
/// [`StoreError::Corrupt`] when it does not decode.
pub fn decode_row<T: for<'b> minicbor::Decode<'b, ()>>(
    table: Table,
    bytes: &[u8],
) -> Result<T, StoreError> {
    minicbor::decode(bytes).map_err(|error| StoreError::Corrupt {
        table: table.name(),
        detail: error.to_string(),
    })
}

/// Encodes and writes a CBOR row.
///
/// # Errors
/// What the store reports.
pub fn put_row<T: minicbor::Encode<()>>(
    tx: &mut dyn WriteTx,
    table: Table,
    key: &[u8],
    row: &T,
) -> Result<(), StoreError> {
    tx.put(table, key, &encode_row(row))
}

/// Encodes a row as CBOR.
#[must_use]
pub fn encode_row<T: minicbor::Encode<()>>(row: &T) -> Vec<u8> {
    minicbor::to_vec(row).expect("writing to memory does not fail")
}

/// A key made of parts written one behind the other; all but the last must have a fixed length.
#[must_use]
pub fn key(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}
