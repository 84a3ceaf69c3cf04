//! What must be true of a handheld: what it shows is accepted state with its outbox laid over it, and at the end it agrees with the hub.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::card::{Document, Facet, Visible, canonical_json};
use sync_core::documents::{self, DocumentRow};
use sync_core::feed;
use sync_core::ids::{CustomerId, DocumentId};
use sync_core::notices::{Notice, Subject};
use sync_core::outbox::{self, OutboxRow, OutboxState, Pending};
use sync_core::records::Record;
use sync_core::scope::Scope;
use sync_core::store::{self, ReadTx, Store as _, Table};

use super::disk::{digests, entries, feeds, read_in, replayed, row_of, rows, scopes, table};
use super::{Violation, must};
use crate::world::{Unit, World};

type Documents = BTreeMap<DocumentId, (DocumentRow, Document)>;

/// A handheld's disk, at any quiet moment.
///
/// # Errors
/// The first [`Violation`].
pub fn handheld(world: &mut World, who: usize) -> Result<(), Violation> {
    let Some(unit) = world.units.get_mut(who) else {
        return Ok(());
    };
    let tx = unit.handheld.store.read()?;
    let replayed = replayed(&*tx)?;
    feeds(&*tx, false)?;
    digests(&*tx)?;
    let waiting = outbox::all(&*tx)?;
    outbox_index(&*tx, &waiting)?;
    outbox_counts(&*tx, &waiting)?;
    if !table(&*tx, Table::Progress)?.is_empty() {
        // In the middle of a first sync rows are ahead of the documents that they come from.
        return Ok(());
    }
    let mut customers: BTreeSet<_> = replayed.values().map(|(row, _)| row.customer).collect();
    customers.extend(waiting.iter().map(|(_, row)| row.customer));
    let shop = unit.handheld.author.shop;
    let mut expected = Vec::new();
    for customer in customers {
        let mut visible = Visible::default();
        let mut corrections = BTreeMap::new();
        for facet in [Facet::Card, Facet::Shop(shop)] {
            let document = facet.document(customer);
            let shown = laid_over(&replayed, document, &waiting)?;
            let displayed = unit.handheld.replica.displayed(&*tx, document)?;
            must(
                displayed.heads() == shown.heads(),
                "what is shown follows",
                || format!("handheld {who} shows something else of {customer:?} {facet:?}"),
            )?;
            visible.insert(facet, entries(&shown)?);
            if let Some((row, _)) = replayed.get(&document) {
                corrections.extend(row.corrections());
            }
        }
        if visible.iter().any(|(_, entries)| !entries.is_empty()) {
            expected.push(row_of(&*tx, customer, &visible, &corrections)?);
        }
    }
    rows(&*tx, expected).map_err(|violation| Violation {
        detail: format!("handheld {who}, {}", violation.detail),
        ..violation
    })
}

/// A document with the visible outbox rows laid over it.
fn laid_over(
    replayed: &Documents,
    document: DocumentId,
    waiting: &[(u64, OutboxRow)],
) -> Result<Document, Violation> {
    let mut shown = replayed
        .get(&document)
        .map_or_else(Document::default, |(_, state)| state.clone());
    for (_, row) in waiting.iter().filter(|(_, row)| row.is_visible()) {
        let members: Vec<_> = row
            .members
            .iter()
            .filter(|member| member.envelope.document() == document)
            .filter(|member| !shown.has(member.envelope.change))
            .map(|member| member.change.as_slice())
            .collect();
        shown
            .apply(members)
            .map_err(|error| Violation::new("what is shown follows", error.to_string()))?;
    }
    Ok(shown)
}

/// What the outbox says of itself is what its rows say.
fn outbox_counts(tx: &dyn ReadTx, waiting: &[(u64, OutboxRow)]) -> Result<(), Violation> {
    let mut expected = Pending::default();
    let mut is_quiet = true;
    for (_, row) in waiting {
        match row.state {
            OutboxState::Pending => {
                expected.count += 1;
                expected.oldest.get_or_insert(row.at);
                is_quiet = false;
            }
            OutboxState::Stored { .. } => is_quiet = false,
            OutboxState::Refused { .. } => expected.refused += 1,
        }
    }
    let told = (outbox::pending(tx)?, outbox::is_quiet(tx)?);
    must(
        told == (expected, is_quiet),
        "the outbox is counted",
        || format!("{told:?} is told, {expected:?} and {is_quiet} are true"),
    )
}

/// The index of the outbox names exactly the visible rows.
fn outbox_index(tx: &dyn ReadTx, waiting: &[(u64, OutboxRow)]) -> Result<(), Violation> {
    let mut expected = BTreeSet::new();
    for (number, row) in waiting.iter().filter(|(_, row)| row.is_visible()) {
        for document in row.documents() {
            expected.insert(store::key(&[document.as_bytes(), &number.to_be_bytes()]));
        }
    }
    let there: BTreeSet<_> = table(tx, Table::OutboxIndex)?.into_keys().collect();
    must(there == expected, "the outbox index follows", || {
        format!(
            "{} rows are indexed, {} should be",
            there.len(),
            expected.len()
        )
    })
}

