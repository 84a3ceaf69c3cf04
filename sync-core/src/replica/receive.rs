//! What the hub sends, folded into accepted state: feed entries and pages of a first sync or repair.
//!
//! # Invariants
//! - One call is one transaction of the caller: entries, heads, digest, chain and rows move together or not at all.
//! - A change reaches Automerge only through the gate, from the hub too; one that does not pass is set aside alone.
//!
//! # Failure
//! A gap in the numbers or a chain that does not follow is reported as [`ReceiveError::Broken`]; the session then repairs the scope.

mod forget;
mod notices;
mod pages;
mod settle;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Replica;
use crate::authority::home_scope;
use crate::authority::rules::{card_schema, is_log};
use crate::card::Facet;
use crate::digest::tombstone_item;
use crate::documents::{self, DocumentRow, Loaded, StoredChange};
use crate::entropy::Entropy;
use crate::envelope::{Envelope, Sealed};
use crate::feed::{self, FeedKind, Ledger, NoticeRef};
use crate::gate::{self, GateError, Incoming, Rules};
use crate::ids::{AssociateId, ChangeHash, CustomerId, DocumentId, Hash32, ShopId, Timestamp};
use crate::notices::{Subject, remove_all as remove_notices};
use crate::outbox::{self, OutboxState};
use crate::projection;
use crate::protocol::frame::{Entries, Item, Snapshot};
use crate::quarantine;
use crate::records::{self, PutOutcome, RecordError};
use crate::scope::Scope;
use crate::store::{self, ReadTx, StoreError, Table, WriteTx};

use self::notices::receive_notices;
use settle::{settle, store_record};

/// Why what the hub sent could not be folded.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The entries do not follow on what this replica holds.
    #[error("entries from {first} do not follow on entry {have}")]
    Broken {
        /// What this replica holds.
        have: u64,
        /// What came.
        first: u64,
    },
    /// Storage failed; nothing was folded.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a call folded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Received {
    /// Customers whose record changed in any way.
    pub customers: BTreeSet<CustomerId>,
    /// Documents that can't be brought up to date from what is here: fetch them whole.
    pub wanted: BTreeSet<DocumentId>,
    /// Changes that the gate set aside.
    pub quarantined: u64,
    /// Edits discarded because their customer was erased.
    pub erased_edits: u64,
    /// Whether something was committed anew and should be pushed again.
    pub replayed: bool,
    /// Customers of whom notices told something; their rows stay as they are.
    pub noticed: BTreeSet<CustomerId>,
    /// Whether the house told something: its people, its goods, its standard, the rights of an associate.
    pub house: bool,
}

impl Received {
    fn hear(&mut self, subject: Subject) {
        match subject {
            Subject::Chain | Subject::Shop(_) | Subject::Associate(_) => self.house = true,
            Subject::Customer(customer) => {
                self.noticed.insert(customer);
            }
        }
    }
}

/// A change on its way into accepted state.
struct Arrival {
    sealed: Sealed,
    received_at: Timestamp,
}

impl Replica {
    /// Folds a run of feed entries.
    ///
    /// # Errors
    /// [`ReceiveError`]; the transaction must then be dropped.
    pub fn receive_entries(
        &mut self,
        tx: &mut dyn WriteTx,
        entries: &Entries,
        shop: ShopId,
        entropy: &mut dyn Entropy,
    ) -> Result<Received, ReceiveError> {
        let mut ledger = Ledger::default();
        let have = ledger.state(tx.as_read(), entries.scope)?.seq;
        if entries.first != have + 1 {
            return Err(ReceiveError::Broken {
                have,
                first: entries.first,
            });
        }
        let mut received = Received::default();
        let mut replay = BTreeSet::new();
        let mut run = Vec::new();
        for item in &entries.items {
            if let Some(arrival) =
                self.arrival(tx, &mut ledger, entries.scope, item, &mut received)?
            {
                run.push(arrival);
                continue;
            }
            self.accept(
                tx,
                &mut ledger,
                entries.scope,
                std::mem::take(&mut run),
                &mut received,
            )?;
            self.receive_other(
                tx,
                &mut ledger,
                entries.scope,
                item,
                (&mut received, &mut replay),
            )?;
        }
        self.accept(tx, &mut ledger, entries.scope, run, &mut received)?;
        ledger.write(tx)?;
        if !replay.is_empty() {
            received.replayed = true;
            self.reauthor(tx, replay, entropy)?;
        }
        self.refold(tx, shop, &received.customers)?;
        Ok(received)
    }

