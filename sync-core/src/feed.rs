//! Layer 0 of sync, kept in the write transaction: per scope a numbered, hash-chained feed and a set digest.
//!
//! # Invariants
//! - `chain_n = H(chain_{n-1} ‖ entry hash)`; two replicas with the same `(seq, chain)` saw the same feed.
//! - The digest covers accepted state alone: every document of the scope with its epoch and heads, every record version, every tombstone.
//! - Feed rows hold salted digests and references, never content, so they may outlive an erasure.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::crypto::sha256;
use crate::digest::SetDigest;
use crate::ids::{ChangeHash, CustomerId, DocumentId, Hash32, Timestamp};
use crate::notices::Notice;
use crate::scope::Scope;
use crate::store::{self, ReadTx, StoreError, Table, WriteTx};

/// What happened in a scope. The kinds are frozen since wire version 1, where they say nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum FeedKind {
    /// A change was accepted.
    #[n(0)]
    Change {
        /// The document.
        #[n(0)]
        document: DocumentId,
        /// Its change.
        #[n(1)]
        change: ChangeHash,
    },
    /// A document began a new epoch with a new base.
    #[n(1)]
    Base {
        /// The document.
        #[n(0)]
        document: DocumentId,
        /// The epoch that began.
        #[n(1)]
        epoch: u32,
    },
    /// Records of one customer came or changed.
    #[n(2)]
    Records {
        /// The customer.
        #[n(0)]
        customer: CustomerId,
        /// Storage keys of the records.
        #[n(1)]
        keys: Vec<minicbor::bytes::ByteVec>,
    },
    /// A document entered the scope.
    #[n(3)]
    Enter {
        /// The document.
        #[n(0)]
        document: DocumentId,
    },
    /// A document left the scope: forget it.
    #[n(4)]
    Leave {
        /// The document.
        #[n(0)]
        document: DocumentId,
    },
    /// A customer was erased.
    #[n(5)]
    Tombstone {
        /// The customer.
        #[n(0)]
        customer: CustomerId,
    },
    /// Notices came or changed. Since wire version 2.
    #[n(6)]
    Notices {
        /// Which, and in which versions.
        #[n(0)]
        notices: Vec<NoticeRef>,
    },
}

/// A version of a notice, as the feed names it. A later version has an entry of its own, so this entry tells nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct NoticeRef {
    /// The notice's storage key.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub key: Vec<u8>,
    /// Its version.
    #[n(1)]
    pub version: u64,
}

impl NoticeRef {
    /// How the feed names a notice.
    #[must_use]
    pub fn of(notice: &Notice) -> Self {
        Self {
            key: notice.key(),
            version: notice.version,
        }
    }
}

/// One entry as stored.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct FeedRow {
    /// What happened.
    #[n(0)]
    pub kind: FeedKind,
    /// The salted digest of it.
    #[n(1)]
    pub hash: Hash32,
    /// The chain up to and with this entry.
    #[n(2)]
    pub chain: Hash32,
}

/// Where a scope stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(array)]
pub struct ScopeState {
    /// Number of the last entry; 0 before the first.
    #[n(0)]
    pub seq: u64,
    /// The chain at `seq`.
    #[n(1)]
    pub chain: Chain,
    /// The digest of the set of items.
    #[n(2)]
    pub digest: SetDigest,
}

/// The value of a hash chain; all zero before the first entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Chain(#[n(0)] pub Hash32);

impl Default for Chain {
    fn default() -> Self {
        Self(Hash32([0; 32]))
    }
}

impl Chain {
    /// The chain with one more entry.
    #[must_use]
    pub fn then(self, entry: &Hash32) -> Self {
        Self(sha256("chain.v1", &[self.0.as_bytes(), entry.as_bytes()]))
    }
}

/// The digest of a change's entry: anyone who holds the envelope can compute it, nobody else can guess it.
#[must_use]
pub fn change_entry_hash(leaf: &Hash32, received_at: Timestamp) -> Hash32 {
    sha256(
        "feed.change.v1",
        &[leaf.as_bytes(), &received_at.0.to_be_bytes()],
    )
}

/// The digest of any other entry, over a fresh salt.
#[must_use]
pub fn other_entry_hash(kind: &FeedKind, salt: &[u8]) -> Hash32 {
    sha256("feed.other.v1", &[&store::encode_row(kind), salt])
}

