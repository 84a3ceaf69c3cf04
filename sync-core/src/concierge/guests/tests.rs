//! Claims about guest lists.

use proptest::prelude::*;

use super::*;
use crate::entropy::SeededEntropy;

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const EVENT: &str = "an-evening";

fn customer(number: u8) -> CustomerId {
    CustomerId([number; 16])
}

fn host(number: u8) -> AssociateId {
    AssociateId([number; 8])
}

fn days_ago(days: i64) -> Timestamp {
    NOW.plus_ms(-days * Timestamp::DAY_MS)
}

fn event(capacity: u32, hosts: &[u8], themes: &[&str]) -> EventBody {
    EventBody {
        name: "An evening".to_owned(),
        themes: themes.iter().map(|theme| (*theme).to_owned()).collect(),
        capacity,
        hosts: hosts.iter().map(|number| host(*number)).collect(),
        begins_at: NOW.plus_ms(20 * Timestamp::DAY_MS),
        state: EventState::Planned,
        granted: 0,
    }
}

fn fan(interests: &[&str]) -> Candidate {
    Candidate {
        interests: interests
            .iter()
            .map(|name| ((*name).to_owned(), vec![format!("edit-{name}")]))
            .collect(),
        is_of_the_rest: true,
        ..Candidate::default()
    }
}

fn invited(event: &str, days: i64, theme: &str, attended: bool) -> PastInvitation {
    PastInvitation {
        event: event.to_owned(),
        at: days_ago(days),
        themes: BTreeSet::from([theme.to_owned()]),
        attended_at: attended.then(|| days_ago(days)),
    }
}

type Candidates = BTreeMap<CustomerId, Candidate>;
type Apart = BTreeSet<(CustomerId, CustomerId)>;

fn setting<'a>(event: &'a EventBody, candidates: &'a Candidates, apart: &'a Apart) -> Setting<'a> {
    Setting {
        id: EVENT,
        event,
        candidates,
        apart,
        now: NOW,
    }
}

fn guests(proposal: &Proposal) -> Vec<(CustomerId, i32)> {
    let guests = proposal.guests.iter();
    guests.map(|guest| (guest.customer, guest.score)).collect()
}

#[test]
fn each_reason_has_its_points() {
    let event = event(20, &[1, 2], &["opera", "silk"]);
    let mut all = fan(&["opera", "silk", "tea"]);
    all.owner = Some(host(2));
    all.invitations = vec![invited("old", 100, "opera", true)];
    let (none, apart) = (Candidates::new(), Apart::new());
    let setting = setting(&event, &none, &apart);
    let points = |candidate: &Candidate, beside: &[&str]| -> Vec<_> {
        let beside = beside.iter().map(|it| (*it).to_owned()).collect();
        let reasons = candidate.reasons(&setting, &beside).into_iter();
        reasons.map(|reason| (reason.kind, reason.points)).collect()
    };
    use ReasonKind::{FirstTime, OwnHost, SameThemeLately, SharedInterest, Theme};
    let expected = [
        (Theme, 3),
        (Theme, 3),
        (OwnHost, 2),
        (SharedInterest, 1),
        (SameThemeLately, -2),
    ];
    assert_eq!(points(&all, &["tea", "opera"]), expected);
    assert_eq!(
        points(&fan(&["opera"]), &["opera"]),
        [(Theme, 3), (FirstTime, 2)]
    );
    let mut long_ago = fan(&[]);
    long_ago.invitations = vec![invited("old", 181, "opera", true)];
    assert_eq!(points(&long_ago, &[]), []);
    long_ago.invitations = vec![invited("old", 10, "opera", false)];
    assert_eq!(points(&long_ago, &[]), [], "was not there");
}

#[test]
fn who_may_not_be_asked_is_no_candidate_and_the_reason_is_told() {
    let event = event(20, &[1], &["wool"]);
    let refused = Candidate {
        guard: Some("do_not_contact".to_owned()),
        ..fan(&["wool"])
    };
    let often = Candidate {
        invitations: (1..=3)
            .map(|days| invited("x", days * 20, "tea", false))
            .collect(),
        ..fan(&[])
    };
    let twice = Candidate {
        invitations: (1..=2)
            .map(|days| invited("x", days * 20, "tea", false))
            .collect(),
        ..fan(&[])
    };
    let itchy = Candidate {
        avoids: BTreeSet::from(["wool".to_owned()]),
        ..fan(&[])
    };
    let candidates = Candidates::from([
        (customer(1), refused),
        (customer(2), often),
        (customer(3), twice),
        (customer(4), itchy),
    ]);
    let proposal = propose(&setting(&event, &candidates, &Apart::new()));
    assert_eq!(guests(&proposal), [(customer(3), 0)]);
    let bars: Vec<_> = proposal.barred.into_values().collect();
    let expected = [
        Bar::Guard {
            reason: "do_not_contact".to_owned(),
        },
        Bar::InvitedOften,
        Bar::Avoids {
            theme: "wool".to_owned(),
        },
    ];
    assert_eq!(bars, expected);
    assert_eq!(proposal.bound_by, BTreeMap::from([(Bound::Candidates, 0)]));
}

