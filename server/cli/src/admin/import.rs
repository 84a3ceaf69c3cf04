//! `carnet admin import`: a file into the hub's book, with progress while it runs and a report at the end.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufReader, ErrorKind, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use server::duplicates::Keeper;
use server::http::AppState;
use server::import::hub::{BookSink, ImportAuthor, source_author};
use server::import::notices::hub::BookNotices;
use server::import::notices::{Facts, FactsOptions, import_facts};
use server::import::{
    ImportObserver, ImportOptions, Problem, Progress, Report, What, check_encoding, import,
};
use server::operator::shop;
use sync_core::ids::ShopId;
use sync_core::records::Currency;

use super::hub::with_hub;
use super::{say, tell};

/// Problems that are told one by one; the rest is counted, and written to `--rejects`.
const PROBLEMS_TOLD: u64 = 20;
/// Exit code of an import that came to its end and refused rows. Not 1, which says that the import failed, nor clap's 2.
const ROWS_REFUSED: u8 = 3;

#[derive(Debug, Subcommand)]
pub(super) enum ImportCommand {
    /// Sales: CSV or JSON lines with `sale_id`, `customer_id`, date, amount …, or the CDNOW log as it is.
    Sales {
        #[command(flatten)]
        file: FileArguments,
        /// The currency of sales that name none.
        #[arg(long)]
        currency: Option<String>,
    },
    /// Customers: CSV or JSON lines with `customer_id`, names, phone, email, consents …
    Customers {
        #[command(flatten)]
        file: FileArguments,
        /// Country code of phone numbers that have none, as +33.
        #[arg(long)]
        phone_country: Option<String>,
    },
    /// Cases of the service desk: CSV or JSON lines with `case_id`, a customer, topic, `opened_at` …
    Cases(FactsArguments),
    /// Dealings of the web shop or the CRM: CSV or JSON lines with `interaction_id`, a customer, at, channel …
    Interactions(FactsArguments),
    /// Answers to messages and surveys: CSV or JSON lines with `response_id`, a customer, to, at …
    Responses(FactsArguments),
    /// Articles: CSV or JSON lines with sku, label, tags, sizes, price …
    Catalogue(FactsArguments),
    /// What shops have: CSV or JSON lines with sku, shop, size, `on_hand`, `arriving_at`, arriving …
    Stock(FactsArguments),
}

