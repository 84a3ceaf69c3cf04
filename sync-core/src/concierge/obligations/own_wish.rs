//! What a customer wishes for themselves: the one thing that excuses.

use serde::Serialize;

use super::instances::Instance;
use crate::card::CardView;
use crate::card::reduce::Decision;
use crate::card::terms::{Agreement, Purpose, ServiceMode};
use crate::concierge::playbook::Item;
use crate::concierge::playbook::terms::Trigger;
use crate::ids::Timestamp;

/// Which wish it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Excuse {
    /// Not to be contacted.
    DoNotContact,
    /// Not to be contacted for a while.
    Paused,
    /// No relationship with the house, or none any more.
    NoRelationship,
    /// Not to be spoken to first.
    LeaveAlone,
    /// No consent to being asked and greeted, over any channel.
    NoConsent,
    /// The day is not to be celebrated.
    NoCelebration,
}

/// A wish of the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnWish {
    /// Since when.
    pub at: Timestamp,
    /// Until when; for good when nothing is said.
    pub until: Option<Timestamp>,
    /// Which.
    pub excuse: Excuse,
}

impl OwnWish {
    /// Whether it holds at a moment.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.at <= at && self.until.is_none_or(|until| at < until)
    }
}

/// The wishes of a card, the earliest first.
pub(super) fn gather(view: &CardView) -> Vec<OwnWish> {
    let wish = |excuse, at, until| OwnWish { at, until, excuse };
    let mut wishes = Vec::new();
    if let Some(blocked) = &view.contact.blocked {
        wishes.push(wish(Excuse::DoNotContact, blocked.at, None));
    }
    if let Some(paused) = &view.contact.paused_until {
        wishes.push(wish(Excuse::Paused, paused.at, Some(paused.value)));
    }
    if let Some(agreement) = &view.agreement
        && matches!(agreement.value, Agreement::Declined | Agreement::Ended)
    {
        wishes.push(wish(Excuse::NoRelationship, agreement.at, None));
    }
    if let Some(mode) = &view.contact.mode
        && mode.value == ServiceMode::LeaveAlone
    {
        wishes.push(wish(Excuse::LeaveAlone, mode.at, None));
    }
    let care = || {
        let consents = view.consents.iter();
        consents.filter(|consent| consent.purpose == Purpose::Care)
    };
    let is_allowed = care().any(|consent| consent.decision == Decision::Allow);
    let denied = care().filter(|consent| consent.decision == Decision::Deny);
    if let Some(at) = denied
        .map(|consent| consent.at)
        .max()
        .filter(|_| !is_allowed)
    {
        wishes.push(wish(Excuse::NoConsent, at, None));
    }
    wishes.sort_unstable();
    wishes
}

/// The earliest wish, told by now, that excuses an item whose time is over at `closes_at`.
pub(super) fn excuse(
    wishes: &[OwnWish],
    (item, instance): (&Item, &Instance<'_>),
    closes_at: Timestamp,
    now: Timestamp,
) -> Option<OwnWish> {
    let is_at_visit = matches!(item.trigger, Trigger::Visit | Trigger::SecondVisit);
    let covers = |wish: &&OwnWish| match wish.excuse {
        Excuse::LeaveAlone => item.contact || is_at_visit,
        // Who wants no relationship is not asked for preferences either.
        Excuse::NoRelationship => item.contact || item.trigger == Trigger::SecondVisit,
        Excuse::DoNotContact | Excuse::Paused | Excuse::NoConsent | Excuse::NoCelebration => {
            item.contact
        }
    };
    let is_in_force = |wish: &&OwnWish| {
        wish.at < closes_at && wish.at <= now && wish.until.is_none_or(|until| closes_at <= until)
    };
    let found = wishes.iter().filter(covers).find(is_in_force).copied();
    if instance.celebrate == Some(false) {
        let since = OwnWish {
            at: Timestamp(i64::MIN),
            until: None,
            excuse: Excuse::NoCelebration,
        };
        return Some(since);
    }
    found
}
