//! What the hub's keeper of the gap really does: every card of the filled hub opened and counted from nothing, and some again after edits.
//!
//! It works on a copy of the hub's database, in a process of its own, because the hub that serves counts for itself. Each of the two counts
//! begins with a hub that has just been opened: no card is at hand.
//! `bench keeper --data DIR --customers N` measures it alone, on a folder that `bench fill --data DIR --customers N` has filled, and leaves
//! its edits there.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use server::data;
use server::gap::{Kept, keeper, ledger};
use server::keys;
use server::serve::Started;
use sync_core::authority::HubEdit;
use sync_core::card::{Edit, Source};
use sync_core::entropy::{Entropy as _, SeededEntropy};
use sync_core::ids::{EditId, Timestamp};
use sync_core::store::{Store as _, Table};

use super::super::{milliseconds, note};
use super::Bench;
use crate::figures::Figure;
use crate::hub::{boutique, config, staff, this_program};

/// One customer in so many is edited: 1,000 of 50,000, like the day of [`super`].
const EDITED_ONE_IN: u32 = 50;
/// Where the hub's counting stands, in the table of the gap.
const ERA: &[u8] = b"e";
/// Rows of an earlier count that are removed at a time.
const CLEARED_ROWS: usize = 50_000;

/// What the child tells.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    full_ms: f64,
    incremental_ms: f64,
    edited: u32,
    active: u64,
}

/// Measures the keeper on a copy of the hub.
pub(super) async fn run(bench: &mut Bench<'_>) -> Result<Vec<Figure>> {
    let customers = bench.hub.customers;
    let (hub, copy) = (bench.folder.join("hub"), bench.folder.join("keeper"));
    let mut program = this_program(&["keeper", "--customers", &customers.to_string()])?;
    program.arg("--data").arg(&copy);
    program.stdout(Stdio::piped()).stderr(Stdio::inherit());
    let folder = copy.clone();
    let output = tokio::task::spawn_blocking(move || {
        copy_hub(&hub, &folder)?;
        anyhow::Ok(program.output()?)
    })
    .await??;
    ensure!(
        output.status.success(),
        "keeping the gap failed ({})",
        output.status
    );
    let told: Told = serde_json::from_slice(&output.stdout).context("reading what was told")?;
    println!(
        "    {} of {customers} customers are active, {} were edited",
        told.active, told.edited
    );
    std::fs::remove_dir_all(&copy)?;
    let per_thousand = told.full_ms * 1_000.0 / f64::from(customers);
    let one = |name, value| Figure::of(name, (customers, "ms"), vec![value]);
    let figures = [
        one("gap.keeper_ms_per_1000_customers", per_thousand),
        one("gap.keeper_incremental_ms", told.incremental_ms),
    ];
    Ok(figures.into_iter().flatten().collect())
}

/// Copies the database of a hub that serves, and the keys beside it.
fn copy_hub(hub: &Path, copy: &Path) -> Result<()> {
    std::fs::create_dir(copy)?;
    let store = data::open_store(hub, false)?;
    store.vacuum_into(&copy.join(data::DATABASE))?;
    std::fs::copy(hub.join(keys::FILE_NAME), copy.join(keys::FILE_NAME))?;
    Ok(())
}

/// The hidden mode: counts everybody of the hub in `folder`, and again after edits; prints a [`Told`].
pub(crate) async fn child(folder: PathBuf, customers: u32) -> Result<()> {
    let started = open(&folder).await?;
    forget(&folder)?;
    // The moment at which the book's history ends, whenever this runs.
    let now = boutique(customers).now;
    let begin = Instant::now();
    keeper::settle(&started.state.book, now).await?;
    let full_ms = milliseconds(begin);
    let edited = customers.div_ceil(EDITED_ONE_IN);
    edit(&started, customers).await?;
    started.finish().await;
    let started = open(&folder).await?;
    let begin = Instant::now();
    keeper::settle(&started.state.book, now).await?;
    let incremental_ms = milliseconds(begin);
    let kept = Kept::read(&*started.state.store.read()?)?;
    ensure!(kept.is_complete, "everybody is counted");
    let report = kept.report(&*started.state.store.read()?, now)?;
    started.finish().await;
    let told = Told {
        full_ms,
        incremental_ms,
        edited,
        active: report.active,
    };
    println!("{}", serde_json::to_string(&told)?);
    Ok(())
}

async fn open(folder: &Path) -> Result<Started> {
    let store = data::open_store(folder, false)?;
    let config = config(folder.to_owned());
    Ok(Started::open(&config, Arc::new(store), Vec::new()).await?)
}

/// Removes what was counted before, so that counting begins with nothing.
fn forget(folder: &Path) -> Result<()> {
    let store = data::open_store(folder, false)?;
    loop {
        let mut tx = store.write()?;
        let is_more = ledger::clear(&mut *tx, CLEARED_ROWS)?;
        tx.delete(Table::Gap, ERA)?;
        tx.commit()?;
        if !is_more {
            return Ok(());
        }
    }
}

/// Edits every so many cards, each in a transaction of its own as a push does: a note, and for every other customer a promise.
async fn edit(started: &Started, customers: u32) -> Result<()> {
    let boutique = boutique(customers);
    let mut chance = SeededEntropy::new(17);
    let shop = started
        .state
        .identity
        .directory()
        .shops
        .keys()
        .next()
        .copied();
    let author = staff(started, shop.context("the hub has a shop")?)?;
    for index in (0..customers).step_by(usize::try_from(EDITED_ONE_IN)?) {
        let edit = if index % 2 == 0 {
            note(usize::try_from(index)?)
        } else {
            Edit::MakePromise {
                what: "Call about the coat".to_owned(),
                due: Some(boutique.now.plus_ms(Timestamp::DAY_MS)),
                assignee: None,
            }
        };
        let mut id = [0; EditId::LEN];
        chance.fill(&mut id);
        let edit = HubEdit {
            id: EditId(id),
            edit,
            source: Source::Typed,
            as_of: None,
        };
        let customer = boutique.customer_id(index);
        started
            .state
            .book
            .record(author, customer, vec![edit])
            .await?;
    }
    Ok(())
}
