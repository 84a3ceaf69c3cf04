//! `carnet admin gap`, `carnet admin promises` and `carnet admin playbook`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use server::gap::settings::GapSettings;
use server::import::date::parse_sold_at;
use server::operator::Order;
use server::operator::gap::{GapOrder, declared_line};
use sync_core::concierge::playbook::Playbook;
use sync_core::ids::{CustomerId, Timestamp};
use sync_core::records::SoldAt;

use super::hub::order;
use super::{say, tell};

#[derive(Debug, Args)]
pub(super) struct GapArguments {
    /// Compare what the best customers get with what others get, and draft items for the playbook.
    #[arg(long)]
    discover: bool,
    /// Count as of the end of that day (YYYY-MM-DD) or of a moment, with what is known now; nothing is kept.
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
    /// Say where it stood at the end of each week instead, the latest first: of the last N weeks, or of all.
    #[arg(
        long,
        value_name = "N",
        conflicts_with_all = ["discover", "as_of", "order", "named", "currency", "days", "keep"]
    )]
    weeks: Option<Option<NonZeroUsize>>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
    /// Who is best: `spend` or `loyalty`.
    #[arg(long, conflicts_with = "named")]
    order: Option<String>,
    /// The chain's own list of its best: a file with a customer's id on each line, the best first.
    #[arg(long, value_name = "FILE")]
    named: Option<PathBuf>,
    /// What spend is counted in, such as EUR; sales in other currencies are not converted.
    #[arg(long)]
    currency: Option<String>,
    /// Days that are looked at.
    #[arg(long)]
    days: Option<u32>,
    /// Count like this from now on, not for this answer alone.
    #[arg(long)]
    keep: bool,
}

#[derive(Debug, Args)]
pub(super) struct PromisesArguments {
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum PlaybookCommand {
    /// Check a playbook: every problem names its item; exit code 1 when there is one.
    Check {
        /// The file; JSON.
        file: PathBuf,
    },
    /// Print the playbook that holds.
    Show,
    /// Set the playbook, for every handheld.
    Set {
        /// The file; JSON.
        file: PathBuf,
    },
}

pub(super) fn gap(folder: &Path, arguments: &GapArguments) -> anyhow::Result<()> {
    if let Some(latest) = arguments.weeks {
        let (latest, json) = (latest.map(NonZeroUsize::get), arguments.json);
        return order(folder, &Order::GapWeeks { latest, json });
    }
    let as_of = arguments
        .as_of
        .as_deref()
        .map(|text| {
            end_of(text).with_context(|| format!("--as-of: {text:?} is no day such as 2026-06-30"))
        })
        .transpose()?;
    let named = arguments.named.as_deref().map(named).transpose()?;
    let asked = GapOrder {
        discover: arguments.discover,
        as_of,
        json: arguments.json,
        settings: GapSettings {
            window_days: arguments.days,
            order: arguments.order.clone(),
            named,
            currency: arguments.currency.clone(),
        },
        keep: arguments.keep,
    };
    order(folder, &Order::Gap(asked))
}

pub(super) fn promises(folder: &Path, arguments: &PromisesArguments) -> anyhow::Result<()> {
    let json = arguments.json;
    order(folder, &Order::UnkeptPromises { json })
}

/// The end of a day in UTC, or the moment that is given.
fn end_of(text: &str) -> Option<Timestamp> {
    parse_sold_at(text).map(|at| match at {
        SoldAt::Day(_) => at.moment().plus_ms(Timestamp::DAY_MS - 1),
        SoldAt::Moment(at) => at,
    })
}

fn named(file: &Path) -> anyhow::Result<Vec<CustomerId>> {
    let text = read(file)?;
    let lines = text.lines().map(str::trim);
    let ids = lines.filter(|line| !line.is_empty()).map(|line| {
        line.parse()
            .with_context(|| format!("{}: {line:?} is no customer's id", file.display()))
    });
    ids.collect()
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))
}

pub(super) fn playbook(folder: &Path, command: &PlaybookCommand) -> anyhow::Result<ExitCode> {
    match command {
        PlaybookCommand::Check { file } => return check(file),
        PlaybookCommand::Show => order(folder, &Order::ShowPlaybook)?,
        PlaybookCommand::Set { file } => {
            let json = read(file)?;
            if let Err(error) = Playbook::parse(&json) {
                bail!("{}: {error}", file.display());
            }
            order(folder, &Order::SetPlaybook { json })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn check(file: &Path) -> anyhow::Result<ExitCode> {
    match Playbook::parse(&read(file)?) {
        Ok(playbook) => {
            say(format_args!("{} items, all good.", playbook.items.len()));
            for item in playbook.restricted() {
                say(format_args!("{}: not for all", item.id));
            }
            say(declared_line(playbook.declared_gap_bp()));
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            for problem in &error.problems {
                tell(problem);
            }
            Ok(ExitCode::FAILURE)
        }
    }
}
