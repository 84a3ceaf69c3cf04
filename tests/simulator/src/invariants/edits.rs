//! What must be true of every edit and every look at a card: none is lost, none counts twice, each has its true author.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::access::{AccessEntry, StoredAccess};
use sync_core::authority::judge::UNKNOWN_CUSTOMER;
use sync_core::card::Facet;
use sync_core::card::schema::Role;
use sync_core::documents::{self, StoredChange};
use sync_core::envelope::EnvelopeKind;
use sync_core::ids::{DeviceId, DocumentId, EditId};
use sync_core::outbox::{self, OutboxState};
use sync_core::store::{self, ReadTx, Store as _, Table};

use super::disk::table;
use super::{Violation, must};
use crate::fleet::{HUB_DEVICE, Handheld};
use crate::oracle::Told;
use crate::world::World;

/// Edits, at any quiet moment.
///
/// # Errors
/// The first [`Violation`].
pub fn edits(world: &World) -> Result<(), Violation> {
    let hub = world.hub.store.read()?;
    for (document, edit) in &world.oracle.acknowledged {
        let change = documents::change_of_edit(&*hub, *document, *edit)?;
        let stored = change
            .map(|change| documents::change(&*hub, *document, change))
            .transpose()?
            .flatten();
        must(stored.is_some(), "what is acknowledged is kept", || {
            format!("the hub said that it holds {edit:?} in {document}, and does not")
        })?;
    }
    let accepted = accepted_once(world, &*hub)?;
    nothing_is_lost(world, &accepted)
}

type Accepted = BTreeSet<(DocumentId, EditId)>;

/// Reads the hub's changes: each edit once in a document, under its true author.
fn accepted_once(world: &World, hub: &dyn ReadTx) -> Result<Accepted, Violation> {
    let mut accepted = Accepted::new();
    for bytes in table(hub, Table::Change)?.values() {
        let stored: StoredChange = store::decode_row(Table::Change, bytes)?;
        let envelope = &stored.sealed.envelope;
        for edit in &envelope.edits {
            let fresh = accepted.insert((envelope.document(), *edit));
            must(fresh, "no edit counts twice", || {
                format!("{edit:?} is twice in {}", envelope.document())
            })?;
            author_is_true(world, &stored, *edit)?;
        }
        if envelope.kind == EnvelopeKind::Device {
            let key = world
                .hub
                .devices
                .get(&envelope.device)
                .map(|known| known.key);
            let proven = match (&stored.attestation, key) {
                (Some(attestation), Some(key)) => attestation.holds(envelope, &key),
                (None, _) | (_, None) => false,
            };
            must(proven, "authors are right", || {
                format!(
                    "{:?} has no proof that its device signed it",
                    envelope.edits
                )
            })?;
        }
    }
    Ok(accepted)
}

fn author_is_true(world: &World, stored: &StoredChange, edit: EditId) -> Result<(), Violation> {
    let envelope = &stored.sealed.envelope;
    if let Some(told) = world.oracle.told.get(&edit) {
        must(!told.is_stray, "authors are right", || {
            format!("{edit:?} was accepted under a sign-in that nobody made")
        })?;
        let named = (envelope.associate, envelope.session, envelope.device);
        return must(
            named == (told.associate, told.session, told.device),
            "authors are right",
            || format!("{edit:?} is said to be by {named:?} and is by {told:?}"),
        );
    }
    // Nobody told of it: only the lying handheld makes such, and only in the name of who signed in on it.
    let sign_in = world.hub.people.sign_ins.get(&envelope.session);
    let is_own = sign_in.is_some_and(|sign_in| {
        (sign_in.associate, sign_in.device) == (envelope.associate, envelope.device)
    });
    let lies = world
        .units
        .iter()
        .any(|unit| unit.is_hostile && unit.handheld.replica.device() == envelope.device);
    must(is_own && lies, "authors are right", || {
        format!("{edit:?} was accepted and nobody made it")
    })
}

/// Where an edit is found in an outbox.
type Waiting<'a> = BTreeMap<EditId, Vec<(usize, OutboxState)>>;

fn waiting(world: &World) -> Result<Waiting<'_>, Violation> {
    let mut found = Waiting::new();
    for (who, unit) in world.units.iter().enumerate() {
        let tx = unit.handheld.store.read()?;
        for (_, row) in outbox::all(&*tx)? {
            must(
                !row.intent.is_empty(),
                "what is refused stays readable",
                || format!("{:?} has lost its words", row.edit),
            )?;
            found.entry(row.edit).or_default().push((who, row.state));
        }
    }
    Ok(found)
}

