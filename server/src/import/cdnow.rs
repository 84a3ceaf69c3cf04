//! The CDNOW text form: columns separated by spaces, no ids of sales.
//!
//! A sale's id is made from customer, day, quantity, amount and how many equal lines came before it on that day. So equal lines are each
//! kept once, a second import meets its first, and a new line for the same day moves nobody's id. That needs the lines of a customer to
//! stand together, in ascending order of customers, as the published file has them.

use std::collections::BTreeMap;

use super::date::parse_compact_day;
use super::problem::{Reason, RowError};
use super::row::SaleRow;

const HEADER: [&str; 4] = ["customer_id", "date", "number_of_cds", "dollar_value"];

/// Whether a header is that of the CDNOW form.
pub(super) fn is_header(line: &str) -> bool {
    line.split_whitespace().eq(HEADER)
}

/// What must be remembered between lines: the present customer's, and no more.
#[derive(Debug, Default)]
pub(super) struct Cdnow {
    customer: String,
    equal_lines: BTreeMap<String, u32>,
}

impl Cdnow {
    /// Reads one line.
    pub(super) fn row(&mut self, line: &str, is_unended: bool) -> Result<SaleRow, RowError> {
        // An amount that was cut inside its digits reads like a sale, so the last line must have its end.
        if is_unended {
            return Err(RowError::row(Reason::CutOff));
        }
        let fields: Vec<_> = line.split_whitespace().collect();
        let [customer, date, quantity, amount] = fields.as_slice() else {
            return Err(RowError::row(Reason::FieldCount {
                expected: HEADER.len(),
                found: fields.len(),
            }));
        };
        if parse_compact_day(date).is_none() {
            return Err(RowError::at("date", Reason::Date));
        }
        if self.customer.as_str() != *customer {
            if self.customer.as_str() > *customer {
                return Err(RowError::at("customer_id", Reason::Scattered));
            }
            (*customer).clone_into(&mut self.customer);
            self.equal_lines.clear();
        }
        let line = format!("{date}-{quantity}-{amount}");
        let count = self.equal_lines.entry(line.clone()).or_default();
        *count += 1;
        let (year, rest) = date.split_at_checked(4).unwrap_or_default();
        let (month, day_of_month) = rest.split_at_checked(2).unwrap_or_default();
        Ok(SaleRow {
            sale_id: Some(format!("{customer}-{line}-{count}")),
            customer_id: Some((*customer).to_owned()),
            date: Some(format!("{year}-{month}-{day_of_month}")),
            amount: Some((*amount).to_owned()),
            currency: Some("USD".to_owned()),
            quantity: Some((*quantity).to_owned()),
            ..SaleRow::default()
        })
    }
}
