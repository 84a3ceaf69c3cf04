//! What the gap is counted from, as rows of [`Table::Gap`].
//!
//! # Keys
//! | first byte | rest | value |
//! |---|---|---|
//! | `a` | | the tally over all active customers |
//! | `c` | customer | what they add: a `Contribution`; of linked cards under the oldest |
//! | `e` | | how far counting is: [`super::keeper::Era`] |
//! | `h` | ISO year and week | the report of that week, JSON; kept for good |
//! | `i` | card, card | that the second says something of the first |
//! | `k` | shop, article | since when a shop has an article that somebody wishes for; kept |
//! | `l` | card | the cards that it says something of |
//! | `m` | card | the customer whose row this card is counted in, where that is another |
//! | `n` | moment, customer | customers by when their row changes by itself |
//! | `r` | rank, customer | active customers, the best first |
//! | `s` | | settings, JSON; kept |
//! | `t` | day | all walk-ins of that day; kept, with `v` ([`crate::walk_ins::counted`]) |
//! | `u` | customer | their promises whose time is over |
//! | `v` | day, handheld | the walk-ins that a handheld told of, and in which shop |
//! | `w` | customer | the articles they wish for, each with the shop that wrote it down |
//!
//! `a`, `c`, `e`, `i`, `l`, `m`, `n`, `r`, `u` and `w` are derived and made again when the playbook or the settings change.

use std::ops::ControlFlow;

use minicbor::{Decode, Encode};
use sync_core::concierge::gap::tally::TallyRow;
use sync_core::concierge::gap::{Best, Contribution, Settings, Tally};
use sync_core::concierge::playbook::Playbook;
use sync_core::ids::{CustomerId, EditId, ShopId, Timestamp};
use sync_core::store::{
    Direction, KeyRange, ReadTx, StoreError, Table, WriteTx, get_row, key, prefix_end, put_row,
    scan_prefix,
};

const TALLY: &[u8] = b"a";
const ROW: &[u8] = b"c";
const INCOMING: &[u8] = b"i";
const LINKS: &[u8] = b"l";
const MEMBER: &[u8] = b"m";
const NEXT: &[u8] = b"n";
const RANK: &[u8] = b"r";
const UNKEPT: &[u8] = b"u";
const WISHES: &[u8] = b"w";
const IN_STOCK: &[u8] = b"k";

/// Prefixes of what is made again.
const DERIVED: [&[u8]; 9] = [
    ROW, INCOMING, LINKS, MEMBER, NEXT, RANK, UNKEPT, WISHES, TALLY,
];

/// A promise whose time is over.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Unkept {
    /// The edit that made it.
    #[n(0)]
    pub promise: EditId,
    /// By when it was to be kept.
    #[n(1)]
    pub due: Timestamp,
}

/// The tally, in memory while a transaction works on it.
#[derive(Debug, Default)]
pub struct Ledger {
    /// The sums.
    pub tally: Tally,
}

fn row_key(customer: CustomerId) -> Vec<u8> {
    key(&[ROW, customer.as_bytes()])
}

fn next_key(at: Timestamp, customer: CustomerId) -> Vec<u8> {
    let sorted = at.0.cast_unsigned() ^ (1 << 63);
    key(&[NEXT, &sorted.to_be_bytes(), customer.as_bytes()])
}

/// The customer that a key ends with.
fn customer_of(key: &[u8]) -> Option<CustomerId> {
    let at = key.len().checked_sub(CustomerId::LEN)?;
    CustomerId::from_slice(key.get(at..)?)
}

impl Ledger {
    /// Reads the tally.
    ///
    /// # Errors
    /// What the store reports.
    pub fn load(tx: &dyn ReadTx) -> Result<Self, StoreError> {
        let row: TallyRow = get_row(tx, Table::Gap, TALLY)?.unwrap_or_default();
        Ok(Self { tally: row.tally() })
    }

    /// Writes the tally. Call once, before the transaction commits.
    ///
    /// # Errors
    /// What the store reports.
    pub fn save(&self, tx: &mut dyn WriteTx) -> Result<(), StoreError> {
        put_row(tx, Table::Gap, TALLY, &self.tally.to_row())
    }

    /// Replaces what a customer adds; an empty row takes them out.
    ///
    /// # Errors
    /// What the store reports.
    pub fn put(
        &mut self,
        tx: &mut dyn WriteTx,
        (playbook, settings): (&Playbook, &Settings),
        customer: CustomerId,
        row: Option<&Contribution>,
    ) -> Result<(), StoreError> {
        let key = row_key(customer);
        let before: Option<Contribution> = get_row(tx.as_read(), Table::Gap, &key)?;
        let row = row.filter(|row| row.is_active || row.next_change.is_some());
        if before.as_ref() == row {
            return Ok(());
        }
        let rank = |row: &Contribution| {
            let rank = row.rank(customer, &settings.order);
            row.is_active.then(|| sync_core::store::key(&[RANK, &rank]))
        };
        let ranks = (before.as_ref().and_then(rank), row.and_then(rank));
        let next = |row: &Contribution| row.next_change.map(|at| next_key(at, customer));
        let nexts = (before.as_ref().and_then(next), row.and_then(next));
        for (old, new) in [ranks, nexts] {
            if old == new {
                continue;
            }
            if let Some(old) = old {
                tx.delete(Table::Gap, &old)?;
            }
            if let Some(new) = new {
                tx.put(Table::Gap, &new, &[])?;
            }
        }
        if let Some(before) = &before {
            self.tally.take(before, playbook, settings);
        }
        match row {
            Some(row) => {
                self.tally.add(row, playbook, settings);
                put_row(tx, Table::Gap, &key, row)
            }
            None => tx.delete(Table::Gap, &key),
        }
    }

