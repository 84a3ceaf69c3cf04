//! The concierge on a handheld: gathers what its functions are given, and keeps what is due.
//!
//! # Invariants
//! - What is shown comes from the pure functions of [`crate::concierge`]; nothing is decided here.

use super::{Book, BookError, ToldPlaybook};
use crate::card::CardView;
use crate::card::links::Person;
use crate::concierge::gather::{Gathered, Goods};
use crate::concierge::guard::{self, Request, Settings, Verdict};
use crate::concierge::obligations::{self, Obligation};
use crate::concierge::picture::{Picture, Viewer};
use crate::concierge::playbook::Playbook;
use crate::concierge::rights::Rights;
use crate::concierge::today::{CustomerDue, due, row_of};
use crate::ids::{CustomerId, Timestamp};
use crate::notices::{self, Subject};
use crate::projection;
use crate::store::{ReadTx, StoreError, WriteTx};

/// A customer as whoever works sees them now.
#[derive(Debug, Clone)]
pub struct Seen {
    customer: CustomerId,
    gathered: Gathered,
    viewer: Viewer,
    synced_at: Option<Timestamp>,
    now: Timestamp,
}

impl Seen {
    /// What the concierge's functions are given.
    #[must_use]
    pub fn picture(&self) -> Picture<'_> {
        let times = (self.synced_at, self.now);
        self.gathered.picture(self.customer, self.viewer, times)
    }
}

impl Book {
    /// A customer seen whole: over every card that is the same person, and from every source. The look is to be logged by the caller.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn seen_whole(
        &mut self,
        tx: &dyn ReadTx,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<Seen, BookError> {
        self.seen_with(tx, customer, Goods::All, now)
    }

    fn seen_with(
        &mut self,
        tx: &dyn ReadTx,
        customer: CustomerId,
        goods: Goods,
        now: Timestamp,
    ) -> Result<Seen, BookError> {
        let author = self.author(now)?;
        let view = self.read_card(tx, customer, now)?;
        let (view, members) = self.joined(tx, (customer, view), now)?;
        let device = self.enrolment()?.device;
        Ok(Seen {
            customer,
            gathered: Gathered::read_with(tx, (customer, &members), view, (author.shop, goods))?,
            viewer: Viewer {
                associate: author.associate,
                device,
                shop: author.shop,
            },
            synced_at: (self.contact.at != Timestamp::default()).then_some(self.contact.at),
            now,
        })
    }

    /// The cards that links join to this one, as far as they are at hand, with what whoever works sees of each. The look is to be logged by the caller.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn person(
        &mut self,
        tx: &dyn ReadTx,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<Person, BookError> {
        let author = self.author(now)?;
        let replica = self.replica.as_mut().ok_or(BookError::NotEnrolled)?;
        Ok(replica.person(tx, &author, customer)?)
    }

    /// The view over all cards that are this person, the oldest first; the card's own where it stands alone or people disagree.
    pub(super) fn joined(
        &mut self,
        tx: &dyn ReadTx,
        (customer, view): (CustomerId, CardView),
        now: Timestamp,
    ) -> Result<(CardView, Vec<CustomerId>), BookError> {
        let is_linked = !view.links.is_empty() || !projection::linking_to(tx, customer)?.is_empty();
        if !is_linked {
            return Ok((view, vec![customer]));
        }
        let author = self.author(now)?;
        let replica = self.replica.as_mut().ok_or(BookError::NotEnrolled)?;
        let person = replica.person(tx, &author, customer)?;
        Ok(if person.is_one() {
            person.view(now, Some(author.associate))
        } else {
            (view, vec![customer])
        })
    }

    /// The chain's playbook, or the standard one where nobody has written another.
    ///
    /// # Errors
    /// What the store reports. A playbook of a newer version counts as the standard one.
    pub fn playbook(tx: &dyn ReadTx) -> Result<Playbook, StoreError> {
        Ok(ToldPlaybook::read(tx)?.playbook)
    }

    /// The bounds that the chain set, or the ones that count where it set none.
    ///
    /// # Errors
    /// What the store reports.
    pub fn settings(tx: &dyn ReadTx) -> Result<Settings, StoreError> {
        let posted = notices::get::<Settings>(tx, Subject::Chain, "")?;
        Ok(posted.map(|(_, body)| body).unwrap_or_default())
    }

    /// Whether the customer may be contacted now.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn guard(
        &mut self,
        tx: &dyn ReadTx,
        (customer, request): (CustomerId, &Request),
        now: Timestamp,
    ) -> Result<Verdict, BookError> {
        let seen = self.seen_with(tx, customer, Goods::None, now)?;
        let settings = Self::settings(tx)?;
        let held = self.held(tx, now)?;
        let rights = Rights::Handheld(&held);
        Ok(guard::guard(&seen.picture(), request, &settings, rights))
    }

    /// What the playbook owes a customer, in the order in which it closes.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn owed(
        &mut self,
        tx: &dyn ReadTx,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<Vec<Obligation>, BookError> {
        let seen = self.seen_with(tx, customer, Goods::Wished, now)?;
        let whole = (&seen.gathered.whole, &seen.gathered.house);
        let playbook = Self::playbook(tx)?;
        Ok(obligations::obligations(customer, whole, &playbook, now))
    }

    /// Makes the stored rows of what is due for customers whose row is to be made ([`due::missing`]), at most `limit` of them.
    /// Returns for how many it was made.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn make_due(
        &mut self,
        tx: &mut dyn WriteTx,
        limit: usize,
        now: Timestamp,
    ) -> Result<usize, BookError> {
        let missing = due::missing(tx.as_read(), limit, now)?;
        let playbook = Self::playbook(tx.as_read())?;
        for customer in &missing.customers {
            let row = match self.seen_with(tx.as_read(), *customer, Goods::Wished, now) {
                Ok(seen) if stands_behind(tx.as_read(), &seen)? => nothing_due(*customer),
                Ok(seen) => row_of(&seen.picture(), &playbook),
                // A row whose card is still to come says that it was looked for; the card's arrival forgets it.
                Err(BookError::UnknownCustomer) => nothing_due(*customer),
                Err(error) => return Err(error),
            };
            due::put(tx, &row, now)?;
            self.kept.note(*customer);
        }
        missing.keep(tx)?;
        Ok(missing.customers.len())
    }
}

/// Whether another card of this book speaks for the person: what is owed to them is listed once, under the oldest that is here.
fn stands_behind(tx: &dyn ReadTx, seen: &Seen) -> Result<bool, StoreError> {
    for member in &seen.gathered.whole.members {
        if *member == seen.customer {
            return Ok(false);
        }
        if projection::read_row(tx, *member)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn nothing_due(customer: CustomerId) -> CustomerDue {
    CustomerDue {
        customer,
        owner: None,
        delivery_bp: None,
        wishes: Vec::new(),
        items: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
