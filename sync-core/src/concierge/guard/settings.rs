//! The bounds of the guard and of the hub's desk: a notice that a manager edits, and what counts where nobody did.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::ids::Timestamp;
use crate::notices::{NoticeBody, NoticeKind};

/// Milliseconds of an hour.
pub(crate) const HOUR_MS: i64 = 3_600_000;

/// The bounds of a chain ([`crate::notices::Subject::Chain`], key empty). Encoded as a CBOR array; frozen since database schema 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(array)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Minute of the customer's day at which calling may begin.
    #[n(0)]
    pub day_begins_minute: u32,
    /// Minute of the customer's day at which it ends.
    #[n(1)]
    pub day_ends_minute: u32,
    /// Contacts within 24 hours, over all channels, associates and shops.
    #[n(2)]
    pub contacts_per_day: u32,
    /// Contacts within 7 days.
    #[n(3)]
    pub contacts_per_week: u32,
    /// Hours for which something the customer began may be answered.
    #[n(4)]
    pub reply_hours: u32,
    /// Days in which the same content is not sent again.
    #[n(5)]
    pub duplicate_days: u32,
    /// Hours after which a replica is too old for contacting somebody unasked.
    #[n(6)]
    pub replica_hours: u32,
    /// Days that a right to contact somebody lasts at most.
    #[n(7)]
    pub right_days: u32,
    /// What an associate may spend on gestures in a day, in minor units.
    #[n(8)]
    pub gesture_day_minor: i64,
    /// What the gestures of a shop may cost in a day, in minor units.
    #[n(9)]
    pub gesture_pool_minor: i64,
    /// Days after which a message that still waits is not sent any more.
    #[n(10)]
    pub message_days: u32,
    /// Minutes that an appointment takes.
    #[n(11)]
    pub appointment_minutes: u32,
    /// Hours for which an article is kept when nobody said until when.
    #[n(12)]
    pub reservation_hours: u32,
}

impl Default for Settings {
    /// 09:00 to 19:00, one contact a day and two a week, replies for 72 hours, no content twice in 90 days, replicas of 24 hours,
    /// rights of 5 days, gestures of 50.00 for each associate and 500.00 for each shop a day.
    fn default() -> Self {
        Self {
            day_begins_minute: 9 * 60,
            day_ends_minute: 19 * 60,
            contacts_per_day: 1,
            contacts_per_week: 2,
            reply_hours: 72,
            duplicate_days: 90,
            replica_hours: 24,
            right_days: 5,
            gesture_day_minor: 5_000,
            gesture_pool_minor: 50_000,
            message_days: 7,
            appointment_minutes: 60,
            reservation_hours: 48,
        }
    }
}

impl NoticeBody for Settings {
    const KIND: NoticeKind = NoticeKind::Settings;
}

/// A setting that can't stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {found} is not possible, expected {expected}")]
pub struct SettingsProblem {
    /// Which.
    pub field: &'static str,
    /// What it says.
    pub found: i64,
    /// What it may say.
    pub expected: String,
}

impl Settings {
    /// Everything that is wrong with these bounds; empty when they can stand.
    #[must_use]
    pub fn problems(&self) -> Vec<SettingsProblem> {
        let mut problems = Vec::new();
        let mut within = |field, found: i64, least: i64, most: i64| {
            if !(least..=most).contains(&found) {
                problems.push(SettingsProblem {
                    field,
                    found,
                    expected: format!("{least} to {most}"),
                });
            }
        };
        let ends = i64::from(self.day_ends_minute);
        let day = i64::from(self.contacts_per_day);
        let last_begin = ends.saturating_sub(60).max(0);
        within(
            "day_begins_minute",
            self.day_begins_minute.into(),
            0,
            last_begin,
        );
        within("day_ends_minute", ends, 60, 24 * 60);
        within("contacts_per_day", day, 1, 3);
        within("contacts_per_week", self.contacts_per_week.into(), day, 7);
        within("reply_hours", self.reply_hours.into(), 1, 7 * 24);
        within("duplicate_days", self.duplicate_days.into(), 1, 365);
        within("replica_hours", self.replica_hours.into(), 1, 72);
        within("right_days", self.right_days.into(), 1, 7);
        let pool = self.gesture_pool_minor;
        within("gesture_pool_minor", pool, 0, 1_000_000_000);
        within("gesture_day_minor", self.gesture_day_minor, 0, pool.max(0));
        within("message_days", self.message_days.into(), 1, 30);
        within(
            "appointment_minutes",
            self.appointment_minutes.into(),
            10,
            8 * 60,
        );
        within(
            "reservation_hours",
            self.reservation_hours.into(),
            1,
            14 * 24,
        );
        problems
    }

    /// The caps: how many contacts within how many milliseconds.
    #[must_use]
    pub fn caps(&self) -> [(usize, i64); 2] {
        let count = |contacts| usize::try_from(contacts).unwrap_or(usize::MAX);
        [
            (count(self.contacts_per_day), Timestamp::DAY_MS),
            (count(self.contacts_per_week), 7 * Timestamp::DAY_MS),
        ]
    }

    pub(crate) fn reply_ms(&self) -> i64 {
        i64::from(self.reply_hours) * HOUR_MS
    }

    pub(crate) fn replica_ms(&self) -> i64 {
        i64::from(self.replica_hours) * HOUR_MS
    }

    pub(crate) fn duplicate_ms(&self) -> i64 {
        i64::from(self.duplicate_days) * Timestamp::DAY_MS
    }

    /// Milliseconds after which a message that still waits is not sent any more.
    #[must_use]
    pub fn message_ms(&self) -> i64 {
        i64::from(self.message_days) * Timestamp::DAY_MS
    }
}
