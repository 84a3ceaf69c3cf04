//! Records: what tills and other authorities say of a customer. The hub writes them, handhelds read them.
//!
//! # Invariants
//! - A record is named by customer, kind and the source's own id; of several versions the latest is kept, so any order and any repetition
//!   of the same versions ends alike.
//! - Amounts are whole minor units of a known currency.

pub mod money;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use minicbor::{Decode, Encode};

use crate::crypto::sha256;
use crate::ids::{CustomerId, Hash32, ShopId, Timestamp};
use crate::limits;
use crate::store::{
    ReadTx, StoreError, Table, WriteTx, decode_row, encode_row, get_row, key, scan_prefix,
};

pub use money::{AmountError, Currency, UnknownCurrency, format_amount, parse_amount};

/// What a record tells of. Numbers are part of keys; frozen since schema 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum RecordKind {
    /// Something was bought.
    #[n(1)]
    Purchase,
    /// Something was brought back.
    #[n(2)]
    Return,
}

impl RecordKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Purchase, Self::Return];

    fn byte(self) -> u8 {
        match self {
            Self::Purchase => 1,
            Self::Return => 2,
        }
    }
}

/// When something was sold: tills know the second, old files the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum SoldAt {
    /// A day since 1970, in the shop's own calendar.
    #[n(0)]
    Day(#[n(0)] i32),
    /// A moment.
    #[n(1)]
    Moment(#[n(0)] Timestamp),
}

impl SoldAt {
    /// The day since 1970: the shop's for a day, UTC's for a moment.
    #[must_use]
    pub fn days(self) -> i64 {
        match self {
            Self::Day(day) => i64::from(day),
            Self::Moment(at) => at.days(),
        }
    }

    /// A moment to order by: midnight UTC for a day.
    #[must_use]
    pub fn moment(self) -> Timestamp {
        match self {
            Self::Day(day) => Timestamp(i64::from(day) * Timestamp::DAY_MS),
            Self::Moment(at) => at,
        }
    }
}

/// One line of a sale.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SaleLine {
    /// The article's number.
    #[n(0)]
    pub sku: Option<String>,
    /// The article's name.
    #[n(1)]
    pub label: Option<String>,
    /// How many.
    #[n(2)]
    pub quantity: u32,
    /// What they cost together.
    #[n(3)]
    pub amount_minor: i64,
}

/// A purchase or a return. A return's amounts are positive too: what was given back.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Sale {
    /// Where, when that is known.
    #[n(0)]
    pub shop: Option<ShopId>,
    /// When.
    #[n(1)]
    pub at: SoldAt,
    /// What.
    #[n(2)]
    pub lines: Vec<SaleLine>,
    /// The total.
    #[n(3)]
    pub amount_minor: i64,
    /// In which currency.
    #[n(4)]
    pub currency: Currency,
}

/// A record as it is stored and sent. Encoded as a CBOR array; frozen since schema 1.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Record {
    /// What it tells of.
    #[n(0)]
    pub kind: RecordKind,
    /// Of whom.
    #[n(1)]
    pub customer: CustomerId,
    /// Which system says so.
    #[n(2)]
    pub source: String,
    /// That system's own id of it.
    #[n(3)]
    pub source_id: String,
    /// Higher replaces lower. The hub counts from 1.
    #[n(4)]
    pub version: u64,
    /// When the source said so.
    #[n(5)]
    pub as_of: Timestamp,
    /// What it says.
    #[n(6)]
    pub sale: Sale,
}

/// A record before the hub has given it a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordDraft {
    /// What it tells of.
    pub kind: RecordKind,
    /// Which system says so.
    pub source: String,
    /// That system's own id of it.
    pub source_id: String,
    /// When the source said so.
    pub as_of: Timestamp,
    /// What it says.
    pub sale: Sale,
}

/// What became of a record that was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOutcome {
    /// This version or a later one was there.
    Unchanged,
    /// It is new.
    Inserted,
    /// It replaced an earlier version, whose hash leaves the set digest.
    Replaced {
        /// [`Record::item_hash`] of the earlier version.
        before: Hash32,
    },
}

/// Why a record can't be stored.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// More bytes than a record may have.
    #[error("the record has {found} bytes, more than {max}: leave out lines or labels")]
    TooLarge {
        /// Bytes it has.
        found: usize,
        /// Bytes it may have.
        max: usize,
    },
    /// Source or id are empty, too long or hold a zero byte.
    #[error("the source and its id must have 1 to 128 bytes each, without control characters")]
    BadKey,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Bytes of a source's name or id.
pub const SOURCE_BYTES_MAX: usize = 128;

impl Record {
    /// The record's key in [`Table::Record`].
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        record_key(self.customer, self.kind, &self.source, &self.source_id)
    }

    /// What this version adds to the set digest of a scope.
    #[must_use]
    pub fn item_hash(&self) -> Hash32 {
        sha256("record.v1", &[&encode_row(self)])
    }

    /// Checks what a record from elsewhere must satisfy before it is stored.
    ///
    /// # Errors
    /// [`RecordError::BadKey`] or [`RecordError::TooLarge`].
    pub fn check(&self) -> Result<(), RecordError> {
        let is_good = |text: &str| {
            (1..=SOURCE_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
        };
        if !is_good(&self.source) || !is_good(&self.source_id) {
            return Err(RecordError::BadKey);
        }
        let found = encode_row(self).len();
        if found > limits::RECORD_BYTES_MAX {
            return Err(RecordError::TooLarge {
                found,
                max: limits::RECORD_BYTES_MAX,
            });
        }
        Ok(())
    }
}

