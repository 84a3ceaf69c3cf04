//! What frames carry: feed entries, documents, pages and verdicts. Frozen as wire version 2.

use minicbor::{Decode, Encode};

use super::Phase;
use crate::card::Facet;
use crate::envelope::Sealed;
use crate::ids::{ChangeHash, CustomerId, DocumentId, EditId, Hash32, Timestamp};
use crate::notices::Notice;
use crate::projection::Row;
use crate::records::Record;
use crate::scope::Scope;

/// One feed entry with what it refers to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Item {
    /// An accepted change. Its entry hash follows from envelope and time.
    #[n(0)]
    Change {
        /// Envelope and bytes.
        #[n(0)]
        sealed: Sealed,
        /// When the hub received it.
        #[n(1)]
        received_at: Timestamp,
    },
    /// An accepted change of this very handheld, which has it already.
    #[n(1)]
    Own {
        /// The document.
        #[n(0)]
        document: DocumentId,
        /// The change.
        #[n(1)]
        change: ChangeHash,
        /// When the hub received it.
        #[n(2)]
        received_at: Timestamp,
        /// The entry hash, for a handheld that lost it.
        #[n(3)]
        hash: Hash32,
    },
    /// A document as it is now: it entered the scope, or began an epoch.
    #[n(2)]
    Document {
        /// The document.
        #[n(0)]
        snapshot: Snapshot,
        /// The entry hash.
        #[n(1)]
        hash: Hash32,
    },
    /// Records as they are now.
    #[n(3)]
    Records {
        /// The records.
        #[n(0)]
        records: Vec<Record>,
        /// The entry hash.
        #[n(1)]
        hash: Hash32,
    },
    /// The document left the scope.
    #[n(4)]
    Leave {
        /// The document.
        #[n(0)]
        document: DocumentId,
        /// The entry hash.
        #[n(1)]
        hash: Hash32,
    },
    /// The customer was erased.
    #[n(5)]
    Tombstone {
        /// The customer.
        #[n(0)]
        customer: CustomerId,
        /// The entry hash.
        #[n(1)]
        hash: Hash32,
    },
    /// What this entry referred to is no longer there; a later entry says why.
    #[n(6)]
    Gone {
        /// The entry hash.
        #[n(0)]
        hash: Hash32,
    },
    /// Notices as they are now. Since version 2.
    #[n(7)]
    Notices {
        /// The notices, those left out of which a later entry tells.
        #[n(0)]
        notices: Vec<Notice>,
        /// The entry hash.
        #[n(1)]
        hash: Hash32,
    },
}

/// A document as the hub accepted it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Snapshot {
    /// Whose.
    #[n(0)]
    pub customer: CustomerId,
    /// Which part.
    #[n(1)]
    pub facet: Facet,
    /// Its epoch.
    #[n(2)]
    pub epoch: u32,
    /// Its heads.
    #[n(3)]
    pub heads: Vec<ChangeHash>,
    /// Highest schema version inside.
    #[n(4)]
    pub schema: u16,
    /// Corrected times.
    #[n(5)]
    pub corrections: Vec<(EditId, Timestamp)>,
    /// The saved document.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// A page of a first sync or repair. What it brings is covered by the signed digest at the end of the scope: heads name content.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Page {
    /// The scope.
    #[n(0)]
    pub scope: Scope,
    /// What the page is part of.
    #[n(1)]
    pub phase: Phase,
    /// The storage key of its last item.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub cursor: Vec<u8>,
    /// Whether it was the last page of its phase.
    #[n(3)]
    pub last: bool,
    /// Read rows.
    #[n(4)]
    pub rows: Vec<Row>,
    /// Documents.
    #[n(5)]
    pub documents: Vec<Snapshot>,
    /// Records.
    #[n(6)]
    pub records: Vec<Record>,
    /// Documents that the handheld holds and the scope does not (repair).
    #[n(7)]
    pub gone: Vec<DocumentId>,
    /// Notices, in the phases that bring any. Since version 2.
    #[n(8)]
    pub notices: Option<NoticePage>,
}

/// The notices of a page. They are whole: the scope has these between the two places and no other, whatever the handheld holds there.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct NoticePage {
    /// The page begins behind this cursor; empty at the beginning. Its own cursor is where it ends, unless it is the last.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub after: Vec<u8>,
    /// The notices.
    #[n(1)]
    pub notices: Vec<Notice>,
}

/// What became of one change.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Verdict {
    /// The change.
    #[n(0)]
    pub change: ChangeHash,
    /// What became of it.
    #[n(1)]
    pub ruling: Ruling,
}

/// What the hub ruled.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Ruling {
    /// Folded and durable, as number `stored` of all that the hub accepted.
    #[n(0)]
    Accepted {
        /// The acceptance number; compare with `backup_seq`.
        #[n(0)]
        stored: u64,
    },
    /// Its edits were accepted before, in this change.
    #[n(1)]
    Duplicate {
        /// The change that holds them.
        #[n(0)]
        of: ChangeHash,
    },
    /// Refused for good; the edit stays readable by its author.
    #[n(2)]
    Refused {
        /// A stable code: the gate's rule, or why permission was denied.
        #[n(0)]
        code: String,
    },
    /// It builds on something the hub does not hold: replay the intent on accepted state.
    #[n(3)]
    Unmet,
    /// The customer was erased; nothing was stored.
    #[n(4)]
    Erased,
    /// The document began a new epoch: replay the intent there.
    #[n(5)]
    NewEpoch {
        /// The epoch to replay on.
        #[n(0)]
        epoch: u32,
    },
    /// Not now (disk full, hub older than the change's schema): keep it and try again.
    #[n(6)]
    Later {
        /// A stable code.
        #[n(0)]
        code: String,
    },
}
