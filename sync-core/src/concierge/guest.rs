//! The guest card: what an associate keeps of somebody whom nobody knows yet, on this handheld, until the end of the day.
//!
//! # Invariants
//! - It is anonymous: it holds needs and reactions, and has no field for anything else.
//! - It expires at 23:59 on the shop's clock. Nothing of it is left then but that somebody was there, which counts in the known share.
//! - It becomes part of a customer's card by the customer's consent alone, as edits like any other.
//!
//! # Keys
//! In [`Table::Gap`] of a handheld: `0xE3` and the card's id; `0xE4` and the day since 1970 (8 bytes) for the walk-ins of that day;
//! `0xEA` and the day for how many of them the hub has stored.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use minicbor::{Decode, Encode};

use super::calendar::{MINUTE_MS, day_in};
use super::picture::House;
use crate::card::edit::{Edit, EndpointInput, Evidence, NeedInput};
use crate::card::terms::{Agreement, NamePart, Sentiment};
use crate::entropy::Entropy;
use crate::ids::{AssociateId, CustomerId, ShopId, Timestamp};
use crate::limits;
use crate::protocol::frame::WalkIns;
use crate::store::{
    ReadTx, StoreError, Table, WriteTx, decode_row, get_row, key, put_row, scan_prefix,
};

/// Things one guest card holds: more than anybody says in a visit.
pub const GUEST_ENTRIES_MAX: usize = 64;
/// Begins the keys of guest cards.
const CARD: &[u8] = &[0xE3];
/// Begins the keys of the walk-ins of a day.
const WALK_INS: &[u8] = &[0xE4];
/// Begins the keys of how many of them the hub has.
const TOLD: &[u8] = &[0xEA];
/// Days that one message tells of; a handheld that was away for longer tells the rest later.
pub const TOLD_DAYS_MAX: usize = 400;
/// How long a day that the hub has is remembered: a clock that was set back must not begin it anew.
const TOLD_KEPT_DAYS: i64 = 31;

/// Something that a guest said.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum GuestEntry {
    /// What they need.
    #[n(0)]
    Need {
        /// In their words.
        #[n(0)]
        what: String,
        /// What an answer has to be good for, folded.
        #[n(1)]
        tags: Vec<String>,
    },
    /// What they thought of an article.
    #[n(1)]
    Reaction {
        /// The article.
        #[n(0)]
        sku: String,
        /// The text of a [`Sentiment`].
        #[n(1)]
        sentiment: String,
        /// In their words.
        #[n(2)]
        words: Option<String>,
    },
}

/// A guest card. Encoded as a CBOR array; frozen since database schema 2.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct GuestCard {
    /// Its id, which becomes the customer's where it becomes a new card.
    #[n(0)]
    pub id: CustomerId,
    /// Where.
    #[n(1)]
    pub shop: ShopId,
    /// Who began it.
    #[n(2)]
    pub by: AssociateId,
    /// When.
    #[n(3)]
    pub began: Timestamp,
    /// When it is gone.
    #[n(4)]
    pub expires: Timestamp,
    /// The day since 1970 on the shop's calendar.
    #[n(5)]
    pub day: i64,
    /// What the guest said, earliest first.
    #[n(6)]
    pub entries: Vec<GuestEntry>,
}

/// Why a guest card can't be used.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// The day is over.
    #[error("the guest card has expired: begin a new one")]
    Expired,
    /// It says enough.
    #[error(
        "a guest card holds {GUEST_ENTRIES_MAX} things: ask whether they want a card of their own"
    )]
    Full,
    /// Nothing was said.
    #[error(
        "write what the guest said, in up to {} bytes",
        limits::SHORT_TEXT_BYTES_MAX
    )]
    BadText,
    /// There is no such card on this handheld.
    #[error("there is no such guest card on this handheld")]
    Unknown,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The consent by which a guest's words go onto a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    /// How the agreement can be proven.
    pub evidence: Evidence,
    /// Who they are, when they have no card yet.
    pub newcomer: Option<Newcomer>,
}

/// Somebody who gets a card.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Newcomer {
    /// The parts of the name that are known.
    pub name: BTreeMap<NamePart, String>,
    /// Language, as a BCP 47 tag.
    pub language: Option<String>,
    /// Where they can be reached.
    pub endpoints: Vec<EndpointInput>,
}

impl GuestCard {
    /// An empty card, until 23:59 of the shop's day; UTC's where the shop's clock is not known.
    pub fn begin(
        house: &House,
        (shop, by): (ShopId, AssociateId),
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Self {
        let day = day_in(house, shop, now);
        let expires = end_of(house, shop, day);
        // Who comes in the last minute before midnight stays until the next night.
        let (day, expires) = if now < expires {
            (day, expires)
        } else {
            (day, end_of(house, shop, day + 1))
        };
        Self {
            id: CustomerId::random(entropy),
            shop,
            by,
            began: now,
            expires,
            day,
            entries: Vec::new(),
        }
    }

    /// Whether it is gone.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires
    }

