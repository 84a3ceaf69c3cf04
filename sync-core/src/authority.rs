//! The hub's engine: the one place that decides about a document, once.
//!
//! # Invariants
//! - What is accepted is in base, changes, heads, feeds, digests and rows in one transaction, or in none.
//! - A change is refused for good only for what can't become right: shape, permission, authorship. All else is said so that the handheld replays or waits.
//! - The members of one edit across facets share one fate.

mod folding;
pub mod followers;
pub mod judge;
pub mod membership;
mod posted;
mod recorded;
mod recording;
pub mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::card::reduce::Corrections;
use crate::card::schema::Role;
use crate::card::{CardView, Edit, EditError, Entries, Facet, Plan, Reading, Visible};
use crate::documents::{self, DocumentCache, Loaded, StoredChange};
use crate::entropy::Entropy;
use crate::envelope::{self, Envelope, EnvelopeKind, Sealed};
use crate::feed::{self, FeedKind, Ledger};
use crate::gate::{self, GateError};
use crate::ids::{
    ActorId, AssociateId, CustomerId, DeviceId, DocumentId, EditId, Nonce, SessionId, ShopId,
    Timestamp,
};
use crate::projection;
use crate::records;
use crate::replica::receive::gate_damage;
use crate::scope::Scope;
use crate::store::{self, ReadTx, StoreError, Table, WriteTx};
use recording::Planned;

/// Why the hub could not record an edit of its own.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The edit can't be made; says what to do.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// There is no such customer.
    #[error("there is no such customer")]
    UnknownCustomer,
    /// The customer was erased.
    #[error("the record of this customer was erased")]
    Erased,
    /// The card is as large as a card may become.
    #[error("this card is as large as a card may become: tell whoever runs the hub")]
    CardFull,
    /// More at once than one change may hold.
    #[error("this is too much at once: send fewer or shorter edits")]
    TooMuch,
    /// Storage failed; nothing was recorded.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// On whose behalf the hub records: a person at the back office, an import, an integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubAuthor {
    /// Who.
    pub associate: AssociateId,
    /// Under which sign-in; all zero for imports.
    pub session: SessionId,
    /// For which shop.
    pub shop: ShopId,
    /// What they may do.
    pub role: Role,
}

/// An edit with its id and ground, ready to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubEdit {
    /// The id; derived from the source for imports, so that importing twice records once.
    pub id: EditId,
    /// The edit.
    pub edit: Edit,
    /// On what ground.
    pub source: crate::card::Source,
    /// When it was true at the source.
    pub as_of: Option<Timestamp>,
}

/// What one transaction of the hub collects: feed states to write, and what changed.
#[derive(Debug, Default)]
pub struct Batch {
    pub(crate) ledger: Ledger,
    customers: BTreeSet<CustomerId>,
    /// Customers of whom sales came, with the rank of the newest: their rows follow from that, and no document is opened.
    sold: BTreeMap<CustomerId, u32>,
    /// Whether read rows are written and their index entries left to [`projection::index_what_waits`].
    indexes_later: bool,
    accepted: u64,
}

impl Batch {
    /// The scopes that moved: sessions that follow them have something to send.
    #[must_use]
    pub fn scopes(&self) -> Vec<Scope> {
        self.ledger.scopes().collect()
    }

    /// Customers whose read rows are still to be brought up to date.
    #[must_use]
    pub fn touched(&self) -> usize {
        self.customers.len()
    }

    /// Changes accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Leaves the index entries of read rows to [`projection::index_what_waits`], which a long import calls at its end: until then
    /// searches find what was there before.
    pub fn index_later(&mut self) {
        self.indexes_later = true;
    }
}

/// How a document is read.
type Read =
    fn(&mut DocumentCache, &dyn ReadTx, DocumentId) -> Result<Option<Arc<Loaded>>, StoreError>;

