//! The today list: what is owed today in this book, the earliest close first, as far as the shift's minutes reach.
//!
//! # Invariants
//! - Order: earliest close, then weight, then who was served worst, then the item's id. What somebody spent or how they rank is no input.
//! - After an edit only the items of that customer are made again ([`TodayList::set`]); the list is the same as made from nothing.
//! - What does not fit is shown with the minutes that are missing, as far as there is room, and counted; nothing is dropped silently.
//!
//! # Where items come from
//! Each customer's [`CustomerDue`] holds what may fall due: obligations from the playbook, promises, arrivals. It is made from the
//! [`Picture`] when something of the customer changes and stored ([`due`]), because no handheld could read 5,000 cards in 150 ms.

pub mod due;
mod row;
mod unheard;
mod wishes;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use minicbor::{Decode, Encode};
use serde::Serialize;

use super::calendar::MINUTE_MS;
use super::grounds::hash_of;
use super::picture::Picture;
use crate::card::terms::AskKind;
use crate::ids::{AssociateId, CustomerId, Hash32, Timestamp};
use crate::limits;
use crate::notices::bodies::AnswerState;

pub use row::row_of;

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
    /// The customer came to a small event, and what they thought of it is not written down yet.
    #[n(3)]
    Guest,
}

/// One thing owed to one customer. Encoded as a CBOR array; frozen since database schema 2.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DueItem {
    /// The obligation's id, the edit that made the promise or began the visit, or what names guest and event.
    #[n(0)]
    pub id: String,
    /// Which kind.
    #[n(1)]
    pub kind: DueKind,
    /// The playbook's item; empty for what no item asks for.
    #[n(2)]
    pub item: String,
    /// What it is about: the promise, the visit, the sale, the event.
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
    /// What was promised, in the words it was written in, or what the event is called; none for what is neither.
    #[n(10)]
    pub words: Option<String>,
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
    /// Numbers of the articles that the customer waits for: news of their stock makes this anew.
    pub wishes: Vec<String>,
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
    /// How much a guest's reaction counts.
    pub guest_weight: u32,
    /// Minutes of asking a guest.
    pub guest_minutes: u32,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            promise_weight: 5,
            promise_minutes: 10,
            arrival_weight: 5,
            arrival_minutes: 30,
            guest_weight: 3,
            guest_minutes: 5,
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
    /// What was promised, in the words it was written in, or what the event is called; none for what is about neither.
    pub words: Option<String>,
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
    /// What does not, each with the minutes that are missing: the first of it.
    pub not_today: Vec<TodayItem>,
    /// How much does not in all.
    pub not_today_count: u32,
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

/// Promises, arrivals and unheard events of a customer; the playbook's obligations are added by whoever has the playbook.
#[must_use]
pub fn due_of(picture: &Picture<'_>, effort: &Effort) -> Vec<DueItem> {
    if picture.whole.is_erased {
        return Vec::new();
    }
    let mut items = promises(picture, effort);
    items.extend(visit(picture, effort));
    items.extend(appointments(picture, effort));
    items.extend(unheard::unheard(picture, effort));
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
            words: Some(promise.what.value.clone()),
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
        words: None,
    }
}

/// What may fall due in a book, in the order of the list, kept while an app runs: one customer's items can be replaced at a time, and a list
/// for any shift is read off it.
#[derive(Debug, Clone, Default)]
pub struct TodayList {
    rows: BTreeMap<CustomerId, Arc<CustomerDue>>,
    /// Every item of every row. A sorted vector: replacing a customer's few among 20,000 moves less than a tree of them would visit.
    order: Vec<Entry>,
}

/// The order of the list.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank<'i> {
    closes: Timestamp,
    weight: Reverse<u32>,
    /// Nothing yet shows that somebody new is served at all, so they stand with the worst served.
    delivery_bp: u32,
    id: &'i str,
    customer: CustomerId,
}

/// An item where it stands.
#[derive(Debug, Clone)]
struct Entry {
    due: Arc<CustomerDue>,
    at: usize,
}

