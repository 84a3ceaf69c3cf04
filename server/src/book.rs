//! The hub's book: the core's engine behind the one writer, and the news of what moved.
//!
//! # Invariants
//! - Everything that decides runs inside the writer's transaction, on the one engine; readers have an engine of their own that never writes.
//! - Sessions hear of a commit after it is durable, never before.

mod access_log;
mod house;
pub mod moving;
pub mod person;
pub mod reading;
pub mod roster;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sync_core::authority::judge::{Presenter, PushError};
use sync_core::authority::{Authority, AuthorityError, Batch, HubAuthor, HubEdit};
use sync_core::card::Visible;
use sync_core::card::reduce::Corrections;
use sync_core::crypto::HubKey;
use sync_core::ids::{AssociateId, CustomerId, DeviceId, FeedId, ShopId, Timestamp};
use sync_core::projection;

use sync_core::notices::{NoticeDraft, NoticeError};
use sync_core::protocol::frame::{Push, Ruling, Verdicts};
use sync_core::protocol::hub::HubContext;
use sync_core::records::{RecordDraft, RecordError};
use sync_core::scope::Scope;
use sync_core::store::{Store, StoreError, Table};
use tokio::sync::broadcast;

use crate::clock::Clock;
use crate::desk::rights::fate;
use crate::entropy::SharedEntropy;
use crate::http::metrics::VERDICTS;
use crate::writer::{WriteError, Writer};
use roster::StoredRoster;

/// Documents that the writing engine keeps open: some 25 MB, whatever the number of customers.
const OPEN_DOCUMENTS: usize = 512;
/// Customers after which a long job folds their rows: their documents are still open then.
const FOLD_CUSTOMERS: usize = 128;
/// Documents that the reading engine keeps open, for back office and REST.
const READ_DOCUMENTS: usize = 64;
/// Commits that a slow session may lag behind before it looks at all its scopes instead.
const NEWS_WAITING_MAX: usize = 1_024;

/// What a book is made of.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "its parts are handles, one of them a key"
)]
pub struct BookParts {
    /// Where rows are kept.
    pub store: Arc<dyn Store>,
    /// Through what they are written.
    pub writer: Writer,
    /// Signs what scopes end with.
    pub key: Arc<HubKey>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: SharedEntropy,
}

/// The scopes that a commit moved.
pub type News = Arc<[Scope]>;

/// The hub's book, shared by all requests and sessions.
pub struct Book {
    parts: BookParts,
    feed: FeedId,
    engine: Arc<Mutex<Authority>>,
    reader: Mutex<Authority>,
    news: broadcast::Sender<News>,
    last_run: AtomicI64,
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Book")
            .field("feed", &self.feed)
            .finish_non_exhaustive()
    }
}

