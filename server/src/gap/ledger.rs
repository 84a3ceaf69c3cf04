//! What the gap is counted from, as rows of [`Table::Gap`].
//!
//! # Keys
//! | first byte | rest | value |
//! |---|---|---|
//! | `a` | | the tally over all active customers |
//! | `b` | | the sums over the best, whose rank is the last among them, and up to which rank `r` holds everybody |
//! | `c` | customer | what they add: a `Counted`; of linked cards under the oldest |
//! | `e` | | how far counting is: [`super::keeper::Era`] |
//! | `h` | ISO year and week | the report of that week, JSON; kept for good |
//! | `i` | card, card | that the second says something of the first |
//! | `k` | shop, article | since when a shop had an article, as builds noted it that told of stock without it; gone once it is told |
//! | `l` | card | the cards that it says something of |
//! | `m` | card | the customer whose row this card is counted in, where that is another |
//! | `n` | moment, customer | customers by when to look whether their row changes by itself |
//! | `r` | rank, customer | active customers, the best first, up to a rank |
//! | `s` | | settings, JSON; kept |
//! | `t` | day | all walk-ins of that day; kept, with `v` ([`crate::walk_ins::counted`]) |
//! | `u` | customer | their promises whose time is over |
//! | `v` | day, handheld | the walk-ins that a handheld told of, and in which shop |
//! | `w` | customer | the articles they wish for, each with the shop that wrote it down, and since when that had it as they were counted |
//!
//! `a`, `b`, `c`, `e`, `i`, `l`, `m`, `n`, `r`, `u` and `w` are derived and made again when the playbook or the settings change.
//!
//! # Invariants
//! - The sums over the best move with whoever moves over the line between them and the others ([`ranks`]): a report reads two rows and
//!   nobody's own, however many the best are.
//! - `r` holds the best and some after them, not everybody: most customers come and go without a word in it.
//! - Whoever has a next moment is listed in `n` under that or an earlier one. An entry that was overtaken stays until it falls due.
//! - A transaction writes `n` and `r` when it saves, in the order of their keys.
//!
//! # Why
//! Rows of this table lie in the order in which they were written, their keys in the order of keys. A day's changes lie all over both, and
//! to write a page costs more than to count a customer; so an entry that need not move does not.
mod ranks;
#[cfg(test)]
mod tests;
mod wishes;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use minicbor::{Decode, Encode};
use sync_core::concierge::gap::tally::TallyRow;
use sync_core::concierge::gap::{Best, Contribution, Settings, Tally};
use sync_core::concierge::playbook::Playbook;
use sync_core::ids::{CustomerId, EditId, Timestamp};
use sync_core::store::{
    Direction, KeyRange, ReadTx, StoreError, Table, WriteTx, get_row, key, prefix_end, put_row,
    scan_prefix,
};

use ranks::Ranks;
pub use wishes::{WishVisit, Wished, in_stock_since, note_stock, put_wishes, wishes};

const TALLY: &[u8] = b"a";
const BEST: &[u8] = b"b";
const ROW: &[u8] = b"c";
const INCOMING: &[u8] = b"i";
const LINKS: &[u8] = b"l";
const MEMBER: &[u8] = b"m";
const NEXT: &[u8] = b"n";
const RANK: &[u8] = b"r";
const UNKEPT: &[u8] = b"u";
const WISHES: &[u8] = b"w";

/// Prefixes of what is made again.
const DERIVED: [&[u8]; 10] = [
    ROW, INCOMING, LINKS, MEMBER, NEXT, RANK, UNKEPT, WISHES, BEST, TALLY,
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

/// What a customer adds, as it is stored. Encoded as a CBOR array.
#[derive(Debug, Encode, Decode)]
#[cbor(array)]
struct Counted {
    #[n(0)]
    row: Contribution,
    /// Under which moment they are listed, where it is earlier than the one at which the row changes.
    #[n(1)]
    early: Option<Timestamp>,
}

impl Counted {
    /// Under which moment they are listed.
    fn listed(&self) -> Option<Timestamp> {
        self.early.or(self.row.next_change)
    }
}

/// The sums, in memory while a transaction works on them.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Over everybody.
    pub tally: Tally,
    ranks: Ranks,
    /// Keys of the two indexes that are written, or removed, when this is saved.
    moves: Moves,
    /// Who was listed until this transaction took them off the list.
    taken: BTreeSet<CustomerId>,
}

/// Keys, and whether each is there.
type Moves = BTreeMap<Vec<u8>, bool>;

/// What fell due.
#[derive(Debug, Default)]
pub struct Due {
    /// Whose row changes now.
    pub customers: Vec<CustomerId>,
    /// Whether any entry was taken off the list: there may be more.
    pub is_any: bool,
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
    /// Reads the sums.
    ///
    /// # Errors
    /// What the store reports.
    pub fn load(tx: &dyn ReadTx) -> Result<Self, StoreError> {
        let row: TallyRow = get_row(tx, Table::Gap, TALLY)?.unwrap_or_default();
        Ok(Self {
            tally: row.tally(),
            ranks: Ranks::load(tx)?,
            ..Self::default()
        })
    }

