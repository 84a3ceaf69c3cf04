//! The handheld's engine: accepted state by itself, and over it what was recorded here and is not judged yet.
//!
//! # Invariants
//! - Accepted state changes only by what the hub sends; recording touches the outbox alone.
//! - What the associate sees is accepted state plus the visible outbox rows in their order.
//! - After a refusal the rows behind it are committed anew on accepted state, under a fresh actor: one refused edit strands no other.
//!
//! # Why
//! A refused change can't be taken out of an Automerge document. Keeping it out of the accepted one from the start costs
//! replaying a few pending changes when a card is opened, and buys that accepted heads can be compared with the hub's.

pub mod account;
pub mod book;
mod damage;
pub mod receive;
mod rows;
pub mod verdicts;

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{self, AccessEntry, AccessKind};
use crate::card::schema::Role;
use crate::card::{
    Document, DocumentError, Edit, EditContext, EditError, Entries, Facet, FieldWrite, Plan,
    Provenance, Source, Visible,
};
use crate::documents::{self, DocumentCache, Loaded};
use crate::entropy::Entropy;
use crate::envelope::{self, Envelope, EnvelopeKind, Sealed};
use crate::ids::{
    ActorId, AssociateId, CustomerId, DeviceId, DocumentId, EditId, Nonce, SessionId, ShopId,
    Timestamp,
};
use crate::limits;
use crate::outbox::{self, OutboxRow, OutboxState};
use crate::store::{ReadTx, StoreError, Table, WriteTx};

/// Documents a handheld keeps open: the cards of a busy afternoon.
const OPEN_DOCUMENTS: usize = 64;

/// Who records, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Author {
    /// The associate signed in.
    pub associate: AssociateId,
    /// The sign-in.
    pub session: SessionId,
    /// The shop the handheld belongs to.
    pub shop: ShopId,
    /// What they may do.
    pub role: Role,
}

/// Why an edit was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The edit itself can't be made; says what to do.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// There is no such customer in this book.
    #[error("there is no such customer in this book")]
    UnknownCustomer,
    /// The customer was erased.
    #[error("the record of this customer was erased; a new visit makes a new one")]
    Erased,
    /// Too much waits to be sent.
    #[error("{pending} edits wait to be sent: connect to the hub before recording more")]
    OutboxFull {
        /// How many wait.
        pending: u64,
    },
    /// The card is as large as a card may become.
    #[error("this card is full: archive notes that are no longer needed")]
    CardFull,
    /// Storage failed; nothing was recorded.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What recording gives back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The edit's id; also names what it created.
    pub edit: EditId,
    /// Its number in the outbox.
    pub number: u64,
}

/// The engine of one opening of a handheld's database.
#[derive(Debug)]
pub struct Replica {
    device: DeviceId,
    nonce: Nonce,
    cache: DocumentCache,
    damage: damage::Damage,
}

