//! Syncing: once, live, or with frames that the app carries itself.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use sync_core::replica::book::Carrier;
use tokio::sync::Notify;

use super::Book;
use crate::BookError;
use crate::error::guarded;
use crate::network::Network;
use crate::network::meeting::{Until, meet};
use crate::shelf::Shelf;

/// How a sync ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum SyncEnd {
    /// Everything is exchanged.
    Settled,
    /// The deadline passed: what came is kept, the next sync goes on from there.
    DeadlinePassed,
    /// It was cancelled: what came is kept, the next sync goes on from there.
    Cancelled,
}

/// What a sync came to.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SyncReport {
    /// How it ended.
    pub end: SyncEnd,
    /// Edits that still wait.
    pub pending: u64,
    /// Edits that the hub refused and nobody has dealt with.
    pub refused: u64,
}

type Outcome = Result<SyncEnd, BookError>;

/// A sync under way.
#[derive(Debug, uniffi::Object)]
pub struct SyncRun {
    shelf: Arc<Shelf>,
    place: Arc<Place>,
    cancelled: Arc<Notify>,
}

/// Where the task leaves its outcome.
#[derive(Debug, Default)]
struct Place {
    outcome: Mutex<Option<Outcome>>,
    left: Condvar,
}

impl Place {
    fn leave(&self, outcome: Outcome) {
        let mut place = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        place.get_or_insert(outcome);
        drop(place);
        self.left.notify_all();
    }
}

/// Leaves an outcome even when the task is dropped with its runtime: nobody waits for ever.
struct Leaving(Arc<Place>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.leave(Ok(SyncEnd::Cancelled));
    }
}

#[uniffi::export]
impl SyncRun {
    /// Waits for the end, and tells how it came. May be called from several threads.
    pub fn outcome(&self) -> Result<SyncReport, BookError> {
        guarded(|| {
            let mut place = self
                .place
                .outcome
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let outcome = loop {
                if let Some(outcome) = place.clone() {
                    break outcome;
                }
                place = self
                    .place
                    .left
                    .wait(place)
                    .unwrap_or_else(PoisonError::into_inner);
            };
            drop(place);
            let end = outcome?;
            let pending = self
                .shelf
                .read(|_, tx| Ok(sync_core::outbox::pending(tx)?))?;
            Ok(SyncReport {
                end,
                pending: pending.count,
                refused: pending.refused,
            })
        })
    }

    /// Stops it. What is durable stays.
    pub fn cancel(&self) {
        self.cancelled.notify_one();
    }
}

#[uniffi::export]
impl Book {
    /// Syncs once and waits for the end. Reaches the hub. `Busy` while a live connection stands: that one syncs by itself.
    pub fn sync_once(&self, deadline_ms: u64) -> Result<SyncReport, BookError> {
        self.begin_sync(deadline_ms)?.outcome()
    }

    /// Begins to sync once; the run is waited for or cancelled.
    pub fn begin_sync(&self, deadline_ms: u64) -> Result<Arc<SyncRun>, BookError> {
        guarded(|| {
            self.refuse_offline()?;
            let run = Arc::new(SyncRun {
                shelf: Arc::clone(&self.shelf),
                place: Arc::default(),
                cancelled: Arc::new(Notify::new()),
            });
            if let Some(hub) = &self.network.preview {
                let met = hub.meet(&self.shelf);
                run.place.leave(met.map(|()| SyncEnd::Settled));
                return Ok(run);
            }
            if self.network.is_live() && self.shelf.is_connected.load(Ordering::SeqCst) {
                return Err(BookError::Busy);
            }
            self.shelf.read(|core, _| Ok(core.enrolment().map(drop)?))?;
            self.spawn_run(&run, Duration::from_millis(deadline_ms))?;
            Ok(run)
        })
    }

    /// Keeps a connection open: edits go out and come in as they are made. It comes back by itself when it is lost.
    pub fn start_sync(&self) -> Result<(), BookError> {
        guarded(|| {
            self.shelf.read(|core, _| Ok(core.enrolment().map(drop)?))?;
            self.network.start_live(&self.shelf)
        })
    }

    /// Ends the live connection.
    pub fn stop_sync(&self) {
        self.network.stop_live();
    }

    /// The associate's own switch: while it is set nothing reaches for the network.
    pub fn set_offline(&self, offline: bool) -> Result<(), BookError> {
        guarded(|| self.network.set_offline(&self.shelf, offline))
    }

    /// Opens a session over a transport of the app's own; the frames are to be sent, each whole.
    pub fn session_open(&self) -> Result<Vec<Vec<u8>>, BookError> {
        guarded(|| Ok(vec![self.shelf.open_session(Carrier::Connection)?]))
    }

    /// Takes a frame of the hub, durably, and returns the frames to send.
    pub fn session_receive(&self, frame: Vec<u8>) -> Result<Vec<Vec<u8>>, BookError> {
        guarded(|| Ok(self.shelf.receive(&frame)?.frames))
    }

    /// The frames that there are to send of the book's own accord: after an edit was recorded.
    pub fn session_offer(&self) -> Result<Vec<Vec<u8>>, BookError> {
        guarded(|| Ok(self.shelf.offer()?.frames))
    }

    /// Whether everything is exchanged in the open session.
    pub fn session_is_settled(&self) -> Result<bool, BookError> {
        guarded(|| self.shelf.with(|core, _| Ok(core.is_settled())))
    }

    /// Ends the session. What was under way is sent again in the next one.
    pub fn session_end(&self) {
        self.shelf.end_session();
    }
}

/// What it is to have settled: for a sign-in that has lapsed the outbox went out, and nothing could come.
fn settled(shelf: &Shelf) -> Outcome {
    let has_lapsed =
        shelf.read(|core, _| Ok(core.signed_in().is_some_and(|sign_in| sign_in.has_lapsed)))?;
    if has_lapsed {
        return Err(BookError::SignInAgain);
    }
    Ok(SyncEnd::Settled)
}

impl Book {
    pub(crate) fn refuse_offline(&self) -> Result<(), BookError> {
        if self.shelf.is_offline.load(Ordering::SeqCst) {
            return Err(BookError::Offline);
        }
        Ok(())
    }

    fn spawn_run(&self, run: &Arc<SyncRun>, deadline: Duration) -> Result<(), BookError> {
        let Network { client, .. } = &self.network;
        let (shelf, client) = (Arc::clone(&self.shelf), Arc::clone(client));
        let (leaving, cancelled) = (Leaving(Arc::clone(&run.place)), Arc::clone(&run.cancelled));
        let ended = self.network.ended();
        self.network.runtime()?.spawn(async move {
            let meeting = async {
                ended.await;
                meet(&shelf, &client, Until::Settled).await
            };
            let meeting = tokio::time::timeout(deadline, meeting);
            let outcome = tokio::select! {
                ended = meeting => match ended {
                    Ok(met) => met.and_then(|()| settled(&shelf)),
                    Err(_elapsed) => Ok(SyncEnd::DeadlinePassed),
                },
                () = cancelled.notified() => Ok(SyncEnd::Cancelled),
            };
            leaving.0.leave(outcome);
        });
        Ok(())
    }
}
