//! What somebody left behind: edits that the hub refused because their author works there no more.
//!
//! Their author can't sign in to read them, so a manager may: on the handheld that holds them, offline too.
//! Taking one over makes it the manager's own word, under the edit's old id; nothing is taken over unasked, and nothing is dropped.
//!
//! # Invariants
//! - Private notes are not shown: they were written for nobody else.
//! - An edit taken over keeps its id and what it had seen, so it changes nothing where it had arrived after all.

use std::ops::ControlFlow;

use super::{Author, Replica};
use crate::card::Facet;
use crate::entropy::Entropy;
use crate::outbox::{self, Numbered, OutboxRow, OutboxState};
use crate::store::{ReadTx, StoreError, WriteTx};

/// The hub's code for an edit whose author was deactivated before it arrived. Frozen since wire version 1.
pub const LEFT_BEHIND: &str = "associate_deactivated";

/// Whether a manager may read and take over this row.
#[must_use]
pub fn is_left_behind(row: &OutboxRow) -> bool {
    let is_private = |(facet, _): &(Facet, _)| matches!(facet, Facet::Private(_));
    matches!(&row.state, OutboxState::Refused { code } if code == LEFT_BEHIND)
        && !row.plan.writes.iter().any(is_private)
}

/// Everything that was left behind here, oldest first.
///
/// # Errors
/// What the store reports.
pub fn left_behind(tx: &dyn ReadTx) -> Result<Vec<Numbered>, StoreError> {
    let mut rows = Vec::new();
    outbox::scan(tx, 0, &mut |number, row| {
        if is_left_behind(&row) {
            rows.push((number, row));
        }
        ControlFlow::Continue(())
    })?;
    Ok(rows)
}

impl Replica {
    /// Makes a row that was left behind the word of `author`, to be sent again.
    ///
    /// # Errors
    /// What the store reports.
    pub fn take_over(
        &mut self,
        tx: &mut dyn WriteTx,
        author: &Author,
        (number, mut row): Numbered,
        entropy: &mut dyn Entropy,
    ) -> Result<(), StoreError> {
        for (_, writes) in &mut row.plan.writes {
            for write in writes {
                write.entry.provenance.by = author.associate;
            }
        }
        row.associate = author.associate;
        row.session = author.session;
        row.state = OutboxState::Pending;
        outbox::put(tx, number, &row)?;
        // Its changes name their first author: all that waits on these documents is committed anew, in the old order.
        self.reauthor(tx, row.documents().collect(), entropy)?;
        self.refold(tx, author.shop, [&row.customer])
    }
}
