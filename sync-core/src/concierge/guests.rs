//! The guest list of a small event: who to invite and why, within bounds that keep it small and open to everybody.
//!
//! A proposal, computed on the hub (who is among the best customers is known nowhere else); the host adds, removes and reorders, and sees
//! what the bounds say of it ([`review()`]). What a customer spends is no input: no type here holds an amount.
//!
//! # Invariants
//! - The score of a guest is the sum of its reasons, and each reason names the facts it rests on: take the facts away, and the score falls
//!   by exactly these points.
//! - A proposal never exceeds the capacity, a host's share or the seats that are not kept for the rest, and never seats two who are to be kept apart.
//! - The same facts give the same list, in whatever order they came.

pub mod candidate;
pub mod review;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::card::CardView;
use crate::crypto::sha256;
use crate::ids::{AssociateId, CustomerId, EditId, Hash32, Timestamp};
use crate::notices::{NoticeBody, NoticeKind};

pub use candidate::{Candidate, PastInvitation};
pub use review::{Remark, Seat, heard_rate_bp, review};

/// Seats of an event that does not say.
pub const CAPACITY_DEFAULT: u32 = 20;
/// Seats of an event at most: beyond it nobody is met.
pub const CAPACITY_MAX: u32 = 24;
/// Invitations within [`RECENT_MS`] that are enough.
pub const RECENT_INVITATIONS_MAX: usize = 2;
/// The time in which invitations count as recent: 90 days.
pub const RECENT_MS: i64 = 90 * Timestamp::DAY_MS;
/// The time in which having been at the same theme counts: 180 days.
pub const SAME_THEME_MS: i64 = 180 * Timestamp::DAY_MS;

/// How long after an event's beginning a reaction counts as one to it.
pub const HEARD_MS: i64 = 14 * Timestamp::DAY_MS;

/// Whether a guest said what they thought: by a reaction that names the event, or by any soon after its beginning.
#[must_use]
pub fn is_heard(card: &CardView, event: &str, begins_at: Timestamp) -> bool {
    let edit: Option<EditId> = event.parse().ok();
    let soon = begins_at..=begins_at.plus_ms(HEARD_MS);
    card.reactions.iter().any(|one| {
        let names_it = one.interaction.is_some() && one.interaction == edit;
        names_it || one.sku == event || soon.contains(&one.sentiment.at)
    })
}

/// How far an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    /// It is going to be, or is.
    #[n(0)]
    Planned,
    /// It was called off.
    #[n(1)]
    CalledOff,
    /// It is over.
    #[n(2)]
    Over,
}

/// A small event. Notice of its shop; key: its id. As a notice of a customer it says that they came, and its hosts are who looked after
/// them. Encoded as a CBOR array; frozen since database schema 2.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(array)]
pub struct EventBody {
    /// What it is called.
    #[n(0)]
    pub name: String,
    /// What it is about: folded, ascending.
    #[n(1)]
    pub themes: Vec<String>,
    /// Seats.
    #[n(2)]
    pub capacity: u32,
    /// Who hosts it, ascending.
    #[n(3)]
    pub hosts: Vec<AssociateId>,
    /// When it begins.
    #[n(4)]
    pub begins_at: Timestamp,
    /// How far it is.
    #[n(5)]
    pub state: EventState,
    /// Seats that were granted.
    #[n(6)]
    pub granted: u32,
}

impl NoticeBody for EventBody {
    const KIND: NoticeKind = NoticeKind::Event;
}

impl EventBody {
    /// Seats, within what a small event may have.
    #[must_use]
    pub fn seats(&self) -> u32 {
        self.capacity.clamp(1, CAPACITY_MAX)
    }

    /// Seats kept for the rest of the customers: at least half.
    #[must_use]
    pub fn seats_of_the_rest(&self) -> u32 {
        self.seats().div_ceil(2)
    }

    /// Guests that one host looks after at most; none where there is no host.
    #[must_use]
    pub fn share(&self) -> Option<u32> {
        let hosts = u32::try_from(self.hosts.len()).unwrap_or(u32::MAX);
        (hosts > 0).then(|| self.seats().div_ceil(hosts))
    }
}

/// Why a guest, with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Reason {
    /// Which.
    pub kind: ReasonKind,
    /// Points; negative where it speaks against.
    pub points: i32,
    /// The theme or interest it is about, where it is about one.
    pub about: Option<String>,
    /// Ids of the facts: edits, events, the owner.
    pub sources: Vec<String>,
}

/// Kinds of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// A theme is a confirmed interest: 3 each.
    Theme,
    /// Who looks after them hosts: 2.
    OwnHost,
    /// Was never invited: 2.
    FirstTime,
    /// Shares another interest with somebody on the list: 1.
    SharedInterest,
    /// Was at the same theme lately: −2.
    SameThemeLately,
}

/// Why somebody is no candidate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "bar")]
pub enum Bar {
    /// The contact guard says no, for this reason.
    Guard {
        /// The guard's own reason.
        reason: String,
    },
    /// Was invited often enough lately.
    InvitedOften,
    /// Has a hard no against a theme.
    Avoids {
        /// The theme.
        theme: String,
    },
}

/// A guest of a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Guest {
    /// Who.
    pub customer: CustomerId,
    /// The sum of the reasons.
    pub score: i32,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Which host looks after them; none where nobody hosts yet.
    pub host: Option<AssociateId>,
}

