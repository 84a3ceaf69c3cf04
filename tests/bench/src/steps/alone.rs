//! A handheld by itself as an app holds it: the SDK's book, with its listener, in a process that holds nothing else.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Instant;

use anyhow::{Context as _, Result};
use carnet_ffi::{Book, BookListener, BookOptions, ChangeSummary, ListenerError};
use serde::{Deserialize, Serialize};
use server::clock::{Clock as _, SystemClock};
use sync_core::card::Source;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{AssociateId, DeviceId, SessionId, ShopId, Timestamp};
use sync_core::replica::account::{Enrolment, SignIn};

use super::{Extent, milliseconds, note};
use crate::hub::boutique;
use crate::machine;

/// Which handheld, and how often it is asked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Alone {
    pub(super) database: PathBuf,
    pub(super) key: [u8; 32],
    pub(super) customers: u32,
    pub(super) device: DeviceId,
    pub(super) hub_key: [u8; 32],
    pub(super) hub_url: String,
    pub(super) associate: AssociateId,
    pub(super) session: SessionId,
    pub(super) shop: ShopId,
    pub(super) extent: Extent,
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

impl Alone {
    /// Opens the book as an app does when it starts.
    fn open(&self) -> Result<Arc<Book>> {
        let path = self.database.to_str().context("a path that is text")?;
        let options = BookOptions::default();
        Ok(Book::open(path.to_owned(), self.key.to_vec(), options)?)
    }

    /// Tells the book who it belongs to: it was filled by the other steps, which enrolled and signed in without the SDK.
    fn take_up(&self) -> Result<()> {
        let book = self.open()?;
        book.take_up(Enrolment {
            device: self.device,
            shop: self.shop,
            hub_key: self.hub_key.into(),
            hub_url: self.hub_url.clone(),
            label: "bench".to_owned(),
            attested: false,
            lease_hours: 72,
        })?;
        let now = SystemClock.now();
        book.take_up_sign_in(SignIn {
            associate: self.associate,
            name: "bench".to_owned(),
            is_manager: true,
            session: self.session,
            refresh_token: Some("not used: nothing here reaches the hub".to_owned()),
            confirmed_at: now,
            expires_at: now.plus_ms(Timestamp::DAY_MS),
            has_lapsed: false,
        })?;
        Ok(())
    }
}

/// An app that asks what changed whenever it is woken.
#[derive(Debug)]
struct Screen(Weak<Book>);

impl BookListener for Screen {
    fn on_change(&self, _: ChangeSummary) -> Result<(), ListenerError> {
        let book = self.0.upgrade().ok_or(ListenerError::Failed)?;
        drop(book.drain(u32::MAX));
        Ok(())
    }
}

/// The hidden mode: reads an [`Alone`], prints a [`Told`].
pub(crate) fn alone() -> Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let task: Alone = serde_json::from_str(&text)?;
    task.take_up()?;
    let mut chance = SeededEntropy::new(5);
    let mut open = Vec::new();
    for _ in 0..task.extent.openings {
        let begin = Instant::now();
        let book = task.open()?;
        // Open is when the first customers are on the screen.
        let found = book.search(String::new(), 20)?;
        open.push(milliseconds(begin));
        drop((found, book));
    }
    let book = task.open()?;
    book.listen(Some(Arc::new(Screen(Arc::downgrade(&book)))))?;
    let search = search_as_typed(&book, &task, &mut chance)?;
    let edit = edits(&book, &task, &mut chance)?;
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
fn search_as_typed(book: &Book, task: &Alone, chance: &mut SeededEntropy) -> Result<Vec<f64>> {
    let boutique = boutique(task.customers);
    let mut texts = vec!["cashmere".to_owned(), "手袋".to_owned(), "navy".to_owned()];
    for _ in 0..task.extent.names {
        let index = u32::try_from(chance.below(u64::from(task.customers)))?;
        let row = book.row(boutique.customer_id(index))?;
        texts.push(row.context("every customer has a row")?.name);
    }
    let mut samples = Vec::new();
    for text in texts {
        for (at, letter) in text.char_indices() {
            let typed = text.get(..at + letter.len_utf8()).unwrap_or(&text);
            let begin = Instant::now();
            let found = book.search(typed.to_owned(), 20)?;
            samples.push(milliseconds(begin));
            drop(found);
        }
    }
    Ok(samples)
}

/// Edits of cards that were not open before, each durable, folded and indexed.
fn edits(book: &Book, task: &Alone, chance: &mut SeededEntropy) -> Result<Vec<f64>> {
    let boutique = boutique(task.customers);
    let mut samples = Vec::new();
    for number in 0..task.extent.edits {
        let index = u32::try_from(chance.below(u64::from(task.customers)))?;
        let (customer, edit) = (boutique.customer_id(index), note(number));
        let begin = Instant::now();
        book.record_from(customer, edit, Source::Typed)?;
        samples.push(milliseconds(begin));
    }
    Ok(samples)
}