#[derive(Debug, Args)]
pub(super) struct FactsArguments {
    #[command(flatten)]
    file: FileArguments,
    /// The source whose numbers of customers these are, where it is another system, as the till.
    #[arg(long, value_name = "SOURCE")]
    customers_of: Option<String>,
    /// The currency of prices that name none.
    #[arg(long)]
    currency: Option<String>,
    /// Country code of phone numbers that have none, as +33.
    #[arg(long)]
    phone_country: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct FileArguments {
    /// The file, UTF-8.
    file: PathBuf,
    /// The shop whose book new customers enter, by name or id; not needed where there is one.
    #[arg(long)]
    shop: Option<String>,
    /// The system whose ids these are: the same name every time, for sales and customers alike.
    #[arg(long, default_value = "till")]
    source: String,
    /// Write every refused row to this new file, with line, reason and the row itself.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

/// Runs an import; the exit code tells whether every row was taken.
pub(super) fn run(folder: &Path, command: &ImportCommand) -> anyhow::Result<ExitCode> {
    let (what, arguments) = match command {
        ImportCommand::Sales { file, .. } => (What::Sales, file),
        ImportCommand::Customers { file, .. } => (What::Customers, file),
        ImportCommand::Cases(arguments) => return run_facts(folder, Facts::Cases, arguments),
        ImportCommand::Interactions(arguments) => {
            return run_facts(folder, Facts::Interactions, arguments);
        }
        ImportCommand::Responses(arguments) => {
            return run_facts(folder, Facts::Responses, arguments);
        }
        ImportCommand::Catalogue(arguments) => {
            return run_facts(folder, Facts::Catalogue, arguments);
        }
        ImportCommand::Stock(arguments) => return run_facts(folder, Facts::Stock, arguments),
    };
    let bytes = check_encoding(&mut open(&arguments.file)?)
        .with_context(|| format!("{} can't be imported", arguments.file.display()))?;
    with_hub(folder, async |state| {
        let home = shop(&state.identity.directory(), arguments.shop.as_deref())?;
        let options = options(command, arguments, home, state)?;
        let watcher = Watcher::new(bytes, arguments.rejects.as_deref())?;
        let report = read_in(state, what, options, &arguments.file, watcher).await?;
        say(format_args!("{report}"));
        if what == What::Sales && report.has_changed() {
            recount(state).await?;
        }
        Ok(outcome(report.rejected_total()))
    })
}

fn outcome(rejected: u64) -> ExitCode {
    if rejected == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(ROWS_REFUSED)
    }
}

/// Counts what is bought together, as `carnet admin pairs` does.
pub(super) async fn recount(state: &AppState) -> anyhow::Result<()> {
    let counted = server::pairs::count(&state.book, state.book.now()).await?;
    say(format_args!(
        "pairs      {} articles have some, {} changed",
        counted.articles, counted.changed
    ));
    Ok(())
}

/// Imports what other systems know beside sales.
fn run_facts(folder: &Path, facts: Facts, arguments: &FactsArguments) -> anyhow::Result<ExitCode> {
    let file = &arguments.file;
    let bytes = check_encoding(&mut open(&file.file)?)
        .with_context(|| format!("{} can't be imported", file.file.display()))?;
    with_hub(folder, async |state| {
        let options = facts_options(arguments, state)?;
        let mut watcher = Watcher::new(bytes, file.rejects.as_deref())?;
        let keeper = Arc::new(Keeper::new(Arc::clone(&state.book), state.keys.chain_key()));
        keeper.catch_up().await?;
        let mut sink = BookNotices {
            book: Arc::clone(&state.book),
            keeper,
            secret: state.keys.import_secret(),
            source: options.source.clone(),
            customers_of: options.customers_of.clone(),
            within: None,
            runtime: tokio::runtime::Handle::current(),
        };
        let mut reader = open(&file.file)?;
        let reading = tokio::task::spawn_blocking(move || {
            let report = import_facts(facts, &options, &mut reader, &mut sink, &mut watcher);
            watcher.end()?;
            anyhow::Ok(report?)
        });
        let report = reading.await.context("the import panicked")??;
        say(format_args!("{report}"));
        Ok(outcome(report.rejected_total()))
    })
}

fn facts_options(arguments: &FactsArguments, state: &AppState) -> anyhow::Result<FactsOptions> {
    let file = &arguments.file;
    let directory = state.identity.directory();
    let currency = arguments.currency.as_deref().map(str::parse::<Currency>);
    Ok(FactsOptions {
        source: file.source.clone(),
        customers_of: arguments
            .customers_of
            .clone()
            .unwrap_or_else(|| file.source.clone()),
        shop: shop(&directory, file.shop.as_deref()).ok(),
        shops: directory.shops.keys().copied().collect(),
        currency: currency.transpose().context("--currency")?,
        phone_country: arguments.phone_country.clone(),
        now: state.book.now(),
    })
}

fn options(
    command: &ImportCommand,
    arguments: &FileArguments,
    home: ShopId,
    state: &AppState,
) -> anyhow::Result<ImportOptions> {
    let mut options = ImportOptions {
        source: arguments.source.clone(),
        shop: Some(home),
        currency: None,
        phone_country: None,
        shops: state.identity.directory().shops.keys().copied().collect(),
        now: state.book.run_time(),
    };
    match command {
        ImportCommand::Sales { currency, .. } => {
            let read = currency.as_deref().map(str::parse::<Currency>).transpose();
            options.currency = read.context("--currency")?;
        }
        ImportCommand::Customers { phone_country, .. } => {
            options.phone_country.clone_from(phone_country);
        }
        ImportCommand::Cases(_)
        | ImportCommand::Interactions(_)
        | ImportCommand::Responses(_)
        | ImportCommand::Catalogue(_)
        | ImportCommand::Stock(_) => {}
    }
    Ok(options)
}

/// Runs the import on a thread that may block.
async fn read_in(
    state: &AppState,
    what: What,
    options: ImportOptions,
    file: &Path,
    mut watcher: Watcher,
) -> anyhow::Result<Report> {
    let mut reader = open(file)?;
    let author = ImportAuthor {
        associate: source_author(&options.source),
        shop: options.shop.context("an import has a shop")?,
        secret: state.keys.import_secret(),
        run: options.now,
    };
    let runtime = tokio::runtime::Handle::current();
    let book = Arc::clone(&state.book);
    let reading = tokio::task::spawn_blocking(move || {
        let mut sink = BookSink::new(book, author, runtime);
        let report = import(what, &options, &mut reader, &mut sink, &mut watcher);
        watcher.end()?;
        anyhow::Ok(report?)
    });
    reading.await.context("the import panicked")?
}

/// Makes the file of refused rows. One that is there already may be the only copy of something, the import's own file included.
fn make_new(path: &Path) -> anyhow::Result<File> {
    match File::create_new(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(
            "--rejects: {} exists already: name a new file (nothing was imported)",
            path.display()
        ),
        made => made.with_context(|| format!("--rejects: can't write {}", path.display())),
    }
}

fn open(path: &Path) -> anyhow::Result<BufReader<File>> {
    let file = File::open(path).with_context(|| format!("can't read {}", path.display()))?;
    Ok(BufReader::with_capacity(256 << 10, file))
}

/// A bar on a terminal, plain lines elsewhere.
pub(super) struct Bar {
    bar: Option<ProgressBar>,
    /// Where the end is, when that is known.
    total: Option<u64>,
    /// What was told last, in tenths, or counted.
    told: Cell<u64>,
    what: &'static str,
}

/// Things between two plain lines of a count.
const COUNT_STEP: u64 = 10_000;

impl Bar {
    /// A bar over bytes of a file.
    fn of_bytes(total: u64) -> Self {
        let style = ProgressStyle::with_template(
            "{bar:30} {percent:>3} %  {bytes}/{total_bytes}  {msg}  {eta} left",
        );
        Self::new(Some(total), style.ok(), "read")
    }

