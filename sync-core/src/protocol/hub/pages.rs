//! Pages of a first sync (what the house says, then rows, then documents, then records) and of a repair, read straight from storage: no document is opened.

use std::ops::ControlFlow;

use super::asked::{Asked, Compared};
use super::{is_in, of_row, snapshot};
use crate::card::Facet;
use crate::documents;
use crate::ids::DocumentId;
use crate::notices::{self, Notice, Subject, held};
use crate::projection;
use crate::protocol::FrameTarget;
use crate::protocol::frame::{Item, NoticePage, Page, Phase};
use crate::records;
use crate::scope::Scope;
use crate::store::{self, Direction, KeyRange, ReadTx, StoreError, Table};

/// A page, and where the next one begins.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) page: Page,
    /// `None` after the last page of the last phase.
    pub(super) next: Option<Place>,
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
        notices: None,
    }
}

/// Where a stream of pages is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// What is being sent.
    pub(super) phase: Phase,
    /// The last storage key that was sent.
    pub(super) cursor: Vec<u8>,
    /// Whether it is a first sync; a repair has neither rows nor documents here.
    pub(super) is_first_sync: bool,
}

impl Place {
    /// The beginning of a phase.
    pub(super) fn beginning(phase: Phase, is_first_sync: bool) -> Self {
        Self {
            phase,
            cursor: Vec::new(),
            is_first_sync,
        }
    }

    /// What follows on a phase that is sent.
    fn following(&self) -> Option<Self> {
        let phase = match self.phase {
            Phase::Notices if self.is_first_sync => Phase::Rows,
            Phase::Rows => Phase::Documents,
            Phase::Notices | Phase::Documents => Phase::Records,
            Phase::Records => return None,
        };
        Some(Self::beginning(phase, self.is_first_sync))
    }
}

/// The page at a place.
pub(super) fn next(
    tx: &dyn ReadTx,
    scope: Scope,
    place: &Place,
    target: FrameTarget,
) -> Result<Sent, StoreError> {
    let mut page = empty(scope, place.phase);
    if matches!(place.phase, Phase::Notices | Phase::Records) {
        page.notices = Some(NoticePage {
            after: place.cursor.clone(),
            notices: Vec::new(),
        });
    }
    page.last = if place.phase == Phase::Notices {
        add_house(tx, &mut page, &place.cursor, target)?
    } else {
        let mut bytes = 0;
        walk(tx, scope, &place.cursor, &mut |document| {
            bytes += add(tx, &mut page, document)?;
            page.cursor = document.as_bytes().to_vec();
            Ok(flow(bytes, target))
        })?
    };
    let next = if page.last {
        place.following()
    } else {
        Some(Place {
            cursor: page.cursor.clone(),
            ..place.clone()
        })
    };
    Ok(Sent { page, next })
}

fn flow(bytes: usize, target: FrameTarget) -> ControlFlow<()> {
    if bytes < target.0 {
        ControlFlow::Continue(())
    } else {
        ControlFlow::Break(())
    }
}

/// Adds what the house says behind `cursor` (a notice's key); true when that was all.
fn add_house(
    tx: &dyn ReadTx,
    page: &mut Page,
    cursor: &[u8],
    target: FrameTarget,
) -> Result<bool, StoreError> {
    let mut bytes = 0;
    let mut found = Vec::new();
    let mut last = Vec::new();
    for prefix in held::house(page.scope) {
        if bytes >= target.0 {
            break;
        }
        held::scan(tx, (&prefix, cursor), &mut |key, notice| {
            bytes += notice.weight();
            last = key.to_vec();
            found.push(notice);
            flow(bytes, target)
        })?;
    }
    page.cursor = last;
    if let Some(notices) = &mut page.notices {
        notices.notices = found;
    }
    Ok(bytes < target.0)
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
    let mut bytes = (page.records.len() - before) * 128;
    if let Some(told) = &mut page.notices {
        notices::for_each_of(tx, Subject::Customer(row.customer), &mut |notice| {
            bytes += notice.weight();
            told.notices.push(notice);
        })?;
    }
    Ok(bytes)
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

/// The next page of what a handheld lacks or holds too much, judging by a page of its heads; the last one ends where its page does.
pub(super) fn differing(
    tx: &dyn ReadTx,
    scope: Scope,
    compared: &mut Compared,
    target: FrameTarget,
) -> Result<Page, StoreError> {
    let mut page = empty(scope, Phase::Documents);
    page.last = true;
    let mut bytes = 0;
    let cursor = std::mem::take(&mut compared.cursor);
    walk(tx, scope, &cursor, &mut |document| {
        if compared.is_past(document) {
            return Ok(ControlFlow::Break(()));
        }
        if bytes >= target.0 {
            page.last = false;
            return Ok(ControlFlow::Break(()));
        }
        page.gone.extend(compared.take_before(document));
        let known = compared.take(document);
        let is_same =
            known.is_some() && documents::row(tx, document)?.is_some_and(|row| row.item() == known);
        if !is_same {
            bytes += add(tx, &mut page, document)?;
        }
        page.cursor = document.as_bytes().to_vec();
        Ok(ControlFlow::Continue(()))
    })?;
    if page.last {
        let rest = std::mem::take(&mut compared.theirs);
        page.gone.extend(rest.into_iter().map(|(extra, _)| extra));
        page.cursor = compared.end.map(|end| end.0.to_vec()).unwrap_or_default();
    }
    compared.cursor.clone_from(&page.cursor);
    Ok(page)
}

/// A page of documents that were asked for whole. They are opened and checked: whoever asks may have been sent damaged bytes before.
pub(super) fn whole(
    tx: &dyn ReadTx,
    scope: Scope,
    asked: &mut Asked,
    target: FrameTarget,
) -> Result<Page, StoreError> {
    let mut page = empty(scope, Phase::Documents);
    let mut bytes = 0;
    while bytes < target.0
        && let Some(document) = asked.pop_first()
    {
        let row = match is_in(tx, scope, document)? {
            true => documents::row(tx, document)?,
            false => None,
        };
        let Some(row) = row else {
            page.gone.push(document);
            continue;
        };
        let saved = match documents::open(tx, &row) {
            Ok(opened) => opened.save(),
            // Damaged here too: the handheld sees that for itself, and its other documents are not kept waiting.
            Err(StoreError::Corrupt { .. }) => {
                let stored = tx.get(Table::Cache, document.as_bytes())?;
                stored.unwrap_or_default()
            }
            Err(error) => return Err(error),
        };
        bytes += saved.len() + 128;
        page.documents.push(of_row(row, saved));
    }
    Ok(page)
}

/// About how many bytes an item takes in a frame.
pub(super) fn weight(item: &Item) -> usize {
    const SMALL: usize = 128;
    match item {
        Item::Change { sealed, .. } => SMALL + sealed.change.len(),
        Item::Document { snapshot, .. } => SMALL + snapshot.bytes.len(),
        Item::Records { records, .. } => SMALL + records.len() * SMALL,
        Item::Notices { notices, .. } => SMALL + notices.iter().map(Notice::weight).sum::<usize>(),
        Item::Own { .. } | Item::Leave { .. } | Item::Tombstone { .. } | Item::Gone { .. } => SMALL,
    }
}
