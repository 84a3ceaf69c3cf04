//! Fixed seeds with few steps: every build plays them.

use simulator::plan::Plan;
use simulator::run;

#[test]
fn twenty_seeds_play_to_their_end() {
    for seed in 1..=20 {
        if let Err(failure) = run::play(&Plan::of(seed, 90), None) {
            panic!("seed {seed}, step {}: {}", failure.step, failure.violation);
        }
    }
}

#[test]
fn a_seed_played_twice_gives_the_same_run() {
    for seed in [3, 8] {
        let plan = Plan::of(seed, 60);
        let (one, other) = (run::play(&plan, None), run::play(&plan, None));
        assert_eq!(one, other, "seed {seed}");
        assert!(one.is_ok());
    }
    let traces = [3, 4].map(|seed| run::play(&Plan::of(seed, 60), None).unwrap().trace);
    assert_ne!(traces[0], traces[1]);
}
