//! A sale's row, believed or refused: the one place where amounts, dates and codes from outside are checked.

use std::collections::BTreeSet;

use sync_core::ids::{ShopId, Timestamp};
use sync_core::records::{
    Currency, RecordDraft, RecordKind, SOURCE_BYTES_MAX, Sale, SaleLine, SoldAt, parse_amount,
};

use super::date::parse_sold_at;
use super::problem::{Reason, RowError};
use super::row::{SaleLineRow, SaleRow};
use super::sink::SourceKey;

/// Largest quantity of one line: above it a column was mistaken for another.
pub(super) const QUANTITY_MAX: u32 = 1_000_000;
/// Reads an amount in the currency and with the decimal mark of its row.
type ReadAmount<'a> = dyn Fn(Option<&str>) -> Result<i64, RowError> + 'a;

/// Bytes of an article's number or name.
const ARTICLE_BYTES_MAX: usize = 256;

/// What a source means where a row does not say.
#[derive(Debug, Clone)]
pub struct SaleDefaults {
    /// Name of the source; with a row's own ids it makes the import repeatable.
    pub source: String,
    /// The shop.
    pub shop: Option<ShopId>,
    /// The currency.
    pub currency: Option<Currency>,
    /// Shops there are; empty where any may be named.
    pub shops: BTreeSet<ShopId>,
    /// The time of the import.
    pub now: Timestamp,
    /// Whether decimals follow a comma.
    pub has_decimal_comma: bool,
}

/// A sale that can be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleInput {
    /// Whose.
    pub customer: SourceKey,
    /// What.
    pub draft: RecordDraft,
}

impl SaleRow {
    /// Checks the row.
    ///
    /// # Errors
    /// [`RowError`] names the first column that is wrong, and why.
    pub fn check(&self, defaults: &SaleDefaults) -> Result<SaleInput, RowError> {
        let sale_id = key_text("sale_id", self.sale_id.as_deref())?;
        let customer_id = key_text("customer_id", self.customer_id.as_deref())?;
        let at = self.sold_at(defaults.now)?;
        let currency = self.currency(defaults)?;
        let kind = match self.kind.as_deref() {
            None | Some("" | "sale") => RecordKind::Purchase,
            Some("return") => RecordKind::Return,
            Some(_) => {
                return Err(RowError::at(
                    "kind",
                    Reason::NotOneOf("sale, return".to_owned()),
                ));
            }
        };
        let has_comma = defaults.has_decimal_comma;
        let read = |text: Option<&str>| read_amount("amount", text, currency, has_comma);
        let (lines, amount_minor) = if self.lines.is_empty() {
            let line = self.line().check(&read)?;
            let amount = line.amount_minor;
            (vec![line], amount)
        } else {
            let lines = self.lines.iter().map(|line| line.check(&read));
            let lines: Vec<_> = lines.collect::<Result<_, _>>()?;
            let sum = lines
                .iter()
                .map(|line| line.amount_minor)
                .fold(0, i64::saturating_add);
            // The total may differ from the sum by a discount, so it is taken as written.
            let total = self.amount.as_deref().map(|text| read(Some(text)));
            (lines, total.unwrap_or(Ok(sum))?)
        };
        Ok(SaleInput {
            customer: SourceKey {
                source: defaults.source.clone(),
                id: customer_id,
            },
            draft: RecordDraft {
                kind,
                source: defaults.source.clone(),
                source_id: sale_id,
                as_of: defaults.now,
                sale: Sale {
                    shop: self.shop_id(&defaults.shops)?.or(defaults.shop),
                    at,
                    lines,
                    amount_minor,
                    currency,
                },
            },
        })
    }

    fn line(&self) -> SaleLineRow {
        SaleLineRow {
            sku: self.sku.clone(),
            label: self.label.clone(),
            quantity: self.quantity.clone(),
            amount: self.amount.clone(),
        }
    }

    fn sold_at(&self, now: Timestamp) -> Result<SoldAt, RowError> {
        let text = given(self.date.as_deref()).ok_or(RowError::at("date", Reason::Missing))?;
        let at = parse_sold_at(text).ok_or(RowError::at("date", Reason::Date))?;
        // A shop east of Greenwich has tomorrow's date already.
        if at.moment() < Timestamp(0) || at.days() > now.days() + 1 {
            return Err(RowError::at("date", Reason::DateRange));
        }
        Ok(at)
    }

    fn currency(&self, defaults: &SaleDefaults) -> Result<Currency, RowError> {
        match given(self.currency.as_deref()) {
            Some(code) => {
                code.to_uppercase()
                    .parse()
                    .map_err(|error: sync_core::records::UnknownCurrency| {
                        RowError::at("currency", error)
                    })
            }
            None => defaults
                .currency
                .ok_or(RowError::at("currency", Reason::NoCurrency)),
        }
    }

    fn shop_id(&self, shops: &BTreeSet<ShopId>) -> Result<Option<ShopId>, RowError> {
        let Some(text) = given(self.shop.as_deref()) else {
            return Ok(None);
        };
        let shop = text.parse::<ShopId>();
        let shop = shop.map_err(|_error| RowError::at("shop", Reason::Shop))?;
        if !shops.is_empty() && !shops.contains(&shop) {
            return Err(RowError::at("shop", Reason::UnknownShop));
        }
        Ok(Some(shop))
    }
}

impl SaleLineRow {
    fn check(&self, read: &ReadAmount<'_>) -> Result<SaleLine, RowError> {
        let quantity = match given(self.quantity.as_deref()) {
            None => 1,
            Some(text) => text
                .parse::<u32>()
                .ok()
                .filter(|quantity| *quantity <= QUANTITY_MAX)
                .ok_or(RowError::at("quantity", Reason::Quantity))?,
        };
        Ok(SaleLine {
            sku: short("sku", self.sku.as_deref(), ARTICLE_BYTES_MAX)?,
            label: short("label", self.label.as_deref(), ARTICLE_BYTES_MAX)?,
            quantity,
            amount_minor: read(self.amount.as_deref())?,
        })
    }
}

/// An amount in the currency and with the decimal mark of its row.
pub(super) fn read_amount(
    column: &'static str,
    text: Option<&str>,
    currency: Currency,
    has_decimal_comma: bool,
) -> Result<i64, RowError> {
    let text = given(text).ok_or(RowError::at(column, Reason::Missing))?;
    let is_comma_form = has_decimal_comma && !text.contains('.');
    let pointed = if is_comma_form {
        text.replacen(',', ".", 1)
    } else {
        text.to_owned()
    };
    match parse_amount(&pointed, currency.decimals()) {
        Ok(_) if pointed.starts_with('-') => Err(RowError::at(column, Reason::Negative)),
        Ok(amount) => Ok(amount),
        Err(error) => Err(RowError::at(column, error)),
    }
}

/// The text of a field, unless it is empty.
pub(super) fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// A short text without control characters, unless it is empty.
pub(super) fn short(
    column: &'static str,
    text: Option<&str>,
    bytes_max: usize,
) -> Result<Option<String>, RowError> {
    let Some(text) = given(text) else {
        return Ok(None);
    };
    if text.len() > bytes_max || text.chars().any(char::is_control) {
        return Err(RowError::at(column, Reason::Text(bytes_max)));
    }
    Ok(Some(text.to_owned()))
}

/// A source's id: required, short, in one line.
pub(super) fn key_text(column: &'static str, text: Option<&str>) -> Result<String, RowError> {
    short(column, text, SOURCE_BYTES_MAX)?.ok_or(RowError::at(column, Reason::Missing))
}
