//! Plans that once failed, shortened and kept: each must play to its end.

use std::path::Path;

use simulator::plan::Plan;
use simulator::run;

#[test]
fn what_once_failed_plays_to_its_end() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    let mut played = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let plan: Plan = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        assert!(!plan.steps.is_empty(), "{} has no step", path.display());
        if let Err(failure) = run::play(&plan, None) {
            panic!(
                "{} at step {}: {}",
                path.display(),
                failure.step,
                failure.violation
            );
        }
        played += 1;
    }
    assert!(played > 0, "{} holds no plan", folder.display());
}
