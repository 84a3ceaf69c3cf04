//! What one customer adds to the gap: a small row that says all that counts of them, and when it changes by itself.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};

use super::exact::Share;
use super::{Order, Settings};
use crate::concierge::obligations::days::{day_of, year_of};
use crate::concierge::obligations::{Excuse, Facts, Owed, State, sold_at};
use crate::concierge::picture::{House, Whole};
use crate::concierge::playbook::terms::Evidence;
use crate::concierge::playbook::{Item, Playbook};
use crate::ids::{CustomerId, Timestamp};
use crate::records::RecordKind;

/// Pending obligations that close within this are the week's work.
const WEEK_MS: i64 = 7 * Timestamp::DAY_MS;

/// What one item of the playbook came to for one customer, over what closed in the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ItemCount {
    /// Place of the item in the playbook.
    #[n(0)]
    pub item: u16,
    /// Met in time.
    #[n(1)]
    pub met: u32,
    /// Done late.
    #[n(2)]
    pub late: u32,
    /// Missed.
    #[n(3)]
    pub missed: u32,
    /// Excused by the customer's own wish.
    #[n(4)]
    pub excused: u32,
    /// Of those met or late, how many only our own people's entries show.
    #[n(5)]
    pub attested: u32,
    /// Minutes of those that close within a week and are not done.
    #[n(6)]
    pub due_minutes: u32,
}

impl ItemCount {
    /// Obligations that closed and count.
    #[must_use]
    pub fn closed(&self) -> u64 {
        u64::from(self.met) + u64::from(self.late) + u64::from(self.missed)
    }

    /// Credit in halves.
    #[must_use]
    pub fn halves(&self) -> u64 {
        2 * u64::from(self.met) + u64::from(self.late)
    }
}

/// One customer's row. Encoded as a CBOR array; the hub makes it again from the cards, so its form may change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Contribution {
    /// Whether they came by or bought something in the window.
    #[n(0)]
    pub is_active: bool,
    /// Purchases less returns of the window, in minor units of the chain's currency.
    #[n(1)]
    pub spend_minor: i64,
    /// Days in the window on which they came by or bought something.
    #[n(2)]
    pub days: u32,
    /// The first day that is known of them.
    #[n(3)]
    pub first_day: i64,
    /// Whether they want no relationship or no contact.
    #[n(4)]
    pub declined: bool,
    /// Visits in the window.
    #[n(5)]
    pub visits: u32,
    /// Sales in the window in other currencies.
    #[n(6)]
    pub other_currency: u32,
    /// By item, those with something to count.
    #[n(7)]
    pub items: Vec<ItemCount>,
    /// What was done in the window: place in the list of evidence, and how often.
    #[n(8)]
    pub acts: Vec<(u8, u32)>,
    /// When this row changes although nobody writes anything.
    #[n(9)]
    pub next_change: Option<Timestamp>,
    /// The cards that this person is made of, where there are several.
    #[n(10)]
    pub members: Vec<CustomerId>,
}

/// Counts one customer.
struct Counter<'a> {
    facts: &'a Facts<'a>,
    settings: &'a Settings,
    now: Timestamp,
    items: BTreeMap<u16, ItemCount>,
    next: Option<Timestamp>,
}

impl Contribution {
    /// What a customer adds now.
    #[must_use]
    pub fn of(
        (whole, house): (&Whole, &House),
        playbook: &Playbook,
        settings: &Settings,
        now: Timestamp,
    ) -> Self {
        if whole.is_erased {
            return Self::default();
        }
        let facts = Facts::new(whole, house, now);
        let mut counter = Counter {
            facts: &facts,
            settings,
            now,
            items: BTreeMap::new(),
            next: None,
        };
        facts.owed(playbook, &mut |item, owed| counter.count(item, &owed));
        facts.moments(&mut |at| {
            counter.changes_at(at);
            counter.changes_at(at.plus_ms(settings.window_ms()));
        });
        let mut row = Self {
            acts: counter.acts(),
            ..Self::default()
        };
        counter.count_custom(&mut row);
        if !whole.view.occasions.is_empty() {
            // The years that are looked at move with the present one.
            let next = day_of(year_of(now.days()) + 1, 1, 1).unwrap_or(i64::MAX);
            counter.changes_at(Timestamp(next.saturating_mul(Timestamp::DAY_MS)));
        }
        let wants_none = |excuse| matches!(excuse, Excuse::DoNotContact | Excuse::NoRelationship);
        row.declined = facts
            .own_wishes
            .iter()
            .any(|wish| wants_none(wish.excuse) && wish.holds(now));
        row.items = counter.items.into_values().collect();
        row.next_change = counter.next;
        if whole.members.len() > 1 {
            row.members.clone_from(&whole.members);
        }
        row
    }

    /// Closed obligations that count.
    #[must_use]
    pub fn closed(&self) -> u64 {
        self.items.iter().map(ItemCount::closed).sum()
    }

    /// What share of what is owed they got, by weight; none where too little is closed to tell.
    #[must_use]
    pub fn share(&self, playbook: &Playbook, settings: &Settings) -> Option<Share> {
        if self.closed() < settings.customer_min.max(1) {
            return None;
        }
        let (mut part, mut whole) = (0, 0);
        for count in &self.items {
            let item = playbook.items.get(usize::from(count.item))?;
            part += u64::from(item.weight) * count.halves();
            whole += u64::from(item.weight) * 2 * count.closed();
        }
        Share::new(part, whole)
    }

