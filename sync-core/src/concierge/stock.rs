//! Where an article can be had: here, on the next truck, in another shop; each with how old that knowledge is.
//!
//! A count that is older than [`FRESH_MS`] is a reason to look, not to promise.

use serde::Serialize;

use super::grounds::SourceId;
use super::picture::{House, Picture, Told};
use crate::card::normal::fold;
use crate::ids::{ShopId, Timestamp};
use crate::notices::NoticeKind;
use crate::notices::bodies::{ArticleBody, StockBody};

/// Milliseconds for which a count of stock can be relied on.
pub const FRESH_MS: i64 = 24 * 3_600_000;

/// How an article can be had; the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SupplyKind {
    /// In this shop, counted lately.
    Here,
    /// In this shop by an older count: check.
    Check,
    /// On its way to this shop.
    Arriving,
    /// In another shop.
    Elsewhere,
}

/// One way to have an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Supply {
    /// How.
    pub kind: SupplyKind,
    /// In which shop.
    pub shop: ShopId,
    /// How many.
    pub quantity: u32,
    /// When it is expected, where it is on its way.
    pub expected: Option<Timestamp>,
    /// When that was counted.
    pub as_of: Timestamp,
    /// The notice that says so.
    pub source: SourceId,
}

impl Supply {
    /// Whole hours since the count; zero where its clock runs ahead.
    #[must_use]
    pub fn hours_old(&self, now: Timestamp) -> i64 {
        now.0.saturating_sub(self.as_of.0).max(0) / 3_600_000
    }

    /// Whether the count can be relied on.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        is_fresh(self.as_of, now)
    }

    /// Whether it can be handed over now, after a look where the count is older.
    #[must_use]
    pub fn is_here(&self) -> bool {
        matches!(self.kind, SupplyKind::Here | SupplyKind::Check)
    }
}

/// An article of the catalogue by its number, however that was typed; with the number as catalogued.
#[must_use]
pub fn article<'a>(house: &'a House, sku: &str) -> Option<(&'a str, &'a ArticleBody)> {
    let exact = house.articles.get_key_value(sku);
    let found = exact.or_else(|| {
        let folded = fold(sku);
        let mut articles = house.articles.iter();
        articles.find(|(known, _)| fold(known) == folded)
    });
    found.map(|(known, article)| (known.as_str(), article))
}

/// What to call an article: its name, or its number where the catalogue does not tell.
#[must_use]
pub fn label(house: &House, sku: &str) -> String {
    let found = article(house, sku).map(|(_, article)| article.label.as_str());
    let named = found.filter(|label| !label.trim().is_empty());
    named.unwrap_or(sku).to_owned()
}

/// Every way to have an article in a size (any size where none is asked for), the nearest first.
#[must_use]
pub fn supplies(picture: &Picture<'_>, sku: &str, size: Option<&str>) -> Vec<Supply> {
    let sku = article(picture.house, sku).map_or(sku, |(known, _)| known);
    let from = (sku.to_owned(), ShopId([0; ShopId::LEN]));
    let stocks = picture.house.stock.range(from..);
    let of_article = stocks.take_while(|((known, _), _)| known == sku);
    let mut found = Vec::new();
    for ((_, shop), told) in of_article {
        if *shop == picture.viewer.shop {
            found.extend(here(picture, told, size));
            found.extend(arriving(picture, told, size));
        } else {
            let quantity = on_hand(&told.body, size);
            found.extend(supply(SupplyKind::Elsewhere, told, quantity));
        }
    }
    found.sort_by_key(|supply| {
        (
            supply.kind,
            supply.expected,
            !supply.is_fresh(picture.now),
            std::cmp::Reverse(supply.quantity),
            supply.shop,
        )
    });
    found
}

fn here(picture: &Picture<'_>, told: &Told<StockBody>, size: Option<&str>) -> Option<Supply> {
    let kind = if is_fresh(told.as_of, picture.now) {
        SupplyKind::Here
    } else {
        SupplyKind::Check
    };
    supply(kind, told, on_hand(&told.body, size))
}

/// The next truck that brings the article; one that should have come is not counted on.
fn arriving(picture: &Picture<'_>, told: &Told<StockBody>, size: Option<&str>) -> Option<Supply> {
    let today = picture.today();
    let coming = || {
        let arriving = told.body.arriving.iter();
        arriving.filter(|(at, of, _)| picture.day(*at) >= today && is_of(of, size))
    };
    let next = coming().map(|(at, _, _)| *at).min()?;
    let quantities = coming().filter(|(at, _, _)| *at == next);
    let quantity = quantities.fold(0_u32, |sum, (_, _, many)| sum.saturating_add(*many));
    let supply = supply(SupplyKind::Arriving, told, quantity)?;
    Some(Supply {
        expected: Some(next),
        ..supply
    })
}

fn supply(kind: SupplyKind, told: &Told<StockBody>, quantity: u32) -> Option<Supply> {
    (quantity > 0).then(|| Supply {
        kind,
        shop: told.body.shop,
        quantity,
        expected: None,
        as_of: told.as_of,
        source: SourceId::notice(NoticeKind::Stock, &told.key),
    })
}

fn is_fresh(as_of: Timestamp, now: Timestamp) -> bool {
    now.0.saturating_sub(as_of.0) <= FRESH_MS
}

fn is_of(of: &str, size: Option<&str>) -> bool {
    // An article without sizes is of any size.
    size.is_none_or(|size| of.is_empty() || fold(of) == fold(size))
}

fn on_hand(stock: &StockBody, size: Option<&str>) -> u32 {
    let of_size = stock.on_hand.iter().filter(|(of, _)| is_of(of, size));
    of_size.fold(0_u32, |sum, (_, many)| sum.saturating_add(*many))
}
