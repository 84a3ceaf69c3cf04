//! The host's own choice beside the bounds: what they say of a list, for a person to weigh. Nothing is enforced here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Bar, Setting};
use crate::ids::{AssociateId, CustomerId};

/// A seat of the host's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Seat {
    /// Who.
    pub customer: CustomerId,
    /// Which host looks after them.
    pub host: Option<AssociateId>,
}

/// What a bound says of a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "remark")]
pub enum Remark {
    /// More guests than seats.
    OverCapacity {
        /// Seats.
        seats: u32,
        /// Guests.
        guests: u32,
    },
    /// Too few seats are left for the rest of the customers. Who of the list is not of the rest is not said.
    FewOfTheRest {
        /// How many seats are kept for them.
        kept: u32,
        /// How many of these others would take.
        taken: u32,
    },
    /// A host has more guests than their share.
    HostFull {
        /// Who.
        host: AssociateId,
        /// Their share.
        share: u32,
        /// Their guests.
        guests: u32,
    },
    /// Somebody who does not host has guests.
    NoHost {
        /// Who.
        associate: AssociateId,
    },
    /// Two who are to be kept apart.
    Apart {
        /// One.
        one: CustomerId,
        /// The other.
        other: CustomerId,
    },
    /// Somebody who would not be proposed.
    Barred {
        /// Who.
        customer: CustomerId,
        /// Why.
        why: Bar,
    },
    /// Nothing is known of somebody: not in the book.
    Unknown {
        /// Who.
        customer: CustomerId,
    },
    /// Somebody is on the list twice.
    Twice {
        /// Who.
        customer: CustomerId,
    },
}

/// What the bounds say of a list, in a fixed order.
#[must_use]
pub fn review(setting: &Setting<'_>, list: &[Seat]) -> Vec<Remark> {
    let mut remarks = BTreeSet::new();
    let count = |guests: usize| u32::try_from(guests).unwrap_or(u32::MAX);
    let seats = setting.event.seats();
    let guests: BTreeSet<CustomerId> = list.iter().map(|seat| seat.customer).collect();
    if count(guests.len()) > seats {
        remarks.insert(Remark::OverCapacity {
            seats,
            guests: count(guests.len()),
        });
    }
    remarks.extend(of_the_rest(setting, &guests));
    remarks.extend(hosts(setting, list));
    let mut met = BTreeSet::new();
    for seat in list {
        let customer = seat.customer;
        if !met.insert(customer) {
            remarks.insert(Remark::Twice { customer });
            continue;
        }
        match setting.candidates.get(&customer) {
            None => drop(remarks.insert(Remark::Unknown { customer })),
            Some(candidate) => {
                let why = candidate.bar(setting.event, setting.now);
                remarks.extend(why.map(|why| Remark::Barred { customer, why }));
            }
        }
    }
    for (one, other) in setting.apart {
        if guests.contains(one) && guests.contains(other) {
            let (one, other) = (*one, *other);
            remarks.insert(Remark::Apart { one, other });
        }
    }
    remarks.into_iter().collect()
}

fn of_the_rest(setting: &Setting<'_>, guests: &BTreeSet<CustomerId>) -> Option<Remark> {
    let is_best = |customer: &&CustomerId| {
        let candidate = setting.candidates.get(customer);
        candidate.is_some_and(|candidate| !candidate.is_of_the_rest)
    };
    let best = u32::try_from(guests.iter().filter(is_best).count()).unwrap_or(u32::MAX);
    let kept = setting.event.seats_of_the_rest();
    let taken = best.saturating_sub(setting.event.seats() - kept);
    (taken > 0).then_some(Remark::FewOfTheRest { kept, taken })
}

fn hosts(setting: &Setting<'_>, list: &[Seat]) -> Vec<Remark> {
    let mut load: BTreeMap<AssociateId, u32> = BTreeMap::new();
    for host in list.iter().filter_map(|seat| seat.host) {
        *load.entry(host).or_default() += 1;
    }
    let share = setting.event.share();
    let remark = |(host, guests): (AssociateId, u32)| {
        if !setting.event.hosts.contains(&host) {
            return Some(Remark::NoHost { associate: host });
        }
        let share = share.filter(|share| guests > *share)?;
        Some(Remark::HostFull {
            host,
            share,
            guests,
        })
    };
    load.into_iter().filter_map(remark).collect()
}

/// How many of the guests who came gave at least one reaction, in basis points, half to even; nothing where nobody came.
#[must_use]
pub fn heard_rate_bp(attended: &BTreeSet<CustomerId>, heard: &BTreeSet<CustomerId>) -> Option<u32> {
    let all = u64::try_from(attended.len()).ok().filter(|all| *all > 0)?;
    let heard = u64::try_from(attended.intersection(heard).count()).ok()?;
    let (whole, rest) = (heard * 10_000 / all, heard * 10_000 % all);
    let rounds_up = rest * 2 > all || (rest * 2 == all && whole % 2 == 1);
    u32::try_from(whole + u64::from(rounds_up)).ok()
}
