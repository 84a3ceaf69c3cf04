//! The sink of the hub: an import's batches as transactions of the one writer.
//!
//! [`EngineSink`] writes inside a transaction that is open already; [`BookSink`] opens one for each batch. The latter is for a thread of its
//! own: rows go one by one to the writer's thread and are answered there, so memory is bounded by one row and the transaction itself.
//!
//! # Invariants
//! - A customer is made with a random id, in the book of the import's shop, through the same intents that a person's edits are.
//! - What the index says is known and what the card holds are written in one transaction: a source's row is written once, however often it comes.
//! - Edits are named after the row, its place in it and the run, keyed by the hub's secret: nobody can tell from an edit's id what a source calls somebody.
//!
//! - [`BookSink`] leaves the search entries of what it writes to the end of the import. It belongs to a hub that serves nobody meanwhile.
//!
//! # Failure
//! A batch that is not committed leaves no trace; [`super`] tells what that means for a file. Where an import was cut before its end, the
//! hub writes the search entries when it next starts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use sync_core::authority::{AuthorityError, HubAuthor, HubEdit};
use sync_core::card::schema::Role;
use sync_core::card::{Edit, Source};
use sync_core::crypto::sha256;
use sync_core::ids::{AssociateId, CustomerId, EditId, SessionId, ShopId, Timestamp};
use sync_core::limits;
use sync_core::records::{self, RecordDraft, RecordError};
use sync_core::store::{StoreError, Table};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::customer::{CustomerInput, edits, first_edits};
use super::problem::Reason;
use super::sink::{
    GroupOutcome, ImportIndex, ImportSink, KnownCustomer, Put, SalesGroup, SinkError, SourceKey,
    Upserted,
};
use crate::book::{Book, EngineTx};
use crate::secret::Secret;
use crate::writer::WriteError;

/// Requests that may wait for the writer's thread: one, so that a slow disk slows the reader.
const WAITING_MAX: usize = 1;

/// On whose behalf an import writes.
#[derive(Debug, Clone)]
pub struct ImportAuthor {
    /// Named in every change; see [`source_author`].
    pub associate: AssociateId,
    /// The shop whose book new customers enter.
    pub shop: ShopId,
    /// The hub's secret for the import index.
    pub secret: Secret<[u8; 32]>,
    /// The run, named by its time; see [`super::ImportOptions::now`].
    pub run: Timestamp,
}

/// Who a source is in the cards it writes: an id that no associate has, the same every time.
#[must_use]
pub fn source_author(source: &str) -> AssociateId {
    let digest = sha256("import.author.v1", &[source.as_bytes()]);
    let first = digest.0.first_chunk().expect("a digest has 32 bytes");
    AssociateId(*first)
}

impl ImportAuthor {
    fn hub_author(&self) -> HubAuthor {
        HubAuthor {
            associate: self.associate,
            session: SessionId([0; SessionId::LEN]),
            shop: self.shop,
            role: Role::Hub,
        }
    }
}

/// Sales that a run repeated as the book holds them: other content of the same sale later in the run is a twin, and refused.
///
/// A nightly file repeats nearly everything, so this is kept in memory, 16 MB at most; what is beyond is written to the index.
#[derive(Debug, Default)]
struct Confirmed(BTreeSet<u64>);

/// Sales of one run that are kept in memory.
const CONFIRMED_MAX: usize = 1_000_000;

impl Confirmed {
    /// Notes a sale; `false` when there is no room.
    fn note(&mut self, sale: u64) -> bool {
        let has_room = self.0.len() < CONFIRMED_MAX;
        if has_room {
            self.0.insert(sale);
        }
        has_room
    }

    fn holds(&self, sale: u64) -> bool {
        self.0.contains(&sale)
    }
}

/// Writes inside one transaction, which is committed by whoever opened it.
#[derive(Debug)]
pub struct EngineSink<'a, 'tx> {
    engine: &'a mut EngineTx<'tx>,
    author: &'a ImportAuthor,
    confirmed: Confirmed,
}

impl<'a, 'tx> EngineSink<'a, 'tx> {
    /// A sink over an open transaction.
    #[must_use]
    pub fn new(engine: &'a mut EngineTx<'tx>, author: &'a ImportAuthor) -> Self {
        Self {
            engine,
            author,
            confirmed: Confirmed::default(),
        }
    }