    /// Where the customer stands among the best, as bytes that sort ascending: the best first. Of active customers alone.
    #[must_use]
    pub fn rank(&self, customer: CustomerId, order: &Order) -> Vec<u8> {
        let descending = |number: i64| (!number.cast_unsigned() ^ (1 << 63)).to_be_bytes();
        let spend = descending(self.spend_minor);
        let days = (!self.days).to_be_bytes();
        let mut rank = Vec::with_capacity(40);
        match order {
            Order::Spend => {
                rank.extend(spend);
                rank.extend(days);
            }
            Order::Loyalty => {
                rank.extend(days);
                rank.extend((self.first_day.cast_unsigned() ^ (1 << 63)).to_be_bytes());
            }
            Order::Named(list) => {
                let place = list.get(&customer).copied().unwrap_or(u32::MAX);
                rank.extend(place.to_be_bytes());
                rank.extend(spend);
                rank.extend(days);
            }
        }
        rank.extend(customer.as_bytes());
        rank
    }
}

impl Counter<'_> {
    /// Notes that something changes at a moment, when that is still to come.
    fn changes_at(&mut self, at: Timestamp) {
        if at > self.now {
            self.next = Some(self.next.map_or(at, |next| next.min(at)));
        }
    }

    /// Whether a moment lies in the window.
    fn is_in(&self, at: Timestamp) -> bool {
        at <= self.now && at.plus_ms(self.settings.window_ms()) > self.now
    }

    fn count(&mut self, item: &Item, owed: &Owed<'_>) {
        let closes = owed.closes_at;
        for at in [
            owed.instance.at,
            closes.plus_ms(-WEEK_MS),
            closes,
            closes.plus_ms(self.settings.window_ms()),
        ] {
            self.changes_at(at);
        }
        if let Some(at) = owed.instance.moot_at {
            self.changes_at(at);
        }
        let is_closed = self.is_in(closes);
        let is_due = owed.state == State::Pending && closes <= self.now.plus_ms(WEEK_MS);
        if !is_closed && !is_due {
            return;
        }
        let Ok(place) = u16::try_from(owed.item) else {
            return;
        };
        let is_attested = owed
            .shown
            .as_ref()
            .is_some_and(|(_, pieces)| self.facts.is_self_attested(pieces));
        let count = self.items.entry(place).or_insert(ItemCount {
            item: place,
            ..ItemCount::default()
        });
        match owed.state {
            State::Pending => count.due_minutes += item.minutes,
            State::Met => {
                count.met += 1;
                count.attested += u32::from(is_attested);
            }
            State::Late => {
                count.late += 1;
                count.attested += u32::from(is_attested);
            }
            State::Missed => count.missed += 1,
            State::Excused => count.excused += 1,
            State::Void => {}
        }
        if *count
            == (ItemCount {
                item: place,
                ..ItemCount::default()
            })
        {
            self.items.remove(&place);
        }
    }

    /// What was done in the window, by kind.
    fn acts(&self) -> Vec<(u8, u32)> {
        let mut acts: BTreeMap<u8, u32> = BTreeMap::new();
        for done in self.facts.done.iter().filter(|done| self.is_in(done.at)) {
            let place = Evidence::ALL.iter().position(|kind| *kind == done.kind);
            if let Some(place) = place.and_then(|place| u8::try_from(place).ok()) {
                *acts.entry(place).or_default() += 1;
            }
        }
        acts.into_iter().collect()
    }

    /// Visits, purchases and spend of the window, and since when the customer is known.
    fn count_custom(&mut self, row: &mut Contribution) {
        let (whole, house) = (self.facts.whole(), self.facts.house());
        let mut days = BTreeSet::new();
        let mut first = whole.view.since.map(Timestamp::days);
        let mut note = |day: i64| first = Some(first.map_or(day, |first| first.min(day)));
        for visit in &whole.view.visits {
            let at = visit.arrived.at;
            let minutes = house.minutes_ahead(visit.arrived.shop, at).unwrap_or(0);
            let day = at.plus_ms(i64::from(minutes) * 60_000).days();
            note(day);
            if self.is_in(at) {
                row.visits += 1;
                days.insert(day);
            }
        }
        for record in &whole.sales {
            let (day, at) = sold_at(record, house);
            note(day);
            self.changes_at(at);
            self.changes_at(at.plus_ms(self.settings.window_ms()));
            if !self.is_in(at) {
                continue;
            }
            let is_ours = record.sale.currency == self.settings.currency;
            row.other_currency += u32::from(!is_ours);
            let amount = if is_ours { record.sale.amount_minor } else { 0 };
            match record.kind {
                RecordKind::Purchase => {
                    days.insert(day);
                    row.spend_minor = row.spend_minor.saturating_add(amount);
                }
                RecordKind::Return => row.spend_minor = row.spend_minor.saturating_sub(amount),
            }
        }
        row.first_day = first.unwrap_or(i64::MAX);
        row.days = u32::try_from(days.len()).unwrap_or(u32::MAX);
        row.is_active = row.days > 0;
    }
}
