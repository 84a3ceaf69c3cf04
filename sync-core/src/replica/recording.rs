//! Recording on a handheld: from an edit to its changes in the outbox, and the same again when what they stood on has moved.
//!
//! # Invariants
//! - What is recorded is within every bound that the hub will hold it against.
//! - An edit keeps its id, its plan and what it had seen, however often it is committed anew.

use std::collections::{BTreeMap, BTreeSet};

use super::receive::gate_damage;
use super::{Author, Replica, apply_members};
use crate::card::edit::Belongs;
use crate::card::links::{self, Cards, Opened, Person, Via};
use crate::card::{
    Document, Edit, EditContext, EditError, Facet, FieldWrite, Plan, Provenance, Source,
};
use crate::documents::{self, Loaded};
use crate::entropy::Entropy;
use crate::envelope::{self, Envelope, EnvelopeKind, Sealed};
use crate::gate::{self, Causality, GateError, Holding};
use crate::ids::{AssociateId, CustomerId, DocumentId, EditId, Nonce, SessionId, Timestamp};
use crate::outbox::{self, OutboxRow, OutboxState};
use crate::projection;
use crate::store::{ReadTx, StoreError, Table, WriteTx};

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
    /// The edit alone is more than one change may hold.
    #[error("this is too much for one edit: record it in parts")]
    TooMuch,
    /// The card is as large as a card may become.
    #[error("this card is as large as a card may become: tell whoever runs the hub")]
    CardFull,
    /// Storage failed; nothing was recorded.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What recording gives back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The card that it stands on.
    pub customer: CustomerId,
    /// The edit's id; also names what it created.
    pub edit: EditId,
    /// Its number in the outbox.
    pub number: u64,
}

/// Whether an edit of this customer may wait to be sent.
fn check_door(tx: &dyn ReadTx, customer: CustomerId) -> Result<(), RecordError> {
    if tx.get(Table::Tombstone, customer.as_bytes())?.is_some() {
        return Err(RecordError::Erased);
    }
    if !outbox::has_room(tx)? {
        let pending = outbox::pending(tx)?.count;
        return Err(RecordError::OutboxFull { pending });
    }
    Ok(())
}