    /// Notes the entry of a change in the feed; the change itself, unless it is here already or can't be found.
    fn arrival(
        &mut self,
        tx: &mut dyn WriteTx,
        ledger: &mut Ledger,
        scope: Scope,
        item: &Item,
        received: &mut Received,
    ) -> Result<Option<Arrival>, StoreError> {
        match item {
            Item::Change {
                sealed,
                received_at,
            } => {
                let (document, change) = (sealed.envelope.document(), sealed.envelope.change);
                let hash = feed::change_entry_hash(&sealed.envelope.leaf(), *received_at);
                ledger.append(tx, scope, FeedKind::Change { document, change }, hash)?;
                Ok(Some(Arrival {
                    sealed: sealed.clone(),
                    received_at: *received_at,
                }))
            }
            Item::Own {
                document,
                change,
                received_at,
                hash,
            } => {
                let kind = FeedKind::Change {
                    document: *document,
                    change: *change,
                };
                ledger.append(tx, scope, kind, *hash)?;
                if self.holds(tx, *document, *change)? {
                    // It may have come inside a document of a first sync whose row was made before it.
                    let row = documents::row(tx.as_read(), *document)?;
                    received.customers.extend(row.map(|row| row.customer));
                    return Ok(None);
                }
                let Some((_, row)) = outbox::holding(tx.as_read(), *document, *change)? else {
                    received.wanted.insert(*document);
                    return Ok(None);
                };
                let member = row
                    .members
                    .into_iter()
                    .find(|m| m.envelope.change == *change);
                Ok(member.map(|sealed| Arrival {
                    sealed,
                    received_at: *received_at,
                }))
            }
            Item::Document { .. }
            | Item::Records { .. }
            | Item::Notices { .. }
            | Item::Leave { .. }
            | Item::Tombstone { .. }
            | Item::Gone { .. } => Ok(None),
        }
    }

    /// Whether accepted state holds a change.
    pub(crate) fn holds(
        &mut self,
        tx: &mut dyn WriteTx,
        document: DocumentId,
        change: ChangeHash,
    ) -> Result<bool, StoreError> {
        if documents::change(tx.as_read(), document, change)?.is_some() {
            return Ok(true);
        }
        // It may be inside the base, which only the document itself knows.
        let loaded = self.accepted(tx.as_read(), document)?;
        Ok(loaded.is_some_and(|loaded| loaded.document.has(change)))
    }

    /// Folds arrived changes, each document's in one go.
    fn accept(
        &mut self,
        tx: &mut dyn WriteTx,
        ledger: &mut Ledger,
        scope: Scope,
        run: Vec<Arrival>,
        received: &mut Received,
    ) -> Result<(), StoreError> {
        let mut by_document: BTreeMap<DocumentId, Vec<Arrival>> = BTreeMap::new();
        for arrival in run {
            by_document
                .entry(arrival.sealed.envelope.document())
                .or_default()
                .push(arrival);
        }
        for (document, arrivals) in by_document {
            self.accept_for(tx, ledger, (scope, document), arrivals, received)?;
        }
        Ok(())
    }

    fn accept_for(
        &mut self,
        tx: &mut dyn WriteTx,
        ledger: &mut Ledger,
        (scope, document): (Scope, DocumentId),
        arrivals: Vec<Arrival>,
        received: &mut Received,
    ) -> Result<(), StoreError> {
        let Some(first) = arrivals.first().map(|arrival| &arrival.sealed.envelope) else {
            return Ok(());
        };
        let (customer, facet) = (first.customer, first.facet);
        received.customers.insert(customer);
        if self.is_awaited(tx.as_read(), document)? {
            return Ok(());
        }
        let loaded = self.accepted(tx.as_read(), document)?;
        let loaded = loaded.unwrap_or_else(|| Arc::new(Loaded::empty(customer, facet)));
        let epoch = loaded.row.epoch;
        let mut fresh = Vec::new();
        for arrival in arrivals {
            let known = loaded.document.has(arrival.sealed.envelope.change);
            if !known && arrival.sealed.envelope.epoch == epoch {
                fresh.push(arrival);
            }
        }
        let incoming: Vec<_> = fresh
            .iter()
            .map(|arrival| Incoming {
                envelope: &arrival.sealed.envelope,
                bytes: &arrival.sealed.change,
            })
            .collect();
        let rules = Rules {
            document,
            epoch,
            schema: &card_schema,
            is_log: &is_log,
            // The authority has decided; what it accepted is not judged again here.
            permits: &|_, _| Ok(()),
        };
        let admission = gate::admit(&loaded.document, loaded.causality()?, &incoming, &rules)
            .map_err(|error| gate_damage(&error))?;
        let mut admitted = Vec::new();
        for (arrival, outcome) in fresh.into_iter().zip(&admission.outcomes) {
            match outcome {
                Ok(_) => admitted.push(StoredChange {
                    sealed: arrival.sealed,
                    received_at: arrival.received_at,
                    attestation: None,
                }),
                Err(error) => {
                    quarantine::set_aside(tx, &arrival.sealed, error.code(), arrival.received_at)?;
                    received.quarantined += 1;
                    received.wanted.insert(document);
                }
            }
        }
        let after = Loaded {
            row: loaded.row.clone(),
            document: admission.document,
            causality: admission.causality.into(),
            entries: admission.entries,
        };
        let stored = documents::append(tx, ledger, (after, admission.saved), &admitted)?;
        self.cache.insert(document, Arc::new(stored));
        documents::enter(tx, ledger, scope, document)?;
        let accepted: BTreeSet<_> = admitted
            .iter()
            .map(|stored| stored.sealed.envelope.change)
            .collect();
        settle(tx, document, |change| accepted.contains(&change))
    }