/// The rolled-up state of a replica: one digest over all its scopes.
#[must_use]
pub fn rollup<'a>(states: impl IntoIterator<Item = (Scope, &'a ScopeState)>) -> Hash32 {
    let mut sorted: Vec<_> = states.into_iter().collect();
    sorted.sort_by_key(|(scope, _)| *scope);
    let mut bytes = Vec::new();
    for (scope, state) in sorted {
        bytes.extend_from_slice(&scope.key());
        bytes.extend_from_slice(&state.seq.to_be_bytes());
        bytes.extend_from_slice(state.chain.0.as_bytes());
        bytes.extend_from_slice(state.digest.hash().as_bytes());
    }
    sha256("rollup.v1", &[&bytes])
}

/// The state of `scope`; the beginning when nothing happened in it yet.
///
/// # Errors
/// What the store reports.
pub fn state(tx: &dyn ReadTx, scope: Scope) -> Result<ScopeState, StoreError> {
    Ok(store::get_row(tx, Table::ScopeState, &scope.key())?.unwrap_or_default())
}

/// The entry `seq` of `scope`.
///
/// # Errors
/// What the store reports.
pub fn row(tx: &dyn ReadTx, scope: Scope, seq: u64) -> Result<Option<FeedRow>, StoreError> {
    store::get_row(tx, Table::Feed, &feed_key(scope, seq))
}

/// The storage key of entry `seq` of `scope`.
#[must_use]
pub fn feed_key(scope: Scope, seq: u64) -> Vec<u8> {
    store::key(&[&scope.key(), &seq.to_be_bytes()])
}

/// Collects what happens to scopes within one transaction, so that each scope's state is read and written once.
#[derive(Debug, Default)]
pub struct Ledger(BTreeMap<Scope, ScopeState>);

impl Ledger {
    /// The state of `scope` with everything collected so far.
    ///
    /// # Errors
    /// What the store reports.
    pub fn state(&mut self, tx: &dyn ReadTx, scope: Scope) -> Result<&mut ScopeState, StoreError> {
        use std::collections::btree_map::Entry;
        Ok(match self.0.entry(scope) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(fresh) => fresh.insert(state(tx, scope)?),
        })
    }

    /// Appends an entry and returns its number.
    ///
    /// # Errors
    /// What the store reports.
    pub fn append(
        &mut self,
        tx: &mut dyn WriteTx,
        scope: Scope,
        kind: FeedKind,
        hash: Hash32,
    ) -> Result<u64, StoreError> {
        let state = self.state(tx.as_read(), scope)?;
        state.seq += 1;
        state.chain = state.chain.then(&hash);
        let (seq, chain) = (state.seq, state.chain.0);
        store::put_row(
            tx,
            Table::Feed,
            &feed_key(scope, seq),
            &FeedRow { kind, hash, chain },
        )?;
        Ok(seq)
    }

    /// Moves an item of `scope` from one version to another.
    ///
    /// # Errors
    /// What the store reports.
    pub fn replace_item(
        &mut self,
        tx: &dyn ReadTx,
        scope: Scope,
        old: Option<&Hash32>,
        new: Option<&Hash32>,
    ) -> Result<(), StoreError> {
        if old == new {
            return Ok(());
        }
        let digest = &mut self.state(tx, scope)?.digest;
        if let Some(old) = old {
            digest.remove(old);
        }
        if let Some(new) = new {
            digest.add(new);
        }
        Ok(())
    }

    /// Moves many items of `scope` at once.
    ///
    /// # Errors
    /// What the store reports.
    pub fn merge(
        &mut self,
        tx: &dyn ReadTx,
        scope: Scope,
        change: &SetDigest,
    ) -> Result<(), StoreError> {
        self.state(tx, scope)?.digest.merge(change);
        Ok(())
    }

    /// The scopes that were touched.
    pub fn scopes(&self) -> impl Iterator<Item = Scope> + '_ {
        self.0.keys().copied()
    }

    /// Writes the states; call once, before the transaction commits.
    ///
    /// # Errors
    /// What the store reports.
    pub fn write(&self, tx: &mut dyn WriteTx) -> Result<(), StoreError> {
        for (scope, state) in &self.0 {
            store::put_row(tx, Table::ScopeState, &scope.key(), state)?;
        }
        Ok(())
    }
}
