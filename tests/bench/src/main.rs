//! The figures Carnet is measured by: a hub in a process of its own, handhelds over real sockets, real databases on both sides.
//!
//! Nothing here fails because of a time: a figure that misses its target says so in the table. A step that fails says why, and the rest goes on;
//! at the end the figures that are missing are named, and the program fails.

#![expect(clippy::disallowed_methods, reason = "a bench measures time")]
#![expect(
    clippy::indexing_slicing,
    reason = "JSON answers are read by name, and a missing one reads as null"
)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a table on the terminal is what this program is for"
)]

mod account;
mod figures;
mod goods;
mod handheld;
mod hub;
mod line;
mod machine;
mod steps;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

use crate::figures::{Figure, across_sizes, head};
use crate::hub::Hub;
use crate::steps::{Bench, Extent, STEPS, Step};

/// The same allocator as that of the `carnet` binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Prints the figures Carnet is measured by.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Arguments {
    /// Customers of the books to measure on.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000])]
    customers: Vec<u32>,
    /// Measure on every size that a target belongs to: 1,000, 5,000, 10,000, 50,000 and 100,000 customers.
    /// Steps that take long and have no target at the large sizes are left out there, and named.
    #[arg(long, conflicts_with = "customers")]
    full: bool,
    /// Repeat as little as shows that every figure comes: the times mean nothing.
    #[arg(long)]
    quick: bool,
    /// Write the figures as JSON to this file too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Run the steps whose name is one of these (`first_sync`, hub, reconnect, `catch_up`, push, live, live50, handheld, brief, guard, today, duplicates, import, gap).
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    only: Vec<String>,
    #[command(subcommand)]
    mode: Option<Mode>,
}

/// Processes that the bench starts itself.
#[derive(Debug, Subcommand)]
enum Mode {
    /// Fill a hub's folder.
    #[command(hide = true)]
    Fill {
        #[arg(long)]
        data: PathBuf,
        #[arg(long)]
        customers: u32,
        #[arg(long)]
        with_goods: bool,
    },
    /// Serve a hub's folder.
    #[command(hide = true)]
    Hub {
        #[arg(long)]
        data: PathBuf,
    },
    /// Measure a handheld by itself.
    #[command(hide = true)]
    Alone,
    /// Import a file of sales into a new hub.
    #[command(hide = true)]
    Import {
        #[arg(long)]
        data: PathBuf,
        #[arg(long)]
        file: PathBuf,
    },
    /// Count the gap of a made-up chain.
    #[command(hide = true)]
    Gap {
        #[arg(long)]
        data: PathBuf,
        #[arg(long)]
        customers: u64,
    },
    /// Count the gap of a filled hub's folder, edit, and count again.
    #[command(hide = true)]
    Keeper {
        #[arg(long)]
        data: PathBuf,
        #[arg(long)]
        customers: u32,
    },
}

/// The sizes of `--full`.
const FULL: [u32; 5] = [1_000, TODAY, 10_000, 50_000, 100_000];
/// The size of the book whose today list has a target; nothing else is measured there.
const TODAY: u32 = 5_000;

impl Arguments {
    fn sizes(&self) -> &[u32] {
        if self.full { &FULL } else { &self.customers }
    }

    fn extent(&self) -> Extent {
        if self.quick {
            Extent::QUICK
        } else {
            Extent::WHOLE
        }
    }

    /// The steps that were asked for.
    fn steps(&self) -> impl Iterator<Item = &'static Step> {
        let is_asked =
            |step: &&Step| self.only.is_empty() || self.only.iter().any(|name| name == step.name);
        STEPS.iter().filter(is_asked)
    }

    /// Why a step is left out at this size.
    fn left_out(&self, step: &Step, customers: u32) -> Option<&'static str> {
        if self.full && customers == TODAY && step.name != "today" {
            return Some("this is the size of the today list alone");
        }
        step.left_out_from
            .filter(|(from, _)| self.full && customers >= *from)
            .map(|(_, reason)| reason)
    }
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match arguments.mode {
            Some(Mode::Fill {
                data,
                customers,
                with_goods,
            }) => hub::fill(data, customers, with_goods).await?,
            Some(Mode::Hub { data }) => hub::serve(data).await?,
            Some(Mode::Alone) => steps::alone()?,
            Some(Mode::Import { data, file }) => steps::import_child(data, file).await?,
            Some(Mode::Gap { data, customers }) => steps::gap_child(&data, customers)?,
            Some(Mode::Keeper { data, customers }) => steps::keeper_child(data, customers).await?,
            None => return run(&arguments).await,
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn run(arguments: &Arguments) -> Result<ExitCode> {
    for name in &arguments.only {
        let known = STEPS.iter().any(|step| step.name == name);
        anyhow::ensure!(known, "there is no step {name:?}");
    }
    let begin = Instant::now();
    println!("{}", machine::describe());
    let mut outcome = Outcome::default();
    for customers in arguments.sizes() {
        if let Err(error) = measure(arguments, *customers, &mut outcome).await {
            println!("  the book of {customers} customers could not be measured: {error:#}");
            outcome.lost(arguments, *customers);
        }
    }
    println!("\n{}", head());
    for figure in &outcome.figures {
        println!("{}", figure.line());
    }
    for line in across_sizes(&outcome.figures) {
        println!("{line}");
    }
    println!("{}", machine::describe());
    println!("{:.0} s in all", begin.elapsed().as_secs_f64());
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&outcome.figures)?;
        std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    if outcome.missing.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("these figures are missing, and the steps above say why:");
    for (name, customers) in &outcome.missing {
        eprintln!("  {name} at {customers} customers");
    }
    Ok(ExitCode::FAILURE)
}

