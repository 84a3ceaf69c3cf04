//! The figures Carnet is measured by: a hub in a process of its own, handhelds over real sockets, real databases on both sides.
//!
//! Nothing here fails because of a time: a figure that misses its target says so in the table. A step that fails says why, and the rest goes on.

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
mod handheld;
mod hub;
mod line;
mod machine;
mod steps;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

use crate::figures::{Figure, head};
use crate::hub::Hub;
use crate::steps::{Bench, STEPS};

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
    /// Write the figures as JSON to this file too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Run the steps whose name is one of these (`first_sync`, hub, reconnect, `catch_up`, push, live, live50, handheld).
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
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match arguments.mode {
            Some(Mode::Fill { data, customers }) => hub::fill(data, customers).await,
            Some(Mode::Hub { data }) => hub::serve(data).await,
            Some(Mode::Alone) => steps::alone(),
            None => run(&arguments).await,
        }
    })
}

async fn run(arguments: &Arguments) -> Result<()> {
    for name in &arguments.only {
        let known = STEPS.iter().any(|step| step.name == name);
        anyhow::ensure!(known, "there is no step {name:?}");
    }
    println!("{}", machine::describe());
    let mut figures = Vec::new();
    for customers in &arguments.customers {
        if let Err(error) = measure(arguments, *customers, &mut figures).await {
            println!("  the book of {customers} customers could not be measured: {error:#}");
        }
    }
    println!("\n{}", head());
    for figure in &figures {
        println!("{}", figure.line());
    }
    println!("{}", machine::describe());
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&figures)?;
        std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// Runs the steps on a book of `customers`.
async fn measure(arguments: &Arguments, customers: u32, all: &mut Vec<Figure>) -> Result<()> {
    println!("\n{customers} customers: filling a hub");
    let folder = tempfile::tempdir()?;
    let hub = Hub::start(&folder.path().join("hub"), customers)?;
    let filled = &hub.filled;
    println!(
        "  {} edits and {} sales in {:.1} s, database {:.0} MB",
        filled.edits, filled.records, filled.seconds, filled.database_mb
    );
    let mut bench = Bench::open(&hub, folder.path()).await?;
    for step in &STEPS {
        if !arguments.only.is_empty() && !arguments.only.iter().any(|name| name == step.name) {
            continue;
        }
        println!("  {}: {}", step.name, step.tells);
        match (step.run)(&mut bench).await {
            Ok(figures) => {
                for figure in figures {
                    println!("    {}", figure.line());
                    all.push(figure);
                }
            }
            Err(error) => println!("    failed: {error:#}"),
        }
    }
    Ok(())
}