    /// Writes edits, or tells why the hub does not take them.
    fn record(
        &mut self,
        customer: CustomerId,
        key: &SourceKey,
        edits: Vec<(Edit, Option<Timestamp>)>,
    ) -> Result<Option<String>, SinkError> {
        let index = ImportIndex::new(self.author.secret.expose());
        let run = self.author.run.0;
        let base = index.fingerprint(&format!("edit/{run}/{}/{}", key.source, key.id));
        let named = edits.into_iter().zip(0_u16..);
        let named: Vec<HubEdit> = named
            .map(|((edit, as_of), place)| HubEdit {
                id: edit_id(base, place),
                edit,
                source: Source::Imported,
                as_of,
            })
            .collect();
        let recorded = self
            .engine
            .record(&self.author.hub_author(), customer, &named);
        match recorded {
            Ok(_is_new) => Ok(None),
            Err(AuthorityError::Store(error)) => Err(SinkError::Store(error)),
            Err(
                refused @ (AuthorityError::Edit(_)
                | AuthorityError::UnknownCustomer
                | AuthorityError::Erased
                | AuthorityError::CardFull
                | AuthorityError::TooMuch),
            ) => Ok(Some(refused.to_string())),
        }
    }
}

fn edit_id(base: u64, place: u16) -> EditId {
    let bytes = [base.to_be_bytes().as_slice(), &place.to_be_bytes()].concat();
    EditId::from_slice(&bytes).expect("eight bytes and two are ten")
}

