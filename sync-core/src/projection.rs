//! The read row: what lists and search results show of a customer, folded from the card.
//!
//! # Invariants
//! - One function, [`fold`], writes a row and its index entries, for live work and for a rebuild alike; what it leaves behind depends on the
//!   row alone, never on the row before.
//! - A row is made from the chain's card and the shop's own facet; nothing restricted or private reaches it ([`project`]).
//! - [`unfold`] leaves nothing of a customer in either table.

pub mod dates;
mod facts;
mod later;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use minicbor::{Decode, Encode};

use crate::card::CardView;
use crate::concierge::today::due;
use crate::ids::{CustomerId, Timestamp};
use crate::limits;
use crate::search::terms::{entry_key, link_of, link_prefix, terms};
use crate::search::{PackedTerms, TermSources};
use crate::store::{
    self, Direction, KeyRange, ReadTx, StoreError, Table, WriteTx, decode_row, encode_row, get_row,
};

pub(crate) use later::entries;
pub use later::{fold_later, fold_noted, index_what_waits};

/// The read row of a customer. Encoded as a CBOR array; frozen since schema 1 (what is added comes last and may be missing).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Row {
    /// Who.
    #[n(0)]
    pub customer: CustomerId,
    /// The name to show; empty when none is known.
    #[n(1)]
    pub name: String,
    /// The language to speak, as the card tells it.
    #[n(2)]
    pub language: Option<String>,
    /// The last four digits of each phone number.
    #[n(3)]
    pub phones: Vec<String>,
    /// What to know before anything else.
    #[n(4)]
    pub flags: Flags,
    /// Fields on which people disagree.
    #[n(5)]
    pub conflicts: u16,
    /// Promises that are not settled.
    #[n(6)]
    pub open_promises: u16,
    /// When the earliest of them is due.
    #[n(7)]
    pub earliest_due: Option<Timestamp>,
    /// Day (since 1970) of the last touch: orders lists and results, and says nothing about spend.
    #[n(8)]
    pub rank: u32,
    /// When the customer came in, when nobody has closed that visit. Whether they are still here depends on the time ([`Row::is_here`]).
    #[n(9)]
    pub visit_since: Option<Timestamp>,
    /// One line to show beneath the name.
    #[n(10)]
    pub hint: Option<Hint>,
    /// What the customer is found by.
    #[n(11)]
    pub terms: PackedTerms,
}

/// Facts of a row that are either there or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Flags(#[n(0)] pub u16);

impl Flags {
    /// Has an allergy or a material to keep away.
    pub const ALLERGY: Self = Self(1);
    /// Asked not to be contacted.
    pub const DO_NOT_CONTACT: Self = Self(1 << 1);

    /// Whether all of `flags` are set.
    #[must_use]
    pub fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// These flags and, when `condition` holds, `flag`.
    #[must_use]
    pub fn with_if(self, condition: bool, flag: Self) -> Self {
        if condition {
            Self(self.0 | flag.0)
        } else {
            self
        }
    }
}

/// What the line beneath a name speaks of. Rendered in the associate's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum HintKind {
    /// What to keep away; the argument names it.
    #[n(0)]
    Allergy,
    /// A promise; the argument is its text.
    #[n(1)]
    Promise,
    /// Something to confirm; the argument is what each side said, as `38 / 39`.
    #[n(2)]
    Conflict,
    /// A preference; the argument is its subject.
    #[n(3)]
    Preference,
    /// A wish; the argument names it.
    #[n(4)]
    Wish,
}

impl HintKind {
    /// The kind's name for machines; frozen once released.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allergy => "allergy",
            Self::Promise => "promise",
            Self::Conflict => "conflict",
            Self::Preference => "preference",
            Self::Wish => "wish",
        }
    }
}

/// The line beneath a name: a kind and its argument.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Hint {
    /// What it speaks of.
    #[n(0)]
    pub kind: HintKind,
    /// The customer's own words or a name from the card, at most [`HINT_CHARS_MAX`] characters.
    #[n(1)]
    pub argument: String,
}

/// Characters of a hint's argument: what fits on one line of a handheld.
pub const HINT_CHARS_MAX: usize = 60;

