//! What an import writes to, and the index that makes it repeatable.
//!
//! The import reads, checks and groups; it does not know how the hub writes. [`ImportSink`] is the seam: the hub implements it on its one
//! writer, tests on a memory store. [`ImportIndex`] is the part that every sink needs: which of ours a source's id stands for.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use hmac::{Hmac, KeyInit, Mac};
use minicbor::{Decode, Encode};
use sync_core::ids::{CustomerId, Hash32, Timestamp};
use sync_core::records::{self, RecordDraft};
use sync_core::store::{ReadTx, StoreError, Table, WriteTx, get_row, put_row, scan_prefix};

use super::customer::CustomerInput;
use super::problem::Reason;

/// A source's own name for a customer or a sale.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceKey {
    /// Name of the source.
    pub source: String,
    /// Its id.
    pub id: String,
}

/// What became of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upserted {
    /// Was not known; a card was made.
    New(CustomerId),
    /// Was known, and the row said something new.
    Updated(CustomerId),
    /// Was known, and the row said nothing new.
    Unchanged(CustomerId),
    /// Was erased: the row must not bring anybody back.
    Erased,
    /// The hub does not take what the row says, for the reason given; nothing of it was written.
    Refused(String),
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It is new.
    Inserted,
    /// It replaced an earlier version.
    Replaced,
    /// The book says the same.
    Unchanged,
    /// It can't be taken.
    Refused(Reason),
}

/// Whole sales of one customer, in the order of their file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesGroup {
    /// Whose.
    pub customer: SourceKey,
    /// What; up to [`sync_core::limits::RECORDS_PER_ENTRY_MAX`].
    pub drafts: Vec<RecordDraft>,
}

/// What became of a group: of its customer, and of each of its sales in order; of none where the customer could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupOutcome {
    /// The customer.
    pub customer: Upserted,
    /// Their sales.
    pub sales: Vec<Put>,
}

/// Why an import had to stop; what was committed before stays.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The hub did not take an edit that the import had checked: a bug.
    #[error("the hub refused what the import had checked: {0}")]
    Refused(String),
    /// The hub is shutting down.
    #[error("the hub is stopping: run the import again, it goes on where it was")]
    Stopping,
}

/// Where an import writes.
///
/// # Contract
/// 1. Nothing is visible or durable before `commit`; a batch that is not committed leaves no trace.
/// 2. Every call is idempotent by the source's id: the same row again is `Unchanged`, in the same batch or years later.
/// 3. A customer who was erased stays erased.
pub trait ImportSink {
    /// Begins a batch.
    ///
    /// # Errors
    /// [`SinkError`] ends the import.
    fn begin_batch(&mut self) -> Result<(), SinkError>;

    /// Finds or makes the customer and, with `input`, writes what it says that was not said by this source before.
    ///
    /// # Errors
    /// [`SinkError`] ends the import.
    fn upsert_customer(
        &mut self,
        key: &SourceKey,
        input: Option<&CustomerInput>,
    ) -> Result<Upserted, SinkError>;

    /// Stores up to [`sync_core::limits::RECORDS_PER_ENTRY_MAX`] records of one customer and tells what became of each, in order.
    ///
    /// # Errors
    /// [`SinkError`] ends the import.
    fn put_records(
        &mut self,
        customer: CustomerId,
        drafts: Vec<RecordDraft>,
    ) -> Result<Vec<Put>, SinkError>;

    /// Finds or makes the customers of groups and stores their sales: many at a time, because asking costs a sink more than writing.
    ///
    /// # Errors
    /// [`SinkError`] ends the import.
    fn put_sales(&mut self, groups: Vec<SalesGroup>) -> Result<Vec<GroupOutcome>, SinkError> {
        groups
            .into_iter()
            .map(|group| self.put_group(group))
            .collect()
    }