impl ImportSink for EngineSink<'_, '_> {
    fn begin_batch(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    fn upsert_customer(
        &mut self,
        key: &SourceKey,
        input: Option<&CustomerInput>,
    ) -> Result<Upserted, SinkError> {
        let author = self.author;
        let index = ImportIndex::new(author.secret.expose());
        let nothing = CustomerInput {
            key: key.clone(),
            fields: Vec::new(),
        };
        let input = input.unwrap_or(&nothing);
        let known = index.customer(self.engine.tx().as_read(), key)?;
        let (customer, before, is_new) = match known {
            Some(KnownCustomer::Erased) => return Ok(Upserted::Erased),
            Some(KnownCustomer::Present { customer, fields }) => (customer, fields, false),
            None => (
                self.engine.entropy().with(CustomerId::random),
                BTreeMap::new(),
                true,
            ),
        };
        if !is_new && is_erased(self.engine, customer)? {
            return Ok(Upserted::Erased);
        }
        let changed = input.changed_since(index, &before);
        if !is_new && changed.is_empty() {
            return Ok(Upserted::Unchanged(customer));
        }
        let edits = if is_new {
            first_edits(&key.id, &changed)
        } else {
            edits(&changed)
        };
        if let Some(why) = self.record(customer, key, edits)? {
            return Ok(Upserted::Refused(why));
        }
        let after = input.fingerprints(index, &before);
        index.remember_customer(self.engine.tx(), key, customer, after)?;
        Ok(if is_new {
            Upserted::New(customer)
        } else {
            Upserted::Updated(customer)
        })
    }

    fn put_records(
        &mut self,
        customer: CustomerId,
        drafts: Vec<RecordDraft>,
    ) -> Result<Vec<Put>, SinkError> {
        let author = self.author;
        let index = ImportIndex::new(author.secret.expose());
        let mut outcomes = Vec::with_capacity(drafts.len());
        let mut taken = Vec::new();
        for draft in drafts {
            let tx = self.engine.tx();
            let Some(record) = records::next_version(tx.as_read(), customer, &draft)? else {
                if !self.confirmed.note(index.sale_print(&draft)) {
                    index.confirm_sale(tx, &draft, customer, author.run)?;
                }
                outcomes.push(Put::Unchanged);
                continue;
            };
            if let Err(error) = record.check() {
                outcomes.push(Put::Refused(refusal(error)?));
                continue;
            }
            // Not stored yet, so the book does not say so.
            let is_twin = |one: &RecordDraft| {
                one.kind == draft.kind && one.source_id == draft.source_id && one.sale == draft.sale
            };
            if taken.iter().any(is_twin) {
                outcomes.push(Put::Unchanged);
                continue;
            }
            if self.confirmed.holds(index.sale_print(&draft)) {
                outcomes.push(Put::Refused(Reason::Repeated));
                continue;
            }
            match index.claim_sale(tx, &draft, customer, author.run)? {
                Err(reason) => outcomes.push(Put::Refused(reason)),
                Ok(()) if record.version == 1 => {
                    outcomes.push(Put::Inserted);
                    taken.push(draft);
                }
                Ok(()) => {
                    outcomes.push(Put::Replaced);
                    taken.push(draft);
                }
            }
        }
        debug_assert!(taken.len() <= limits::RECORDS_PER_ENTRY_MAX);
        self.engine
            .put_records(customer, &taken)
            .map_err(|error| match error {
                RecordError::Store(error) => SinkError::Store(error),
                bad @ (RecordError::TooLarge { .. } | RecordError::BadKey) => {
                    SinkError::Refused(bad.to_string())
                }
            })?;
        Ok(outcomes)
    }

    fn commit(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

fn is_erased(engine: &mut EngineTx<'_>, customer: CustomerId) -> Result<bool, StoreError> {
    let tombstone = engine.tx().get(Table::Tombstone, customer.as_bytes())?;
    Ok(tombstone.is_some())
}

/// Why a record can't be taken, as the report names it.
fn refusal(error: RecordError) -> Result<Reason, StoreError> {
    match error {
        RecordError::TooLarge { .. } => Ok(Reason::TooLarge),
        RecordError::BadKey => Ok(Reason::Text(records::SOURCE_BYTES_MAX)),
        RecordError::Store(error) => Err(error),
    }
}

/// What a batch is asked to do, with the way back for the answer.
enum Request {
    Customer {
        key: SourceKey,
        input: Option<CustomerInput>,
        answer: mpsc::SyncSender<Result<Upserted, SinkError>>,
    },
    Records {
        customer: CustomerId,
        drafts: Vec<RecordDraft>,
        answer: mpsc::SyncSender<Result<Vec<Put>, SinkError>>,
    },
    Sales {
        groups: Vec<SalesGroup>,
        answer: mpsc::SyncSender<Result<Vec<GroupOutcome>, SinkError>>,
    },
    Commit,
}

/// A batch whose transaction is open on the writer's thread.
struct OpenBatch {
    requests: mpsc::SyncSender<Request>,
    done: oneshot::Receiver<Result<(), WriteError<SinkError>>>,
}

/// Opens a transaction of the book's writer for each batch. To be used on a thread that may block.
pub struct BookSink {
    book: Arc<Book>,
    author: ImportAuthor,
    runtime: Handle,
    open: Option<OpenBatch>,
    /// What batch hands on to batch.
    confirmed: Arc<Mutex<Confirmed>>,
}

impl std::fmt::Debug for BookSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BookSink")
            .field("author", &self.author)
            .finish_non_exhaustive()
    }
}

impl BookSink {
    /// A sink that writes to `book`, whose writer is awaited on `runtime`.
    #[must_use]
    pub fn new(book: Arc<Book>, author: ImportAuthor, runtime: Handle) -> Self {
        Self {
            book,
            author,
            runtime,
            open: None,
            confirmed: Arc::default(),
        }
    }

    fn ask<T>(
        &mut self,
        request: impl FnOnce(mpsc::SyncSender<Result<T, SinkError>>) -> Request,
    ) -> Result<T, SinkError> {
        let (answer, answered) = mpsc::sync_channel(1);
        let open = self.open.as_ref().expect("a batch was begun");
        // A request that nobody takes comes back and must be dropped here, with its way back: `recv` would wait for it.
        let _taken = open.requests.send(request(answer)).is_ok();
        match answered.recv() {
            Ok(answer) => answer,
            // The transaction ended without us; it tells why.
            Err(_) => Err(self.settle().err().unwrap_or(SinkError::Stopping)),
        }
    }

