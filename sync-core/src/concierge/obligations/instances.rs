//! What sets items off, each time with an id of its own that stays the same whatever else is learnt.

use std::fmt;

use super::Facts;
use super::bought::{corrected, sold_at};
use super::days::{day_of, year_of};
use super::evidence::Done;
use super::own_wish::{Excuse, OwnWish};
use crate::card::normal::fold;
use crate::card::reduce::Decision;
use crate::card::terms::{Act, Channel, InteractionKind, NeedState, PromiseStatus, Purpose};
use crate::concierge::playbook::terms::Trigger;
use crate::ids::{AssociateId, EditId, Timestamp};
use crate::records::RecordKind;

/// Years of an occasion that are looked at before the present one.
const YEARS_BACK: i64 = 4;
/// A reply to the customer's own word within this is no approach.
const REPLY_MS: i64 = 72 * 3_600_000;
/// Approaches within a day.
const PER_DAY_MAX: usize = 1;
/// Approaches within a week.
const PER_WEEK_MAX: usize = 2;

/// Which one set it off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum About<'a> {
    /// Something that an edit made.
    Edit(EditId),
    /// Something with a text for an id.
    Key(&'a str),
    /// A day.
    Day(i64),
    /// Something of one year.
    Year(&'a str, i64),
    /// An associate, since a moment.
    Since(AssociateId, Timestamp),
}

impl fmt::Display for About<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edit(edit) => edit.fmt(f),
            Self::Key(key) => f.write_str(key),
            Self::Day(day) => write!(f, "{day}"),
            Self::Year(key, year) => write!(f, "{key}:{year}"),
            Self::Since(associate, since) => write!(f, "{associate}:{}", since.0),
        }
    }
}

/// One time that something set items off.
#[derive(Debug, Clone)]
pub struct Instance<'a> {
    /// Which one.
    pub about: About<'a>,
    /// The moment that windows are counted from.
    pub at: Timestamp,
    /// Whether it is as if it had never happened.
    pub is_void: bool,
    /// When there was nothing left to do, where it came to that.
    pub moot_at: Option<Timestamp>,
    /// For an occasion: whether to celebrate.
    pub celebrate: Option<bool>,
    /// For a contact: whether it was more than the customer allows.
    pub is_breach: bool,
    visit: Option<EditId>,
    sku: Option<&'a str>,
}

impl<'a> Instance<'a> {
    fn new(about: About<'a>, at: Timestamp) -> Self {
        Self {
            about,
            at,
            is_void: false,
            moot_at: None,
            celebrate: None,
            is_breach: false,
            visit: None,
            sku: None,
        }
    }

    /// Whether a piece of evidence can be about this one, and not about another of `others`.
    pub(super) fn takes(&self, done: &Done<'_>, others: &[Self]) -> bool {
        if let (Some(own), Some(during)) = (self.visit, done.visit)
            && own != during
        {
            return false;
        }
        if let (Some(own), Some(sku)) = (self.sku, done.sku)
            && fold(own) != fold(sku)
        {
            return false;
        }
        let names = |one: &Self| {
            done.about.is_some_and(|thing| match one.about {
                About::Edit(edit) => thing.is(&edit.to_string()),
                About::Key(key) | About::Year(key, _) => thing.is(key),
                About::Day(_) | About::Since(..) => false,
            })
        };
        done.about.is_none() || names(self) || !others.iter().any(names)
    }
}

/// One approach of ours.
struct Approach<'a> {
    at: Timestamp,
    about: About<'a>,
    channel: Option<Channel>,
    purpose: Purpose,
}