    /// Folds an entry that is not a change.
    fn receive_other(
        &mut self,
        tx: &mut dyn WriteTx,
        ledger: &mut Ledger,
        scope: Scope,
        item: &Item,
        (received, replay): (&mut Received, &mut BTreeSet<DocumentId>),
    ) -> Result<(), StoreError> {
        match item {
            Item::Change { .. } | Item::Own { .. } => {}
            Item::Document { snapshot, hash } => {
                let document = snapshot.facet.document(snapshot.customer);
                ledger.append(tx, scope, FeedKind::Enter { document }, *hash)?;
                if self.receive_snapshot(tx, ledger, scope, snapshot)? {
                    replay.insert(document);
                }
                received.customers.insert(snapshot.customer);
            }
            Item::Records { records, hash } => {
                let customer = records.first().map(|record| record.customer);
                let kind = FeedKind::Records {
                    customer: customer.unwrap_or(CustomerId([0; 16])),
                    keys: records.iter().map(|record| record.key().into()).collect(),
                };
                ledger.append(tx, scope, kind, *hash)?;
                for record in records {
                    store_record(tx, ledger, record)?;
                    received.customers.insert(record.customer);
                }
            }
            Item::Notices { notices, hash } => {
                let kind = FeedKind::Notices {
                    notices: notices.iter().map(NoticeRef::of).collect(),
                };
                ledger.append(tx, scope, kind, *hash)?;
                receive_notices(tx, ledger, (scope, notices), received)?;
            }
            Item::Leave { document, hash } => {
                ledger.append(
                    tx,
                    scope,
                    FeedKind::Leave {
                        document: *document,
                    },
                    *hash,
                )?;
                received
                    .customers
                    .extend(self.leave(tx, ledger, scope, *document)?);
            }
            Item::Tombstone { customer, hash } => {
                ledger.append(
                    tx,
                    scope,
                    FeedKind::Tombstone {
                        customer: *customer,
                    },
                    *hash,
                )?;
                received.erased_edits += self.erase(tx, ledger, scope, *customer)?;
                received.customers.insert(*customer);
            }
            Item::Gone { hash } => {
                let kind = FeedKind::Leave {
                    document: DocumentId([0; 16]),
                };
                ledger.append(tx, scope, kind, *hash)?;
            }
        }
        Ok(())
    }

    /// Takes a document as the hub holds it; true when pending edits on it must be committed anew.
    pub(crate) fn receive_snapshot(
        &mut self,
        tx: &mut dyn WriteTx,
        ledger: &mut Ledger,
        scope: Scope,
        snapshot: &Snapshot,
    ) -> Result<bool, StoreError> {
        let document = snapshot.facet.document(snapshot.customer);
        if !self.may_take(snapshot) {
            return Ok(false);
        }
        let mine = documents::row(tx.as_read(), document)?;
        if let Some(mine) = &mine {
            documents::enter(tx, ledger, scope, document)?;
            if mine.epoch > snapshot.epoch || mine.heads == snapshot.heads {
                return Ok(false);
            }
            if mine.epoch == snapshot.epoch && !self.covers(snapshot, mine) {
                // Sent before entries that already arrived here: what is here is newer.
                return Ok(false);
            }
        }
        let row = DocumentRow {
            customer: snapshot.customer,
            facet: snapshot.facet,
            epoch: snapshot.epoch,
            heads: snapshot.heads.clone(),
            changes: 0,
            corrections: snapshot.corrections.clone(),
            schema: snapshot.schema,
        };
        documents::replace(tx, ledger, row, snapshot.bytes.clone())?;
        documents::enter(tx, ledger, scope, document)?;
        self.cache.remove(document);
        if outbox::touching(tx.as_read(), document)?.is_empty() {
            return Ok(false);
        }
        if let Some(loaded) = self.accepted(tx.as_read(), document)? {
            settle(tx, document, |change| loaded.document.has(change))?;
        }
        // Rows that are left are committed anew: on a new epoch they must be, and a row whose first run the snapshot holds goes.
        Ok(!outbox::touching(tx.as_read(), document)?.is_empty())
    }

    /// Whether a snapshot holds everything that is accepted here.
    fn covers(&self, snapshot: &Snapshot, mine: &DocumentRow) -> bool {
        gate::check_base(&snapshot.bytes, &snapshot.heads)
            .is_ok_and(|theirs| mine.heads.iter().all(|head| theirs.has(*head)))
    }
}

pub(crate) fn gate_damage(error: &GateError) -> StoreError {
    StoreError::Corrupt {
        table: Table::Cache.name(),
        detail: error.to_string(),
    }
}
