//! `cargo xtask`: the project's own commands, in Rust and without a shell.
//!
//! What each command does is said once, in its help text below.
//! The rules of the house that a compiler cannot see are tests beside this program, in `tests/xtask/tests/tidy`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to the person who called it"
)]

mod bindings;
mod bless;
mod clock;
mod command;
mod decision;
mod office;
mod parts;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::bindings::Language;
use crate::bless::Expected;
use crate::parts::Part;
use crate::workspace::Workspace;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The project's own commands.")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Fetches and builds what is needed, then runs every check there is.
    Test,
    /// Runs the checks of CI in its order, or one of them by name.
    Ci {
        /// The one part to run.
        part: Option<Part>,
    },
    /// Prints the figures Carnet is measured by; arguments go to the bench as they are.
    Bench {
        /// For example `--customers 1000,10000 --json FILE`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Runs the fleet simulation: one seed again, or many from a seed on.
    Simulate(Simulation),
    /// Rewrites expected files; the diff is what the reviewer reads.
    Bless {
        /// Which files; all of them when none is named.
        expected: Option<Expected>,
    },
    /// Builds the SDK's library and generates its bindings for a language.
    Bindings {
        /// The language.
        language: Language,
    },
    /// Keeps the decision records.
    Decision {
        #[command(subcommand)]
        action: DecisionAction,
    },
}

#[derive(Debug, clap::Args)]
struct Simulation {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seeds to run, counting up from the first.
    #[arg(long, default_value_t = 1)]
    runs: u64,
    /// Steps of each run.
    #[arg(long, default_value_t = 2_000)]
    steps: u64,
    /// Writes a failing plan, shortened, to the regressions that every `cargo test` replays.
    #[arg(long)]
    save: bool,
}

#[derive(Debug, Subcommand)]
enum DecisionAction {
    /// Writes the next numbered record from the template.
    New {
        /// The decision in a few words.
        #[arg(required = true)]
        title: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Does the task; `false` when it ran and something it checked is wrong.
fn run(task: Task) -> Result<bool> {
    let workspace = Workspace::find()?;
    match task {
        Task::Test => parts::run_all(&workspace, &Part::TEST),
        Task::Ci { part: Some(part) } => parts::run_all(&workspace, &[part]),
        Task::Ci { part: None } => parts::run_all(&workspace, &Part::CI),
        Task::Bench { arguments } => bench(&workspace, &arguments),
        Task::Simulate(simulation) => simulate(&workspace, &simulation),
        Task::Bless { expected } => bless::bless(&workspace, expected).map(|()| true),
        Task::Bindings { language } => bindings::generate(&workspace, language).map(|folder| {
            println!("{}", folder.display());
            true
        }),
        Task::Decision {
            action: DecisionAction::New { title },
        } => decision::create(&workspace, &title.join(" ")).map(|file| {
            println!("{}", file.display());
            true
        }),
    }
}

fn bench(workspace: &Workspace, arguments: &[String]) -> Result<bool> {
    workspace
        .cargo(&["run", "--release", "--locked", "--package", "bench", "--"])
        .arguments(arguments)
        .run()
        .map(|()| true)
}

fn simulate(workspace: &Workspace, simulation: &Simulation) -> Result<bool> {
    let mut command = parts::simulator(workspace)
        .argument("--seed")
        .argument(simulation.seed.to_string())
        .argument("--runs")
        .argument(simulation.runs.to_string())
        .argument("--steps")
        .argument(simulation.steps.to_string());
    if simulation.save {
        command = command.argument("--save");
    }
    command.run().map(|()| true)
}
