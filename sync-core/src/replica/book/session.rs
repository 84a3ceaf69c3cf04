//! The book in a session with the hub: one at a time.

use super::{Book, BookError};
use crate::concierge::guest;
use crate::crypto::DeviceSigner;
use crate::entropy::Entropy;
use crate::ids::Timestamp;
use crate::outbox;
use crate::protocol::frame::{Frame, Ruling};
use crate::protocol::handheld::{Event, HandheldSession, Identity};
use crate::replica::account::{self, Agreement};
use crate::store::{ReadTx, StoreError, WriteTx};

/// What carries a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// A connection that stays open.
    Connection,
    /// One request and its answer: everything goes up at once.
    Batch,
}

/// What came of a frame.
#[derive(Debug, Default)]
pub struct Turn {
    /// Frames to send once the transaction is committed.
    pub replies: Vec<Frame>,
    /// What the app should know.
    pub events: Vec<Event>,
}

impl Book {
    /// Opens a session; its first frame is to be sent.
    ///
    /// # Errors
    /// [`BookError::SessionOpen`], [`BookError::NotEnrolled`], or what the store reports.
    pub fn open_session(&mut self, tx: &dyn ReadTx, carrier: Carrier) -> Result<Frame, BookError> {
        self.enrolment()?;
        if self.session.is_some() {
            return Err(BookError::SessionOpen);
        }
        let session = match carrier {
            Carrier::Connection => HandheldSession::default(),
            Carrier::Batch => HandheldSession::batch(),
        };
        let hello = session.hello(tx)?;
        self.session = Some(session);
        Ok(hello)
    }

    /// The first frame of the session's next request, where it is carried by batches: for the hub each is a meeting of its own.
    ///
    /// # Errors
    /// [`BookError::NoSession`], or what the store reports.
    pub fn hello_again(&self, tx: &dyn ReadTx) -> Result<Frame, BookError> {
        let session = self.session.as_ref().ok_or(BookError::NoSession)?;
        Ok(session.hello(tx)?)
    }

    /// Whether the outbox holds nothing that the hub has still to judge or to bring back.
    ///
    /// # Errors
    /// What the store reports.
    pub fn is_quiet(&self, tx: &dyn ReadTx) -> Result<bool, StoreError> {
        outbox::is_quiet(tx)
    }

    /// Ends the session. What was under way is sent again in the next one.
    pub fn end_session(&mut self) {
        self.session = None;
    }

    /// Whether a session is open.
    #[must_use]
    pub fn is_in_session(&self) -> bool {
        self.session.is_some()
    }

    /// Whether everything is exchanged: both agree, and nothing waits for an answer.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(HandheldSession::is_settled)
    }

    /// Takes a frame of the hub. Commit the transaction, then send the replies.
    ///
    /// # Errors
    /// [`BookError`]; the transaction must then be dropped and the session ended.
    pub fn receive(
        &mut self,
        tx: &mut dyn WriteTx,
        frame: &Frame,
        (now, entropy): (Timestamp, &mut dyn Entropy),
    ) -> Result<Turn, BookError> {
        let enrolment = self.enrolment.as_ref().ok_or(BookError::NotEnrolled)?;
        if matches!(frame, Frame::Welcome(_)) && guest::has_expired(tx.as_read(), now)? {
            // Who came and stayed unknown is told in this meeting.
            guest::sweep(tx, now)?;
        }
        let (hub, shop) = (enrolment.hub()?, enrolment.shop);
        let replica = self.replica.as_mut().ok_or(BookError::NotEnrolled)?;
        let session = self.session.as_mut().ok_or(BookError::NoSession)?;
        let identity = Identity { hub: &hub, shop };
        let step = session.receive(tx, replica, frame, &identity, entropy)?;
        let backed_up = session.backup_seq();
        self.note_contact(tx, frame, (&step.events, backed_up), now)?;
        Ok(Turn {
            replies: step.replies,
            events: step.events,
        })
    }

    /// What there is to send of the book's own accord: after a frame, and after an edit was recorded.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn offer(
        &mut self,
        tx: &dyn ReadTx,
        signer: &dyn DeviceSigner,
    ) -> Result<Vec<Frame>, BookError> {
        let replica = self.replica.as_ref().ok_or(BookError::NotEnrolled)?;
        let Some(session) = self.session.as_mut() else {
            return Ok(Vec::new());
        };
        let mut frames = Vec::new();
        while let Some(push) = session.push(tx, signer, replica)? {
            frames.push(push);
        }
        frames.extend(session.reads(tx)?);
        Ok(frames)
    }

    /// Keeps when the hub was last heard and what it said. In the frame's own transaction, so it costs no other.
    fn note_contact(
        &mut self,
        tx: &mut dyn WriteTx,
        frame: &Frame,
        (events, backed_up): (&[Event], u64),
        now: Timestamp,
    ) -> Result<(), BookError> {
        let mut contact = self.contact;
        contact.at = contact.at.max(now);
        contact.backed_up = contact.backed_up.max(backed_up);
        if let Frame::Welcome(welcome) = frame {
            contact.hub_now = welcome.now;
        }
        if let Frame::Verdicts(verdicts) = frame {
            for verdict in &verdicts.verdicts {
                if let Ruling::Accepted { stored } = &verdict.ruling {
                    contact.stored = contact.stored.max(*stored);
                }
            }
        }
        let diverged = |event: &Event| matches!(event, Event::Diverged(_));
        if events.iter().any(diverged) {
            contact.agreement = Agreement::Diverged;
        } else if events.contains(&Event::InSync) {
            // What diverged in this session stays so until a session in which nothing did.
            let is_fresh = matches!(frame, Frame::Welcome(_) | Frame::CaughtUp(_));
            if is_fresh || contact.agreement != Agreement::Diverged {
                contact.agreement = Agreement::Agreed;
            }
        }
        account::put_contact(tx, &contact)?;
        self.contact = contact;
        Ok(())
    }
}
