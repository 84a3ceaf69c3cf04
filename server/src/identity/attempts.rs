//! Limits on wrong passwords: per name and place, and per place.
//!
//! A *place* is a handheld or, at the back office, a network address. Names are counted whether or not somebody has them,
//! so that being locked out does not tell who works here.
//! Counts live in memory: a restart forgives them, and only the operator can restart.

use std::collections::BTreeMap;
use std::net::IpAddr;

use sync_core::crypto::sha256;
use sync_core::ids::{DeviceId, Hash32, Timestamp};

/// Wrong tries of one name at one place before it must wait.
const NAME_TRIES_MAX: u32 = 5;
/// How long it must wait, milliseconds.
const NAME_WAIT_MS: i64 = 15 * 60_000;
/// Wrong tries at one place, over all names, before it must wait.
const PLACE_TRIES_MAX: u32 = 20;
/// How long it must wait, and how long tries at a place are counted, milliseconds.
const PLACE_WAIT_MS: i64 = 60 * 60_000;
/// Counters kept. Beyond it the one that was touched longest ago is forgotten.
const COUNTERS_MAX: usize = 20_000;

/// Where a sign-in is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// An enrolled handheld, which proved its key.
    Device(DeviceId),
    /// Anywhere else, by network address.
    Address(IpAddr),
}

impl Place {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Device(device) => device.as_bytes().to_vec(),
            Self::Address(IpAddr::V4(address)) => address.octets().to_vec(),
            // One household or attacker has a whole /64.
            Self::Address(IpAddr::V6(address)) => address.octets().into_iter().take(8).collect(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Counter {
    tries: u32,
    /// When counting began, then, once locked, when locking began.
    since: Timestamp,
    touched: Timestamp,
}

/// All counters.
#[derive(Debug, Default)]
pub struct Attempts {
    counters: BTreeMap<Hash32, Counter>,
}

impl Attempts {
    /// Counts a try before its password is checked, so that tries side by side can't slip through together.
    ///
    /// # Errors
    /// The moment from which another try is allowed.
    pub fn begin(&mut self, login: &str, place: Place, now: Timestamp) -> Result<(), Timestamp> {
        let (by_name, by_place) = keys(login, place);
        let waits = [
            self.wait(by_name, NAME_TRIES_MAX, NAME_WAIT_MS, now),
            self.wait(by_place, PLACE_TRIES_MAX, PLACE_WAIT_MS, now),
        ];
        if let Some(until) = waits.into_iter().flatten().max() {
            return Err(until);
        }
        self.count(by_name, NAME_TRIES_MAX, now);
        self.count(by_place, PLACE_TRIES_MAX, now);
        self.forget_oldest();
        Ok(())
    }

    /// The try was right: it no longer counts, and neither do this name's wrong ones before it.
    pub fn succeeded(&mut self, login: &str, place: Place) {
        let (by_name, by_place) = keys(login, place);
        self.counters.remove(&by_name);
        if let Some(counter) = self.counters.get_mut(&by_place) {
            counter.tries = counter.tries.saturating_sub(1);
        }
    }

    /// Until when this counter locks; an old count is forgotten.
    fn wait(
        &mut self,
        key: Hash32,
        tries_max: u32,
        wait_ms: i64,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let counter = self.counters.get(&key)?;
        let until = counter.since.plus_ms(wait_ms);
        if until <= now {
            self.counters.remove(&key);
            return None;
        }
        (counter.tries >= tries_max).then_some(until)
    }

    fn count(&mut self, key: Hash32, tries_max: u32, now: Timestamp) {
        let counter = self.counters.entry(key).or_insert(Counter {
            tries: 0,
            since: now,
            touched: now,
        });
        counter.tries += 1;
        counter.touched = now;
        if counter.tries >= tries_max {
            counter.since = now;
        }
    }

    fn forget_oldest(&mut self) {
        while self.counters.len() > COUNTERS_MAX {
            let oldest = self
                .counters
                .iter()
                .min_by_key(|(_, counter)| counter.touched);
            let Some(key) = oldest.map(|(key, _)| *key) else {
                return;
            };
            self.counters.remove(&key);
        }
    }
}

fn keys(login: &str, place: Place) -> (Hash32, Hash32) {
    let place = place.bytes();
    (
        sha256("tries.name.v1", &[login.as_bytes(), &place]),
        sha256("tries.place.v1", &[&place]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_800_000_000_000);
    const HERE: Place = Place::Device(DeviceId([1; 8]));
    const THERE: Place = Place::Device(DeviceId([2; 8]));

    #[test]
    fn the_sixth_wrong_try_waits_a_quarter_of_an_hour() {
        let mut attempts = Attempts::default();
        for second in 0..5 {
            assert_eq!(
                attempts.begin("ana", HERE, START.plus_ms(second * 1_000)),
                Ok(())
            );
        }
        let until = START.plus_ms(4_000 + NAME_WAIT_MS);
        assert_eq!(
            attempts.begin("ana", HERE, START.plus_ms(5_000)),
            Err(until)
        );
        assert_eq!(
            attempts.begin("ana", THERE, START),
            Ok(()),
            "another handheld"
        );
        assert_eq!(attempts.begin("ben", HERE, START), Ok(()), "another name");
        assert_eq!(attempts.begin("ana", HERE, until.plus_ms(-1)), Err(until));
        assert_eq!(attempts.begin("ana", HERE, until), Ok(()));
    }

    #[test]
    fn a_right_try_forgives_the_wrong_ones_before_it() {
        let mut attempts = Attempts::default();
        for _ in 0..20 {
            for _ in 0..4 {
                assert_eq!(attempts.begin("ana", HERE, START), Ok(()));
                attempts.succeeded("ana", HERE);
            }
        }
        assert_eq!(attempts.begin("ana", HERE, START), Ok(()));
    }

    #[test]
    fn many_names_from_one_place_wait_too() {
        let mut attempts = Attempts::default();
        for name in 0..20 {
            assert_eq!(attempts.begin(&name.to_string(), HERE, START), Ok(()));
        }
        let until = START.plus_ms(PLACE_WAIT_MS);
        assert_eq!(attempts.begin("new", HERE, START), Err(until));
        assert_eq!(attempts.begin("new", THERE, START), Ok(()));
        assert_eq!(attempts.begin("new", HERE, until), Ok(()));
    }

    #[test]
    fn counters_are_bounded() {
        let mut attempts = Attempts::default();
        for n in 0..30_000_u64 {
            let place = Place::Device(DeviceId(n.to_be_bytes()));
            assert_eq!(attempts.begin("ana", place, START.plus_ms(1)), Ok(()));
            if attempts.counters.len() >= COUNTERS_MAX {
                break;
            }
        }
        let place = Place::Device(DeviceId([9; 8]));
        assert_eq!(attempts.begin("ana", place, START.plus_ms(2)), Ok(()));
        assert!(attempts.counters.len() <= COUNTERS_MAX);
    }
}
