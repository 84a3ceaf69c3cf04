//! Import: sales and customers from files and from tills, each by the source's own ids.
//!
//! # Invariants
//! - Memory is bounded by [`lines::LINE_BYTES_MAX`], some hundred sales and one batch, whatever the size of the file.
//! - A bad row is reported with its line, column and reason and stops nothing else; text of another encoding or a wrong header stops before
//!   anything is written.
//! - The same file again changes nothing, and the report says so. A file that was cut and is imported again whole adds what was missing.
//! - One place checks: files, JSON lines and tills over REST pass through [`row::SaleRow::check`] and [`row::CustomerRow::check`].
//!
//! # Failure
//! Batches that were committed stay; an import that was interrupted is run again.
//!
//! `sync-core/design/import.md` documents the formats.

mod cdnow;
pub mod customer;
pub mod date;
pub mod hub;
pub mod lines;
pub mod notices;
pub mod problem;
pub mod report;
pub mod row;
mod run;
pub mod sale;
pub mod schema;
pub mod sink;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::BufRead;

use sync_core::ids::{ShopId, Timestamp};
use sync_core::records::Currency;

pub use customer::CustomerInput;
pub use lines::check_encoding;
pub use problem::{Problem, Reason, RowError};
pub use report::{Progress, Report};
pub use row::{CustomerRow, SaleRow};
pub use sink::{
    GroupOutcome, ImportIndex, ImportSink, KnownCustomer, Put, SalesGroup, SinkError, SourceKey,
    Upserted,
};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Sales, and with them customers of whom only a number is known.
    Sales,
    /// Customers.
    Customers,
}

/// How to read a file.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Name of the source: ids are unique within it. The same source must be named every time.
    pub source: String,
    /// The shop of sales that name none.
    pub shop: Option<ShopId>,
    /// The currency of sales that name none.
    pub currency: Option<Currency>,
    /// Country code of phone numbers that have none, as `+33`.
    pub phone_country: Option<String>,
    /// Shops there are: a sale of another one is refused. Empty where that was checked before.
    pub shops: BTreeSet<ShopId>,
    /// The time of the import; names the run, so two runs must not share it.
    pub now: Timestamp,
}

/// Who watches an import: a progress bar, a file of rejected rows.
pub trait ImportObserver {
    /// Called about once in a hundred rows, and at the end.
    fn progress(&mut self, progress: Progress);

    /// Called for every row that was refused, and for every field that was left out. `raw` is the row's first line as it was read.
    fn problem(&mut self, problem: &Problem, raw: &str);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl ImportObserver for Silent {
    fn progress(&mut self, _: Progress) {}

    fn problem(&mut self, _: &Problem, _: &str) {}
}

/// Why an import could not begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Nothing to read.
    #[error("the file is empty: expected a header or JSON lines")]
    Empty,
    /// Text that is not UTF-8.
    #[error("line {line}, byte {byte}: {found}. Convert the file to UTF-8, for example: {cure}")]
    Encoding {
        /// Line, from 1.
        line: u64,
        /// Byte of the line, from 1.
        byte: usize,
        /// What it looks like.
        found: &'static str,
        /// A command that converts it.
        cure: &'static str,
    },
    /// A header that lacks what must be there, names a column twice, or says nothing of anybody but a number.
    #[error(
        "the first line is not the expected header{hint}. Required columns: {required}. Optional: {optional}. Found: {found:?}"
    )]
    Header {
        /// Columns that must be there.
        required: String,
        /// Columns that may be there.
        optional: String,
        /// The beginning of the line that was found.
        found: String,
        /// What the file looks like instead, or nothing.
        hint: &'static str,
    },
    /// Reading failed.
    #[error("reading the file failed")]
    Read {
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Writing failed.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

/// Reads sales or customers and writes them to `sink`, in batches.
///
/// Run [`check_encoding`] over a file first: then nothing is written of one that must be converted.
///
/// # Errors
/// [`ImportError`] when nothing, or nothing more, could be read or written.
pub fn import(
    what: What,
    options: &ImportOptions,
    reader: &mut dyn BufRead,
    sink: &mut dyn ImportSink,
    observer: &mut dyn ImportObserver,
) -> Result<Report, ImportError> {
    run::import(what, options, reader, sink, observer)
}

/// Writes the rows of one request of a till. Each row is a whole sale, with its lines, as in JSON lines.
///
/// # Errors
/// As [`import`]. Problems of rows go to `observer`, whose lines count the rows from 1.
pub fn import_rows(
    rows: Rows,
    options: &ImportOptions,
    sink: &mut dyn ImportSink,
    observer: &mut dyn ImportObserver,
) -> Result<Report, ImportError> {
    run::import_rows(rows, options, sink, observer)
}

/// Rows that came parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows {
    /// Sales.
    Sales(Vec<SaleRow>),
    /// Customers.
    Customers(Vec<CustomerRow>),
}