/// What was measured, and what should have been.
#[derive(Debug, Default)]
struct Outcome {
    figures: Vec<Figure>,
    missing: Vec<(&'static str, u32)>,
}

impl Outcome {
    /// Counts everything as missing that has not come from a book of this size.
    fn lost(&mut self, arguments: &Arguments, customers: u32) {
        let expected = arguments
            .steps()
            .filter(|step| arguments.left_out(step, customers).is_none());
        for name in expected.flat_map(|step| step.brings) {
            let is_here = |figure: &Figure| figure.name == *name && figure.customers == customers;
            let entry = (*name, customers);
            if !self.figures.iter().any(is_here) && !self.missing.contains(&entry) {
                self.missing.push(entry);
            }
        }
    }
}

/// Runs the steps on a book of `customers`.
async fn measure(arguments: &Arguments, customers: u32, outcome: &mut Outcome) -> Result<()> {
    println!("\n{customers} customers: filling a hub");
    let folder = tempfile::tempdir()?;
    let hub = Hub::start(&folder.path().join("hub"), customers, false)?;
    let filled = &hub.filled;
    println!(
        "  {} edits and {} sales in {:.1} s, database {:.0} MB",
        filled.edits, filled.records, filled.seconds, filled.database_mb
    );
    let mut bench = Bench::open(&hub, folder.path(), arguments.extent()).await?;
    for step in arguments.steps() {
        if let Some(reason) = arguments.left_out(step, customers) {
            println!(
                "  {}: left out at {customers} customers: {reason}",
                step.name
            );
            continue;
        }
        println!("  {}: {}", step.name, step.tells);
        let begin = Instant::now();
        match (step.run)(&mut bench).await {
            Ok(figures) => {
                for figure in &figures {
                    println!("    {}", figure.line());
                }
                let missing = step.missing(&figures);
                outcome
                    .missing
                    .extend(missing.iter().map(|name| (*name, customers)));
                outcome.figures.extend(figures);
            }
            Err(error) => {
                println!("    failed: {error:#}");
                outcome
                    .missing
                    .extend(step.brings.iter().map(|name| (*name, customers)));
            }
        }
        println!("    ({:.0} s)", begin.elapsed().as_secs_f64());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::sized_targets;

    #[test]
    fn the_full_run_measures_every_target_at_its_size() {
        let arguments = Arguments::parse_from(["bench", "--full"]);
        assert_eq!(arguments.sizes(), FULL);
        for (name, customers) in sized_targets() {
            assert!(FULL.contains(&customers), "{name} at {customers}");
            let mut steps = arguments.steps();
            let step = steps.find(|step| step.brings.contains(&name)).unwrap();
            assert_eq!(arguments.left_out(step, customers), None, "{name}");
        }
    }

    #[test]
    fn what_the_full_run_leaves_out_is_measured_when_a_size_is_asked_for() {
        let full = Arguments::parse_from(["bench", "--full"]);
        let asked = Arguments::parse_from(["bench", "--customers", "100000"]);
        let left_out = |arguments: &Arguments| {
            let steps = arguments.steps();
            steps
                .filter(|step| arguments.left_out(step, 100_000).is_some())
                .map(|step| step.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            left_out(&full),
            [
                "catch_up", "live", "live50", "handheld", "brief", "guard", "today", "import",
                "gap",
            ]
        );
        assert!(left_out(&asked).is_empty());
    }

    #[test]
    fn a_book_that_could_not_be_measured_misses_all_that_was_asked_for() {
        let arguments = Arguments::parse_from(["bench", "--only", "hub,live"]);
        let mut outcome = Outcome::default();
        outcome.lost(&arguments, 1_000);
        let expected = [
            ("hub.rss_mb", 1_000),
            ("live.p50_ms", 1_000),
            ("live.p99_ms", 1_000),
        ];
        assert_eq!(outcome.missing, expected);
    }
}
