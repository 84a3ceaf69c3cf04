//! The run of an import: rows in, groups of one customer's records out, a commit for every batch.

use std::io::BufRead;

use sync_core::limits;
use sync_core::records::{RecordDraft, SaleLine};

use super::cdnow::{self, Cdnow};
use super::customer::CustomerDefaults;
use super::lines::{Line, Lines, Next};
use super::problem::{Problem, Reason, RowError};
use super::row::{CustomerRow, SaleRow};
use super::sale::{SaleDefaults, SaleInput};
use super::sink::{GroupOutcome, ImportSink, Put, SalesGroup, SourceKey, Upserted};
use super::table::Header;
use super::{ImportError, ImportObserver, ImportOptions, Progress, Report, Rows, What};

/// Rows between commits: sales in the order of time touch pages all over the tables of 50,000 customers, so fewer and larger batches write
/// each page less often; an interruption loses some seconds.
const BATCH_ROWS: u64 = 50_000;
/// Groups that are written at a time.
const GROUPS_WAITING_MAX: usize = 256;
/// Rows between two reports of progress.
const PROGRESS_ROWS: u64 = 100;
/// Lines of one sale.
const SALE_LINES_MAX: usize = 200;

/// How a file is written.
enum Format {
    Table(Header),
    JsonLines,
    Cdnow(Cdnow),
}

/// One sale that may still get lines, or is whole.
struct OpenSale {
    input: SaleInput,
    line: u64,
    raw: String,
}

struct Run<'a> {
    sink: &'a mut dyn ImportSink,
    observer: &'a mut dyn ImportObserver,
    sales: SaleDefaults,
    customers: CustomerDefaults,
    report: Report,
    rows_in_batch: u64,
    /// Whether a sale may go on on the next row, as in tables. An object is a sale of its own.
    joins_rows: bool,
    /// The sale that the next line may belong to.
    open: Option<OpenSale>,
    /// Whole sales of one customer.
    group: Vec<OpenSale>,
    /// Groups that wait to be written together.
    waiting: Vec<Vec<OpenSale>>,
    /// The customer of the last group, so that a new run of rows of the same one is not counted again.
    last_customer: Option<SourceKey>,
}

pub(super) fn import(
    what: What,
    options: &ImportOptions,
    reader: &mut dyn BufRead,
    sink: &mut dyn ImportSink,
    observer: &mut dyn ImportObserver,
) -> Result<Report, ImportError> {
    let mut lines = Lines::new(reader);
    let mut run = Run::new(options, sink, observer);
    let mut format = run.begin(what, &mut lines)?;
    run.sink.begin_batch()?;
    while let Some(next) = lines.next()? {
        run.report.rows += 1;
        match next {
            Next::TooLong { number } => run.reject(number, RowError::row(Reason::TooLong), ""),
            Next::Line(line) => run.line(what, &mut format, &line, &mut lines)?,
        }
        run.report.bytes = lines.bytes();
        run.tick()?;
    }
    run.report.bytes = lines.bytes();
    run.finish()
}

pub(super) fn import_rows(
    rows: Rows,
    options: &ImportOptions,
    sink: &mut dyn ImportSink,
    observer: &mut dyn ImportObserver,
) -> Result<Report, ImportError> {
    let mut run = Run::new(options, sink, observer);
    run.sink.begin_batch()?;
    match rows {
        Rows::Sales(rows) => {
            for row in rows {
                run.report.rows += 1;
                let line = run.report.rows;
                run.sale(&row, line, "")?;
                run.tick()?;
            }
        }
        Rows::Customers(rows) => {
            for row in rows {
                run.report.rows += 1;
                let line = run.report.rows;
                run.customer(&row, line, "")?;
                run.tick()?;
            }
        }
    }
    run.finish()
}

impl<'a> Run<'a> {
    fn new(
        options: &ImportOptions,
        sink: &'a mut dyn ImportSink,
        observer: &'a mut dyn ImportObserver,
    ) -> Self {
        Self {
            sink,
            observer,
            sales: SaleDefaults {
                source: options.source.clone(),
                shop: options.shop,
                currency: options.currency,
                shops: options.shops.clone(),
                now: options.now,
                has_decimal_comma: false,
            },
            customers: CustomerDefaults {
                source: options.source.clone(),
                phone_country: options.phone_country.clone(),
                now: options.now,
            },
            report: Report::default(),
            rows_in_batch: 0,
            joins_rows: false,
            open: None,
            group: Vec::new(),
            waiting: Vec::new(),
            last_customer: None,
        }
    }

