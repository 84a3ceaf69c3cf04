//! `carnet`: the hub, its administration, a handheld for the terminal, and the demo.

mod admin;
mod demo;
mod handheld;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Reading and writing a card is a hundred small allocations; this allocator makes them a fifth cheaper than glibc's, edit for edit.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The client book of a retail chain: a hub for the back office and handhelds for the floor.
#[derive(Debug, Parser)]
#[command(name = "carnet", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Invent a boutique, play the story of two handhelds on it, and serve on.
    Demo(demo::DemoArguments),
    /// Serve the hub of a shop from a data folder; the first run sets it up.
    Serve(serve::ServeArguments),
    /// Work with a handheld in the terminal.
    Handheld(handheld::HandheldArguments),
    /// Administer a hub on its own machine: imports, people, handhelds, keys, checks.
    Admin(admin::AdminArguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Demo(arguments) => demo::run(&arguments).map(|()| ExitCode::SUCCESS),
        Command::Serve(arguments) => serve::run(&arguments).map(|()| ExitCode::SUCCESS),
        Command::Handheld(arguments) => handheld::run(&arguments).map(|()| ExitCode::SUCCESS),
        Command::Admin(arguments) => admin::run(&arguments),
    };
    match done {
        Ok(code) => code,
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