impl Entry {
    /// Always there: a row that is kept does not change.
    fn item(&self) -> Option<&DueItem> {
        self.due.items.get(self.at)
    }

    fn rank(&self) -> Option<Rank<'_>> {
        let item = self.item()?;
        Some(Rank {
            closes: item.closes,
            weight: Reverse(item.weight),
            delivery_bp: self.due.delivery_bp.unwrap_or(0),
            id: &item.id,
            customer: self.due.customer,
        })
    }

    fn of(due: &Arc<CustomerDue>) -> impl Iterator<Item = Self> {
        (0..due.items.len()).map(|at| Self {
            due: Arc::clone(due),
            at,
        })
    }
}

impl TodayList {
    /// The rows that it is made of, in the order of customers.
    pub fn rows(&self) -> impl Iterator<Item = &CustomerDue> {
        self.rows.values().map(AsRef::as_ref)
    }

    /// Replaces the items of one customer.
    pub fn set(&mut self, due: CustomerDue) {
        self.remove(due.customer);
        let due = Arc::new(due);
        for entry in Entry::of(&due) {
            self.order.insert(self.place(&entry), entry);
        }
        self.rows.insert(due.customer, due);
    }

    /// Where an entry stands, or would stand.
    fn place(&self, entry: &Entry) -> usize {
        let rank = entry.rank();
        self.order.partition_point(|other| other.rank() < rank)
    }

    /// Takes a customer off the list.
    pub fn remove(&mut self, customer: CustomerId) {
        let Some(due) = self.rows.remove(&customer) else {
            return;
        };
        for entry in Entry::of(&due) {
            let at = self.place(&entry);
            let found = self.order.get(at);
            if found.is_some_and(|found| found.rank() == entry.rank()) {
                self.order.remove(at);
            }
        }
    }

    /// The list for a shift, with `left_most` lines at most of what does not fit.
    #[must_use]
    pub fn plan(&self, shift: &Shift, left_most: usize) -> Today {
        let mut plan = Today {
            minutes_left: shift.minutes,
            ..Today::default()
        };
        for entry in &self.order {
            let item = entry.item();
            let Some(item) = item.filter(|item| shift.is_for(&entry.due, item)) else {
                continue;
            };
            let missing = match plan.minutes_left.checked_sub(item.minutes) {
                Some(left) => {
                    plan.minutes_left = left;
                    plan.today.push(shift.line(&entry.due, item, None));
                    continue;
                }
                None => item.minutes - plan.minutes_left,
            };
            plan.not_today_count += 1;
            if plan.not_today.len() < left_most {
                plan.not_today
                    .push(shift.line(&entry.due, item, Some(missing)));
            }
        }
        plan
    }
}

impl FromIterator<CustomerDue> for TodayList {
    /// The list from nothing; no customer may come twice.
    fn from_iter<I: IntoIterator<Item = CustomerDue>>(due: I) -> Self {
        let mut list = Self::default();
        for due in due {
            let due = Arc::new(due);
            list.order.extend(Entry::of(&due));
            list.rows.insert(due.customer, due);
        }
        list.order
            .sort_unstable_by(|one, other| one.rank().cmp(&other.rank()));
        list
    }
}

impl Shift {
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
        let is_now = item.opens <= self.ends && item.lapses.is_none_or(|lapses| self.now < lapses);
        let is_mine = self.of.is_none_or(|me| {
            if item.assignees.is_empty() {
                due.owner.is_none_or(|owner| owner == me)
            } else {
                item.assignees.contains(&me)
            }
        });
        is_now && is_mine
    }

    fn line(&self, due: &CustomerDue, item: &DueItem, minutes_missing: Option<u32>) -> TodayItem {
        TodayItem {
            customer: due.customer,
            id: item.id.clone(),
            kind: item.kind,
            item: item.item.clone(),
            words: item.words.clone(),
            about: item.about.clone(),
            weight: item.weight,
            minutes: item.minutes,
            closes: item.closes,
            is_late: item.closes <= self.now,
            minutes_missing,
        }
    }
}

#[cfg(test)]
mod tests;
