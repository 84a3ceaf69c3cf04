//! `carnet`: the hub, its administration, a handheld for the terminal, and the demo.

mod admin;
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
    /// Administer a hub on its own machine: imports, people, handhelds, keys, checks.
    Admin(admin::AdminArguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Admin(arguments) => admin::run(&arguments),
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
