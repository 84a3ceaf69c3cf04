//! The last time that an associate's customers were looked at for rights: while it holds nobody is looked at again.
//!
//! A look at many customers takes several passes: each tries some of those who hold no slot, and the next goes on where it stopped. Whom no
//! slot can be given now is tried once in a look.
//!
//! # Invariants
//! - What ends a look does not send the next one back to the first customer: whatever changes meanwhile, everybody's turn comes.
//! - It ends in the transaction that learns of something that could change what the associate may have: a customer of theirs who changed,
//!   one who came or went, a slot of theirs that was spent.

use minicbor::{Decode, Encode};
use sync_core::concierge::guard::Settings;
use sync_core::concierge::rights::{Holder, Slot};
use sync_core::crypto::sha256;
use sync_core::ids::{AssociateId, CustomerId, Timestamp};
use sync_core::store::{self, ReadTx, StoreError, Table, WriteTx, encode_row, get_row, put_row};

use super::SignedIn;

const PASS: &[u8] = b"b";
/// Customers who are tried for a new slot in one transaction.
const NEW_SLOTS_MAX: usize = 50;

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
    /// How far a look came that is not over.
    #[n(4)]
    tried: Option<Tried>,
}

/// How far a look came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Tried {
    /// The last who was tried.
    #[n(0)]
    last: CustomerId,
    /// How many of this look got no slot.
    #[n(1)]
    without: u64,
}

impl Pass {
    pub(super) fn new(to: SignedIn, settings: &Settings, today: Slot) -> Self {
        Self {
            holder: to.holder,
            today,
            settings: sha256("rights.settings.v1", &[&encode_row(settings)]).0,
            until: today.until,
            tried: None,
        }
    }

    /// Goes on where a look stopped: whom of those who hold no slot to try in this pass. They come in rounds, ascending.
    pub(super) fn next(
        &mut self,
        before: Option<&Self>,
        waiting: &[CustomerId],
    ) -> Vec<CustomerId> {
        self.tried = before.and_then(|before| {
            let tried = before.tried?;
            let goes_on = self.is_as(before) && before.until > Timestamp::default();
            let without = if goes_on { tried.without } else { 0 };
            Some(Tried { without, ..tried })
        });
        let last = self.tried.map(|tried| tried.last);
        let begin = waiting.partition_point(|customer| Some(*customer) <= last);
        let (early, late) = waiting.split_at(begin);
        let round = late.iter().chain(early).copied();
        round.take(NEW_SLOTS_MAX).collect()
    }

    /// Notes whom of `waiting` this pass tried and how many of them got no slot. The look is over when everybody was tried.
    pub(super) fn note(&mut self, waiting: usize, tried: &[CustomerId], without: usize) {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let before = self.tried.map_or(0, |tried| tried.without);
        let is_over = count(waiting) <= before.saturating_add(count(tried.len()));
        self.tried = tried.last().filter(|_| !is_over).map(|last| Tried {
            last: *last,
            without: before.saturating_add(count(without)),
        });
    }

    /// Whether everybody was tried.
    pub(super) fn is_over(&self) -> bool {
        self.tried.is_none()
    }

    fn is_as(&self, other: &Self) -> bool {
        (self.holder, self.today, self.settings) == (other.holder, other.today, other.settings)
    }

    /// Something of it ends then.
    pub(super) fn ends_by(&mut self, at: Timestamp) {
        self.until = self.until.min(at);
    }

    /// Whether a look of now would find the same.
    pub(super) fn holds(&self, now: &Self, at: Timestamp) -> bool {
        self.is_over() && self.is_as(now) && at < self.until
    }
}

fn key(associate: AssociateId) -> Vec<u8> {
    store::key(&[PASS, associate.as_bytes()])
}

pub(super) fn get(tx: &dyn ReadTx, associate: AssociateId) -> Result<Option<Pass>, StoreError> {
    get_row(tx, Table::Desk, &key(associate))
}

/// Keeps a look.
pub(super) fn put(
    tx: &mut dyn WriteTx,
    associate: AssociateId,
    pass: &Pass,
) -> Result<(), StoreError> {
    put_row(tx, Table::Desk, &key(associate), pass)
}

/// Ends the look that is kept for an associate. Where it stopped stays known.
pub(in crate::desk) fn end(tx: &mut dyn WriteTx, associate: AssociateId) -> Result<(), StoreError> {
    match get(tx.as_read(), associate)? {
        Some(pass) if pass.tried.is_some() => {
            let until = Timestamp::default();
            put(tx, associate, &Pass { until, ..pass })
        }
        _ => tx.delete(Table::Desk, &key(associate)),
    }
}
