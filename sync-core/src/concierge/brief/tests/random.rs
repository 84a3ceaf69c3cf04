//! Claims about any brief: over random scenes.

use super::all_lines;
use super::whole::{ask, dislike, guarded, promise};
use crate::card::terms::{AskKind, Polarity};
use crate::card::view::*;
use crate::concierge::brief::{Brief, LineKind, WORDS_MAX};
use crate::concierge::scene::{DAY, HERE, HOUR, NOW, Scene};
use crate::entropy::SeededEntropy;
use crate::notices::bodies::AnswerState;
use crate::records::RecordKind;

/// A scene with up to a dozen things to avoid, say and do.
pub(super) fn random_scene(seed: u64) -> Scene {
    let mut random = SeededEntropy::new(seed);
    let mut scene = Scene::new();
    for number in 0..random.below(14) {
        let long = "very long words of a name that nobody would want to read in a hurry";
        match random.below(10) {
            0 => scene.allergy(&format!("substance {number}")),
            1 => guarded(&mut scene),
            2 => scene.complaint(None, i64::try_from(number).unwrap()),
            3 => dislike(&mut scene, &format!("{long} {number}"), 9),
            4 => promise(&mut scene, long, i64::try_from(number).unwrap() - 3),
            5 => {
                scene.wish(&format!("{long} {number}"));
                scene.stock(HERE, &format!("{long} {number}"), &[("", 1)], 9);
            }
            6 => {
                let subject = format!("subject-{number}");
                scene.preference((long, &subject, long), Polarity::Avoid, (Strength::Weak, 9));
            }
            7 => {
                let subject = format!("subject-{number}");
                scene.preference((long, &subject, long), Polarity::Like, (Strength::Weak, 9));
            }
            8 => ask(
                &mut scene,
                AskKind::Appointment,
                None,
                AnswerState::Countered,
            ),
            _ => scene.sale(
                RecordKind::Purchase,
                &[long],
                i64::try_from(number).unwrap(),
            ),
        }
    }
    scene
}

#[test]
fn no_brief_is_longer_than_its_words_but_for_dangers() {
    for seed in 0..500 {
        let brief = Brief::of(&random_scene(seed).picture());
        let cost = |line: &crate::concierge::Line| line.cost();
        let more = if brief.avoid_more > 0 { 2 } else { 0 };
        let lines = all_lines(&brief);
        let dangers = lines.iter().filter(|line| line.kind.is_uncapped());
        let dangers: usize = dangers.map(|line| cost(line)).sum();
        let all: usize = lines.iter().map(|line| cost(line)).sum();
        assert!(all - dangers + more <= WORDS_MAX * 2, "seed {seed}");
        let warns_only = brief.say.is_none() && brief.act.is_empty();
        assert!(all + more <= WORDS_MAX * 2 || warns_only, "seed {seed}");
        for line in lines {
            assert!(!line.sources.is_empty(), "seed {seed}: {line:?}");
        }
    }
}

#[test]
fn an_added_warning_removes_no_other() {
    for seed in 0..300 {
        let mut scene = random_scene(seed);
        let before = Brief::of(&scene.picture());
        match seed % 4 {
            0 => scene.allergy("latex"),
            1 => guarded(&mut scene),
            2 => scene.complaint(None, 1),
            _ => dislike(&mut scene, "a hat", 1),
        }
        let after = Brief::of(&scene.picture());
        let (was, is) = (before.avoid.len(), after.avoid.len());
        assert!(is >= was, "seed {seed}");
        assert!(
            is + after.avoid_more >= was + before.avoid_more,
            "seed {seed}"
        );
        let dangers = before.avoid.iter().filter(|line| line.kind.is_uncapped());
        for line in dangers {
            assert!(after.avoid.contains(line), "seed {seed}: {line:?}");
        }
        for line in before
            .avoid
            .iter()
            .filter(|line| !after.avoid.contains(line))
        {
            let is_told = line.kind == LineKind::Complaint;
            assert!(
                after.avoid_more > before.avoid_more || is_told,
                "seed {seed}"
            );
        }
    }
}

#[test]
fn the_order_of_input_changes_nothing() {
    for seed in 0..300 {
        let scene = random_scene(seed);
        let hash = Brief::of(&scene.picture()).hash();
        let mut turned = scene.clone();
        let view = &mut turned.whole.view;
        view.allergies.reverse();
        view.preferences.reverse();
        view.promises.reverse();
        view.notes.reverse();
        view.wishes.reverse();
        view.reactions.reverse();
        view.asks.reverse();
        turned.whole.cases.reverse();
        turned.whole.sales.reverse();
        assert_eq!(Brief::of(&turned.picture()).hash(), hash, "seed {seed}");
    }
}

#[test]
fn a_clock_far_in_the_future_does_no_harm() {
    let mut scene = random_scene(3);
    for now in [Timestamp(i64::MAX), Timestamp(i64::MIN), Timestamp(0)] {
        scene.now = now;
        assert!(Brief::of(&scene.picture()).act.len() <= 3);
    }
}

#[test]
fn what_a_customer_spends_and_how_they_rank_changes_no_brief() {
    for seed in 0..500 {
        let mut scene = random_scene(seed);
        scene.sale(RecordKind::Purchase, &["bag", "belt"], 12);
        let brief = Brief::of(&scene.picture());
        for record in &mut scene.whole.sales {
            record.sale.amount_minor *= 1_000;
            for line in &mut record.sale.lines {
                line.amount_minor *= 1_000;
            }
        }
        for rank in ["vip", "gold"] {
            let tag = scene.fact(rank.to_owned(), 3);
            scene.whole.view.tags.push(tag);
        }
        assert_eq!(Brief::of(&scene.picture()).hash(), brief.hash(), "{seed}");
    }
}
