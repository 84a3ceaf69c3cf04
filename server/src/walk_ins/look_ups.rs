//! A limit on looking for customers of the whole chain by phone number or e-mail address: whoever may do it without end can try all numbers.
//!
//! Counted for each associate, whether or not somebody was found, on whatever handheld they work.
//! Counts live in memory: a restart forgives them, and only the operator can restart.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use sync_core::ids::{AssociateId, Timestamp};

/// Look-ups of one associate within [`WINDOW_MS`]: more than can walk in.
pub const LOOK_UPS_MAX: usize = 10;
/// The time in which they are counted: a minute.
pub const WINDOW_MS: i64 = 60_000;

/// The last look-ups of everybody who looked within a minute.
#[derive(Debug, Default)]
pub struct LookUps(Mutex<BTreeMap<AssociateId, VecDeque<Timestamp>>>);

impl LookUps {
    /// Counts a look-up before it is made.
    ///
    /// # Errors
    /// The moment from which another one is allowed.
    pub fn begin(&self, associate: AssociateId, now: Timestamp) -> Result<(), Timestamp> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.plus_ms(-WINDOW_MS);
        // A clock that was set back must not lock anybody out.
        all.retain(|_, made| {
            made.retain(|at| *at > since && *at <= now);
            !made.is_empty()
        });
        let made = all.entry(associate).or_default();
        if let Some(first) = made.front().filter(|_| made.len() >= LOOK_UPS_MAX) {
            return Err(first.plus_ms(WINDOW_MS));
        }
        made.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_800_000_000_000);
    const ANA: AssociateId = AssociateId([1; 8]);
    const BEN: AssociateId = AssociateId([2; 8]);

    #[test]
    fn the_eleventh_look_up_of_a_minute_waits_until_the_first_is_a_minute_old() {
        let look_ups = LookUps::default();
        for second in 0..10 {
            let at = START.plus_ms(second * 1_000);
            assert_eq!(look_ups.begin(ANA, at), Ok(()));
        }
        let free = START.plus_ms(WINDOW_MS);
        assert_eq!(look_ups.begin(ANA, START.plus_ms(10_000)), Err(free));
        assert_eq!(look_ups.begin(BEN, START.plus_ms(10_000)), Ok(()));
        assert_eq!(look_ups.begin(ANA, free.plus_ms(-1)), Err(free));
        assert_eq!(look_ups.begin(ANA, free), Ok(()));
        let next = START.plus_ms(1_000 + WINDOW_MS);
        assert_eq!(look_ups.begin(ANA, free), Err(next));
        assert_eq!(look_ups.begin(ANA, START.plus_ms(-60_000)), Ok(()));
        let long_after = START.plus_ms(10 * WINDOW_MS);
        assert_eq!(look_ups.begin(BEN, long_after), Ok(()));
        let kept = look_ups.0.lock().unwrap().len();
        assert_eq!(kept, 1, "nobody is remembered for longer than a minute");
    }
}
