//! What an invented customer buys: most a little, a few a great deal.

use sync_core::entropy::SeededEntropy;
use sync_core::ids::{CustomerId, Timestamp};
use sync_core::records::{Currency, RecordDraft, RecordKind, Sale, SaleLine, SoldAt};

/// Days that the history of purchases goes back.
const HISTORY_DAYS: u64 = 730;
/// The till that the sales are said to come from.
const TILL: &str = "till";

/// How often a customer comes and how much they spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Habits {
    /// Visits that somebody wrote down.
    pub(super) visits: u64,
    /// Purchases of the last two years.
    purchases: u64,
    /// A usual line, in cents.
    line_minor: u64,
}

impl Habits {
    /// Habits with a heavy tail: about two thirds of what is spent comes from a tenth of the customers.
    pub(super) fn draw(chance: &mut SeededEntropy) -> Self {
        // A uniform draw of 1 to 1,000 as a rank: frequency falls with the rank, as in real books.
        let rank = 1 + chance.below(1_000);
        let purchases = match rank {
            ..=10 => 14 + chance.below(30),
            11..=60 => 7 + chance.below(10),
            61..=250 => 3 + chance.below(5),
            251..=650 => 1 + chance.below(3),
            651.. => chance.below(2),
        };
        let line_minor = 4_000 + 2_400_000 / (rank + 24);
        Self {
            visits: 1 + (purchases / 2).min(5) + chance.below(2),
            purchases,
            line_minor,
        }
    }
}

/// The sales of a customer, in no order.
pub(super) fn records(
    chance: &mut SeededEntropy,
    habits: &Habits,
    customer: CustomerId,
    now: Timestamp,
) -> Vec<RecordDraft> {
    let name = customer.to_string();
    (0..habits.purchases)
        .map(|number| record(chance, habits, (&name, number), now))
        .collect()
}

fn record(
    chance: &mut SeededEntropy,
    habits: &Habits,
    (customer, number): (&str, u64),
    now: Timestamp,
) -> RecordDraft {
    let day = now.days() - signed(1 + chance.below(HISTORY_DAYS));
    let is_return = number > 0 && chance.percent(5);
    let count = if is_return { 1 } else { 1 + chance.below(3) };
    let lines: Vec<_> = (0..count).map(|_| line(chance, habits)).collect();
    RecordDraft {
        kind: if is_return {
            RecordKind::Return
        } else {
            RecordKind::Purchase
        },
        source: TILL.to_owned(),
        source_id: format!("{customer}-{number}"),
        as_of: now,
        sale: Sale {
            shop: None,
            at: SoldAt::Day(i32::try_from(day).unwrap_or_default()),
            amount_minor: lines.iter().map(|line| line.amount_minor).sum(),
            lines,
            currency: Currency::EUR,
        },
    }
}

fn line(chance: &mut SeededEntropy, habits: &Habits) -> SaleLine {
    let quantity = if chance.percent(8) { 2 } else { 1 };
    // Between half and one and a half of what is usual, to the whole euro.
    let price = habits.line_minor / 2 + chance.below(habits.line_minor);
    SaleLine {
        sku: Some(sku(chance)),
        label: None,
        quantity,
        amount_minor: signed(price / 100 * 100) * i64::from(quantity),
    }
}

/// An article of the collection.
pub(super) fn sku(chance: &mut SeededEntropy) -> String {
    format!(
        "{}-{:04}",
        chance.pick(&LINES).unwrap_or(&"CO"),
        chance.below(900)
    )
}

/// Lines of the collection: coats, knitwear, leather, silk, shirts, jewelry.
const LINES: [&str; 6] = ["CO", "KN", "LE", "SI", "SH", "JE"];

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
