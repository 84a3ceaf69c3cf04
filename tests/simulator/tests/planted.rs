//! Planted faults: the simulation must find each of them, within few seeds, or it would find nothing else either.

use simulator::plan::Plan;
use simulator::run;
use simulator::sabotage::Sabotage;

/// Seeds within which a fault must be found.
const SEEDS: u64 = 40;
/// Steps of each.
const STEPS: usize = 150;

/// The first seed whose run breaks one of the invariants that tell of the fault.
fn found(sabotage: Sabotage) -> Option<u64> {
    let first = likely(sabotage);
    (first..first + SEEDS).find(|seed| {
        let outcome = run::play(&Plan::of(*seed, STEPS), Some(sabotage));
        outcome.is_err_and(|failure| tells_of(sabotage).contains(&failure.violation.invariant))
    })
}

#[test]
fn every_planted_fault_is_found_as_what_it_is() {
    run::quietly();
    for sabotage in Sabotage::ALL {
        let seed = found(sabotage);
        println!("{sabotage:?} is found at seed {seed:?}");
        let seed = seed.unwrap_or_else(|| panic!("{sabotage:?} is not found"));
        let sound = run::play(&Plan::of(seed, STEPS), None);
        assert!(sound.is_ok(), "seed {seed} fails without it too: {sound:?}");
    }
}

/// Where to begin: a seed known to find it, so that the test is quick. From seed 1 on each is found by seed 7.
fn likely(sabotage: Sabotage) -> u64 {
    match sabotage {
        Sabotage::ScopeUnchecked | Sabotage::RowNotFolded | Sabotage::ReadsForgottenEarly => 1,
        Sabotage::ReplyBeforeCommit
        | Sabotage::RefusalNotFollowed
        | Sabotage::AuthorOfFirstSignIn
        | Sabotage::RosterUnchecked => 2,
        Sabotage::EditsNotRemembered => 5,
        Sabotage::OutboxClearedAtSignOut => 7,
    }
}

/// The invariants that a planted fault breaks; which of them is seen first depends on the seed.
fn tells_of(sabotage: Sabotage) -> &'static [&'static str] {
    match sabotage {
        Sabotage::ReplyBeforeCommit => &[
            "what is acknowledged is kept",
            "a whole meeting",
            "liveness",
        ],
        Sabotage::OutboxClearedAtSignOut => &["no edit is lost"],
        Sabotage::EditsNotRemembered => &["one fate", "refusals have a reason"],
        Sabotage::ScopeUnchecked => &["a handheld holds only what it may"],
        Sabotage::RefusalNotFollowed => &["a whole meeting", "rows and index follow"],
        Sabotage::AuthorOfFirstSignIn | Sabotage::RosterUnchecked => &["authors are right"],
        Sabotage::ReadsForgottenEarly => &["every look is logged"],
        Sabotage::RowNotFolded => &["rows and index follow"],
    }
}
