//! Purchases and sums: read-only records of the shop's systems.

use sync_core::ids::{ShopId, Timestamp};
use sync_core::records::money::Currency;
use sync_core::records::{self as core, Record, SoldAt};

/// An amount in the smallest unit of its currency.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SumOfMoney {
    /// The amount: 1250 with 2 decimals is 12.50.
    pub minor: i64,
    /// The currency, as ISO 4217 names it.
    pub currency: String,
    /// How many decimals it has.
    pub decimals: u32,
}

/// One line of a purchase.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PurchaseLine {
    /// The article's number.
    pub sku: Option<String>,
    /// The article's name.
    pub label: Option<String>,
    /// How many.
    pub quantity: u32,
    /// What they cost together.
    pub amount: SumOfMoney,
}

/// A purchase.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Purchase {
    /// Which system says so.
    pub source: String,
    /// That system's own id of it.
    pub source_id: String,
    /// When; of a mere day, its midnight in UTC.
    pub at: Timestamp,
    /// Whether only the day is known.
    pub is_day_only: bool,
    /// Where, when that is known.
    pub shop: Option<ShopId>,
    /// What.
    pub lines: Vec<PurchaseLine>,
    /// The total.
    pub amount: SumOfMoney,
}

/// Sums over a customer's purchases and returns.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Totals {
    /// Purchases.
    pub purchases: u64,
    /// What was paid, one sum for each currency.
    pub paid: Vec<SumOfMoney>,
    /// Returns.
    pub returns: u64,
    /// What was given back, one sum for each currency.
    pub returned: Vec<SumOfMoney>,
    /// The first purchase.
    pub first: Option<Timestamp>,
    /// The last purchase.
    pub last: Option<Timestamp>,
}

impl SumOfMoney {
    pub(crate) fn new(minor: i64, currency: Currency) -> Self {
        Self {
            minor,
            currency: currency.as_str().to_owned(),
            decimals: currency.decimals(),
        }
    }
}

impl From<Record> for Purchase {
    fn from(record: Record) -> Self {
        let sale = record.sale;
        let line = |line: core::SaleLine| PurchaseLine {
            sku: line.sku,
            label: line.label,
            quantity: line.quantity,
            amount: SumOfMoney::new(line.amount_minor, sale.currency),
        };
        Self {
            source: record.source,
            source_id: record.source_id,
            at: sale.at.moment(),
            is_day_only: matches!(sale.at, SoldAt::Day(_)),
            shop: sale.shop,
            amount: SumOfMoney::new(sale.amount_minor, sale.currency),
            lines: sale.lines.into_iter().map(line).collect(),
        }
    }
}

impl From<core::Totals> for Totals {
    fn from(totals: core::Totals) -> Self {
        let sums = |sums: &std::collections::BTreeMap<Currency, i64>| {
            sums.iter()
                .map(|(currency, minor)| SumOfMoney::new(*minor, *currency))
                .collect()
        };
        Self {
            purchases: totals.count,
            paid: sums(&totals.amount_minor),
            returns: totals.returns,
            returned: sums(&totals.returned_minor),
            first: totals.first.map(SoldAt::moment),
            last: totals.last.map(SoldAt::moment),
        }
    }
}
