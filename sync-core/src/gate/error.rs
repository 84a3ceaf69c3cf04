//! Why the gate turned a change away: one variant for each rule, with facts and never content.
//!
//! The texts of [`GateError::code`] are frozen since wire version 1: verdicts and metrics carry them.

use crate::ids::ChangeHash;

/// Why a change, or a base, was turned away. The number in front is the rule of `design/gate.md`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// V1: more bytes than a change or base may have.
    #[error("{bytes} bytes are more than the {bytes_max} allowed")]
    Size {
        /// Bytes received.
        bytes: usize,
        /// Bytes allowed.
        bytes_max: usize,
    },
    /// V2: not one whole uncompressed change in its canonical form.
    #[error("not a plain change: {0}")]
    Form(FormFault),
    /// V3: more operations than a change may have, counted before anything was expanded.
    #[error("{ops} operations are more than the {ops_max} allowed")]
    Ops {
        /// Operations that the column with most of them claims.
        ops: u64,
        /// Operations allowed.
        ops_max: u64,
    },
    /// V4: the checksum is not that of the bytes.
    #[error("the checksum does not match the bytes")]
    Checksum,
    /// V5: the change is not the one its envelope vouches for.
    #[error("the change is not the envelope's: {0}")]
    Binding(BindingFault),
    /// V6: the change does not follow its actor's last one.
    #[error(
        "sequence number {found} where {expected} follows, own previous change seen: {saw_own}"
    )]
    Sequence {
        /// The number that follows the actor's last.
        expected: u64,
        /// The number claimed.
        found: u64,
        /// Whether the actor's last change is among the ancestors.
        saw_own: bool,
    },
    /// V7: it builds on a change that is not here. Nothing is wrong with it: send that one first, or again.
    #[error("it builds on {dependency}, which is not here")]
    Unmet {
        /// The first dependency that is missing.
        dependency: ChangeHash,
    },
    /// V7: the list of dependencies is too long, unsorted or repeats itself.
    #[error("{count} dependencies: too many, unsorted or repeated")]
    Dependencies {
        /// How many there are.
        count: u64,
    },
    /// V8: the first operation's counter is not the one that follows from the dependencies.
    #[error("first operation {found} where {expected} follows")]
    Counter {
        /// The counter that follows from the dependencies.
        expected: u64,
        /// The counter claimed.
        found: u64,
    },
    /// V8: the counters reach where later local writes could not go on.
    #[error("operation {max_op} leaves no room for later ones")]
    CounterRoom {
        /// Counter of the last operation.
        max_op: u64,
    },
    /// V9: a time that no clock of ours can show. Merely wrong clocks are never refused.
    #[error("{seconds} seconds is no time")]
    Time {
        /// The claimed seconds since 1970.
        seconds: i64,
    },
    /// V10: a message or author field, which nothing of ours writes.
    #[error("{bytes} bytes of message or author")]
    Decoration {
        /// Bytes found.
        bytes: u64,
    },
    /// V11: an operation that a card can't have.
    #[error("operation {op}: {fault}")]
    Shape {
        /// Number of the operation in the change.
        op: usize,
        /// What is wrong with it.
        fault: ShapeFault,
    },
    /// V11: with this change the document would hold more than a document may.
    #[error("the document would hold {count} {what}")]
    Full {
        /// What there would be too much of.
        what: Holding,
        /// How much there would be.
        count: u64,
    },
    /// V12: its author may not write there.
    #[error("write {write}: not permitted: {reason}")]
    Permission {
        /// Number of the write in the change.
        write: usize,
        /// The authority's reason.
        reason: String,
    },
    /// V13: on a copy, the result was not what the operations say.
    #[error("applied to a copy it does not hold: {0}")]
    Proof(ProofFault),
}

/// What about the bytes is not that of a plain change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormFault {
    /// They end too early, or a length reaches beyond their end.
    #[error("the bytes end early")]
    Truncated,
    /// They do not begin as a chunk does.
    #[error("not a chunk")]
    Magic,
    /// A document, compressed, bundle or unknown chunk.
    #[error("a chunk of kind {0}")]
    Kind(u8),
    /// Bytes follow the end.
    #[error("bytes follow the end")]
    Trailing,
    /// A number, run or list that is not in the one form it can have.
    #[error("not in canonical form")]
    NotCanonical,
    /// An actor id that is not of 16 bytes, or listed without need.
    #[error("the list of actors is wrong")]
    Actors,
    /// The columns describe different numbers of operations.
    #[error("column {column} has {found} rows where {expected} belong")]
    Rows {
        /// Number of the column as encoded.
        column: u32,
        /// Rows it has.
        found: u64,
        /// Rows it should have.
        expected: u64,
    },
    /// A base whose document does not load, or has other heads than were signed.
    #[error("the document is not the one named")]
    Document,
}

/// What does not agree between an envelope and its change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BindingFault {
    /// The envelope names another document.
    #[error("another document")]
    Document,
    /// The envelope names another epoch.
    #[error("another epoch")]
    Epoch,
    /// The envelope names another change.
    #[error("another change")]
    Change,
    /// The actor is not the one that device and nonce give.
    #[error("another actor")]
    Actor,
    /// The actor is all zeros, which stands for nobody.
    #[error("nobody's actor")]
    Nobody,
}

