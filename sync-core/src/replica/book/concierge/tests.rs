//! Claims about what is due: what customers are worth to the till, or how they are ranked, decides nothing.

use std::collections::BTreeSet;

use super::*;
use crate::card::terms::{Agreement, OccasionKind, Polarity, PromiseStatus};
use crate::card::view::{Fact, OccasionView, PromiseView, Strength, VisitView};
use crate::concierge::playbook::terms::Condition;
use crate::concierge::scene::{DAY, HERE, HOUR, NOW, Scene};
use crate::concierge::today::{Shift, Today, TodayList};
use crate::entropy::SeededEntropy;
use crate::ids::{AssociateId, DeviceId};
use crate::notices::bodies::OwnerBody;
use crate::records::{Currency, RecordKind};

const CUSTOMERS: u8 = 6;

/// What divides customers: how much money their purchases are, and the tags by which a house ranks them.
#[derive(Clone)]
struct Standing {
    /// What every amount of theirs is multiplied by.
    times: i64,
    tags: Vec<Fact<String>>,
}

fn random_days(random: &mut SeededEntropy, below: u64) -> i64 {
    i64::try_from(random.below(below)).unwrap()
}

fn promised(scene: &mut Scene, days: i64) {
    let what = scene.fact("call".to_owned(), 9);
    scene.whole.view.promises.push(PromiseView {
        id: what.sources[0],
        sources: what.sources.clone(),
        what,
        status: PromiseStatus::Open,
        kept_at: None,
        flagged: false,
        due: Some(scene.now.plus_ms(days * DAY)),
        due_disputed: false,
        assignees: Vec::new(),
        overdue: days < 0,
    });
}

fn visited(scene: &mut Scene, days_ago: i64) {
    let arrived = scene.fact(None, days_ago);
    scene.whole.view.visits.push(VisitView {
        id: arrived.sources[0],
        closed_at: (days_ago > 0).then_some(arrived.at.plus_ms(HOUR)),
        arrived,
        captured: Vec::new(),
        thread: None,
        open: days_ago == 0,
    });
}

fn occasion(scene: &mut Scene, day: i64) {
    let known = scene.fact((), 90);
    scene.whole.view.occasions.push(OccasionView {
        id: format!("day-{day}"),
        kind: OccasionKind::Birthday,
        person: None,
        year: None,
        month: Some(3),
        day: Some(day),
        celebrate: Some(true),
        known_at: Some(known.at),
        needs_confirmation: false,
        sources: known.sources,
    });
}

/// A customer to whom this and that is owed.
fn random_customer(random: &mut SeededEntropy) -> Scene {
    let mut scene = Scene::new();
    let agreed = scene.fact(Agreement::Agreed, 200);
    scene.whole.view.agreement = Some(agreed);
    for number in 0..4 + random.below(10) {
        let days = random_days(random, 40);
        match random.below(11) {
            0..=2 => scene.sale(RecordKind::Purchase, &["bag", "belt"], days),
            3 => scene.sale(RecordKind::Purchase, &[], days),
            // What comes back without a word is known by its amount.
            4 => scene.sale(RecordKind::Return, &[], days / 2),
            5 => visited(&mut scene, days % 4),
            6 => promised(&mut scene, days % 8 - 3),
            7 => scene.complaint(None, days % 8),
            8 => {
                scene.wish("bag");
                scene.stock(HERE, "bag", &[("", 1)], days);
            }
            9 => occasion(&mut scene, 1 + days % 8),
            _ => {
                let subject = format!("subject-{number}");
                let like = ("color", &*subject, "red");
                scene.preference(like, Polarity::Like, (Strength::Confirmed, days));
                scene.need("a coat", &["rain"]);
                let owner = OwnerBody {
                    owner: AssociateId([8; 8]),
                    since: scene.now.plus_ms(-days * DAY),
                };
                scene.whole.owner = Some(owner);
            }
        }
    }
    scene
}

