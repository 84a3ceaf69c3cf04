//! Obligations: what the playbook owes one customer, each time something set an item off, and what became of it.
//!
//! # Invariants
//! - An obligation is named by customer, item and trigger alone, so any two replicas name it alike.
//! - Its state follows from what is known and the present moment. Evidence from after that moment does not count yet, so a clock
//!   that is years ahead closes nothing and proves nothing.
//! - Only the customer's own wish excuses; only a trigger that vanished (all of it returned, a promise called off) makes it void.
//! - The order in which rows came changes nothing.
//!
//! # Rules
//! - *met*: all evidence of one way lies in `[opens, closes)`. *late*: it was complete only after that, within the item's `late`.
//! - An item that means approaching the customer is not met by what was done against the customer's wish.
//! - *Self-attested*: nothing but our own people's entries on the card shows it; a response, the service desk, an import or
//!   the customer's own entry is evidence from elsewhere.

mod bought;
pub mod days;
mod evidence;
mod instances;
mod own_wish;
#[cfg(test)]
pub(super) mod tests;

use serde::Serialize;

use super::picture::{House, Whole};
use super::playbook::terms::{Condition, Evidence, Trigger};
use super::playbook::{Item, Playbook};
use crate::card::normal::{derived_id, fold};
use crate::card::terms::Agreement;
use crate::ids::{CustomerId, Timestamp};

pub use bought::{BoughtDay, bought_days, corrected, sold_at};
pub use evidence::{Done, Thing, Written};
pub use instances::{About, Instance};
pub use own_wish::{Excuse, OwnWish};

/// What became of an obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its time is not over.
    Pending,
    /// It was done in time.
    Met,
    /// It was done, but late: half.
    Late,
    /// Its time is over.
    Missed,
    /// The customer does not want it.
    Excused,
    /// What set it off is gone.
    Void,
}

impl State {
    /// Its stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Met => "met",
            Self::Late => "late",
            Self::Missed => "missed",
            Self::Excused => "excused",
            Self::Void => "void",
        }
    }
}

/// Something owed to one customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Obligation {
    /// Its id.
    pub id: String,
    /// The playbook's item.
    pub item: String,
    /// How much it counts.
    pub weight: u32,
    /// Minutes it takes.
    pub minutes: u32,
    /// Whether doing it means approaching the customer.
    pub contact: bool,
    /// What set it off.
    pub trigger: Trigger,
    /// Which one: the id of the visit, the promise, the day as a number.
    pub about: String,
    /// When that was.
    pub at: Timestamp,
    /// From when it may be done.
    pub opens_at: Timestamp,
    /// Before when it is to be done.
    pub closes_at: Timestamp,
    /// What became of it.
    pub state: State,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// What shows it.
    pub sources: Vec<String>,
    /// Whether nothing but our own people's entries shows it.
    pub self_attested: bool,
    /// Which wish of the customer excuses it.
    pub excuse: Option<Excuse>,
}

/// One customer's facts, gathered once for all items.
#[derive(Debug)]
pub struct Facts<'a> {
    whole: &'a Whole,
    house: &'a House,
    now: Timestamp,
    /// What was done, by kind and time.
    pub done: Vec<Done<'a>>,
    /// What the customer wishes for themselves.
    pub own_wishes: Vec<OwnWish>,
    /// Days on which something was bought.
    pub bought: Vec<BoughtDay>,
}

/// An obligation without its words: what the gap counts.
#[derive(Debug)]
pub struct Owed<'f> {
    /// Place of the item in the playbook.
    pub item: usize,
    /// What set it off.
    pub instance: Instance<'f>,
    /// From when it may be done.
    pub opens_at: Timestamp,
    /// Before when it is to be done.
    pub closes_at: Timestamp,
    /// What became of it.
    pub state: State,
    /// When it was done, by which pieces of evidence ([`Facts::done`]).
    pub shown: Option<(Timestamp, Vec<usize>)>,
    /// Which wish of the customer excuses it.
    pub excuse: Option<Excuse>,
}

/// What the playbook owes a customer, in the order in which it closes.
#[must_use]
pub fn obligations(
    customer: CustomerId,
    (whole, house): (&Whole, &House),
    playbook: &Playbook,
    now: Timestamp,
) -> Vec<Obligation> {
    let facts = Facts::new(whole, house, now);
    let mut obligations = Vec::new();
    facts.owed(playbook, &mut |item, owed| {
        obligations.push(facts.told(customer, item, owed));
    });
    obligations.sort_by(|one, other| {
        let key = |one: &Obligation| (one.closes_at, one.id.clone());
        key(one).cmp(&key(other))
    });
    obligations
}

/// The id of an obligation: from customer, item and what set it off. Frozen since database schema 2.
#[must_use]
pub fn obligation_id(customer: CustomerId, item: &str, trigger: Trigger, about: &str) -> String {
    derived_id(&[
        "obligation",
        &customer.to_string(),
        item,
        trigger.as_str(),
        about,
    ])
}

