//! Gestures: a shop's pool of a day, split into rights, each spent by one associate on one handheld.

use super::held::Held;
use crate::ids::{CustomerId, ShopId, Timestamp};
use crate::records::Currency;

/// How much of the pool a new right gets: no more than wanted, no more than is left. Never negative.
#[must_use]
pub fn allot(
    pool_minor: i64,
    given_minor: impl IntoIterator<Item = i64>,
    wanted_minor: i64,
) -> i64 {
    let given = given_minor
        .into_iter()
        .fold(0_i64, |sum, minor| sum.saturating_add(minor.max(0)));
    wanted_minor.min(pool_minor.saturating_sub(given)).max(0)
}

/// A gesture that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gesture {
    /// For whom.
    pub customer: CustomerId,
    /// Why: every gesture is accounted for.
    pub reason: String,
    /// What it costs, in minor units.
    pub amount_minor: i64,
    /// In which currency, where it is said.
    pub currency: Option<Currency>,
    /// Where.
    pub shop: ShopId,
}

/// What a gesture was spent from: goes into the interaction that records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GestureSpend {
    /// For whom.
    pub customer: CustomerId,
    /// Why.
    pub reason: String,
    /// The cost in minor units and the key of the right: `spent` of the interaction.
    pub spent: (i64, String),
    /// What is left of the right afterwards, in minor units.
    pub left_minor: i64,
}

/// Why a gesture can't be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GestureError {
    /// No reason.
    #[error("say why: every gesture needs a reason")]
    NoReason,
    /// Nothing, or less than nothing.
    #[error("the cost must be more than zero")]
    NotPositive,
    /// This handheld holds no right of today for this shop and currency.
    #[error("no gesture right of today is on this handheld: connect to the hub to get one")]
    NoRight,
    /// More than is left.
    #[error(
        "{left_minor} minor units are left today, the gesture costs {asked_minor}: choose a smaller one or ask the manager"
    )]
    TooMuch {
        /// What it costs.
        asked_minor: i64,
        /// What is left.
        left_minor: i64,
    },
}

/// Spends from the right of today. The handheld keeps [`Held::marks`] in the transaction that records the gesture.
///
/// # Errors
/// [`GestureError`] says what to do.
pub fn spend(
    held: &mut Held,
    gesture: &Gesture,
    now: Timestamp,
) -> Result<GestureSpend, GestureError> {
    let asked_minor = gesture.amount_minor;
    if gesture.reason.trim().is_empty() {
        return Err(GestureError::NoReason);
    }
    if asked_minor <= 0 {
        return Err(GestureError::NotPositive);
    }
    let mut best = None;
    for right in &held.gestures {
        let is_other = right
            .currency
            .zip(gesture.currency)
            .is_some_and(|(one, other)| one != other);
        let is_of_here = right.shop == gesture.shop && !is_other;
        if is_of_here && right.day.holds(now) {
            let spent = held.marks.spent_minor.get(&right.key).copied().unwrap_or(0);
            let left = right.amount_minor.saturating_sub(spent).max(0);
            best = best.max(Some((left, right.key.clone())));
        }
    }
    let (left_minor, key) = best.ok_or(GestureError::NoRight)?;
    if asked_minor > left_minor {
        return Err(GestureError::TooMuch {
            asked_minor,
            left_minor,
        });
    }
    *held.marks.spent_minor.entry(key.clone()).or_default() += asked_minor;
    Ok(GestureSpend {
        customer: gesture.customer,
        reason: gesture.reason.trim().to_owned(),
        spent: (asked_minor, key),
        left_minor: left_minor - asked_minor,
    })
}

impl Held {
    /// What is left to spend on gestures at a moment, in minor units, with the currency.
    #[must_use]
    pub fn gestures_left(&self, shop: ShopId, now: Timestamp) -> Vec<(i64, Option<Currency>)> {
        let mine = self
            .gestures
            .iter()
            .filter(|right| right.shop == shop && right.day.holds(now));
        mine.map(|right| {
            let spent = self.marks.spent_minor.get(&right.key).copied().unwrap_or(0);
            (
                right.amount_minor.saturating_sub(spent).max(0),
                right.currency,
            )
        })
        .collect()
    }

    /// What was spent, for keeping.
    #[must_use]
    pub fn marks(&self) -> &super::Marks {
        &self.marks
    }
}
