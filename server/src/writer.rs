//! The one writer: a thread that takes queued jobs, runs a group of them in one transaction, and answers after the commit.
//!
//! A commit to disk costs about as much for fifty jobs as for one, so everything that waits while a commit is under way shares the next.
//!
//! # Invariants
//! - Jobs run in the order in which they were queued.
//! - An answer is never sent before the commit that carries it returned.
//! - A job that fails or panics is undone alone; its neighbors in the group go on.
//! - When the commit fails, every job of the group is told so, and nothing of the group is visible.
//! - What a job asked to happen after its commit ([`Writer::run_then`]) happens before any answer of its group, on the writer's thread,
//!   even when nobody waits for the answer any more. In-memory copies of stored rows are kept true that way.
//!
//! # Failure
//! A crash between commit and answer leaves a change that its author does not know of: jobs must be safe to ask for twice.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::clock::Stopwatch;
use crate::http::metrics::{COMMIT_SECONDS, COMMITS_FAILED, Metrics};

use sync_core::store::{Store, StoreError, WriteTx};
use tokio::sync::{mpsc, oneshot};

/// Jobs that may wait. A caller beyond it waits for room, which slows clients down instead of filling memory.
pub const QUEUE_JOBS_MAX: usize = 1_024;
/// Jobs in one transaction: enough to share the cost of a commit, few enough to keep an answer's delay short.
pub const GROUP_JOBS_MAX: usize = 256;

/// Why a job's work was not kept.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<E> {
    /// The job itself refused; only its own work was undone.
    #[error("the job refused")]
    Job(E),
    /// The group could not be made durable; nothing of it was kept.
    #[error("the change was not kept: {0}")]
    Commit(Arc<StoreError>),
    /// The job has a bug: it panicked, and its work was undone.
    #[error("the job panicked")]
    Panicked,
    /// The hub is stopping and takes no more work.
    #[error("the hub is stopping: try again later")]
    Stopping,
}

/// How a job ended inside its transaction.
enum Outcome {
    /// Keep the work; settle tells the caller after the commit.
    Keep,
    /// Undo the work.
    Undo,
}

/// How the whole group ended.
enum Settlement<'a> {
    Committed,
    Failed(&'a Arc<StoreError>),
}

/// A queued job with its way back to the caller.
trait QueuedJob: Send {
    fn run(&mut self, tx: &mut dyn WriteTx) -> Outcome;
    /// The work is durable: bring in-memory copies up to date.
    fn committed(&mut self);
    fn answer(self: Box<Self>, settlement: &Settlement<'_>);
}

enum Message {
    Job(Box<dyn QueuedJob>),
    Stop,
}

struct TypedJob<T, E, J, A> {
    job: Option<J>,
    after: Option<A>,
    result: Option<Result<T, WriteError<E>>>,
    caller: oneshot::Sender<Result<T, WriteError<E>>>,
}

impl<T, E, J, A> QueuedJob for TypedJob<T, E, J, A>
where
    T: Send,
    E: Send,
    J: FnOnce(&mut dyn WriteTx) -> Result<T, E> + Send,
    A: FnOnce(&mut T) + Send,
{
    fn run(&mut self, tx: &mut dyn WriteTx) -> Outcome {
        let job = self.job.take().expect("a queued job runs once");
        // What the closure could leave half-changed is the transaction, and that is rolled back.
        let result = match catch_unwind(AssertUnwindSafe(|| job(tx))) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(WriteError::Job(error)),
            Err(_) => Err(WriteError::Panicked),
        };
        let outcome = if result.is_ok() {
            Outcome::Keep
        } else {
            Outcome::Undo
        };
        self.result = Some(result);
        outcome
    }

    fn committed(&mut self) {
        if let (Some(Ok(value)), Some(after)) = (&mut self.result, self.after.take()) {
            after(value);
        }
    }

    fn answer(self: Box<Self>, settlement: &Settlement<'_>) {
        let answer = match (settlement, self.result) {
            // A refusal is taken back too: it may rest on what a neighbor wrote and nobody kept.
            (Settlement::Failed(error), _) => Err(WriteError::Commit(Arc::clone(error))),
            (Settlement::Committed, Some(result)) => result,
            (Settlement::Committed, None) => unreachable!("a committed group ran all its jobs"),
        };
        // The caller may have gone away; its work is done all the same.
        if self.caller.send(answer).is_err() {
            tracing::debug!("nobody waits for the answer of a write any more");
        }
    }
}

/// The handle through which everything is written. Cloning shares the queue.
#[derive(Debug, Clone)]
pub struct Writer {
    queue: mpsc::Sender<Message>,
    metrics: Metrics,
}

