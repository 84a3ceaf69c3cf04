//! What can be wrong with one row: named for the report, said to a person, placed by line and column.

/// Why a row, or a field of it, was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A value that must be there is not.
    #[error("is empty")]
    Missing,
    /// The row has more or fewer fields than the header.
    #[error("the row has {found} fields, the header {expected}")]
    FieldCount {
        /// Fields of the header.
        expected: usize,
        /// Fields of the row.
        found: usize,
    },
    /// The file ends inside the row.
    #[error(
        "the file ends inside this row: it may have been cut, import it again when it is whole and ends with a line end"
    )]
    CutOff,
    /// A quote that nothing closes.
    #[error("a quote is opened and not closed")]
    OpenQuote,
    /// A line beyond the bound.
    #[error("the line has more than {} bytes", super::lines::LINE_BYTES_MAX)]
    TooLong,
    /// A line of JSON that does not parse or fit.
    #[error("not a JSON object of this schema: {0}")]
    Json(String),
    /// Not a date.
    #[error("is no date: write YYYY-MM-DD, or YYYY-MM-DDTHH:MM:SS with Z or an offset")]
    Date,
    /// A date before 1970 or after tomorrow.
    #[error("lies in the future or before 1970")]
    DateRange,
    /// Not an amount.
    #[error("is no amount: {0}")]
    Amount(#[from] sync_core::records::AmountError),
    /// A negative amount.
    #[error("is negative: write a return as kind=return with a positive amount")]
    Negative,
    /// A fraction, or too many.
    #[error("is no whole number from 0 to 1,000,000")]
    Quantity,
    /// A currency code that is not in use.
    #[error("{0}")]
    Currency(#[from] sync_core::records::UnknownCurrency),
    /// No currency.
    #[error("is missing: add the column or name a default currency")]
    NoCurrency,
    /// One of a closed list was expected.
    #[error("is none of: {0}")]
    NotOneOf(String),
    /// An id of ours was expected.
    #[error("is no id of a shop here")]
    Shop,
    /// An id of ours, of no shop that there is.
    #[error("is no shop of this chain")]
    UnknownShop,
    /// Nobody here is meant.
    #[error(
        "nobody here is meant: import the customer first, or name the source whose numbers these are"
    )]
    UnknownCustomer,
    /// Several customers have the phone number or address.
    #[error("several customers have this phone number or address: name customer_id")]
    SeveralCustomers,
    /// Too many characters, or control characters.
    #[error("has more than {0} bytes or control characters")]
    Text(usize),
    /// Not an endpoint that can be used.
    #[error("{0}")]
    Endpoint(String),
    /// Rows of one customer, or lines of one sale, that do not stand together.
    #[error("rows that belong together must stand together: sort the file by customer and sale")]
    Scattered,
    /// Two lines of one sale that disagree on what they share.
    #[error("differs from the line before, which has the same sale_id")]
    Disagrees,
    /// The same id with other content in one file.
    #[error("the same id came earlier in this file with other content")]
    Repeated,
    /// The sale was imported for another customer before.
    #[error("was imported for another customer before: correct it in the till's own system")]
    OtherCustomer,
    /// A record beyond the bound.
    #[error("the sale is larger than a record may be: split it")]
    TooLarge,
    /// A consent without evidence counts as unknown.
    #[error("has no evidence (text version and time): it counts as unknown")]
    NoEvidence,
    /// The customer's number is known under a person who was erased.
    #[error("belongs to a customer who was erased")]
    Erased,
    /// The hub itself does not take it.
    #[error("was refused by the hub: {0}")]
    Refused(String),
}

impl Reason {
    /// A short name for counts, reject files and machines; frozen once released.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::FieldCount { .. } => "field_count",
            Self::CutOff => "cut_off",
            Self::OpenQuote => "open_quote",
            Self::TooLong => "too_long",
            Self::Json(_) => "json",
            Self::Date => "date",
            Self::DateRange => "date_range",
            Self::Amount(_) => "amount",
            Self::Negative => "negative",
            Self::Quantity => "quantity",
            Self::Currency(_) => "currency",
            Self::NoCurrency => "no_currency",
            Self::NotOneOf(_) => "not_one_of",
            Self::Shop => "shop",
            Self::UnknownShop => "unknown_shop",
            Self::UnknownCustomer => "unknown_customer",
            Self::SeveralCustomers => "several_customers",
            Self::Text(_) => "text",
            Self::Endpoint(_) => "endpoint",
            Self::Scattered => "scattered",
            Self::Disagrees => "disagrees",
            Self::Repeated => "repeated",
            Self::OtherCustomer => "other_customer",
            Self::TooLarge => "too_large",
            Self::NoEvidence => "no_evidence",
            Self::Erased => "erased",
            Self::Refused(_) => "refused",
        }
    }
}

/// What is wrong with a row, and in which column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// The column, as the schema names it; `None` for the row as a whole.
    pub column: Option<&'static str>,
    /// Why.
    pub reason: Reason,
}

impl RowError {
    /// An error of a row as a whole.
    pub(super) fn row(reason: Reason) -> Self {
        Self {
            column: None,
            reason,
        }
    }

    /// An error of one column.
    pub(super) fn at(column: &'static str, reason: impl Into<Reason>) -> Self {
        Self {
            column: Some(column),
            reason: reason.into(),
        }
    }
}

impl std::fmt::Display for RowError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.column {
            Some(column) => write!(f, "{column} {}", self.reason),
            None => self.reason.fmt(f),
        }
    }
}

impl std::error::Error for RowError {}

/// A problem with a row, as the observer of an import is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line of the file that the row begins on, from 1.
    pub line: u64,
    /// What is wrong.
    pub error: RowError,
    /// Whether the rest of the row was taken.
    pub is_kept: bool,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let outcome = if self.is_kept {
            " (left out, the rest was taken)"
        } else {
            ""
        };
        write!(f, "line {}: {}{outcome}", self.line, self.error)
    }
}