impl<'a> Facts<'a> {
    /// Every time that something set items off.
    pub(super) fn instances(&self, trigger: Trigger) -> Vec<Instance<'a>> {
        let mut instances = match trigger {
            Trigger::Visit => self.visits(),
            Trigger::SecondVisit => self.second_visit(),
            Trigger::Purchase => self.purchases(),
            Trigger::Promise => self.promises(),
            Trigger::Occasion => self.occasions(),
            Trigger::WishInStock => self.wishes_in_stock(),
            Trigger::Complaint => self.complaints(),
            Trigger::NewOwner => self.new_owner(),
            Trigger::Suggestion => self.suggestions(),
            Trigger::Need => self.needs(),
            Trigger::Contacted => self.contacts(),
        };
        instances.sort_by_key(|instance| (instance.at, instance.about));
        instances
    }

    fn visits(&self) -> Vec<Instance<'a>> {
        let visits = self.whole.view.visits.iter();
        let of = |visit: &'a crate::card::view::VisitView| Instance {
            visit: Some(visit.id),
            ..Instance::new(About::Edit(visit.id), visit.arrived.at)
        };
        visits.map(of).collect()
    }

    fn second_visit(&self) -> Vec<Instance<'a>> {
        let visits = self.whole.view.visits.iter();
        let day = |visit: &crate::card::view::VisitView| {
            let at = visit.arrived.at;
            let minutes = self.house.minutes_ahead(visit.arrived.shop, at);
            at.plus_ms(i64::from(minutes.unwrap_or(0)) * 60_000).days()
        };
        let mut days: Vec<_> = visits.map(|visit| (day(visit), visit.arrived.at)).collect();
        days.sort_unstable();
        days.dedup_by_key(|(day, _)| *day);
        // Named by nothing but that it is the second: an earlier visit that is learnt of later moves it, and makes no other.
        let second = days
            .get(1)
            .map(|(_, at)| Instance::new(About::Key("second"), *at));
        second.into_iter().collect()
    }

    fn purchases(&self) -> Vec<Instance<'a>> {
        let of = |day: &super::BoughtDay| Instance {
            is_void: day.is_returned,
            ..Instance::new(About::Day(day.day), day.at)
        };
        self.bought.iter().map(of).collect()
    }

    fn promises(&self) -> Vec<Instance<'a>> {
        let promises = self.whole.view.promises.iter();
        let of = |promise: &'a crate::card::view::PromiseView| {
            Some(Instance {
                is_void: promise.status == PromiseStatus::Cancelled,
                ..Instance::new(About::Edit(promise.id), promise.due?)
            })
        };
        promises.filter_map(of).collect()
    }

    /// The years of each occasion since its date is known: nobody owes a birthday that was told of afterwards.
    fn occasions(&self) -> Vec<Instance<'a>> {
        let this = year_of(self.now.days());
        let mut instances = Vec::new();
        for occasion in &self.whole.view.occasions {
            let known = occasion.known_at.unwrap_or(Timestamp(i64::MIN));
            let (Some(month), Some(day)) = (occasion.month, occasion.day) else {
                continue;
            };
            for year in this - YEARS_BACK..=this + 1 {
                let Some(number) = day_of(year, month, day) else {
                    continue;
                };
                let at = Timestamp(number.saturating_mul(Timestamp::DAY_MS));
                if at >= known {
                    instances.push(Instance {
                        celebrate: occasion.celebrate,
                        ..Instance::new(About::Year(&occasion.id, year), at)
                    });
                }
            }
        }
        instances
    }

    fn wishes_in_stock(&self) -> Vec<Instance<'a>> {
        let mut instances = Vec::new();
        for wish in &self.whole.view.wishes {
            let place = (wish.sku.value.clone(), wish.sku.shop);
            let Some(stock) = self.house.stock.get(&place) else {
                continue;
            };
            if stock.body.on_hand.values().all(|count| *count == 0) {
                continue;
            }
            let at = wish.sku.at.max(stock.as_of);
            instances.push(Instance {
                moot_at: self.bought_since(&wish.sku.value, wish.sku.at),
                sku: Some(&wish.sku.value),
                ..Instance::new(About::Key(&wish.id), at)
            });
        }
        instances
    }

    /// When an article was first bought on the day of a moment or later.
    fn bought_since(&self, sku: &str, since: Timestamp) -> Option<Timestamp> {
        let sku = fold(sku);
        let is_it = |line: &crate::records::SaleLine| {
            line.sku.as_deref().is_some_and(|one| fold(one) == sku)
        };
        let purchases = self.whole.sales.iter();
        let purchases = purchases.filter(|record| {
            record.kind == RecordKind::Purchase && record.sale.lines.iter().any(is_it)
        });
        let times = purchases.map(|record| sold_at(record, self.house).1);
        times.filter(|at| at.days() >= since.days()).min()
    }

    fn complaints(&self) -> Vec<Instance<'a>> {
        let cases = self
            .whole
            .cases
            .iter()
            .filter(|told| told.body.is_complaint);
        cases
            .map(|told| {
                let at = corrected(told.body.opened_at, told.as_of);
                Instance::new(About::Key(&told.key), at)
            })
            .collect()
    }

    /// Somebody who was known before has somebody new; the first to look after a customer hands nothing over.
    fn new_owner(&self) -> Vec<Instance<'a>> {
        let Some(owner) = &self.whole.owner else {
            return Vec::new();
        };
        let since = owner.since;
        let view = &self.whole.view;
        let is_known = view.since.is_some_and(|known| known.days() < since.days())
            || self.bought.iter().any(|day| day.at < since)
            || view.visits.iter().any(|visit| visit.arrived.at < since);
        let about = About::Since(owner.owner, since);
        is_known
            .then(|| Instance::new(about, since))
            .into_iter()
            .collect()
    }

    fn suggestions(&self) -> Vec<Instance<'a>> {
        let suggestions = self.whole.view.suggestions.iter();
        suggestions
            .map(|one| Instance::new(About::Edit(one.id), one.what.at))
            .collect()
    }

    fn needs(&self) -> Vec<Instance<'a>> {
        let needs = self.whole.view.needs.iter();
        needs
            .map(|need| Instance {
                is_void: need.state == NeedState::Dropped,
                ..Instance::new(About::Edit(need.id), need.what.at)
            })
            .collect()
    }

    /// Our approaches that were no replies, each with whether it kept to the caps and to the customer's word.
    fn contacts(&self) -> Vec<Instance<'a>> {
        let heard = self.heard_from();
        let mut approaches = self.approaches();
        approaches.retain(|one| {
            let reply = |at: &Timestamp| *at <= one.at && one.at < at.plus_ms(REPLY_MS);
            !heard.iter().any(reply)
        });
        approaches.sort_by_key(|one| (one.at, one.about));
        let within = |place: usize, at: Timestamp, days: i64| {
            let since = at.plus_ms(-days * Timestamp::DAY_MS);
            let earlier = approaches.iter().take(place);
            earlier.filter(|other| other.at > since).count()
        };
        let of = |(place, one): (usize, &Approach<'a>)| Instance {
            is_breach: within(place, one.at, 1) >= PER_DAY_MAX
                || within(place, one.at, 7) >= PER_WEEK_MAX
                || self.is_unwanted(one),
            ..Instance::new(one.about, one.at)
        };
        approaches.iter().enumerate().map(of).collect()
    }

    fn is_unwanted(&self, approach: &Approach<'_>) -> bool {
        let is_no = |wish: &OwnWish| {
            let counts = matches!(
                wish.excuse,
                Excuse::DoNotContact | Excuse::Paused | Excuse::NoRelationship
            );
            counts && wish.holds(approach.at)
        };
        let denied = self.whole.view.consents.iter().any(|consent| {
            consent.decision == Decision::Deny
                && consent.channel == approach.channel
                && consent.purpose == approach.purpose
                && consent.at <= approach.at
        });
        denied || self.own_wishes.iter().any(is_no)
    }

    fn approaches(&self) -> Vec<Approach<'a>> {
        let mut approaches = Vec::new();
        for one in &self.whole.view.interactions {
            let reaches = matches!(one.kind, InteractionKind::Call | InteractionKind::Message);
            if !reaches || one.by_customer || one.visit.is_some() {
                continue;
            }
            let call = (one.kind == InteractionKind::Call).then_some(Channel::Call);
            approaches.push(Approach {
                at: one.summary.at,
                about: About::Edit(one.id),
                channel: one.channel.or(call),
                purpose: purpose_of(one.act),
            });
        }
        for told in &self.whole.contacts {
            let contact = &told.body;
            let Some(channel) = contact.channel.as_deref().filter(|_| !contact.by_customer) else {
                continue;
            };
            let act = contact.act.as_deref().and_then(Act::parse);
            let purpose = contact.purpose.as_deref().and_then(Purpose::parse);
            approaches.push(Approach {
                at: corrected(contact.at, told.as_of),
                about: About::Key(&told.key),
                channel: Channel::parse(channel),
                purpose: purpose.unwrap_or_else(|| purpose_of(act)),
            });
        }
        approaches
    }

    /// When the customer spoke to us first.
    fn heard_from(&self) -> Vec<Timestamp> {
        let whole = self.whole;
        let spoken = whole.view.interactions.iter();
        let spoken = spoken
            .filter(|one| one.by_customer)
            .map(|one| one.summary.at);
        let contacts = whole.contacts.iter().filter(|told| told.body.by_customer);
        let contacts = contacts.map(|told| corrected(told.body.at, told.as_of));
        let responses = whole.responses.iter();
        let responses = responses.map(|told| corrected(told.body.at, told.as_of));
        spoken.chain(contacts).chain(responses).collect()
    }
}

fn purpose_of(act: Option<Act>) -> Purpose {
    match act {
        Some(Act::Invitation) => Purpose::Event,
        Some(Act::Alteration | Act::Recovery) => Purpose::Service,
        Some(
            Act::Advice
            | Act::CareCheck
            | Act::Handover
            | Act::Heard
            | Act::Honored
            | Act::Occasion
            | Act::Recognized
            | Act::ThankYou
            | Act::WishTold,
        )
        | None => Purpose::Care,
    }
}
