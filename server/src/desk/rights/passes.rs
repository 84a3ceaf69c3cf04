//! The last time that an associate's customers were looked at for rights: while it holds nobody is looked at again.
//!
//! # Invariants
//! - It ends in the transaction that learns of something that could change what the associate may have: a customer of theirs who changed,
//!   one who came or went, a slot of theirs that was spent.

use minicbor::{Decode, Encode};
use sync_core::concierge::guard::Settings;
use sync_core::concierge::rights::{Holder, Slot};
use sync_core::crypto::sha256;
use sync_core::ids::{AssociateId, Timestamp};
use sync_core::store::{self, ReadTx, StoreError, Table, WriteTx, encode_row, get_row, put_row};

use super::SignedIn;

const PASS: &[u8] = b"b";

/// For whom it was looked, by which bounds, and until when that holds.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Pass {
    #[n(0)]
    holder: Holder,
    #[n(1)]
    today: Slot,
    #[cbor(n(2), with = "minicbor::bytes")]
    settings: [u8; 32],
    #[n(3)]
    until: Timestamp,
}

impl Pass {
    pub(super) fn new(to: SignedIn, settings: &Settings, today: Slot) -> Self {
        Self {
            holder: to.holder,
            today,
            settings: sha256("rights.settings.v1", &[&encode_row(settings)]).0,
            until: today.until,
        }
    }

    /// Something of it ends then.
    pub(super) fn ends_by(&mut self, at: Timestamp) {
        self.until = self.until.min(at);
    }

    /// Whether a look of now would find the same.
    pub(super) fn holds(&self, now: &Self, at: Timestamp) -> bool {
        let is_same =
            (self.holder, self.today, self.settings) == (now.holder, now.today, now.settings);
        is_same && at < self.until
    }
}

fn key(associate: AssociateId) -> Vec<u8> {
    store::key(&[PASS, associate.as_bytes()])
}

pub(super) fn get(tx: &dyn ReadTx, associate: AssociateId) -> Result<Option<Pass>, StoreError> {
    get_row(tx, Table::Desk, &key(associate))
}

/// Keeps a look, or ends the one that is kept.
pub(super) fn put(
    tx: &mut dyn WriteTx,
    associate: AssociateId,
    pass: Option<&Pass>,
) -> Result<(), StoreError> {
    match pass {
        Some(pass) => put_row(tx, Table::Desk, &key(associate), pass),
        None => tx.delete(Table::Desk, &key(associate)),
    }
}

/// Ends the look that is kept for an associate.
pub(in crate::desk) fn end(tx: &mut dyn WriteTx, associate: AssociateId) -> Result<(), StoreError> {
    put(tx, associate, None)
}
