//! Claims about the import, over a sink that plans real edits and stores real records in memory.

mod bad_input;
mod cdnow;
mod customers;
mod sales;

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufReader;

use sync_core::card::edit::EditContext;
use sync_core::card::schema::Role;
use sync_core::card::{CardView, Corrections, Provenance, Reading, Source, Visible};
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{AssociateId, CustomerId, DeviceId, EditId, ShopId, Timestamp};
use sync_core::projection;
use sync_core::records::{self, PutOutcome, RecordDraft, RecordError};
use sync_core::store::memory::MemoryStore;
use sync_core::store::{Direction, KeyRange, Store, Table, WriteTx};

use super::customer::{edits, first_edits};
use super::*;

pub(super) const SECRET: [u8; 32] = [9; 32];
/// 2026-06-15.
pub(super) const NOW: Timestamp = Timestamp(1_781_481_600_000);

/// A hub of cards and records in memory.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) store: MemoryStore,
    pub(super) cards: BTreeMap<CustomerId, Visible>,
    entropy: SeededEntropy,
}

impl Default for Book {
    fn default() -> Self {
        Self {
            store: MemoryStore::default(),
            cards: BTreeMap::new(),
            entropy: SeededEntropy::new(1),
        }
    }
}

/// What an import of a text did.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) result: Result<Report, ImportError>,
    /// Every problem as a person reads it.
    pub(super) problems: Vec<String>,
    pub(super) raw: Vec<String>,
    pub(super) progress: Vec<Progress>,
}

impl Outcome {
    pub(super) fn report(&self) -> &Report {
        self.result.as_ref().expect("the import came to its end")
    }
}

impl ImportObserver for Outcome {
    fn progress(&mut self, progress: Progress) {
        self.progress.push(progress);
    }

    fn problem(&mut self, problem: &Problem, raw: &str) {
        self.problems.push(problem.to_string());
        self.raw.push(raw.to_owned());
    }
}

pub(super) fn options(now: Timestamp) -> ImportOptions {
    ImportOptions {
        source: "till".to_owned(),
        shop: Some(ShopId([7; 8])),
        currency: None,
        phone_country: None,
        shops: BTreeSet::from([ShopId([7; 8]), ShopId([8; 8])]),
        now,
    }
}

impl Book {
    pub(super) fn import(&mut self, what: What, bytes: &[u8]) -> Outcome {
        self.import_at(what, bytes, &options(NOW))
    }

    pub(super) fn import_at(
        &mut self,
        what: What,
        bytes: &[u8],
        options: &ImportOptions,
    ) -> Outcome {
        let mut outcome = Outcome {
            result: Err(ImportError::Empty),
            problems: Vec::new(),
            raw: Vec::new(),
            progress: Vec::new(),
        };
        // A small buffer, so that lines span several reads.
        let mut reader = BufReader::with_capacity(64, bytes);
        let mut sink = BookSink::new(self, options.now);
        let result = import(what, options, &mut reader, &mut sink, &mut outcome);
        drop(sink);
        outcome.result = result;
        outcome
    }

    pub(super) fn rows(&mut self, rows: Rows) -> Result<Report, ImportError> {
        let mut sink = BookSink::new(self, NOW);
        import_rows(rows, &options(NOW), &mut sink, &mut Silent)
    }

    /// The customer whom the source calls so.
    pub(super) fn customer(&self, id: &str) -> Option<CustomerId> {
        let key = SourceKey {
            source: "till".to_owned(),
            id: id.to_owned(),
        };
        let tx = self.store.read().unwrap();
        match ImportIndex::new(&SECRET).customer(&*tx, &key).unwrap()? {
            KnownCustomer::Present { customer, .. } => Some(customer),
            KnownCustomer::Erased => None,
        }
    }

    pub(super) fn view(&self, id: &str) -> CardView {
        let customer = self.customer(id).expect("the customer was imported");
        read_card(&self.cards[&customer])
    }

    pub(super) fn erase(&mut self, customer: CustomerId) {
        let mut tx = self.store.write().unwrap();
        ImportIndex::new(&SECRET).erase(&mut *tx, customer).unwrap();
        records::remove_all(&mut *tx, customer).unwrap();
        projection::unfold(&mut *tx, customer).unwrap();
        tx.commit().unwrap();
        self.cards.remove(&customer);
    }

    /// Everything that is stored, the index of the import aside.
    pub(super) fn content(&self) -> Vec<(Table, Vec<u8>, Vec<u8>)> {
        let tx = self.store.read().unwrap();
        let mut all = Vec::new();
        for table in [Table::Record, Table::Row, Table::Term] {
            let range = KeyRange {
                from: &[],
                to: None,
            };
            tx.scan(table, range, Direction::Ascending, &mut |key, value| {
                all.push((table, key.to_vec(), value.to_vec()));
                Ok(std::ops::ControlFlow::Continue(()))
            })
            .unwrap();
        }
        all
    }
}

fn read_card(visible: &Visible) -> CardView {
    let corrections = Corrections::default();
    CardView::read(
        visible,
        &Reading {
            now: NOW,
            corrections: &corrections,
        },
    )
}