fn lock(engine: &Mutex<Authority>) -> MutexGuard<'_, Authority> {
    // The engine's cache checks every document against the stored row, so a panicking holder can't have left a lie in it.
    engine.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Book {
    /// Opens the book; on a new store its feeds begin their life.
    ///
    /// # Errors
    /// What the store reports.
    pub fn open(parts: BookParts) -> Result<Self, StoreError> {
        let (feed, device) = identity(&parts)?;
        complete_index(&*parts.store)?;
        let open = |documents| {
            parts
                .entropy
                .with(|entropy| Authority::open(device, documents, entropy))
        };
        Ok(Self {
            feed,
            engine: Arc::new(Mutex::new(open(OPEN_DOCUMENTS))),
            reader: Mutex::new(open(READ_DOCUMENTS)),
            news: broadcast::channel(NEWS_WAITING_MAX).0,
            last_run: AtomicI64::new(0),
            parts,
        })
    }

    /// Where rows are read from.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.parts.store
    }

    /// Documents that were opened from storage so far.
    #[must_use]
    pub fn documents_loaded(&self) -> u64 {
        lock(&self.engine).documents_loaded() + lock(&self.reader).documents_loaded()
    }

    /// News of commits from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    /// Who listens for news: every handheld that holds a connection.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        self.news.receiver_count()
    }

    /// What a session needs of the hub.
    #[must_use]
    pub fn context(&self) -> HubContext<'_> {
        HubContext {
            feed: self.feed,
            key: &self.parts.key,
            now: self.parts.clock.now(),
        }
    }

    /// Runs a job of the engine in the next transaction; sessions hear of what it moved once it is durable.
    async fn write<T, E>(
        &self,
        job: impl FnOnce(&mut EngineTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, WriteError<E>>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let engine = Arc::clone(&self.engine);
        let entropy = self.parts.entropy.clone();
        let clock = Arc::clone(&self.parts.clock);
        let news = self.news.clone();
        let written = self
            .parts
            .writer
            .run_then(
                move |tx| {
                    let mut authority = lock(&engine);
                    let mut batch = Batch::default();
                    let now = clock.now();
                    let value = job(&mut EngineTx {
                        tx: &mut *tx,
                        authority: &mut authority,
                        batch: &mut batch,
                        now,
                        entropy: &entropy,
                    })?;
                    authority.finish(tx, &mut batch)?;
                    Ok((value, batch.scopes()))
                },
                move |(_, scopes)| {
                    if !scopes.is_empty() {
                        // Nobody listens when nobody is connected.
                        let _heard = news.send(scopes.as_slice().into());
                    }
                },
            )
            .await;
        Ok(written?.0)
    }

    /// Judges a push.
    ///
    /// # Errors
    /// [`PushError::Broken`] when the session must end; otherwise why nothing was kept.
    pub async fn push(
        &self,
        presenter: Presenter,
        push: Push,
    ) -> Result<Verdicts, WriteError<PushError>> {
        let judged = self
            .write(move |engine| {
                let verdicts = engine.authority.judge(
                    engine.tx,
                    engine.batch,
                    (&push, &presenter),
                    &StoredRoster,
                    engine.now,
                )?;
                let pushed = (&push, presenter.device);
                fate::note_refused(engine.tx, pushed, &verdicts, engine.now)?;
                let backup_seq = Authority::backup_number(engine.tx.as_read())?;
                Ok(Verdicts {
                    verdicts,
                    backup_seq,
                })
            })
            .await?;
        for verdict in &judged.verdicts {
            let (ruling, code) = named(&verdict.ruling);
            let labels = [("ruling", ruling), ("code", code)];
            self.parts.writer.metrics().count(&VERDICTS, &labels);
        }
        Ok(judged)
    }

    /// Records edits about one customer, all or none. Returns whether anything was new.
    ///
    /// # Errors
    /// [`AuthorityError`] says what to do; otherwise why nothing was kept.
    pub async fn record(
        &self,
        author: HubAuthor,
        customer: CustomerId,
        edits: Vec<HubEdit>,
    ) -> Result<bool, WriteError<AuthorityError>> {
        self.write(move |engine| engine.record(&author, customer, &edits))
            .await
    }

    /// Posts notices in a transaction of their own, and tells whoever reads them. Returns how many were new or newer.
    ///
    /// # Errors
    /// [`NoticeError`] says what to do; otherwise why nothing was kept.
    pub async fn put_notices(
        &self,
        drafts: Vec<NoticeDraft>,
    ) -> Result<u64, WriteError<NoticeError>> {
        self.write(move |engine| engine.put_notices(&drafts)).await
    }

    /// Runs several recordings in one transaction, all or none: imports work in batches.
    ///
    /// # Errors
    /// What the job refuses with; otherwise why nothing was kept.
    pub async fn write_batch<T, E>(
        &self,
        job: impl FnOnce(&mut EngineTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, WriteError<E>>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write(job).await
    }

    /// A time to name an import's run by: never the same twice while the hub runs.
    #[must_use]
    pub fn run_time(&self) -> Timestamp {
        let now = self.parts.clock.now().0;
        let last = self
            .last_run
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| {
                Some(now.max(last.saturating_add(1)))
            })
            .unwrap_or_else(|unchanged| unchanged);
        Timestamp(now.max(last.saturating_add(1)))
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// What a reader at the back office sees of a customer.
    ///
    /// # Errors
    /// What the store reports.
    pub fn visible(
        &self,
        customer: CustomerId,
        reader: (ShopId, Option<AssociateId>),
    ) -> Result<(Visible, Corrections), StoreError> {
        lock(&self.reader).visible(&*self.parts.store.read()?, customer, reader)
    }
}

/// A ruling as it is counted; codes are the core's own words.
fn named(ruling: &Ruling) -> (&'static str, &str) {
    match ruling {
        Ruling::Accepted { .. } => ("accepted", ""),
        Ruling::Duplicate { .. } => ("duplicate", ""),
        Ruling::Refused { code } => ("refused", code),
        Ruling::Unmet => ("unmet", ""),
        Ruling::Erased => ("erased", ""),
        Ruling::NewEpoch { .. } => ("new_epoch", ""),
        Ruling::Later { code } => ("later", code),
    }
}

/// The engine inside one transaction.
pub struct EngineTx<'a> {
    tx: &'a mut dyn sync_core::store::WriteTx,
    authority: &'a mut Authority,
    batch: &'a mut Batch,
    now: Timestamp,
    entropy: &'a SharedEntropy,
}

