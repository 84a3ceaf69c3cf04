//! Claims about rights that move: no schedule of handhelds, of those who change them, of copies and of silence breaks a cap.

use proptest::prelude::*;

use super::*;
use crate::card::CardView;
use crate::concierge::rights::{
    Held, Holder, RightBody, Wanted, contact_right_key, local_day, next_slot,
};
use crate::entropy::{Entropy as _, SeededEntropy};
use crate::ids::{AssociateId, CustomerId, DeviceId, SessionId};

const DAY: i64 = Timestamp::DAY_MS;
const HOUR: i64 = 3_600_000;
const LEASE: i64 = 72 * HOUR;
const CAPS: [(usize, i64); 2] = [(1, DAY), (2, 7 * DAY)];
const ME: AssociateId = AssociateId([1; 8]);
const HER: CustomerId = CustomerId([9; 16]);

fn span(from_hours: i64, until_hours: i64) -> Slot {
    Slot {
        from: Timestamp(from_hours * HOUR),
        until: Timestamp(until_hours * HOUR),
    }
}

#[test]
fn what_is_left_of_a_slot_follows_from_what_is_certain() {
    let slot = span(10, 50);
    let made = [Timestamp(20 * HOUR), Timestamp(60 * HOUR)];
    let moment = Some(Slot::moment(made[0]));
    let at = Timestamp(30 * HOUR);
    for fate in [Fate::Out, Fate::Over(at), Fate::Settled] {
        assert_eq!(left(slot, fate, &made), moment, "a contact is a contact");
        assert!(left(slot, fate, &made[1..]).is_none_or(|left| left.until <= slot.until));
    }
    assert_eq!(left(slot, Fate::Out, &[]), Some(slot));
    assert_eq!(left(slot, Fate::Over(at), &[]), Some(span(10, 30)));
    assert_eq!(left(slot, Fate::Over(Timestamp(10 * HOUR)), &[]), None);
    assert_eq!(left(slot, Fate::Settled, &[]), None);
}

/// A handheld, honest or not: it calls whenever its rights and its lease let it.
#[derive(Debug, Clone)]
struct Handheld {
    number: u8,
    session: u8,
    held: Held,
    /// Contacts that the hub does not know.
    waiting: Vec<Timestamp>,
    lease_until: Timestamp,
    /// Since when it knows that it holds nothing, until it holds something again.
    knows: bool,
}

impl Handheld {
    fn new(number: u8) -> Self {
        Self {
            number,
            session: 0,
            held: Held::default(),
            waiting: Vec::new(),
            lease_until: Timestamp(0),
            knows: false,
        }
    }

    fn here(&self) -> Holder {
        Holder {
            device: DeviceId([self.number; 8]),
            session: SessionId([self.session; 8]),
        }
    }

    fn takes(&mut self, slots: &[Slot], holder: Holder) {
        let rights = slots.iter().map(|slot| {
            let body = RightBody::Contact {
                holder,
                slot: *slot,
                customers: vec![HER],
            };
            (contact_right_key(holder.device, *slot, 0), body)
        });
        let marks = self.held.marks().clone();
        self.held = Held::new(self.here(), rights, marks);
    }

    fn calls(&mut self, now: Timestamp) -> bool {
        let found = self.held.contact(&[], (HER, ME, now), &CardView::default());
        let right = found.ok().map(str::to_owned);
        let Some(right) = right.filter(|_| now < self.lease_until) else {
            return false;
        };
        self.held.mark_contact(&right, HER);
        self.waiting.push(now);
        true
    }
}

#[derive(Debug, Clone, Copy)]
struct Given {
    slot: Slot,
    device: u8,
}

/// The hub, as far as rights go: who works where, what was given, and what it is certain of.
#[derive(Debug, Default)]
struct Hub {
    given: Vec<Given>,
    contacts: Vec<(u8, Timestamp)>,
    current: Option<u8>,
    /// When each handheld was last there.
    heard: std::collections::BTreeMap<u8, Timestamp>,
    settled: std::collections::BTreeSet<u8>,
    handed: usize,
}

impl Hub {
    fn fate(&self, device: u8, now: Timestamp) -> Fate {
        if self.current == Some(device) {
            return Fate::Out;
        }
        if self.settled.contains(&device) {
            return Fate::Settled;
        }
        let heard = self.heard.get(&device).copied().unwrap_or_default();
        let over = heard.plus_ms(LEASE);
        if over <= now {
            Fate::Over(over)
        } else {
            Fate::Out
        }
    }

    /// Gives the next slot to whoever works, around what is left of all others.
    fn issue(&mut self, now: Timestamp) {
        let Some(current) = self.current else {
            return;
        };
        let mut kept = Vec::new();
        for given in std::mem::take(&mut self.given) {
            let made = self.contacts.iter().filter(|(by, _)| *by == given.device);
            let made: Vec<_> = made.map(|(_, at)| *at).collect();
            let fate = self.fate(given.device, now);
            if let Some(slot) = left(given.slot, fate, &made) {
                self.handed += usize::from(slot != given.slot && fate != Fate::Out);
                kept.push(Given { slot, ..given });
            } else {
                self.handed += 1;
            }
        }
        self.given = kept;
        let is_there = |given: &Given| given.device == current && given.slot.until > now;
        if self.given.iter().any(is_there) {
            return;
        }
        let open = self.given.iter().map(|given| given.slot);
        let mut taken: Vec<Slot> = open.filter(|slot| slot.from < slot.until).collect();
        taken.extend(self.contacts.iter().map(|(_, at)| Slot::moment(*at)));
        let wanted = Wanted {
            today: local_day(now, 120),
            days_ahead: 3,
            days: 5,
        };
        if let Some(slot) = next_slot(&taken, wanted, &CAPS) {
            let device = current;
            self.given.push(Given { slot, device });
        }
    }