    /// Finds or makes the customer of one group and stores its sales.
    ///
    /// # Errors
    /// [`SinkError`] ends the import.
    fn put_group(&mut self, group: SalesGroup) -> Result<GroupOutcome, SinkError> {
        let customer = self.upsert_customer(&group.customer, None)?;
        let sales = match &customer {
            Upserted::New(known) | Upserted::Updated(known) | Upserted::Unchanged(known) => {
                self.put_records(*known, group.drafts)?
            }
            Upserted::Erased | Upserted::Refused(_) => Vec::new(),
        };
        Ok(GroupOutcome { customer, sales })
    }

    /// Makes the batch durable and visible.
    ///
    /// # Errors
    /// [`SinkError`] ends the import; nothing of the batch is kept.
    fn commit(&mut self) -> Result<(), SinkError>;

    /// Called once, after the last commit: what may wait until everything is there.
    ///
    /// # Errors
    /// [`SinkError`]; what was committed stays, and the hub makes up for the rest when it starts.
    fn finish(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

/// What a source's id of a customer stands for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum KnownCustomer {
    /// One of ours.
    #[n(0)]
    Present {
        /// Who.
        #[n(0)]
        customer: CustomerId,
        /// Keyed fingerprints of what the source last said, by field: what is said again is not written again, even where an associate has
        /// corrected it since.
        #[n(1)]
        fields: BTreeMap<String, u64>,
    },
    /// Somebody who was erased.
    #[n(1)]
    Erased,
}

/// What a source's id of a sale stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct KnownSale {
    #[n(0)]
    customer: CustomerId,
    /// The import that wrote it last, named by its time.
    #[n(1)]
    run: Timestamp,
}

/// The index in [`Table::ImportIndex`]: keyed digests of a source's ids, so that what outlives an erasure names nobody to who lacks the key.
///
/// Keys: `c ‖ digest` to [`KnownCustomer`]; `s ‖ digest` to the sale; `r ‖ customer ‖ c or s ‖ digest` backwards, so that an erasure finds them.
/// Frozen since schema 1. Of sales the way back is no longer written: their records name them.
#[derive(Debug, Clone, Copy)]
pub struct ImportIndex<'a> {
    /// The hub's secret for this index.
    secret: &'a [u8; 32],
}

impl<'a> ImportIndex<'a> {
    /// The index under the hub's secret, which must not change.
    #[must_use]
    pub fn new(secret: &'a [u8; 32]) -> Self {
        Self { secret }
    }

    fn digest(self, parts: &[&[u8]]) -> Hash32 {
        let mut mac =
            Hmac::<sha2::Sha256>::new_from_slice(self.secret).expect("HMAC takes any key");
        for part in parts {
            let len = u32::try_from(part.len()).expect("parts are short");
            mac.update(&len.to_le_bytes());
            mac.update(part);
        }
        Hash32(mac.finalize().into_bytes().into())
    }

    /// A keyed fingerprint of a text.
    #[must_use]
    pub fn fingerprint(self, text: &str) -> u64 {
        let digest = self.digest(&[b"field", text.as_bytes()]);
        let first = digest.0.first_chunk().expect("a digest has 32 bytes");
        u64::from_be_bytes(*first)
    }

    fn key(self, kind: u8, key: &SourceKey) -> Vec<u8> {
        let digest = self.digest(&[&[kind], key.source.as_bytes(), key.id.as_bytes()]);
        [&[kind], digest.as_bytes()].concat()
    }

    /// What the source's customer id stands for.
    ///
    /// # Errors
    /// [`StoreError`] when storage fails or the entry does not decode.
    pub fn customer(
        self,
        tx: &dyn ReadTx,
        key: &SourceKey,
    ) -> Result<Option<KnownCustomer>, StoreError> {
        get_row(tx, Table::ImportIndex, &self.key(b'c', key))
    }

    /// Remembers what the source said of a customer.
    ///
    /// # Errors
    /// [`StoreError`] when storage fails.
    pub fn remember_customer(
        self,
        tx: &mut dyn WriteTx,
        key: &SourceKey,
        customer: CustomerId,
        fields: BTreeMap<String, u64>,
    ) -> Result<(), StoreError> {
        let key = self.key(b'c', key);
        tx.put(Table::ImportIndex, &backward(customer, &key), &[])?;
        let entry = KnownCustomer::Present { customer, fields };
        put_row(tx, Table::ImportIndex, &key, &entry)
    }

