//! The 1 % gap as the hub keeps it: counted from the cards as they change, published, and remembered week by week.
//!
//! The arithmetic is the core's (`sync_core::concierge::gap`); here is what is stored and when it is brought up to date.
//!
//! # Invariants
//! - A customer's row, the sums and how far the list of touched customers was read move in one transaction.
//! - What is kept equals what counting everybody from nothing would give; a test compares them.
//! - Who belongs to the best is in [`Table::Gap`] of the hub and nowhere else: no notice, no answer, no log line names them.
//! - The weeks are the only rows here that can't be made again; they are never removed.
//!
//! # Failure
//! A crash between two steps leaves a tally of some customers; the next start goes on where it stopped.
//!
//! [`Table::Gap`]: sync_core::store::Table::Gap

pub mod as_of;
pub mod cohort;
pub mod gather;
pub mod history;
pub mod keeper;
pub mod ledger;
pub mod settings;
#[cfg(test)]
mod tests;

use sync_core::concierge::gap::report::Beside;
use sync_core::concierge::gap::{self, Discovery, Report, Settings};
use sync_core::concierge::playbook::{Playbook, PlaybookBody};
use sync_core::ids::Timestamp;
use sync_core::notices::{self, NoticeDraft, NoticeError, Subject};
use sync_core::store::{ReadTx, StoreError, Table};

use crate::book::Book;
use crate::walk_ins::counted;
use crate::writer::WriteError;
use ledger::Ledger;

/// The playbook that holds, with its version; the one that Carnet suggests, as version 0, until a manager sets one.
///
/// # Errors
/// What the store reports.
pub fn playbook(tx: &dyn ReadTx) -> Result<(Playbook, u64), StoreError> {
    let Some((notice, body)) = notices::get::<PlaybookBody>(tx, Subject::Chain, "")? else {
        return Ok((Playbook::standard(), 0));
    };
    let playbook = body.playbook().map_err(|error| StoreError::Corrupt {
        table: Table::Notice.name(),
        detail: error.to_string(),
    })?;
    Ok((playbook, notice.version))
}

/// Why a playbook was not set.
#[derive(Debug, thiserror::Error)]
pub enum SetPlaybookError {
    /// Somebody else set one meanwhile.
    #[error("the playbook is at version {now}: read it, make your change again, and set that")]
    Moved {
        /// The version that holds.
        now: u64,
    },
    /// It can't be posted.
    #[error(transparent)]
    Notice(#[from] NoticeError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sets the playbook, for every handheld; what is kept is then counted again. Returns its version.
///
/// # Errors
/// [`SetPlaybookError`], or why nothing was kept.
pub async fn set_playbook(
    book: &Book,
    playbook: Playbook,
    expected: Option<u64>,
) -> Result<u64, WriteError<SetPlaybookError>> {
    book.write_batch(move |engine| {
        let (_, now) = self::playbook(engine.tx().as_read())?;
        if expected.is_some_and(|expected| expected != now) {
            return Err(SetPlaybookError::Moved { now });
        }
        let from = ("playbook", engine.now());
        let draft = NoticeDraft::new(Subject::Chain, "", from, &PlaybookBody::of(&playbook));
        engine.put_notices(&[draft])?;
        Ok(self::playbook(engine.tx().as_read())?.1)
    })
    .await
}

/// What is kept, read together.
#[derive(Debug)]
pub struct Kept {
    /// The standard.
    pub playbook: Playbook,
    /// Its version.
    pub version: u64,
    /// How it is counted.
    pub settings: Settings,
    /// Whether everybody is counted; while a change of the playbook is worked in, it is not.
    pub is_complete: bool,
    tally: gap::Tally,
    best: gap::Best,
}

impl Kept {
    /// Reads what is kept.
    ///
    /// # Errors
    /// What the store reports.
    pub fn read(tx: &dyn ReadTx) -> Result<Self, StoreError> {
        let (playbook, version) = playbook(tx)?;
        let settings = settings::read(tx)?;
        let era = keeper::Era::read(tx)?;
        let ledger = Ledger::load(tx)?;
        let is_complete = era.is_done_for(&playbook, &settings);
        let (tally, best) = if is_complete {
            let best = ledger.best().clone();
            (ledger.tally, best)
        } else {
            Default::default()
        };
        Ok(Self {
            playbook,
            version,
            settings,
            is_complete,
            tally,
            best,
        })
    }

    /// Where the gap stands, compared with the last week before this one.
    ///
    /// # Errors
    /// What the store reports.
    pub fn report(&self, tx: &dyn ReadTx, now: Timestamp) -> Result<Report, StoreError> {
        let previous = history::before(tx, now)?;
        let beside = Beside {
            playbook: (&self.playbook, self.version),
            settings: &self.settings,
            walk_ins: counted::within(tx, self.settings.window_days, now)?,
            previous: previous.as_ref(),
            now,
        };
        Ok(gap::report(&self.tally, &self.best, &beside))
    }

    /// What the best get that others do not.
    #[must_use]
    pub fn discover(&self) -> Vec<Discovery> {
        gap::discover(&self.tally, &self.best, &self.playbook)
    }

    /// How many are the best.
    #[must_use]
    pub fn best(&self) -> u64 {
        self.best.sums.customers
    }
}
