//! The concierge on a handheld, with a hub of its own: the catalogue makes a first sync heavier, and its rows are to stay comparable.

use anyhow::{Context as _, Result};
use serde::de::DeserializeOwned;

use super::Bench;
use super::alone::{Alone, Part, ToldToday};
use crate::account::{Account, Office};
use crate::figures::Figure;
use crate::handheld::{Database, Handheld};
use crate::hub::Hub;

/// A hub with a catalogue, and a handheld that has synced with it.
pub(super) struct House {
    hub: Hub,
    account: Account,
    database: Database,
}

/// The seed of its only handheld.
const DEVICE: u64 = 1_000;

impl House {
    async fn open(bench: &Bench<'_>) -> Result<Self> {
        let folder = bench.folder.join("house");
        std::fs::create_dir(&folder)?;
        let hub = Hub::start(&folder.join("hub"), bench.hub.customers, true)?;
        let account = Office::open(&hub).await?.enrol(DEVICE).await?;
        let database = Database::new(&folder, DEVICE);
        let mut handheld = Handheld::full(account, &database, DEVICE)?;
        handheld.sync().await?;
        Ok(Self {
            hub,
            account: handheld.account,
            database,
        })
    }
}

/// Measures a part on the handheld of the house.
async fn measure<T: DeserializeOwned>(bench: &mut Bench<'_>, part: Part) -> Result<T> {
    if bench.house.is_none() {
        bench.house = Some(House::open(bench).await?);
    }
    let house = bench.house.as_ref().context("it was just opened")?;
    let task = Alone::of(
        part,
        (&house.hub, bench.extent),
        (&house.account, &house.database),
    );
    task.measure()
}

/// Briefs of customers whose cards were not open before.
pub(super) async fn brief(bench: &mut Bench<'_>) -> Result<Vec<Figure>> {
    let samples = measure(bench, Part::Brief).await?;
    let names = ["brief.p50_ms", "brief.p99_ms"];
    Ok(Figure::percentiles(names, bench.hub.customers, samples))
}

/// Verdicts on customers whose page is open.
pub(super) async fn guard(bench: &mut Bench<'_>) -> Result<Vec<Figure>> {
    let samples = measure(bench, Part::Guard).await?;
    let names = ["guard.p50_ms", "guard.p99_ms"];
    Ok(Figure::percentiles(names, bench.hub.customers, samples))
}

/// The list of the whole shop.
pub(super) async fn today(bench: &mut Bench<'_>) -> Result<Vec<Figure>> {
    let told: ToldToday = measure(bench, Part::Today).await?;
    println!("    {} lines are on the list", told.lines);
    let customers = bench.hub.customers;
    let one = |name, samples| Figure::of(name, (customers, "ms"), samples);
    Ok([
        one("today.prepare_ms_per_customer", vec![told.prepare]),
        one("today.from_nothing_ms", told.from_nothing),
        one("today.after_edit_ms", told.after_edit),
    ]
    .into_iter()
    .flatten()
    .collect())
}