/// The engine of one opening of the hub's database.
#[derive(Debug)]
pub struct Authority {
    device: DeviceId,
    nonce: Nonce,
    cache: DocumentCache,
}

impl Authority {
    /// An engine with a fresh actor and a cache of up to `open_documents` documents.
    pub fn open(device: DeviceId, open_documents: usize, entropy: &mut dyn Entropy) -> Self {
        Self {
            device,
            nonce: Nonce::random(entropy),
            cache: DocumentCache::new(open_documents),
        }
    }

    /// The device under which the hub itself records.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// Documents opened from storage so far.
    #[must_use]
    pub fn documents_loaded(&self) -> u64 {
        self.cache.loads()
    }

    /// Number of all changes accepted so far; what an acknowledgement calls *stored*.
    ///
    /// # Errors
    /// What the store reports.
    pub fn accepted_number(tx: &dyn ReadTx) -> Result<u64, StoreError> {
        Ok(store::get_row(tx, Table::Meta, b"accepted")?.unwrap_or(0))
    }

    /// Everything accepted up to this number is in a verified backup.
    ///
    /// # Errors
    /// What the store reports.
    pub fn backup_number(tx: &dyn ReadTx) -> Result<u64, StoreError> {
        Ok(store::get_row(tx, Table::Meta, b"backup")?.unwrap_or(0))
    }

    /// The accepted content of a customer's facets that `reader` (a shop, and an associate if any) may see.
    ///
    /// # Errors
    /// What the store reports.
    pub fn visible(
        &mut self,
        tx: &dyn ReadTx,
        customer: CustomerId,
        reader: (ShopId, Option<AssociateId>),
    ) -> Result<(Visible, BTreeMap<EditId, Timestamp>), StoreError> {
        self.read_with(tx, (customer, reader), DocumentCache::get)
    }

    /// As [`Authority::visible`], for whoever comes by every customer once: documents that are worked on stay in memory.
    ///
    /// # Errors
    /// What the store reports.
    pub fn glance(
        &mut self,
        tx: &dyn ReadTx,
        customer: CustomerId,
        reader: (ShopId, Option<AssociateId>),
    ) -> Result<(Visible, BTreeMap<EditId, Timestamp>), StoreError> {
        self.read_with(tx, (customer, reader), DocumentCache::glance)
    }

    fn read_with(
        &mut self,
        tx: &dyn ReadTx,
        (customer, (shop, associate)): (CustomerId, (ShopId, Option<AssociateId>)),
        read: Read,
    ) -> Result<(Visible, BTreeMap<EditId, Timestamp>), StoreError> {
        let mut facets = vec![Facet::Card, Facet::Shop(shop)];
        if let Some(associate) = associate {
            facets.push(Facet::Private(associate));
            if documents::needs_to_know(tx, customer, associate)? {
                facets.push(Facet::Restricted);
            }
        }
        let mut visible = Visible::default();
        let mut corrections = BTreeMap::new();
        for facet in facets {
            let loaded = read(&mut self.cache, tx, facet.document(customer))?;
            if let Some(loaded) = &loaded {
                corrections.extend(loaded.row.corrections.iter().copied());
            }
            visible.insert(
                facet,
                loaded.map_or_else(Entries::default, |loaded| loaded.entries.clone()),
            );
        }
        Ok((visible, corrections))
    }

