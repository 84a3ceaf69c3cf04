//! A handheld by itself, measured in a process that holds nothing else.

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use server::clock::{Clock as _, SystemClock};
use sync_core::card::Source;
use sync_core::card::schema::Role;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{AssociateId, DeviceId, SessionId, ShopId};
use sync_core::projection;
use sync_core::replica::{Author, EditRequest, Replica};
use sync_core::search;
use sync_core::store::Store;

use super::{milliseconds, note};
use crate::handheld::Database;
use crate::hub::boutique;
use crate::machine;

/// Which handheld.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Alone {
    pub(super) database: PathBuf,
    pub(super) key: [u8; 32],
    pub(super) customers: u32,
    pub(super) device: DeviceId,
    pub(super) associate: AssociateId,
    pub(super) session: SessionId,
    pub(super) shop: ShopId,
}

/// What it measured, in milliseconds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(super) open: Vec<f64>,
    pub(super) search: Vec<f64>,
    pub(super) edit: Vec<f64>,
    pub(super) rss_mb: f64,
    pub(super) database_mb: f64,
}

const OPENINGS: usize = 10;
const NAMES: u64 = 60;
const EDITS: usize = 300;

/// The hidden mode: reads an [`Alone`], prints a [`Told`].
pub(crate) fn alone() -> Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let task: Alone = serde_json::from_str(&text)?;
    let database = Database {
        path: task.database.clone(),
        key: task.key,
    };
    let mut chance = SeededEntropy::new(5);
    let mut open = Vec::new();
    for _ in 0..OPENINGS {
        let begin = Instant::now();
        let store = database.open()?;
        let replica = Replica::open(task.device, &mut chance);
        // Open is when the first customers are on the screen.
        let found = search::search(&*store.read()?, "", 20)?;
        open.push(milliseconds(begin));
        drop((found, replica));
    }
    let store = database.open()?;
    let search = search_as_typed(&store, &task, &mut chance)?;
    let edit = edits(&store, &task, &mut chance)?;
    let bytes = std::fs::metadata(&task.database)?.len();
    let told = Told {
        open,
        search,
        edit,
        rss_mb: machine::memory_mb(std::process::id())?.0,
        database_mb: f64::from(u32::try_from(bytes >> 10)?) / 1_024.0,
    };
    println!("{}", serde_json::to_string(&told)?);
    Ok(())
}

/// Searches after every letter of names that are in the book, and of a word of notes.
fn search_as_typed(
    store: &dyn Store,
    task: &Alone,
    chance: &mut SeededEntropy,
) -> Result<Vec<f64>> {
    let boutique = boutique(task.customers);
    let mut texts = vec!["cashmere".to_owned(), "手袋".to_owned(), "navy".to_owned()];
    for _ in 0..NAMES {
        let index = u32::try_from(chance.below(u64::from(task.customers)))?;
        let row = projection::read_row(&*store.read()?, boutique.customer_id(index))?;
        texts.push(row.context("every customer has a row")?.name);
    }
    let mut samples = Vec::new();
    for text in texts {
        for (at, letter) in text.char_indices() {
            let typed = text.get(..at + letter.len_utf8()).unwrap_or(&text);
            let begin = Instant::now();
            let found = search::search(&*store.read()?, typed, 20)?;
            samples.push(milliseconds(begin));
            drop(found);
        }
    }
    Ok(samples)
}

/// Edits of cards that were not open before, each durable, folded and indexed.
fn edits(store: &dyn Store, task: &Alone, chance: &mut SeededEntropy) -> Result<Vec<f64>> {
    let boutique = boutique(task.customers);
    let author = Author {
        associate: task.associate,
        session: task.session,
        shop: task.shop,
        role: Role::Associate,
    };
    let mut replica = Replica::open(task.device, chance);
    let mut samples = Vec::new();
    for number in 0..EDITS {
        let index = u32::try_from(chance.below(u64::from(task.customers)))?;
        let edit = note(number);
        let request = EditRequest {
            customer: boutique.customer_id(index),
            edit: &edit,
            source: Source::Typed,
            now: SystemClock.now(),
        };
        let begin = Instant::now();
        let mut tx = store.write()?;
        replica.record(&mut *tx, &author, &request, chance)?;
        tx.commit()?;
        samples.push(milliseconds(begin));
    }
    Ok(samples)
}
