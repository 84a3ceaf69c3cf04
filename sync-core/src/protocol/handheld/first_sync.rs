//! Where a first sync begins, and how far it came.

use super::*;

impl HandheldSession {
    /// From here on a scope is counted from where the hub says.
    pub(super) fn restart(
        &mut self,
        tx: &mut dyn WriteTx,
        restart: &Restart,
    ) -> Result<(), StoreError> {
        let key = restart.scope.key();
        let mut state = feed::state(tx.as_read(), restart.scope)?;
        state.seq = restart.seq;
        state.chain = restart.chain;
        store::put_row(tx, Table::ScopeState, &key, &state)?;
        if restart.first_sync {
            let begin = Resume {
                phase: Phase::Notices,
                cursor: Vec::new(),
            };
            store::put_row(tx, Table::Progress, &key, &begin)?;
        }
        Ok(())
    }

    /// Whether a page moves a first sync on. Pages between, of documents asked for or of a comparison, do not.
    pub(super) fn is_of_first_sync(
        &self,
        tx: &dyn ReadTx,
        page: &Page,
    ) -> Result<bool, StoreError> {
        let is_of_stream = page.last || !page.cursor.is_empty();
        Ok(is_of_stream
            && !self.comparing.contains_key(&page.scope)
            && tx.get(Table::Progress, &page.scope.key())?.is_some())
    }
}

/// Keeps how far a first sync came.
pub(super) fn note_progress(
    tx: &mut dyn WriteTx,
    page: &Page,
    step: &mut Step,
) -> Result<(), StoreError> {
    let key = page.scope.key();
    let beginning = |phase| Resume {
        phase,
        cursor: Vec::new(),
    };
    let next = match (page.last, page.phase) {
        (false, phase) => Resume {
            phase,
            cursor: page.cursor.clone(),
        },
        (true, Phase::Notices) => beginning(Phase::Rows),
        (true, Phase::Rows) => {
            projection::index_what_waits(tx)?;
            step.events.push(Event::Searchable(page.scope));
            beginning(Phase::Documents)
        }
        (true, Phase::Documents) => beginning(Phase::Records),
        (true, Phase::Records) => return tx.delete(Table::Progress, &key),
    };
    store::put_row(tx, Table::Progress, &key, &next)
}
