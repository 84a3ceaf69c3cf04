//! Days of the civil calendar, by their number since 1970-01-01.

/// Days from 1970-01-01 to the first of January of a year.
fn year_start(year: i64) -> i64 {
    let before = year - 1;
    let leaps = |year: i64| year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * (year - 1970) + leaps(before) - leaps(1969)
}

fn is_leap(year: i64) -> bool {
    year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
}

/// The year that a day is in; years beyond the ten thousandth either way count as that.
#[must_use]
pub fn year_of(day: i64) -> i64 {
    let day = day.clamp(year_start(-10_000), year_start(10_000));
    let mut year = 1970 + day.div_euclid(366);
    while year_start(year + 1) <= day {
        year += 1;
    }
    while year_start(year) > day {
        year -= 1;
    }
    year
}

/// The number of a day; a 29 February stands for the 28th in other years. None for a day that no year has.
#[must_use]
pub fn day_of(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(-10_000..=10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day)
    {
        return None;
    }
    let length = |month| match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(is_leap(year)),
        _ => 31,
    };
    if day > length(month).max(if month == 2 { 29 } else { 0 }) {
        return None;
    }
    let before: i64 = (1..month).map(length).sum();
    Some(year_start(year) + before + day.min(length(month)) - 1)
}

/// The ISO year and week that a day is in.
#[must_use]
pub fn iso_week(day: i64) -> (i64, i64) {
    // 1970-01-01 was a Thursday, and a week belongs to the year of its Thursday.
    let thursday = day - (day + 3).rem_euclid(7) + 3;
    let year = year_of(thursday);
    (year, (thursday - year_start(year)).div_euclid(7) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_weeks_are_those_of_the_calendar() {
        assert_eq!(day_of(1970, 1, 1), Some(0));
        assert_eq!(day_of(2024, 2, 29), Some(19_782));
        assert_eq!(day_of(2025, 2, 29), day_of(2025, 2, 28));
        assert_eq!(day_of(2025, 4, 31), None);
        assert_eq!(day_of(2025, 13, 1), None);
        for day in (-800_000..800_000).step_by(97) {
            let year = year_of(day);
            assert!(day_of(year, 1, 1).unwrap() <= day && day <= day_of(year, 12, 31).unwrap());
        }
        let week = |year, month, day| iso_week(day_of(year, month, day).unwrap());
        assert_eq!(week(2026, 1, 1), (2026, 1));
        assert_eq!(week(2027, 1, 3), (2026, 53));
        assert_eq!(week(2027, 1, 4), (2027, 1));
        assert_eq!(week(2024, 12, 30), (2025, 1));
        assert_eq!(week(1970, 1, 1), (1970, 1));
        assert!(year_of(i64::MAX) >= 9_999 && year_of(i64::MIN) <= -9_999);
    }
}
