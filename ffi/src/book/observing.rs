//! Observing the book: a waker, and changes to drain.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Book;
use crate::BookError;
use crate::changes::{BookListener, Change};
use crate::error::guarded;
use crate::types::{Associate, Status};

#[uniffi::export]
impl Book {
    /// Sets the one listener, or removes it. It is woken at once when something waits.
    pub fn listen(&self, listener: Option<Arc<dyn BookListener>>) -> Result<(), BookError> {
        guarded(|| {
            self.shelf
                .changes
                .listen(listener)
                .map_err(|error| BookError::bug("starting the waker's thread", &error))
        })
    }

    /// Takes up to `max` changes, oldest first.
    pub fn drain(&self, max: u32) -> Vec<Change> {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        self.shelf.changes.drain(max)
    }

    /// How the book stands.
    pub fn status(&self) -> Result<Status, BookError> {
        guarded(|| {
            let now = self.shelf.now();
            let (standing, enrolment) = self
                .shelf
                .read(|core, tx| Ok((core.standing(tx, now)?, core.enrolment().ok().cloned())))?;
            let contact = standing.contact;
            let heard = contact.at.0 != 0;
            let oldest = standing.pending.oldest;
            Ok(Status {
                pending: standing.pending.count,
                oldest_pending_at: oldest,
                oldest_pending_ms: oldest.map(|at| now.0.saturating_sub(at.0).max(0)),
                refused: standing.pending.refused,
                last_contact: heard.then_some(contact.at),
                hub_time: heard.then_some(contact.hub_now),
                agreement: contact.agreement.into(),
                stored_number: contact.stored,
                backed_up_number: contact.backed_up,
                first_sync: standing.first_sync,
                signed_in: standing.signed_in.as_ref().map(Associate::from),
                is_sign_in_needed: standing
                    .signed_in
                    .as_ref()
                    .is_none_or(|sign_in| sign_in.renewable().is_none()),
                lease_until: standing.lease_until,
                can_switch_to: standing.can_switch_to.iter().map(Associate::from).collect(),
                device: enrolment.as_ref().map(|enrolment| enrolment.device),
                shop: enrolment.as_ref().map(|enrolment| enrolment.shop),
                attested: enrolment.as_ref().is_some_and(|known| known.attested),
                hub_url: enrolment.map(|enrolment| enrolment.hub_url),
                is_offline: self.shelf.is_offline.load(Ordering::SeqCst),
                is_connected: self.shelf.is_connected.load(Ordering::SeqCst),
            })
        })
    }
}
