//! The today list: what is owed today in this book, the earliest close first, as far as the shift's minutes reach.
//!
//! # Invariants
//! - Order: earliest close, then weight, then who was served worst, then the item's id. What somebody spent or how they rank is no input.
//! - After an edit only the items of that customer are made again ([`TodayList::set`]); the list is the same as made from nothing.
//! - What does not fit is shown with the minutes that are missing; nothing is dropped silently.
//!
//! # Where items come from
//! Each customer's [`CustomerDue`] holds what may fall due: obligations from the playbook, promises, arrivals. It is made from the
//! [`Picture`] when something of the customer changes and stored ([`due`]), because no handheld could read 5,000 cards in 150 ms.

pub mod due;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use serde::Serialize;

use super::calendar::MINUTE_MS;
use super::grounds::hash_of;
use super::picture::Picture;
use crate::card::terms::AskKind;
use crate::ids::{AssociateId, CustomerId, Hash32, Timestamp};
use crate::limits;
use crate::notices::bodies::AnswerState;

/// What kind of thing is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum DueKind {
    /// The customer is here, or has an appointment today.
    #[n(0)]
    Arrival,
    /// A promise.
    #[n(1)]
    Promise,
    /// An obligation of the playbook.
    #[n(2)]
    Obligation,
}

/// One thing owed to one customer. Encoded as a CBOR array; frozen since database schema 2.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DueItem {
    /// The obligation's id, or the edit that made the promise or began the visit.
    #[n(0)]
    pub id: String,
    /// Which kind.
    #[n(1)]
    pub kind: DueKind,
    /// The playbook's item; empty for what no item asks for.
    #[n(2)]
    pub item: String,
    /// What it is about: the promise, the visit, the sale.
    #[n(3)]
    pub about: String,
    /// How much it counts, 1 to 5.
    #[n(4)]
    pub weight: u32,
    /// Minutes it takes.
    #[n(5)]
    pub minutes: u32,
    /// From when it may be done.
    #[n(6)]
    pub opens: Timestamp,
    /// Before when it is to be done.
    #[n(7)]
    pub closes: Timestamp,
    /// When it is of no use any more; a promise never is.
    #[n(8)]
    pub lapses: Option<Timestamp>,
    /// Who sees to it; whoever looks after the customer where nobody is named.
    #[n(9)]
    pub assignees: Vec<AssociateId>,
}

impl DueItem {
    /// Whether one of both is a promise and the other an obligation about it.
    fn watches_with(&self, other: &Self) -> bool {
        let kinds = [self.kind, other.kind];
        self.about == other.about
            && (kinds == [DueKind::Promise, DueKind::Obligation]
                || kinds == [DueKind::Obligation, DueKind::Promise])
    }
}

/// What may fall due for one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerDue {
    /// Who.
    pub customer: CustomerId,
    /// Who looks after them first.
    pub owner: Option<AssociateId>,
    /// What share of what was owed they got, in basis points; none while too little has closed to tell.
    pub delivery_bp: Option<u32>,
    /// The items.
    pub items: Vec<DueItem>,
}

/// What items take that no playbook speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// How much a promise counts.
    pub promise_weight: u32,
    /// Minutes of a promise.
    pub promise_minutes: u32,
    /// How much an arrival counts.
    pub arrival_weight: u32,
    /// Minutes of an arrival.
    pub arrival_minutes: u32,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            promise_weight: 5,
            promise_minutes: 10,
            arrival_weight: 5,
            arrival_minutes: 30,
        }
    }
}

/// For whom, when and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// Whose list; everybody's where nobody is named.
    pub of: Option<AssociateId>,
    /// The present moment.
    pub now: Timestamp,
    /// The end of the day: what opens later is for another.
    pub ends: Timestamp,
    /// Minutes there are.
    pub minutes: u32,
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TodayItem {
    /// Who.
    pub customer: CustomerId,
    /// The item's id.
    pub id: String,
    /// Which kind.
    pub kind: DueKind,
    /// The playbook's item; empty for what no item asks for.
    pub item: String,
    /// What it is about.
    pub about: String,
    /// How much it counts.
    pub weight: u32,
    /// Minutes it takes.
    pub minutes: u32,
    /// Before when it is to be done.
    pub closes: Timestamp,
    /// Whether that is over.
    pub is_late: bool,
    /// Minutes that are missing; none for what fits.
    pub minutes_missing: Option<u32>,
}

