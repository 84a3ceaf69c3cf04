//! What other systems know beside sales: cases of the service desk, dealings, answers to surveys; the catalogue and stock.
//!
//! Rows become notices, each named by the source and the source's own id, so the same file again changes nothing. A row about a customer
//! names them by the source's number or by a phone number or address that one customer alone has; a row about somebody unknown is
//! refused, never guessed.
//!
//! # Invariants
//! - Memory is bounded by [`super::lines::LINE_BYTES_MAX`] and [`ROWS_WAITING_MAX`] rows.
//! - A bad row is reported with its line, column and reason and stops nothing else.
//! - What a row does not say is not there: a later row of the same id replaces the earlier one whole.

mod check;
pub mod hub;
pub mod row;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::BufRead;

use sync_core::card::terms::EndpointKind;
use sync_core::ids::{ShopId, Timestamp};
use sync_core::notices::NoticeKind;
use sync_core::records::Currency;

use super::lines::{Lines, Next};
use super::problem::{Problem, Reason, RowError};
use super::sink::SinkError;
use super::table::Header;
use super::{ImportError, ImportObserver, Progress};
use check::Stock;
pub use row::FieldRow;

/// Rows that are written in one transaction.
pub const ROWS_WAITING_MAX: usize = 500;
/// Rows between two reports of progress.
const PROGRESS_ROWS: u64 = 100;

/// What a file or a request holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facts {
    /// Cases of the service desk.
    Cases,
    /// Dealings that another system knows of: the web shop, the CRM.
    Interactions,
    /// Answers to messages and surveys.
    Responses,
    /// Articles.
    Catalogue,
    /// What shops have of them.
    Stock,
}

impl Facts {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::Cases,
        Self::Interactions,
        Self::Responses,
        Self::Catalogue,
        Self::Stock,
    ];

    /// The name in commands and paths.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cases => "cases",
            Self::Interactions => "interactions",
            Self::Responses => "responses",
            Self::Catalogue => "catalogue",
            Self::Stock => "stock",
        }
    }
}

/// How to read a file.
#[derive(Debug, Clone)]
pub struct FactsOptions {
    /// Name of the source: ids are unique within it. The same source must be named every time.
    pub source: String,
    /// The source whose numbers of customers these are; often the till's.
    pub customers_of: String,
    /// The shop of stock that names none.
    pub shop: Option<ShopId>,
    /// Shops there are; a row of another one is refused.
    pub shops: BTreeSet<ShopId>,
    /// The currency of prices that name none.
    pub currency: Option<Currency>,
    /// Country code of phone numbers that have none, as `+33`.
    pub phone_country: Option<String>,
    /// The time of the import.
    pub now: Timestamp,
}

/// By what a customer is found: the number first, then the endpoints.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finder {
    /// The source's number.
    pub id: Option<String>,
    /// Phone numbers and addresses, in their one form.
    pub endpoints: Vec<(EndpointKind, String)>,
}

/// About whom or what a row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The house.
    Chain,
    /// A customer.
    Customer(Finder),
}

/// A row that can be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedNotice {
    /// What it tells.
    pub kind: NoticeKind,
    /// Which one.
    pub key: String,
    /// About whom.
    pub about: About,
    /// When the source said so.
    pub as_of: Timestamp,
    /// What it says.
    pub body: Vec<u8>,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    /// It is new.
    New,
    /// It replaced what was said before.
    Replaced,
    /// The book says the same.
    Unchanged,
    /// It can't be taken.
    Refused(Reason),
}

