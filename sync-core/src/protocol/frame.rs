//! Frames: what a handheld and a hub say to one another, as CBOR, and how a frame is packed for the wire.
//!
//! A frame is one WebSocket message (or one element of a batch); [`pack`] says how it travels.
//! `sync-core/design/carnet.cddl` describes the same for those who implement it elsewhere. Frozen as wire version 2, whose frames have the bytes of
//! version 1 wherever they say nothing that version 1 did not know.

pub mod content;
pub mod pack;

use minicbor::{Decode, Encode};

use crate::access::AccessEntry;
use crate::crypto::Signature;
use crate::envelope::Sealed;
use crate::feed::Chain;
use crate::ids::{ChangeHash, DocumentId, FeedId, Hash32, Timestamp};
use crate::scope::Scope;

pub use content::{Item, NoticePage, Page, Ruling, Snapshot, Verdict};
pub use pack::FrameError;

/// The wire version this build speaks.
pub const WIRE_VERSION: u16 = 2;

/// Everything that is said.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Frame {
    /// Handheld: here I am, this is where I stand.
    #[n(0)]
    Hello(#[n(0)] Hello),
    /// Handheld: what was recorded here, signed.
    #[n(1)]
    Push(#[n(0)] Push),
    /// Handheld: durable up to here; send more.
    #[n(2)]
    Ack(#[n(0)] Ack),
    /// Handheld: the heads of my documents of a scope, because our digests differ.
    #[n(3)]
    Heads(#[n(0)] Heads),
    /// Handheld: send me these documents whole; I lost something of them.
    #[n(5)]
    Fetch(#[n(0)] Fetch),
    /// Handheld: who looked at whom here, and how many came whom nobody knows.
    #[n(4)]
    Reads(#[n(0)] Reads),
    /// Hub: welcome, this is what you may replicate.
    #[n(16)]
    Welcome(#[n(0)] Welcome),
    /// Hub: what happened in a scope.
    #[n(17)]
    Entries(#[n(0)] Entries),
    /// Hub: a page of a scope's first sync, or of its repair.
    #[n(18)]
    Page(#[n(0)] Page),
    /// Hub: count a scope's feed from here; pages follow.
    #[n(22)]
    Restart(#[n(0)] Restart),
    /// Hub: that was all; compare.
    #[n(19)]
    CaughtUp(#[n(0)] CaughtUp),
    /// Hub: what became of what you pushed.
    #[n(20)]
    Verdicts(#[n(0)] Verdicts),
    /// Hub: reads stored.
    #[n(21)]
    ReadsStored(#[n(0)] ReadsStored),
    /// Either: the session ends here, for this reason.
    #[n(31)]
    Stop(#[n(0)] Stop),
}

/// The first frame of a session.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Hello {
    /// Lowest and highest wire version spoken.
    #[n(0)]
    pub versions: (u16, u16),
    /// The hub life whose feeds the positions below count in; `None` at the first meeting.
    #[n(1)]
    pub feed: Option<FeedId>,
    /// [`crate::feed::rollup`] of everything below.
    #[n(2)]
    pub rollup: Hash32,
    /// Where each scope stands.
    #[n(3)]
    pub scopes: Vec<Position>,
    /// Edits waiting to be pushed.
    #[n(4)]
    pub pending: u32,
}

/// Where a handheld stands in a scope.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Position {
    /// The scope.
    #[n(0)]
    pub scope: Scope,
    /// Its last entry.
    #[n(1)]
    pub seq: u64,
    /// The first 8 bytes of the chain there: enough to notice that two feeds are not one; the rollup is compared whole.
    #[n(2)]
    pub chain: minicbor::bytes::ByteArray<8>,
    /// An unfinished first sync, to go on from.
    #[n(3)]
    pub resume: Option<Resume>,
}

/// How far a first sync came.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Resume {
    /// What was being sent.
    #[n(0)]
    pub phase: Phase,
    /// The last storage key that arrived.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub cursor: Vec<u8>,
}

/// The parts of a first sync, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Phase {
    /// What the house says: its people, its goods, its standard. Since version 2.
    #[n(3)]
    Notices,
    /// Read rows: the book can be searched.
    #[n(0)]
    Rows,
    /// Documents: the book can be opened and edited.
    #[n(1)]
    Documents,
    /// Records, and notices about customers.
    #[n(2)]
    Records,
}

/// Changes signed together.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Push {
    /// The changes with their envelopes, in the order they were made.
    #[n(0)]
    pub entries: Vec<Sealed>,
    /// The device's signature over the Merkle root of the envelopes.
    #[n(1)]
    pub signature: Signature,
}

/// What arrived is durable.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Ack {
    /// The scope.
    #[n(0)]
    pub scope: Scope,
    /// Its last durable entry; unchanged when a page is acknowledged.
    #[n(1)]
    pub seq: u64,
    /// The chain there.
    #[n(2)]
    pub chain: Chain,
}

/// The first bytes of a chain, as a position carries them.
#[must_use]
pub fn short_chain(chain: Chain) -> minicbor::bytes::ByteArray<8> {
    let [a, b, c, d, e, f, g, h, ..] = chain.0.0;
    [a, b, c, d, e, f, g, h].into()
}

/// A page of the full exchange of heads.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Heads {
    /// The scope.
    #[n(0)]
    pub scope: Scope,
    /// The page begins after this document; `None` for the first page.
    #[n(1)]
    pub after: Option<DocumentId>,
    /// Documents in ascending order with their epoch and heads; the page ends with the last of them.
    #[n(2)]
    pub documents: Vec<DocumentHeads>,
    /// Whether this is the last page, which has no end.
    #[n(3)]
    pub last: bool,
}

/// A request for whole documents.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Fetch {
    /// The scope they are in.
    #[n(0)]
    pub scope: Scope,
    /// The documents.
    #[n(1)]
    pub documents: Vec<DocumentId>,
}

/// The heads of one document.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DocumentHeads {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// Its epoch.
    #[n(1)]
    pub epoch: u32,
    /// Its accepted heads.
    #[n(2)]
    pub heads: Vec<ChangeHash>,
}

/// A page of the access log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Reads {
    /// Number of the first entry on this handheld.
    #[n(0)]
    pub first: u64,
    /// The entries.
    #[n(1)]
    pub entries: Vec<AccessEntry>,
    /// How many guests came here on a day and stayed unknown, where the hub may not know that yet. A hub that knows no such thing skips it.
    #[n(2)]
    pub walk_ins: Option<Vec<WalkIns>>,
}

/// How many guests came to a handheld on a day and stayed unknown: all of that day, so that it says the same when it is said again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct WalkIns {
    /// The day since 1970 on the shop's calendar.
    #[n(0)]
    pub day: i64,
    /// How many.
    #[n(1)]
    pub count: u64,
}

/// The hub's answer to a hello.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Welcome {
    /// The version spoken from here on.
    #[n(0)]
    pub version: u16,
    /// The life of the hub's feeds.
    #[n(1)]
    pub feed: FeedId,
    /// The hub's clock.
    #[n(2)]
    pub now: Timestamp,
    /// Everything accepted up to this number is in a verified backup.
    #[n(3)]
    pub backup_seq: u64,
    /// `None`: we agree on everything, nothing follows. Otherwise the scopes this handheld may replicate, and where they stand.
    #[n(4)]
    pub scopes: Option<Vec<ScopeStand>>,
    /// Only pushing is allowed: nobody is signed in. What the handheld holds it keeps, and nothing is compared.
    #[n(5)]
    pub push_only: bool,
}

/// Where the hub stands in a scope, and what it holds at the handheld's position.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ScopeStand {
    /// The scope.
    #[n(0)]
    pub scope: Scope,
    /// The hub's last entry.
    #[n(1)]
    pub seq: u64,
    /// What follows.
    #[n(2)]
    pub course: Course,
}