    /// Records edits of the hub about one customer, as one change for each facet they touch.
    /// An edit whose id was recorded before is passed over. Returns whether anything was new.
    ///
    /// # Errors
    /// [`AuthorityError`]: when storage failed the caller's mark must be rolled back; everything else was found before anything was written.
    pub fn record(
        &mut self,
        tx: &mut dyn WriteTx,
        batch: &mut Batch,
        author: &HubAuthor,
        (customer, edits): (CustomerId, &[HubEdit]),
        (now, entropy): (Timestamp, &mut dyn Entropy),
    ) -> Result<bool, AuthorityError> {
        if tx.get(Table::Tombstone, customer.as_bytes())?.is_some() {
            return Err(AuthorityError::Erased);
        }
        let reader = (author.shop, Some(author.associate));
        let (mut visible, _) = self.visible(tx.as_read(), customer, reader)?;
        // Of whom there is nothing, nothing was recorded: this is every customer of a first import.
        let is_new = visible.iter().all(|(_, entries)| entries.is_empty());
        let mut planned = Planned::default();
        for hub_edit in edits {
            if !is_new && self.is_recorded(tx.as_read(), customer, author, hub_edit.id)? {
                continue;
            }
            let exists = visible
                .get(&Facet::Card)
                .is_some_and(|card| !card.is_empty());
            if !exists && !matches!(hub_edit.edit, Edit::CreateCustomer { .. }) {
                return Err(AuthorityError::UnknownCustomer);
            }
            let context = self.context(author, (customer, hub_edit), now);
            let plan = hub_edit.edit.plan(&context, &visible)?;
            visible.write(&plan);
            planned.add(plan);
        }
        let planned = BTreeMap::from([(customer, planned)]);
        self.write_planned(tx, batch, author, &planned, (now, entropy))
    }