/// The thread behind a [`Writer`]; stopping it drains the queue.
#[derive(Debug)]
pub struct WriterThread {
    queue: mpsc::Sender<Message>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn start(store: Arc<dyn Store>) -> std::io::Result<(Self, WriterThread)> {
        let (queue, jobs) = mpsc::channel(QUEUE_JOBS_MAX);
        let metrics = Metrics::default();
        let measured = metrics.clone();
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || work(&*store, jobs, &measured))?;
        let handle = Self {
            queue: queue.clone(),
            metrics,
        };
        Ok((handle, WriterThread { queue, thread }))
    }

    /// Runs `job` in the next transaction and returns after it is durable.
    ///
    /// # Errors
    /// What the job refuses with, or why its work was not kept.
    pub async fn run<T, E>(
        &self,
        job: impl FnOnce(&mut dyn WriteTx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, WriteError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        self.run_then(job, |_| ()).await
    }

    /// Like [`Writer::run`]; when the work is durable, `after` runs on the writer's thread before any answer is sent.
    ///
    /// # Errors
    /// As [`Writer::run`].
    pub async fn run_then<T, E>(
        &self,
        job: impl FnOnce(&mut dyn WriteTx) -> Result<T, E> + Send + 'static,
        after: impl FnOnce(&mut T) + Send + 'static,
    ) -> Result<T, WriteError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let queued = TypedJob {
            job: Some(job),
            after: Some(after),
            result: None,
            caller,
        };
        self.queue
            .send(Message::Job(Box::new(queued)))
            .await
            .map_err(|_closed| WriteError::Stopping)?;
        answer.await.unwrap_or(Err(WriteError::Stopping))
    }

    /// What is measured here, and by everything that works with this writer.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Jobs that wait now.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

impl WriterThread {
    /// Takes no more jobs, finishes those that are queued, and returns when the thread has ended.
    pub async fn stop(self) {
        // A closed queue means that the thread has ended already.
        let stopping = self.queue.send(Message::Stop).await;
        let joined = tokio::task::spawn_blocking(move || self.thread.join()).await;
        if stopping.is_err() || !matches!(joined, Ok(Ok(()))) {
            tracing::error!("the writer had ended before it was asked to");
        }
    }
}

fn work(store: &dyn Store, mut jobs: mpsc::Receiver<Message>, metrics: &Metrics) {
    let mut messages = Vec::with_capacity(GROUP_JOBS_MAX);
    while jobs.blocking_recv_many(&mut messages, GROUP_JOBS_MAX) > 0 {
        let mut group = Vec::with_capacity(messages.len());
        for message in messages.drain(..) {
            match message {
                Message::Job(job) => group.push(job),
                // Nothing can be queued any more; what already is comes out of the next calls.
                Message::Stop => jobs.close(),
            }
        }
        run_group(store, group, metrics);
    }
}

fn run_group(store: &dyn Store, mut group: Vec<Box<dyn QueuedJob>>, metrics: &Metrics) {
    if group.is_empty() {
        return;
    }
    let committed = commit_group(store, &mut group, metrics).map_err(Arc::new);
    let settlement = match &committed {
        Ok(()) => {
            group.iter_mut().for_each(|job| job.committed());
            Settlement::Committed
        }
        Err(error) => {
            metrics.count(&COMMITS_FAILED, &[]);
            tracing::error!(error = %error, jobs = group.len(), "a group of writes was not kept");
            Settlement::Failed(error)
        }
    };
    for job in group {
        job.answer(&settlement);
    }
}

fn commit_group(
    store: &dyn Store,
    group: &mut [Box<dyn QueuedJob>],
    metrics: &Metrics,
) -> Result<(), StoreError> {
    let mut tx = store.write()?;
    if let [job] = group {
        // Nobody's work has to outlive its undoing, so no mark is kept of each page that it changes.
        return match job.run(&mut *tx) {
            Outcome::Keep => commit(tx, metrics),
            Outcome::Undo => Ok(()),
        };
    }
    let mut kept = 0_usize;
    for job in group {
        let mark = tx.mark()?;
        match job.run(&mut *tx) {
            Outcome::Keep => {
                tx.release(mark)?;
                kept += 1;
            }
            Outcome::Undo => tx.rollback_to(mark)?,
        }
    }
    if kept == 0 {
        return Ok(());
    }
    commit(tx, metrics)
}

fn commit(tx: Box<dyn WriteTx + '_>, metrics: &Metrics) -> Result<(), StoreError> {
    let watch = Stopwatch::start();
    tx.commit()?;
    metrics.time(&COMMIT_SECONDS, &[], watch.elapsed());
    Ok(())
}

#[cfg(test)]
mod tests;
