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
pub mod left_behind;
pub mod receive;
pub mod recording;
mod rows;
pub mod verdicts;

use std::collections::BTreeMap;

use crate::access::{self, AccessEntry, AccessKind};
use crate::card::schema::Role;
use crate::card::{Document, DocumentError, Entries, Facet, Visible};
use crate::documents::{self, DocumentCache};
use crate::entropy::Entropy;
use crate::ids::{
    ActorId, AssociateId, CustomerId, DeviceId, DocumentId, EditId, Nonce, SessionId, ShopId,
    Timestamp,
};
use crate::outbox::{self, OutboxRow};
use crate::store::{ReadTx, StoreError, Table, WriteTx};

pub use recording::{EditRequest, RecordError, Recorded};

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
