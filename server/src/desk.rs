//! The desk: what only the hub can give. It answers what handhelds asked for, hands out rights, and lets messages out.
//!
//! It follows the list of touched customers ([`sync_core::authority::followers`]) and works in transactions of its own on the one writer, so
//! that a commit never waits for it and a restart loses nothing.
//!
//! # Invariants
//! - An ask gets one final answer, but for a seat at an event that is called off. While it is held it is asked again when it is due, and when
//!   its customer changes.
//! - Asks are answered in the order in which they were made, then by id: whatever order they came in on, the same asks end alike.
//! - A message leaves after the guard said yes in the transaction before, at least once, always under the same id.
//! - Nothing here logs what a message says, to whom it goes, or who the customer is.
//!
//! # Keys of [`Table::Desk`](sync_core::store::Table::Desk)
//! | first byte | key | value |
//! |---|---|---|
//! | `a` | customer, ask | an ask that waits: when to look again |
//! | `b` | associate | the last look at which rights they may have |
//! | `c` | | how far a look at everybody has come |
//! | `d` | ask | a message that leaves, or left |
//! | `e` | hash of the event, ask | seats that were given |
//! | `g` | shop, day, associate | a gesture right that was given |
//! | `h` | hash of the event, ask | whose seats they are |
//! | `l` | shop, event | the guest list of an event, kept by [`crate::events`] |
//! | `m` | hash of an address, customer | whom a message went to there |
//! | `n` | associate, handheld | the keys of the rights that are posted |
//! | `o` | associate, customer | whom somebody looks after first |
//! | `p` | associate, ask | an appointment |
//! | `q` | associate, handheld | when something of theirs was refused from there |
//! | `s` | customer, associate, from, handheld | a slot that was given |
//! | `v` | shop, hash of the article, ask | an article that is kept |
//! | `w` | associate, handheld | rights that were taken back there, and when it will know |
//! | `x` | associate, hash of the right, edit | what a gesture cost |
//! | `y` | associate, hash of the right | a gesture right, as it was given |
//! | `z` | associate, hash of the right | what was spent beyond that |
//!
//! `t` and `f` are the followers' own.

mod answers;
mod appointments;
mod asks;
pub mod deliveries;
mod gathering;
pub mod invitations;
mod links;
pub mod owners;
pub mod replies;
mod reservations;
pub mod rights;
mod seats;
pub mod settings;
pub mod verdicts;
mod webhook;

use std::time::Duration;

use sync_core::authority::AuthorityError;
use sync_core::ids::Timestamp;
use sync_core::notices::NoticeError;
use sync_core::store::StoreError;

use crate::http::AppState;
use crate::writer::WriteError;
pub use seats::take_back as take_seats_back;
use webhook::Webhook;
pub use webhook::{MessagesConfig, sign};

/// How long the desk rests when nobody wakes it: what is due by time is at most this late.
const REST: Duration = Duration::from_secs(15);
const REST_MS: i64 = 15_000;
/// How long the desk lets commits gather: what it does must cost a shop that works busily no more than one that does not.
const BREATH: Duration = Duration::from_millis(250);

/// Why the desk could not do its work; what it wrote is undone and done again.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An edit could not be recorded.
    #[error(transparent)]
    Edit(#[from] AuthorityError),
    /// A notice could not be posted.
    #[error(transparent)]
    Notice(#[from] NoticeError),
    /// The writer does not answer.
    #[error("the writer does not take the desk's work")]
    Writer,
}

impl From<WriteError<Self>> for DeskError {
    fn from(error: WriteError<Self>) -> Self {
        match error {
            WriteError::Job(error) => error,
            WriteError::Commit(_) | WriteError::Panicked | WriteError::Stopping => Self::Writer,
        }
    }
}

/// The desk of one hub.
#[derive(Debug)]
pub struct Desk {
    state: AppState,
    webhook: Option<Webhook>,
}

impl Desk {
    /// A desk that sends messages to where `messages` says, if anywhere.
    ///
    /// # Errors
    /// When requests can't be prepared on this machine.
    pub fn new(
        state: AppState,
        messages: Option<&MessagesConfig>,
    ) -> Result<Self, webhook::SendError> {
        Ok(Self {
            state,
            webhook: messages.map(Webhook::new).transpose()?,
        })
    }

    /// Does everything that is due now. Returns for how many associates it was looked which rights they may have.
    ///
    /// # Errors
    /// [`DeskError`]; what was done before stays done.
    pub async fn step(&self) -> Result<usize, DeskError> {
        self.answer().await?;
        self.look_after().await
    }

    /// Answers what was asked for since. Returns whether anything was.
    async fn answer(&self) -> Result<bool, DeskError> {
        let can_send = self.webhook.is_some();
        while self.write(asks::collect).await? {}
        let mut has_answered = false;
        loop {
            let done = self.write(move |engine| asks::answer(engine, can_send));
            let done = done.await?;
            has_answered |= done.count > 0;
            if !done.more {
                return Ok(has_answered);
            }
        }
    }

    /// Gives rights out and lets messages out: a walk over everybody who is signed in and everything that waits.
    async fn look_after(&self) -> Result<usize, DeskError> {
        let mut looked = 0;
        for holder in rights::holders(&self.state) {
            let identity = std::sync::Arc::clone(&self.state.identity);
            let issued = self.write(move |engine| rights::issue(engine, holder, &identity));
            looked += usize::from(issued.await?);
        }
        if let Some(webhook) = &self.webhook {
            deliveries::send_due(&self.state, webhook).await?;
        }
        Ok(looked)
    }

    async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut crate::book::EngineTx<'_>) -> Result<T, DeskError> + Send + 'static,
    ) -> Result<T, DeskError> {
        Ok(self.state.book.write_batch(job).await?)
    }

    /// Answers, and looks after the rest when that is due: by time, or because something was answered.
    async fn turn(&self, looked_after: &mut Option<Timestamp>) -> Result<(), DeskError> {
        let has_answered = self.answer().await?;
        let now = self.state.clock.now();
        let is_due = looked_after.is_none_or(|at| now >= at.plus_ms(REST_MS));
        if has_answered || is_due {
            self.look_after().await?;
            *looked_after = Some(now);
        }
        Ok(())
    }

    /// Works until the hub stops: after each commit, and when something is due by time.
    pub async fn run(self) {
        let mut news = self.state.book.subscribe();
        let mut stopping = self.state.stopping.clone();
        let mut looked_after: Option<Timestamp> = None;
        loop {
            // What is told up to here, the turn sees; what comes while it works wakes the next one.
            while news.try_recv().is_ok() {}
            if let Err(error) = self.turn(&mut looked_after).await {
                tracing::warn!(error = %error, "the desk will try again");
            }
            // Commits that come close together are looked at together.
            let stopped = tokio::time::timeout(BREATH, stopping.changed()).await;
            if stopped.is_ok_and(|told| told.is_err() || *stopping.borrow()) {
                return;
            }
            tokio::select! {
                heard = tokio::time::timeout(REST, news.recv()) => {
                    if matches!(heard, Ok(Err(tokio::sync::broadcast::error::RecvError::Closed))) {
                        return;
                    }
                }
                stopped = stopping.changed() => {
                    if stopped.is_err() || *stopping.borrow() {
                        return;
                    }
                }
            }
        }
    }
}
