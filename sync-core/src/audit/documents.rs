//! Documents: base and changes lead to the accepted heads, indexes follow, caches equal a replay, handhelds signed what they are said to have made.

use std::collections::BTreeSet;

use super::{
    AuditError, Checked, Damage, DeviceKeys, PROGRESS_DOCUMENTS, Progress, count, decode, each,
    name,
};
use crate::access::StoredAccess;
use crate::card::{Document, canonical_json};
use crate::documents::{self, Base, DocumentRow, StoredChange};
use crate::envelope::EnvelopeKind;
use crate::gate;
use crate::ids::{ChangeHash, CustomerId, DocumentId, EditId};
use crate::notices::Subject;
use crate::store::{self, ReadTx, Table};

/// Checks every document and that no row of theirs is without one.
pub(super) fn check(
    tx: &dyn ReadTx,
    keys: &DeviceKeys<'_>,
    (checked, progress): (&mut Checked, &mut Progress<'_>),
) -> Result<(), AuditError> {
    each(tx, (Table::Document, &[]), &mut |key, bytes| {
        let row: DocumentRow = decode(Table::Document, key, bytes)?;
        if key != row.id().as_bytes() {
            return Err(Damage::at(
                Table::Document,
                name(Table::Document, key),
                "it names another document than its key",
            ));
        }
        check_document(tx, &row, keys, checked)?;
        checked.documents += 1;
        if checked.documents.is_multiple_of(PROGRESS_DOCUMENTS) {
            progress(checked.documents);
        }
        Ok(())
    })?;
    progress(checked.documents);
    for (table, expected) in [
        (Table::Change, checked.changes),
        (Table::ChangeIndex, checked.changes),
        (Table::Cache, checked.documents),
        (Table::Base, checked.bases),
    ] {
        if count(tx, table)? != expected {
            return Err(stray(tx, table)?);
        }
    }
    check_edit_index(tx)
}

fn check_document(
    tx: &dyn ReadTx,
    row: &DocumentRow,
    keys: &DeviceKeys<'_>,
    checked: &mut Checked,
) -> Result<(), AuditError> {
    let document = row.id();
    let damaged = |table: Table, what: &str| Damage::at(table, document, what);
    let mut state = Document::default();
    if let Some(bytes) = tx.get(Table::Base, document.as_bytes())? {
        let base: Base = decode(Table::Base, document.as_bytes(), &bytes)?;
        state = Document::load(&base.bytes)
            .map_err(|_error| damaged(Table::Base, "its document does not load"))?;
        if state.heads() != base.heads || base.epoch != row.epoch {
            return Err(damaged(Table::Base, "it is not of these heads and epoch"));
        }
        checked.bases += 1;
    }
    let changes = check_changes(tx, row, keys, checked)?;
    let raw = changes.iter().map(|stored| stored.sealed.change.as_slice());
    state
        .apply(raw)
        .map_err(|_error| damaged(Table::Change, "a change of this document does not apply"))?;
    if state.heads() != row.heads {
        return Err(damaged(
            Table::Document,
            "its changes do not lead to its heads",
        ));
    }
    check_row(row, &changes, &state)?;
    check_cache(tx, row, &state)
}

/// Reads a document's changes and checks each by itself; they must stand without a gap.
fn check_changes(
    tx: &dyn ReadTx,
    row: &DocumentRow,
    keys: &DeviceKeys<'_>,
    checked: &mut Checked,
) -> Result<Vec<StoredChange>, AuditError> {
    let document = row.id();
    let mut found: Vec<StoredChange> = Vec::new();
    each(
        tx,
        (Table::Change, document.as_bytes()),
        &mut |key, bytes| {
            let stored: StoredChange = decode(Table::Change, key, bytes)?;
            let damaged =
                |what: &str| Damage::at(Table::Change, name(Table::Change, key), what.to_owned());
            let position = u32::try_from(found.len()).expect("changes of a document fit 32 bits");
            if key.get(DocumentId::LEN..) != Some(position.to_be_bytes().as_slice()) {
                return Err(damaged("a change before it is missing"));
            }
            check_change(&stored, row).map_err(damaged)?;
            if stored.sealed.envelope.kind == EnvelopeKind::Device {
                check_attestation(&stored, keys).map_err(damaged)?;
                checked.attestations += 1;
            }
            check_indexes(tx, &stored, position)?;
            found.push(stored);
            checked.changes += 1;
            Ok(())
        },
    )?;
    Ok(found)
}

fn check_change(stored: &StoredChange, row: &DocumentRow) -> Result<(), &'static str> {
    let envelope = &stored.sealed.envelope;
    if envelope.customer != row.customer || envelope.facet != row.facet {
        return Err("its envelope names another document");
    }
    if envelope.epoch != row.epoch {
        return Err("it is of another epoch than its document");
    }
    let header = gate::inspect(&stored.sealed.change)
        .map_err(|_error| "its bytes are no change, or their checksum is wrong")?;
    if header.hash != envelope.change {
        return Err("its bytes are not the change that its envelope names");
    }
    if header.actor != envelope.actor() {
        return Err("its actor is not the one of its envelope's device");
    }
    Ok(())
}