    /// Remembers that `run` writes a sale with this content for this customer.
    /// `Err` with the reason when the sale is another customer's, or when the same run wrote it with other content.
    ///
    /// # Errors
    /// [`StoreError`] when storage fails or the entry does not decode.
    pub fn claim_sale(
        self,
        tx: &mut dyn WriteTx,
        draft: &RecordDraft,
        customer: CustomerId,
        run: Timestamp,
    ) -> Result<Result<(), Reason>, StoreError> {
        let key = self.sale_key((&draft.source, &draft.source_id));
        let known: Option<KnownSale> = get_row(tx.as_read(), Table::ImportIndex, &key)?;
        match known {
            Some(known) if known.customer != customer => return Ok(Err(Reason::OtherCustomer)),
            Some(known) if known.run == run => return Ok(Err(Reason::Repeated)),
            Some(_) | None => {}
        }
        put_row(tx, Table::ImportIndex, &key, &KnownSale { customer, run })?;
        Ok(Ok(()))
    }

    /// Remembers that `run` says of a sale what the book holds of it: other content later in the same run is the twin that is refused,
    /// as it was when the sale was new.
    ///
    /// # Errors
    /// [`StoreError`] when storage fails or the entry does not decode.
    pub fn confirm_sale(
        self,
        tx: &mut dyn WriteTx,
        draft: &RecordDraft,
        customer: CustomerId,
        run: Timestamp,
    ) -> Result<(), StoreError> {
        let key = self.sale_key((&draft.source, &draft.source_id));
        let known: Option<KnownSale> = get_row(tx.as_read(), Table::ImportIndex, &key)?;
        if known == Some(KnownSale { customer, run }) {
            return Ok(());
        }
        put_row(tx, Table::ImportIndex, &key, &KnownSale { customer, run })
    }

    /// Names a sale in 64 bits, for as long as a run takes.
    #[must_use]
    pub fn sale_print(self, draft: &RecordDraft) -> u64 {
        let key = self.sale_key((&draft.source, &draft.source_id));
        let first = key.get(1..).and_then(<[u8]>::first_chunk);
        u64::from_be_bytes(*first.expect("a digest has 32 bytes"))
    }

    fn sale_key(self, (source, id): (&str, &str)) -> Vec<u8> {
        let key = SourceKey {
            source: source.to_owned(),
            id: id.to_owned(),
        };
        self.key(b's', &key)
    }

    /// Forgets what the index holds of a customer who is erased, before their records go. The source's customer ids stay as keyed digests
    /// that say "erased", so that tonight's file brings nobody back.
    ///
    /// # Errors
    /// [`StoreError`] when storage fails.
    pub fn erase(self, tx: &mut dyn WriteTx, customer: CustomerId) -> Result<(), StoreError> {
        let mut sales = Vec::new();
        records::for_each(tx.as_read(), customer, &mut |record| {
            sales.push(self.sale_key((&record.source, &record.source_id)));
        })?;
        for key in sales {
            tx.delete(Table::ImportIndex, &key)?;
        }
        let prefix = backward(customer, &[]);
        let mut keys = Vec::new();
        scan_prefix(tx.as_read(), Table::ImportIndex, &prefix, &mut |key, _| {
            keys.extend(key.get(prefix.len()..).map(<[u8]>::to_vec));
            Ok(ControlFlow::Continue(()))
        })?;
        for key in keys {
            tx.delete(Table::ImportIndex, &backward(customer, &key))?;
            if key.starts_with(b"c") {
                put_row(tx, Table::ImportIndex, &key, &KnownCustomer::Erased)?;
            } else {
                tx.delete(Table::ImportIndex, &key)?;
            }
        }
        Ok(())
    }
}

fn backward(customer: CustomerId, key: &[u8]) -> Vec<u8> {
    [b"r", customer.as_bytes(), key].concat()
}
