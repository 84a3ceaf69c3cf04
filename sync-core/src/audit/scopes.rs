//! Scopes: membership reads the same both ways, digests add up, feeds are numbered without a gap and their chains recompute.

use std::collections::BTreeMap;

use super::notices::{self, Told};
use super::{AuditError, Checked, Damage, decode, each, name};
use crate::card::Facet;
use crate::digest::tombstone_item;
use crate::documents::{self, DocumentRow};
use crate::feed::{self, Chain, FeedKind, FeedRow, ScopeState};
use crate::ids::{CustomerId, DocumentId};
use crate::notices::Subject;
use crate::records::{self, Record};
use crate::scope::Scope;
use crate::store::{self, ReadTx, Table};

/// What is recomputed of one scope.
#[derive(Default)]
pub(super) struct Recomputed {
    pub(super) state: ScopeState,
    /// Documents and notices; where there is any, the scope has a state.
    pub(super) items: u64,
    /// Notices that are read there; its feed tells of each in its latest version.
    pub(super) notices: usize,
}

/// Checks all scopes and all records.
pub(super) fn check(tx: &dyn ReadTx, checked: &mut Checked) -> Result<(), AuditError> {
    let mut scopes: BTreeMap<Scope, Recomputed> = BTreeMap::new();
    check_records(tx, checked)?;
    add_members(tx, &mut scopes)?;
    notices::check(tx, checked)?;
    notices::add_house(tx, &mut scopes)?;
    follow_feeds(tx, &mut scopes, checked)?;
    each(tx, (Table::ScopeState, &[]), &mut |key, bytes| {
        let stored: ScopeState = decode(Table::ScopeState, key, bytes)?;
        let damaged = |what| Damage::at(Table::ScopeState, name(Table::ScopeState, key), what);
        let scope = Scope::from_key(key).ok_or_else(|| damaged("it names no scope"))?;
        let found = scopes.remove(&scope).unwrap_or_default().state;
        if stored.seq != found.seq || stored.chain != found.chain {
            return Err(damaged("its feed does not lead to where it says"));
        }
        if stored.digest != found.digest {
            return Err(damaged("its digest is not that of what the scope holds"));
        }
        checked.scopes += 1;
        Ok(())
    })?;
    match scopes
        .iter()
        .find(|(_, found)| found.items + found.state.seq > 0)
    {
        Some((scope, _)) => Err(Damage::at(
            Table::ScopeState,
            name(Table::ScopeState, &scope.key()),
            "it is missing",
        )),
        None => Ok(()),
    }
}

fn check_records(tx: &dyn ReadTx, checked: &mut Checked) -> Result<(), AuditError> {
    each(tx, (Table::Record, &[]), &mut |key, bytes| {
        let record: Record = decode(Table::Record, key, bytes)?;
        if record.key() != key || record.check().is_err() {
            return Err(Damage::at(
                Table::Record,
                name(Table::Record, key),
                "it is another record than its key names",
            ));
        }
        checked.records += 1;
        Ok(())
    })
}

/// Who is in which scope, and what that adds to its digest.
fn add_members(
    tx: &dyn ReadTx,
    scopes: &mut BTreeMap<Scope, Recomputed>,
) -> Result<(), AuditError> {
    each(tx, (Table::ScopeDocument, &[]), &mut |key, value| {
        let damaged =
            |what| Damage::at(Table::ScopeDocument, name(Table::ScopeDocument, key), what);
        let place = key
            .split_at_checked(Scope::KEY_LEN)
            .and_then(|(scope, document)| {
                Some((Scope::from_key(scope)?, DocumentId::from_slice(document)?))
            });
        let place = place.filter(|_| value.is_empty());
        let (scope, document) = place.ok_or_else(|| damaged("it names no scope or document"))?;
        let back = store::key(&[document.as_bytes(), &scope.key()]);
        if tx.get(Table::DocumentScope, &back)?.is_none() {
            return Err(damaged("the way back is missing"));
        }
        let row =
            documents::row(tx, document)?.ok_or_else(|| damaged("there is no such document"))?;
        let found = scopes.entry(scope).or_default();
        found.items += 1;
        add_items(tx, &row, found)
    })?;
    each(tx, (Table::DocumentScope, &[]), &mut |key, value| {
        let damaged =
            |what| Damage::at(Table::DocumentScope, name(Table::DocumentScope, key), what);
        let place = key
            .split_at_checked(DocumentId::LEN)
            .and_then(|(document, scope)| {
                Some((DocumentId::from_slice(document)?, Scope::from_key(scope)?))
            });
        let place = place.filter(|_| value.is_empty());
        let (document, scope) = place.ok_or_else(|| damaged("it names no document or scope"))?;
        if tx
            .get(Table::ScopeDocument, &scope.document_key(document))?
            .is_none()
        {
            return Err(damaged("the way back is missing"));
        }
        Ok(())
    })
}

fn add_items(tx: &dyn ReadTx, row: &DocumentRow, found: &mut Recomputed) -> Result<(), AuditError> {
    let digest = &mut found.state.digest;
    if let Some(item) = row.item() {
        digest.add(&item);
    }
    if row.facet == Facet::Card {
        records::for_each(tx, row.customer, &mut |record| {
            digest.add(&record.item_hash());
        })?;
        crate::notices::for_each_of(tx, Subject::Customer(row.customer), &mut |notice| {
            digest.add(&notice.item_hash());
            found.notices += 1;
        })?;
    }
    Ok(())
}

