//! `carnet admin`: what an operator does on the machine of the hub.
//!
//! Commands that only read run beside a serving hub. Those about people, handhelds and keys are handed to it, through its door in the data
//! folder. Imports and repairs take the folder's lock, so they never run beside a hub.

mod check;
mod gap;
mod hub;
mod import;
mod machines;
mod people;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

/// What to administer.
#[derive(Debug, Args)]
pub(crate) struct AdminArguments {
    /// Folder of the database and the keys.
    #[arg(long, global = true, default_value = "carnet-data")]
    data: PathBuf,
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Bring in sales, customers, cases, dealings, responses, the catalogue or stock from a file (CSV or JSON lines): exit code 3 when rows were refused and the rest was taken.
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// Count again what is often bought together; imports of sales do it by themselves.
    Pairs,
    /// Look after associates.
    #[command(subcommand)]
    Associates(people::AssociatesCommand),
    /// Give another associate what one owes to customers: open promises, and whom they look after first. Words and dates stay.
    Handover(people::HandoverArguments),
    /// Make a one-time code that enrols one handheld.
    Enrol(machines::EnrolArguments),
    /// Look after handhelds.
    #[command(subcommand)]
    Devices(machines::DevicesCommand),
    /// Look after keys for other systems.
    #[command(subcommand)]
    Integrations(machines::IntegrationsCommand),
    /// Say where the gap to the 1 % stands or stood, or what the best customers get that others do not.
    Gap(gap::GapArguments),
    /// Name the promises whose time is over, the oldest first, by customer; what was promised stands on the card.
    Promises(gap::PromisesArguments),
    /// Look after the written standard of what every customer gets.
    #[command(subcommand)]
    Playbook(gap::PlaybookCommand),
    /// Check that the database is whole: exit code 1 and the first bad row when it is not.
    Verify,
    /// Make caches, read rows and the search index again from the changes.
    Rebuild,
}

/// Runs one command.
pub(crate) fn run(arguments: &AdminArguments) -> anyhow::Result<ExitCode> {
    let folder = &arguments.data;
    match &arguments.command {
        AdminCommand::Import(command) => return import::run(folder, command),
        AdminCommand::Pairs => hub::with_hub(folder, import::recount),
        AdminCommand::Associates(command) => people::run(folder, command),
        AdminCommand::Handover(handover) => people::hand_over(folder, handover),
        AdminCommand::Enrol(enrol) => machines::enrol(folder, enrol),
        AdminCommand::Devices(command) => machines::devices(folder, command),
        AdminCommand::Integrations(command) => machines::integrations(folder, command),
        AdminCommand::Gap(arguments) => gap::gap(folder, arguments),
        AdminCommand::Promises(arguments) => gap::promises(folder, arguments),
        AdminCommand::Playbook(command) => return gap::playbook(folder, command),
        AdminCommand::Verify => check::verify(folder),
        AdminCommand::Rebuild => check::rebuild(folder),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Writes one line of what a command answers.
#[expect(clippy::print_stdout, reason = "this is what the command answers")]
fn say(line: impl std::fmt::Display) {
    println!("{line}");
}

/// Writes one line about how a command goes on.
#[expect(
    clippy::print_stderr,
    reason = "progress and problems belong on standard error"
)]
fn tell(line: impl std::fmt::Display) {
    eprintln!("{line}");
}
