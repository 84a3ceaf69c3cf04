//! What was set aside: changes that did not pass the gate, kept with the reason so that a person can look.
//!
//! One bad change is set aside alone; its neighbours go on. A table of bounded size: the oldest go first.

use minicbor::{Decode, Encode};

use crate::envelope::Sealed;
use crate::ids::Timestamp;
use crate::store::{self, Direction, KeyRange, ReadTx, StoreError, Table, WriteTx};

/// How many changes are kept aside.
pub const QUARANTINE_ENTRIES_MAX: u64 = 1_000;

/// A change that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Quarantined {
    /// The change as it came.
    #[n(0)]
    pub sealed: Sealed,
    /// The gate's stable code for why.
    #[n(1)]
    pub code: String,
    /// When.
    #[n(2)]
    pub at: Timestamp,
}

const ALL: KeyRange<'static> = KeyRange {
    from: &[],
    to: None,
};

/// Sets a change aside.
///
/// # Errors
/// What the store reports.
pub fn set_aside(
    tx: &mut dyn WriteTx,
    sealed: &Sealed,
    code: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let next: u64 = store::get_row(tx.as_read(), Table::Meta, b"quarantine.next")?.unwrap_or(0);
    store::put_row(tx, Table::Meta, b"quarantine.next", &(next + 1))?;
    let row = Quarantined {
        sealed: sealed.clone(),
        code: code.to_owned(),
        at,
    };
    store::put_row(tx, Table::Quarantine, &next.to_be_bytes(), &row)?;
    if let Some(oldest) = next.checked_sub(QUARANTINE_ENTRIES_MAX) {
        tx.delete(Table::Quarantine, &oldest.to_be_bytes())?;
    }
    Ok(())
}

/// All that is set aside, newest first.
///
/// # Errors
/// What the store reports.
pub fn all(tx: &dyn ReadTx) -> Result<Vec<Quarantined>, StoreError> {
    let mut rows = Vec::new();
    tx.scan(
        Table::Quarantine,
        ALL,
        Direction::Descending,
        &mut |_, bytes| {
            rows.push(store::decode_row(Table::Quarantine, bytes)?);
            Ok(std::ops::ControlFlow::Continue(()))
        },
    )?;
    Ok(rows)
}
