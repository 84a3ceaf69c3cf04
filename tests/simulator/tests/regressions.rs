//! Plans that once failed, shortened and kept: each must play to its end.

use std::path::Path;

use simulator::plan::Plan;
use simulator::run;

#[test]
fn what_once_failed_plays_to_its_end() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    let mut played = 0;
    let mut failed = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let plan: Plan = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(!plan.steps.is_empty(), "{name} has no step");
        if let Err(failure) = run::play(&plan, None) {
            let (step, violation) = (failure.step, failure.violation);
            failed.push(format!("{name} at step {step}: {violation}"));
        }
        played += 1;
    }
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(played > 0, "{} holds no plan", folder.display());
}
