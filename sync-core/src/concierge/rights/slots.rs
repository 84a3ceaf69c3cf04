//! Slots in time, and how far apart they must lie.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::ids::Timestamp;

/// A span of time, `from <= t < until`; a contact that happened is a slot of no length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize)]
#[cbor(array)]
pub struct Slot {
    /// When it begins.
    #[n(0)]
    pub from: Timestamp,
    /// When it is over.
    #[n(1)]
    pub until: Timestamp,
}

impl Slot {
    /// A contact that happened.
    #[must_use]
    pub fn moment(at: Timestamp) -> Self {
        Self {
            from: at,
            until: at,
        }
    }

    /// Whether a moment lies in it.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

/// Whether one contact in each of the slots, each at its worst moment, keeps every cap (`count` within `window_ms`).
///
/// For a cap of `n`, of any `n + 1` slots the one that begins last must begin a whole window after one of the others is over.
#[must_use]
pub fn fits(taken: &[Slot], wanted: Slot, caps: &[(usize, i64)]) -> bool {
    let mut slots = taken.to_vec();
    slots.push(wanted);
    slots.sort_unstable();
    caps.iter().all(|(count, window)| {
        let mut ends: Vec<Timestamp> = Vec::with_capacity(slots.len());
        slots.iter().all(|slot| {
            let nth_latest = ends.len().checked_sub(*count).and_then(|at| ends.get(at));
            let keeps = nth_latest.is_none_or(|end| end.plus_ms(*window) <= slot.from);
            let place = ends.partition_point(|end| *end <= slot.until);
            ends.insert(place, slot.until);
            keeps
        })
    })
}

/// The first moment from `now` on at which one more contact fits.
#[must_use]
pub fn earliest(taken: &[Slot], now: Timestamp, caps: &[(usize, i64)]) -> Timestamp {
    let after = |slot: &Slot| {
        caps.iter()
            .map(|(_, window)| slot.until.plus_ms(*window))
            .collect()
    };
    let mut moments: Vec<Timestamp> = taken
        .iter()
        .flat_map(|slot| -> Vec<_> { after(slot) })
        .collect();
    moments.push(now);
    moments.retain(|at| *at >= now);
    moments.sort_unstable();
    moments.dedup();
    let last = moments.last().copied().unwrap_or(now);
    let found = moments
        .into_iter()
        .find(|at| fits(taken, Slot::moment(*at), caps));
    // After the last slot and the longest window everything fits.
    found.unwrap_or(last)
}

/// What a slot is looked for within.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The local day to begin with.
    pub today: Slot,
    /// How many days from today it may begin in at the latest.
    pub days_ahead: u32,
    /// How many days it lasts at most.
    pub days: u32,
}

/// The next slot of whole days that can be given, the longest possible; nothing when none begins soon enough.
#[must_use]
pub fn next_slot(taken: &[Slot], wanted: Wanted, caps: &[(usize, i64)]) -> Option<Slot> {
    let day = |ahead: u32| {
        wanted
            .today
            .from
            .plus_ms(i64::from(ahead) * Timestamp::DAY_MS)
    };
    let slot = |first: u32, days: u32| Slot {
        from: day(first),
        until: day(first + days),
    };
    let first = (0..=wanted.days_ahead).find(|first| fits(taken, slot(*first, 1), caps))?;
    let mut longest = slot(first, 1);
    for days in 2..=wanted.days {
        let longer = slot(first, days);
        if !fits(taken, longer, caps) {
            break;
        }
        longest = longer;
    }
    Some(longest)
}

/// Slots that were given, as far as they still stand in the way: one whose contact is known counts as that contact.
#[must_use]
pub fn settled(given: &[Slot], contacts: &[Timestamp]) -> Vec<Slot> {
    let became = |slot: &Slot| {
        let first = contacts.iter().filter(|at| slot.holds(**at)).min();
        first.map_or(*slot, |at| Slot::moment(*at))
    };
    given.iter().map(became).collect()
}
