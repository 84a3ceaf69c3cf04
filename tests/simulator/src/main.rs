//! The fleet simulation: `simulator --seed N --runs M --steps K [--save] [--verbose] [--doublecheck]`.
//!
//! What it prints follows from its arguments alone. At the first failure it makes the plan short, prints it and ends with status 1.
#![expect(clippy::print_stdout, reason = "a program prints")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use simulator::plan::{Plan, Shape};
use simulator::run::{self, Failure, Success, Totals};
use simulator::shrink;

/// Plays random steps of a fleet with faults and checks that nothing is lost and everyone agrees.
#[derive(Debug, Parser)]
struct Arguments {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds, counted up from the first.
    #[arg(long, default_value_t = 100)]
    runs: u64,
    /// Steps of each run.
    #[arg(long, default_value_t = 400)]
    steps: usize,
    /// Keeps the shortened plan of a failure among the regressions.
    #[arg(long)]
    save: bool,
    /// Prints a line for every run.
    #[arg(long)]
    verbose: bool,
    /// Plays every run twice and compares.
    #[arg(long)]
    doublecheck: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    run::quietly();
    let mut totals = Totals::default();
    let last = arguments.seed.saturating_add(arguments.runs);
    for seed in arguments.seed..last {
        let plan = Plan::of(seed, arguments.steps);
        match attempt(&plan, arguments.doublecheck) {
            Ok(success) => {
                totals.add(&success.totals);
                if arguments.verbose {
                    println!("seed {seed}: {} {}", success.trace, line(&success.totals));
                    println!("  {:?}", Shape::of(seed));
                } else if (seed + 1 - arguments.seed) % 20 == 0 {
                    println!("{:>6} runs, {}", seed + 1 - arguments.seed, line(&totals));
                }
            }
            Err(failure) => return report(&plan, &failure, arguments.save),
        }
    }
    println!("{} runs, {}", arguments.runs, line(&totals));
    for (act, count) in &totals.faults {
        println!("  {:<16}{count:>9}", act.word());
    }
    ExitCode::SUCCESS
}

fn attempt(plan: &Plan, doublecheck: bool) -> Result<Success, Failure> {
    let success = run::play(plan, None)?;
    if doublecheck {
        let again = run::play(plan, None)?;
        if again != success {
            return Err(Failure {
                step: plan.steps.len(),
                violation: simulator::invariants::Violation::new(
                    "the same plan gives the same run",
                    format!("{} and {}", success.trace, again.trace),
                ),
            });
        }
    }
    Ok(success)
}

fn line(totals: &Totals) -> String {
    format!(
        "{} steps: {} edits recorded ({} declined), {} changes accepted, {} refused, {} replays, {} records, {} notices, {} lies, {} frames, {} bytes",
        totals.steps,
        totals.recorded,
        totals.declined,
        totals.accepted,
        totals.refused,
        totals.replayed,
        totals.records,
        totals.notices,
        totals.lies,
        totals.frames,
        totals.bytes,
    )
}

fn report(plan: &Plan, failure: &Failure, save: bool) -> ExitCode {
    println!(
        "seed {} fails at step {} of {}\n  {}",
        plan.seed,
        failure.step,
        plan.steps.len(),
        failure.violation
    );
    println!("  {:?}", Shape::of(plan.seed));
    let (short, how) = shrink::shrink(plan, failure, None);
    println!(
        "shortened to {} steps\n  {}",
        short.steps.len(),
        how.violation
    );
    let text = format!("# {}\n{short}", how.violation.invariant);
    println!("{text}");
    if save {
        let path = regression(plan.seed);
        match std::fs::write(&path, text) {
            Ok(()) => println!("kept as {}", path.display()),
            Err(error) => println!("could not keep it: {error}"),
        }
    }
    ExitCode::FAILURE
}

fn regression(seed: u64) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    folder.join(format!("seed-{seed}.plan"))
}
