//! Escrow: rights to contact a customer and to spend on gestures, handed out by the hub so that caps hold with every handheld offline.
//!
//! A right to contact is a dated slot. The slots of one customer, whoever holds them, lie so far apart that one contact in each of them,
//! at its worst moment, still keeps every cap ([`fits`]); so no interleaving of handhelds can break one.
//! A right to spend is a part of a shop's pool for one day; parts never add up to more than the pool, so neither does what is spent.
//!
//! # Invariants
//! - A right names the handheld and the sign-in it was given to. A copy of the database on another handheld, and the same handheld after
//!   the hub ended that sign-in, hold none.
//! - A slot is spent by the first contact in it: what the card shows, or a mark the handheld keeps ([`Marks`]).
//! - The hub counts a slot as used until it is over, unless it knows the contact that spent it, or is certain that it is not spent any more ([`Fate`]).
//!
//! # What is not here
//! Storage: the hub's desk issues, the handheld keeps notices and [`Marks`].

mod gestures;
mod held;
mod moving;
mod slots;

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::ids::{CustomerId, DeviceId, SessionId, ShopId, Timestamp};
use crate::notices::{NoticeBody, NoticeKind};
use crate::records::Currency;

pub use gestures::{Gesture, GestureError, GestureSpend, allot, spend};
pub use held::{GestureRight, Held, Marks, Missing};
pub use moving::{Fate, left};
pub use slots::{Slot, Wanted, earliest, fits, next_slot, settled};

/// Customers that one notice of contact rights names: with 17 bytes each it stays below what a notice may have.
pub const CUSTOMERS_PER_RIGHT_MAX: usize = 3_000;

/// To which handheld, in which sign-in, a right is given: the handheld's present incarnation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize)]
#[cbor(array)]
pub struct Holder {
    /// The handheld.
    #[n(0)]
    pub device: DeviceId,
    /// The sign-in. A cloned or rolled back handheld loses it at its next refresh, because the hub sees a refresh token twice.
    #[n(1)]
    pub session: SessionId,
}

/// A right, given to an associate ([`crate::notices::Subject::Associate`]). Key: [`contact_right_key`] or [`gesture_right_key`].
/// Frozen since database schema 2.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum RightBody {
    /// To contact each of these customers once within the slot.
    #[n(0)]
    Contact {
        /// To which handheld.
        #[n(0)]
        holder: Holder,
        /// The slot.
        #[n(1)]
        slot: Slot,
        /// Whom; ascending.
        #[n(2)]
        customers: Vec<CustomerId>,
    },
    /// To spend on gestures within a day.
    #[n(1)]
    Gesture {
        /// To which handheld.
        #[n(0)]
        holder: Holder,
        /// From which shop's pool.
        #[n(1)]
        shop: ShopId,
        /// The shop's day.
        #[n(2)]
        day: Slot,
        /// How much, in minor units.
        #[n(3)]
        amount_minor: i64,
        /// Of which currency, where the shop's is known.
        #[n(4)]
        currency: Option<Currency>,
    },
}

impl NoticeBody for RightBody {
    const KIND: NoticeKind = NoticeKind::Right;
}

/// The key of a notice of contact rights; `part` tells several of one slot apart. It does not name the sign-in, so that the next one
/// on the same handheld takes the same slots over, with their marks.
#[must_use]
pub fn contact_right_key(device: DeviceId, slot: Slot, part: usize) -> String {
    format!("contact/{device}/{}-{}/{part}", slot.from.0, slot.until.0)
}

/// The key of the notice of a gesture right.
#[must_use]
pub fn gesture_right_key(device: DeviceId, day: Slot) -> String {
    format!("gesture/{device}/{}", day.from.0)
}

/// The key of the notice of a gesture right that an associate has after others of that day: on another handheld, of what was left.
#[must_use]
pub fn later_gesture_right_key(device: DeviceId, day: Slot, part: u32) -> String {
    match part {
        0 => gesture_right_key(device, day),
        part => format!("{}/{part}", gesture_right_key(device, day)),
    }
}

/// What the guard asks for a right.
#[derive(Debug, Clone, Copy)]
pub enum Rights<'a> {
    /// On a handheld: the rights it holds for the associate who looks.
    Handheld(&'a Held),
    /// On the hub: the slots that others hold for this customer and have not spent, as far as is known: a spent one is a contact.
    Hub(&'a [Slot]),
}

/// The local day around a moment, where the clock is so many minutes ahead.
#[must_use]
pub fn local_day(now: Timestamp, minutes_ahead: i32) -> Slot {
    let ahead_ms = i64::from(minutes_ahead) * 60_000;
    let day = now.plus_ms(ahead_ms).days();
    let from = Timestamp(day * Timestamp::DAY_MS - ahead_ms);
    Slot {
        from,
        until: from.plus_ms(Timestamp::DAY_MS),
    }
}

#[cfg(test)]
mod tests;