    /// Ends the batch and waits until it is durable.
    fn settle(&mut self) -> Result<(), SinkError> {
        let Some(OpenBatch { requests, done }) = self.open.take() else {
            return Err(SinkError::Stopping);
        };
        drop(requests);
        let done = self.runtime.block_on(done);
        kept(done.unwrap_or(Err(WriteError::Stopping)))
    }
}

/// How a transaction ended, as an import tells it.
fn kept(written: Result<(), WriteError<SinkError>>) -> Result<(), SinkError> {
    match written {
        Ok(()) => Ok(()),
        Err(WriteError::Job(error)) => Err(error),
        Err(WriteError::Commit(error)) => Err(SinkError::Store(StoreError::Other {
            operation: "committing a batch",
            source: error.into(),
        })),
        Err(WriteError::Panicked) => Err(SinkError::Refused("a row panicked".to_owned())),
        Err(WriteError::Stopping) => Err(SinkError::Stopping),
    }
}

/// Answers the requests of one batch inside its transaction.
fn work(
    engine: &mut EngineTx<'_>,
    (author, confirmed): (&ImportAuthor, &Mutex<Confirmed>),
    requests: &mpsc::Receiver<Request>,
) -> Result<(), SinkError> {
    engine.index_later();
    // One batch runs at a time, and an import whose batch panicked has ended.
    let mut confirmed = confirmed.lock().unwrap_or_else(PoisonError::into_inner);
    let mut sink = EngineSink::new(engine, author);
    sink.confirmed = std::mem::take(&mut confirmed);
    while let Ok(request) = requests.recv() {
        // Whoever asked waits for the answer, or gave up the batch, which the next turn notices.
        let _heard = match request {
            Request::Customer { key, input, answer } => answer
                .send(sink.upsert_customer(&key, input.as_ref()))
                .is_ok(),
            Request::Records {
                customer,
                drafts,
                answer,
            } => answer.send(sink.put_records(customer, drafts)).is_ok(),
            Request::Sales { groups, answer } => answer.send(sink.put_sales(groups)).is_ok(),
            Request::Commit => {
                *confirmed = sink.confirmed;
                return Ok(());
            }
        };
    }
    Err(SinkError::Refused(
        "the batch was given up before its end".to_owned(),
    ))
}

impl ImportSink for BookSink {
    fn begin_batch(&mut self) -> Result<(), SinkError> {
        assert!(self.open.is_none(), "batches do not nest");
        let (requests, inbox) = mpsc::sync_channel(WAITING_MAX);
        let (tell, done) = oneshot::channel();
        let (book, author) = (Arc::clone(&self.book), self.author.clone());
        let confirmed = Arc::clone(&self.confirmed);
        self.runtime.spawn(async move {
            let written =
                book.write_batch(move |engine| work(engine, (&author, &confirmed), &inbox));
            // Nobody hears it when the import gave up.
            let _heard = tell.send(written.await).is_ok();
        });
        self.open = Some(OpenBatch { requests, done });
        Ok(())
    }

    fn upsert_customer(
        &mut self,
        key: &SourceKey,
        input: Option<&CustomerInput>,
    ) -> Result<Upserted, SinkError> {
        let (key, input) = (key.clone(), input.cloned());
        self.ask(|answer| Request::Customer { key, input, answer })
    }

    fn put_records(
        &mut self,
        customer: CustomerId,
        drafts: Vec<RecordDraft>,
    ) -> Result<Vec<Put>, SinkError> {
        self.ask(|answer| Request::Records {
            customer,
            drafts,
            answer,
        })
    }

    fn put_sales(&mut self, groups: Vec<SalesGroup>) -> Result<Vec<GroupOutcome>, SinkError> {
        self.ask(|answer| Request::Sales { groups, answer })
    }

    /// Writes the search entries of everything the import wrote, in the index's own order.
    fn finish(&mut self) -> Result<(), SinkError> {
        let indexing = self
            .book
            .write_batch(|engine| engine.index_what_waits().map_err(SinkError::from));
        kept(self.runtime.block_on(indexing))
    }

    fn commit(&mut self) -> Result<(), SinkError> {
        let open = self.open.as_ref().expect("a batch was begun");
        // When nobody takes it, the transaction has ended and `settle` tells why.
        let _taken = open.requests.send(Request::Commit).is_ok();
        self.settle()
    }
}

#[cfg(test)]
mod tests;
