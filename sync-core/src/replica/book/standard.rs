//! The written standard, and where the chain stands by it: what the hub signed is shown when its signature holds, and not otherwise.

use super::{BookError, Pass};
use crate::concierge::gap::StandardSnapshot;
use crate::concierge::playbook::{Playbook, PlaybookBody};
use crate::ids::Timestamp;
use crate::notices::{self, Subject};
use crate::replica::account;
use crate::store::{ReadTx, StoreError};

/// The playbook that counts on this handheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldPlaybook {
    /// The playbook.
    pub playbook: Playbook,
    /// Its version; 0 is the one that Carnet suggests.
    pub version: u64,
    /// Whether the chain has written one in words that this build does not know.
    pub is_newer: bool,
}

impl ToldPlaybook {
    /// The chain's, or the one that Carnet suggests where nobody has written another or this build can't read it.
    ///
    /// # Errors
    /// What the store reports.
    pub fn read(tx: &dyn ReadTx) -> Result<Self, StoreError> {
        let posted = notices::get::<PlaybookBody>(tx, Subject::Chain, "")?;
        let is_newer = match posted.map(|(notice, body)| (notice.version, body.playbook())) {
            Some((version, Ok(playbook))) => {
                return Ok(Self {
                    playbook,
                    version,
                    is_newer: false,
                });
            }
            Some((_, Err(_newer))) => true,
            None => false,
        };
        Ok(Self {
            playbook: Playbook::standard(),
            version: 0,
            is_newer,
        })
    }
}

impl Pass {
    /// The playbook that counts here.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn playbook(&self, tx: &dyn ReadTx, now: Timestamp) -> Result<ToldPlaybook, BookError> {
        self.check(now)?;
        Ok(ToldPlaybook::read(tx)?)
    }

    /// Where the chain stands, checked with the key that enrolment brought; nothing before the hub has told.
    ///
    /// # Errors
    /// [`BookError::NotGenuine`] when the hub of this handheld did not sign what there is; otherwise [`BookError`].
    pub fn standard(
        &self,
        tx: &dyn ReadTx,
        now: Timestamp,
    ) -> Result<Option<StandardSnapshot>, BookError> {
        self.check(now)?;
        let enrolment = account::enrolment(tx)?.ok_or(BookError::NotEnrolled)?;
        let told = notices::get::<StandardSnapshot>(tx, Subject::Chain, "")?;
        let Some((_, snapshot)) = told else {
            return Ok(None);
        };
        if !snapshot.is_signed_by(&enrolment.hub()?) {
            return Err(BookError::NotGenuine);
        }
        Ok(Some(snapshot))
    }
}
