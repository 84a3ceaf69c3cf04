//! The index of duplicates on the hub: kept beside the cards, posted to every book, and asked by who looks for a customer by phone or address.
//!
//! It follows what was touched ([`followers`]), so what happened while the hub was down is made up for when it starts.
//!
//! # Invariants
//! - In [`Table::ImportIndex`]: `e ‖ fingerprint ‖ customer` for every endpoint of a card, and `d ‖ customer` to the fingerprints of that card.
//!   Derived from the cards; nothing of an endpoint can be read from them without the chain's key.
//! - How far it has followed moves in the transaction that brings these rows up to it.
//! - A shard whose rows changed is noted until the notice that says so is posted.
//!
//! # Failure
//! A step that is cut is done again.

mod sharing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use minicbor::{Decode, Encode};
use sync_core::authority::followers::{self, Follower};
use sync_core::card::normal::{self, EndpointError};
use sync_core::card::terms::{EndpointKind, EndpointStatus};
use sync_core::card::{CardView, Facet, Reading, Visible};
use sync_core::documents;
use sync_core::duplicates::{self, ChainKey, EndpointsBody, Fingerprint};
use sync_core::ids::{CustomerId, Timestamp};
use sync_core::notices::{NoticeDraft, NoticeError, Subject};
use sync_core::projection;
use sync_core::store::{
    self, Direction, KeyRange, ReadTx, StoreError, Table, WriteTx, scan_prefix,
};

use crate::book::Book;
use crate::writer::WriteError;

pub use sharing::{Group, Sharing, first_shared, sharing};

/// The index is brought up to date at most this often: a shard that changes costs every handheld some 5 KB.
pub const POST_EVERY_MS: i64 = 60_000;
/// Customers whose rows one step moves.
const CUSTOMERS_MAX: usize = 1_000;
/// Shards that are posted in one transaction.
const SHARDS_MAX: usize = 32;
/// In [`Table::Progress`]: how far a pass over everybody is.
const PASS: &[u8] = b"duplicates.pass";
/// In [`Table::Progress`]: shards to be posted.
const DIRTY: &[u8] = b"duplicates.dirty/";
/// Which system says so.
const SOURCE: &str = "hub";

/// Why the index could not be kept or asked.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The text is no endpoint.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// What was found could not be kept.
    #[error("keeping the index of duplicates: {0}")]
    Write(#[from] WriteError<NoticeError>),
    /// Reading panicked.
    #[error("reading for the index of duplicates panicked")]
    Panicked,
}

/// Keeps the index.
#[derive(Debug)]
pub struct Keeper {
    book: Arc<Book>,
    key: ChainKey,
    posted_at: Mutex<Option<Timestamp>>,
}

/// What one step found.
#[derive(Debug)]
struct Step {
    /// Fingerprints of the cards that were looked at.
    cards: BTreeMap<CustomerId, BTreeSet<Fingerprint>>,
    at: At,
    /// Whether nothing is left to look at.
    is_last: bool,
}

/// How far a step goes.
#[derive(Debug, Clone, Copy)]
enum At {
    /// What was touched, up to this number.
    Read(u64),
    /// Somewhere among everybody.
    Pass(Pass),
}

/// A pass over everybody. Encoded as a CBOR array.
#[derive(Debug, Clone, Copy, Encode, Decode)]
#[cbor(array)]
struct Pass {
    /// The last customer that was looked at.
    #[n(0)]
    after: Option<CustomerId>,
    /// What was touched up to this number before the pass began needs no second look.
    #[n(1)]
    upto: u64,
}

impl Keeper {
    /// A keeper of the book's index under the chain's key.
    #[must_use]
    pub fn new(book: Arc<Book>, key: ChainKey) -> Self {
        Self {
            book,
            key,
            posted_at: Mutex::new(None),
        }
    }

    /// Brings the index up to date, unless that was done within [`POST_EVERY_MS`]. Says whether it looked.
    ///
    /// # Errors
    /// [`KeepError`]; the next call goes on where this one was.
    pub async fn tick(self: &Arc<Self>, now: Timestamp) -> Result<bool, KeepError> {
        {
            let mut posted_at = self
                .posted_at
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let is_early = |at: Timestamp| at <= now && now < at.plus_ms(POST_EVERY_MS);
            if posted_at.is_some_and(is_early) {
                return Ok(false);
            }
            *posted_at = Some(now);
        }
        self.catch_up().await?;
        Ok(true)
    }

    /// Brings the index up to date at once.
    ///
    /// # Errors
    /// As [`Keeper::tick`].
    pub async fn catch_up(self: &Arc<Self>) -> Result<(), KeepError> {
        loop {
            let keeper = Arc::clone(self);
            let step = tokio::task::spawn_blocking(move || keeper.step()).await;
            let step = step.unwrap_or(Err(KeepError::Panicked))?;
            let is_last = step.is_last;
            self.book
                .write_batch(move |engine| {
                    keep(engine.tx(), &step)?;
                    Ok::<_, NoticeError>(())
                })
                .await?;
            if is_last {
                break;
            }
        }
        while self.post().await? {}
        Ok(())
    }