fn random_standing(scene: &mut Scene, random: &mut SeededEntropy) -> Standing {
    let tags = ["tier: top", "cohort: 2019", "top 1 %"];
    let at = usize::try_from(random.below(4)).unwrap();
    let tags = tags.get(at).into_iter();
    Standing {
        times: 1 + random_days(random, 1_000_000),
        tags: tags.map(|tag| scene.fact((*tag).to_owned(), 9)).collect(),
    }
}

/// The list of the whole shop by the handheld's own way: what is due for each, in one order.
fn listed(book: &[Scene], standings: &[Standing], playbook: &Playbook) -> Today {
    let rows = (0..CUSTOMERS).zip(book).zip(standings);
    let rows = rows.map(|((number, scene), standing)| {
        let mut whole = scene.whole.clone();
        for record in &mut whole.sales {
            record.sale.amount_minor *= standing.times;
            for line in &mut record.sale.lines {
                line.amount_minor *= standing.times;
            }
        }
        whole.view.tags.clone_from(&standing.tags);
        let seen = Seen {
            customer: CustomerId([number; CustomerId::LEN]),
            gathered: Gathered {
                whole,
                house: scene.house.clone(),
            },
            viewer: Viewer {
                associate: AssociateId([3; 8]),
                device: DeviceId([4; 8]),
                shop: HERE,
            },
            synced_at: Some(NOW),
            now: NOW,
        };
        row_of(&seen.picture(), playbook)
    });
    let shift = Shift {
        of: None,
        now: NOW,
        ends: NOW.plus_ms(10 * HOUR),
        minutes: 60,
    };
    rows.collect::<TodayList>().plan(&shift, usize::MAX)
}

/// Looks at random books with their customers' standings and with the same ones dealt out otherwise.
/// Returns how many books had another list then, and which items the lists held.
fn dealt_out(playbook: &Playbook) -> (usize, BTreeSet<String>) {
    let mut changed = 0;
    let mut items = BTreeSet::new();
    for seed in 0..200 {
        let mut random = SeededEntropy::new(seed);
        let mut book: Vec<_> = (0..CUSTOMERS)
            .map(|_| random_customer(&mut random))
            .collect();
        let of_each = book.iter_mut();
        let mut standings: Vec<_> = of_each
            .map(|scene| random_standing(scene, &mut random))
            .collect();
        let before = listed(&book, &standings, playbook);
        let lines = before.today.iter().chain(&before.not_today);
        items.extend(lines.map(|line| line.item.clone()));
        for _ in 0..4 {
            let of = u64::from(CUSTOMERS);
            let one = usize::try_from(random.below(of)).unwrap();
            let other = usize::try_from(random.below(of)).unwrap();
            standings.swap(one, other);
        }
        changed += usize::from(listed(&book, &standings, playbook) != before);
    }
    (changed, items)
}

#[test]
fn who_spends_more_or_ranks_higher_stands_no_higher_on_the_list() {
    let (changed, items) = dealt_out(&Playbook::standard());
    assert_eq!(changed, 0);
    let owed = [
        "thank_you",
        "care_check",
        "occasion",
        "honored",
        "recovery",
        "wish_told",
    ];
    for item in owed {
        assert!(items.contains(item), "{item} is in none of {items:?}");
    }
    assert!(
        items.contains(""),
        "nor arrivals and promises by themselves"
    );
}

#[test]
fn a_playbook_that_asks_for_spend_or_rank_would_be_seen() {
    let some = [
        Condition::SpentAtLeast {
            minor: 1_000_000_000,
            currency: Currency::EUR,
        },
        Condition::Tag("tier: top".to_owned()),
    ];
    for condition in some {
        let mut playbook = Playbook::standard();
        for item in &mut playbook.items {
            item.applies_if.push(condition.clone());
        }
        let (changed, _) = dealt_out(&playbook);
        assert!(changed > 20, "{changed} by {condition:?}");
    }
}