impl<'a> Facts<'a> {
    /// Gathers the facts.
    #[must_use]
    pub fn new(whole: &'a Whole, house: &'a House, now: Timestamp) -> Self {
        let bought = bought_days(&whole.sales, house);
        Self {
            whole,
            house,
            now,
            done: evidence::gather(whole, &bought),
            own_wishes: own_wish::gather(&whole.view),
            bought,
        }
    }

    /// Visits what is owed, item by item.
    pub fn owed(&self, playbook: &Playbook, visit: &mut dyn FnMut(&Item, Owed<'_>)) {
        if self.whole.is_erased {
            return;
        }
        for trigger in Trigger::ALL {
            let items: Vec<_> = (0..)
                .zip(&playbook.items)
                .filter(|(_, item)| item.trigger == *trigger)
                .collect();
            if items.is_empty() {
                continue;
            }
            let instances = self.instances(*trigger);
            for (place, item) in items {
                for instance in &instances {
                    if let Some(owed) = self.judge((place, item), instance, &instances) {
                        visit(item, owed);
                    }
                }
            }
        }
    }

    fn judge<'f>(
        &self,
        (place, item): (usize, &Item),
        instance: &Instance<'f>,
        others: &[Instance<'f>],
    ) -> Option<Owed<'f>> {
        let opens_at = item.opens.after(instance.at);
        let closes_at = item.closes.after(instance.at);
        let applies = |condition| self.holds(condition, instance, closes_at);
        if !item.applies_if.iter().all(applies) {
            return None;
        }
        let excuse = own_wish::excuse(&self.own_wishes, (item, instance), closes_at, self.now);
        let against = excuse.filter(|_| item.contact);
        let until = item.late.after(closes_at);
        let window = (opens_at, until);
        let mut shown = self.shown(item, (instance, others), window);
        if let (Some((at, _)), Some(wish)) = (&shown, against)
            && *at >= wish.at
        {
            // Done against the customer's wish: that is no service.
            shown = None;
        }
        let is_moot = instance.moot_at.is_some_and(|at| at < closes_at);
        let state = match &shown {
            _ if instance.is_void => State::Void,
            Some((at, _)) if *at < closes_at => State::Met,
            Some(_) => State::Late,
            None if is_moot => State::Void,
            None if excuse.is_some() => State::Excused,
            None if self.now < closes_at => State::Pending,
            None => State::Missed,
        };
        Some(Owed {
            item: place,
            instance: instance.clone(),
            opens_at,
            closes_at,
            state,
            shown,
            excuse: excuse
                .filter(|_| state == State::Excused)
                .map(|wish| wish.excuse),
        })
    }

    /// Whether a condition holds for what was set off.
    fn holds(&self, condition: &Condition, instance: &Instance<'_>, closes_at: Timestamp) -> bool {
        let view = &self.whole.view;
        match condition {
            // Whoever ended it had agreed before; that they ended it excuses.
            Condition::Agreed => {
                view.agreement
                    .as_ref()
                    .is_some_and(|agreement| match agreement.value {
                        Agreement::Agreed => agreement.at < closes_at,
                        Agreement::Ended => true,
                        Agreement::Invited | Agreement::Declined => false,
                    })
            }
            Condition::Celebrates => instance.celebrate.is_some(),
            Condition::HasPreferences => self.preferences_known(instance.at) > 0,
            Condition::HasOwner => {
                let owner = self.whole.owner.as_ref();
                owner.is_some_and(|owner| owner.since < closes_at)
            }
            Condition::FirstPurchase => !self.bought_before(instance.at),
            Condition::RepeatPurchase => self.bought_before(instance.at),
            Condition::SpentAtLeast { minor, currency } => {
                let until = |record: &&_| sold_at(record, self.house).1 <= instance.at;
                let sales = self.whole.sales.iter().filter(until);
                bought::net(sales, *currency) >= *minor
            }
            Condition::Tag(tag) => {
                let tag = fold(tag);
                let has = |one: &crate::card::view::Fact<String>| {
                    fold(&one.value) == tag && one.at < closes_at
                };
                view.tags.iter().any(has)
            }
        }
    }

    fn bought_before(&self, at: Timestamp) -> bool {
        self.bought
            .iter()
            .any(|day| day.at < at && !day.is_returned)
    }

    /// Preferences that the customer had stated before.
    fn preferences_known(&self, before: Timestamp) -> usize {
        self.of_kind(Evidence::PreferenceConfirmed)
            .filter(|(_, done)| done.at < before)
            .count()
    }

