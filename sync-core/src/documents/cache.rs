//! Documents in memory: a bounded number, checked against storage at every use.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Loaded, load, replay, row};
use crate::card::Document;
use crate::ids::DocumentId;
use crate::store::{ReadTx, StoreError, Table, WriteTx};

/// A bounded number of loaded documents, least recently used out first.
#[derive(Debug)]
pub struct DocumentCache {
    capacity: usize,
    tick: u64,
    documents: BTreeMap<DocumentId, (u64, Arc<Loaded>)>,
    order: BTreeMap<u64, DocumentId>,
    /// The last one that was only looked at.
    glanced: Option<(DocumentId, Arc<Loaded>)>,
    loads: u64,
}

impl DocumentCache {
    /// A cache of up to `capacity` documents (some 50 KB of memory each).
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            tick: 0,
            documents: BTreeMap::new(),
            order: BTreeMap::new(),
            glanced: None,
            loads: 0,
        }
    }

    /// How many documents were opened from storage so far.
    #[must_use]
    pub fn loads(&self) -> u64 {
        self.loads
    }

    /// The accepted state of a document; `None` when there is none.
    ///
    /// # Errors
    /// What the store reports, or [`StoreError::Corrupt`] when it does not load.
    pub fn get(
        &mut self,
        tx: &dyn ReadTx,
        document: DocumentId,
    ) -> Result<Option<Arc<Loaded>>, StoreError> {
        let Some(row) = row(tx, document)? else {
            return Ok(None);
        };
        if let Some((_, known)) = self.documents.get(&document)
            && known.row == row
        {
            let known = Arc::clone(known);
            self.insert(document, Arc::clone(&known));
            return Ok(Some(known));
        }
        let glanced = self.glanced.take_if(|(of, _)| *of == document);
        if let Some((_, known)) = glanced.filter(|(_, known)| known.row == row) {
            self.insert(document, Arc::clone(&known));
            return Ok(Some(known));
        }
        self.loads += 1;
        let loaded = Arc::new(load(tx, row)?);
        self.insert(document, Arc::clone(&loaded));
        Ok(Some(loaded))
    }

    /// As [`DocumentCache::get`], without taking the place of a document that somebody works on: for whoever comes by every document once.
    /// The last one that was looked at is at hand for a second look, and for whoever then works on it.
    ///
    /// # Errors
    /// As [`DocumentCache::get`].
    pub fn glance(
        &mut self,
        tx: &dyn ReadTx,
        document: DocumentId,
    ) -> Result<Option<Arc<Loaded>>, StoreError> {
        let Some(row) = row(tx, document)? else {
            return Ok(None);
        };
        let kept = self.documents.get(&document).map(|(_, known)| known);
        let glanced = self.glanced.as_ref().filter(|(of, _)| *of == document);
        let mut known = kept.into_iter().chain(glanced.map(|(_, known)| known));
        if let Some(known) = known.find(|known| known.row == row) {
            return Ok(Some(Arc::clone(known)));
        }
        self.loads += 1;
        let loaded = Arc::new(load(tx, row)?);
        self.glanced = Some((document, Arc::clone(&loaded)));
        Ok(Some(loaded))
    }

    /// Remembers a document as it is now stored.
    pub fn insert(&mut self, document: DocumentId, loaded: Arc<Loaded>) {
        self.tick += 1;
        if let Some((old, _)) = self.documents.insert(document, (self.tick, loaded)) {
            self.order.remove(&old);
        }
        self.order.insert(self.tick, document);
        while self.documents.len() > self.capacity {
            let Some((_, oldest)) = self.order.pop_first() else {
                return;
            };
            self.documents.remove(&oldest);
        }
    }

    /// Forgets a document.
    pub fn remove(&mut self, document: DocumentId) {
        self.glanced.take_if(|(of, _)| *of == document);
        if let Some((tick, _)) = self.documents.remove(&document) {
            self.order.remove(&tick);
        }
    }

    /// Forgets all documents (an associate switched, the book locked).
    pub fn clear(&mut self) {
        self.documents.clear();
        self.order.clear();
        self.glanced = None;
    }
}

/// Recomputes a document's cache from base and changes; true when the stored one was missing or differed in its heads.
///
/// # Errors
/// What the store reports, or [`StoreError::Corrupt`] when the changes do not lead to the accepted heads.
pub fn rebuild_cache(tx: &mut dyn WriteTx, document: DocumentId) -> Result<bool, StoreError> {
    let Some(row) = row(tx.as_read(), document)? else {
        return Ok(false);
    };
    let replayed = replay(tx.as_read(), document)?;
    if replayed.heads() != row.heads {
        return Err(StoreError::Corrupt {
            table: Table::Change.name(),
            detail: format!("the changes of document {document} do not lead to its heads"),
        });
    }
    let cached = tx.get(Table::Cache, document.as_bytes())?;
    let differed = cached
        .and_then(|bytes| Document::load(&bytes).ok())
        .is_none_or(|cached| cached.heads() != row.heads);
    tx.put(Table::Cache, document.as_bytes(), &replayed.save())?;
    Ok(differed)
}