    /// The best customers' sums, by the index of ranks.
    ///
    /// # Errors
    /// What the store reports.
    pub fn best(
        &self,
        tx: &dyn ReadTx,
        playbook: &Playbook,
        settings: &Settings,
    ) -> Result<Best, StoreError> {
        let mut best = Best::default();
        for customer in self.members(tx, settings)? {
            if let Some(row) = row(tx, customer)? {
                best.add(&row, playbook, settings);
            }
        }
        Ok(best)
    }

    /// The best customers, best first; nobody where there are too few active customers to tell.
    ///
    /// # Errors
    /// What the store reports.
    pub fn members(
        &self,
        tx: &dyn ReadTx,
        settings: &Settings,
    ) -> Result<Vec<CustomerId>, StoreError> {
        let Some(many) = settings.best_of(self.tally.all.customers) else {
            return Ok(Vec::new());
        };
        let mut members = Vec::with_capacity(usize::try_from(many).unwrap_or_default());
        scan_prefix(tx, Table::Gap, RANK, &mut |key, _| {
            members.extend(customer_of(key));
            Ok(
                if u64::try_from(members.len()).is_ok_and(|found| found >= many) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                },
            )
        })?;
        Ok(members)
    }
}

/// What a customer adds.
///
/// # Errors
/// What the store reports.
pub fn row(tx: &dyn ReadTx, customer: CustomerId) -> Result<Option<Contribution>, StoreError> {
    get_row(tx, Table::Gap, &row_key(customer))
}