#[test]
fn half_of_the_seats_are_for_the_rest_and_stay_empty_rather_than_be_padded() {
    let event = event(5, &[1], &["opera"]);
    let mut candidates = Candidates::new();
    for number in 1..=9 {
        let mut one = fan(&["opera"]);
        one.is_of_the_rest = number == 9;
        candidates.insert(customer(number), one);
    }
    let proposal = propose(&setting(&event, &candidates, &Apart::new()));
    assert_eq!(proposal.guests.len(), 3, "two of the best, one of the rest");
    assert_eq!(
        proposal.bound_by,
        BTreeMap::from([(Bound::SeatsOfTheRest, 6)])
    );
}

#[test]
fn a_small_event_stays_small() {
    let candidates: Candidates = (1..=60)
        .map(|number| (customer(number), fan(&[])))
        .collect();
    for (capacity, expected) in [(20, 20), (100, 24), (0, 1)] {
        let event = event(capacity, &[1, 2, 3], &[]);
        let proposal = propose(&setting(&event, &candidates, &Apart::new()));
        assert_eq!(proposal.guests.len(), expected);
        assert!(proposal.bound_by.is_empty());
    }
}

#[test]
fn a_host_looks_after_their_own_up_to_their_share() {
    let event = event(4, &[1, 2], &["opera"]);
    let candidates: Candidates = (1..=4)
        .map(|number| {
            let owner = Some(host(1));
            (
                customer(number),
                Candidate {
                    owner,
                    ..fan(&["opera"])
                },
            )
        })
        .collect();
    let proposal = propose(&setting(&event, &candidates, &Apart::new()));
    let hosts: Vec<_> = proposal.guests.iter().map(|guest| guest.host).collect();
    assert_eq!(
        hosts,
        [Some(host(1)), Some(host(1)), Some(host(2)), Some(host(2))]
    );
}

#[test]
fn the_host_s_own_choice_is_remarked_on_and_never_changed() {
    let event = event(2, &[1], &["wool"]);
    let itchy = Candidate {
        avoids: BTreeSet::from(["wool".to_owned()]),
        is_of_the_rest: false,
        ..fan(&[])
    };
    let best = Candidate {
        is_of_the_rest: false,
        ..fan(&[])
    };
    let candidates = Candidates::from([
        (customer(1), itchy),
        (customer(2), best),
        (customer(3), fan(&[])),
    ]);
    let apart = Apart::from([(customer(2), customer(3))]);
    let seat = |number, of: Option<u8>| Seat {
        customer: customer(number),
        host: of.map(host),
    };
    let list = [
        seat(1, Some(1)),
        seat(2, Some(1)),
        seat(3, Some(1)),
        seat(4, Some(7)),
        seat(4, None),
    ];
    let remarks = review(&setting(&event, &candidates, &apart), &list);
    let expected = [
        Remark::OverCapacity {
            seats: 2,
            guests: 4,
        },
        Remark::FewOfTheRest { kept: 1, taken: 1 },
        Remark::HostFull {
            host: host(1),
            share: 2,
            guests: 3,
        },
        Remark::NoHost { associate: host(7) },
        Remark::Apart {
            one: customer(2),
            other: customer(3),
        },
        Remark::Barred {
            customer: customer(1),
            why: Bar::Avoids {
                theme: "wool".to_owned(),
            },
        },
        Remark::Unknown {
            customer: customer(4),
        },
        Remark::Twice {
            customer: customer(4),
        },
    ];
    assert_eq!(remarks, expected);
    assert_eq!(
        review(
            &setting(&event, &candidates, &Apart::new()),
            &[seat(3, Some(1))]
        ),
        []
    );
}

