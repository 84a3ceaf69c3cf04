//! Judging a push: signature, authorship, permission, the gate; one verdict for each change.
//!
//! # Failure
//! A push that is not signed by its device, or speaks for another device, ends the session ([`PushError::Broken`]) and changes nothing.
//! Everything else is a verdict: one bad change never holds up its neighbors.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::rules::{card_schema, is_log, role_needed};
use super::{Authority, Batch};
use crate::card::schema::Role;
use crate::card::{Facet, SCHEMA_VERSION};
use crate::crypto::DevicePublicKey;
use crate::documents::{self, Loaded, StoredChange};
use crate::envelope::{self, Attestation, Envelope, EnvelopeKind};
use crate::gate::{self, Admission, GateError, Incoming, Rules};
use crate::ids::{
    AssociateId, ChangeHash, DeviceId, DocumentId, EditId, Hash32, SessionId, ShopId, Timestamp,
};
use crate::limits;
use crate::protocol::frame::{Push, Ruling, Verdict};
use crate::quarantine;
use crate::replica::left_behind::LEFT_BEHIND;
use crate::replica::receive::gate_damage;
use crate::scope::Scope;
use crate::store::{ReadTx, StoreError, Table, WriteTx};

/// Refuses what is about a customer whom the hub does not know, or who is in no book any more.
pub const UNKNOWN_CUSTOMER: &str = "unknown_customer";

/// The handheld that pushes, as the hub knows it from its token and enrolment.
#[derive(Debug, Clone)]
pub struct Presenter {
    /// The device.
    pub device: DeviceId,
    /// Its enrolled key.
    pub key: DevicePublicKey,
    /// The shop it belongs to.
    pub shop: ShopId,
    /// What it may replicate.
    pub scopes: Vec<Scope>,
}

/// How an author stands with the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The sign-in is or was that associate's on that device, and the associate works here.
    Good(Role),
    /// The associate was deactivated.
    Deactivated,
    /// There was no such sign-in of that associate on that device.
    Unknown,
}

/// Who may speak for whom, as the hub's identity knows.
pub trait Roster {
    /// How the author named in `envelope` stands.
    ///
    /// # Errors
    /// What the store reports.
    fn standing(&self, tx: &dyn ReadTx, envelope: &Envelope) -> Result<Standing, StoreError>;
}

/// Why a push was not judged at all.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The peer broke the protocol; its session ends.
    #[error("the push is not acceptable: {0}")]
    Broken(&'static str),
    /// Storage failed; nothing was judged.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is decided about one entry so far.
type Decision = Option<Ruling>;
/// The entries of one document that the gate was asked about, and its answer.
type Asked = (Vec<usize>, Admission);

/// A push on its way through the judgment.
struct Case<'a> {
    push: &'a Push,
    presenter: &'a Presenter,
    decisions: Vec<Decision>,
    roles: Vec<Role>,
    attestations: Vec<Attestation>,
    loaded: BTreeMap<DocumentId, Arc<Loaded>>,
    /// What the roster said; all entries are of one device.
    standings: BTreeMap<(AssociateId, SessionId), Standing>,
    now: Timestamp,
}

impl Authority {
    /// Judges a push and stores what is accepted. One verdict for each entry, in their order.
    ///
    /// # Errors
    /// [`PushError`]; the caller's mark must then be rolled back.
    pub fn judge(
        &mut self,
        tx: &mut dyn WriteTx,
        batch: &mut Batch,
        (push, presenter): (&Push, &Presenter),
        roster: &dyn Roster,
        now: Timestamp,
    ) -> Result<Vec<Verdict>, PushError> {
        let mut case = open_case(push, presenter, now)?;
        for (index, sealed) in push.entries.iter().enumerate() {
            let (decision, role) = self.precheck(tx.as_read(), &mut case, index, roster)?;
            if let (Some(slot), Some(kept)) =
                (case.decisions.get_mut(index), case.roles.get_mut(index))
            {
                *slot = decision;
                *kept = role;
            }
            self.open_document(tx.as_read(), &mut case, &sealed.envelope)?;
        }
        let admissions = case.admit_groups()?;
        self.store_admitted(tx, batch, &mut case, admissions)?;
        let stored = Self::accepted_number(tx.as_read())? + batch.accepted();
        Ok(case.verdicts(stored))
    }