    /// A handheld meets the hub: it tells what it has and takes what is its own. What it knew when it came counts, not what it is told now.
    fn meets(&mut self, handheld: &mut Handheld, now: Timestamp) {
        let number = handheld.number;
        if handheld.knows && handheld.waiting.is_empty() && self.current != Some(number) {
            self.settled.insert(number);
        }
        let told = handheld.waiting.drain(..).map(|at| (number, at));
        self.contacts.extend(told);
        self.heard.insert(number, now);
        handheld.lease_until = now.plus_ms(LEASE);
        self.issue(now);
        let is_theirs = self.current == Some(number);
        let mine = self.given.iter().filter(|given| given.device == number);
        let slots: Vec<Slot> = mine.map(|given| given.slot).collect();
        let holder = handheld.here();
        handheld.takes(if is_theirs { &slots } else { &[] }, holder);
        handheld.knows = !is_theirs;
    }

    fn signs_in(&mut self, handheld: &mut Handheld, now: Timestamp) {
        handheld.session = handheld.session.wrapping_add(1);
        self.settled.remove(&handheld.number);
        self.current = Some(handheld.number);
        self.meets(handheld, now);
    }
}

fn keeps_caps(calls: &mut [Timestamp]) -> bool {
    calls.sort_unstable();
    CAPS.iter().all(|(count, window)| {
        let later = calls.iter().skip(*count);
        let mut pairs = calls.iter().zip(later);
        pairs.all(|(one, other)| other.0 - one.0 >= *window)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// An associate changes handhelds at any moment; the old ones are away, come back, call at their worst moment, or never come again.
    /// Copies of them run elsewhere, and hold nothing.
    #[test]
    fn no_schedule_of_changes_partitions_and_copies_exceeds_a_cap(seed in any::<u64>(), handhelds in 2_u8..5) {
        let mut random = SeededEntropy::new(seed);
        let mut draw = |below: i64| {
            let mut bytes = [0; 8];
            random.fill(&mut bytes);
            i64::try_from(u64::from_le_bytes(bytes) >> 1).unwrap() % below
        };
        let mut hub = Hub::default();
        let mut fleet: Vec<Handheld> = (0..handhelds).map(Handheld::new).collect();
        let mut copies: Vec<Handheld> = Vec::new();
        let mut calls = Vec::new();
        for hour in 0..24 * 40 {
            let now = Timestamp(hour * HOUR);
            let which = usize::try_from(draw(handhelds.into())).unwrap();
            match draw(30) {
                0 => hub.signs_in(&mut fleet[which], now),
                1..4 => hub.meets(&mut fleet[which], now),
                4 => {
                    let copy = Handheld { number: 200, ..fleet[which].clone() };
                    let rights = copy.held.clone();
                    let slots = hub.given.iter().map(|given| given.slot).collect::<Vec<_>>();
                    let mut copy = Handheld { held: rights, lease_until: now.plus_ms(LEASE), ..copy };
                    copy.takes(&slots, fleet[which].here());
                    copies.push(copy);
                }
                _ => {}
            }
            hub.issue(now);
            for handheld in &mut fleet {
                if draw(5) == 0 && handheld.calls(now) {
                    calls.push(now);
                }
            }
            for copy in &mut copies {
                prop_assert!(!copy.calls(now), "a copy holds nothing");
            }
        }
        prop_assert!(keeps_caps(&mut calls), "{calls:?}");
    }
}

/// Written out once: the day's right goes along with the associate as soon as that is safe, and not before.
#[test]
fn a_slot_follows_its_associate_when_the_old_handheld_has_said_all_or_its_lease_is_over() {
    for comes_back in [true, false] {
        let (mut hub, mut old, mut new) = (Hub::default(), Handheld::new(0), Handheld::new(1));
        let at = |hours: i64| Timestamp(hours * HOUR);
        hub.signs_in(&mut old, at(1));
        assert_eq!(hub.given.len(), 1);
        hub.signs_in(&mut new, at(2));
        assert!(!new.calls(at(3)), "the old one may still call");
        if comes_back {
            hub.meets(&mut old, at(4));
            assert!(!old.calls(at(4)), "it is told");
            hub.meets(&mut new, at(5));
            assert!(
                !new.calls(at(5)),
                "what waited on the old one came after it said that"
            );
            hub.meets(&mut old, at(6));
            hub.meets(&mut new, at(7));
            assert!(new.calls(at(8)), "all is known");
        } else {
            // 73 hours after the old one was last there.
            hub.meets(&mut new, at(80));
            let mut hours = 81..300;
            let first = hours.find(|hour| {
                hub.meets(&mut new, at(*hour));
                new.calls(at(*hour))
            });
            let first = first.expect("the associate may call again");
            assert!((73 + 24..73 + 24 + 48).contains(&first), "{first}");
        }
        assert!(hub.handed > 0);
    }
}
