//! The access log: who looked at whom, offline too.
//!
//! A handheld keeps what it logged until the hub has stored it; the hub appends and never changes it.

use minicbor::{Decode, Encode};

use crate::crypto::sha256;
use crate::ids::{AssociateId, CustomerId, DeviceId, Timestamp};
use crate::store::{self, Direction, KeyRange, ReadTx, StoreError, Table, WriteTx};

/// What somebody did with a customer's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, serde::Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum AccessKind {
    /// Opened the card.
    #[n(0)]
    Opened,
    /// Saw the cause behind a sensitive fact.
    #[n(1)]
    SawRestricted,
    /// Took the data out (export).
    #[n(2)]
    Exported,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, serde::Serialize)]
#[cbor(array)]
pub struct AccessEntry {
    /// Who looked.
    #[n(0)]
    pub associate: AssociateId,
    /// At whom.
    #[n(1)]
    pub customer: CustomerId,
    /// What they did.
    #[n(2)]
    pub kind: AccessKind,
    /// When, by the device's clock.
    #[n(3)]
    pub at: Timestamp,
}

/// A line as the hub keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, serde::Serialize)]
#[cbor(array)]
pub struct StoredAccess {
    /// The device it happened on; all zero for the hub itself.
    #[n(0)]
    pub device: DeviceId,
    /// What happened.
    #[n(1)]
    pub entry: AccessEntry,
    /// When the hub stored it.
    #[n(2)]
    pub received_at: Timestamp,
}

const EVERYTHING: KeyRange<'static> = KeyRange {
    from: &[],
    to: None,
};

fn next_number(tx: &dyn ReadTx) -> Result<u64, StoreError> {
    // Uploaded entries are deleted, so the counter is kept apart: numbers must never be used twice.
    Ok(store::get_row(tx, Table::Meta, b"access.next")?.unwrap_or(0))
}

/// Appends a line on a handheld and returns its number.
///
/// # Errors
/// What the store reports.
pub fn log(tx: &mut dyn WriteTx, entry: &AccessEntry) -> Result<u64, StoreError> {
    let number = next_number(tx.as_read())?;
    store::put_row(tx, Table::AccessLog, &number.to_be_bytes(), entry)?;
    store::put_row(tx, Table::Meta, b"access.next", &(number + 1))?;
    Ok(number)
}

/// The device that the hub's own lines name: there is none.
pub const HUB: DeviceId = DeviceId([0; DeviceId::LEN]);

/// Appends a line for a read through the hub itself: at the back office, or by an integration.
///
/// # Errors
/// What the store reports.
pub fn log_on_hub(tx: &mut dyn WriteTx, entry: &AccessEntry) -> Result<(), StoreError> {
    let number = next_number(tx.as_read())?;
    store(tx, HUB, number, std::slice::from_ref(entry), entry.at)?;
    store::put_row(tx, Table::Meta, b"access.next", &(number + 1))
}

/// Lines of a handheld that the hub has not stored yet: the number of the first, and up to `max` of them.
///
/// # Errors
/// What the store reports.
pub fn unsent(tx: &dyn ReadTx, max: usize) -> Result<(u64, Vec<AccessEntry>), StoreError> {
    let mut first = None;
    let mut entries = Vec::new();
    tx.scan(
        Table::AccessLog,
        EVERYTHING,
        Direction::Ascending,
        &mut |key, bytes| {
            let number = key.try_into().map(u64::from_be_bytes).unwrap_or_default();
            first.get_or_insert(number);
            entries.push(store::decode_row(Table::AccessLog, bytes)?);
            Ok(if entries.len() < max {
                std::ops::ControlFlow::Continue(())
            } else {
                std::ops::ControlFlow::Break(())
            })
        },
    )?;
    Ok((first.unwrap_or_default(), entries))
}

/// Deletes a handheld's lines below `next`, which the hub has stored.
///
/// # Errors
/// What the store reports.
pub fn forget_sent(tx: &mut dyn WriteTx, next: u64) -> Result<(), StoreError> {
    let to = next.to_be_bytes();
    let mut keys = Vec::new();
    let range = KeyRange {
        from: &[],
        to: Some(&to),
    };
    tx.scan(
        Table::AccessLog,
        range,
        Direction::Ascending,
        &mut |key, _| {
            keys.push(key.to_vec());
            Ok(std::ops::ControlFlow::Continue(()))
        },
    )?;
    for key in keys {
        tx.delete(Table::AccessLog, &key)?;
    }
    Ok(())
}

/// Stores lines on the hub, once each: a line is known by its device, its number and what it says.
///
/// The number alone is not enough: a cloned handheld, or one that went back to an older disk, uses numbers again for other lines.
///
/// # Errors
/// What the store reports.
pub fn store(
    tx: &mut dyn WriteTx,
    device: DeviceId,
    first: u64,
    entries: &[AccessEntry],
    received_at: Timestamp,
) -> Result<u64, StoreError> {
    let mut number = first;
    for entry in entries {
        let said = sha256("access.v1", &[&store::encode_row(entry)]);
        let key = store::key(&[device.as_bytes(), &number.to_be_bytes(), said.as_bytes()]);
        if tx.get(Table::AccessLog, &key)?.is_none() {
            let line = StoredAccess {
                device,
                entry: entry.clone(),
                received_at,
            };
            store::put_row(tx, Table::AccessLog, &key, &line)?;
        }
        // A handheld says the first number, so it can be any; lines that share the last one are told apart by what they say.
        number = number.saturating_add(1);
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store as _;
    use crate::store::memory::MemoryStore;

    #[test]
    fn numbers_at_their_end_lose_no_line() {
        let store = MemoryStore::default();
        let mut tx = store.write().unwrap();
        let entry = |at| AccessEntry {
            associate: AssociateId([1; AssociateId::LEN]),
            customer: CustomerId([2; CustomerId::LEN]),
            kind: AccessKind::Opened,
            at: Timestamp(at),
        };
        let entries = [entry(1), entry(2), entry(3)];
        let device = DeviceId([3; DeviceId::LEN]);
        let next = super::store(&mut *tx, device, u64::MAX - 1, &entries, Timestamp(9)).unwrap();
        assert_eq!(next, u64::MAX);
        let mut stored = 0;
        store::scan_prefix(tx.as_read(), Table::AccessLog, &[], &mut |_, _| {
            stored += 1;
            Ok(std::ops::ControlFlow::Continue(()))
        })
        .unwrap();
        assert_eq!(stored, entries.len());
    }
}
