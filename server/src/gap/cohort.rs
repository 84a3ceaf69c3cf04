//! Who is among the best customers, for what the hub alone decides: half of the seats of a small event are for everybody else.
//!
//! # Invariants
//! - It is read for one decision and leaves the hub in no answer, notice or log line.

use std::collections::BTreeSet;

use sync_core::ids::CustomerId;
use sync_core::store::{ReadTx, StoreError};

use super::keeper::Era;
use super::{Ledger, ledger, playbook, settings};
use crate::events::Cohort;

/// The best customers of the chain, as they are counted now.
pub struct TheBest(BTreeSet<CustomerId>);

impl std::fmt::Debug for TheBest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TheBest(…)")
    }
}

impl TheBest {
    /// Reads who is among the best; nobody while not everybody is counted, or where too few are active to tell.
    ///
    /// # Errors
    /// What the store reports.
    pub fn read(tx: &dyn ReadTx) -> Result<Self, StoreError> {
        let (playbook, _) = playbook(tx)?;
        let settings = settings::read(tx)?;
        if !Era::read(tx)?.is_done_for(&playbook, &settings) {
            return Ok(Self(BTreeSet::new()));
        }
        let members = Ledger::load(tx)?.members(tx, &settings)?;
        Ok(Self(members.into_iter().collect()))
    }

    /// How many they are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl Cohort for TheBest {
    /// A card that is one person with others counts as that person.
    fn is_best(&self, tx: &dyn ReadTx, customer: CustomerId) -> Result<bool, StoreError> {
        let person = ledger::counted_in(tx, customer)?.unwrap_or(customer);
        Ok(self.0.contains(&person))
    }
}