    /// What can be said about an entry before its bytes are looked at.
    fn precheck(
        &mut self,
        tx: &dyn ReadTx,
        case: &mut Case<'_>,
        index: usize,
        roster: &dyn Roster,
    ) -> Result<(Decision, Role), StoreError> {
        let Some(sealed) = case.push.entries.get(index) else {
            return Ok((Some(Ruling::Unmet), Role::Associate));
        };
        let envelope = &sealed.envelope;
        let document = envelope.document();
        if tx
            .get(Table::Tombstone, envelope.customer.as_bytes())?
            .is_some()
        {
            return Ok((Some(Ruling::Erased), Role::Associate));
        }
        // Before anything that may have changed since: what was accepted once stays so, however its author stands now.
        if let Some(known) = accepted_before(tx, document, envelope)? {
            return Ok((Some(known), Role::Associate));
        }
        let role = match case.standing(tx, envelope, roster)? {
            Standing::Good(role) => role,
            Standing::Deactivated => {
                return Ok((Some(refused(LEFT_BEHIND)), Role::Associate));
            }
            Standing::Unknown => return Ok((Some(refused("unknown_session")), Role::Associate)),
        };
        if envelope.schema > SCHEMA_VERSION {
            let code = "hub_needs_update".to_owned();
            return Ok((Some(Ruling::Later { code }), role));
        }
        if let Some(row) = documents::row(tx, document)?
            && row.epoch != envelope.epoch
        {
            let ruling = if envelope.epoch < row.epoch {
                Ruling::NewEpoch { epoch: row.epoch }
            } else {
                refused("epoch_ahead")
            };
            return Ok((Some(ruling), role));
        }
        Ok((case.out_of_reach(tx, envelope)?, role))
    }

    fn open_document(
        &mut self,
        tx: &dyn ReadTx,
        case: &mut Case<'_>,
        envelope: &Envelope,
    ) -> Result<(), StoreError> {
        if let Entry::Vacant(place) = case.loaded.entry(envelope.document()) {
            let loaded = self.cache.get(tx, envelope.document())?;
            let empty = || Arc::new(Loaded::empty(envelope.customer, envelope.facet));
            place.insert(loaded.unwrap_or_else(empty));
        }
        Ok(())
    }

    fn store_admitted(
        &mut self,
        tx: &mut dyn WriteTx,
        batch: &mut Batch,
        case: &mut Case<'_>,
        admissions: Vec<(DocumentId, Asked)>,
    ) -> Result<(), StoreError> {
        for (document, (indexes, admission)) in admissions {
            let mut accepted = Vec::new();
            for (index, outcome) in indexes.iter().zip(&admission.outcomes) {
                let Some(sealed) = case.push.entries.get(*index) else {
                    continue;
                };
                match outcome {
                    Ok(_) => accepted.push(StoredChange {
                        sealed: sealed.clone(),
                        received_at: case.now,
                        attestation: case.attestations.get(*index).cloned(),
                    }),
                    Err(error) => {
                        if !matches!(
                            error,
                            GateError::Unmet { .. } | GateError::Permission { .. }
                        ) {
                            quarantine::set_aside(tx, sealed, error.code(), case.now)?;
                        }
                        case.decide(*index, ruling_of(error));
                    }
                }
            }
            let Some(loaded) = case.loaded.get(&document) else {
                continue;
            };
            if accepted.is_empty() {
                continue;
            }
            let after = Loaded {
                row: loaded.row.clone(),
                document: admission.document,
                causality: admission.causality.into(),
                entries: admission.entries,
            };
            self.accept(
                tx,
                batch,
                (after, admission.saved),
                &accepted,
                case.presenter.shop,
            )?;
        }
        Ok(())
    }
}