#[test]
fn the_heard_rate_counts_who_came() {
    let some = |numbers: &[u8]| numbers.iter().map(|number| customer(*number)).collect();
    assert_eq!(
        heard_rate_bp(&some(&[1, 2, 3]), &some(&[1, 3, 9])),
        Some(6_667)
    );
    assert_eq!(heard_rate_bp(&some(&[]), &some(&[1])), None);
    let eight: BTreeSet<_> = some(&[1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(heard_rate_bp(&eight, &some(&[1])), Some(1_250));
}

const TAGS: [&str; 6] = ["opera", "silk", "tea", "wool", "golf", "books"];

/// A setting from a seed: themes, hosts, candidates of every sort, pairs to be kept apart.
fn random(seed: u64) -> (EventBody, Candidates, Apart) {
    let mut chance = SeededEntropy::new(seed);
    let tags = |chance: &mut SeededEntropy, of: u64| -> Vec<&str> {
        TAGS.into_iter().filter(|_| chance.below(of) == 0).collect()
    };
    let themes = tags(&mut chance, 3);
    let hosts: Vec<u8> = (1..=u8::try_from(chance.below(4)).unwrap()).collect();
    let event = event(u32::try_from(chance.below(30)).unwrap(), &hosts, &themes);
    let mut candidates = Candidates::new();
    for number in 1..=u8::try_from(chance.below(50)).unwrap() {
        let mut one = fan(&tags(&mut chance, 3));
        one.is_of_the_rest = chance.below(2) == 0;
        one.owner = (chance.below(2) == 0).then(|| host(u8::try_from(chance.below(5)).unwrap()));
        one.guard = (chance.below(8) == 0).then(|| "no_consent".to_owned());
        if chance.below(8) == 0 {
            one.avoids = tags(&mut chance, 2)
                .into_iter()
                .map(str::to_owned)
                .collect();
        }
        for _ in 0..chance.below(4) {
            let days = i64::try_from(chance.below(300)).unwrap();
            let theme = TAGS[usize::try_from(chance.below(6)).unwrap()];
            let past = invited(&format!("e{days}"), days, theme, chance.below(2) == 0);
            one.invitations.push(past);
        }
        candidates.insert(customer(number), one);
    }
    let mut apart = Apart::new();
    for _ in 0..chance.below(20) {
        let mut one = || customer(1 + u8::try_from(chance.below(50)).unwrap());
        let pair = (one(), one());
        if pair.0 != pair.1 {
            apart.insert((pair.0.min(pair.1), pair.0.max(pair.1)));
        }
    }
    (event, candidates, apart)
}

/// Counted here once more, without the code under test.
fn assert_bounds(event: &EventBody, candidates: &Candidates, apart: &Apart, proposal: &Proposal) {
    let n = event.capacity.clamp(1, 24) as usize;
    let list = &proposal.guests;
    assert!(list.len() <= n);
    let best = list
        .iter()
        .filter(|guest| !candidates[&guest.customer].is_of_the_rest);
    assert!(
        best.count() <= n / 2,
        "at least half of the seats are for the rest"
    );
    for host in &event.hosts {
        let own = list
            .iter()
            .filter(|guest| guest.host == Some(*host))
            .count();
        assert!(own <= n.div_ceil(event.hosts.len()));
    }
    assert!(event.hosts.is_empty() || list.iter().all(|guest| guest.host.is_some()));
    for (one, other) in apart {
        let is_in = |who| list.iter().any(|guest| guest.customer == who);
        assert!(!(is_in(*one) && is_in(*other)));
    }
    for guest in list {
        let sum: i32 = guest.reasons.iter().map(|reason| reason.points).sum();
        assert_eq!(guest.score, sum);
        assert!(candidates[&guest.customer].guard.is_none());
    }
    let distinct: BTreeSet<_> = list.iter().map(|guest| guest.customer).collect();
    assert_eq!(distinct.len(), list.len());
    assert_eq!(
        list.len() < n,
        !proposal.bound_by.is_empty(),
        "what binds is told"
    );
}

/// The candidate without the facts of one reason.
fn without(candidate: &Candidate, reason: &Reason) -> Candidate {
    let mut one = candidate.clone();
    match reason.kind {
        ReasonKind::Theme | ReasonKind::SharedInterest => {
            let rests_on =
                |sources: &Vec<String>| sources.iter().any(|it| reason.sources.contains(it));
            one.interests.retain(|_, sources| !rests_on(sources));
        }
        ReasonKind::OwnHost => one.owner = None,
        ReasonKind::FirstTime => one
            .invitations
            .push(invited("other", 300, "nothing", false)),
        ReasonKind::SameThemeLately => {
            for past in &mut one.invitations {
                past.attended_at = None;
            }
        }
    }
    one
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_proposal_keeps_every_bound(seed: u64) {
        let (event, candidates, apart) = random(seed);
        let proposal = propose(&setting(&event, &candidates, &apart));
        assert_bounds(&event, &candidates, &apart, &proposal);
        let list: Vec<_> = proposal
            .guests
            .iter()
            .map(|guest| Seat { customer: guest.customer, host: guest.host })
            .collect();
        prop_assert_eq!(review(&setting(&event, &candidates, &apart), &list), []);
    }

    #[test]
    fn the_order_of_facts_does_not_matter(seed: u64) {
        let (mut event, mut candidates, apart) = random(seed);
        let proposal = propose(&setting(&event, &candidates, &apart));
        event.themes.reverse();
        event.hosts.reverse();
        for one in candidates.values_mut() {
            one.invitations.reverse();
        }
        let repeated = propose(&setting(&event, &candidates, &apart));
        prop_assert_eq!(proposal.hash(), repeated.hash());
    }

    #[test]
    fn without_the_facts_of_a_reason_the_score_falls_by_its_points(seed: u64) {
        let (event, candidates, apart) = random(seed);
        let setting = setting(&event, &candidates, &apart);
        let beside: BTreeSet<String> = TAGS.iter().step_by(2).map(|tag| (*tag).to_owned()).collect();
        let score = |one: &Candidate| -> i32 {
            one.reasons(&setting, &beside).iter().map(|reason| reason.points).sum()
        };
        for one in candidates.values() {
            for reason in one.reasons(&setting, &beside) {
                let less = without(one, &reason);
                prop_assert_eq!(score(&less), score(one) - reason.points, "{:?}", reason);
            }
        }
    }
}