    /// Tells the format by the first line that is not blank.
    fn begin(&mut self, what: What, lines: &mut Lines<'_>) -> Result<Format, ImportError> {
        let first = match lines.next()? {
            None => return Err(ImportError::Empty),
            Some(Next::Line(line)) => line,
            Some(Next::TooLong { .. }) => Line {
                number: 1,
                text: String::new(),
                is_unended: false,
            },
        };
        if first.text.trim_start().starts_with('{') {
            lines.give_back(vec![first]);
            return Ok(Format::JsonLines);
        }
        if what == What::Sales && cdnow::is_header(&first.text) {
            return Ok(Format::Cdnow(Cdnow::default()));
        }
        let header = Header::parse(&first.text, what)?;
        self.joins_rows = true;
        self.sales.has_decimal_comma = header.has_decimal_comma();
        self.report.ignored_columns.clone_from(&header.ignored);
        Ok(Format::Table(header))
    }

    fn line(
        &mut self,
        what: What,
        format: &mut Format,
        line: &Line,
        lines: &mut Lines<'_>,
    ) -> Result<(), ImportError> {
        match (what, format) {
            (What::Sales, Format::Cdnow(state)) => match state.row(&line.text, line.is_unended) {
                Ok(row) => self.sale(&row, line.number, &line.text),
                Err(error) => {
                    self.reject(line.number, error, &line.text);
                    Ok(())
                }
            },
            (What::Customers, Format::Cdnow(_)) => {
                unreachable!("the format is recognized for sales only")
            }
            (_, Format::Table(header)) => match header.row(line, lines)? {
                Err(error) => {
                    self.reject(line.number, error, &line.text);
                    Ok(())
                }
                Ok(fields) if what == What::Sales => {
                    self.sale(&SaleRow::from_fields(fields), line.number, &line.text)
                }
                Ok(fields) => {
                    self.customer(&CustomerRow::from_fields(fields), line.number, &line.text)
                }
            },
            (_, Format::JsonLines) => self.json_line(what, line),
        }
    }

    fn json_line(&mut self, what: What, line: &Line) -> Result<(), ImportError> {
        // A list would be taken for a struct without names.
        if !line.text.trim_start().starts_with('{') {
            let reason = Reason::Json("expected an object".to_owned());
            self.reject(line.number, RowError::row(reason), &line.text);
            return Ok(());
        }
        let read = match what {
            What::Sales => match serde_json::from_str::<SaleRow>(&line.text) {
                Ok(row) => return self.sale(&row, line.number, &line.text),
                Err(error) => error,
            },
            What::Customers => match serde_json::from_str::<CustomerRow>(&line.text) {
                Ok(row) => return self.customer(&row, line.number, &line.text),
                Err(error) => error,
            },
        };
        let reason = if line.is_unended && read.is_eof() {
            Reason::CutOff
        } else {
            Reason::Json(read.to_string())
        };
        self.reject(line.number, RowError::row(reason), &line.text);
        Ok(())
    }

    /// Takes a sale, or a further line of the one before.
    fn sale(&mut self, row: &SaleRow, line: u64, raw: &str) -> Result<(), ImportError> {
        let input = match row.check(&self.sales) {
            Ok(input) => input,
            Err(error) => {
                self.reject(line, error, raw);
                return Ok(());
            }
        };
        let is_same = self.open.as_ref().is_some_and(|open| {
            self.joins_rows
                && open.input.draft.source_id == input.draft.source_id
                && open.input.draft.kind == input.draft.kind
        });
        if is_same {
            if let Some(reason) = self.join(input) {
                self.reject(line, RowError::row(reason), raw);
            }
            return Ok(());
        }
        self.close_sale()?;
        self.open = Some(OpenSale {
            input,
            line,
            raw: raw.to_owned(),
        });
        Ok(())
    }

    /// Adds the lines of `input` to the open sale, or says why not.
    fn join(&mut self, input: SaleInput) -> Option<Reason> {
        let open = &mut self.open.as_mut()?.input;
        let (sale, next) = (&mut open.draft.sale, input.draft.sale);
        if open.customer != input.customer
            || (sale.at, sale.currency, sale.shop) != (next.at, next.currency, next.shop)
        {
            return Some(Reason::Disagrees);
        }
        if sale.lines.len() + next.lines.len() > SALE_LINES_MAX {
            return Some(Reason::TooLarge);
        }
        let lines: Vec<SaleLine> = next.lines;
        sale.lines.extend(lines);
        sale.amount_minor = sale.amount_minor.saturating_add(next.amount_minor);
        None
    }

    /// Puts the open sale, which is whole now, to its customer's group.
    fn close_sale(&mut self) -> Result<(), ImportError> {
        let Some(sale) = self.open.take() else {
            return Ok(());
        };
        let is_other = self
            .group
            .first()
            .is_some_and(|first| first.input.customer != sale.input.customer);
        if is_other || self.group.len() >= limits::RECORDS_PER_ENTRY_MAX {
            self.write_group()?;
        }
        self.group.push(sale);
        Ok(())
    }

