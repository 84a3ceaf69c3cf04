//! Comparing a scope with the hub: at its end, and by the heads of all its documents when the two differ.

use std::ops::ControlFlow;

use super::*;
use crate::protocol::frame::DocumentHeads;
use crate::store::{Direction, KeyRange};

/// The page of heads that was sent last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    /// Everything up to this document is compared.
    after: Option<DocumentId>,
    /// Its last document; the hub's answer to the whole page ends with it.
    end: Option<DocumentId>,
    /// Whether no page follows it.
    is_last: bool,
}

impl HandheldSession {
    /// Compares where a scope ended with what is here.
    pub(super) fn compare_end(
        &mut self,
        tx: &mut dyn WriteTx,
        end: &CaughtUp,
        identity: &Identity<'_>,
        step: &mut Step,
    ) -> Result<(), StoreError> {
        let message = CaughtUp::message(end.scope, end.seq, end.chain, &end.digest);
        if !identity.hub.verifies(&message, &end.signature) {
            let detail = "the hub's signature does not hold".to_owned();
            self.refuse(StopCode::Protocol, detail, step);
            return Ok(());
        }
        let state = feed::state(tx.as_read(), end.scope)?;
        if tx.get(Table::ScopeState, &end.scope.key())?.is_none() {
            // An empty scope is held too: the next hello names it, and agrees.
            store::put_row(tx, Table::ScopeState, &end.scope.key(), &state)?;
        }
        let agrees =
            (state.seq, state.chain, state.digest.hash()) == (end.seq, end.chain, end.digest);
        if agrees {
            self.comparing.remove(&end.scope);
            self.caught_up.insert(end.scope);
            step.events.push(Event::CaughtUp(end.scope));
        } else if let Some(range) = self.comparing.get(&end.scope).copied() {
            // In batches each request is a meeting of its own, and the answer to the last one was cut.
            self.name_heads(tx.as_read(), end.scope, range.after, step)?;
        } else if self.compared.contains(&end.scope) && !self.awaits_documents(end.scope) {
            step.events.push(Event::Diverged(end.scope));
            self.diverged = true;
            self.caught_up.insert(end.scope);
        } else {
            // What was asked for whole explains a difference; once it is here the scope is compared anew.
            self.compared.remove(&end.scope);
            self.compare(tx.as_read(), end.scope, step)?;
        }
        Ok(())
    }

    pub(super) fn awaits_documents(&self, scope: Scope) -> bool {
        self.wanted
            .get(&scope)
            .is_some_and(|wanted| !wanted.is_empty())
    }

    /// Names the heads of all documents of a scope, page by page, for the hub to answer with what differs.
    pub(super) fn compare(
        &mut self,
        tx: &dyn ReadTx,
        scope: Scope,
        step: &mut Step,
    ) -> Result<(), StoreError> {
        if self.compared.insert(scope) {
            self.name_heads(tx, scope, None, step)?;
        }
        Ok(())
    }

    /// Goes on with a comparison: the next page of heads once the last one is answered in full.
    pub(super) fn compare_on(
        &mut self,
        tx: &dyn ReadTx,
        page: &Page,
        step: &mut Step,
    ) -> Result<(), StoreError> {
        let Some(range) = self.comparing.get_mut(&page.scope) else {
            return Ok(());
        };
        let cursor = DocumentId::from_slice(&page.cursor);
        if page.phase != Phase::Documents || (cursor.is_none() && !page.last) {
            return Ok(());
        }
        if !page.last {
            range.after = range.after.max(cursor);
        } else if range.is_last {
            self.comparing.remove(&page.scope);
        } else if cursor == range.end {
            // An answer that comes twice ends with another document by now.
            self.name_heads(tx, page.scope, cursor, step)?;
        }
        Ok(())
    }

    fn name_heads(
        &mut self,
        tx: &dyn ReadTx,
        scope: Scope,
        after: Option<DocumentId>,
        step: &mut Step,
    ) -> Result<(), StoreError> {
        let (held, last) = held_after(tx, scope, after)?;
        let mut documents = Vec::with_capacity(held.len());
        for document in held {
            let row = documents::row(tx, document)?;
            documents.push(DocumentHeads {
                document,
                epoch: row.as_ref().map_or(0, |row| row.epoch),
                heads: row.map(|row| row.heads).unwrap_or_default(),
            });
        }
        let range = Range {
            after,
            end: documents.last().map(|known| known.document),
            is_last: last,
        };
        self.comparing.insert(scope, range);
        step.replies.push(Frame::Heads(Heads {
            scope,
            after,
            documents,
            last,
        }));
        Ok(())
    }
}

/// Documents of a scope after one of them, as many as one page of heads may name, and whether these are the last.
fn held_after(
    tx: &dyn ReadTx,
    scope: Scope,
    after: Option<DocumentId>,
) -> Result<(Vec<DocumentId>, bool), StoreError> {
    let prefix = scope.key();
    let from = match &after {
        Some(after) => store::key(&[&prefix, after.as_bytes(), &[0]]),
        None => prefix.to_vec(),
    };
    let to = store::prefix_end(&prefix);
    let range = KeyRange {
        from: &from,
        to: to.as_deref(),
    };
    let mut held = Vec::new();
    let mut last = true;
    tx.scan(
        Table::ScopeDocument,
        range,
        Direction::Ascending,
        &mut |key, _| {
            if held.len() == limits::HEADS_DOCUMENTS_MAX {
                last = false;
                return Ok(ControlFlow::Break(()));
            }
            held.extend(key.get(Scope::KEY_LEN..).and_then(DocumentId::from_slice));
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok((held, last))
}