    /// Posts shards that changed; says whether there may be more.
    async fn post(&self) -> Result<bool, KeepError> {
        let key = self.key;
        let more = self.book.write_batch(move |engine| {
            let dirty = dirty_shards(engine.tx().as_read())?;
            let as_of = engine.now();
            let mut drafts = Vec::new();
            for shard in dirty.iter().copied().take(SHARDS_MAX) {
                let prints = prints_of(engine.tx().as_read(), shard)?;
                let body = EndpointsBody::Shard(duplicates::build_shard(&key, shard, prints));
                let name = duplicates::shard_key(shard);
                drafts.push(NoticeDraft::new(
                    Subject::Chain,
                    name,
                    (SOURCE, as_of),
                    &body,
                ));
                engine
                    .tx()
                    .delete(Table::Progress, &[DIRTY, &[shard]].concat())?;
            }
            let is_last = dirty.len() <= SHARDS_MAX;
            if is_last && !drafts.is_empty() {
                // A handheld with the key takes a shard that is not there for one without endpoints.
                let body = EndpointsBody::Key(key);
                let of = (SOURCE, Timestamp(0));
                drafts.push(NoticeDraft::new(
                    Subject::Chain,
                    duplicates::key_key(),
                    of,
                    &body,
                ));
            }
            engine.put_notices(&drafts)?;
            Ok::<_, NoticeError>(!is_last)
        });
        Ok(more.await?)
    }

    /// Reads who was touched and what their cards say now.
    fn step(&self) -> Result<Step, KeepError> {
        let tx = self.book.store().read()?;
        let looked = next(&*tx)?;
        let mut step = Step {
            cards: BTreeMap::new(),
            at: looked.at,
            is_last: looked.is_last,
        };
        for customer in looked.customers {
            let endpoints = endpoints(&*tx, customer, self.book.now())?.into_iter();
            let prints = endpoints.map(|(kind, form)| self.key.fingerprint(kind, &form));
            let prints = prints.filter_map(Result::ok).collect();
            step.cards.insert(customer, prints);
        }
        Ok(step)
    }

    /// Who of the whole chain has this endpoint, as of the last step: exactly, not by fingerprint alone.
    ///
    /// # Errors
    /// [`KeepError::Endpoint`] when the text is none, or what the store reports.
    pub fn holders(&self, kind: EndpointKind, text: &str) -> Result<Vec<CustomerId>, KeepError> {
        let asked = same(kind, text)?;
        let print = self.key.fingerprint(kind, text)?;
        let prefix = entry_key(print, None);
        let tx = self.book.store().read()?;
        let mut found = Vec::new();
        scan_prefix(&*tx, Table::ImportIndex, &prefix, &mut |key, _| {
            found.extend(key.get(prefix.len()..).and_then(CustomerId::from_slice));
            Ok(ControlFlow::Continue(()))
        })?;
        let mut holders = Vec::new();
        for customer in found {
            let has =
                |(kind, form): &(EndpointKind, String)| same(*kind, form) == Ok(asked.clone());
            let endpoints = endpoints(&*tx, customer, self.book.now())?;
            if endpoints.iter().any(has) {
                holders.push(customer);
            }
        }
        Ok(holders)
    }
}

/// A card's endpoints, but those that turned out to be another person's. Not through the engine's cache, which is for cards that people open.
fn endpoints(
    tx: &dyn ReadTx,
    customer: CustomerId,
    now: Timestamp,
) -> Result<Vec<(EndpointKind, String)>, StoreError> {
    let Some(row) = documents::row(tx, Facet::Card.document(customer))? else {
        return Ok(Vec::new());
    };
    let entries = documents::open(tx, &row)?.entries();
    let entries = entries.map_err(|error| StoreError::Corrupt {
        table: Table::Cache.name(),
        detail: error.to_string(),
    })?;
    let visible = Visible::from_iter([(Facet::Card, entries)]);
    let reading = Reading {
        now,
        corrections: &row.corrections(),
    };
    let view = CardView::read(&visible, &reading);
    let endpoints = view.endpoints.into_iter();
    Ok(endpoints
        .filter(|one| one.status != EndpointStatus::WrongPerson)
        .map(|one| (one.kind, one.value.value))
        .collect())
}

/// What makes two endpoints the same for a look-up: as the fingerprint has it.
fn same(kind: EndpointKind, text: &str) -> Result<(EndpointKind, String), EndpointError> {
    let form = normal::endpoint(kind, text)?;
    Ok(match kind {
        EndpointKind::Whatsapp => (EndpointKind::Phone, form),
        EndpointKind::Email => (kind, normal::fold(&form)),
        EndpointKind::Phone | EndpointKind::Wechat | EndpointKind::Line | EndpointKind::Kakao => {
            (kind, form)
        }
    })
}