    fn is_recorded(
        &self,
        tx: &dyn ReadTx,
        customer: CustomerId,
        author: &HubAuthor,
        edit: EditId,
    ) -> Result<bool, StoreError> {
        for facet in [
            Facet::Card,
            Facet::Shop(author.shop),
            Facet::Restricted,
            Facet::Private(author.associate),
        ] {
            if documents::change_of_edit(tx, facet.document(customer), edit)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Commits writes to one document in memory; none when it holds all of them.
    fn commit(
        &mut self,
        tx: &dyn ReadTx,
        (author, customer, facet): (&HubAuthor, CustomerId, Facet),
        (writes, edits): (&[crate::card::FieldWrite], Vec<EditId>),
        (now, entropy): (Timestamp, &mut dyn Entropy),
    ) -> Result<Option<(Loaded, StoredChange)>, AuthorityError> {
        let document = facet.document(customer);
        let loaded = self.cache.get(tx, document)?;
        let mut after = loaded.map_or_else(
            || Loaded::empty(customer, facet),
            |loaded| (*loaded).clone(),
        );
        let actor = ActorId::derive(self.device, self.nonce);
        // Counted before the document takes the change.
        after.causality()?;
        let Some(change) = after.document.commit(actor, now, writes) else {
            return Ok(None);
        };
        gate::take_own(after.causality_mut()?, &change.bytes).map_err(|error| own_fault(&error))?;
        after.entries.write(writes);
        let envelope = Envelope {
            kind: EnvelopeKind::Hub,
            customer,
            facet,
            epoch: after.row.epoch,
            change: change.hash,
            device: self.device,
            nonce: self.nonce,
            associate: author.associate,
            session: author.session,
            edits,
            schema: Plan::schema_of(writes),
            salt: envelope::salt(entropy),
        };
        let sealed = Sealed {
            envelope,
            change: change.bytes,
        };
        let stored = StoredChange {
            sealed,
            received_at: now,
            attestation: None,
        };
        Ok(Some((after, stored)))
    }

    /// Stores accepted changes of one document and tells every scope that holds it.
    pub(crate) fn accept(
        &mut self,
        tx: &mut dyn WriteTx,
        batch: &mut Batch,
        (after, saved): (Loaded, Option<Vec<u8>>),
        changes: &[StoredChange],
        shop: ShopId,
    ) -> Result<(), StoreError> {
        let (customer, facet) = (after.row.customer, after.row.facet);
        let document = after.row.id();
        let is_new = after.row.heads.is_empty();
        let stored = documents::append(tx, &mut batch.ledger, (after, saved), changes)?;
        self.cache.insert(document, Arc::new(stored));
        if is_new && let Some(first) = changes.first() {
            // A new document is told change by change, so that its author gets mere hashes back.
            let scope = home_scope(facet, shop, first.sealed.envelope.associate);
            documents::enter(tx, &mut batch.ledger, scope, document)?;
        }
        let at_home = documents::scopes(tx.as_read(), document)?;
        for stored in changes {
            let envelope = &stored.sealed.envelope;
            let hash = feed::change_entry_hash(&envelope.leaf(), stored.received_at);
            for scope in &at_home {
                let kind = FeedKind::Change {
                    document,
                    change: envelope.change,
                };
                batch.ledger.append(tx, *scope, kind, hash)?;
            }
        }
        let mut held = at_home.clone();
        for stored in changes {
            let envelope = &stored.sealed.envelope;
            let scope = home_scope(facet, shop, envelope.associate);
            if held.contains(&scope) {
                continue;
            }
            documents::enter(tx, &mut batch.ledger, scope, document)?;
            held.push(scope);
            // The entry brings the whole document, so the changes up to now need none of their own.
            let kind = FeedKind::Enter { document };
            let hash = feed::other_entry_hash(&kind, envelope.salt.as_bytes());
            batch.ledger.append(tx, scope, kind, hash)?;
            if facet == Facet::Card {
                self.tell_of_customer(tx, batch, (customer, scope), envelope.salt)?;
            }
        }
        if is_new
            && facet == Facet::Card
            && let (Some(scope), Some(first)) = (at_home.first(), changes.first())
        {
            // A till may know a customer before the first associate does.
            let salt = first.sealed.envelope.salt;
            self.tell_of_customer(tx, batch, (customer, *scope), salt)?;
        }
        batch.accepted += u64::try_from(changes.len()).expect("a batch is small");
        batch.customers.insert(customer);
        Ok(())
    }

    /// Writes what the batch collected: scope states, read rows, the acceptance number. Call once, before the transaction commits.
    ///
    /// # Errors
    /// What the store reports.
    pub fn finish(&mut self, tx: &mut dyn WriteTx, batch: &mut Batch) -> Result<u64, StoreError> {
        self.tell_new_books(tx, batch)?;
        batch.ledger.write(tx)?;
        let number = Self::accepted_number(tx.as_read())? + batch.accepted;
        store::put_row(tx, Table::Meta, b"accepted", &number)?;
        self.fold_touched(tx, batch)?;
        self.fold_sold(tx, batch)?;
        Ok(number)
    }
}

/// What the gate says of a change of the hub's own: it may be too large, and nothing else.
fn own_fault(error: &GateError) -> AuthorityError {
    if matches!(error, GateError::Size { .. } | GateError::Ops { .. }) {
        AuthorityError::TooMuch
    } else if matches!(error, GateError::Full { .. }) {
        AuthorityError::CardFull
    } else {
        AuthorityError::Store(gate_damage(error))
    }
}

/// The read row of a customer, the same on hub and handheld for the same facets and records. Of records the last purchase alone counts:
/// what more a row took from them, [`Authority::put_records`] would have to fold as well.
pub(crate) fn row_of(
    tx: &dyn ReadTx,
    customer: CustomerId,
    visible: &Visible,
    corrections: &Corrections,
) -> Result<projection::Row, StoreError> {
    // A row does not depend on the moment it is made at, so that a rebuild makes the same one.
    let view = CardView::read(
        visible,
        &Reading {
            now: Timestamp::default(),
            corrections,
        },
    );
    let last = records::totals(tx, customer)?
        .last
        .map(records::SoldAt::moment);
    Ok(projection::project(customer, &view, last))
}

/// The scope that a document belongs to once `author`, of `shop`, has written to it.
pub(crate) fn home_scope(facet: Facet, shop: ShopId, author: AssociateId) -> Scope {
    match facet {
        Facet::Card => Scope::Book(shop),
        Facet::Shop(owner) => Scope::Book(owner),
        Facet::Restricted => Scope::Associate(author),
        Facet::Private(owner) => Scope::Associate(owner),
    }
}