fn record_key(customer: CustomerId, kind: RecordKind, source: &str, source_id: &str) -> Vec<u8> {
    key(&[
        customer.as_bytes(),
        &[kind.byte()],
        source.as_bytes(),
        &[0],
        source_id.as_bytes(),
    ])
}

/// Stores a record unless this version or a later one is there.
///
/// # Errors
/// [`RecordError`] when the record is not well formed or storage fails.
pub fn put_record(tx: &mut dyn WriteTx, record: &Record) -> Result<PutOutcome, RecordError> {
    record.check()?;
    let key = record.key();
    let before: Option<Record> = get_row(tx.as_read(), Table::Record, &key)?;
    let outcome = match before {
        Some(before) if before.version >= record.version => return Ok(PutOutcome::Unchanged),
        Some(before) => PutOutcome::Replaced {
            before: before.item_hash(),
        },
        None => PutOutcome::Inserted,
    };
    tx.put(Table::Record, &key, &encode_row(record))?;
    Ok(outcome)
}

/// The hub's side of a draft: the record with its next version, or `None` when the latest version says the same.
///
/// # Errors
/// [`StoreError`] when storage fails or the stored record does not decode.
pub fn next_version(
    tx: &dyn ReadTx,
    customer: CustomerId,
    draft: &RecordDraft,
) -> Result<Option<Record>, StoreError> {
    let key = record_key(customer, draft.kind, &draft.source, &draft.source_id);
    let before: Option<Record> = get_row(tx, Table::Record, &key)?;
    let version = match before {
        Some(before) if before.sale == draft.sale => return Ok(None),
        Some(before) => before.version + 1,
        None => 1,
    };
    Ok(Some(Record {
        kind: draft.kind,
        customer,
        source: draft.source.clone(),
        source_id: draft.source_id.clone(),
        version,
        as_of: draft.as_of,
        sale: draft.sale.clone(),
    }))
}

/// Visits the records of a customer in the order of their keys: purchases, then returns, each by source and id.
///
/// # Errors
/// [`StoreError`] when storage fails or a record does not decode.
pub fn for_each(
    tx: &dyn ReadTx,
    customer: CustomerId,
    visit: &mut dyn FnMut(Record),
) -> Result<(), StoreError> {
    scan_prefix(tx, Table::Record, customer.as_bytes(), &mut |_, value| {
        visit(decode_row(Table::Record, value)?);
        Ok(ControlFlow::Continue(()))
    })
}

/// The purchases of a customer, newest first; of one moment, by source and id.
///
/// # Errors
/// As [`for_each`].
pub fn purchases(tx: &dyn ReadTx, customer: CustomerId) -> Result<Vec<Record>, StoreError> {
    let mut found = Vec::new();
    for_each(tx, customer, &mut |record| {
        if record.kind == RecordKind::Purchase {
            found.push(record);
        }
    })?;
    found.sort_by_key(|record| std::cmp::Reverse(record.sale.at.moment()));
    Ok(found)
}

/// Sums over a customer's records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Purchases.
    pub count: u64,
    /// What was paid, by currency.
    pub amount_minor: BTreeMap<Currency, i64>,
    /// Returns.
    pub returns: u64,
    /// What was given back, by currency.
    pub returned_minor: BTreeMap<Currency, i64>,
    /// The first purchase.
    pub first: Option<SoldAt>,
    /// The last purchase.
    pub last: Option<SoldAt>,
}

impl Totals {
    /// Counts one record in.
    pub fn add(&mut self, record: &Record) {
        let Sale {
            at,
            amount_minor,
            currency,
            ..
        } = record.sale;
        let (count, sums) = match record.kind {
            RecordKind::Purchase => (&mut self.count, &mut self.amount_minor),
            RecordKind::Return => (&mut self.returns, &mut self.returned_minor),
        };
        *count += 1;
        let sum = sums.entry(currency).or_default();
        *sum = sum.saturating_add(amount_minor);
        if record.kind == RecordKind::Purchase {
            let earlier = |one: SoldAt| one.moment() <= at.moment();
            self.first = self.first.filter(|first| earlier(*first)).or(Some(at));
            let later = |one: SoldAt| one.moment() >= at.moment();
            self.last = self.last.filter(|last| later(*last)).or(Some(at));
        }
    }
}

/// Sums over a customer's records.
///
/// # Errors
/// As [`for_each`].
pub fn totals(tx: &dyn ReadTx, customer: CustomerId) -> Result<Totals, StoreError> {
    let mut totals = Totals::default();
    for_each(tx, customer, &mut |record| totals.add(&record))?;
    Ok(totals)
}

/// Removes every record of a customer and returns what they had added to set digests.
///
/// # Errors
/// [`StoreError`] when storage fails or a record does not decode.
pub fn remove_all(tx: &mut dyn WriteTx, customer: CustomerId) -> Result<Vec<Hash32>, StoreError> {
    let mut found = Vec::new();
    for_each(tx.as_read(), customer, &mut |record| {
        found.push((record.key(), record.item_hash()));
    })?;
    for (key, _) in &found {
        tx.delete(Table::Record, key)?;
    }
    Ok(found.into_iter().map(|(_, hash)| hash).collect())
}
