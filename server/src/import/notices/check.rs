//! From a row to a notice: the one place where what other systems say is checked.

use std::collections::BTreeMap;

use sync_core::card::normal::{self, fold};
use sync_core::card::terms::{Act, Channel, EndpointKind, Purpose};
use sync_core::ids::{ShopId, Timestamp};
use sync_core::notices::bodies::{
    ArticleBody, CaseBody, CaseState, ContactBody, ResponseBody, StockBody,
};
use sync_core::notices::{NOTICE_KEY_BYTES_MAX, NoticeBody};
use sync_core::records::Currency;
use sync_core::store::encode_row;

use super::row::{FieldRow, LIST};
use super::{About, CheckedNotice, Facts, FactsOptions, Finder};
use crate::import::customer::{one_of, with_country};
use crate::import::date::parse_sold_at;
use crate::import::problem::{Reason, RowError};
use crate::import::sale::{QUANTITY_MAX, read_amount, short};

/// Bytes of a short text: a topic, a name, a word.
const SHORT_BYTES_MAX: usize = 256;
/// Bytes of what a customer wrote.
const WORDS_BYTES_MAX: usize = 4_000;
/// Tags, materials or sizes of one article.
const LIST_MAX: usize = 64;
/// How far ahead goods may be announced: two years.
const AHEAD_MS_MAX: i64 = 730 * Timestamp::DAY_MS;

/// Checks a row of anything but stock.
pub(super) fn row(
    facts: Facts,
    row: &FieldRow,
    options: &FactsOptions,
    has_decimal_comma: bool,
) -> Result<CheckedNotice, RowError> {
    match facts {
        Facts::Cases => case(row, options),
        Facts::Interactions => interaction(row, options),
        Facts::Responses => response(row, options),
        Facts::Catalogue => article(row, options, has_decimal_comma),
        Facts::Stock => stock(row, options).map(Stock::into_notice),
    }
}

fn case(row: &FieldRow, options: &FactsOptions) -> Result<CheckedNotice, RowError> {
    let solved_at = past(row, "solved_at", options.now)?;
    let state = match row.get("state") {
        None if solved_at.is_some() => CaseState::Solved,
        None | Some("open") => CaseState::Open,
        Some("solved") => CaseState::Solved,
        Some(_) => {
            let expected = Reason::NotOneOf("open, solved".to_owned());
            return Err(RowError::at("state", expected));
        }
    };
    let body = CaseBody {
        topic: text(row, "topic")?.ok_or(RowError::at("topic", Reason::Missing))?,
        is_complaint: flag(row, "complaint")?,
        state,
        opened_at: needed(row, "opened_at", options.now)?,
        solved_at,
        sku: text(row, "sku")?,
    };
    let is_turned = solved_at.is_some_and(|solved| solved < body.opened_at);
    if is_turned {
        return Err(RowError::at("solved_at", Reason::DateRange));
    }
    of_customer(row, options, "case_id", &body)
}

fn interaction(row: &FieldRow, options: &FactsOptions) -> Result<CheckedNotice, RowError> {
    let purpose = one_of(
        "purpose",
        row.get("purpose"),
        Purpose::parse,
        Purpose::TEXTS,
    )?;
    let act = one_of("act", row.get("act"), Act::parse, Act::TEXTS)?;
    let body = ContactBody {
        channel: channel(row)?,
        purpose: purpose.map(|purpose| purpose.as_str().to_owned()),
        at: needed(row, "at", options.now)?,
        by_customer: flag(row, "by_customer")?,
        summary: words(row, "summary")?,
        content: text(row, "content")?,
        by: None,
        act: act.map(|act| act.as_str().to_owned()),
    };
    of_customer(row, options, "interaction_id", &body)
}

fn response(row: &FieldRow, options: &FactsOptions) -> Result<CheckedNotice, RowError> {
    let score = row.get("score").map(|text| {
        let score = text.parse::<u8>().ok().filter(|score| *score <= 100);
        score.ok_or_else(|| RowError::at("score", Reason::NotOneOf("0 to 100".to_owned())))
    });
    let body = ResponseBody {
        to: text(row, "to")?.ok_or(RowError::at("to", Reason::Missing))?,
        channel: channel(row)?,
        at: needed(row, "at", options.now)?,
        words: words(row, "words")?,
        score: score.transpose()?,
    };
    of_customer(row, options, "response_id", &body)
}

