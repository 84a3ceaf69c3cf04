//! What time it is where the customer is: by the clock of the shop they were last seen in, and by those of the countries that their
//! numbers tell ([`zones`]). They are called when it is day by all of them.

use super::settings::Settings;
use super::zones::{self, Zone};
use crate::card::terms::{EndpointKind, EndpointStatus};
use crate::concierge::calendar::MINUTE_MS;
use crate::concierge::picture::{House, Picture};
use crate::ids::{EditId, ShopId, Timestamp};

/// How far ahead a moment is looked for at which it is day by every clock.
const AHEAD_MS: i64 = 8 * Timestamp::DAY_MS;

/// The clocks that a customer may live by.
pub(super) struct Clocks<'a> {
    house: &'a House,
    shop: ShopId,
    told: Vec<(Zone, &'a [EditId])>,
}

/// A night by one clock or several.
pub(super) struct Night {
    /// When it is over.
    pub(super) until: Timestamp,
    /// What says so: the shop, and the edits that wrote the numbers down.
    pub(super) sources: Vec<String>,
}

impl<'a> Clocks<'a> {
    /// The clocks of a customer; none where no shop's clock is known.
    pub(super) fn of(picture: &Picture<'a>) -> Option<Self> {
        let shop = home_shop(picture)?;
        let endpoints = picture.whole.view.endpoints.iter();
        let told = endpoints
            .filter(|endpoint| match endpoint.kind {
                EndpointKind::Phone | EndpointKind::Whatsapp => {
                    endpoint.status != EndpointStatus::WrongPerson
                }
                EndpointKind::Email
                | EndpointKind::Wechat
                | EndpointKind::Line
                | EndpointKind::Kakao => false,
            })
            .flat_map(|endpoint| {
                let number = &endpoint.value;
                let zones = zones::of_number(&number.value).iter();
                zones.map(|zone| (*zone, number.sources.as_slice()))
            });
        Some(Self {
            house: picture.house,
            shop,
            told: told.collect(),
        })
    }

    /// Whether it is day by every clock; else the night, or none where the shop's clock is not known.
    ///
    /// Where no moment of the next days is day by all of them, the night ends with the last clock that begins its day, and another follows.
    pub(super) fn day(&self, settings: &Settings, now: Timestamp) -> Result<(), Option<Night>> {
        let by_shop = |at| self.house.minutes_ahead(self.shop, at).map(i64::from);
        by_shop(now).ok_or(None)?;
        let ends = |at| {
            let shop = opens(&by_shop, settings, at).map(|until| (until, None));
            let told = self.told.iter().filter_map(move |(zone, sources)| {
                let until = opens(&|at| Some(zone.minutes_ahead(at)), settings, at)?;
                Some((until, Some(*sources)))
            });
            shop.into_iter().chain(told).collect::<Vec<_>>()
        };
        let nights = ends(now);
        let last = |nights: &[(Timestamp, _)]| nights.iter().map(|(until, _)| *until).max();
        let Some(first) = last(&nights) else {
            return Ok(());
        };
        let mut until = first;
        while let Some(later) = last(&ends(until)) {
            until = later;
            if until > now.plus_ms(AHEAD_MS) {
                until = first;
                break;
            }
        }
        let sources = nights.into_iter().flat_map(|(_, edits)| match edits {
            None => vec![self.shop.to_string()],
            Some(edits) => edits.iter().map(ToString::to_string).collect(),
        });
        let sources = sources.collect();
        Err(Some(Night { until, sources }))
    }
}

/// The shop whose clock the customer lives by: where they last came or bought, else where the viewer stands.
fn home_shop(picture: &Picture<'_>) -> Option<ShopId> {
    let house = picture.house;
    let is_known = |shop: &ShopId| house.shops.contains_key(shop);
    let visits = picture.whole.view.visits.iter().map(|visit| {
        let arrived = &visit.arrived;
        (arrived.at, arrived.shop)
    });
    let sales = picture.whole.sales.iter().filter_map(|record| {
        let shop = record.sale.shop?;
        Some((record.sale.at.moment(), shop))
    });
    let seen = visits.chain(sales).filter(|(at, _)| *at <= picture.now);
    let last = seen.filter(|(_, shop)| is_known(shop)).max();
    last.map(|(_, shop)| shop)
        .or(Some(picture.viewer.shop).filter(is_known))
}

/// When the day begins by a clock of so many minutes ahead of UTC; none when it is day.
fn opens(
    ahead: &dyn Fn(Timestamp) -> Option<i64>,
    settings: &Settings,
    now: Timestamp,
) -> Option<Timestamp> {
    let begins = i64::from(settings.day_begins_minute);
    let ends = i64::from(settings.day_ends_minute);
    let minutes = ahead(now)?;
    let local = now.plus_ms(minutes * MINUTE_MS).0;
    let day = local.div_euclid(Timestamp::DAY_MS);
    let minute = local.rem_euclid(Timestamp::DAY_MS) / MINUTE_MS;
    if (begins..ends).contains(&minute) {
        return None;
    }
    let day = if minute < begins { day } else { day + 1 };
    let opens = |ahead: i64| Timestamp(day * Timestamp::DAY_MS + (begins - ahead) * MINUTE_MS);
    // The clock may be put forward or back during the night.
    let first = opens(minutes);
    let then = ahead(first).unwrap_or(minutes);
    Some(opens(then).max(now.plus_ms(MINUTE_MS)))
}
