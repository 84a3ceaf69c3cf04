//! What the hub ruled, carried out on the outbox.

use std::collections::{BTreeMap, BTreeSet};

use super::Replica;
use crate::authority::home_scope;
use crate::authority::judge::UNKNOWN_CUSTOMER;
use crate::card::Facet;
use crate::entropy::Entropy;
use crate::envelope::Envelope;
use crate::feed::Ledger;
use crate::ids::{AssociateId, ChangeHash, CustomerId, DocumentId, ShopId};
use crate::outbox::{self, OutboxRow, OutboxState};
use crate::protocol::frame::{Ruling, Verdict};
use crate::scope::Scope;
use crate::store::{ReadTx, StoreError, WriteTx};

/// What came of a set of verdicts, for the app to tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judged {
    /// Edits now durable on the hub.
    pub stored: u64,
    /// Edits refused for good: outbox number and code.
    pub refused: Vec<(u64, String)>,
    /// Edits dropped because their customer was erased.
    pub erased: u64,
    /// Whether something was committed anew and should be pushed again.
    pub replayed: bool,
    /// Whether the hub asked to keep something for later.
    pub later: bool,
    /// Edits that the hub had accepted in another change, which is not here: outbox number, document, and the scope that brings it if any does.
    pub elsewhere: Vec<(u64, DocumentId, Scope)>,
}

/// What must follow once all rows of a push are dealt with.
#[derive(Debug, Default)]
struct Follow {
    replay: BTreeSet<DocumentId>,
    customers: BTreeSet<CustomerId>,
    /// Members that no longer wait, with their authors.
    judged: Vec<(AssociateId, Envelope)>,
}

impl Follow {
    fn no_longer_waits(&mut self, row: &OutboxRow) {
        let members = row.members.iter();
        self.judged
            .extend(members.map(|member| (row.associate, member.envelope.clone())));
    }
}

impl Replica {
    /// Carries out the hub's verdicts on the outbox rows `numbers`, which one push held.
    ///
    /// A row that was committed anew since is passed over and must be pushed again: the verdict speaks of changes that no longer exist.
    ///
    /// # Errors
    /// What the store reports.
    pub fn judge(
        &mut self,
        tx: &mut dyn WriteTx,
        (numbers, verdicts): (&[u64], &[Verdict]),
        shop: ShopId,
        entropy: &mut dyn Entropy,
    ) -> Result<Judged, StoreError> {
        let rulings: BTreeMap<ChangeHash, &Ruling> = verdicts
            .iter()
            .map(|verdict| (verdict.change, &verdict.ruling))
            .collect();
        let mut judged = Judged::default();
        let mut follow = Follow::default();
        for number in numbers {
            let Some(row) = outbox::get(tx.as_read(), *number)? else {
                continue;
            };
            match ruling_of(&row, &rulings) {
                Some(ruling) => {
                    if is_premature(tx.as_read(), &row, ruling)? {
                        judged.replayed = true;
                        continue;
                    }
                    let case = (ruling, shop);
                    self.carry_out(tx, (*number, row), case, (&mut judged, &mut follow))?;
                }
                None => judged.replayed |= row.state == OutboxState::Pending,
            }
        }
        if !follow.replay.is_empty() {
            judged.replayed = true;
            let (_, rows) = outbox::closure(tx.as_read(), follow.replay.clone())?;
            follow
                .customers
                .extend(rows.iter().map(|(_, row)| row.customer));
            self.reauthor(tx, follow.replay, entropy)?;
        }
        let gone = self.let_go_of_judged(tx, &follow.judged, shop)?;
        follow.customers.extend(gone);
        self.refold(tx, shop, &follow.customers)?;
        Ok(judged)
    }