    /// Ends the group: it is written with others, at the latest with its batch.
    fn write_group(&mut self) -> Result<(), ImportError> {
        let group = std::mem::take(&mut self.group);
        if !group.is_empty() {
            self.waiting.push(group);
        }
        if self.waiting.len() >= GROUPS_WAITING_MAX {
            self.write_waiting()?;
        }
        Ok(())
    }

    fn write_waiting(&mut self) -> Result<(), ImportError> {
        let waiting = std::mem::take(&mut self.waiting);
        let groups = waiting.iter().filter_map(|group| {
            let first = group.first()?;
            Some(SalesGroup {
                customer: first.input.customer.clone(),
                drafts: group.iter().map(|sale| sale.input.draft.clone()).collect(),
            })
        });
        let groups: Vec<SalesGroup> = groups.collect();
        if groups.is_empty() {
            return Ok(());
        }
        let outcomes = self.sink.put_sales(groups)?;
        for (group, outcome) in waiting.into_iter().zip(outcomes) {
            self.account_group(group, outcome);
        }
        Ok(())
    }

    fn account_group(&mut self, group: Vec<OpenSale>, outcome: GroupOutcome) {
        let key = group.first().map(|sale| sale.input.customer.clone());
        let is_first = self.last_customer != key;
        self.last_customer = key;
        match outcome.customer {
            Upserted::New(_) => self.report.customers_new += 1,
            Upserted::Updated(_) | Upserted::Unchanged(_) => {
                self.report.customers_unchanged += u64::from(is_first);
            }
            Upserted::Erased => return self.reject_group(&group, &Reason::Erased),
            Upserted::Refused(why) => return self.reject_group(&group, &Reason::Refused(why)),
        }
        for (sale, outcome) in group.into_iter().zip(outcome.sales) {
            self.account(sale, outcome);
        }
    }

    fn reject_group(&mut self, group: &[OpenSale], reason: &Reason) {
        for sale in group {
            let error = RowError::at("customer_id", reason.clone());
            self.reject(sale.line, error, &sale.raw);
        }
    }

    fn account(&mut self, sale: OpenSale, outcome: Put) {
        match outcome {
            Put::Inserted => self.report.records_new += 1,
            Put::Replaced => self.report.records_replaced += 1,
            Put::Unchanged => self.report.records_unchanged += 1,
            Put::Refused(reason) => {
                self.reject(sale.line, RowError::at("sale_id", reason), &sale.raw);
                return;
            }
        }
        let RecordDraft { kind, sale, .. } = sale.input.draft;
        self.report
            .count_sale(kind, sale.currency, sale.amount_minor);
    }

    fn customer(&mut self, row: &CustomerRow, line: u64, raw: &str) -> Result<(), ImportError> {
        let checked = match row.check(&self.customers) {
            Ok(checked) => checked,
            Err(error) => {
                self.reject(line, error, raw);
                return Ok(());
            }
        };
        for error in checked.left_out {
            if error.reason == Reason::NoEvidence {
                self.report.consents_without_evidence += 1;
            }
            *self.report.left_out.entry(error.reason.code()).or_default() += 1;
            let problem = Problem {
                line,
                error,
                is_kept: true,
            };
            self.observer.problem(&problem, raw);
        }
        let key = checked.input.key.clone();
        match self.sink.upsert_customer(&key, Some(&checked.input))? {
            Upserted::New(_) => self.report.customers_new += 1,
            Upserted::Updated(_) => self.report.customers_updated += 1,
            Upserted::Unchanged(_) => self.report.customers_unchanged += 1,
            Upserted::Erased => {
                self.reject(line, RowError::at("customer_id", Reason::Erased), raw);
            }
            Upserted::Refused(why) => self.reject(line, RowError::row(Reason::Refused(why)), raw),
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

    /// After each row: commits when a batch is full, and reports progress.
    fn tick(&mut self) -> Result<(), ImportError> {
        self.rows_in_batch += 1;
        if self.rows_in_batch >= BATCH_ROWS {
            self.rows_in_batch = 0;
            // The open sale may get more lines and waits for the next batch.
            self.write_group()?;
            self.write_waiting()?;
            self.sink.commit()?;
            self.sink.begin_batch()?;
        }
        if self.report.rows.is_multiple_of(PROGRESS_ROWS) {
            self.progress();
        }
        Ok(())
    }

    fn progress(&mut self) {
        self.observer.progress(Progress {
            rows: self.report.rows,
            bytes: self.report.bytes,
            rejected: self.report.rejected_total(),
        });
    }

    fn finish(mut self) -> Result<Report, ImportError> {
        self.close_sale()?;
        self.write_group()?;
        self.write_waiting()?;
        self.sink.commit()?;
        self.sink.finish()?;
        self.progress();
        Ok(self.report)
    }
}
