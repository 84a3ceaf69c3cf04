//! Whether somebody may be invited to a small event: the guard that the desk asks before a message leaves, asked for an invitation.
//!
//! # Invariants
//! - It is one guard: contacts, consents, complaints, pauses, caps and rights count here as they do when a message is to leave.
//! - Somebody is refused when no channel could take an invitation; the reason is that of the channel that came furthest.
//! - What only the hour of the day stands against is no reason: the guard is asked for the moment at which their day begins.

use sync_core::card::CardView;
use sync_core::card::terms::{Channel, Purpose};
use sync_core::concierge::guard::{Reason, Request, Ruling, Settings, Until, Way};
use sync_core::concierge::{House, Whole};
use sync_core::ids::{AssociateId, CustomerId, ShopId, Timestamp};
use sync_core::notices::bodies::CaseState;
use sync_core::store::{ReadTx, StoreError};

use super::{answers, gathering};
use crate::book::{Book, EngineTx};

/// A guest over those of their cards that are in the shop's book, and which those are, beside whoever writes.
///
/// # Errors
/// What the store reports.
pub fn guest(
    (book, tx): (&Book, &dyn ReadTx),
    customer: CustomerId,
    shop: ShopId,
) -> Result<(CardView, Vec<CustomerId>), StoreError> {
    let now = book.now();
    gathering::near(&mut gathering::Aside { book, tx, now }, customer, shop)
}

/// As [`guest`], inside a transaction.
///
/// # Errors
/// What the store reports.
pub fn guest_within(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
    shop: ShopId,
) -> Result<(CardView, Vec<CustomerId>), StoreError> {
    gathering::near(engine, customer, shop)
}

/// What the guard is asked with, whoever it is about.
#[derive(Debug)]
pub struct Invitations {
    house: House,
    settings: Settings,
    now: Timestamp,
}

impl Invitations {
    /// Reads the house's clocks and bounds.
    ///
    /// # Errors
    /// What the store reports.
    pub fn read(tx: &dyn ReadTx, now: Timestamp) -> Result<Self, StoreError> {
        Ok(Self {
            house: gathering::house(tx)?,
            settings: gathering::settings(tx)?,
            now,
        })
    }

    /// One person with linked cards, as a shop sees them.
    ///
    /// # Errors
    /// What the store reports.
    pub fn person(
        &self,
        (book, tx): (&Book, &dyn ReadTx),
        customer: CustomerId,
        shop: ShopId,
    ) -> Result<Whole, StoreError> {
        let now = self.now;
        let mut cards = gathering::Aside { book, tx, now };
        gathering::whole(&mut cards, customer, (shop, None))
    }

    /// Why a person is not to be invited by a shop now; nothing when they may be.
    ///
    /// Who looks after them invites them, else the first of the hosts. An open complaint is held against an invitation as it is against a sale.
    ///
    /// # Errors
    /// What the store reports.
    pub fn refusal(
        &self,
        tx: &dyn ReadTx,
        person: (CustomerId, &Whole),
        (shop, hosts): (ShopId, &[AssociateId]),
    ) -> Result<Option<Reason>, StoreError> {
        let owner = person.1.owner.as_ref().map(|owner| owner.owner);
        let nobody = AssociateId([0; AssociateId::LEN]);
        let inviter = owner.or(hosts.first().copied()).unwrap_or(nobody);
        let mut refused = None;
        for channel in Channel::ALL {
            let reason = self.over(*channel, tx, person, (inviter, shop))?;
            if reason.is_none() {
                refused = None;
                break;
            }
            refused = refused.max(reason);
        }
        let mut cases = person.1.cases.iter();
        let is_open =
            cases.any(|told| told.body.is_complaint && told.body.state == CaseState::Open);
        let complaint = Reason::OpenComplaint;
        Ok(if is_open {
            Some(refused.map_or(complaint, |reason| reason.min(complaint)))
        } else {
            refused
        })
    }

    fn over(
        &self,
        channel: Channel,
        tx: &dyn ReadTx,
        person: (CustomerId, &Whole),
        (inviter, shop): (AssociateId, ShopId),
    ) -> Result<Option<Reason>, StoreError> {
        let request = Request {
            channel,
            purpose: Purpose::Event,
            content: None,
            is_reply: false,
            way: Way::ThroughHub,
            ask: None,
        };
        let bounds = (&self.house, &self.settings);
        let ask = |now| answers::rule(tx, person, (inviter, shop, now), &request, bounds);
        let mut ruling = ask(self.now)?;
        if let Ruling::Hold {
            until: Until::Moment(morning),
            reason: Reason::QuietHours,
        } = ruling
        {
            ruling = ask(morning)?;
        }
        Ok(match ruling {
            Ruling::Allow => None,
            Ruling::Hold { reason, .. } | Ruling::Deny { reason } => Some(reason),
        })
    }
}