fn check_attestation(stored: &StoredChange, keys: &DeviceKeys<'_>) -> Result<(), &'static str> {
    let envelope = &stored.sealed.envelope;
    let proof = stored.attestation.as_ref();
    let proof = proof.ok_or("a handheld made it, and its signature is missing")?;
    let key = keys(envelope.device).ok_or("no such handheld was ever enrolled here")?;
    if proof.holds(envelope, &key) {
        Ok(())
    } else {
        Err("the handheld's signature does not hold for it")
    }
}

fn check_indexes(tx: &dyn ReadTx, stored: &StoredChange, position: u32) -> Result<(), AuditError> {
    let envelope = &stored.sealed.envelope;
    let (document, change) = (envelope.document(), envelope.change);
    let key = store::key(&[document.as_bytes(), change.as_bytes()]);
    if tx.get(Table::ChangeIndex, &key)?.as_deref() != Some(position.to_be_bytes().as_slice()) {
        let row = format!("{document}/{change}");
        return Err(Damage::at(
            Table::ChangeIndex,
            row,
            "it does not lead to its change",
        ));
    }
    for edit in &envelope.edits {
        let key = store::key(&[document.as_bytes(), edit.as_bytes()]);
        if tx.get(Table::EditIndex, &key)?.as_deref() != Some(change.as_bytes()) {
            return Err(Damage::at(
                Table::EditIndex,
                format!("{document}/{edit}"),
                "it does not lead to the change that holds the edit",
            ));
        }
    }
    Ok(())
}

/// What a document's row says beside its heads.
fn check_row(
    row: &DocumentRow,
    changes: &[StoredChange],
    state: &Document,
) -> Result<(), AuditError> {
    let damaged = |what: &str| Damage::at(Table::Document, row.id(), what);
    if usize::try_from(row.changes) != Ok(changes.len()) {
        return Err(damaged("it counts another number of changes"));
    }
    let schemas = changes.iter().map(|stored| stored.sealed.envelope.schema);
    if schemas.max().is_some_and(|schema| schema > row.schema) {
        return Err(damaged("its schema is lower than that of its changes"));
    }
    if state.entries().is_err() {
        return Err(Damage::at(
            Table::Change,
            row.id(),
            "what the changes of this document write is no card",
        ));
    }
    for (edit, received_at) in &row.corrections {
        let is_told = changes.iter().any(|stored| {
            stored.received_at == *received_at && stored.sealed.envelope.edits.contains(edit)
        });
        // The change may lie before the base.
        if !is_told && row.epoch == 0 {
            return Err(damaged(
                "it corrects the time of an edit that it does not hold",
            ));
        }
    }
    Ok(())
}

/// The cache holds what a replay gives.
fn check_cache(tx: &dyn ReadTx, row: &DocumentRow, state: &Document) -> Result<(), AuditError> {
    let document = row.id();
    let damaged = |what: &str| Damage::at(Table::Cache, document, what);
    let bytes = tx
        .get(Table::Cache, document.as_bytes())?
        .ok_or_else(|| damaged("it is missing"))?;
    let cached = Document::load(&bytes).map_err(|_error| damaged("it does not load"))?;
    if cached.heads() != row.heads {
        return Err(damaged("it has other heads than its document"));
    }
    let corrections = row.corrections();
    let canonical = |state: &Document| {
        let entries = state.entries().ok()?;
        Some(canonical_json(&entries, &corrections))
    };
    if canonical(&cached) != canonical(state) {
        return Err(damaged("it does not hold what the changes say"));
    }
    Ok(())
}

/// The first row that belongs to no document.
fn stray(tx: &dyn ReadTx, table: Table) -> Result<AuditError, AuditError> {
    let mut found = Ok(());
    let scanned = each(tx, (table, &[]), &mut |key, _| {
        let document = key.get(..DocumentId::LEN).and_then(DocumentId::from_slice);
        let row = document
            .map(|document| documents::row(tx, document))
            .transpose()?
            .flatten();
        let is_known = match (table, row, document) {
            (_, None, _) | (_, _, None) => false,
            (Table::ChangeIndex, Some(_), Some(document)) => {
                let hash = key.get(DocumentId::LEN..).and_then(ChangeHash::from_slice);
                match hash {
                    Some(hash) => documents::change(tx, document, hash)?
                        .is_some_and(|stored| stored.sealed.envelope.change == hash),
                    None => false,
                }
            }
            (_, Some(_), Some(_)) => key.len() >= DocumentId::LEN,
        };
        if is_known {
            Ok(())
        } else {
            Err(Damage::at(
                table,
                name(table, key),
                "it belongs to nothing that is there",
            ))
        }
    });
    if let Err(AuditError::Damaged(damage)) = &scanned {
        found = Err(damage.clone());
    } else {
        scanned?;
    }
    Ok(match found {
        Err(damage) => damage.into(),
        Ok(()) => Damage::at(table, "(count)", "it has rows too many or too few"),
    })
}

/// Entries outlive epochs and erasures, so only their form can be checked.
fn check_edit_index(tx: &dyn ReadTx) -> Result<(), AuditError> {
    each(tx, (Table::EditIndex, &[]), &mut |key, value| {
        let is_whole = key.len() == DocumentId::LEN + EditId::LEN && value.len() == ChangeHash::LEN;
        if is_whole {
            return Ok(());
        }
        Err(Damage::at(
            Table::EditIndex,
            name(Table::EditIndex, key),
            "it does not decode",
        ))
    })
}

/// The access log decodes.
pub(super) fn check_reads(tx: &dyn ReadTx) -> Result<u64, AuditError> {
    let mut lines = 0;
    each(tx, (Table::AccessLog, &[]), &mut |key, bytes| {
        let line: StoredAccess = decode(Table::AccessLog, key, bytes)?;
        if !key.starts_with(line.device.as_bytes()) {
            return Err(Damage::at(
                Table::AccessLog,
                name(Table::AccessLog, key),
                "it names another device than its key",
            ));
        }
        lines += 1;
        Ok(())
    })?;
    Ok(lines)
}

/// Of whom was erased nothing is left.
pub(super) fn check_tombstones(tx: &dyn ReadTx) -> Result<u64, AuditError> {
    let mut erased = BTreeSet::new();
    each(tx, (Table::Tombstone, &[]), &mut |key, _| {
        let customer = CustomerId::from_slice(key).ok_or_else(|| {
            Damage::at(
                Table::Tombstone,
                name(Table::Tombstone, key),
                "it names nobody",
            )
        })?;
        let of_notices = Subject::Customer(customer).key();
        let key = customer.as_bytes();
        for (table, prefix) in [
            (Table::Row, key),
            (Table::Record, key),
            (Table::Notice, &of_notices),
        ] {
            each(tx, (table, prefix), &mut |key, _| {
                Err(Damage::at(
                    table,
                    name(table, key),
                    "it is of a customer who was erased",
                ))
            })?;
        }
        erased.insert(customer);
        Ok(())
    })?;
    if !erased.is_empty() {
        each(tx, (Table::Document, &[]), &mut |key, bytes| {
            let row: DocumentRow = decode(Table::Document, key, bytes)?;
            if erased.contains(&row.customer) {
                return Err(Damage::at(
                    Table::Document,
                    row.id(),
                    "it is of a customer who was erased",
                ));
            }
            Ok(())
        })?;
    }
    Ok(u64::try_from(erased.len()).expect("customers fit 64 bits"))
}