/// How a scope is brought together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Course {
    /// Entries after the handheld's position.
    #[n(0)]
    Follow,
    /// Pages of a first sync, from the beginning or from where it was cut.
    #[n(1)]
    FirstSync,
    /// We differ at the handheld's position: send the heads of all documents.
    #[n(2)]
    Compare,
}

/// From here on the feed of a scope is counted from this position; what came before arrives as pages.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Restart {
    /// The scope.
    #[n(0)]
    pub scope: Scope,
    /// The feed entry at which the pages begin.
    #[n(1)]
    pub seq: u64,
    /// The chain there.
    #[n(2)]
    pub chain: Chain,
    /// Whether the pages are a first sync; otherwise a repair.
    #[n(3)]
    pub first_sync: bool,
}

/// A run of feed entries.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Entries {
    /// The scope.
    #[n(0)]
    pub scope: Scope,
    /// Number of the first.
    #[n(1)]
    pub first: u64,
    /// The entries.
    #[n(2)]
    pub items: Vec<Item>,
}

/// The end of what the hub had to say about a scope.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct CaughtUp {
    /// The scope.
    #[n(0)]
    pub scope: Scope,
    /// Its last entry.
    #[n(1)]
    pub seq: u64,
    /// The chain there.
    #[n(2)]
    pub chain: Chain,
    /// The digest of the set of items there.
    #[n(3)]
    pub digest: Hash32,
    /// The hub's signature over scope, seq, chain and digest.
    #[n(4)]
    pub signature: Signature,
}

impl CaughtUp {
    /// What the hub signs.
    #[must_use]
    pub fn message(scope: Scope, seq: u64, chain: Chain, digest: &Hash32) -> Hash32 {
        crate::crypto::sha256(
            "caught-up.v1",
            &[
                &scope.key(),
                &seq.to_be_bytes(),
                chain.0.as_bytes(),
                digest.as_bytes(),
            ],
        )
    }
}

/// What became of pushed changes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Verdicts {
    /// One for each change of the push, in its order.
    #[n(0)]
    pub verdicts: Vec<Verdict>,
    /// Everything accepted up to this number is in a verified backup.
    #[n(1)]
    pub backup_seq: u64,
}

/// Reads are stored.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ReadsStored {
    /// The first entry that is not stored yet.
    #[n(0)]
    pub next: u64,
    /// The walk-ins that were stored, as they were told; none from a hub that does not know them.
    #[n(1)]
    pub walk_ins: Option<Vec<WalkIns>>,
}

/// Why a session ends.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Stop {
    /// A stable code, named after what the handheld should do.
    #[n(0)]
    pub code: StopCode,
    /// More for a log; no personal data.
    #[n(1)]
    pub detail: String,
}

/// What the other side should do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum StopCode {
    /// Update the app (or the hub): no common wire version.
    #[n(0)]
    Update,
    /// Sign in again.
    #[n(1)]
    SignIn,
    /// This device was revoked.
    #[n(2)]
    Revoked,
    /// A frame broke the protocol.
    #[n(3)]
    Protocol,
    /// Come back later.
    #[n(4)]
    Busy,
    /// The hub goes down.
    #[n(5)]
    Closing,
}
