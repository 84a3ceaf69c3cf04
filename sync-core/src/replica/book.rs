//! The book of a handheld as an app drives it: who may read and write now, what a session brings, and how things stand.
//!
//! It decides, and asks for everything: transactions, the present moment, randomness and the device's signature are arguments.
//!
//! # Invariants
//! - Nothing is read or written for somebody who is not signed in, or whose lease is over; the outbox goes out all the same.
//! - A switch of associates drops opened documents from memory.
//! - Every opening of a card is logged, once in [`SEEN_AGAIN_MS`] for each associate and customer.

mod beside;
mod concierge;
mod drafts;
mod due_list;
mod house;
mod pass;
mod recording;
mod rights;
mod session;
mod standard;
mod standing;

use std::collections::BTreeMap;

use crate::access::AccessKind;
use crate::card::schema::Role;
use crate::card::terms::Place;
use crate::card::{CardView, Reading};
use crate::entropy::Entropy;
use crate::ids::{AssociateId, CustomerId, Timestamp};
use crate::outbox::{self, OutboxRow, OutboxState};
use crate::protocol::handheld::HandheldSession;
use crate::search::SearchError;
use crate::store::{ReadTx, StoreError, WriteTx};

use self::due_list::Kept;
use super::account::{self, Contact, Enrolment, SignIn};
use super::{Author, RecordError, Replica, left_behind};

pub use drafts::DraftError;
pub use pass::Pass;
pub use session::{Carrier, Turn};
pub use standard::ToldPlaybook;
pub use standing::{FirstSync, Standing};

/// Milliseconds in which looking again at the same card is the same look.
pub const SEEN_AGAIN_MS: i64 = 5 * 60_000;
/// Cards whose last look is remembered; beyond, the memory starts over and a look may be logged twice.
const SEEN_MAX: usize = 1_024;

/// Why the book did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The handheld is not enrolled.
    #[error("this handheld is not enrolled")]
    NotEnrolled,
    /// It is, and edits wait that another enrolment could not send.
    #[error("this handheld is enrolled already and {pending} edits wait: send or wipe them first")]
    AlreadyEnrolled {
        /// How many wait.
        pending: u64,
    },
    /// It is, with another hub.
    #[error("this book belongs to another hub: wipe it first")]
    OtherHub,
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    SignedOut,
    /// The sign-in was not confirmed by the hub for too long.
    #[error("the book was without contact for too long: sign in again")]
    LeaseOver,
    /// There is no such customer in this book, or it may not be seen.
    #[error("there is no such customer in this book")]
    UnknownCustomer,
    /// There is no such edit that the associate could discard.
    #[error("there is no refused edit of yours with this number")]
    UnknownEdit,
    /// It takes a manager.
    #[error("only a manager may do this")]
    ManagersOnly,
    /// What there is was not signed by the hub of this handheld.
    #[error("this was not signed by the hub of this handheld, so it is not shown")]
    NotGenuine,
    /// A session is open already.
    #[error("another sync is under way")]
    SessionOpen,
    /// There is no open session.
    #[error("there is no open session")]
    NoSession,
    /// An edit was not recorded.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A search was not made.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The state of one opening of the book.
#[derive(Debug)]
pub struct Book {
    enrolment: Option<Enrolment>,
    replica: Option<Replica>,
    current: Option<SignIn>,
    contact: Contact,
    session: Option<HandheldSession>,
    seen: BTreeMap<(AssociateId, CustomerId), Timestamp>,
    kept: Kept,
}

impl Book {
    /// Opens the book: reads a handful of rows, whatever its size, and draws a fresh actor.
    ///
    /// # Errors
    /// What the store reports.
    pub fn open(tx: &dyn ReadTx, entropy: &mut dyn Entropy) -> Result<Self, StoreError> {
        let enrolment = account::enrolment(tx)?;
        let replica = enrolment
            .as_ref()
            .map(|enrolment| Replica::open(enrolment.device, entropy));
        let current = match account::current(tx)? {
            Some(associate) => account::sign_in_of(tx, associate)?,
            None => None,
        };
        Ok(Self {
            enrolment,
            replica,
            current,
            contact: account::contact(tx)?,
            session: None,
            seen: BTreeMap::new(),
            kept: Kept::default(),
        })
    }