    fn of_kind(&self, kind: Evidence) -> impl Iterator<Item = (usize, &Done<'a>)> {
        let begin = self.done.partition_point(|done| done.kind < kind);
        let done = self.done.iter().enumerate().skip(begin);
        done.take_while(move |(_, done)| done.kind == kind)
    }

    /// The earliest moment at which one way was complete, and by what.
    fn shown(
        &self,
        item: &Item,
        about: (&Instance<'_>, &[Instance<'_>]),
        window: (Timestamp, Timestamp),
    ) -> Option<(Timestamp, Vec<usize>)> {
        let ways = item.done_if.iter();
        let complete = ways.filter_map(|way| {
            let mut at = window.0;
            let mut used = Vec::new();
            for kind in way {
                let (last, pieces) = self.pieces((item, *kind), about, window)?;
                at = at.max(last);
                used.extend(pieces);
            }
            Some((at, used))
        });
        complete.min()
    }

    /// As many pieces of one kind as the item asks for, the earliest first; and when the last of them was.
    fn pieces(
        &self,
        (item, kind): (&Item, Evidence),
        (instance, others): (&Instance<'_>, &[Instance<'_>]),
        (opens_at, until): (Timestamp, Timestamp),
    ) -> Option<(Timestamp, Vec<usize>)> {
        if kind == Evidence::Quiet {
            return (!instance.is_breach && instance.at <= self.now)
                .then(|| (instance.at, self.itself(instance).into_iter().collect()));
        }
        let mut needed = usize::try_from(item.at_least).unwrap_or(usize::MAX);
        if kind == Evidence::Honored {
            needed = needed.min(self.preferences_known(instance.at).max(1));
        }
        let fits = |done: &Done<'_>| {
            opens_at <= done.at
                && done.at < until
                && done.at <= self.now
                && instance.takes(done, others)
        };
        let fitting = self.of_kind(kind).filter(|(_, done)| fits(done));
        let pieces: Vec<_> = fitting
            .take(needed)
            .map(|(place, done)| (done.at, place))
            .collect();
        let last = pieces.last().filter(|_| pieces.len() == needed)?.0;
        Some((last, pieces.into_iter().map(|(_, place)| place).collect()))
    }

    /// The piece of evidence that a contact of ours is of itself, on the card or in a notice.
    fn itself(&self, contact: &Instance<'_>) -> Option<usize> {
        let from = match contact.about {
            About::Edit(edit) => Written::Edit(edit),
            About::Key(key) => Written::Notice("contact", key),
            About::Day(_) | About::Year(..) | About::Since(..) => return None,
        };
        let sought = (Evidence::Contact, contact.at, from);
        let order = |done: &Done<'_>| (done.kind, done.at, done.from).cmp(&sought);
        self.done.binary_search_by(order).ok()
    }

    /// Whether nothing but our own people's entries shows it.
    #[must_use]
    pub fn is_self_attested(&self, shown: &[usize]) -> bool {
        !shown.is_empty()
            && shown
                .iter()
                .filter_map(|place| self.done.get(*place))
                .all(|done| done.is_attested)
    }

    fn told(&self, customer: CustomerId, item: &Item, owed: Owed<'_>) -> Obligation {
        let about = owed.instance.about.to_string();
        let (done_at, places) = owed
            .shown
            .filter(|_| matches!(owed.state, State::Met | State::Late))
            .map_or((None, Vec::new()), |(at, places)| (Some(at), places));
        let self_attested = self.is_self_attested(&places);
        let pieces = places.iter().filter_map(|place| self.done.get(*place));
        Obligation {
            id: obligation_id(customer, &item.id, item.trigger, &about),
            item: item.id.clone(),
            weight: item.weight,
            minutes: item.minutes,
            contact: item.contact,
            trigger: item.trigger,
            about,
            at: owed.instance.at,
            opens_at: owed.opens_at,
            closes_at: owed.closes_at,
            state: owed.state,
            done_at,
            sources: pieces.map(|done| done.from.to_string()).collect(),
            self_attested,
            excuse: owed.excuse,
        }
    }

    /// Every moment at which passing time alone may change what is known here; those in the past included.
    pub fn moments(&self, visit: &mut dyn FnMut(Timestamp)) {
        self.done.iter().for_each(|done| visit(done.at));
        for wish in &self.own_wishes {
            visit(wish.at);
            wish.until.into_iter().for_each(&mut *visit);
        }
        self.bought.iter().for_each(|day| visit(day.at));
        let view = &self.whole.view;
        view.visits.iter().for_each(|one| visit(one.arrived.at));
        // A promise is overdue whether or not the playbook speaks of promises.
        let due = view.promises.iter().filter_map(|promise| promise.due);
        due.for_each(visit);
    }

    /// The customer.
    #[must_use]
    pub fn whole(&self) -> &'a Whole {
        self.whole
    }

    /// The house.
    #[must_use]
    pub fn house(&self) -> &'a House {
        self.house
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }
}
