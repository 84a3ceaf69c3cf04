//! Read rows and the search index: what a fresh projection of every card gives, and nothing else.

use super::{AuditError, Checked, Damage, count, decode, each, name};
use crate::authority::row_of;
use crate::card::{Facet, Visible};
use crate::documents::{self, DocumentRow};
use crate::ids::CustomerId;
use crate::projection::{Row, dates, entries, read_row};
use crate::search::terms::entry_key;
use crate::store::{ReadTx, StoreError, Table, encode_row};

/// Checks rows and index entries against the cards. Caches were found to equal a replay before.
pub(super) fn check(tx: &dyn ReadTx, checked: &mut Checked) -> Result<(), AuditError> {
    // An earlier build wrote no entries by date: they count once they were completed.
    let is_dated = dates::is_complete(tx)?;
    let is_due = |term: &[u8]| is_dated || !dates::is_dated(term);
    each(tx, (Table::Document, &[]), &mut |key, bytes| {
        let document: DocumentRow = decode(Table::Document, key, bytes)?;
        if document.facet != Facet::Card {
            return Ok(());
        }
        let expected = project(tx, &document)?;
        let damaged = |what| Damage::at(Table::Row, document.customer, what);
        match tx.get(Table::Row, document.customer.as_bytes())? {
            None => return Err(damaged("it is missing")),
            Some(found) if found != encode_row(&expected) => {
                return Err(damaged("it is not what the card gives"));
            }
            Some(_) => {}
        }
        checked.rows += 1;
        for (term, value) in entries(&expected) {
            if !is_due(&term) {
                continue;
            }
            let found = tx.get(Table::Term, &entry_key(&term, document.customer))?;
            if found != Some(value) {
                return Err(Damage::at(
                    Table::Term,
                    format!("of customer {}", document.customer),
                    "an entry is missing or has another value",
                ));
            }
            checked.terms += 1;
        }
        Ok(())
    })?;
    if count(tx, Table::Row)? != checked.rows {
        return Err(stray_row(tx)?);
    }
    let mut terms = 0;
    each(tx, (Table::Term, &[]), &mut |key, _| {
        terms += u64::from(is_due(key));
        Ok(())
    })?;
    if terms != checked.terms {
        return Err(stray_term(tx)?);
    }
    Ok(())
}

/// The row that a card gives.
fn project(tx: &dyn ReadTx, document: &DocumentRow) -> Result<Row, StoreError> {
    let state = documents::open(tx, document)?;
    let entries = state.entries().map_err(|error| StoreError::Corrupt {
        table: Table::Cache.name(),
        detail: error.to_string(),
    })?;
    let visible = Visible::from_iter([(Facet::Card, entries)]);
    row_of(tx, document.customer, &visible, &document.corrections())
}

fn stray_row(tx: &dyn ReadTx) -> Result<AuditError, AuditError> {
    let mut found = None;
    each(tx, (Table::Row, &[]), &mut |key, _| {
        let customer = CustomerId::from_slice(key);
        let card = customer.map(|customer| Facet::Card.document(customer));
        let is_known = match card {
            Some(card) => documents::row(tx, card)?.is_some(),
            None => false,
        };
        if !is_known && found.is_none() {
            found = Some(name(Table::Row, key));
        }
        Ok(())
    })?;
    let row = found.unwrap_or_else(|| "(count)".to_owned());
    Ok(Damage::at(Table::Row, row, "there is no card to it"))
}

fn stray_term(tx: &dyn ReadTx) -> Result<AuditError, AuditError> {
    let mut found = None;
    each(tx, (Table::Term, &[]), &mut |key, _| {
        if found.is_some() {
            return Ok(());
        }
        let customer = key.last_chunk::<{ CustomerId::LEN }>();
        let row = customer
            .map(|customer| read_row(tx, CustomerId(*customer)))
            .transpose()?
            .flatten();
        let belongs = row.is_some_and(|row| {
            let mut all = entries(&row).into_keys();
            all.any(|term| entry_key(&term, row.customer) == key)
        });
        if !belongs {
            found = Some(name(Table::Term, key));
        }
        Ok(())
    })?;
    let row = found.unwrap_or_else(|| "(count)".to_owned());
    Ok(Damage::at(Table::Term, row, "no row has such an entry"))
}
