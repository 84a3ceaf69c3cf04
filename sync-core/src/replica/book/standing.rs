//! How the book stands: what waits, since when, and what the hub said last.

use super::Book;
use crate::ids::Timestamp;
use crate::outbox::{self, Pending};
use crate::protocol::frame::{Phase, Resume};
use crate::protocol::positions;
use crate::replica::account::{self, Contact, SignIn};
use crate::scope::Scope;
use crate::store::{self, ReadTx, StoreError, Table};

/// How far the first sync of the book came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FirstSync {
    /// Nothing came yet.
    NotBegun,
    /// Rows come: search finds some.
    Rows,
    /// All can be found; cards still come.
    Searchable,
    /// Everything is here.
    Complete,
}

/// How the book stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What waits to be sent, and what was refused.
    pub pending: Pending,
    /// The last contact.
    pub contact: Contact,
    /// How far the first sync came.
    pub first_sync: FirstSync,
    /// Who works with the book.
    pub signed_in: Option<SignIn>,
    /// Until when the book opens for them without a contact.
    pub lease_until: Option<Timestamp>,
    /// Everybody who can take over without a network.
    pub can_switch_to: Vec<SignIn>,
}

impl Book {
    /// How the book stands.
    ///
    /// # Errors
    /// What the store reports.
    pub fn standing(&self, tx: &dyn ReadTx, now: Timestamp) -> Result<Standing, StoreError> {
        let is_good = |sign_in: &SignIn| {
            sign_in.refresh_token.is_some() && self.check_lease(sign_in, now).is_ok()
        };
        let mut can_switch_to = account::sign_ins(tx)?;
        can_switch_to.retain(is_good);
        let lease_until = match (&self.current, &self.enrolment) {
            (Some(sign_in), Some(enrolment)) => Some(sign_in.lease_until(enrolment)),
            _ => None,
        };
        Ok(Standing {
            pending: outbox::pending(tx)?,
            contact: self.contact,
            first_sync: first_sync(tx)?,
            signed_in: self.current.clone(),
            lease_until,
            can_switch_to,
        })
    }
}

/// The shop's book counts: an associate's own scope is small and comes along.
fn first_sync(tx: &dyn ReadTx) -> Result<FirstSync, StoreError> {
    let mut found = FirstSync::NotBegun;
    for (scope, _) in positions(tx)? {
        if !matches!(scope, Scope::Book(_)) {
            continue;
        }
        let resume: Option<Resume> = store::get_row(tx, Table::Progress, &scope.key())?;
        found = found.max(match resume.map(|resume| resume.phase) {
            Some(Phase::Notices | Phase::Rows) => FirstSync::Rows,
            Some(Phase::Documents | Phase::Records) => FirstSync::Searchable,
            None => FirstSync::Complete,
        });
    }
    Ok(found)
}