/// Checks what concerns the push as a whole.
fn open_case<'a>(
    push: &'a Push,
    presenter: &'a Presenter,
    now: Timestamp,
) -> Result<Case<'a>, PushError> {
    if push.entries.is_empty() || push.entries.len() > limits::PUSH_ENTRIES_MAX {
        return Err(PushError::Broken("a push holds 1 to 256 entries"));
    }
    let speaks_for_itself = push.entries.iter().all(|sealed| {
        sealed.envelope.device == presenter.device && sealed.envelope.kind == EnvelopeKind::Device
    });
    if !speaks_for_itself {
        return Err(PushError::Broken("a handheld pushes its own changes alone"));
    }
    let leaves: Vec<Hash32> = push
        .entries
        .iter()
        .map(|sealed| sealed.envelope.leaf())
        .collect();
    if !envelope::push_is_signed(&presenter.key, presenter.device, &leaves, &push.signature) {
        return Err(PushError::Broken(
            "the signature is not that of the enrolled key",
        ));
    }
    Ok(Case {
        push,
        presenter,
        decisions: vec![None; push.entries.len()],
        roles: vec![Role::Associate; push.entries.len()],
        attestations: envelope::attestations(&leaves, push.signature),
        loaded: BTreeMap::new(),
        standings: BTreeMap::new(),
        now,
    })
}

/// The ruling on a change whose edits were accepted before, in whatever change.
fn accepted_before(
    tx: &dyn ReadTx,
    document: DocumentId,
    envelope: &Envelope,
) -> Result<Decision, StoreError> {
    if documents::change(tx, document, envelope.change)?.is_some() {
        let stored = Authority::accepted_number(tx)?;
        return Ok(Some(Ruling::Accepted { stored }));
    }
    for edit in &envelope.edits {
        if let Some(of) = documents::change_of_edit(tx, document, *edit)? {
            return Ok(Some(Ruling::Duplicate { of }));
        }
    }
    Ok(None)
}