    /// What enrolment brought.
    ///
    /// # Errors
    /// [`BookError::NotEnrolled`].
    pub fn enrolment(&self) -> Result<&Enrolment, BookError> {
        self.enrolment.as_ref().ok_or(BookError::NotEnrolled)
    }

    /// Who works with the book, lease over or not.
    #[must_use]
    pub fn signed_in(&self) -> Option<&SignIn> {
        self.current.as_ref()
    }

    /// Documents opened from storage so far.
    #[must_use]
    pub fn documents_loaded(&self) -> u64 {
        self.replica.as_ref().map_or(0, Replica::documents_loaded)
    }

    /// Takes up an enrolment. A book of the same hub keeps what it holds.
    ///
    /// # Errors
    /// [`BookError::AlreadyEnrolled`], [`BookError::OtherHub`], or what the store reports.
    pub fn enrol(
        &mut self,
        tx: &mut dyn WriteTx,
        enrolment: Enrolment,
        entropy: &mut dyn Entropy,
    ) -> Result<(), BookError> {
        self.may_enrol(tx.as_read())?;
        let known = self.enrolment.as_ref();
        if known.is_some_and(|known| known.hub_key != enrolment.hub_key) {
            return Err(BookError::OtherHub);
        }
        account::put_enrolment(tx, &enrolment)?;
        account::set_current(tx, None)?;
        self.replica = Some(Replica::open(enrolment.device, entropy));
        self.enrolment = Some(enrolment);
        self.current = None;
        Ok(())
    }

    /// Whether an enrolment can be taken up: no edit waits that only the present one can send.
    ///
    /// # Errors
    /// [`BookError::AlreadyEnrolled`], or what the store reports.
    pub fn may_enrol(&self, tx: &dyn ReadTx) -> Result<(), BookError> {
        let pending = outbox::pending(tx)?.count;
        if self.enrolment.is_some() && pending > 0 {
            return Err(BookError::AlreadyEnrolled { pending });
        }
        Ok(())
    }

    /// Takes up a sign-in and makes its associate the one who works.
    ///
    /// # Errors
    /// [`BookError::NotEnrolled`], or what the store reports.
    pub fn sign_in(&mut self, tx: &mut dyn WriteTx, sign_in: SignIn) -> Result<(), BookError> {
        self.enrolment()?;
        account::put_sign_in(tx, &sign_in)?;
        self.work_as(tx, Some(sign_in))
    }

    /// Takes up what renewing a sign-in brought; who works stays who it is.
    ///
    /// # Errors
    /// What the store reports.
    pub fn renewed(&mut self, tx: &mut dyn WriteTx, sign_in: SignIn) -> Result<(), BookError> {
        account::put_sign_in(tx, &sign_in)?;
        if self.current_id() == Some(sign_in.associate) {
            self.current = Some(sign_in);
        }
        Ok(())
    }

    /// Takes up that the hub renews a sign-in no more, because it was not used for too long.
    /// The book stays open until its lease is over, as it does without a network; the outbox goes out by the handheld's own word.
    ///
    /// # Errors
    /// What the store reports.
    pub fn lapsed(&mut self, tx: &mut dyn WriteTx, sign_in: SignIn) -> Result<(), BookError> {
        self.renewed(
            tx,
            SignIn {
                has_lapsed: true,
                ..sign_in
            },
        )
    }

    /// Makes an associate who signed in here, and has not signed out, the one who works.
    /// The app makes sure who holds the handheld; it takes no network.
    ///
    /// # Errors
    /// [`BookError::SignedOut`] or [`BookError::LeaseOver`] when they must sign in first, or what the store reports.
    pub fn switch(
        &mut self,
        tx: &mut dyn WriteTx,
        associate: AssociateId,
        now: Timestamp,
    ) -> Result<(), BookError> {
        let sign_in = account::sign_in_of(tx.as_read(), associate)?;
        let sign_in = sign_in.filter(|known| known.refresh_token.is_some());
        let sign_in = sign_in.ok_or(BookError::SignedOut)?;
        self.check_lease(&sign_in, now)?;
        self.work_as(tx, Some(sign_in))
    }