impl Replica {
    /// An engine with a fresh actor; call at every opening of the database, so that a cloned or restored one can't re-use an actor.
    pub fn open(device: DeviceId, entropy: &mut dyn Entropy) -> Self {
        Self {
            device,
            nonce: Nonce::random(entropy),
            cache: DocumentCache::new(OPEN_DOCUMENTS),
            damage: damage::Damage::default(),
        }
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// Drops opened documents from memory: the associate switched, or the book locked.
    pub fn close_documents(&mut self) {
        self.cache.clear();
    }

    /// Documents opened from storage so far.
    #[must_use]
    pub fn documents_loaded(&self) -> u64 {
        self.cache.loads()
    }

    fn actor(&self) -> ActorId {
        ActorId::derive(self.device, self.nonce)
    }

    /// A document as the associate sees it; an empty one where there is none.
    ///
    /// # Errors
    /// What the store reports.
    pub fn displayed(
        &mut self,
        tx: &dyn ReadTx,
        document: DocumentId,
    ) -> Result<Document, StoreError> {
        let accepted = self.accepted(tx, document)?;
        let mut displayed =
            accepted.map_or_else(Document::default, |loaded| loaded.document.clone());
        for (_, row) in outbox::touching(tx, document)? {
            apply_members(&mut displayed, document, &row)?;
        }
        Ok(displayed)
    }

    /// What `author` may see of a customer: their facets, each with what is accepted and what is pending.
    ///
    /// A colleague's restricted facet may be on the same handheld.
    /// Who has no need to know sees of it what they wrote themselves and the hub has not judged yet.
    ///
    /// # Errors
    /// What the store reports.
    pub fn visible(
        &mut self,
        tx: &dyn ReadTx,
        author: &Author,
        customer: CustomerId,
    ) -> Result<Visible, StoreError> {
        let facets = [
            Facet::Card,
            Facet::Shop(author.shop),
            Facet::Restricted,
            Facet::Private(author.associate),
        ];
        let mut visible = Visible::default();
        for facet in facets {
            let entries = self.entries(tx, facet.document(customer))?;
            visible.insert(facet, entries);
        }
        if !documents::needs_to_know(tx, customer, author.associate)? {
            let restricted = visible.facet_mut(Facet::Restricted);
            *restricted = restricted.written_by(author.associate);
        }
        Ok(visible)
    }

    fn entries(&mut self, tx: &dyn ReadTx, document: DocumentId) -> Result<Entries, StoreError> {
        if outbox::touching(tx, document)?.is_empty() {
            let accepted = self.accepted(tx, document)?;
            return Ok(accepted.map_or_else(Entries::default, |loaded| loaded.entries.clone()));
        }
        self.displayed(tx, document)?
            .entries()
            .map_err(|error| damaged(&error))
    }

    /// The corrected times of what [`Replica::visible`] returns.
    ///
    /// # Errors
    /// What the store reports.
    pub fn corrections(
        &self,
        tx: &dyn ReadTx,
        author: &Author,
        customer: CustomerId,
    ) -> Result<BTreeMap<EditId, Timestamp>, StoreError> {
        let mut corrections = BTreeMap::new();
        for facet in [
            Facet::Card,
            Facet::Shop(author.shop),
            Facet::Restricted,
            Facet::Private(author.associate),
        ] {
            if let Some(row) = documents::row(tx, facet.document(customer))? {
                corrections.extend(row.corrections);
            }
        }
        Ok(corrections)
    }

    /// Records an edit: plans it against what is visible, commits it to the outbox and refreshes the customer's row.
    /// Durable when the caller's transaction commits.
    ///
    /// # Errors
    /// [`RecordError`]; the transaction must then be rolled back.
    pub fn record(
        &mut self,
        tx: &mut dyn WriteTx,
        author: &Author,
        request: &EditRequest<'_>,
        entropy: &mut dyn Entropy,
    ) -> Result<Recorded, RecordError> {
        let EditRequest {
            customer,
            edit,
            source,
            now,
        } = *request;
        if tx.get(Table::Tombstone, customer.as_bytes())?.is_some() {
            return Err(RecordError::Erased);
        }
        if !outbox::has_room(tx.as_read())? {
            let pending = outbox::pending(tx.as_read())?.count;
            return Err(RecordError::OutboxFull { pending });
        }
        let visible = self.visible(tx.as_read(), author, customer)?;
        let exists = visible
            .get(&Facet::Card)
            .is_some_and(|entries| !entries.is_empty());
        if !exists && !matches!(edit, Edit::CreateCustomer { .. }) {
            return Err(RecordError::UnknownCustomer);
        }
        let provenance = Provenance {
            by: author.associate,
            device: self.device,
            shop: author.shop,
            at: now,
            source,
            as_of: None,
        };
        let context = EditContext {
            edit: EditId::random(entropy),
            customer,
            provenance,
            role: author.role,
        };
        let plan = edit.plan(&context, &visible)?;
        let members = self.commit_plan(tx.as_read(), author, (customer, now), &plan, entropy)?;
        let row = OutboxRow {
            edit: plan.edit,
            customer,
            associate: author.associate,
            session: author.session,
            at: now,
            intent: serde_json::to_string(edit).expect("an edit has no map with odd keys"),
            plan,
            members,
            state: OutboxState::Pending,
        };
        let number = outbox::append(tx, &row)?;
        self.refold(tx, author.shop, [&customer])?;
        Ok(Recorded {
            edit: row.edit,
            number,
        })
    }

    /// Commits a plan on what is displayed now, one change for each facet.
    fn commit_plan(
        &mut self,
        tx: &dyn ReadTx,
        author: &Author,
        (customer, at): (CustomerId, Timestamp),
        plan: &Plan,
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<Sealed>, RecordError> {
        let mut members = Vec::new();
        for (facet, _) in &plan.writes {
            let document = facet.document(customer);
            let mut displayed = self.displayed(tx, document)?;
            let row = documents::row(tx, document)?;
            let epoch = row.map_or(0, |row| row.epoch);
            let origin = Origin {
                customer,
                associate: author.associate,
                session: author.session,
                at,
                epoch,
            };
            members.extend(self.seal(&mut displayed, *facet, &origin, plan, entropy));
            if displayed.save().len() > limits::DOCUMENT_BYTES_MAX {
                return Err(RecordError::CardFull);
            }
        }
        Ok(members)
    }

    /// Commits the part of a plan that concerns `facet`; `None` when the document holds all of it already.
    fn seal(
        &self,
        document: &mut Document,
        facet: Facet,
        origin: &Origin,
        plan: &Plan,
        entropy: &mut dyn Entropy,
    ) -> Option<Sealed> {
        let (_, writes) = plan.writes.iter().find(|(planned, _)| *planned == facet)?;
        let change = document.commit(self.actor(), origin.at, writes)?;
        let envelope = Envelope {
            kind: EnvelopeKind::Device,
            customer: origin.customer,
            facet,
            epoch: origin.epoch,
            change: change.hash,
            device: self.device,
            nonce: self.nonce,
            associate: origin.associate,
            session: origin.session,
            edits: vec![plan.edit],
            schema: crate::card::SCHEMA_VERSION,
            salt: envelope::salt(entropy),
        };
        Some(Sealed {
            envelope,
            change: change.bytes,
        })
    }

    /// Commits the pending rows that touch `documents` anew on accepted state, under a fresh actor.
    ///
    /// Rows that the hub has stored keep their changes, since the hub will bring back exactly these.
    ///
    /// # Errors
    /// What the store reports.
    pub fn reauthor(
        &mut self,
        tx: &mut dyn WriteTx,
        documents: BTreeSet<DocumentId>,
        entropy: &mut dyn Entropy,
    ) -> Result<(), StoreError> {
        let (documents, rows) = outbox::closure(tx.as_read(), documents)?;
        self.nonce = Nonce::random(entropy);
        let mut states = BTreeMap::new();
        for document in documents {
            let accepted = self.accepted(tx.as_read(), document)?;
            let state = accepted
                .as_ref()
                .map_or_else(Document::default, |loaded| loaded.document.clone());
            states.insert(document, (accepted, state));
        }
        for (number, row) in rows {
            if self.waits_for_damaged(tx.as_read(), &row)? {
                continue;
            }
            let mut members = Vec::new();
            for (facet, writes) in &row.plan.writes {
                let document = facet.document(row.customer);
                let Some((accepted, state)) = states.get_mut(&document) else {
                    continue;
                };
                if accepted
                    .as_ref()
                    .is_some_and(|loaded| ran_before(loaded, writes))
                {
                    continue;
                }
                if matches!(row.state, OutboxState::Stored { .. }) {
                    apply_members(state, document, &row)?;
                    let of_document = |member: &&Sealed| member.envelope.document() == document;
                    members.extend(row.members.iter().filter(of_document).cloned());
                    continue;
                }
                let origin = Origin {
                    customer: row.customer,
                    associate: row.associate,
                    session: row.session,
                    at: row.at,
                    epoch: accepted.as_ref().map_or(0, |loaded| loaded.row.epoch),
                };
                members.extend(self.seal(state, *facet, &origin, &row.plan, entropy));
            }
            outbox::remove(tx, number, &row)?;
            if !members.is_empty() {
                outbox::put(tx, number, &OutboxRow { members, ..row })?;
            }
        }
        Ok(())
    }

    /// Notes that `associate` opened a card.
    ///
    /// # Errors
    /// What the store reports.
    pub fn log_access(
        &self,
        tx: &mut dyn WriteTx,
        associate: AssociateId,
        customer: CustomerId,
        kind: AccessKind,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        access::log(
            tx,
            &AccessEntry {
                associate,
                customer,
                kind,
                at,
            },
        )?;
        Ok(())
    }
}

/// What to record.
#[derive(Debug, Clone, Copy)]
pub struct EditRequest<'a> {
    /// About whom.
    pub customer: CustomerId,
    /// What.
    pub edit: &'a Edit,
    /// On what ground.
    pub source: Source,
    /// When.
    pub now: Timestamp,
}

/// What every change of an edit shares.
#[derive(Debug, Clone, Copy)]
struct Origin {
    customer: CustomerId,
    associate: AssociateId,
    session: SessionId,
    at: Timestamp,
    epoch: u32,
}

/// Whether accepted state has seen these writes, even if they were replaced since: a first run that arrived after all must not run again.
fn ran_before(accepted: &Loaded, writes: &[FieldWrite]) -> bool {
    writes
        .iter()
        .any(|write| accepted.causality.has_written(&write.path.at(write.edit)))
}

fn damaged(error: &DocumentError) -> StoreError {
    StoreError::Corrupt {
        table: Table::Outbox.name(),
        detail: error.to_string(),
    }
}

/// Applies the changes of a row that belong to `document`.
fn apply_members(
    state: &mut Document,
    document: DocumentId,
    row: &OutboxRow,
) -> Result<(), StoreError> {
    let missing: Vec<_> = row
        .members
        .iter()
        .filter(|member| member.envelope.document() == document)
        .filter(|member| !state.has(member.envelope.change))
        .map(|member| member.change.as_slice())
        .collect();
    state.apply(missing).map_err(|error| damaged(&error))
}