impl Case<'_> {
    /// How the author of an entry stands; the roster is asked once for each sign-in of a push.
    fn standing(
        &mut self,
        tx: &dyn ReadTx,
        envelope: &Envelope,
        roster: &dyn Roster,
    ) -> Result<Standing, StoreError> {
        Ok(
            match self.standings.entry((envelope.associate, envelope.session)) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(place) => *place.insert(roster.standing(tx, envelope)?),
            },
        )
    }

    /// A ruling when the device has no business with this document.
    fn out_of_reach(&self, tx: &dyn ReadTx, envelope: &Envelope) -> Result<Decision, StoreError> {
        let is_own = match envelope.facet {
            Facet::Card | Facet::Restricted => true,
            Facet::Shop(shop) => shop == self.presenter.shop,
            Facet::Private(associate) => associate == envelope.associate,
        };
        if !is_own {
            return Ok(Some(refused("not_your_facet")));
        }
        let card = Facet::Card.document(envelope.customer);
        let scopes = documents::scopes(tx, card)?;
        if scopes.is_empty() && documents::row(tx, card)?.is_some() {
            // Known, and in nobody's book: who comes back is let in by the hub's word, not by a push.
            return Ok(Some(refused("not_in_your_book")));
        }
        if scopes.is_empty() {
            // Not known here yet: then this very push must bring the card.
            let brings_card = self.push.entries.iter().any(|sealed| {
                sealed.envelope.customer == envelope.customer
                    && sealed.envelope.facet == Facet::Card
            });
            return Ok((!brings_card).then(|| refused(UNKNOWN_CUSTOMER)));
        }
        let in_reach = scopes
            .iter()
            .any(|scope| self.presenter.scopes.contains(scope));
        Ok((!in_reach).then(|| refused("not_in_your_book")))
    }

    fn decide(&mut self, index: usize, ruling: Ruling) {
        if let Some(slot) = self.decisions.get_mut(index) {
            *slot = Some(ruling);
        }
    }

    /// Asks the gate about every document, until the members of each edit share one fate.
    fn admit_groups(&mut self) -> Result<Vec<(DocumentId, Asked)>, StoreError> {
        let mut admissions = BTreeMap::new();
        let mut open: BTreeSet<DocumentId> = self.loaded.keys().copied().collect();
        while !open.is_empty() {
            for document in std::mem::take(&mut open) {
                let indexes = self.undecided(document);
                if indexes.is_empty() {
                    admissions.remove(&document);
                    continue;
                }
                let admission = self.admit(document, &indexes)?;
                admissions.insert(document, (indexes, admission));
            }
            open = self.align_groups(&admissions);
        }
        Ok(admissions.into_iter().collect())
    }

    fn undecided(&self, document: DocumentId) -> Vec<usize> {
        self.push
            .entries
            .iter()
            .enumerate()
            .filter(|(index, sealed)| {
                sealed.envelope.document() == document
                    && self.decisions.get(*index).is_some_and(Option::is_none)
            })
            .map(|(index, _)| index)
            .collect()
    }

    fn admit(&self, document: DocumentId, indexes: &[usize]) -> Result<Admission, StoreError> {
        let loaded = self
            .loaded
            .get(&document)
            .expect("every document of the push was opened");
        let mut roles = BTreeMap::<ChangeHash, Role>::new();
        let mut incoming = Vec::with_capacity(indexes.len());
        for index in indexes {
            if let (Some(sealed), Some(role)) =
                (self.push.entries.get(*index), self.roles.get(*index))
            {
                roles.insert(sealed.envelope.change, *role);
                incoming.push(Incoming {
                    envelope: &sealed.envelope,
                    bytes: &sealed.change,
                });
            }
        }
        let rules = Rules {
            document,
            epoch: loaded.row.epoch,
            schema: &card_schema,
            is_log: &is_log,
            permits: &|envelope, write| {
                let needed = role_needed(write);
                let role = roles
                    .get(&envelope.change)
                    .copied()
                    .unwrap_or(Role::Associate);
                if role >= needed {
                    Ok(())
                } else {
                    Err(format!("needs the role {needed:?}"))
                }
            },
        };
        gate::admit(&loaded.document, loaded.causality()?, &incoming, &rules)
            .map_err(|error| gate_damage(&error))
    }

    /// Gives the members of every edit the harshest fate among them; returns the documents that must be asked about again.
    fn align_groups(&mut self, admissions: &BTreeMap<DocumentId, Asked>) -> BTreeSet<DocumentId> {
        let mut fates: BTreeMap<EditId, Ruling> = BTreeMap::new();
        for (index, sealed) in self.push.entries.iter().enumerate() {
            let refusal = match self.decisions.get(index) {
                Some(Some(Ruling::Accepted { .. } | Ruling::Duplicate { .. })) | None => None,
                Some(Some(ruling)) => Some(ruling.clone()),
                Some(None) => gate_refusal(admissions, sealed.envelope.document(), index),
            };
            if let Some(refusal) = refusal {
                for edit in &sealed.envelope.edits {
                    fates.entry(*edit).or_insert_with(|| refusal.clone());
                }
            }
        }
        let mut open = BTreeSet::new();
        for index in 0..self.push.entries.len() {
            let Some(sealed) = self.push.entries.get(index) else {
                continue;
            };
            let document = sealed.envelope.document();
            let admitted = self.decisions.get(index).is_some_and(Option::is_none)
                && gate_refusal(admissions, document, index).is_none();
            let fate = sealed
                .envelope
                .edits
                .iter()
                .find_map(|edit| fates.get(edit));
            if let (true, Some(fate)) = (admitted, fate) {
                self.decide(index, fate.clone());
                open.insert(document);
            }
        }
        open
    }

    fn verdicts(self, stored: u64) -> Vec<Verdict> {
        self.push
            .entries
            .iter()
            .zip(self.decisions)
            .map(|(sealed, decision)| Verdict {
                change: sealed.envelope.change,
                ruling: decision.unwrap_or(Ruling::Accepted { stored }),
            })
            .collect()
    }
}

fn gate_refusal(
    admissions: &BTreeMap<DocumentId, Asked>,
    document: DocumentId,
    index: usize,
) -> Option<Ruling> {
    let (indexes, admission) = admissions.get(&document)?;
    let at = indexes.iter().position(|known| *known == index)?;
    admission.outcomes.get(at)?.as_ref().err().map(ruling_of)
}

fn ruling_of(error: &GateError) -> Ruling {
    // An actor that this document knows further than the sender does: its database was copied, restored or forgot the document.
    // The intent is as good as ever; a replay gives it a fresh actor.
    let is_forked = matches!(error, GateError::Sequence { .. });
    if error.is_recoverable() || is_forked {
        Ruling::Unmet
    } else {
        refused(error.code())
    }
}

fn refused(code: &str) -> Ruling {
    Ruling::Refused {
        code: code.to_owned(),
    }
}