    /// Ends the sign-in of who works. Their outbox stays, and goes out.
    ///
    /// # Errors
    /// What the store reports.
    pub fn sign_out(&mut self, tx: &mut dyn WriteTx) -> Result<(), BookError> {
        if let Some(sign_in) = self.current.take() {
            account::put_sign_in(
                tx,
                &SignIn {
                    refresh_token: None,
                    ..sign_in
                },
            )?;
        }
        self.work_as(tx, None)
    }

    fn work_as(&mut self, tx: &mut dyn WriteTx, who: Option<SignIn>) -> Result<(), BookError> {
        account::set_current(tx, who.as_ref().map(|sign_in| sign_in.associate))?;
        self.current = who;
        self.forget_opened();
        Ok(())
    }

    /// Drops what was opened from memory: the app locks, or who works has changed.
    pub fn forget_opened(&mut self) {
        self.seen.clear();
        self.kept = Kept::default();
        if let Some(replica) = &mut self.replica {
            replica.close_documents();
        }
    }

    fn current_id(&self) -> Option<AssociateId> {
        self.current.as_ref().map(|sign_in| sign_in.associate)
    }

    fn check_lease(&self, sign_in: &SignIn, now: Timestamp) -> Result<(), BookError> {
        let until = sign_in.lease_until(self.enrolment()?);
        if account::trusted_now(now, &self.contact, sign_in) >= until {
            return Err(BookError::LeaseOver);
        }
        Ok(())
    }

    /// Who may read now, to be used beside the book.
    #[must_use]
    pub fn pass(&self) -> Pass {
        let Some(enrolment) = &self.enrolment else {
            return Pass::NotEnrolled;
        };
        let Some(sign_in) = &self.current else {
            return Pass::SignedOut;
        };
        Pass::Good {
            author: Author {
                associate: sign_in.associate,
                session: sign_in.session,
                shop: enrolment.shop,
                role: sign_in.role(),
            },
            lease_until: sign_in.lease_until(enrolment),
            not_before: account::trusted_now(Timestamp::default(), &self.contact, sign_in),
        }
    }

    /// Who may read and write now.
    ///
    /// # Errors
    /// [`BookError::NotEnrolled`], [`BookError::SignedOut`] or [`BookError::LeaseOver`].
    pub fn author(&self, now: Timestamp) -> Result<Author, BookError> {
        self.pass().check(now)
    }

    /// Reads a card and logs that it was looked at, which is durable when the transaction commits.
    ///
    /// # Errors
    /// [`BookError`]; the transaction must then be dropped.
    pub fn open_card(
        &mut self,
        tx: &mut dyn WriteTx,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<CardView, BookError> {
        let author = self.author(now)?;
        let view = self.read_card(tx.as_read(), customer, now)?;
        if !self.is_seen(customer, now) {
            let replica = self.replica.as_ref().ok_or(BookError::NotEnrolled)?;
            let kind = if shows_restricted(&view) {
                AccessKind::SawRestricted
            } else {
                AccessKind::Opened
            };
            replica.log_access(tx, author.associate, customer, kind, now)?;
        }
        Ok(view)
    }

    /// Whether the associate's look at this card was logged a short while ago: then [`Book::read_card`] needs no log.
    #[must_use]
    pub fn is_seen(&self, customer: CustomerId, now: Timestamp) -> bool {
        let Some(associate) = self.current_id() else {
            return false;
        };
        let seen = self.seen.get(&(associate, customer));
        seen.is_some_and(|seen| (*seen..seen.plus_ms(SEEN_AGAIN_MS)).contains(&now))
    }

    /// Remembers a look that was logged durably.
    pub fn note_seen(&mut self, customer: CustomerId, now: Timestamp) {
        if self.seen.len() >= SEEN_MAX {
            self.seen.clear();
        }
        if let Some(associate) = self.current_id() {
            self.seen.insert((associate, customer), now);
        }
    }

    /// Reads a card without logging it: for a look that was logged, and after an edit.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn read_card(
        &mut self,
        tx: &dyn ReadTx,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<CardView, BookError> {
        let author = self.author(now)?;
        let replica = self.replica.as_mut().ok_or(BookError::NotEnrolled)?;
        let visible = replica.visible(tx, &author, customer)?;
        if visible.iter().all(|(_, entries)| entries.is_empty()) {
            return Err(BookError::UnknownCustomer);
        }
        let corrections = replica.corrections(tx, &author, customer)?;
        let reading = Reading {
            now,
            corrections: &corrections,
        };
        let mut view = CardView::read_by(&visible, &reading, author.associate);
        beside::purchases(tx, customer, &mut view)?;
        beside::ties(replica, tx, &mut view, &reading)?;
        Ok(view)
    }

    /// Edits that the hub has not brought back yet, oldest first: only those of who works, since others' may be private.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn waiting(&self, tx: &dyn ReadTx) -> Result<Vec<(u64, OutboxRow)>, BookError> {
        let associate = self.current_id().ok_or(BookError::SignedOut)?;
        let mut rows = outbox::all(tx)?;
        rows.retain(|(_, row)| row.associate == associate);
        Ok(rows)
    }