    /// Writes down what the guest said.
    ///
    /// # Errors
    /// [`GuestError::Expired`], [`GuestError::Full`] or [`GuestError::BadText`]; the card is as before.
    pub fn add(&mut self, entry: GuestEntry, now: Timestamp) -> Result<(), GuestError> {
        if self.is_expired(now) {
            return Err(GuestError::Expired);
        }
        if self.entries.len() >= GUEST_ENTRIES_MAX {
            return Err(GuestError::Full);
        }
        let is_good =
            |text: &str| !text.trim().is_empty() && text.len() <= limits::SHORT_TEXT_BYTES_MAX;
        let is_sound = match &entry {
            GuestEntry::Need { what, tags } => is_good(what) && tags.iter().all(|tag| is_good(tag)),
            GuestEntry::Reaction {
                sku,
                sentiment,
                words,
            } => {
                is_good(sku)
                    && Sentiment::parse(sentiment).is_some()
                    && words.as_deref().is_none_or(is_good)
            }
        };
        if !is_sound {
            return Err(GuestError::BadText);
        }
        self.entries.push(entry);
        Ok(())
    }

    /// The edits that put the guest's words onto a card: the newcomer's own, or that of somebody who turned out to be known.
    /// The agreement comes before what is kept on its ground.
    ///
    /// # Errors
    /// [`GuestError::Expired`].
    pub fn edits(
        &self,
        introduction: &Introduction,
        now: Timestamp,
    ) -> Result<Vec<Edit>, GuestError> {
        if self.is_expired(now) {
            return Err(GuestError::Expired);
        }
        let mut edits = Vec::new();
        if let Some(newcomer) = &introduction.newcomer {
            edits.push(Edit::CreateCustomer {
                name: newcomer.name.clone(),
                language: newcomer.language.clone(),
                endpoints: newcomer.endpoints.clone(),
                since: None,
            });
        }
        edits.push(Edit::SetAgreement {
            state: Agreement::Agreed,
            evidence: Some(introduction.evidence.clone()),
        });
        edits.extend(self.entries.iter().filter_map(said));
        Ok(edits)
    }
}

/// 23:59 of a day on a shop's clock.
fn end_of(house: &House, shop: ShopId, day: i64) -> Timestamp {
    let utc =
        Timestamp(day.saturating_mul(Timestamp::DAY_MS)).plus_ms(Timestamp::DAY_MS - MINUTE_MS);
    // The clock of the evening counts, which is another one on the day that it is changed.
    let minutes = house.minutes_ahead(shop, utc).unwrap_or(0);
    let local = utc.plus_ms(-i64::from(minutes) * MINUTE_MS);
    let minutes = house.minutes_ahead(shop, local).unwrap_or(0);
    utc.plus_ms(-i64::from(minutes) * MINUTE_MS)
}

fn said(entry: &GuestEntry) -> Option<Edit> {
    match entry {
        GuestEntry::Need { what, tags } => Some(Edit::AddNeed(NeedInput {
            what: what.clone(),
            tags: tags.clone(),
        })),
        GuestEntry::Reaction {
            sku,
            sentiment,
            words,
        } => Some(Edit::RecordReaction {
            interaction: None,
            sku: sku.clone(),
            sentiment: Sentiment::parse(sentiment)?,
            words: words.clone(),
        }),
    }
}

fn card_key(id: CustomerId) -> Vec<u8> {
    key(&[CARD, id.as_bytes()])
}

/// Stores a card, new or changed.
///
/// # Errors
/// What the store reports.
pub fn put(tx: &mut dyn WriteTx, card: &GuestCard) -> Result<(), StoreError> {
    put_row(tx, Table::Gap, &card_key(card.id), card)
}

/// A card that has not expired.
///
/// # Errors
/// [`GuestError::Unknown`], [`GuestError::Expired`], or what the store reports.
pub fn get(tx: &dyn ReadTx, id: CustomerId, now: Timestamp) -> Result<GuestCard, GuestError> {
    let card: Option<GuestCard> = get_row(tx, Table::Gap, &card_key(id))?;
    let card = card.ok_or(GuestError::Unknown)?;
    if card.is_expired(now) {
        return Err(GuestError::Expired);
    }
    Ok(card)
}