/// Writes to a [`Book`], as the hub does to its store.
struct BookSink<'a> {
    store: &'a MemoryStore,
    tx: Option<Box<dyn WriteTx + 'a>>,
    cards: &'a mut BTreeMap<CustomerId, Visible>,
    staged: BTreeMap<CustomerId, Visible>,
    touched: BTreeSet<CustomerId>,
    entropy: &'a mut SeededEntropy,
    run: Timestamp,
}

impl<'a> BookSink<'a> {
    fn new(book: &'a mut Book, run: Timestamp) -> Self {
        Self {
            store: &book.store,
            tx: None,
            cards: &mut book.cards,
            staged: BTreeMap::new(),
            touched: BTreeSet::new(),
            entropy: &mut book.entropy,
            run,
        }
    }

    fn tx(&mut self) -> &mut (dyn WriteTx + 'a) {
        &mut **self.tx.as_mut().expect("a batch has begun")
    }

    fn write(
        &mut self,
        customer: CustomerId,
        edits: Vec<(sync_core::card::Edit, Option<Timestamp>)>,
    ) -> Result<(), SinkError> {
        let mut card = self
            .staged
            .get(&customer)
            .or_else(|| self.cards.get(&customer))
            .cloned()
            .unwrap_or_default();
        for (edit, as_of) in edits {
            let context = EditContext {
                edit: EditId::random(self.entropy),
                customer,
                provenance: Provenance {
                    by: AssociateId([0; 8]),
                    device: DeviceId([0; 8]),
                    shop: ShopId([7; 8]),
                    at: NOW,
                    source: Source::Imported,
                    as_of,
                },
                role: Role::Hub,
            };
            let plan = edit
                .plan(&context, &card)
                .map_err(|error| SinkError::Refused(error.to_string()))?;
            card.write(&plan);
        }
        self.staged.insert(customer, card);
        self.touched.insert(customer);
        Ok(())
    }
}

impl ImportSink for BookSink<'_> {
    fn begin_batch(&mut self) -> Result<(), SinkError> {
        assert!(self.tx.is_none(), "batches do not nest");
        self.tx = Some(self.store.write()?);
        Ok(())
    }

    fn upsert_customer(
        &mut self,
        key: &SourceKey,
        input: Option<&CustomerInput>,
    ) -> Result<Upserted, SinkError> {
        let index = ImportIndex::new(&SECRET);
        let nothing = CustomerInput {
            key: key.clone(),
            fields: Vec::new(),
        };
        let input = input.unwrap_or(&nothing);
        let known = index.customer(self.tx().as_read(), key)?;
        let (customer, before, is_new) = match known {
            Some(KnownCustomer::Erased) => return Ok(Upserted::Erased),
            Some(KnownCustomer::Present { customer, fields }) => (customer, fields, false),
            None => (CustomerId::random(self.entropy), BTreeMap::new(), true),
        };
        let changed = input.changed_since(index, &before);
        if is_new {
            self.write(customer, first_edits(&key.id, &changed))?;
        } else if changed.is_empty() {
            return Ok(Upserted::Unchanged(customer));
        } else {
            self.write(customer, edits(&changed))?;
        }
        let after = input.fingerprints(index, &before);
        index.remember_customer(self.tx(), key, customer, after)?;
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
        assert!(drafts.len() <= sync_core::limits::RECORDS_PER_ENTRY_MAX);
        self.touched.insert(customer);
        let (index, run) = (ImportIndex::new(&SECRET), self.run);
        let mut outcomes = Vec::new();
        for draft in drafts {
            let Some(record) = records::next_version(self.tx().as_read(), customer, &draft)? else {
                index.confirm_sale(self.tx(), &draft, customer, run)?;
                outcomes.push(Put::Unchanged);
                continue;
            };
            if let Err(RecordError::TooLarge { .. }) = record.check() {
                outcomes.push(Put::Refused(Reason::TooLarge));
                continue;
            }
            if let Err(reason) = index.claim_sale(self.tx(), &draft, customer, run)? {
                outcomes.push(Put::Refused(reason));
                continue;
            }
            let outcome = records::put_record(self.tx(), &record)
                .map_err(|error| SinkError::Refused(error.to_string()))?;
            outcomes.push(match outcome {
                PutOutcome::Inserted => Put::Inserted,
                PutOutcome::Replaced { .. } => Put::Replaced,
                PutOutcome::Unchanged => Put::Unchanged,
            });
        }
        Ok(outcomes)
    }

    fn commit(&mut self) -> Result<(), SinkError> {
        self.cards.append(&mut self.staged);
        for customer in std::mem::take(&mut self.touched) {
            let card = &self.cards[&customer];
            let last = records::totals(self.tx.as_ref().unwrap().as_read(), customer)?.last;
            let row = projection::project(customer, &read_card(card), last.map(|at| at.moment()));
            projection::fold(&mut **self.tx.as_mut().unwrap(), &row)?;
        }
        let tx = self.tx.take().expect("a batch has begun");
        Ok(tx.commit()?)
    }
}