    /// Discards a refused edit of who works, for good; a manager may discard what a colleague left behind.
    ///
    /// # Errors
    /// [`BookError::UnknownEdit`], or what the store reports.
    pub fn discard_refused(&self, tx: &mut dyn WriteTx, number: u64) -> Result<(), BookError> {
        let sign_in = self.current.as_ref().ok_or(BookError::SignedOut)?;
        let row = outbox::get(tx.as_read(), number)?.ok_or(BookError::UnknownEdit)?;
        let is_refused = matches!(row.state, OutboxState::Refused { .. });
        let is_theirs = row.associate == sign_in.associate
            || (sign_in.is_manager && left_behind::is_left_behind(&row));
        if !is_theirs || !is_refused {
            return Err(BookError::UnknownEdit);
        }
        Ok(outbox::remove(tx, number, &row)?)
    }

    /// What colleagues who were deactivated left behind on this handheld, for a manager to deal with; oldest first.
    ///
    /// # Errors
    /// [`BookError::ManagersOnly`], or another [`BookError`].
    pub fn left_behind(
        &self,
        tx: &dyn ReadTx,
        now: Timestamp,
    ) -> Result<Vec<(u64, OutboxRow)>, BookError> {
        self.manager(now)?;
        Ok(left_behind::left_behind(tx)?)
    }

    /// Makes an edit that a colleague left behind the manager's own word, to be sent again.
    ///
    /// # Errors
    /// [`BookError::ManagersOnly`], [`BookError::UnknownEdit`], or another [`BookError`]; the transaction must then be dropped.
    pub fn take_over(
        &mut self,
        tx: &mut dyn WriteTx,
        number: u64,
        (now, entropy): (Timestamp, &mut dyn Entropy),
    ) -> Result<(), BookError> {
        let author = self.manager(now)?;
        let row = outbox::get(tx.as_read(), number)?;
        let row = row.filter(left_behind::is_left_behind);
        let row = row.ok_or(BookError::UnknownEdit)?;
        let replica = self.replica.as_mut().ok_or(BookError::NotEnrolled)?;
        Ok(replica.take_over(tx, &author, (number, row), entropy)?)
    }

    fn manager(&self, now: Timestamp) -> Result<Author, BookError> {
        let author = self.author(now)?;
        if author.role < Role::Manager {
            return Err(BookError::ManagersOnly);
        }
        Ok(author)
    }
}

/// Whether a card shows what only few may read: it is logged as such.
fn shows_restricted(view: &CardView) -> bool {
    let has_cause = view.allergies.iter().any(|allergy| allergy.cause.is_some());
    let has_note = view
        .notes
        .iter()
        .any(|note| note.place == Place::Restricted);
    has_cause || has_note
}
