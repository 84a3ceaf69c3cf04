//! The 1 % gap: what the chain's best customers get, measured by the written standard, against what everybody else gets.
//!
//! Counted on the hub, over the whole chain; a handheld holds a part of it and can't. Each customer is one [`Contribution`], the only thing
//! that a changed card changes; [`Tally`] adds and takes away contributions; [`report`](report::report) reads the sums.
//!
//! # Invariants
//! - Whole numbers only; fractions are compared exactly and rounded once ([`exact`]).
//! - A tally that was kept up to date equals one made from nothing, whatever the order.
//! - What a customer excused, and what became void, counts neither for nor against anybody.
//! - Who belongs to the best is an input here and leaves the hub in no form.
//!
//! # Rules
//! - An obligation counts once its time is over, met ones included: good news that came early would not wait for the bad.
//! - `[now - W, now]` is looked at; a customer is active who came by or bought something in it.
//! - Spend is in the chain's currency; sales in others are counted, not converted.

pub mod contribution;
pub mod discover;
pub mod exact;
pub mod report;
pub mod snapshot;
pub mod tally;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::ids::{CustomerId, Timestamp};
use crate::records::Currency;

pub use contribution::{Contribution, ItemCount};
pub use discover::{Discovery, discover};
pub use report::{Report, report};
pub use snapshot::StandardSnapshot;
pub use tally::{Best, Sums, Tally};

/// The longest window, in days: three years.
pub const WINDOW_DAYS_MAX: u32 = 1_096;

/// What the chain calls its best customers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Order {
    /// Most spent, then most days, then the id.
    #[default]
    Spend,
    /// Most days, then known the longest, then the id.
    Loyalty,
    /// Those on the chain's own list, in its order; after them the others by spend.
    Named(BTreeMap<CustomerId, u32>),
}

/// How the gap is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Days that are looked at.
    pub window_days: u32,
    /// Who is best.
    pub order: Order,
    /// What spend is counted in.
    pub currency: Currency,
    /// The best are one in so many.
    pub one_in: u64,
    /// The best are so many at least.
    pub best_min: u64,
    /// Closed obligations of an item that each side needs for it to count.
    pub item_min: u64,
    /// Closed obligations that a customer needs to be proven.
    pub customer_min: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            window_days: 365,
            order: Order::Spend,
            currency: Currency::EUR,
            one_in: 100,
            best_min: 20,
            item_min: 20,
            customer_min: 3,
        }
    }
}

impl Settings {
    /// How many are the best of so many active customers; none where there are too few to tell.
    #[must_use]
    pub fn best_of(&self, active: u64) -> Option<u64> {
        let best = active.div_ceil(self.one_in.max(1)).max(self.best_min);
        (active >= self.best_min.saturating_mul(2)).then_some(best)
    }

    /// The window's length in milliseconds.
    #[must_use]
    pub fn window_ms(&self) -> i64 {
        i64::from(self.window_days.min(WINDOW_DAYS_MAX)) * Timestamp::DAY_MS
    }
}