/// Visits what every customer adds, in the order of their ids.
///
/// # Errors
/// What the store reports.
pub fn rows(
    tx: &dyn ReadTx,
    visit: &mut dyn FnMut(CustomerId, Contribution),
) -> Result<(), StoreError> {
    scan_prefix(tx, Table::Gap, ROW, &mut |key, value| {
        let row = sync_core::store::decode_row(Table::Gap, value)?;
        if let Some(customer) = customer_of(key) {
            visit(customer, row);
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Customers whose row changes by itself until now, the earliest first.
///
/// # Errors
/// What the store reports.
pub fn due(tx: &dyn ReadTx, now: Timestamp, enough: usize) -> Result<Vec<CustomerId>, StoreError> {
    let mut found = Vec::new();
    let to = next_key(now.plus_ms(1), CustomerId([0; CustomerId::LEN]));
    let range = KeyRange {
        from: NEXT,
        to: Some(&to),
    };
    tx.scan(Table::Gap, range, Direction::Ascending, &mut |key, _| {
        found.extend(customer_of(key));
        Ok(if found.len() >= enough {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok(found)
}

/// In whose row a card is counted, where that is another's.
///
/// # Errors
/// What the store reports.
pub fn counted_in(tx: &dyn ReadTx, card: CustomerId) -> Result<Option<CustomerId>, StoreError> {
    let found = tx.get(Table::Gap, &key(&[MEMBER, card.as_bytes()]))?;
    Ok(found.and_then(|bytes| CustomerId::from_slice(&bytes)))
}

/// Notes in whose row a card is counted; nobody's but its own without one.
///
/// # Errors
/// What the store reports.
pub fn count_in(
    tx: &mut dyn WriteTx,
    card: CustomerId,
    person: Option<CustomerId>,
) -> Result<(), StoreError> {
    let key = key(&[MEMBER, card.as_bytes()]);
    match person.filter(|person| *person != card) {
        Some(person) => tx.put(Table::Gap, &key, person.as_bytes()),
        None => tx.delete(Table::Gap, &key),
    }
}

/// Notes which cards a card says something of. Returns those that it said something of before.
///
/// # Errors
/// What the store reports.
pub fn put_links(
    tx: &mut dyn WriteTx,
    card: CustomerId,
    others: &[CustomerId],
) -> Result<Vec<CustomerId>, StoreError> {
    let own = key(&[LINKS, card.as_bytes()]);
    let before: Vec<CustomerId> = get_row(tx.as_read(), Table::Gap, &own)?.unwrap_or_default();
    if before == others {
        return Ok(before);
    }
    let incoming = |other: &CustomerId| key(&[INCOMING, other.as_bytes(), card.as_bytes()]);
    for gone in before.iter().filter(|other| !others.contains(other)) {
        tx.delete(Table::Gap, &incoming(gone))?;
    }
    for other in others {
        tx.put(Table::Gap, &incoming(other), &[])?;
    }
    if others.is_empty() {
        tx.delete(Table::Gap, &own)?;
    } else {
        put_row(tx, Table::Gap, &own, &others.to_vec())?;
    }
    Ok(before)
}

/// The cards that say something of a card.
///
/// # Errors
/// What the store reports.
pub fn linking_to(tx: &dyn ReadTx, card: CustomerId) -> Result<Vec<CustomerId>, StoreError> {
    let mut found = Vec::new();
    let prefix = key(&[INCOMING, card.as_bytes()]);
    scan_prefix(tx, Table::Gap, &prefix, &mut |key, _| {
        found.extend(customer_of(key));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// Notes the promises of a customer whose time is over.
///
/// # Errors
/// What the store reports.
pub fn put_unkept(
    tx: &mut dyn WriteTx,
    customer: CustomerId,
    unkept: &[Unkept],
) -> Result<(), StoreError> {
    let key = key(&[UNKEPT, customer.as_bytes()]);
    if unkept.is_empty() {
        return tx.delete(Table::Gap, &key);
    }
    put_row(tx, Table::Gap, &key, &unkept.to_vec())
}

/// Visits customers with promises whose time is over.
///
/// # Errors
/// What the store reports.
pub fn unkept(
    tx: &dyn ReadTx,
    visit: &mut dyn FnMut(CustomerId, Vec<Unkept>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    scan_prefix(tx, Table::Gap, UNKEPT, &mut |key, value| {
        let promises = sync_core::store::decode_row(Table::Gap, value)?;
        if let Some(customer) = customer_of(key) {
            visit(customer, promises)?;
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Notes what a customer wishes for.
///
/// # Errors
/// What the store reports.
pub fn put_wishes(
    tx: &mut dyn WriteTx,
    customer: CustomerId,
    wishes: &[(String, ShopId)],
) -> Result<(), StoreError> {
    let key = key(&[WISHES, customer.as_bytes()]);
    if wishes.is_empty() {
        return tx.delete(Table::Gap, &key);
    }
    put_row(tx, Table::Gap, &key, &wishes.to_vec())
}

/// What looks at a customer's wishes: articles, each with the shop that wrote it down.
pub type WishVisit<'v> =
    dyn FnMut(CustomerId, Vec<(String, ShopId)>) -> Result<ControlFlow<()>, StoreError> + 'v;

/// Visits customers with wishes, from the first after `after`, until the visitor breaks.
///
/// # Errors
/// What the store reports.
pub fn wishes(
    tx: &dyn ReadTx,
    after: Option<CustomerId>,
    visit: &mut WishVisit<'_>,
) -> Result<(), StoreError> {
    let from = after.map_or_else(
        || WISHES.to_vec(),
        |after| key(&[WISHES, after.as_bytes(), &[0]]),
    );
    let end = prefix_end(WISHES);
    let range = KeyRange {
        from: &from,
        to: end.as_deref(),
    };
    tx.scan(
        Table::Gap,
        range,
        Direction::Ascending,
        &mut |key, value| {
            let wishes = sync_core::store::decode_row(Table::Gap, value)?;
            match customer_of(key) {
                Some(customer) => visit(customer, wishes),
                None => Ok(ControlFlow::Continue(())),
            }
        },
    )
}

fn stock_key(sku: &str, shop: ShopId) -> Vec<u8> {
    key(&[IN_STOCK, shop.as_bytes(), sku.as_bytes()])
}

/// Since when a shop has an article, as far as that was noted.
///
/// # Errors
/// What the store reports.
pub fn in_stock_since(
    tx: &dyn ReadTx,
    sku: &str,
    shop: ShopId,
) -> Result<Option<Timestamp>, StoreError> {
    get_row(tx, Table::Gap, &stock_key(sku, shop))
}

/// Notes since when a shop has an article, or that it has none.
///
/// # Errors
/// What the store reports.
pub fn note_stock(
    tx: &mut dyn WriteTx,
    (sku, shop): (&str, ShopId),
    since: Option<Timestamp>,
) -> Result<(), StoreError> {
    let key = stock_key(sku, shop);
    match since {
        Some(since) => put_row(tx, Table::Gap, &key, &since),
        None => tx.delete(Table::Gap, &key),
    }
}

/// Removes some of what is made again. Returns whether more is left.
///
/// # Errors
/// What the store reports.
pub fn clear(tx: &mut dyn WriteTx, enough: usize) -> Result<bool, StoreError> {
    let mut keys: Vec<Vec<u8>> = Vec::new();
    for prefix in DERIVED {
        let end = prefix_end(prefix);
        let range = KeyRange {
            from: prefix,
            to: end.as_deref(),
        };
        tx.as_read()
            .scan(Table::Gap, range, Direction::Ascending, &mut |key, _| {
                keys.push(key.to_vec());
                Ok(if keys.len() >= enough {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                })
            })?;
        if keys.len() >= enough {
            break;
        }
    }
    for key in &keys {
        tx.delete(Table::Gap, key)?;
    }
    Ok(keys.len() >= enough)
}
