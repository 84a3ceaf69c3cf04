//! Cards that share an address, read from the index: what the back office is told of likely duplicates.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sync_core::duplicates::Fingerprint;
use sync_core::ids::CustomerId;
use sync_core::store::{self, Direction, KeyRange, ReadTx, StoreError, Table};

use super::card_key;

/// Cards that share an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The fingerprint of the address.
    pub print: Fingerprint,
    /// Who has it, ascending; nobody is named where more do than was asked for.
    pub customers: Option<Vec<CustomerId>>,
}

/// Cards that share addresses, as far as they were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sharing {
    /// In the order of the index.
    pub groups: Vec<Group>,
    /// Where to go on; nothing at the end.
    pub next: Option<Fingerprint>,
}

/// Cards that share an address, from after a fingerprint on. Reads `entries_max` entries and what is left of the last address;
/// of an address that more than `sharing_max` cards have, no card is named.
///
/// # Errors
/// What the store reports.
pub fn sharing(
    tx: &dyn ReadTx,
    after: Option<Fingerprint>,
    (entries_max, sharing_max): (usize, usize),
) -> Result<Sharing, StoreError> {
    let first = after.map_or(Some(0), |after| after.bits().checked_add(1));
    let first = first.map(|bits| [b"e", &bits.to_be_bytes()[..]].concat());
    let from = first.unwrap_or_else(|| b"f".to_vec());
    let range = KeyRange {
        from: &from,
        to: Some(b"f"),
    };
    let mut sharing = Sharing::default();
    let (mut read, mut count) = (0, 0);
    let mut group: Option<(Fingerprint, Vec<CustomerId>)> = None;
    let mut close = |group: Option<(Fingerprint, Vec<CustomerId>)>, count: usize| {
        if let Some((print, customers)) = group.filter(|_| count > 1) {
            let customers = (count <= sharing_max).then_some(customers);
            sharing.groups.push(Group { print, customers });
        }
    };
    let mut next = None;
    tx.scan(
        Table::ImportIndex,
        range,
        Direction::Ascending,
        &mut |key, _| {
            let bits = key.get(1..).and_then(<[u8]>::first_chunk);
            let print = bits.and_then(|bits| Fingerprint::from_bits(u32::from_be_bytes(*bits)));
            let customer = key.get(5..).and_then(CustomerId::from_slice);
            let (Some(print), Some(customer)) = (print, customer) else {
                return Ok(ControlFlow::Continue(()));
            };
            read += 1;
            match &mut group {
                Some((known, customers)) if *known == print => {
                    count += 1;
                    if count <= sharing_max {
                        customers.push(customer);
                    }
                }
                Some((known, _)) if read > entries_max => {
                    next = Some(*known);
                    return Ok(ControlFlow::Break(()));
                }
                Some(_) | None => {
                    close(group.replace((print, vec![customer])), count);
                    count = 1;
                }
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    close(group, count);
    sharing.next = next;
    Ok(sharing)
}

/// The first of the addresses that two cards share.
///
/// # Errors
/// What the store reports.
pub fn first_shared(
    tx: &dyn ReadTx,
    one: CustomerId,
    other: CustomerId,
) -> Result<Option<Fingerprint>, StoreError> {
    let of = |card| -> Result<BTreeSet<Fingerprint>, StoreError> {
        let prints = store::get_row(tx, Table::ImportIndex, &card_key(card))?;
        Ok(prints.unwrap_or_default())
    };
    Ok(of(one)?.intersection(&of(other)?).next().copied())
}