    /// The sums over the best, as of the last time that this was saved.
    #[must_use]
    pub fn best(&self) -> &Best {
        self.ranks.best()
    }

    /// Writes the indexes and the sums. Call once, before the transaction commits.
    ///
    /// # Errors
    /// What the store reports.
    pub fn save(
        &mut self,
        tx: &mut dyn WriteTx,
        by: (&Playbook, &Settings),
    ) -> Result<(), StoreError> {
        for (key, is_there) in std::mem::take(&mut self.moves) {
            if is_there {
                tx.put(Table::Gap, &key, &[])?;
            } else {
                tx.delete(Table::Gap, &key)?;
            }
        }
        self.taken.clear();
        self.ranks.settle(tx, by, self.tally.all.customers)?;
        self.ranks.save(tx)?;
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
        let before: Option<Counted> = get_row(tx.as_read(), Table::Gap, &key)?;
        let was_taken = self.taken.remove(&customer);
        let row = row.filter(|row| row.is_active || row.next_change.is_some());
        let old = before.as_ref().map(|before| &before.row);
        if old == row && !was_taken {
            return Ok(());
        }
        if let Some(old) = old {
            self.tally.take(old, playbook, settings);
        }
        if let Some(row) = row {
            self.tally.add(row, playbook, settings);
        }
        let by = (playbook, settings);
        self.ranks.put(&mut self.moves, by, customer, (old, row));
        let Some(row) = row else {
            return tx.delete(Table::Gap, &key);
        };
        let listed = before.as_ref().and_then(Counted::listed);
        let early = self.list(customer, listed.filter(|_| !was_taken), row.next_change);
        let counted = Counted {
            row: row.clone(),
            early,
        };
        put_row(tx, Table::Gap, &key, &counted)
    }

    /// Lists a customer under the moment at which their row changes, unless they are listed early enough. Returns the earlier moment then.
    fn list(
        &mut self,
        customer: CustomerId,
        listed: Option<Timestamp>,
        next: Option<Timestamp>,
    ) -> Option<Timestamp> {
        if listed == next {
            return None;
        }
        if let Some(listed) = listed
            && next.is_none_or(|next| listed < next)
        {
            return Some(listed);
        }
        let key = next.map(|next| next_key(next, customer));
        self.moves.extend(key.map(|key| (key, true)));
        None
    }

    /// Takes off the list what falls due until now, the earliest first. The rows of the customers that are told are to be put again before
    /// this is saved.
    ///
    /// # Errors
    /// What the store reports.
    pub fn take_due(
        &mut self,
        tx: &mut dyn WriteTx,
        now: Timestamp,
        enough: usize,
    ) -> Result<Due, StoreError> {
        let mut due = Due::default();
        for (at, customer) in listed_until(tx.as_read(), now, enough)? {
            due.is_any = true;
            tx.delete(Table::Gap, &next_key(at, customer))?;
            let key = row_key(customer);
            let counted: Option<Counted> = get_row(tx.as_read(), Table::Gap, &key)?;
            let counted = counted.filter(|counted| counted.listed() == Some(at));
            let Some(Counted { row, .. }) = counted else {
                continue;
            };
            if row.next_change.is_some_and(|next| next <= now) {
                self.taken.insert(customer);
                due.customers.push(customer);
            } else {
                let early = self.list(customer, None, row.next_change);
                put_row(tx, Table::Gap, &key, &Counted { row, early })?;
            }
        }
        Ok(due)
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
            Ok(until(members.len(), many))
        })?;
        Ok(members)
    }
}

/// Goes on until so many are found.
fn until(found: usize, enough: u64) -> ControlFlow<()> {
    if u64::try_from(found).is_ok_and(|found| found >= enough) {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

/// What a customer adds.
///
/// # Errors
/// What the store reports.
pub fn row(tx: &dyn ReadTx, customer: CustomerId) -> Result<Option<Contribution>, StoreError> {
    let counted: Option<Counted> = get_row(tx, Table::Gap, &row_key(customer))?;
    Ok(counted.map(|counted| counted.row))
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
        let counted: Counted = sync_core::store::decode_row(Table::Gap, value)?;
        if let Some(customer) = customer_of(key) {
            visit(customer, counted.row);
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Entries of the list until a moment, the earliest first.
fn listed_until(
    tx: &dyn ReadTx,
    now: Timestamp,
    enough: usize,
) -> Result<Vec<(Timestamp, CustomerId)>, StoreError> {
    let mut found = Vec::new();
    let to = next_key(now.plus_ms(1), CustomerId([0; CustomerId::LEN]));
    let range = KeyRange {
        from: NEXT,
        to: Some(&to),
    };
    tx.scan(Table::Gap, range, Direction::Ascending, &mut |key, _| {
        found.extend(listed_at(key).zip(customer_of(key)));
        Ok(if found.len() >= enough {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok(found)
}

/// The moment in a key of the list.
fn listed_at(key: &[u8]) -> Option<Timestamp> {
    let sorted = key.strip_prefix(NEXT)?.first_chunk()?;
    let at = u64::from_be_bytes(*sorted) ^ (1 << 63);
    Some(Timestamp(at.cast_signed()))
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
