//! Moments and days as people read them: how long ago in words, with the exact moment in UTC behind it.

use maud::{Markup, html};
use sync_core::ids::Timestamp;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// A moment, told from `now`.
pub(super) fn moment(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(iso(at)) title=(iso(at)) { (told(at, now)) } }
}

/// A day since 1970.
pub(super) fn day(days: i64) -> Markup {
    let day = date(days);
    html! { time datetime=(day) { (day) } }
}

fn told(at: Timestamp, now: Timestamp) -> String {
    let ms = now.0.saturating_sub(at.0);
    let (span, is_past) = (ms.saturating_abs(), ms >= 0);
    if span < MINUTE_MS {
        return "now".to_owned();
    }
    let (count, unit) = match span {
        // A code that works for ten minutes should not begin with nine.
        ..HOUR_MS if !is_past => (
            span.div_euclid(MINUTE_MS) + i64::from(span % MINUTE_MS > 0),
            "min",
        ),
        ..HOUR_MS => (span / MINUTE_MS, "min"),
        HOUR_MS..Timestamp::DAY_MS => (span / HOUR_MS, "h"),
        _ => {
            let days = span / Timestamp::DAY_MS;
            (days, if days == 1 { "day" } else { "days" })
        }
    };
    if is_past {
        format!("{count} {unit} ago")
    } else {
        format!("in {count} {unit}")
    }
}

/// A moment as ISO 8601 has it, to the minute, in UTC.
pub(super) fn iso(at: Timestamp) -> String {
    let minutes = at.0.div_euclid(MINUTE_MS).rem_euclid(24 * 60);
    let (hour, minute) = (minutes / 60, minutes % 60);
    format!("{}T{hour:02}:{minute:02}Z", date(at.days()))
}

/// A day since 1970 in the civil calendar, by counting 400-year cycles from the first of March of the year 0.
pub(super) fn date(days: i64) -> String {
    let shifted = days.saturating_add(719_468);
    let cycle = shifted.div_euclid(146_097);
    let of_cycle = shifted.rem_euclid(146_097);
    let year_of_cycle =
        (of_cycle - of_cycle / 1_460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let march_based = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_based + 2) / 5 + 1;
    let month = if march_based < 10 {
        march_based + 3
    } else {
        march_based - 9
    };
    let year = year_of_cycle + cycle * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_its_civil_date() {
        for (days, expected) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_833, "2027-01-15"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(date(days), expected);
        }
    }

    #[test]
    fn a_moment_is_told_in_the_largest_unit_that_fits() {
        let now = Timestamp(1_800_000_000_000);
        for (before_ms, expected) in [
            (0, "now"),
            (MINUTE_MS - 1, "now"),
            (MINUTE_MS, "1 min ago"),
            (HOUR_MS * 5, "5 h ago"),
            (Timestamp::DAY_MS, "1 day ago"),
            (Timestamp::DAY_MS * 40, "40 days ago"),
            (-HOUR_MS * 2, "in 2 h"),
            (1 - 10 * MINUTE_MS, "in 10 min"),
            (i64::MIN, "in 20827 days"),
        ] {
            let at = Timestamp(now.0.saturating_sub(before_ms));
            let told = told(at, now);
            if before_ms == i64::MIN {
                assert!(told.starts_with("in "), "a clock far ahead breaks nothing");
            } else {
                assert_eq!(told, expected);
            }
        }
        assert_eq!(iso(now), "2027-01-15T08:00Z");
    }
}