fn article(
    row: &FieldRow,
    options: &FactsOptions,
    has_decimal_comma: bool,
) -> Result<CheckedNotice, RowError> {
    let price = match row.get("price") {
        None => None,
        Some(text) => {
            let currency = currency(row, options)?;
            let amount = read_amount("price", Some(text), currency, has_decimal_comma)?;
            Some((amount, currency))
        }
    };
    let body = ArticleBody {
        label: text(row, "label")?.ok_or(RowError::at("label", Reason::Missing))?,
        category: text(row, "category")?
            .map(|it| fold(&it))
            .unwrap_or_default(),
        brand: text(row, "brand")?,
        tags: folded(row, "tags")?,
        materials: folded(row, "materials")?,
        size_system: text(row, "size_system")?,
        sizes: list(row, "sizes")?,
        price,
        is_consumable: flag(row, "consumable")?,
    };
    notice(row, options, (About::Chain, key(row, "sku")?), &body)
}

/// What a shop has of an article, gathered from rows that stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stock {
    body: StockBody,
    as_of: Timestamp,
}

impl Stock {
    /// The notice key.
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.body.shop, self.body.sku)
    }

    /// Adds a further size. A size that was counted already is refused.
    pub(super) fn join(&mut self, other: Self) -> Result<(), RowError> {
        for (size, count) in other.body.on_hand {
            if self.body.on_hand.contains_key(&size) {
                return Err(RowError::at("size", Reason::Repeated));
            }
            self.body.on_hand.insert(size, count);
        }
        self.body.arriving.extend(other.body.arriving);
        self.body.arriving.sort();
        // What is known of all of it is as old as the oldest part.
        self.as_of = self.as_of.min(other.as_of);
        Ok(())
    }

    pub(super) fn into_notice(self) -> CheckedNotice {
        CheckedNotice {
            kind: StockBody::KIND,
            key: self.key(),
            about: About::Chain,
            as_of: self.as_of,
            body: encode_row(&self.body),
        }
    }
}

/// Checks a row of stock.
pub(super) fn stock(row: &FieldRow, options: &FactsOptions) -> Result<Stock, RowError> {
    let shop = match row.get("shop") {
        None => options.shop.ok_or(RowError::at("shop", Reason::Missing))?,
        Some(text) => {
            let shop = text.parse::<ShopId>();
            let shop = shop.map_err(|_unparsed| RowError::at("shop", Reason::Shop))?;
            if !options.shops.contains(&shop) {
                return Err(RowError::at("shop", Reason::UnknownShop));
            }
            shop
        }
    };
    let size = text(row, "size")?.unwrap_or_default();
    let on_hand = count("on_hand", row.need("on_hand")?)?;
    let arriving = match (row.get("arriving_at"), row.get("arriving")) {
        (None, None) => Vec::new(),
        (Some(at), Some(quantity)) => {
            let at = moment("arriving_at", at)?;
            if at > options.now.plus_ms(AHEAD_MS_MAX) {
                return Err(RowError::at("arriving_at", Reason::DateRange));
            }
            vec![(at, size.clone(), count("arriving", quantity)?)]
        }
        (None, Some(_)) => return Err(RowError::at("arriving_at", Reason::Missing)),
        (Some(_), None) => return Err(RowError::at("arriving", Reason::Missing)),
    };
    Ok(Stock {
        body: StockBody {
            shop,
            sku: key(row, "sku")?,
            on_hand: BTreeMap::from([(size, on_hand)]),
            arriving,
            there_since: None,
        },
        as_of: as_of(row, options.now)?,
    })
}

/// A notice of a customer, named by the source and its id.
fn of_customer<B: NoticeBody>(
    row: &FieldRow,
    options: &FactsOptions,
    id: &'static str,
    body: &B,
) -> Result<CheckedNotice, RowError> {
    let id_text = key(row, id)?;
    let name = format!("{}:{id_text}", options.source);
    if name.len() > NOTICE_KEY_BYTES_MAX {
        return Err(RowError::at(id, Reason::Text(NOTICE_KEY_BYTES_MAX)));
    }
    let finder = Finder {
        id: short("customer_id", row.get("customer_id"), NOTICE_KEY_BYTES_MAX)?,
        endpoints: endpoints(row, options)?,
    };
    if finder == Finder::default() {
        return Err(RowError::at("customer_id", Reason::Missing));
    }
    notice(row, options, (About::Customer(finder), name), body)
}

fn notice<B: NoticeBody>(
    row: &FieldRow,
    options: &FactsOptions,
    (about, key): (About, String),
    body: &B,
) -> Result<CheckedNotice, RowError> {
    Ok(CheckedNotice {
        kind: B::KIND,
        key,
        about,
        as_of: as_of(row, options.now)?,
        body: encode_row(body),
    })
}

fn endpoints(
    row: &FieldRow,
    options: &FactsOptions,
) -> Result<Vec<(EndpointKind, String)>, RowError> {
    let mut found = Vec::new();
    if let Some(phone) = row.get("phone") {
        let phone = with_country(phone, options.phone_country.as_deref());
        found.push(("phone", EndpointKind::Phone, phone));
    }
    if let Some(email) = row.get("email") {
        found.push(("email", EndpointKind::Email, email.to_owned()));
    }
    let form = |(column, kind, text): (&'static str, EndpointKind, String)| {
        let form = normal::endpoint(kind, &text);
        let form = form.map_err(|error| RowError::at(column, Reason::Endpoint(error.to_string())));
        form.map(|form| (kind, form))
    };
    found.into_iter().map(form).collect()
}