/// Where rows are posted.
pub trait NoticeSink {
    /// Posts rows in one transaction and tells what became of each, in order.
    ///
    /// # Errors
    /// [`SinkError`] ends the import; what was posted before stays.
    fn post(&mut self, rows: Vec<CheckedNotice>) -> Result<Vec<Posted>, SinkError>;
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct FactsReport {
    /// Rows read, good and bad, without the header.
    pub rows: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Rows refused, by reason.
    pub rejected: BTreeMap<&'static str, u64>,
    /// Things that are new.
    pub new: u64,
    /// Things of which something else was said before.
    pub replaced: u64,
    /// Things that the book had already.
    pub unchanged: u64,
    /// Columns of the file that mean nothing here.
    pub ignored_columns: Vec<String>,
}

impl FactsReport {
    /// Rows refused.
    #[must_use]
    pub fn rejected_total(&self) -> u64 {
        self.rejected.values().sum()
    }
}

impl fmt::Display for FactsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rejected = self.rejected_total();
        writeln!(f, "rows       {} read, {rejected} rejected", self.rows)?;
        for (reason, count) in &self.rejected {
            writeln!(f, "             {count} {reason}")?;
        }
        let [new, replaced, unchanged] = [self.new, self.replaced, self.unchanged];
        writeln!(
            f,
            "facts      {new} new, {replaced} replaced, {unchanged} known already"
        )?;
        if !self.ignored_columns.is_empty() {
            writeln!(f, "ignored    columns {}", self.ignored_columns.join(", "))?;
        }
        Ok(())
    }
}

/// Reads a file and posts what it says. Run [`super::check_encoding`] over it first.
///
/// # Errors
/// [`ImportError`] when nothing, or nothing more, could be read or posted.
pub fn import_facts(
    facts: Facts,
    options: &FactsOptions,
    reader: &mut dyn BufRead,
    sink: &mut dyn NoticeSink,
    observer: &mut dyn ImportObserver,
) -> Result<FactsReport, ImportError> {
    let mut lines = Lines::new(reader);
    let mut run = Run::new(facts, options, sink, observer);
    let header = run.begin(&mut lines)?;
    while let Some(next) = lines.next()? {
        run.report.rows += 1;
        match next {
            Next::TooLong { number } => run.reject(number, RowError::row(Reason::TooLong), ""),
            Next::Line(line) => {
                let row = match &header {
                    Some(header) => header.row(&line, &mut lines)?.map(FieldRow::from_fields),
                    None => FieldRow::from_json(&line.text, facts.columns()).map_err(|error| {
                        let is_cut = line.is_unended && !line.text.trim_end().ends_with('}');
                        if is_cut {
                            RowError::row(Reason::CutOff)
                        } else {
                            error
                        }
                    }),
                };
                run.row(row, line.number, &line.text)?;
            }
        }
        run.report.bytes = lines.bytes();
        if run.report.rows.is_multiple_of(PROGRESS_ROWS) {
            run.progress();
        }
    }
    run.report.bytes = lines.bytes();
    run.finish()
}

/// Posts the rows of one request.
///
/// # Errors
/// As [`import_facts`]. Problems of rows go to `observer`, whose lines count the rows from 1.
pub fn post_facts(
    facts: Facts,
    options: &FactsOptions,
    rows: Vec<Result<FieldRow, RowError>>,
    sink: &mut dyn NoticeSink,
    observer: &mut dyn ImportObserver,
) -> Result<FactsReport, ImportError> {
    let mut run = Run::new(facts, options, sink, observer);
    for row in rows {
        run.report.rows += 1;
        let line = run.report.rows;
        run.row(row, line, "")?;
    }
    run.finish()
}

/// A row that waits to be posted.
struct Waiting {
    line: u64,
    raw: String,
    notice: CheckedNotice,
}

struct Run<'a> {
    facts: Facts,
    options: &'a FactsOptions,
    sink: &'a mut dyn NoticeSink,
    observer: &'a mut dyn ImportObserver,
    has_decimal_comma: bool,
    report: FactsReport,
    waiting: Vec<Waiting>,
    /// Stock whose sizes stand on several rows.
    open: Option<(u64, String, Stock)>,
    /// Stock that was whole already: rows of it must stand together.
    whole: BTreeSet<String>,
}

impl<'a> Run<'a> {
    fn new(
        facts: Facts,
        options: &'a FactsOptions,
        sink: &'a mut dyn NoticeSink,
        observer: &'a mut dyn ImportObserver,
    ) -> Self {
        Self {
            facts,
            options,
            sink,
            observer,
            has_decimal_comma: false,
            report: FactsReport::default(),
            waiting: Vec::new(),
            open: None,
            whole: BTreeSet::new(),
        }
    }