/// Every edit is accepted, or waits, or was refused for a reason that holds and can still be read.
fn nothing_is_lost(world: &World, accepted: &Accepted) -> Result<(), Violation> {
    let waiting = waiting(world)?;
    for (edit, told) in &world.oracle.told {
        if told.device == HUB_DEVICE || told.is_forgiven || is_liar(world, told.device) {
            continue;
        }
        let documents: Vec<_> = told.documents().collect();
        let count = documents
            .iter()
            .filter(|document| accepted.contains(&(**document, *edit)))
            .count();
        must(
            count == 0 || count == documents.len(),
            "all or nothing",
            || {
                format!(
                    "{edit:?} is accepted in {count} of {} documents",
                    documents.len()
                )
            },
        )?;
        let held = waiting.get(edit).map(Vec::as_slice).unwrap_or_default();
        must(count > 0 || !held.is_empty(), "no edit is lost", || {
            format!("{edit:?} is neither accepted nor waiting: {told:?}")
        })?;
        for (who, state) in held {
            match state {
                OutboxState::Pending => {}
                OutboxState::Stored { .. } => must(count > 0, "no edit is lost", || {
                    format!("handheld {who} believes that {edit:?} is stored, and it is not")
                })?,
                OutboxState::Refused { code } => {
                    reason_holds(world, told, code).map_err(|violation| Violation {
                        detail: format!("{edit:?} on handheld {who}: {}", violation.detail),
                        ..violation
                    })?;
                    let may_differ = world.units.get(*who).is_none_or(|unit| unit.is_cloned);
                    must(
                        count == 0 || may_differ || restores(world),
                        "one fate",
                        || {
                            format!(
                                "{edit:?} is accepted, and handheld {who} believes it refused ({code})"
                            )
                        },
                    )?;
                }
            }
        }
    }
    Ok(())
}

fn restores(world: &World) -> bool {
    world
        .shape
        .families
        .contains(&crate::plan::Family::Restores)
}

fn is_liar(world: &World, device: DeviceId) -> bool {
    let mut liars = world.units.iter().filter(|unit| unit.is_hostile);
    liars.any(|unit| unit.handheld.replica.device() == device)
}

/// Honest work is refused only for what people did: a role, a sign-in, somebody who left, a customer who moved.
fn reason_holds(world: &World, told: &Told, code: &str) -> Result<(), Violation> {
    let holds = match code {
        "v12_permission" => told.role > Role::Associate,
        "associate_deactivated" => world.hub.people.deactivated.contains(&told.associate),
        "unknown_session" => told.is_stray,
        "not_in_your_book" => true,
        UNKNOWN_CUSTOMER => {
            let tx = world.hub.store.read()?;
            let card = Facet::Card.document(told.customer);
            documents::scopes(&*tx, card)?.is_empty() || may_come_later(world)
        }
        _ => false,
    };
    must(holds, "refusals have a reason", || {
        format!("refused for {code}, without ground: {told:?}")
    })
}

/// A refusal as a handheld took it: nobody is unknown for good while the edit that makes them known still waits here.
///
/// # Errors
/// The [`Violation`].
pub fn refusal(handheld: &Handheld, number: u64, code: &str) -> Result<(), Violation> {
    if code != UNKNOWN_CUSTOMER {
        return Ok(());
    }
    let tx = handheld.store.read()?;
    let Some(row) = outbox::get(&*tx, number)? else {
        return Ok(());
    };
    let card = Facet::Card.document(row.customer);
    let waits = outbox::touching(&*tx, card)?
        .iter()
        .any(|(_, other)| other.state == OutboxState::Pending);
    must(!waits, "refusals have a reason", || {
        format!(
            "{:?} is refused for {code} while the card waits in the same outbox",
            row.edit
        )
    })
}

/// Where creations can be refused, a customer that was unknown when an edit was judged may be known later.
fn may_come_later(world: &World) -> bool {
    let families = &world.shape.families;
    families.contains(&crate::plan::Family::Refusals)
        || families.contains(&crate::plan::Family::Books)
}

/// The looks that a hub has stored.
///
/// # Errors
/// What the store reports.
pub fn stored_looks(hub: &dyn ReadTx) -> Result<Vec<(DeviceId, AccessEntry)>, Violation> {
    let mut stored = Vec::new();
    for bytes in table(hub, Table::AccessLog)?.values() {
        let line: StoredAccess = store::decode_row(Table::AccessLog, bytes)?;
        stored.push((line.device, line.entry));
    }
    Ok(stored)
}

/// Looks at cards, once everyone has met: each is stored once.
///
/// # Errors
/// The first [`Violation`].
pub fn looks(world: &World) -> Result<(), Violation> {
    let hub = world.hub.store.read()?;
    let stored = stored_looks(&*hub)?;
    let count = |of: &(DeviceId, AccessEntry)| stored.iter().filter(|line| *line == of).count();
    for look in world.oracle.looks.iter().filter(|look| !look.is_forgiven) {
        let line = (look.device, look.entry.clone());
        let made = |other: &&crate::oracle::Look| {
            (other.device, &other.entry) == (look.device, &look.entry)
        };
        let times = world.oracle.looks.iter().filter(made).count();
        let found = count(&line);
        must(found == times, "every look is logged", || {
            format!("{look:?} was made {times} times and is stored {found} times")
        })?;
    }
    Ok(())
}