/// A handheld and the hub, once everyone has met: the same scopes with the same content, and nothing else.
///
/// # Errors
/// The first [`Violation`].
pub fn agreement(world: &World, who: usize) -> Result<(), Violation> {
    let Some(unit) = world.units.get(who) else {
        return Ok(());
    };
    let (mine, theirs) = (unit.handheld.store.read()?, world.hub.store.read()?);
    let granted = world
        .hub
        .grant(unit.handheld.replica.device(), &unit.handheld.signed_in);
    let mut held = BTreeSet::new();
    for scope in &granted {
        let (here, there) = (feed::state(&*mine, *scope)?, feed::state(&*theirs, *scope)?);
        must(here == there, "replicas converge", || {
            format!("handheld {who} and the hub stand elsewhere in {scope:?}")
        })?;
    }
    for (document, (row, state)) in replayed(&*mine)? {
        let scopes = documents::scopes(&*theirs, document)?;
        let allowed = allowed_scopes(world, unit);
        must(
            scopes.iter().any(|scope| allowed.contains(scope)),
            "a handheld holds only what it may",
            || format!("handheld {who} holds {:?} of {:?}", row.facet, row.customer),
        )?;
        held.insert(row.customer);
        let accepted = documents::replay(&*theirs, document)?;
        let corrections = documents::row(&*theirs, document)?.map(|row| row.corrections());
        let same = state.heads() == accepted.heads()
            && canonical_json(&entries(&state)?, &row.corrections())
                == canonical_json(&entries(&accepted)?, &corrections.unwrap_or_default());
        must(same, "replicas converge", || {
            format!(
                "handheld {who} reads {:?} of {:?} otherwise",
                row.facet, row.customer
            )
        })?;
    }
    only_theirs(&*mine, who, &held)?;
    notices(&*mine, &*theirs, (who, &allowed_scopes(world, unit)))
}

/// A handheld holds the notices that its scopes read on the hub, each in the hub's version, and no other.
fn notices(
    mine: &dyn ReadTx,
    theirs: &dyn ReadTx,
    (who, allowed): (usize, &[Scope]),
) -> Result<(), Violation> {
    let mut expected = BTreeMap::new();
    for scope in allowed {
        let read = read_in(theirs, *scope)?;
        expected.extend(read.into_iter().map(|notice| (notice.key(), notice)));
    }
    for (key, bytes) in table(mine, Table::Notice)? {
        let notice: Notice = store::decode_row(Table::Notice, &bytes)?;
        let is_kept = match notice.subject {
            // A card that left stays as long as something of it waits to be sent, with all that belongs to it.
            Subject::Customer(customer) => {
                let card = Facet::Card.document(customer);
                documents::scopes(mine, card)?.is_empty() && documents::row(mine, card)?.is_some()
            }
            Subject::Chain | Subject::Shop(_) | Subject::Associate(_) => false,
        };
        let theirs = expected.remove(&key);
        must(
            theirs.is_some() || is_kept,
            "a handheld holds only what it may",
            || format!("handheld {who} keeps a notice of {:?}", notice.subject),
        )?;
        must(
            is_kept || theirs.as_ref() == Some(&notice),
            "replicas converge",
            || {
                format!(
                    "handheld {who} reads a notice of {:?} otherwise",
                    notice.subject
                )
            },
        )?;
    }
    must(expected.is_empty(), "replicas converge", || {
        let lacks = expected.values().map(|notice| notice.subject).next();
        format!("handheld {who} lacks a notice of {lacks:?}")
    })
}

/// In what a handheld and the hub differ about a scope, in words.
///
/// # Errors
/// What the store reports.
pub fn difference(
    mine: &dyn ReadTx,
    theirs: &dyn ReadTx,
    scope: Scope,
) -> Result<String, Violation> {
    let (here, there) = (feed::state(mine, scope)?, feed::state(theirs, scope)?);
    let mut said = vec![format!("entry {} here, {} there", here.seq, there.seq)];
    if here.seq == there.seq && here.chain != there.chain {
        said.push("other chains".to_owned());
    }
    let nothing = BTreeSet::new();
    let (held_here, held_there) = (scopes(mine)?, scopes(theirs)?);
    let here = held_here.get(&scope).unwrap_or(&nothing);
    let there = held_there.get(&scope).unwrap_or(&nothing);
    for document in here.union(there) {
        let sides = (here.contains(document), there.contains(document));
        let (one, other) = (
            documents::row(mine, *document)?,
            documents::row(theirs, *document)?,
        );
        let heads = |row: Option<DocumentRow>| row.map(|row| (row.facet, row.heads));
        let (one, other) = (heads(one), heads(other));
        if sides != (true, true) || one != other {
            said.push(format!(
                "{document} in scope {sides:?}, {one:?} and {other:?}"
            ));
        }
    }
    Ok(said.join("; "))
}

/// What a handheld may replicate, from who works where: computed here, not asked of the hub that is being checked.
fn allowed_scopes(world: &World, unit: &Unit) -> Vec<Scope> {
    let associates = unit.handheld.signed_in.iter().copied();
    let works_here = |associate: &_| !world.hub.people.deactivated.contains(associate);
    associates
        .filter(works_here)
        .map(Scope::Associate)
        .chain([Scope::Book(unit.handheld.author.shop)])
        .collect()
}

/// Rows and records are of customers alone whose card is there.
fn only_theirs(tx: &dyn ReadTx, who: usize, held: &BTreeSet<CustomerId>) -> Result<(), Violation> {
    for key in table(tx, Table::Row)?.keys() {
        let customer = CustomerId::from_slice(key);
        must(
            customer.is_some_and(|customer| held.contains(&customer)),
            "a handheld holds only what it may",
            || format!("handheld {who} keeps a row of {customer:?}"),
        )?;
    }
    for bytes in table(tx, Table::Record)?.values() {
        let record: Record = store::decode_row(Table::Record, bytes)?;
        let card = Facet::Card.document(record.customer);
        must(
            documents::row(tx, card)?.is_some(),
            "a handheld holds only what it may",
            || format!("handheld {who} keeps records of {:?}", record.customer),
        )?;
    }
    Ok(())
}