    /// A count whose end is not known.
    pub(super) fn counting(what: &'static str) -> Self {
        let style = ProgressStyle::with_template("{spinner} {pos} {msg}");
        Self::new(None, style.ok(), what)
    }

    fn new(total: Option<u64>, style: Option<ProgressStyle>, what: &'static str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
            if let Some(style) = style {
                bar.set_style(style);
            }
            bar.set_message(what);
            bar
        });
        Self {
            bar,
            total,
            told: Cell::new(0),
            what,
        }
    }

    /// Shows how far it is.
    pub(super) fn at(&self, position: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(position);
            return;
        }
        match self.total {
            Some(total) => {
                let tenths = position.saturating_mul(10) / total.max(1);
                if tenths > self.told.replace(tenths) {
                    tell(format_args!("{} % {}", tenths * 10, self.what));
                }
            }
            None if position / COUNT_STEP > self.told.get() => {
                self.told.set(position / COUNT_STEP);
                tell(format_args!("{position} {}", self.what));
            }
            None => {}
        }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn note(&self, message: String) {
        if let Some(bar) = &self.bar {
            bar.set_message(message);
        }
    }

    fn tell(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| tell(line)),
            None => tell(line),
        }
    }
}

/// Shows how the import goes and keeps what was refused.
struct Watcher {
    bar: Bar,
    problems: u64,
    rejects: Option<(PathBuf, File)>,
    failure: Option<std::io::Error>,
}

impl Watcher {
    fn new(bytes: u64, rejects: Option<&Path>) -> anyhow::Result<Self> {
        let rejects = rejects
            .map(|path| anyhow::Ok((path.to_owned(), make_new(path)?)))
            .transpose()?;
        Ok(Self {
            bar: Bar::of_bytes(bytes),
            problems: 0,
            rejects,
            failure: None,
        })
    }

    fn end(self) -> anyhow::Result<()> {
        self.bar.end();
        let kept = self.rejects.map(|(path, _)| path);
        if let (Some(error), Some(path)) = (self.failure, &kept) {
            return Err(error).with_context(|| format!("can't write {}", path.display()));
        }
        if self.problems > PROBLEMS_TOLD && kept.is_none() {
            let more = self.problems - PROBLEMS_TOLD;
            tell(format_args!(
                "… and {more} more: name a file with --rejects to keep them all"
            ));
        }
        Ok(())
    }
}

impl ImportObserver for Watcher {
    fn progress(&mut self, progress: Progress) {
        self.bar.at(progress.bytes);
        self.bar.note(format!(
            "{} rows, {} rejected",
            progress.rows, progress.rejected
        ));
    }

    fn problem(&mut self, problem: &Problem, raw: &str) {
        self.problems += 1;
        if self.problems <= PROBLEMS_TOLD {
            self.bar.tell(&problem.to_string());
        }
        if let Some((_, file)) = &mut self.rejects {
            let code = problem.error.reason.code();
            let row = raw.trim_end_matches(['\r', '\n']);
            let written = writeln!(file, "{}\t{code}\t{}\t{row}", problem.line, problem.error);
            if let Err(error) = written {
                self.failure.get_or_insert(error);
            }
        }
    }
}