/// What kept seats empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Nobody else may be invited: there are no more candidates.
    Candidates,
    /// The seats left are kept for the rest of the customers.
    SeatsOfTheRest,
    /// Who is left is to be kept apart from somebody on the list.
    Apart,
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// Seats.
    pub seats: u32,
    /// Guests, in the order in which they were chosen.
    pub guests: Vec<Guest>,
    /// Candidates that each bound kept out when no more could be seated; empty for a full list.
    pub bound_by: BTreeMap<Bound, u32>,
    /// Who was no candidate, and why.
    pub barred: BTreeMap<CustomerId, Bar>,
}

impl Proposal {
    /// The proposal in one form, to be compared between replicas.
    #[must_use]
    pub fn hash(&self) -> Hash32 {
        let text = serde_json::to_string(self).expect("a proposal is plain data");
        sha256("guests.v1", &[text.as_bytes()])
    }
}

/// What a list is made from.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The event's id.
    pub id: &'a str,
    /// The event.
    pub event: &'a EventBody,
    /// Who might come.
    pub candidates: &'a BTreeMap<CustomerId, Candidate>,
    /// Pairs that are not both invited, the lower id first.
    pub apart: &'a BTreeSet<(CustomerId, CustomerId)>,
    /// The present moment.
    pub now: Timestamp,
}

impl Setting<'_> {
    /// Whether two are to be kept apart.
    #[must_use]
    pub fn are_apart(&self, one: CustomerId, other: CustomerId) -> bool {
        self.apart.contains(&(one.min(other), one.max(other)))
    }
}

/// The list while it grows.
#[derive(Debug, Default)]
struct List {
    guests: Vec<Guest>,
    /// Guests of the best customers: the seats kept for the rest are not theirs.
    best: u32,
    by_host: BTreeMap<AssociateId, u32>,
    /// What the guests are interested in, beside the themes.
    interests: BTreeSet<String>,
}

/// Proposes guests: again and again the best candidate that keeps every bound, until the seats are full or nobody fits. Never pads.
#[must_use]
pub fn propose(setting: &Setting<'_>) -> Proposal {
    let seats = setting.event.seats();
    let mut barred = BTreeMap::new();
    let mut open = BTreeSet::new();
    for (customer, candidate) in setting.candidates {
        match candidate.bar(setting.event, setting.now) {
            Some(bar) => drop(barred.insert(*customer, bar)),
            None => drop(open.insert(*customer)),
        }
    }
    let mut list = List::default();
    while list.len() < seats {
        let best = open
            .iter()
            .filter(|customer| list.bound(setting, **customer).is_none())
            .filter_map(|customer| {
                let candidate = setting.candidates.get(customer)?;
                let reasons = candidate.reasons(setting, &list.interests);
                let score = reasons.iter().map(|reason| reason.points).sum();
                let past = candidate.invitations.len();
                Some((rank(setting.id, *customer, score, past), reasons))
            })
            .min_by_key(|(rank, _)| *rank);
        let Some(((Reverse(score), _, _, customer), reasons)) = best else {
            break;
        };
        open.remove(&customer);
        list.seat(setting, customer, (score, reasons));
    }
    let mut bound_by = BTreeMap::new();
    if list.len() < seats {
        for customer in &open {
            if let Some(bound) = list.bound(setting, *customer) {
                *bound_by.entry(bound).or_default() += 1;
            }
        }
        if bound_by.is_empty() {
            bound_by.insert(Bound::Candidates, 0);
        }
    }
    Proposal {
        seats,
        guests: list.guests,
        bound_by,
        barred,
    }
}

/// What orders candidates: score, then fewer past invitations, then a lot that is drawn anew for each event.
type Rank = (Reverse<i32>, usize, Hash32, CustomerId);

fn rank(event: &str, customer: CustomerId, score: i32, past: usize) -> Rank {
    let lot = sha256("guest.lot.v1", &[event.as_bytes(), customer.as_bytes()]);
    (Reverse(score), past, lot, customer)
}

impl List {
    fn len(&self) -> u32 {
        u32::try_from(self.guests.len()).unwrap_or(u32::MAX)
    }

    /// The bound that a candidate would break.
    fn bound(&self, setting: &Setting<'_>, customer: CustomerId) -> Option<Bound> {
        let candidate = setting.candidates.get(&customer)?;
        let open_to_all = setting.event.seats() - setting.event.seats_of_the_rest();
        if !candidate.is_of_the_rest && self.best >= open_to_all {
            return Some(Bound::SeatsOfTheRest);
        }
        let is_apart = |guest: &Guest| setting.are_apart(guest.customer, customer);
        self.guests.iter().any(is_apart).then_some(Bound::Apart)
    }

    fn seat(&mut self, setting: &Setting<'_>, customer: CustomerId, why: (i32, Vec<Reason>)) {
        let Some(candidate) = setting.candidates.get(&customer) else {
            return;
        };
        let host = self.host(setting.event, candidate);
        if let Some(host) = host {
            *self.by_host.entry(host).or_default() += 1;
        }
        self.best += u32::from(!candidate.is_of_the_rest);
        let beside = candidate
            .interests
            .keys()
            .filter(|interest| !setting.event.themes.contains(interest));
        self.interests.extend(beside.cloned());
        self.guests.push(Guest {
            customer,
            score: why.0,
            reasons: why.1,
            host,
        });
    }

    /// Who looks after a guest: who does so anyway, where they host and have room; else the host with the fewest guests.
    fn host(&self, event: &EventBody, candidate: &Candidate) -> Option<AssociateId> {
        let share = event.share()?;
        let load = |host: &AssociateId| self.by_host.get(host).copied().unwrap_or(0);
        let own = candidate.owner.filter(|owner| event.hosts.contains(owner));
        own.filter(|own| load(own) < share).or_else(|| {
            let hosts = event.hosts.iter().copied();
            hosts
                .filter(|host| load(host) < share)
                .min_by_key(|host| (load(host), *host))
        })
    }
}
