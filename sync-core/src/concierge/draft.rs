//! The draft: a note that the linter warned of, kept for its author alone until it is reworded.
//!
//! # Invariants
//! - It is on this handheld only: no frame carries one. Nobody but its author reads it.
//! - No word is thrown away: a draft goes when its author discards it, in the transaction in which it becomes a note, and with its customer,
//!   when they are erased.
//! - What may be kept nowhere, the number of a card or of a paper, is in no draft.
//!
//! # Keys
//! In [`Table::Gap`] of a handheld: `0xEB`, the author and the draft's number (8 bytes).

use std::ops::ControlFlow;

use minicbor::{Decode, Encode};

use super::linter::{Instead, Warning};
use crate::ids::{AssociateId, CustomerId, Timestamp};
use crate::store::{
    ReadTx, StoreError, Table, WriteTx, decode_row, get_row, key, put_row, scan_prefix,
};

/// Drafts of one associate on one handheld: more than anybody finds again.
pub const DRAFTS_MAX: usize = 200;
/// Begins the keys of drafts.
const DRAFT: &[u8] = &[0xEB];

/// A note that is no note yet. Encoded as a CBOR array; frozen since database schema 2.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Draft {
    /// Its number, drawn at random.
    #[n(0)]
    pub number: u64,
    /// Who wrote it.
    #[n(1)]
    pub by: AssociateId,
    /// About whom.
    #[n(2)]
    pub customer: CustomerId,
    /// Where it belongs once it is a note: the text of a [`Place`](crate::card::terms::Place).
    #[n(3)]
    pub place: String,
    /// Its words.
    #[n(4)]
    pub body: String,
    /// When they were kept.
    #[n(5)]
    pub kept_at: Timestamp,
}

/// What became of a draft that was reworded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reworded<T> {
    /// It is a note now, and no draft any more; what the linter still says of it, where its author insisted.
    Note(T, Vec<Warning>),
    /// It is a draft still, in the new words: what the linter says of them.
    Draft(Vec<Warning>),
}

/// Whether a text may be kept nowhere, not even as a draft.
#[must_use]
pub fn is_for_nowhere(warnings: &[Warning]) -> bool {
    let mut instead = warnings.iter().map(|warning| warning.instead);
    instead.any(|instead| instead.contains(&Instead::Nowhere))
}

fn key_of(by: AssociateId, number: u64) -> Vec<u8> {
    key(&[DRAFT, by.as_bytes(), &number.to_be_bytes()])
}

/// Keeps a draft, new or reworded.
///
/// # Errors
/// What the store reports.
pub fn put(tx: &mut dyn WriteTx, draft: &Draft) -> Result<(), StoreError> {
    put_row(tx, Table::Gap, &key_of(draft.by, draft.number), draft)
}

/// An associate's draft.
///
/// # Errors
/// What the store reports.
pub fn get(tx: &dyn ReadTx, by: AssociateId, number: u64) -> Result<Option<Draft>, StoreError> {
    get_row(tx, Table::Gap, &key_of(by, number))
}

/// The drafts of an associate, the latest first.
///
/// # Errors
/// What the store reports.
pub fn of(tx: &dyn ReadTx, by: AssociateId) -> Result<Vec<Draft>, StoreError> {
    let mut drafts = read(tx, &key(&[DRAFT, by.as_bytes()]))?;
    drafts.sort_by_key(|draft| (std::cmp::Reverse(draft.kept_at), draft.number));
    Ok(drafts)
}

/// How many drafts there are, of everybody.
///
/// # Errors
/// What the store reports.
pub fn count(tx: &dyn ReadTx) -> Result<u64, StoreError> {
    let mut count = 0;
    scan_prefix(tx, Table::Gap, DRAFT, &mut |_, _| {
        count += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(count)
}

/// Takes a draft away: its author discarded it, or it became a note.
///
/// # Errors
/// What the store reports.
pub fn remove(tx: &mut dyn WriteTx, by: AssociateId, number: u64) -> Result<(), StoreError> {
    tx.delete(Table::Gap, &key_of(by, number))
}

/// Takes away what anybody drafted about a customer who was erased.
///
/// # Errors
/// What the store reports.
pub fn erase(tx: &mut dyn WriteTx, customer: CustomerId) -> Result<(), StoreError> {
    for draft in read(tx.as_read(), DRAFT)? {
        if draft.customer == customer {
            remove(tx, draft.by, draft.number)?;
        }
    }
    Ok(())
}

fn read(tx: &dyn ReadTx, prefix: &[u8]) -> Result<Vec<Draft>, StoreError> {
    let mut drafts = Vec::new();
    scan_prefix(tx, Table::Gap, prefix, &mut |_, value| {
        drafts.push(decode_row(Table::Gap, value)?);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(drafts)
}
