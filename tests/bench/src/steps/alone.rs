//! A handheld by itself as an app holds it: the SDK's book, with its listener, in a process that holds nothing else.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Weak};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use carnet_ffi::{Book, BookListener, BookOptions, ChangeSummary, ContactWay, ListenerError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use server::clock::{Clock as _, SystemClock};
use sync_core::card::Source;
use sync_core::card::terms::{Channel, Purpose};
use sync_core::concierge::Language;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{AssociateId, CustomerId, DeviceId, SessionId, ShopId, Timestamp};
use sync_core::replica::account::{Enrolment, SignIn};

use super::{Extent, milliseconds, note};
use crate::account::Account;
use crate::handheld::Database;
use crate::hub::{Hub, boutique, this_program};
use crate::machine;

/// What is measured.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum Part {
    /// Open, search, edit: a [`Told`].
    Handheld,
    /// The brief, the guard: milliseconds each took.
    Brief,
    Guard,
    /// The today list: a [`ToldToday`].
    Today,
}

/// Which handheld, and how often it is asked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Alone {
    pub(super) part: Part,
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

/// What it measured of the today list.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ToldToday {
    /// Milliseconds for each customer, once after a first sync.
    pub(super) prepare: f64,
    pub(super) from_nothing: Vec<f64>,
    pub(super) after_edit: Vec<f64>,
    /// Lines of the list.
    pub(super) lines: usize,
}

impl Alone {
    /// The task of measuring a handheld that has synced with `hub`.
    pub(super) fn of(
        part: Part,
        (hub, extent): (&Hub, Extent),
        (account, database): (&Account, &Database),
    ) -> Self {
        Self {
            part,
            database: database.path.clone(),
            key: database.key,
            customers: hub.customers,
            device: account.device,
            hub_key: account.hub_key.to_bytes(),
            hub_url: hub.url.clone(),
            associate: account.author.associate,
            session: account.author.session,
            shop: account.author.shop,
            extent,
        }
    }

    /// Measures in a process that holds nothing else.
    pub(super) fn measure<T: DeserializeOwned>(&self) -> Result<T> {
        let mut child = this_program(&["alone"])?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take().context("the input is piped")?;
        serde_json::to_writer(stdin, self)?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("the handheld's process failed ({})", output.status);
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

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

/// The hidden mode: reads an [`Alone`], prints what its part tells.
pub(crate) fn alone() -> Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let task: Alone = serde_json::from_str(&text)?;
    task.take_up()?;
    let told = match task.part {
        Part::Handheld => serde_json::to_string(&handheld(&task)?)?,
        Part::Brief => serde_json::to_string(&briefs(&task)?)?,
        Part::Guard => serde_json::to_string(&guards(&task)?)?,
        Part::Today => serde_json::to_string(&lists(&task)?)?,
    };
    println!("{told}");
    Ok(())
}

fn handheld(task: &Alone) -> Result<Told> {
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
    let search = search_as_typed(&book, task, &mut chance)?;
    let edit = edits(&book, task, &mut chance)?;
    let bytes = std::fs::metadata(&task.database)?.len();
    Ok(Told {
        open,
        search,
        edit,
        rss_mb: machine::memory_mb(std::process::id())?.0,
        database_mb: f64::from(u32::try_from(bytes >> 10)?) / 1_024.0,
    })
}

/// Somebody of the book.
fn somebody(task: &Alone, chance: &mut SeededEntropy) -> Result<CustomerId> {
    let index = u32::try_from(chance.below(u64::from(task.customers)))?;
    Ok(boutique(task.customers).customer_id(index))
}

/// Briefs of customers whose cards were not open before, each look logged.
fn briefs(task: &Alone) -> Result<Vec<f64>> {
    let mut chance = SeededEntropy::new(6);
    let book = task.open()?;
    let mut samples = Vec::new();
    for _ in 0..task.extent.looks {
        let customer = somebody(task, &mut chance)?;
        let begin = Instant::now();
        let brief = book.brief(customer)?;
        samples.push(milliseconds(begin));
        drop(brief);
    }
    Ok(samples)
}

/// Verdicts on customers whose page is open: that is where one taps to call or to write.
fn guards(task: &Alone) -> Result<Vec<f64>> {
    let mut chance = SeededEntropy::new(7);
    let book = task.open()?;
    let mut samples = Vec::new();
    for _ in 0..task.extent.looks {
        let customer = somebody(task, &mut chance)?;
        let page = book.brief(customer)?;
        let begin = Instant::now();
        let verdict = book.may_contact(
            customer,
            Channel::Call,
            Purpose::Service,
            ContactWay::Direct,
            None,
            false,
        )?;
        samples.push(milliseconds(begin));
        drop((page, verdict));
    }
    Ok(samples)
}

/// The list of the whole shop: prepared once, then from the stored rows of a book just opened, then after an edit.
fn lists(task: &Alone) -> Result<ToldToday> {
    let mut chance = SeededEntropy::new(8);
    let book = task.open()?;
    let begin = Instant::now();
    while book.prepare_today()? > 0 {}
    let prepare = milliseconds(begin) / f64::from(task.customers);
    drop(book);
    let shift = || (SystemClock.now().plus_ms(Timestamp::DAY_MS / 2), 480);
    let mut told = ToldToday {
        prepare,
        from_nothing: Vec::new(),
        after_edit: Vec::new(),
        lines: 0,
    };
    for _ in 0..task.extent.openings {
        let book = task.open()?;
        let (ends, minutes) = shift();
        let begin = Instant::now();
        let list = book.today(None, ends, minutes, Language::English)?;
        told.from_nothing.push(milliseconds(begin));
        anyhow::ensure!(list.is_complete, "everything was prepared");
        told.lines = list.today.len() + usize::try_from(list.not_today_count)?;
    }
    let book = task.open()?;
    let (ends, minutes) = shift();
    drop(book.today(None, ends, minutes, Language::English)?);
    for number in 0..task.extent.lists {
        let customer = somebody(task, &mut chance)?;
        book.record_from(customer, note(number), Source::Typed)?;
        let (ends, minutes) = shift();
        let begin = Instant::now();
        let list = book.today(None, ends, minutes, Language::English)?;
        told.after_edit.push(milliseconds(begin));
        anyhow::ensure!(list.is_complete, "one customer is made again at once");
    }
    Ok(told)
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