fn as_of(row: &FieldRow, now: Timestamp) -> Result<Timestamp, RowError> {
    Ok(past(row, "as_of", now)?.unwrap_or(now))
}

fn needed(row: &FieldRow, column: &'static str, now: Timestamp) -> Result<Timestamp, RowError> {
    past(row, column, now)?.ok_or(RowError::at(column, Reason::Missing))
}

/// A moment that has been: a clock ahead of ours by less than a day is set right, one beyond that is refused.
fn past(
    row: &FieldRow,
    column: &'static str,
    now: Timestamp,
) -> Result<Option<Timestamp>, RowError> {
    let Some(text) = row.get(column) else {
        return Ok(None);
    };
    let at = moment(column, text)?;
    if at > now.plus_ms(Timestamp::DAY_MS) {
        return Err(RowError::at(column, Reason::DateRange));
    }
    Ok(Some(at.min(now)))
}

fn moment(column: &'static str, text: &str) -> Result<Timestamp, RowError> {
    let at = parse_sold_at(text).ok_or(RowError::at(column, Reason::Date))?;
    let at = at.moment();
    if at < Timestamp(0) {
        return Err(RowError::at(column, Reason::DateRange));
    }
    Ok(at)
}

fn channel(row: &FieldRow) -> Result<Option<String>, RowError> {
    let channel = one_of(
        "channel",
        row.get("channel"),
        Channel::parse,
        Channel::TEXTS,
    )?;
    Ok(channel.map(|channel| channel.as_str().to_owned()))
}

fn currency(row: &FieldRow, options: &FactsOptions) -> Result<Currency, RowError> {
    match row.get("currency") {
        Some(code) => code
            .to_uppercase()
            .parse()
            .map_err(|error: sync_core::records::UnknownCurrency| RowError::at("currency", error)),
        None => options
            .currency
            .ok_or(RowError::at("currency", Reason::NoCurrency)),
    }
}

fn flag(row: &FieldRow, column: &'static str) -> Result<bool, RowError> {
    match row.get(column).map(str::to_lowercase).as_deref() {
        None | Some("no" | "false" | "0") => Ok(false),
        Some("yes" | "true" | "1") => Ok(true),
        Some(_) => Err(RowError::at(column, Reason::NotOneOf("yes, no".to_owned()))),
    }
}

fn count(column: &'static str, text: &str) -> Result<u32, RowError> {
    let count = text.parse::<u32>().ok().filter(|it| *it <= QUANTITY_MAX);
    count.ok_or(RowError::at(column, Reason::Quantity))
}

fn key(row: &FieldRow, column: &'static str) -> Result<String, RowError> {
    // The key of stock names the shop before the article.
    let text = short(column, row.get(column), NOTICE_KEY_BYTES_MAX - 32)?;
    text.ok_or(RowError::at(column, Reason::Missing))
}

fn text(row: &FieldRow, column: &'static str) -> Result<Option<String>, RowError> {
    short(column, row.get(column), SHORT_BYTES_MAX)
}

/// Sentences: lines and tabs are kept.
fn words(row: &FieldRow, column: &'static str) -> Result<Option<String>, RowError> {
    let is_foreign = |symbol: char| symbol.is_control() && !matches!(symbol, '\n' | '\t');
    match row.get(column) {
        Some(text) if text.len() > WORDS_BYTES_MAX || text.chars().any(is_foreign) => {
            Err(RowError::at(column, Reason::Text(WORDS_BYTES_MAX)))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

/// The entries of a list, in their order.
fn list(row: &FieldRow, column: &'static str) -> Result<Vec<String>, RowError> {
    let Some(text) = row.get(column) else {
        return Ok(Vec::new());
    };
    let entries = text
        .split(LIST)
        .map(|one| short(column, Some(one), SHORT_BYTES_MAX));
    let entries: Vec<Option<String>> = entries.collect::<Result<_, _>>()?;
    let entries: Vec<String> = entries.into_iter().flatten().collect();
    if entries.len() > LIST_MAX {
        return Err(RowError::at(
            column,
            Reason::Text(LIST_MAX * SHORT_BYTES_MAX),
        ));
    }
    Ok(entries)
}

/// The entries of a list, folded and ascending.
fn folded(row: &FieldRow, column: &'static str) -> Result<Vec<String>, RowError> {
    let mut entries: Vec<String> = list(row, column)?.iter().map(|one| fold(one)).collect();
    entries.sort_unstable();
    entries.dedup();
    Ok(entries)
}
