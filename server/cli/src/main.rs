//! `carnet`: the hub, its administration, a handheld for the terminal, and the demo.

mod demo;
mod handheld;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The client book of a retail chain: a hub for the back office and handhelds for the floor.
#[derive(Debug, Parser)]
#[command(name = "carnet", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the hub of a shop from a data folder; the first run sets it up.
    Serve(serve::ServeArguments),
    /// Show what Carnet does: an invented boutique, two handhelds, a network that breaks.
    Demo(demo::DemoArguments),
    /// Work with a handheld in the terminal.
    Handheld(handheld::HandheldArguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Handheld(arguments) => handheld::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say_error(&error);
            ExitCode::FAILURE
        }
    }
}

/// Says what went wrong and why, one line for each cause.
#[expect(
    clippy::print_stderr,
    reason = "a program's errors belong on standard error"
)]
fn say_error(error: &anyhow::Error) {
    eprintln!("error: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
}