/// The cards that have not expired, the latest first.
///
/// # Errors
/// What the store reports.
pub fn open(tx: &dyn ReadTx, now: Timestamp) -> Result<Vec<GuestCard>, StoreError> {
    let mut cards = all(tx)?;
    cards.retain(|card| !card.is_expired(now));
    cards.sort_by_key(|card| (std::cmp::Reverse(card.began), card.id));
    Ok(cards)
}

/// Takes a card off the handheld whose words were recorded on a customer's card: that visit counts there.
///
/// # Errors
/// What the store reports.
pub fn converted(tx: &mut dyn WriteTx, id: CustomerId) -> Result<(), StoreError> {
    tx.delete(Table::Gap, &card_key(id))
}

/// Whether there is something for [`sweep`] to do.
///
/// # Errors
/// What the store reports.
pub fn has_expired(tx: &dyn ReadTx, now: Timestamp) -> Result<bool, StoreError> {
    Ok(all(tx)?.iter().any(|card| card.is_expired(now)))
}

/// Removes what has expired and counts it as walk-ins of its day; returns how many. To be called when the book opens and before a sync.
/// Days that the hub has had for a month are forgotten.
///
/// # Errors
/// What the store reports.
pub fn sweep(tx: &mut dyn WriteTx, now: Timestamp) -> Result<usize, StoreError> {
    let mut expired = all(tx.as_read())?;
    expired.retain(|card| card.is_expired(now));
    for card in &expired {
        let counter = walk_ins_key(card.day);
        let before: u64 = get_row(tx.as_read(), Table::Gap, &counter)?.unwrap_or(0);
        put_row(tx, Table::Gap, &counter, &before.saturating_add(1))?;
        tx.delete(Table::Gap, &card_key(card.id))?;
    }
    let told = days(tx.as_read(), TOLD)?;
    for (day, told) in told.range(..now.days() - TOLD_KEPT_DAYS) {
        let counter = walk_ins_key(*day);
        if get_row::<u64>(tx.as_read(), Table::Gap, &counter)? <= Some(*told) {
            tx.delete(Table::Gap, &counter)?;
            tx.delete(Table::Gap, &told_key(*day))?;
        }
    }
    Ok(expired.len())
}

/// How many guests came and stayed unknown, by day since 1970 on the shop's calendar. It is what the hub counts in the known share.
///
/// # Errors
/// What the store reports.
pub fn walk_ins(tx: &dyn ReadTx) -> Result<BTreeMap<i64, u64>, StoreError> {
    days(tx, WALK_INS)
}

fn days(tx: &dyn ReadTx, of: &[u8]) -> Result<BTreeMap<i64, u64>, StoreError> {
    let mut days = BTreeMap::new();
    scan_prefix(tx, Table::Gap, of, &mut |key, value| {
        let day = key.get(of.len()..).and_then(|day| day.try_into().ok());
        if let Some(day) = day.map(u64::from_be_bytes) {
            let count = decode_row(Table::Gap, value)?;
            days.insert(day.cast_signed(), count);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(days)
}

/// The walk-ins of days of which the hub does not have all, the earliest first.
///
/// # Errors
/// What the store reports.
pub fn untold_walk_ins(tx: &dyn ReadTx) -> Result<Vec<WalkIns>, StoreError> {
    let counted = days(tx, WALK_INS)?;
    if counted.is_empty() {
        return Ok(Vec::new());
    }
    let told = days(tx, TOLD)?;
    let untold = counted
        .into_iter()
        .filter(|(day, count)| told.get(day).is_none_or(|told| told < count));
    let untold = untold.map(|(day, count)| WalkIns { day, count });
    Ok(untold.take(TOLD_DAYS_MAX).collect())
}

/// Notes what the hub has of walk-ins. What was counted since is still to be told.
///
/// # Errors
/// What the store reports.
pub fn told_walk_ins(tx: &mut dyn WriteTx, stored: &[WalkIns]) -> Result<(), StoreError> {
    for told in stored {
        let counted: Option<u64> = get_row(tx.as_read(), Table::Gap, &walk_ins_key(told.day))?;
        if counted.is_some() {
            put_row(tx, Table::Gap, &told_key(told.day), &told.count)?;
        }
    }
    Ok(())
}

fn told_key(day: i64) -> Vec<u8> {
    key(&[TOLD, &day.cast_unsigned().to_be_bytes()])
}

fn walk_ins_key(day: i64) -> Vec<u8> {
    key(&[WALK_INS, &day.cast_unsigned().to_be_bytes()])
}

fn all(tx: &dyn ReadTx) -> Result<Vec<GuestCard>, StoreError> {
    let mut cards = Vec::new();
    scan_prefix(tx, Table::Gap, CARD, &mut |_, value| {
        cards.push(decode_row(Table::Gap, value)?);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(cards)
}

#[cfg(test)]
mod tests;
