//! Making the derived tables again from the truth.

use super::{AuditError, Damage, PROGRESS_DOCUMENTS, Progress};
use crate::authority::row_of;
use crate::card::{Document, Facet, Visible, canonical_json};
use crate::documents::{self, DocumentRow};
use crate::ids::DocumentId;
use crate::projection;
use crate::store::{self, Direction, KeyRange, ReadTx, StoreError, Table, WriteTx};

/// Rows handled at a time: bounds memory whatever the size of the book.
const PAGE_ROWS: usize = 4_096;

/// What a rebuild made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Documents replayed; the heads of each are the accepted ones.
    pub documents: u64,
    /// Caches that were missing or said something else before.
    pub caches_changed: u64,
    /// Read rows made.
    pub rows: u64,
    /// Read rows that were missing or said something else before.
    pub rows_changed: u64,
    /// Rows that belonged to nothing.
    pub strays: u64,
}

/// Drops every derived table and makes it again from bases, changes and records.
///
/// # Errors
/// [`AuditError::Damaged`] when the truth itself does not lead to the accepted heads: nothing must then be committed.
pub fn rebuild(tx: &mut dyn WriteTx, progress: &mut Progress<'_>) -> Result<Rebuilt, AuditError> {
    let mut rebuilt = Rebuilt::default();
    let mut after: Option<DocumentId> = None;
    drop_rows(tx, Table::Term)?;
    loop {
        let page = page_of_documents(tx.as_read(), after)?;
        let Some(last) = page.last() else {
            break;
        };
        after = Some(last.id());
        for row in &page {
            rebuild_document(tx, row, &mut rebuilt)?;
            rebuilt.documents += 1;
            if rebuilt.documents.is_multiple_of(PROGRESS_DOCUMENTS) {
                progress(rebuilt.documents);
            }
        }
    }
    progress(rebuilt.documents);
    rebuilt.strays = drop_strays(tx)?;
    projection::dates::complete(tx)?;
    Ok(rebuilt)
}

fn rebuild_document(
    tx: &mut dyn WriteTx,
    row: &DocumentRow,
    rebuilt: &mut Rebuilt,
) -> Result<(), AuditError> {
    let document = row.id();
    let damaged = |what: &str| Damage::at(Table::Change, document, what);
    let state = documents::replay(tx.as_read(), document)
        .map_err(|_error| damaged("the changes of this document do not apply"))?;
    if state.heads() != row.heads {
        return Err(damaged(
            "the changes of this document do not lead to its heads",
        ));
    }
    let entries = state
        .entries()
        .map_err(|_error| damaged("what the changes of this document write is no card"))?;
    let corrections = row.corrections();
    let before = tx
        .get(Table::Cache, document.as_bytes())?
        .and_then(|bytes| Document::load(&bytes).ok())
        .filter(|cached| cached.heads() == row.heads)
        .and_then(|cached| cached.entries().ok())
        .map(|entries| canonical_json(&entries, &corrections));
    let is_same = before.is_some_and(|before| before == canonical_json(&entries, &corrections));
    rebuilt.caches_changed += u64::from(!is_same);
    tx.put(Table::Cache, document.as_bytes(), &state.save())?;
    if row.facet != Facet::Card {
        return Ok(());
    }
    let visible = Visible::from_iter([(Facet::Card, entries)]);
    let projected = row_of(tx.as_read(), row.customer, &visible, &corrections)?;
    let key = row.customer.as_bytes();
    let before = tx.get(Table::Row, key)?;
    let is_same = before.is_some_and(|before| before == store::encode_row(&projected));
    rebuilt.rows_changed += u64::from(!is_same);
    // The index is empty by now: a row that stands would make the fold believe that its entries do too.
    tx.delete(Table::Row, key)?;
    projection::fold(tx, &projected)?;
    rebuilt.rows += 1;
    Ok(())
}

fn page_of_documents(
    tx: &dyn ReadTx,
    after: Option<DocumentId>,
) -> Result<Vec<DocumentRow>, StoreError> {
    let mut from = after.map_or_else(Vec::new, |after| after.as_bytes().to_vec());
    if after.is_some() {
        from.push(0);
    }
    let range = KeyRange {
        from: &from,
        to: None,
    };
    let mut page = Vec::new();
    tx.scan(
        Table::Document,
        range,
        Direction::Ascending,
        &mut |_, bytes| {
            page.push(store::decode_row(Table::Document, bytes)?);
            Ok(if page.len() < PAGE_ROWS {
                std::ops::ControlFlow::Continue(())
            } else {
                std::ops::ControlFlow::Break(())
            })
        },
    )?;
    Ok(page)
}

/// Removes every row of a table.
fn drop_rows(tx: &mut dyn WriteTx, table: Table) -> Result<(), StoreError> {
    loop {
        let keys = page_of_keys(tx.as_read(), table, &[])?;
        if keys.is_empty() {
            return Ok(());
        }
        for key in keys {
            tx.delete(table, &key)?;
        }
    }
}

/// Removes caches and rows to which there is no document.
fn drop_strays(tx: &mut dyn WriteTx) -> Result<u64, StoreError> {
    let mut dropped = 0;
    for table in [Table::Cache, Table::Row] {
        let mut from = Vec::new();
        loop {
            let keys = page_of_keys(tx.as_read(), table, &from)?;
            let Some(last) = keys.last() else {
                break;
            };
            from.clone_from(last);
            from.push(0);
            for key in keys {
                let document = if table == Table::Row {
                    crate::ids::CustomerId::from_slice(&key).map(|id| Facet::Card.document(id))
                } else {
                    DocumentId::from_slice(&key)
                };
                let row = document
                    .map(|document| documents::row(tx.as_read(), document))
                    .transpose()?
                    .flatten();
                if row.is_none() {
                    tx.delete(table, &key)?;
                    dropped += 1;
                }
            }
        }
    }
    Ok(dropped)
}

fn page_of_keys(tx: &dyn ReadTx, table: Table, from: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut keys = Vec::new();
    let range = KeyRange { from, to: None };
    tx.scan(table, range, Direction::Ascending, &mut |key, _| {
        keys.push(key.to_vec());
        Ok(if keys.len() < PAGE_ROWS {
            std::ops::ControlFlow::Continue(())
        } else {
            std::ops::ControlFlow::Break(())
        })
    })?;
    Ok(keys)
}