    /// Tells the format by the first line that is not blank: a header, or none for JSON lines.
    fn begin(&mut self, lines: &mut Lines<'_>) -> Result<Option<Header>, ImportError> {
        let first = match lines.next()? {
            None => return Err(ImportError::Empty),
            Some(Next::Line(line)) => line,
            Some(Next::TooLong { number }) => super::lines::Line {
                number,
                text: String::new(),
                is_unended: false,
            },
        };
        if first.text.trim_start().starts_with('{') {
            lines.give_back(vec![first]);
            return Ok(None);
        }
        let header = Header::read(&first.text, self.facts.columns(), |_| "")?;
        self.has_decimal_comma = header.has_decimal_comma();
        self.report.ignored_columns.clone_from(&header.ignored);
        Ok(Some(header))
    }

    fn row(
        &mut self,
        row: Result<FieldRow, RowError>,
        line: u64,
        raw: &str,
    ) -> Result<(), ImportError> {
        if self.facts == Facts::Stock {
            let checked = row.and_then(|row| check::stock(&row, self.options));
            return self.stock(checked, line, raw);
        }
        let comma = self.has_decimal_comma;
        match row.and_then(|row| check::row(self.facts, &row, self.options, comma)) {
            Ok(notice) => self.take(line, raw.to_owned(), notice),
            Err(error) => {
                self.reject(line, error, raw);
                Ok(())
            }
        }
    }

    /// Takes a row of stock: a further size of the one before, or the first of another.
    fn stock(
        &mut self,
        checked: Result<Stock, RowError>,
        line: u64,
        raw: &str,
    ) -> Result<(), ImportError> {
        let stock = match checked {
            Ok(stock) => stock,
            Err(error) => {
                self.reject(line, error, raw);
                return Ok(());
            }
        };
        if let Some((_, _, open)) = &mut self.open
            && open.key() == stock.key()
        {
            if let Err(error) = open.join(stock) {
                self.reject(line, error, raw);
            }
            return Ok(());
        }
        self.close_stock()?;
        if self.whole.contains(&stock.key()) {
            self.reject(line, RowError::row(Reason::Scattered), raw);
            return Ok(());
        }
        self.open = Some((line, raw.to_owned(), stock));
        Ok(())
    }

    fn close_stock(&mut self) -> Result<(), ImportError> {
        let Some((line, raw, stock)) = self.open.take() else {
            return Ok(());
        };
        self.whole.insert(stock.key());
        self.take(line, raw, stock.into_notice())
    }

    fn take(&mut self, line: u64, raw: String, notice: CheckedNotice) -> Result<(), ImportError> {
        self.waiting.push(Waiting { line, raw, notice });
        if self.waiting.len() >= ROWS_WAITING_MAX {
            self.post()?;
        }
        Ok(())
    }

    fn post(&mut self) -> Result<(), ImportError> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let rows = waiting.iter().map(|one| one.notice.clone()).collect();
        let posted = self.sink.post(rows)?;
        for (one, posted) in waiting.into_iter().zip(posted) {
            match posted {
                Posted::New => self.report.new += 1,
                Posted::Replaced => self.report.replaced += 1,
                Posted::Unchanged => self.report.unchanged += 1,
                Posted::Refused(reason) => self.reject(one.line, RowError::row(reason), &one.raw),
            }
        }
        Ok(())
    }

    fn reject(&mut self, line: u64, error: RowError, raw: &str) {
        *self.report.rejected.entry(error.reason.code()).or_default() += 1;
        let problem = Problem {
            line,
            error,
            is_kept: false,
        };
        self.observer.problem(&problem, raw);
    }

    fn progress(&mut self) {
        self.observer.progress(Progress {
            rows: self.report.rows,
            bytes: self.report.bytes,
            rejected: self.report.rejected_total(),
        });
    }

    fn finish(mut self) -> Result<FactsReport, ImportError> {
        self.close_stock()?;
        self.post()?;
        self.progress();
        Ok(self.report)
    }
}
