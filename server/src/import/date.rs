//! Dates and times as files write them, read strictly: a date that does not exist is an error, never another date.

use sync_core::ids::Timestamp;
use sync_core::records::SoldAt;

/// Days since 1970-01-01 of a date of the Gregorian calendar; `None` when there is no such date. Years 1850 to 9999.
#[must_use]
pub fn days(year: i32, month: u32, day: u32) -> Option<i32> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1850..=9999).contains(&year) || !(1..=length).contains(&day) {
        return None;
    }
    // Years begin in March here, so that the leap day is the last of its year.
    let (month, day) = (i32::try_from(month).ok()?, i32::try_from(day).ok()?);
    let shifted = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let leap_days = shifted / 4 - shifted / 100 + shifted / 400;
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    Some(shifted * 365 + leap_days + day_of_year - 719_468)
}

/// Year, month and day of `YYYY-MM-DD`.
#[must_use]
pub fn parse_date(text: &str) -> Option<(i32, u32, u32)> {
    let mut parts = text.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)?;
    let day = digits(parts.next()?, 2)?;
    if parts.next().is_some() {
        return None;
    }
    let year = i32::try_from(year).ok()?;
    days(year, month, day).map(|_| (year, month, day))
}

/// The day of `YYYYMMDD`.
#[must_use]
pub fn parse_compact_day(text: &str) -> Option<i32> {
    let (year, rest) = text.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    let year = i32::try_from(digits(year, 4)?).ok()?;
    days(year, digits(month, 2)?, digits(day, 2)?)
}

/// A day (`YYYY-MM-DD`) or a moment (`YYYY-MM-DDTHH:MM[:SS[.fff]]` with `Z` or `±HH:MM`).
#[must_use]
pub fn parse_sold_at(text: &str) -> Option<SoldAt> {
    if let Some((year, month, day)) = parse_date(text) {
        return days(year, month, day).map(SoldAt::Day);
    }
    parse_moment(text).map(SoldAt::Moment)
}

/// A moment: `YYYY-MM-DDTHH:MM[:SS[.fff]]` with `Z` or `±HH:MM`.
#[must_use]
pub fn parse_moment(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once(['T', ' '])?;
    let (year, month, day) = parse_date(date)?;
    let day = i64::from(days(year, month, day)?);
    let (time, offset_min) = split_zone(time)?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut parts = clock.split(':');
    let hour = digits(parts.next()?, 2)?;
    let minute = digits(parts.next()?, 2)?;
    let second = parts.next().map_or(Some(0), |part| digits(part, 2))?;
    let is_time = parts.next().is_none() && hour < 24 && minute < 60 && second < 60;
    let is_fraction = fraction.len() <= 9 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !is_time || !is_fraction || (fraction.is_empty() && time.contains('.')) {
        return None;
    }
    let millis: String = fraction.chars().chain("000".chars()).take(3).collect();
    let minutes = i64::from(hour) * 60 + i64::from(minute) - offset_min;
    let seconds = minutes * 60 + i64::from(second);
    let ms = day * Timestamp::DAY_MS + seconds * 1_000 + i64::from(digits(&millis, 3)?);
    Some(Timestamp(ms))
}

/// A time without its zone, and the zone in minutes east.
fn split_zone(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix('Z') {
        return Some((time, 0));
    }
    let at = time.rfind(['+', '-'])?;
    let (time, zone) = time.split_at_checked(at)?;
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    let offset = i64::from(hours * 60 + minutes);
    Some((
        time,
        if zone.starts_with('-') {
            -offset
        } else {
            offset
        },
    ))
}

fn digits(text: &str, len: usize) -> Option<u32> {
    let is_number = text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_day_or_nothing() {
        for (text, day) in [
            ("1970-01-01", Some(0)),
            ("1969-12-31", Some(-1)),
            ("2000-02-29", Some(11_016)),
            ("1997-01-01", Some(9_862)),
            ("2100-03-01", Some(47_541)),
            ("1900-02-29", None),
            ("2026-02-30", None),
            ("2026-13-01", None),
            ("2026-00-10", None),
            ("2026-1-1", None),
            ("01/02/2026", None),
            ("2026-01-01-01", None),
            ("", None),
        ] {
            let found = parse_date(text).and_then(|(year, month, day)| days(year, month, day));
            assert_eq!(found, day, "{text}");
        }
        assert_eq!(parse_compact_day("19970101"), Some(9_862));
        for bad in ["199701", "19971301", "1997010x", "é9970101"] {
            assert_eq!(parse_compact_day(bad), None, "{bad}");
        }
    }

    #[test]
    fn days_follow_one_another_without_a_gap() {
        let mut expected = days(1850, 1, 1).unwrap();
        for year in 1850..2150 {
            for month in 1..=12 {
                for day in 1..=31 {
                    if let Some(found) = days(year, month, day) {
                        assert_eq!(found, expected);
                        expected += 1;
                    }
                }
            }
        }
    }

    #[test]
    fn a_moment_needs_its_zone() {
        let moment = |text| parse_sold_at(text);
        let at = |ms| Some(SoldAt::Moment(Timestamp(ms)));
        assert_eq!(moment("1970-01-02T00:00:00Z"), at(86_400_000));
        assert_eq!(moment("1970-01-01T01:30:00.250+01:00"), at(1_800_250));
        assert_eq!(moment("1970-01-01 00:00-00:30"), at(1_800_000));
        for bad in [
            "1970-01-01T00:00:00",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:60:00Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00+25:00",
            "1970-01-01T",
            "T00:00Z",
        ] {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }
}