/// What a row is made from: everything but the terms, and the texts those come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowFacts {
    /// Texts to be found by; the first name is the one shown.
    pub sources: TermSources,
    /// The language to speak.
    pub language: Option<String>,
    /// What to know before anything else.
    pub flags: Flags,
    /// Fields on which people disagree.
    pub conflicts: usize,
    /// Promises that are not settled.
    pub open_promises: usize,
    /// When the earliest of them is due.
    pub earliest_due: Option<Timestamp>,
    /// The last touch.
    pub last_touch: Option<Timestamp>,
    /// The arrival of the latest visit, when nobody has closed it.
    pub visit_since: Option<Timestamp>,
    /// One line to show beneath the name.
    pub hint: Option<Hint>,
}

impl Row {
    /// The row of these facts.
    #[must_use]
    pub fn new(customer: CustomerId, facts: &RowFacts) -> Self {
        let count = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        Self {
            customer,
            name: facts.sources.names.first().cloned().unwrap_or_default(),
            language: facts.language.clone(),
            phones: facts
                .sources
                .phones
                .iter()
                .filter_map(|phone| last_four(phone))
                .collect(),
            flags: facts.flags,
            conflicts: count(facts.conflicts),
            open_promises: count(facts.open_promises),
            earliest_due: facts.earliest_due,
            rank: facts.last_touch.map_or(0, rank),
            visit_since: facts.visit_since,
            hint: facts.hint.clone(),
            terms: PackedTerms::pack(&terms(&facts.sources)),
        }
    }

    /// Whether the customer is in the shop: came in, has not left, and not so long ago that somebody forgot to say so.
    #[must_use]
    pub fn is_here(&self, now: Timestamp) -> bool {
        self.visit_since
            .is_some_and(|since| now.0.saturating_sub(since.0) < limits::VISIT_OPEN_MS_MAX)
    }
}

/// The rank that a last touch gives: its day.
#[must_use]
pub fn rank(last_touch: Timestamp) -> u32 {
    u32::try_from(last_touch.days().max(0)).unwrap_or(u32::MAX)
}

/// The row of a customer, from what the shop's readers see of the card and from the last purchase.
///
/// Whatever the view was read from, only the card and the shop's own facet count. The moment the view was read at does not matter.
#[must_use]
pub fn project(customer: CustomerId, view: &CardView, last_purchase: Option<Timestamp>) -> Row {
    Row::new(customer, &facts::facts(view, last_purchase))
}

/// The last four digits of a phone number; `None` when it has fewer.
fn last_four(phone: &str) -> Option<String> {
    let reversed = crate::search::terms::reversed_digits(phone);
    let last = reversed.get(..4)?;
    Some(last.chars().rev().collect())
}

/// Writes a row and moves the index from the customer's old row to this one. `false` when nothing changed.
///
/// # Errors
/// [`StoreError`] when storage fails or the old row does not decode.
pub fn fold(tx: &mut dyn WriteTx, row: &Row) -> Result<bool, StoreError> {
    Ok(fold_all(tx, std::slice::from_ref(row))? > 0)
}

/// Writes rows of different customers, as [`fold`] does one by one; returns how many changed.
///
/// The index lies by term, so the entries of one customer lie all over it. Those of many customers are written here in the index's own
/// order: each part of it is then touched once for all of them, which is what a first sync and an import stand on.
///
/// # Errors
/// [`StoreError`] when storage fails or an old row does not decode.
pub fn fold_all(tx: &mut dyn WriteTx, rows: &[Row]) -> Result<usize, StoreError> {
    let mut changed = 0;
    let mut moves: BTreeMap<Vec<u8>, Option<_>> = BTreeMap::new();
    for row in rows {
        let bytes = encode_row(row);
        let old = tx.get(Table::Row, row.customer.as_bytes())?;
        let indexed = later::take_indexed(tx, row.customer)?;
        if indexed.is_none() && old.as_ref() == Some(&bytes) {
            continue;
        }
        changed += usize::from(old.as_ref() != Some(&bytes));
        let before = later::entries_of(indexed.or(old))?;
        let after = entries(row);
        for term in before.keys().filter(|term| !after.contains_key(*term)) {
            moves.insert(entry_key(term, row.customer), None);
        }
        for (term, value) in after {
            if before.get(&term) != Some(&value) {
                moves.insert(entry_key(&term, row.customer), Some(value));
            }
        }
        tx.put(Table::Row, row.customer.as_bytes(), &bytes)?;
    }
    for (key, value) in moves {
        match value {
            Some(value) => tx.put(Table::Term, &key, &value)?,
            None => tx.delete(Table::Term, &key)?,
        }
    }
    Ok(changed)
}

