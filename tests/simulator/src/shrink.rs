//! Making a failing plan short: steps are taken out as long as the same invariant breaks.

use crate::plan::Plan;
use crate::run::{self, Failure};
use crate::sabotage::Sabotage;

/// Runs that shrinking may take.
const RUNS_MAX: usize = 600;

/// The shortest plan found that breaks the same invariant, with how it then fails.
#[must_use]
pub fn shrink(plan: &Plan, failure: &Failure, sabotage: Option<Sabotage>) -> (Plan, Failure) {
    let mut best = plan.clone();
    let mut how = failure.clone();
    best.steps.truncate(failure.step + 1);
    if let Err(again) = run::play(&best, sabotage)
        && again.violation.invariant == failure.violation.invariant
    {
        how = again;
    } else {
        best = plan.clone();
    }
    let mut runs = 0;
    let mut chunk = best.steps.len() / 2;
    while chunk > 0 && runs < RUNS_MAX {
        let mut from = 0;
        let mut is_shorter = false;
        while from < best.steps.len() && runs < RUNS_MAX {
            let mut shorter = best.clone();
            let to = (from + chunk).min(shorter.steps.len());
            shorter.steps.drain(from..to);
            runs += 1;
            match run::play(&shorter, sabotage) {
                Err(again) if again.violation.invariant == failure.violation.invariant => {
                    (best, how, is_shorter) = (shorter, again, true);
                }
                Ok(_) | Err(_) => from = to,
            }
        }
        if !is_shorter || chunk > 1 {
            chunk /= 2;
        }
    }
    (best, how)
}