/// The list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Today {
    /// What fits into the shift.
    pub today: Vec<TodayItem>,
    /// What does not, each with the minutes that are missing.
    pub not_today: Vec<TodayItem>,
    /// Minutes that are left.
    pub minutes_left: u32,
}

impl Today {
    /// The hash of the result.
    #[must_use]
    pub fn hash(&self) -> Hash32 {
        hash_of("concierge.today.v1", self)
    }
}

/// Promises and arrivals of a customer; the playbook's obligations are added by whoever has the playbook.
#[must_use]
pub fn due_of(picture: &Picture<'_>, effort: &Effort) -> Vec<DueItem> {
    if picture.whole.is_erased {
        return Vec::new();
    }
    let mut items = promises(picture, effort);
    items.extend(visit(picture, effort));
    items.extend(appointments(picture, effort));
    items.sort_by(|one, other| one.id.cmp(&other.id));
    items
}

fn promises(picture: &Picture<'_>, effort: &Effort) -> Vec<DueItem> {
    let promises = picture.whole.view.promises.iter();
    let open = promises.filter(|promise| promise.is_open());
    let dated = open.filter_map(|promise| Some((promise, promise.due?)));
    dated
        .map(|(promise, due)| DueItem {
            id: promise.id.to_string(),
            kind: DueKind::Promise,
            item: String::new(),
            about: promise.id.to_string(),
            weight: effort.promise_weight,
            minutes: effort.promise_minutes,
            // A promise shows from a week before, as in the brief.
            opens: due.plus_ms(-7 * Timestamp::DAY_MS),
            closes: due,
            lapses: None,
            assignees: promise.assignees.clone(),
        })
        .collect()
}

/// The visit under way.
fn visit(picture: &Picture<'_>, effort: &Effort) -> Option<DueItem> {
    let visit = picture.whole.view.open_visit()?;
    let arrived = visit.arrived.at;
    Some(DueItem {
        id: visit.id.to_string(),
        about: visit.id.to_string(),
        lapses: Some(arrived.plus_ms(limits::VISIT_OPEN_MS_MAX)),
        ..arrival(effort, (arrived, arrived))
    })
}

/// Appointments that the hub confirmed; each shows on its day.
fn appointments(picture: &Picture<'_>, effort: &Effort) -> Vec<DueItem> {
    let asks = picture.whole.view.asks.iter();
    let appointments = asks.filter(|ask| ask.kind == AskKind::Appointment && !ask.withdrawn);
    let confirmed = appointments.filter_map(|ask| {
        let told = picture.whole.answers.get(&ask.id)?;
        let is_confirmed = told.body.state == AnswerState::Confirmed;
        let at = told.body.at.or(ask.at)?;
        is_confirmed.then_some((ask, at))
    });
    confirmed
        .map(|(ask, at)| DueItem {
            id: ask.id.to_string(),
            about: ask.id.to_string(),
            lapses: Some(at.plus_ms(i64::from(effort.arrival_minutes) * MINUTE_MS)),
            ..arrival(effort, (at.plus_ms(-Timestamp::DAY_MS / 2), at))
        })
        .collect()
}

fn arrival(effort: &Effort, (opens, closes): (Timestamp, Timestamp)) -> DueItem {
    DueItem {
        id: String::new(),
        kind: DueKind::Arrival,
        item: String::new(),
        about: String::new(),
        weight: effort.arrival_weight,
        minutes: effort.arrival_minutes,
        opens,
        closes,
        lapses: None,
        assignees: Vec::new(),
    }
}

