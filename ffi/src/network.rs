//! The network of a book: one small runtime, made when it is first needed, and a live connection when the app wants one.
//!
//! # Invariants
//! - The book never waits for the network: it is reached from calls that say so, and from tasks of this runtime.
//! - Stopping is dropping a task: a session that is cut anywhere is resumed by the next one.

pub(crate) mod answers;
pub(crate) mod client;
pub(crate) mod dpop;
pub(crate) mod meeting;

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::BookError;
use crate::changes::Change;
use crate::clock::pause;
use crate::preview::PreviewHub;
use crate::shelf::Shelf;
use client::HubClient;

/// The first wait after a lost connection.
const RETRY_MS_MIN: u64 = 500;
/// The longest wait: a shop's network that comes back is noticed within a minute.
const RETRY_MS_MAX: u64 = 60_000;
/// Threads of the runtime: one reads while the other makes durable.
const THREADS: usize = 2;

/// How a book reaches its hub.
#[derive(Debug)]
pub(crate) struct Network {
    runtime: OnceLock<Runtime>,
    live: Mutex<Option<JoinHandle<()>>>,
    /// Connections that were ended and may not be gone yet: each holds the book's one session until it is.
    ending: Mutex<Vec<JoinHandle<()>>>,
    wants_live: AtomicBool,
    pub(crate) client: Arc<HubClient>,
    /// The hub of a preview, in this process.
    pub(crate) preview: Option<Arc<PreviewHub>>,
}

impl Network {
    pub(crate) fn new(allow_plain_http: bool) -> Self {
        Self {
            runtime: OnceLock::new(),
            live: Mutex::new(None),
            ending: Mutex::default(),
            wants_live: AtomicBool::new(false),
            client: Arc::new(HubClient::new(allow_plain_http)),
            preview: None,
        }
    }

    pub(crate) fn to_preview(hub: Arc<PreviewHub>) -> Self {
        let mut network = Self::new(false);
        network.preview = Some(hub);
        network
    }

    pub(crate) fn runtime(&self) -> Result<&Runtime, BookError> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime);
        }
        let made = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("carnet-network")
            .enable_all()
            .build()
            .map_err(|error| BookError::bug("starting the network's threads", &error))?;
        // Another thread may have been faster: then this one is not needed.
        let _unused = self.runtime.set(made);
        self.runtime.get().ok_or(BookError::Busy)
    }

    /// Runs a request to its end on the calling thread.
    pub(crate) fn wait_for<T>(
        &self,
        request: impl Future<Output = Result<T, BookError>>,
    ) -> Result<T, BookError> {
        self.runtime()?.block_on(request)
    }

    /// Keeps a connection open, until it is stopped.
    pub(crate) fn start_live(&self, shelf: &Arc<Shelf>) -> Result<(), BookError> {
        self.wants_live.store(true, Ordering::SeqCst);
        if self.preview.is_some() || shelf.is_offline.load(Ordering::SeqCst) {
            return Ok(());
        }
        let runtime = self.runtime()?;
        self.cut_live();
        let ended = self.ended();
        let connection = stay_connected(Arc::clone(shelf), Arc::clone(&self.client));
        let task = runtime.spawn(async move {
            ended.await;
            connection.await;
        });
        *self.live.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        Ok(())
    }

    /// Ends the live connection.
    pub(crate) fn stop_live(&self) {
        self.wants_live.store(false, Ordering::SeqCst);
        self.cut_live();
    }

    pub(crate) fn is_live(&self) -> bool {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.as_ref().is_some_and(|task| !task.is_finished())
    }

    fn cut_live(&self) {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = live.take() {
            running.abort();
            let mut ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
            ending.push(running);
        }
    }

    /// Completes when connections that were ended are gone.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        let ending = std::mem::take(&mut *ending);
        async move {
            for task in ending {
                // That it was ended is no failure.
                let _ended = task.await;
            }
        }
    }

    /// Takes the book off the network, or lets it on again.
    pub(crate) fn set_offline(&self, shelf: &Arc<Shelf>, offline: bool) -> Result<(), BookError> {
        shelf.is_offline.store(offline, Ordering::SeqCst);
        shelf.changes.push([Change::Sync]);
        if offline {
            self.cut_live();
            return Ok(());
        }
        self.renew_live(shelf)
    }

    /// Connects anew where a connection is wanted: who may read what has changed.
    pub(crate) fn renew_live(&self, shelf: &Arc<Shelf>) -> Result<(), BookError> {
        if self.wants_live.load(Ordering::SeqCst) {
            return self.start_live(shelf);
        }
        Ok(())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // Dropping a runtime waits for its threads, which is forbidden inside another runtime: let it end by itself.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Connects again and again, each time a little later, until the task is dropped.
async fn stay_connected(shelf: Arc<Shelf>, client: Arc<HubClient>) {
    let mut wait_ms = RETRY_MS_MIN;
    loop {
        let began = shelf.now();
        let ended = meeting::meet(&shelf, &client, meeting::Until::Dropped).await;
        let lasted_ms = shelf.now().0.saturating_sub(began.0);
        if lasted_ms > 10_000 {
            wait_ms = RETRY_MS_MIN;
        }
        if let Err(error) = ended {
            tracing::debug!(%error, "the connection to the hub ended");
            if needs_a_person(&error) {
                wait_ms = RETRY_MS_MAX;
            }
        }
        // Half of the wait is drawn, so that a shop's handhelds do not all come back at once.
        let drawn = shelf.jitter(wait_ms);
        let wait = Duration::from_millis(wait_ms / 2 + drawn / 2);
        tokio::select! {
            () = pause(wait) => {}
            // Somebody recorded something: worth a try at once, if the last was not just now.
            () = shelf.news.notified() => pause(Duration::from_millis(RETRY_MS_MIN)).await,
        }
        wait_ms = wait_ms.saturating_mul(2).min(RETRY_MS_MAX);
    }
}

fn needs_a_person(error: &BookError) -> bool {
    matches!(
        error,
        BookError::SignInAgain | BookError::EnrolAgain | BookError::UpdateApp
    )
}
