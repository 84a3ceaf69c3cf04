//! What a telephone number tells of the clock its owner lives by, where the country leaves no doubt.
//!
//! Listed are countries whose every clock is one of those given, by rules that need no table of past decisions: no summer time at all, or
//! that of the European Union (directive 2000/84/EC, kept by its neighbors too).
//! A country that is not listed tells nothing: too many zones, or a summer time that is decided from year to year.
//!
//! # Invariants
//! - Knowing a zone can only close an hour that the shop's clock leaves open, so a list that has grown old never permits what was held.
//! - No prefix begins another one.

use crate::concierge::calendar::{MINUTE_MS, last_sunday, year_of};
use crate::ids::Timestamp;

const HOUR_MS: i64 = 60 * MINUTE_MS;
const MARCH: i64 = 3;
const OCTOBER: i64 = 10;

/// A clock of a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Zone {
    /// Minutes ahead of UTC, in winter where there is a summer time.
    ahead: i64,
    /// Whether Europe's summer time counts.
    has_summer: bool,
}

impl Zone {
    /// Minutes ahead of UTC at a moment.
    pub(super) fn minutes_ahead(self, at: Timestamp) -> i64 {
        self.ahead + i64::from(self.has_summer && is_summer(at)) * 60
    }
}

/// From the last Sunday of March to that of October, each time at 01:00 UTC in every zone.
fn is_summer(at: Timestamp) -> bool {
    let year = year_of(at.days());
    let turns = |month| last_sunday(year, month) * Timestamp::DAY_MS + HOUR_MS;
    (turns(MARCH)..turns(OCTOBER)).contains(&at.0)
}

const fn all_year(ahead: i64) -> Zone {
    Zone {
        ahead,
        has_summer: false,
    }
}

const fn europe(ahead: i64) -> Zone {
    Zone {
        ahead,
        has_summer: true,
    }
}

const WEST: &[Zone] = &[europe(0)];
const MIDDLE: &[Zone] = &[europe(60)];
const EAST: &[Zone] = &[europe(120)];

/// Country prefixes of E.164, with every clock of the country.
static COUNTRIES: &[(&str, &[Zone])] = &[
    ("+221", &[all_year(0)]),
    ("+225", &[all_year(0)]),
    ("+234", &[all_year(60)]),
    ("+254", &[all_year(180)]),
    ("+27", &[all_year(120)]),
    ("+30", EAST),
    ("+31", MIDDLE),
    ("+32", MIDDLE),
    ("+33", MIDDLE),
    // With the Canary Islands.
    ("+34", &[europe(0), europe(60)]),
    // With the Azores.
    ("+351", &[europe(-60), europe(0)]),
    ("+352", MIDDLE),
    ("+353", WEST),
    ("+354", &[all_year(0)]),
    ("+356", MIDDLE),
    ("+357", EAST),
    ("+358", EAST),
    ("+359", EAST),
    ("+36", MIDDLE),
    ("+370", EAST),
    ("+371", EAST),
    ("+372", EAST),
    ("+376", MIDDLE),
    ("+377", MIDDLE),
    ("+378", MIDDLE),
    ("+385", MIDDLE),
    ("+386", MIDDLE),
    ("+39", MIDDLE),
    ("+40", EAST),
    ("+41", MIDDLE),
    ("+420", MIDDLE),
    ("+421", MIDDLE),
    ("+423", MIDDLE),
    ("+43", MIDDLE),
    ("+44", WEST),
    ("+45", MIDDLE),
    ("+46", MIDDLE),
    ("+47", MIDDLE),
    ("+48", MIDDLE),
    ("+49", MIDDLE),
    ("+60", &[all_year(480)]),
    ("+63", &[all_year(480)]),
    ("+65", &[all_year(480)]),
    ("+66", &[all_year(420)]),
    ("+81", &[all_year(540)]),
    ("+82", &[all_year(540)]),
    ("+84", &[all_year(420)]),
    ("+852", &[all_year(480)]),
    ("+853", &[all_year(480)]),
    ("+855", &[all_year(420)]),
    ("+86", &[all_year(480)]),
    ("+880", &[all_year(360)]),
    ("+886", &[all_year(480)]),
    ("+90", &[all_year(180)]),
    ("+91", &[all_year(330)]),
    ("+94", &[all_year(330)]),
    ("+965", &[all_year(180)]),
    ("+966", &[all_year(180)]),
    ("+968", &[all_year(240)]),
    ("+971", &[all_year(240)]),
    ("+973", &[all_year(180)]),
    ("+974", &[all_year(180)]),
    ("+977", &[all_year(345)]),
];

/// Every clock of the country that a number belongs to; none where that is not known.
pub(super) fn of_number(number: &str) -> &'static [Zone] {
    let mut countries = COUNTRIES.iter();
    let known = countries.find(|(prefix, _)| number.starts_with(prefix));
    known.map_or(&[], |(_, zones)| zones)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_prefix_begins_another_and_no_country_is_listed_twice() {
        assert!(COUNTRIES.is_sorted_by(|(one, _), (next, _)| one < next));
        for pair in COUNTRIES.windows(2) {
            assert!(!pair[1].0.starts_with(pair[0].0), "{pair:?}");
        }
    }

    #[test]
    fn the_summer_of_europe_begins_and_ends_at_one_in_the_morning_by_utc() {
        let [paris] = of_number("+33612345678") else {
            panic!("one clock");
        };
        // 29 March and 25 October 2026; 31 March and 27 October 2030.
        for (begins, ends) in [
            (1_774_746_000_000, 1_792_890_000_000),
            (1_901_149_200_000, 1_919_293_200_000),
        ] {
            let at = [begins - 1, begins, ends - 1, ends].map(Timestamp);
            let ahead = at.map(|at| paris.minutes_ahead(at));
            assert_eq!(ahead, [60, 120, 120, 60]);
        }
    }

    #[test]
    fn a_number_tells_every_clock_of_its_country_or_nothing() {
        let ahead = |number| -> Vec<i64> {
            let zones = of_number(number).iter();
            zones.map(|zone| zone.minutes_ahead(Timestamp(0))).collect()
        };
        assert_eq!(ahead("+81312345678"), [540]);
        assert_eq!(ahead("+34600123456"), [0, 60]);
        assert_eq!(ahead("+351912345678"), [-60, 0]);
        for untold in [
            "+12125550100",
            "+79161234567",
            "+61291234567",
            "+3",
            "",
            "x",
        ] {
            assert_eq!(ahead(untold), [0; 0], "{untold}");
        }
    }
}