/// The order of the list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    closes: Timestamp,
    weight: Reverse<u32>,
    /// Nothing yet shows that somebody new is served at all, so they stand with the worst served.
    delivery_bp: u32,
    id: String,
    customer: CustomerId,
}

/// The list as it is kept while the app runs: one customer's items can be replaced at a time.
#[derive(Debug, Clone)]
pub struct TodayList {
    shift: Shift,
    items: BTreeMap<Rank, TodayItem>,
    ranks: BTreeMap<CustomerId, Vec<Rank>>,
}

impl TodayList {
    /// An empty list.
    #[must_use]
    pub fn new(shift: Shift) -> Self {
        Self {
            shift,
            items: BTreeMap::new(),
            ranks: BTreeMap::new(),
        }
    }

    /// Replaces the items of one customer; in the time that takes, nothing else is looked at.
    pub fn set(&mut self, due: &CustomerDue) {
        self.remove(due.customer);
        let items = due.items.iter().filter(|item| self.is_for(due, item));
        let items: Vec<_> = items.map(|item| (item, self.line(due, item))).collect();
        let mut ranks = Vec::new();
        for (item, line) in items {
            let rank = Rank {
                closes: item.closes,
                weight: Reverse(item.weight),
                delivery_bp: due.delivery_bp.unwrap_or(0),
                id: item.id.clone(),
                customer: due.customer,
            };
            self.items.insert(rank.clone(), line);
            ranks.push(rank);
        }
        if !ranks.is_empty() {
            self.ranks.insert(due.customer, ranks);
        }
    }

    /// Takes a customer off the list.
    pub fn remove(&mut self, customer: CustomerId) {
        for rank in self.ranks.remove(&customer).unwrap_or_default() {
            self.items.remove(&rank);
        }
    }

    /// Whether an item belongs on this list now. A promise that an obligation of the playbook watches over is shown once, as what closes first.
    fn is_for(&self, due: &CustomerDue, item: &DueItem) -> bool {
        let is_doubled = |other: &&DueItem| {
            item.watches_with(other)
                && (other.closes, other.kind) < (item.closes, item.kind)
                && self.is_open(due, other)
        };
        self.is_open(due, item) && !due.items.iter().any(|other| is_doubled(&other))
    }

    /// Whether an item may be done in this shift, by whose list this is.
    fn is_open(&self, due: &CustomerDue, item: &DueItem) -> bool {
        let Shift { of, now, ends, .. } = self.shift;
        let is_now = item.opens <= ends && item.lapses.is_none_or(|lapses| now < lapses);
        let is_mine = of.is_none_or(|me| {
            if item.assignees.is_empty() {
                due.owner.is_none_or(|owner| owner == me)
            } else {
                item.assignees.contains(&me)
            }
        });
        is_now && is_mine
    }

    fn line(&self, due: &CustomerDue, item: &DueItem) -> TodayItem {
        TodayItem {
            customer: due.customer,
            id: item.id.clone(),
            kind: item.kind,
            item: item.item.clone(),
            about: item.about.clone(),
            weight: item.weight,
            minutes: item.minutes,
            closes: item.closes,
            is_late: item.closes <= self.shift.now,
            minutes_missing: None,
        }
    }

    /// The list, with what does not fit into the shift.
    #[must_use]
    pub fn plan(&self) -> Today {
        let mut plan = Today {
            minutes_left: self.shift.minutes,
            ..Today::default()
        };
        for item in self.items.values() {
            match plan.minutes_left.checked_sub(item.minutes) {
                Some(left) => {
                    plan.minutes_left = left;
                    plan.today.push(item.clone());
                }
                None => plan.not_today.push(TodayItem {
                    minutes_missing: Some(item.minutes - plan.minutes_left),
                    ..item.clone()
                }),
            }
        }
        plan
    }
}

/// The list from nothing.
#[must_use]
pub fn today<'d>(due: impl IntoIterator<Item = &'d CustomerDue>, shift: Shift) -> Today {
    let mut list = TodayList::new(shift);
    for due in due {
        list.set(due);
    }
    list.plan()
}

#[cfg(test)]
mod tests;
