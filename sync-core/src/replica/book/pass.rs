//! The pass: who may read now, small enough to be copied out of the book, so that a search never waits for a writer.

use super::BookError;
use crate::ids::{CustomerId, Timestamp};
use crate::records::{self, Record, Totals};
use crate::replica::Author;
use crate::search::{self, SearchResults};
use crate::store::ReadTx;

/// Who may read, until when. What it reads has neither restricted nor private parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// The handheld is not enrolled.
    NotEnrolled,
    /// Nobody is signed in.
    SignedOut,
    /// Somebody is.
    Good {
        /// Who.
        author: Author,
        /// Until when without a contact.
        lease_until: Timestamp,
        /// A moment that is over: an earlier clock is wrong.
        not_before: Timestamp,
    },
}

impl Pass {
    /// Who may read and write now.
    ///
    /// # Errors
    /// [`BookError::NotEnrolled`], [`BookError::SignedOut`] or [`BookError::LeaseOver`].
    pub fn check(&self, now: Timestamp) -> Result<Author, BookError> {
        match *self {
            Self::NotEnrolled => Err(BookError::NotEnrolled),
            Self::SignedOut => Err(BookError::SignedOut),
            Self::Good {
                author,
                lease_until,
                not_before,
            } => {
                if now.max(not_before) >= lease_until {
                    return Err(BookError::LeaseOver);
                }
                Ok(author)
            }
        }
    }

    /// Finds customers.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn search(
        &self,
        tx: &dyn ReadTx,
        text: &str,
        limit: usize,
        now: Timestamp,
    ) -> Result<SearchResults, BookError> {
        self.check(now)?;
        Ok(search::search(tx, text, limit)?)
    }

    /// A customer's purchases, newest first.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn purchases(
        &self,
        tx: &dyn ReadTx,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<Vec<Record>, BookError> {
        self.check(now)?;
        Ok(records::purchases(tx, customer)?)
    }

    /// Sums over a customer's records.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn totals(
        &self,
        tx: &dyn ReadTx,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<Totals, BookError> {
        self.check(now)?;
        Ok(records::totals(tx, customer)?)
    }
}