/// Walks every feed from its first entry.
fn follow_feeds(
    tx: &dyn ReadTx,
    scopes: &mut BTreeMap<Scope, Recomputed>,
    checked: &mut Checked,
) -> Result<(), AuditError> {
    let mut told = Told::default();
    each(tx, (Table::Feed, &[]), &mut |key, bytes| {
        let row: FeedRow = decode(Table::Feed, key, bytes)?;
        let place = key
            .split_at_checked(Scope::KEY_LEN)
            .and_then(|(scope, seq)| {
                let seq = u64::from_be_bytes(seq.try_into().ok()?);
                Some((Scope::from_key(scope)?, seq))
            });
        let unnamed = || Damage::at(Table::Feed, name(Table::Feed, key), "it names no entry");
        let (scope, seq) = place.ok_or_else(unnamed)?;
        let damaged = |what| Damage::at(Table::Feed, entry_name(scope, seq), what);
        told.follow(scope, scopes)?;
        let state = &mut scopes.entry(scope).or_default().state;
        if seq != state.seq + 1 {
            return Err(damaged("an entry before it is missing"));
        }
        let chain: Chain = state.chain.then(&row.hash);
        if chain.0 != row.chain {
            return Err(damaged("its chain does not follow from the entry before"));
        }
        check_entry(tx, &row).map_err(|error| match error {
            EntryError::Wrong(what) => damaged(what),
            EntryError::Audit(error) => error,
        })?;
        if let FeedKind::Notices { notices: named } = &row.kind {
            told.hear(tx, scope, named)?;
        }
        if let FeedKind::Tombstone { customer } = row.kind {
            state.digest.add(&tombstone_item(customer));
        }
        (state.seq, state.chain) = (seq, chain);
        checked.feed_entries += 1;
        Ok(())
    })?;
    told.end(scopes)
}

fn entry_name(scope: Scope, seq: u64) -> String {
    match scope {
        Scope::Book(shop) => format!("{seq} of the book of {shop}"),
        Scope::Associate(associate) => format!("{seq} of associate {associate}"),
    }
}

/// What is wrong with an entry by itself.
enum EntryError {
    Wrong(&'static str),
    Audit(AuditError),
}

impl<E: Into<AuditError>> From<E> for EntryError {
    fn from(error: E) -> Self {
        Self::Audit(error.into())
    }
}

/// An entry points at something that is there, and a change's entry is hashed from that change.
fn check_entry(tx: &dyn ReadTx, row: &FeedRow) -> Result<(), EntryError> {
    match &row.kind {
        FeedKind::Change { document, change } => {
            let Some(known) = documents::row(tx, *document)? else {
                return erased_or(tx, "it tells of a document that is not there");
            };
            let Some(stored) = documents::change(tx, *document, *change)? else {
                // What lies before a base is gone.
                let is_before = known.epoch > 0;
                let wrong = EntryError::Wrong("it tells of a change that is not there");
                return if is_before { Ok(()) } else { Err(wrong) };
            };
            let leaf = stored.sealed.envelope.leaf();
            if feed::change_entry_hash(&leaf, stored.received_at) != row.hash {
                // The chain vouches for the entry's digest, so it is the change that was altered.
                let name = format!("{document}/{change}");
                let what = "its envelope is not the one that the feed told of";
                return Err(Damage::at(Table::Change, name, what).into());
            }
        }
        FeedKind::Base { document, .. } | FeedKind::Enter { document } => {
            if documents::row(tx, *document)?.is_none() {
                return erased_or(tx, "it tells of a document that is not there");
            }
        }
        FeedKind::Records { customer, keys } => {
            for key in keys {
                let is_of_customer = key.starts_with(customer.as_bytes());
                if !is_of_customer || tx.get(Table::Record, key)?.is_none() {
                    return erased_or(tx, "it tells of a record that is not there");
                }
            }
        }
        FeedKind::Notices { notices: named } => {
            if !notices::are_there(tx, named)? {
                return erased_or(tx, "it tells of a notice that is not there");
            }
        }
        FeedKind::Tombstone { customer } => check_tombstone(tx, *customer)?,
        FeedKind::Leave { .. } => {}
    }
    Ok(())
}

fn check_tombstone(tx: &dyn ReadTx, customer: CustomerId) -> Result<(), EntryError> {
    if tx.get(Table::Tombstone, customer.as_bytes())?.is_none() {
        return Err(EntryError::Wrong(
            "it tells of an erasure that is not there",
        ));
    }
    Ok(())
}

/// Of whom was erased nothing is left that could name their documents, so where anybody was, a missing thing proves nothing.
fn erased_or(tx: &dyn ReadTx, what: &'static str) -> Result<(), EntryError> {
    let mut anybody = false;
    each(tx, (Table::Tombstone, &[]), &mut |_, _| {
        anybody = true;
        Ok(())
    })?;
    if anybody {
        Ok(())
    } else {
        Err(EntryError::Wrong(what))
    }
}
