//! Days as people type them, and as they read them. A handheld app knows its time zone; the terminal counts in UTC.

use sync_core::ids::Timestamp;

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
/// A promise for a day is due when the shop closes.
const DUE_HOUR_MS: i64 = 18 * 3_600_000;

/// The day that a text begins with, and what follows it; the whole text when it begins with none.
pub(crate) fn leading(text: &str, now: Timestamp) -> (Option<Timestamp>, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    if let Some(days) = named(&word.to_lowercase(), now) {
        return (due_in(now, days), rest);
    }
    if word.eq_ignore_ascii_case("in") {
        let mut words = rest.splitn(3, char::is_whitespace);
        let count = words.next().and_then(|count| count.parse::<u16>().ok());
        let unit = words.next().unwrap_or_default();
        let length = match unit.trim_end_matches('s') {
            "day" => Some(1),
            "week" => Some(7),
            _ => None,
        };
        if let (Some(count), Some(length)) = (count, length) {
            let days = i64::from(count) * length;
            return (due_in(now, days), words.next().unwrap_or_default());
        }
    }
    match date(word) {
        Some(day) => (Some(Timestamp(day * Timestamp::DAY_MS + DUE_HOUR_MS)), rest),
        None => (None, text),
    }
}

fn due_in(now: Timestamp, days: i64) -> Option<Timestamp> {
    let day = now.days().checked_add(days)?;
    Some(Timestamp(day * Timestamp::DAY_MS + DUE_HOUR_MS))
}

/// Days from now to a day that has a name.
fn named(word: &str, now: Timestamp) -> Option<i64> {
    match word {
        "today" => return Some(0),
        "tomorrow" => return Some(1),
        _ => {}
    }
    let is_meant = |name: &&str| word.len() >= 3 && name.starts_with(word);
    let wanted = WEEKDAYS.iter().position(is_meant)?;
    let wanted = i64::try_from(wanted).ok()?;
    // 1970-01-01 was a Thursday. Today's own name means in a week.
    let today = (now.days() + 3).rem_euclid(7);
    Some(match (wanted - today).rem_euclid(7) {
        0 => 7,
        days => days,
    })
}

/// Year, if there is one, month and day of `2026-03-01` or `03-01`.
pub(crate) fn of_year(text: &str) -> Option<(Option<u16>, u8, u8)> {
    // A leap year takes every day that a year can have.
    let full = if text.matches('-').count() == 1 {
        format!("2000-{text}")
    } else {
        text.to_owned()
    };
    let (year, month, day) = calendar(date(&full)?);
    let year = (full == text).then(|| u16::try_from(year).ok()).flatten();
    Some((year, u8::try_from(month).ok()?, u8::try_from(day).ok()?))
}

/// The day number of `2026-03-01`.
fn date(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let year: i64 = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let month: i64 = parts.next()?.parse().ok()?;
    let day: i64 = parts.next()?.parse().ok()?;
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let days = days_of(year, month, day);
    (calendar(days) == (year, month, day)).then_some(days)
}

/// Days since 1970 of a date of the Gregorian calendar; years begin in March here, so that leap days come last.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day since 1970.
fn calendar(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The date of a moment.
pub(crate) fn shown(at: Timestamp) -> String {
    let (year, month, day) = calendar(at.days());
    format!("{year:04}-{month:02}-{day:02}")
}

/// The date and the time of a moment.
pub(crate) fn moment(at: Timestamp) -> String {
    let minutes = at.0.rem_euclid(Timestamp::DAY_MS) / 60_000;
    format!("{} {:02}:{:02} UTC", shown(at), minutes / 60, minutes % 60)
}

/// How long ago, in the largest unit that fits.
pub(crate) fn ago(ms: i64) -> String {
    let minutes = ms.max(0) / 60_000;
    match minutes {
        0 => "just now".to_owned(),
        1..=59 => format!("{minutes} min"),
        60..=2_879 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1_440),
    }
}