impl std::fmt::Debug for EngineTx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineTx")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl EngineTx<'_> {
    /// The transaction, for rows that belong to no card.
    pub fn tx(&mut self) -> &mut dyn sync_core::store::WriteTx {
        self.tx
    }

    /// When this is written.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Randomness.
    #[must_use]
    pub fn entropy(&self) -> &SharedEntropy {
        self.entropy
    }

    /// Records edits about one customer.
    ///
    /// # Errors
    /// [`AuthorityError`]; the job must then fail, so that its work is undone.
    pub fn record(
        &mut self,
        author: &HubAuthor,
        customer: CustomerId,
        edits: &[HubEdit],
    ) -> Result<bool, AuthorityError> {
        if self.batch.touched() >= FOLD_CUSTOMERS {
            self.authority.fold_touched(self.tx, self.batch)?;
        }
        let now = self.now;
        self.entropy.with(|entropy| {
            self.authority.record(
                self.tx,
                self.batch,
                author,
                (customer, edits),
                (now, entropy),
            )
        })
    }

    /// Puts a customer into the book of a shop, or takes them out.
    ///
    /// # Errors
    /// What the store reports; the job must then fail, so that its work is undone.
    pub fn move_in_book(
        &mut self,
        customer: CustomerId,
        shop: ShopId,
        enters: bool,
    ) -> Result<(), StoreError> {
        self.entropy.with(|entropy| {
            let place = (customer, shop);
            if enters {
                self.authority
                    .enter_book(self.tx, self.batch, place, entropy)
            } else {
                self.authority
                    .leave_book(self.tx, self.batch, place, entropy)
            }
        })
    }

    /// Ends an associate's need to know about a customer.
    ///
    /// # Errors
    /// What the store reports; the job must then fail, so that its work is undone.
    pub fn end_need_to_know(
        &mut self,
        customer: CustomerId,
        associate: AssociateId,
    ) -> Result<(), StoreError> {
        self.entropy.with(|entropy| {
            let place = (customer, associate);
            self.authority
                .end_need_to_know(self.tx, self.batch, place, entropy)
        })
    }

    /// Leaves the search entries of what this job writes to a later [`EngineTx::index_what_waits`]: long imports do.
    pub fn index_later(&mut self) {
        self.batch.index_later();
    }

    /// Brings the search index up to what was written with [`EngineTx::index_later`].
    ///
    /// # Errors
    /// What the store reports; the job must then fail, so that its work is undone.
    pub fn index_what_waits(&mut self) -> Result<(), StoreError> {
        projection::index_what_waits(self.tx)
    }

    /// What a reader sees of a customer, with what this transaction wrote. Whoever only reads keeps no document in memory.
    ///
    /// # Errors
    /// What the store reports.
    pub fn visible(
        &mut self,
        customer: CustomerId,
        reader: (ShopId, Option<AssociateId>),
    ) -> Result<(Visible, Corrections), StoreError> {
        self.authority.glance(self.tx.as_read(), customer, reader)
    }

    /// Posts notices, and tells whoever reads them.
    ///
    /// # Errors
    /// [`NoticeError`]; the job must then fail, so that its work is undone.
    pub fn put_notices(&mut self, drafts: &[NoticeDraft]) -> Result<u64, NoticeError> {
        self.entropy.with(|entropy| {
            self.authority
                .put_notices(self.tx, self.batch, drafts, entropy)
        })
    }

    /// Stores records of one customer.
    ///
    /// # Errors
    /// [`RecordError`]; the job must then fail, so that its work is undone.
    pub fn put_records(
        &mut self,
        customer: CustomerId,
        drafts: &[RecordDraft],
    ) -> Result<u64, RecordError> {
        self.entropy.with(|entropy| {
            self.authority
                .put_records(self.tx, self.batch, (customer, drafts), entropy)
        })
    }
}

/// The life of the feeds and the device under which the hub itself records; drawn when the store is new.
/// Writes the index entries that an earlier build did not know.
fn complete_index(store: &dyn Store) -> Result<(), StoreError> {
    if projection::dates::is_complete(&*store.read()?)? {
        return Ok(());
    }
    let mut tx = store.write()?;
    projection::dates::complete(&mut *tx)?;
    tx.commit()
}

fn identity(parts: &BookParts) -> Result<(FeedId, DeviceId), StoreError> {
    const FEED: &[u8] = b"hub.feed";
    const DEVICE: &[u8] = b"hub.device";
    let tx = parts.store.read()?;
    let known = (tx.get(Table::Meta, FEED)?, tx.get(Table::Meta, DEVICE)?);
    drop(tx);
    if let (Some(feed), Some(device)) = known {
        let ids = FeedId::from_slice(&feed).zip(DeviceId::from_slice(&device));
        return ids.ok_or_else(|| StoreError::Corrupt {
            table: Table::Meta.name(),
            detail: "the hub's feed or device id has the wrong length".to_owned(),
        });
    }
    let (feed, device) = (
        FeedId(parts.entropy.bytes()),
        DeviceId(parts.entropy.bytes()),
    );
    let mut tx = parts.store.write()?;
    tx.put(Table::Meta, FEED, feed.as_bytes())?;
    tx.put(Table::Meta, DEVICE, device.as_bytes())?;
    tx.commit()?;
    Ok((feed, device))
}
