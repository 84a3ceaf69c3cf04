//! What time it is where the customer is: the clock of the shop they were last seen in.

use super::settings::Settings;
use crate::concierge::picture::{House, Picture};
use crate::ids::{ShopId, Timestamp};

const MINUTE_MS: i64 = 60_000;

/// The shop whose clock the customer lives by: where they last came or bought, else where the viewer stands.
pub(super) fn home_shop(picture: &Picture<'_>) -> Option<ShopId> {
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

/// When the customer may be called: `Ok` when that is now, else the next moment, or none where the shop's clock is not known.
pub(super) fn open(
    house: &House,
    shop: ShopId,
    settings: &Settings,
    now: Timestamp,
) -> Result<(), Option<Timestamp>> {
    let begins = i64::from(settings.day_begins_minute);
    let ends = i64::from(settings.day_ends_minute);
    let ahead = i64::from(house.minutes_ahead(shop, now).ok_or(None)?);
    let local = now.plus_ms(ahead * MINUTE_MS).0;
    let day = local.div_euclid(Timestamp::DAY_MS);
    let minute = local.rem_euclid(Timestamp::DAY_MS) / MINUTE_MS;
    if (begins..ends).contains(&minute) {
        return Ok(());
    }
    let day = if minute < begins { day } else { day + 1 };
    let opens = |ahead: i64| Timestamp(day * Timestamp::DAY_MS + (begins - ahead) * MINUTE_MS);
    // The clock may be put forward or back during the night.
    let first = opens(ahead);
    let then = house.minutes_ahead(shop, first).map_or(ahead, i64::from);
    Err(Some(opens(then).max(now.plus_ms(MINUTE_MS))))
}