/// What about an operation is not of the flat shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShapeFault {
    /// The change has no operation, or ends with deletes that no put follows.
    #[error("writes nothing")]
    Nothing,
    /// A column that a flat change does not have: nested objects, lists, marks.
    #[error("column {0} does not belong to a flat map")]
    Column(u32),
    /// Neither put nor delete.
    #[error("action {0}")]
    Action(u64),
    /// A value that is not bytes, or an insertion into a list.
    #[error("a value of type {0}")]
    ValueType(u64),
    /// A put that overwrites, or a delete of other than one operation.
    #[error("{0} predecessors")]
    Predecessors(u64),
    /// Not the text of a key.
    #[error("not a key")]
    Key,
    /// The key was written before: a key is written once.
    #[error("the key was written before")]
    NotFresh,
    /// The bytes are not an entry in its canonical form.
    #[error("not an entry")]
    Entry,
    /// The key's edit is not one of the envelope's.
    #[error("an edit that the envelope does not list")]
    ForeignEdit,
    /// The envelope lists an edit of which nothing is written here.
    #[error("an edit that writes nothing")]
    IdleEdit,
    /// The entry names another associate or device than the envelope.
    #[error("another author than the envelope's")]
    ForeignAuthor,
    /// An entry that is not of a log lists what it has seen.
    #[error("only logs list what they have seen")]
    Seen,
    /// A delete that the put of the same field does not follow at once.
    #[error("a delete apart from a write to its field")]
    StrayDelete,
    /// A delete in a log.
    #[error("entries of a log stay")]
    LogDelete,
    /// A delete of a key that the change's ancestry does not hold, or not under that operation.
    #[error("a delete of what its author can't have seen")]
    UnseenDelete,
    /// The schema has no such field, or not with such a value.
    #[error("against the schema: {0}")]
    Schema(String),
}

/// What a document would hold too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    /// Notes.
    Notes,
    /// Bytes, as [`super::Causality::weight`] counts them.
    Bytes,
}

impl std::fmt::Display for Holding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Notes => "notes",
            Self::Bytes => "bytes",
        })
    }
}

/// How the result on a copy differs from what the operations say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    /// It did not apply.
    #[error("it does not apply")]
    Apply,
    /// Something gave up in the middle.
    #[error("the library gave up")]
    Panic,
    /// The saved document is larger than a document may be.
    #[error("too large once saved")]
    Size,
    /// What was saved does not load.
    #[error("once saved it does not load")]
    Load,
    /// The heads are not those of the changes.
    #[error("the heads differ")]
    Heads,
    /// The entries are not the old ones without the deleted and with the put ones.
    #[error("the entries differ")]
    Entries,
}

impl GateError {
    /// The number of the rule that it breaks.
    #[must_use]
    pub fn rule(&self) -> u8 {
        match self {
            Self::Size { .. } => 1,
            Self::Form(_) => 2,
            Self::Ops { .. } => 3,
            Self::Checksum => 4,
            Self::Binding(_) => 5,
            Self::Sequence { .. } => 6,
            Self::Unmet { .. } | Self::Dependencies { .. } => 7,
            Self::Counter { .. } | Self::CounterRoom { .. } => 8,
            Self::Time { .. } => 9,
            Self::Decoration { .. } => 10,
            Self::Shape { .. } | Self::Full { .. } => 11,
            Self::Permission { .. } => 12,
            Self::Proof(_) => 13,
        }
    }

    /// A short stable name for verdicts and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Size { .. } => "v01_size",
            Self::Form(_) => "v02_form",
            Self::Ops { .. } => "v03_ops",
            Self::Checksum => "v04_checksum",
            Self::Binding(_) => "v05_binding",
            Self::Sequence { .. } => "v06_sequence",
            Self::Unmet { .. } => "v07_unmet",
            Self::Dependencies { .. } => "v07_dependencies",
            Self::Counter { .. } => "v08_counter",
            Self::CounterRoom { .. } => "v08_counter_room",
            Self::Time { .. } => "v09_time",
            Self::Decoration { .. } => "v10_decoration",
            Self::Shape { fault, .. } => fault.code(),
            Self::Full { .. } => "v11_full",
            Self::Permission { .. } => "v12_permission",
            Self::Proof(_) => "v13_proof",
        }
    }

    /// Whether the same bytes may pass later: something they build on has to come first.
    #[must_use]
    pub fn is_recoverable(&self) -> bool {
        matches!(self, Self::Unmet { .. })
    }
}

impl ShapeFault {
    fn code(&self) -> &'static str {
        match self {
            Self::Nothing => "v11_nothing",
            Self::Column(_) => "v11_column",
            Self::Action(_) => "v11_action",
            Self::ValueType(_) => "v11_value_type",
            Self::Predecessors(_) => "v11_predecessors",
            Self::Key => "v11_key",
            Self::NotFresh => "v11_not_fresh",
            Self::Entry => "v11_entry",
            Self::ForeignEdit => "v11_foreign_edit",
            Self::IdleEdit => "v11_idle_edit",
            Self::ForeignAuthor => "v11_foreign_author",
            Self::Seen => "v11_seen",
            Self::StrayDelete => "v11_stray_delete",
            Self::LogDelete => "v11_log_delete",
            Self::UnseenDelete => "v11_unseen_delete",
            Self::Schema(_) => "v11_schema",
        }
    }
}