/// Removes a customer's row, index entries and what may fall due for them. `false` when there was no row.
///
/// # Errors
/// [`StoreError`] when storage fails or the row does not decode.
pub fn unfold(tx: &mut dyn WriteTx, customer: CustomerId) -> Result<bool, StoreError> {
    due::remove(tx, customer)?;
    let Some(row) = tx.get(Table::Row, customer.as_bytes())? else {
        return Ok(false);
    };
    let indexed = later::take_indexed(tx, customer)?;
    for row in indexed.into_iter().chain([row]) {
        for term in later::entries_of(Some(row))?.keys() {
            tx.delete(Table::Term, &entry_key(term, customer))?;
        }
    }
    tx.delete(Table::Row, customer.as_bytes())?;
    Ok(true)
}

/// The row of a customer.
///
/// # Errors
/// [`StoreError`] when storage fails or the row does not decode.
pub fn read_row(tx: &dyn ReadTx, customer: CustomerId) -> Result<Option<Row>, StoreError> {
    get_row(tx, Table::Row, customer.as_bytes())
}

/// The cards whose own word is that they are the same person as this one, in ascending order: what one card says, the other is found by.
/// At most so many are told that there can be no person of them all.
///
/// # Errors
/// [`StoreError`] when storage fails.
pub fn linking_to(tx: &dyn ReadTx, card: CustomerId) -> Result<Vec<CustomerId>, StoreError> {
    let mut found = Vec::new();
    store::scan_prefix(tx, Table::Term, &link_prefix(card), &mut |key, _| {
        let other = key.last_chunk::<{ CustomerId::LEN }>();
        found.extend(other.map(|other| CustomerId(*other)));
        Ok(if found.len() > limits::CARDS_OF_A_PERSON_MAX {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok(found)
}

/// The cards that are the same person as this one as far as stored rows say so, over each other too; hardly more than a person may have.
///
/// # Errors
/// [`StoreError`] when storage fails or a row does not decode.
pub(crate) fn linked(
    tx: &dyn ReadTx,
    card: CustomerId,
) -> Result<BTreeSet<CustomerId>, StoreError> {
    let mut found = BTreeSet::new();
    let mut open = vec![card];
    while let Some(next) = open
        .pop()
        .filter(|_| found.len() <= limits::CARDS_OF_A_PERSON_MAX)
    {
        if found.insert(next) {
            open.extend(linking_to(tx, next)?);
            open.extend(read_row(tx, next)?.iter().flat_map(links_in));
        }
    }
    found.remove(&card);
    Ok(found)
}

/// The cards of which a row says that they are the same person.
pub(crate) fn links_in(row: &Row) -> Vec<CustomerId> {
    let mut links = Vec::new();
    row.terms.for_each(|term| links.extend(link_of(term)));
    links
}

/// Visits rows in the order of customer ids, from the first after `after`, until the visitor breaks.
///
/// # Errors
/// [`StoreError`] when storage fails or a row does not decode, or what the visitor returns.
pub fn rows(
    tx: &dyn ReadTx,
    after: Option<CustomerId>,
    visit: &mut dyn FnMut(Row) -> Result<ControlFlow<()>, StoreError>,
) -> Result<(), StoreError> {
    let mut from = after
        .map(|after| after.as_bytes().to_vec())
        .unwrap_or_default();
    if after.is_some() {
        from.push(0);
    }
    let range = KeyRange {
        from: &from,
        to: None,
    };
    tx.scan(Table::Row, range, Direction::Ascending, &mut |_, value| {
        visit(decode_row(Table::Row, value)?)
    })
}
