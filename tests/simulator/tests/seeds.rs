//! Fixed seeds with few steps: every build plays them.

use std::collections::BTreeMap;

use simulator::edits;
use simulator::plan::Plan;
use simulator::run;

#[test]
fn the_first_seeds_play_to_their_end_and_draw_every_edit() {
    let mut drawn = BTreeMap::new();
    for seed in 1..=24 {
        let plan = Plan::of(seed, 150);
        match run::play(&plan, None) {
            Ok(success) => {
                for (edit, count) in success.totals.edits {
                    *drawn.entry(edit).or_insert(0) += count;
                }
            }
            Err(failure) => panic!("seed {seed}, step {}: {}", failure.step, failure.violation),
        }
    }
    assert_eq!(drawn.len(), edits::NAMES, "drawn were {drawn:?}");
}

#[test]
fn a_seed_played_twice_gives_the_same_run() {
    for seed in [3, 8, 12] {
        let plan = Plan::of(seed, 120);
        let (one, other) = (run::play(&plan, None), run::play(&plan, None));
        assert_eq!(one, other, "seed {seed}");
        assert!(one.is_ok());
    }
    let traces = [3, 4].map(|seed| run::play(&Plan::of(seed, 60), None).unwrap().trace);
    assert_ne!(traces[0], traces[1]);
}