    fn carry_out(
        &mut self,
        tx: &mut dyn WriteTx,
        (number, mut row): (u64, OutboxRow),
        (ruling, shop): (&Ruling, ShopId),
        (judged, follow): (&mut Judged, &mut Follow),
    ) -> Result<(), StoreError> {
        match ruling {
            Ruling::Accepted { stored } => {
                follow.no_longer_waits(&row);
                row.state = OutboxState::Stored { number: *stored };
                outbox::put(tx, number, &row)?;
                judged.stored += 1;
            }
            Ruling::Duplicate { of } => {
                // Once accepted state holds the first run, committing anew finds nothing left to write and drops the row.
                for envelope in row.members.iter().map(|member| &member.envelope) {
                    let document = envelope.document();
                    if self.holds(tx, document, *of)? {
                        follow.replay.insert(document);
                    } else {
                        let home = home_scope(envelope.facet, shop, row.associate);
                        judged.elsewhere.push((number, document, home));
                    }
                }
            }
            Ruling::Refused { code } => {
                follow.replay.extend(row.documents());
                follow.no_longer_waits(&row);
                follow.customers.insert(row.customer);
                row.state = OutboxState::Refused { code: code.clone() };
                outbox::put(tx, number, &row)?;
                judged.refused.push((number, code.clone()));
            }
            Ruling::Unmet | Ruling::NewEpoch { .. } => follow.replay.extend(row.documents()),
            Ruling::Erased => {
                follow.customers.insert(row.customer);
                outbox::remove(tx, number, &row)?;
                judged.erased += 1;
            }
            Ruling::Later { .. } => judged.later = true,
        }
        Ok(())
    }
}

impl Replica {
    /// Takes what was accepted elsewhere out of rows that no feed of this handheld will settle, and commits anew what was built on it.
    ///
    /// # Errors
    /// What the store reports.
    pub fn take_out_elsewhere(
        &mut self,
        tx: &mut dyn WriteTx,
        (document, numbers): (DocumentId, &[u64]),
        shop: ShopId,
        entropy: &mut dyn Entropy,
    ) -> Result<(), StoreError> {
        let (documents, rows) = outbox::closure(tx.as_read(), BTreeSet::from([document]))?;
        let customers: BTreeSet<_> = rows.iter().map(|(_, row)| row.customer).collect();
        for row in rows {
            if numbers.contains(&row.0) && row.1.state == OutboxState::Pending {
                outbox::take_out(tx, row, |member| member.envelope.document() == document)?;
            }
        }
        self.reauthor(tx, documents, entropy)?;
        // It may have left the scope before, and stayed for these rows alone.
        let mut ledger = Ledger::default();
        self.let_go(tx, &mut ledger, document)?;
        ledger.write(tx)?;
        self.refold(tx, shop, &customers)?;
        Ok(())
    }
}

/// Whether a hub does not know the customer only because the card still waits here: it put the push that brings it off, as with a full disk.
///
/// Then the row waits with the card. Should that be refused in the end, the next ruling on this row counts.
fn is_premature(tx: &dyn ReadTx, row: &OutboxRow, ruling: &Ruling) -> Result<bool, StoreError> {
    let is_unknown = matches!(ruling, Ruling::Refused { code } if code == UNKNOWN_CUSTOMER);
    if !is_unknown {
        return Ok(false);
    }
    let card = Facet::Card.document(row.customer);
    let rows = outbox::touching(tx, card)?;
    Ok(rows
        .iter()
        .any(|(_, other)| other.state == OutboxState::Pending))
}

/// The ruling on a row: its members share one fate, and the harshest word is the reason.
fn ruling_of<'a>(
    row: &OutboxRow,
    rulings: &BTreeMap<ChangeHash, &'a Ruling>,
) -> Option<&'a Ruling> {
    let severity = |ruling: &Ruling| match ruling {
        Ruling::Accepted { .. } => 0,
        Ruling::Duplicate { .. } => 1,
        Ruling::Later { .. } => 2,
        Ruling::Unmet => 3,
        Ruling::NewEpoch { .. } => 4,
        Ruling::Refused { .. } => 5,
        Ruling::Erased => 6,
    };
    row.members
        .iter()
        .filter_map(|member| rulings.get(&member.envelope.change).copied())
        .max_by_key(|ruling| severity(ruling))
}
