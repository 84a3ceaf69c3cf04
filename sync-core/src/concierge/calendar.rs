//! Days of the civil calendar, as far as the concierge needs them: how long until the next 14 May, which day it is in a shop.

use super::picture::{House, Picture};
use crate::card::CardView;
use crate::card::view::OccasionView;
use crate::ids::{ShopId, Timestamp};
use crate::records::SoldAt;

/// Days ahead that occasions are shown.
pub(super) const OCCASION_DAYS: i64 = 14;
/// Milliseconds of a minute.
pub(super) const MINUTE_MS: i64 = 60_000;

/// The last day that is looked at: the end of the year 9999. A clock beyond it is wrong.
const LAST_DAY: i64 = 2_932_896;

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days from 1970-01-01 to the first of January of a year from 1970 on.
fn year_start(year: i64) -> i64 {
    let leaps = |year: i64| year / 4 - year / 100 + year / 400;
    365 * (year - 1970) + leaps(year - 1) - leaps(1969)
}

fn month_days(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a day; a 29 February stands for the 28th in other years.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let months: i64 = (1..month).map(|month| month_days(year, month)).sum();
    year_start(year) + months + day.min(month_days(year, month)) - 1
}

/// The year of a day (days since 1970).
pub(super) fn year_of(day: i64) -> i64 {
    let day = day.clamp(0, LAST_DAY);
    // A year has at least 365 days, so this is the year or one after it.
    let mut year = 1970 + day / 365;
    while year_start(year) > day {
        year -= 1;
    }
    year
}

/// The last Sunday of a month, in days since 1970.
pub(super) fn last_sunday(year: i64, month: i64) -> i64 {
    let last = day_number(year, month, 31);
    // The first day of 1970 was a Thursday.
    last - (last + 4).rem_euclid(7)
}

/// How many days from `today` (days since 1970) to the next such day; none for a day that no year has.
pub(super) fn days_until(today: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let today = today.clamp(0, LAST_DAY);
    let year = year_of(today);
    let this = day_number(year, month, day) - today;
    if this >= 0 {
        Some(this)
    } else {
        Some(day_number(year + 1, month, day) - today)
    }
}

/// The day since 1970 on a shop's own calendar; UTC's where its clock is not known.
pub(super) fn day_in(house: &House, shop: ShopId, at: Timestamp) -> i64 {
    let minutes = house.minutes_ahead(shop, at).unwrap_or(0);
    at.plus_ms(i64::from(minutes) * MINUTE_MS).days()
}

impl Picture<'_> {
    /// The day since 1970 where the viewer stands.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> i64 {
        day_in(self.house, self.viewer.shop, at)
    }

    /// The present day where the viewer stands.
    #[must_use]
    pub fn today(&self) -> i64 {
        self.day(self.now)
    }

    /// The day of a sale: the till's own, or the viewer's for a moment.
    #[must_use]
    pub fn day_sold(&self, at: SoldAt) -> i64 {
        match at {
            SoldAt::Day(day) => i64::from(day),
            SoldAt::Moment(at) => self.day(at),
        }
    }
}

/// Occasions within [`OCCASION_DAYS`] that the customer does not mind marking, with the days until then; the nearest first.
pub(super) fn coming(view: &CardView, today: i64) -> Vec<(i64, &OccasionView)> {
    let days = |occasion: &OccasionView| days_until(today, occasion.month?, occasion.day?);
    let mut coming: Vec<_> = view
        .occasions
        .iter()
        .filter(|occasion| occasion.celebrate != Some(false) && !occasion.needs_confirmation)
        .filter_map(|occasion| days(occasion).map(|days| (days, occasion)))
        .filter(|(days, _)| *days <= OCCASION_DAYS)
        .collect();
    coming.sort_by_key(|(days, occasion)| (*days, &occasion.id));
    coming
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_such_day_is_counted_from_today() {
        let check = |today, month, day, days| {
            assert_eq!(days_until(today, month, day), days, "{today} {month} {day}");
        };
        check(0, 1, 1, Some(0));
        check(0, 12, 31, Some(364));
        // 2024-02-28 is day 19,781; 2024 is a leap year, 2025 is not.
        check(19_781, 2, 29, Some(1));
        check(19_782, 2, 29, Some(0));
        check(19_783, 2, 29, Some(364));
        check(19_783, 2, 28, Some(364));
        // 2026-12-31 is day 20,818.
        check(20_818, 1, 1, Some(1));
        check(20_818, 12, 31, Some(0));
        check(20_818, 13, 1, None);
        check(i64::MAX, 1, 1, Some(1));
        check(i64::MIN, 1, 1, Some(0));
    }
}
