//! Comparing a scope with the hub: at its end, and by the heads of all its documents when the two differ.

use std::ops::ControlFlow;

use super::*;

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
            let stop = Stop {
                code: StopCode::Protocol,
                detail,
            };
            step.replies.push(Frame::Stop(stop.clone()));
            self.stop(stop, step);
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
            self.caught_up.insert(end.scope);
            step.events.push(Event::CaughtUp(end.scope));
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

    /// Names the heads of all documents of a scope, for the hub to answer with what differs.
    pub(super) fn compare(
        &mut self,
        tx: &dyn ReadTx,
        scope: Scope,
        step: &mut Step,
    ) -> Result<(), StoreError> {
        if !self.compared.insert(scope) {
            return Ok(());
        }
        let mut held = Vec::new();
        store::scan_prefix(tx, Table::ScopeDocument, &scope.key(), &mut |key, _| {
            held.extend(key.get(Scope::KEY_LEN..).and_then(DocumentId::from_slice));
            Ok(ControlFlow::Continue(()))
        })?;
        let mut after = None;
        let mut rest = held.as_slice();
        loop {
            let (now, later) = rest.split_at(rest.len().min(HEADS_PER_FRAME));
            let mut documents = Vec::with_capacity(now.len());
            for document in now {
                let row = documents::row(tx, *document)?;
                documents.push(DocumentHeads {
                    document: *document,
                    epoch: row.as_ref().map_or(0, |row| row.epoch),
                    heads: row.map(|row| row.heads).unwrap_or_default(),
                });
            }
            let last = later.is_empty();
            step.replies.push(Frame::Heads(Heads {
                scope,
                after,
                documents,
                last,
            }));
            if last {
                return Ok(());
            }
            after = now.last().copied();
            rest = later;
        }
    }
}