impl Replica {
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
        let EditRequest { customer, edit, .. } = *request;
        check_door(tx.as_read(), customer)?;
        let visible = self.visible(tx.as_read(), author, customer)?;
        let exists = visible
            .get(&Facet::Card)
            .is_some_and(|entries| !entries.is_empty());
        if !exists && !matches!(edit, Edit::CreateCustomer { .. }) {
            return Err(RecordError::UnknownCustomer);
        }
        let context = self.context(author, request, customer, entropy);
        let plan = edit.plan(&context, &visible)?;
        self.keep(tx, author, (request, customer), plan, entropy)
    }

    /// Records an edit of the person whom a card is about, on whichever of their cards it belongs ([`Edit::belongs`]): most go to the oldest
    /// that is at hand and say which cards their author saw as one ([`Edit::plan_via`]). Of a card that stands alone, this is [`Replica::record`].
    ///
    /// # Errors
    /// [`RecordError`]; the transaction must then be rolled back.
    pub fn record_of_person(
        &mut self,
        tx: &mut dyn WriteTx,
        author: &Author,
        request: &EditRequest<'_>,
        entropy: &mut dyn Entropy,
    ) -> Result<Recorded, RecordError> {
        let EditRequest { customer, edit, .. } = *request;
        let belongs = edit.belongs();
        if belongs == Belongs::ToCard {
            return self.record(tx, author, request, entropy);
        }
        let person = self.person(tx.as_read(), author, customer)?;
        if !person.is_one() {
            return self.record(tx, author, request, entropy);
        }
        if let Belongs::With(thing) = belongs {
            let reader = (author.shop, author.associate);
            let cards = thing.cards(&person.cards, reader);
            return self.record_on_each(tx, author, (request, &cards), entropy);
        }
        let oldest = links::by_age(&person.cards).first().copied();
        let customer = oldest.unwrap_or(customer);
        check_door(tx.as_read(), customer)?;
        let context = self.context(author, request, customer, entropy);
        let via = Via {
            component: &person.component,
            cards: &person.cards,
        };
        let plan = edit.plan_via(&context, via)?;
        self.keep(tx, author, (request, customer), plan, entropy)
    }

    /// Records an edit on each of these cards; what is not on any of them is refused of the card that was named. Gives back the first.
    fn record_on_each(
        &mut self,
        tx: &mut dyn WriteTx,
        author: &Author,
        (request, cards): (&EditRequest<'_>, &[CustomerId]),
        entropy: &mut dyn Entropy,
    ) -> Result<Recorded, RecordError> {
        let (first, rest) = match cards.split_first() {
            Some((first, rest)) => (*first, rest),
            None => (request.customer, cards),
        };
        let on = |customer| EditRequest {
            customer,
            ..*request
        };
        let recorded = self.record(tx, author, &on(first), entropy)?;
        for card in rest {
            self.record(tx, author, &on(*card), entropy)?;
        }
        Ok(recorded)
    }

    /// The cards that are joined to this one, as far as they are at hand, and what an associate sees of each.
    ///
    /// # Errors
    /// What the store reports.
    pub fn person(
        &mut self,
        tx: &dyn ReadTx,
        author: &Author,
        customer: CustomerId,
    ) -> Result<Person, StoreError> {
        let mut cards = AtHand {
            replica: self,
            tx,
            author,
        };
        Person::of(customer, &mut cards)
    }

    fn context(
        &self,
        author: &Author,
        request: &EditRequest<'_>,
        customer: CustomerId,
        entropy: &mut dyn Entropy,
    ) -> EditContext {
        let provenance = Provenance {
            by: author.associate,
            device: self.device,
            shop: author.shop,
            at: request.now,
            source: request.source,
            as_of: None,
        };
        EditContext {
            edit: EditId::random(entropy),
            customer,
            provenance,
            role: author.role,
        }
    }

    /// Commits a plan to the outbox and refreshes the customer's row.
    fn keep(
        &mut self,
        tx: &mut dyn WriteTx,
        author: &Author,
        (request, customer): (&EditRequest<'_>, CustomerId),
        plan: Plan,
        entropy: &mut dyn Entropy,
    ) -> Result<Recorded, RecordError> {
        let at = request.now;
        let members = self.commit_plan(tx.as_read(), author, (customer, at), &plan, entropy)?;
        let row = OutboxRow {
            edit: plan.edit,
            customer,
            associate: author.associate,
            session: author.session,
            at,
            intent: serde_json::to_string(request.edit).expect("an edit has no map with odd keys"),
            plan,
            members,
            state: OutboxState::Pending,
        };
        let number = outbox::append(tx, &row)?;
        self.refold(tx, author.shop, [&customer])?;
        Ok(Recorded {
            customer,
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
            let sealed = self.seal(&mut displayed, *facet, &origin, plan, entropy);
            if let Some(sealed) = &sealed {
                self.check_room(tx, document, &sealed.change)?;
            }
            members.extend(sealed);
        }
        Ok(members)
    }

    /// Holds a change against every bound that the hub will hold it against, on top of what is accepted and what waits.
    fn check_room(
        &mut self,
        tx: &dyn ReadTx,
        document: DocumentId,
        change: &[u8],
    ) -> Result<(), RecordError> {
        let accepted = self.accepted(tx, document)?;
        let mut causality = match accepted {
            Some(loaded) => loaded.causality()?.clone(),
            None => Causality::default(),
        };
        for (_, row) in outbox::touching(tx, document)? {
            for member in row.members {
                if member.envelope.document() == document && !causality.has(member.envelope.change)
                {
                    gate::take_own(&mut causality, &member.change).map_err(|error| own(&error))?;
                }
            }
        }
        gate::take_own(&mut causality, change).map_err(|error| own(&error))
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
            schema: Plan::schema_of(writes),
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
                if let Some(loaded) = &accepted
                    && ran_before(loaded, writes)?
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
}

/// The cards of this handheld, as somebody sees them.
struct AtHand<'a> {
    replica: &'a mut Replica,
    tx: &'a dyn ReadTx,
    author: &'a Author,
}

impl Cards for AtHand<'_> {
    type Error = StoreError;

    fn open(&mut self, card: CustomerId) -> Result<Option<Opened>, StoreError> {
        let visible = self.replica.visible(self.tx, self.author, card)?;
        let corrections = self.replica.corrections(self.tx, self.author, card)?;
        Ok(Some((visible, corrections)))
    }

    fn linking_to(&mut self, card: CustomerId) -> Result<Vec<CustomerId>, StoreError> {
        projection::linking_to(self.tx, card)
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
fn ran_before(accepted: &Loaded, writes: &[FieldWrite]) -> Result<bool, StoreError> {
    let causality = accepted.causality()?;
    let mut keys = writes.iter().map(|write| write.path.at(write.edit));
    Ok(keys.any(|key| causality.has_written(&key)))
}

/// What the bounds say of a change of one's own: it may be too much, and nothing else.
fn own(error: &GateError) -> RecordError {
    if matches!(error, GateError::Size { .. } | GateError::Ops { .. }) {
        RecordError::TooMuch
    } else if let GateError::Full { what, .. } = error {
        match what {
            Holding::Notes => RecordError::Edit(EditError::TooManyNotes),
            Holding::Bytes => RecordError::CardFull,
        }
    } else {
        RecordError::Store(gate_damage(error))
    }
}
