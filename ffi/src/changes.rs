//! Observation: a bounded queue of what changed, and one waker that tells the app to drain it.
//!
//! # Invariants
//! - One wake may stand for many changes; the app asks for them when it has time, so a slow screen slows down nobody.
//! - The waker runs on a thread of its own and holds no lock: it may call the book, block or throw.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use sync_core::ids::CustomerId;

/// Changes that are kept apart; beyond, the app is told to read everything anew.
const CHANGES_MAX: usize = 4_096;

/// Something that changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, uniffi::Enum)]
pub enum Change {
    /// A customer's record, here or by others.
    Customer {
        /// Whose.
        customer: CustomerId,
    },
    /// What waits to be sent, or what was refused.
    Outbox,
    /// The state of syncing: contact, agreement, how far a first sync is.
    Sync,
    /// Who works with the book.
    Account,
    /// More than could be kept apart: read anew what is shown.
    Everything,
}

/// What waits to be drained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct ChangeSummary {
    /// How many changes wait.
    pub waiting: u32,
}

/// Why a listener did not take a wake. It changes nothing: the changes wait, and the next one wakes again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ListenerError {
    /// The listener threw.
    #[error("the listener failed")]
    Failed,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for ListenerError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed
    }
}

/// Woken when something changed. Called on a thread of the SDK.
#[uniffi::export(with_foreign)]
pub trait BookListener: Send + Sync + std::fmt::Debug {
    /// There are changes to drain.
    fn on_change(&self, summary: ChangeSummary) -> Result<(), ListenerError>;
}

#[derive(Debug, Default)]
struct Queue {
    order: VecDeque<Change>,
    known: BTreeSet<Change>,
    listener: Option<Arc<dyn BookListener>>,
    is_due: bool,
    /// Counts listeners: the thread of an earlier one ends.
    generation: u64,
}

/// The queue with its waker's thread.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    queue: Arc<(Mutex<Queue>, Condvar)>,
}

impl Changes {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue.0)
    }

    /// Queues changes, each once, and wakes the listener.
    pub(crate) fn push(&self, changes: impl IntoIterator<Item = Change>) {
        let mut queue = self.lock();
        for change in changes {
            if queue.order.len() >= CHANGES_MAX {
                queue.order.clear();
                queue.known.clear();
                queue.order.push_back(Change::Everything);
                queue.known.insert(Change::Everything);
            }
            if !queue.known.contains(&Change::Everything) && queue.known.insert(change.clone()) {
                queue.order.push_back(change);
            }
        }
        queue.is_due = !queue.order.is_empty();
        drop(queue);
        self.queue.1.notify_all();
    }

    /// Takes up to `max` changes, oldest first.
    pub(crate) fn drain(&self, max: usize) -> Vec<Change> {
        let mut queue = self.lock();
        let count = max.min(queue.order.len());
        let taken: Vec<_> = queue.order.drain(..count).collect();
        for change in &taken {
            queue.known.remove(change);
        }
        taken
    }

    /// Sets or removes the listener. What waits already wakes it.
    pub(crate) fn listen(&self, listener: Option<Arc<dyn BookListener>>) -> std::io::Result<()> {
        let is_some = listener.is_some();
        let mut queue = self.lock();
        queue.listener = listener;
        queue.generation += 1;
        queue.is_due = !queue.order.is_empty();
        let generation = queue.generation;
        drop(queue);
        self.queue.1.notify_all();
        if is_some {
            let shared = Arc::clone(&self.queue);
            std::thread::Builder::new()
                .name("carnet-changes".to_owned())
                .spawn(move || wake_until_over(&shared, generation))?;
        }
        Ok(())
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        self.lock().generation += 1;
        self.queue.1.notify_all();
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    // Nothing in here calls out while it is locked, so a panic can't have left it half-written.
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes the listener whenever something is due, until there is none.
fn wake_until_over((queue, signal): &(Mutex<Queue>, Condvar), generation: u64) {
    let mut held = lock(queue);
    loop {
        let Some(listener) = held
            .listener
            .clone()
            .filter(|_| held.generation == generation)
        else {
            return;
        };
        if !held.is_due {
            held = signal.wait(held).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        held.is_due = false;
        let waiting = u32::try_from(held.order.len()).unwrap_or(u32::MAX);
        drop(held);
        // A listener that throws or panics loses this wake and nothing else.
        let wake = || listener.on_change(ChangeSummary { waiting });
        let woken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(wake));
        if !matches!(woken, Ok(Ok(()))) {
            tracing::warn!("a listener of the app failed");
        }
        drop(listener);
        held = lock(queue);
    }
}

#[cfg(test)]
mod tests;