fn entry_key(print: Fingerprint, customer: Option<CustomerId>) -> Vec<u8> {
    let customer = customer.as_ref().map_or(&[][..], CustomerId::as_bytes);
    [b"e", &print.bits().to_be_bytes()[..], customer].concat()
}

fn card_key(customer: CustomerId) -> Vec<u8> {
    [b"d", customer.as_bytes()].concat()
}

/// Who is looked at in one step.
struct Looked {
    customers: BTreeSet<CustomerId>,
    at: At,
    is_last: bool,
}

/// The next customers to look at: those touched, or some of everybody.
fn next(tx: &dyn ReadTx) -> Result<Looked, StoreError> {
    let touched = followers::touched(tx, Follower::Endpoints, CUSTOMERS_MAX)?;
    if touched.is_everybody {
        return some_of_all(tx, touched.upto);
    }
    Ok(Looked {
        is_last: touched.customers.len() < CUSTOMERS_MAX,
        customers: touched.customers,
        at: At::Read(touched.upto),
    })
}

/// The next of everybody: those with a row, and those of whom the index still has something.
fn some_of_all(tx: &dyn ReadTx, upto: u64) -> Result<Looked, StoreError> {
    let pass: Option<Pass> = store::get_row(tx, Table::Progress, PASS)?;
    let pass = pass.unwrap_or(Pass { after: None, upto });
    let mut customers = BTreeSet::new();
    projection::rows(tx, pass.after, &mut |row| {
        customers.insert(row.customer);
        Ok(flow(customers.len() < CUSTOMERS_MAX))
    })?;
    let end = customers
        .last()
        .copied()
        .filter(|_| customers.len() >= CUSTOMERS_MAX);
    let from = pass.after.map_or_else(|| b"d".to_vec(), card_key);
    let to = end.map_or_else(|| b"e".to_vec(), card_key);
    let range = KeyRange {
        from: &from,
        to: Some(&to),
    };
    tx.scan(
        Table::ImportIndex,
        range,
        Direction::Ascending,
        &mut |key, _| {
            customers.extend(key.get(1..).and_then(CustomerId::from_slice));
            Ok(ControlFlow::Continue(()))
        },
    )?;
    let upto = pass.upto;
    let at = end.map_or(At::Read(upto), |after| {
        let after = Some(after);
        At::Pass(Pass { after, upto })
    });
    Ok(Looked {
        customers,
        at,
        // What was touched during the pass comes after it.
        is_last: false,
    })
}

fn flow(goes_on: bool) -> ControlFlow<()> {
    if goes_on {
        ControlFlow::Continue(())
    } else {
        ControlFlow::Break(())
    }
}

/// Moves the rows of cards to what they say now.
fn keep(tx: &mut dyn WriteTx, step: &Step) -> Result<(), StoreError> {
    for (customer, after) in &step.cards {
        let key = card_key(*customer);
        let before: Option<BTreeSet<Fingerprint>> =
            store::get_row(tx.as_read(), Table::ImportIndex, &key)?;
        let before = before.unwrap_or_default();
        if before == *after {
            continue;
        }
        for print in before.symmetric_difference(after) {
            let entry = entry_key(*print, Some(*customer));
            if after.contains(print) {
                tx.put(Table::ImportIndex, &entry, &[])?;
            } else {
                tx.delete(Table::ImportIndex, &entry)?;
            }
            tx.put(Table::Progress, &[DIRTY, &[print.shard()]].concat(), &[])?;
        }
        if after.is_empty() {
            tx.delete(Table::ImportIndex, &key)?;
        } else {
            store::put_row(tx, Table::ImportIndex, &key, after)?;
        }
    }
    match step.at {
        At::Pass(pass) => store::put_row(tx, Table::Progress, PASS, &pass),
        At::Read(upto) => {
            tx.delete(Table::Progress, PASS)?;
            followers::advance(tx, Follower::Endpoints, upto)
        }
    }
}

fn dirty_shards(tx: &dyn ReadTx) -> Result<Vec<u8>, StoreError> {
    let mut dirty = Vec::new();
    scan_prefix(tx, Table::Progress, DIRTY, &mut |key, _| {
        dirty.extend(key.last());
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(dirty)
}

/// The fingerprints of one shard.
fn prints_of(tx: &dyn ReadTx, shard: u8) -> Result<BTreeSet<Fingerprint>, StoreError> {
    let from = entry_key(Fingerprint::first_of(shard), None);
    let next = shard.checked_add(1).map(Fingerprint::first_of);
    let to = next.map_or_else(|| b"f".to_vec(), |next| entry_key(next, None));
    let range = KeyRange {
        from: &from,
        to: Some(&to),
    };
    let mut prints = BTreeSet::new();
    tx.scan(
        Table::ImportIndex,
        range,
        Direction::Ascending,
        &mut |key, _| {
            let bits = key.get(1..).and_then(<[u8]>::first_chunk);
            let bits = bits.map(|bits| u32::from_be_bytes(*bits));
            prints.extend(bits.and_then(Fingerprint::from_bits));
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(prints)
}
