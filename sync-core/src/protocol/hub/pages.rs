//! Pages of a first sync (rows, then documents, then records) and of a repair, read straight from storage: no document is opened.

use std::ops::ControlFlow;

use super::snapshot;
use crate::card::Facet;
use crate::documents;
use crate::ids::DocumentId;
use crate::projection;
use crate::protocol::FrameTarget;
use crate::protocol::frame::{DocumentHeads, Heads, Item, Page, Phase};
use crate::records;
use crate::scope::Scope;
use crate::store::{self, Direction, KeyRange, ReadTx, StoreError, Table};

/// A page, and where the next one begins.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) page: Page,
    /// `None` after the last page of the last phase.
    pub(super) next: Option<(Phase, Vec<u8>)>,
}

pub(super) fn empty(scope: Scope, phase: Phase) -> Page {
    Page {
        scope,
        phase,
        cursor: Vec::new(),
        last: false,
        rows: Vec::new(),
        documents: Vec::new(),
        records: Vec::new(),
        gone: Vec::new(),
    }
}

/// The page of `phase` after `cursor` (a document id; empty for the beginning).
pub(super) fn next(
    tx: &dyn ReadTx,
    scope: Scope,
    phase: Phase,
    cursor: &[u8],
    target: FrameTarget,
) -> Result<Sent, StoreError> {
    let mut page = empty(scope, phase);
    let mut bytes = 0;
    let complete = walk(tx, scope, cursor, &mut |document| {
        bytes += add(tx, &mut page, document)?;
        page.cursor = document.as_bytes().to_vec();
        Ok(if bytes < target.0 {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    page.last = complete;
    let next = match (complete, phase) {
        (false, _) => Some((phase, page.cursor.clone())),
        (true, Phase::Rows) => Some((Phase::Documents, Vec::new())),
        (true, Phase::Documents) => Some((Phase::Records, Vec::new())),
        (true, Phase::Records) => None,
    };
    Ok(Sent { page, next })
}

/// Adds what the page's phase tells of a document; returns about how many bytes that is.
fn add(tx: &dyn ReadTx, page: &mut Page, document: DocumentId) -> Result<usize, StoreError> {
    if page.phase == Phase::Documents {
        let found = snapshot(tx, document)?;
        let bytes = found
            .as_ref()
            .map_or(0, |snapshot| snapshot.bytes.len() + 128);
        page.documents.extend(found);
        return Ok(bytes);
    }
    let Some(row) = documents::row(tx, document)?.filter(|row| row.facet == Facet::Card) else {
        return Ok(0);
    };
    if page.phase == Phase::Rows {
        let found = projection::read_row(tx, row.customer)?;
        page.rows.extend(found);
        return Ok(256);
    }
    let before = page.records.len();
    records::for_each(tx, row.customer, &mut |record| page.records.push(record))?;
    Ok((page.records.len() - before) * 128)
}

/// Visits the documents of a scope after `cursor`; true when the end was reached.
fn walk(
    tx: &dyn ReadTx,
    scope: Scope,
    cursor: &[u8],
    visit: &mut dyn FnMut(DocumentId) -> Result<ControlFlow<()>, StoreError>,
) -> Result<bool, StoreError> {
    let prefix = scope.key();
    let mut from = store::key(&[&prefix, cursor]);
    if !cursor.is_empty() {
        from.push(0);
    }
    let to = store::prefix_end(&prefix);
    let range = KeyRange {
        from: &from,
        to: to.as_deref(),
    };
    let mut complete = true;
    tx.scan(
        Table::ScopeDocument,
        range,
        Direction::Ascending,
        &mut |key, _| {
            let Some(document) = key.get(Scope::KEY_LEN..).and_then(DocumentId::from_slice) else {
                return Ok(ControlFlow::Continue(()));
            };
            let flow = visit(document)?;
            complete &= flow.is_continue();
            Ok(flow)
        },
    )?;
    Ok(complete)
}

/// What a handheld lacks or holds too much, judging by a page of its heads.
pub(super) fn differing(
    tx: &dyn ReadTx,
    heads: &Heads,
    target: FrameTarget,
) -> Result<Vec<Page>, StoreError> {
    let scope = heads.scope;
    let end = heads.documents.last().map(|theirs| theirs.document);
    let cursor = heads
        .after
        .map(|document| document.0.to_vec())
        .unwrap_or_default();
    let mut pages = Vec::new();
    let mut page = empty(scope, Phase::Documents);
    let mut bytes = 0;
    let mut theirs = heads.documents.iter().peekable();
    walk(tx, scope, &cursor, &mut |document| {
        if !heads.last && end.is_none_or(|end| document > end) {
            return Ok(ControlFlow::Break(()));
        }
        while let Some(extra) = theirs.next_if(|theirs| theirs.document < document) {
            page.gone.push(extra.document);
        }
        let known = theirs.next_if(|theirs| theirs.document == document);
        if !is_same(tx, document, known)? {
            let found = snapshot(tx, document)?;
            bytes += found
                .as_ref()
                .map_or(0, |snapshot| snapshot.bytes.len() + 128);
            page.documents.extend(found);
        }
        if bytes >= target.0 {
            pages.push(std::mem::replace(&mut page, empty(scope, Phase::Documents)));
            bytes = 0;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    page.gone.extend(theirs.map(|extra| extra.document));
    pages.push(page);
    Ok(pages)
}

fn is_same(
    tx: &dyn ReadTx,
    document: DocumentId,
    theirs: Option<&DocumentHeads>,
) -> Result<bool, StoreError> {
    let (Some(theirs), Some(row)) = (theirs, documents::row(tx, document)?) else {
        return Ok(false);
    };
    Ok(theirs.epoch == row.epoch && theirs.heads == row.heads)
}

/// About how many bytes an item takes in a frame.
pub(super) fn weight(item: &Item) -> usize {
    const SMALL: usize = 128;
    match item {
        Item::Change { sealed, .. } => SMALL + sealed.change.len(),
        Item::Document { snapshot, .. } => SMALL + snapshot.bytes.len(),
        Item::Records { records, .. } => SMALL + records.len() * SMALL,
        Item::Own { .. } | Item::Leave { .. } | Item::Tombstone { .. } | Item::Gone { .. } => SMALL,
    }
}
