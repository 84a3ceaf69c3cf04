//! What the hub posts of its own accord: its shops with their clocks, and who works there.
//!
//! # Invariants
//! - What says the same as before is not posted again, so that it costs a start of the hub nothing.
//! - Every shop has its book from the moment it is known, so that what the chain posts is told there too.
//!
//! # Failure
//! A post that failed is made good by the next one, at the latest when the hub starts.

use jiff::Timestamp as Moment;
use jiff::tz::TimeZone;
use sync_core::ids::Timestamp;
use sync_core::notices::bodies::{ShopBody, StaffBody};
use sync_core::notices::{self, NoticeBody, NoticeDraft, NoticeError, Subject};
use sync_core::store::{ReadTx, StoreError};

use super::{Book, EngineTx};
use crate::identity::access::Role;
use crate::identity::people;
use crate::identity::rows::{AssociateRow, ShopRow};
use crate::writer::WriteError;

/// Who says so.
const SOURCE: &str = "hub";
/// Years before this one of which a shop's clock is told: as far back as anybody looks at a visit.
const YEARS_BEFORE: i16 = 10;
/// Years after this one: a handheld that meets no hub for so long has other troubles.
const YEARS_AFTER: i16 = 5;

impl Book {
    /// Posts shops and people as they are now, for every handheld to know names and clocks. Returns how many notices were new or newer.
    ///
    /// # Errors
    /// Why nothing was kept.
    pub async fn post_house(&self) -> Result<u64, WriteError<NoticeError>> {
        self.write(post).await
    }
}

fn post(engine: &mut EngineTx<'_>) -> Result<u64, NoticeError> {
    let now = engine.now;
    let tx = engine.tx.as_read();
    let mut drafts = Vec::new();
    let (shops, associates) = people::house(tx)?;
    for (id, shop) in shops {
        engine.authority.open_book(tx, engine.batch, id)?;
        add(
            tx,
            &mut drafts,
            (&id.to_string(), now),
            &of_shop(&shop, now),
        )?;
    }
    for (id, associate) in associates {
        let body = of_associate(&associate);
        add(tx, &mut drafts, (&id.to_string(), now), &body)?;
    }
    engine.put_notices(&drafts)
}

/// Adds a draft, unless the same was posted before.
fn add<B: NoticeBody + PartialEq>(
    tx: &dyn ReadTx,
    drafts: &mut Vec<NoticeDraft>,
    (key, now): (&str, Timestamp),
    body: &B,
) -> Result<(), StoreError> {
    let posted = notices::get::<B>(tx, Subject::Chain, key)?;
    if posted.is_none_or(|(_, posted)| posted != *body) {
        drafts.push(NoticeDraft::new(Subject::Chain, key, (SOURCE, now), body));
    }
    Ok(())
}

fn of_associate(row: &AssociateRow) -> StaffBody {
    StaffBody {
        name: row.name.clone(),
        shop: row.shop,
        is_manager: row.role == Role::Manager,
        has_left: row.deactivated_at.is_some(),
    }
}

fn of_shop(row: &ShopRow, now: Timestamp) -> ShopBody {
    ShopBody {
        name: row.name.clone(),
        clock: clock(&row.time_zone, now),
        currency: None,
    }
}

/// From when on a zone's clocks are how many minutes ahead of UTC, over whole years around `now`. A zone that nobody knows keeps UTC.
fn clock(zone: &str, now: Timestamp) -> Vec<(Timestamp, i32)> {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let (Some(begin), Some(end)) = (new_year(now, -YEARS_BEFORE), new_year(now, YEARS_AFTER))
    else {
        return vec![(Timestamp::default(), 0)];
    };
    let minutes = |seconds: i32| seconds.div_euclid(60);
    let at = |moment: Moment| Timestamp(moment.as_millisecond());
    let mut clock = vec![(at(begin), minutes(zone.to_offset(begin).seconds()))];
    for change in zone.following(begin) {
        if change.timestamp() >= end {
            break;
        }
        let ahead = minutes(change.offset().seconds());
        // A zone may change its name or its law without moving a clock.
        if clock.last().is_some_and(|(_, known)| *known != ahead) {
            clock.push((at(change.timestamp()), ahead));
        }
    }
    clock
}

/// The beginning of a year in UTC, counted from that of `now`.
fn new_year(now: Timestamp, years: i16) -> Option<Moment> {
    let moment = Moment::from_millisecond(now.0).ok()?;
    let year = moment.to_zoned(TimeZone::UTC).year().checked_add(years)?;
    let day = jiff::civil::Date::new(year, 1, 1).ok()?;
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests;
