//! What was bought and not brought back, day by day: several receipts of one day are one occasion to thank for.
//!
//! A return names no purchase. It takes back the latest purchases of the same articles before it, or, where a till tells no articles,
//! the latest purchase of the same amount. A day is returned when nothing of it is left.

use std::collections::BTreeMap;

use crate::card::normal::fold;
use crate::concierge::picture::House;
use crate::ids::Timestamp;
use crate::records::{Currency, Record, RecordKind, SoldAt};

/// How far a moment may lie after its source told of it before it is a wrong clock.
const CLOCK_SLACK_MS: i64 = Timestamp::DAY_MS;
/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60_000;

/// A day on which something was bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoughtDay {
    /// The day, in the shop's calendar.
    pub day: i64,
    /// The earliest moment of it that is known.
    pub at: Timestamp,
    /// Whether all of it was brought back.
    pub is_returned: bool,
}

/// A moment as it counts: nobody tells today of what happens next year.
#[must_use]
pub fn corrected(at: Timestamp, as_of: Timestamp) -> Timestamp {
    if at > as_of.plus_ms(CLOCK_SLACK_MS) {
        as_of
    } else {
        at
    }
}

/// The day of a sale in its shop's calendar, and its moment.
#[must_use]
pub fn sold_at(record: &Record, house: &House) -> (i64, Timestamp) {
    let ahead = |at| {
        let minutes = record
            .sale
            .shop
            .and_then(|shop| house.minutes_ahead(shop, at));
        i64::from(minutes.unwrap_or(0)) * MINUTE_MS
    };
    match record.sale.at {
        SoldAt::Day(day) => {
            let midnight = record.sale.at.moment();
            (i64::from(day), midnight.plus_ms(-ahead(midnight)))
        }
        SoldAt::Moment(at) => {
            let at = corrected(at, record.as_of);
            (at.plus_ms(ahead(at)).days(), at)
        }
    }
}

/// Purchases less returns in one currency.
pub(super) fn net<'r>(sales: impl Iterator<Item = &'r Record>, currency: Currency) -> i64 {
    let mut net = 0_i64;
    for record in sales.filter(|record| record.sale.currency == currency) {
        let amount = record.sale.amount_minor;
        net = match record.kind {
            RecordKind::Purchase => net.saturating_add(amount),
            RecordKind::Return => net.saturating_sub(amount),
        };
    }
    net
}

/// What is left of one purchase.
struct Left<'r> {
    record: &'r Record,
    day: i64,
    at: Timestamp,
    /// Pieces of each article.
    pieces: BTreeMap<String, u64>,
    is_returned: bool,
}

/// The days on which something was bought, in order.
#[must_use]
pub fn bought_days(sales: &[Record], house: &House) -> Vec<BoughtDay> {
    let mut purchases = Vec::new();
    let mut returns = Vec::new();
    for record in sales {
        let (day, at) = sold_at(record, house);
        match record.kind {
            RecordKind::Purchase => purchases.push(Left {
                record,
                day,
                at,
                pieces: pieces(record),
                is_returned: false,
            }),
            RecordKind::Return => returns.push((day, at, record)),
        }
    }
    let name = |record: &Record| (record.source.clone(), record.source_id.clone());
    purchases.sort_by_cached_key(|left| (left.day, left.at, name(left.record)));
    returns.sort_by_cached_key(|(day, at, record)| (*day, *at, name(record)));
    for (day, _, record) in returns {
        take_back(&mut purchases, day, record);
    }
    let mut days: BTreeMap<i64, BoughtDay> = BTreeMap::new();
    for left in &purchases {
        let entry = days.entry(left.day).or_insert(BoughtDay {
            day: left.day,
            at: left.at,
            is_returned: true,
        });
        entry.at = entry.at.min(left.at);
        entry.is_returned &= left.is_returned;
    }
    days.into_values().collect()
}

fn pieces(record: &Record) -> BTreeMap<String, u64> {
    let mut pieces = BTreeMap::new();
    for line in &record.sale.lines {
        if let Some(sku) = &line.sku {
            *pieces.entry(fold(sku)).or_default() += u64::from(line.quantity);
        }
    }
    pieces
}

fn take_back(purchases: &mut [Left<'_>], day: i64, record: &Record) {
    let mut back = pieces(record);
    let before = |left: &&mut Left<'_>| left.day <= day && !left.is_returned;
    if back.is_empty() {
        let sale = &record.sale;
        let is_it = |left: &&mut Left<'_>| {
            let bought = &left.record.sale;
            (bought.amount_minor, bought.currency) == (sale.amount_minor, sale.currency)
        };
        let latest = purchases.iter_mut().rev().filter(before).find(is_it);
        if let Some(left) = latest {
            left.is_returned = true;
        }
        return;
    }
    for left in purchases.iter_mut().rev().filter(before) {
        let mut is_hit = false;
        for (sku, quantity) in &mut back {
            if let Some(held) = left.pieces.get_mut(sku) {
                let taken = (*held).min(*quantity);
                *held -= taken;
                *quantity -= taken;
                is_hit |= taken > 0;
            }
        }
        let has_nameless = left.record.sale.lines.iter().any(|line| line.sku.is_none());
        left.is_returned = is_hit && !has_nameless && left.pieces.values().all(|held| *held == 0);
    }
}
