//! Running plans: one after the other, each in a world of its own, with what was counted.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};

use sync_core::authority::Authority;
use sync_core::ids::Hash32;
use sync_core::store::Store as _;

use crate::fleet::Link;
use crate::invariants::Violation;
use crate::plan::{Act, Plan};
use crate::sabotage::Sabotage;
use crate::world::World;

/// What was counted over a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Steps played.
    pub steps: u64,
    /// Edits recorded, on handhelds and at the back office.
    pub recorded: u64,
    /// Edits that could not be made: a form would not have let them through.
    pub declined: u64,
    /// Changes that the hub accepted.
    pub accepted: u64,
    /// Edits that the hub refused.
    pub refused: u64,
    /// Times that edits were committed anew.
    pub replayed: u64,
    /// Records that were new or newer.
    pub records: u64,
    /// Notices posted or replaced.
    pub notices: u64,
    /// Frames of the lying handheld.
    pub lies: u64,
    /// Frames delivered.
    pub frames: u64,
    /// Bytes delivered.
    pub bytes: u64,
    /// Faults by kind.
    pub faults: BTreeMap<Act, u64>,
    /// Edits recorded by kind.
    pub edits: BTreeMap<&'static str, u64>,
}

impl Totals {
    /// Adds what a connection carried.
    pub fn carry(&mut self, link: &Link) {
        let wide = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        self.frames += wide(link.frames.0 + link.frames.1);
        self.bytes += wide(link.bytes.0 + link.bytes.1);
    }

    /// Adds the totals of another run.
    pub fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.recorded += other.recorded;
        self.declined += other.declined;
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.replayed += other.replayed;
        self.records += other.records;
        self.notices += other.notices;
        self.lies += other.lies;
        self.frames += other.frames;
        self.bytes += other.bytes;
        for (act, count) in &other.faults {
            *self.faults.entry(*act).or_default() += count;
        }
        for (edit, count) in &other.edits {
            *self.edits.entry(edit).or_default() += count;
        }
    }
}

/// A run that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Number of the step, or of steps when it was the end.
    pub step: usize,
    /// What went wrong.
    pub violation: Violation,
}

/// A run that went well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Success {
    /// A digest of everything that happened: equal for equal plans.
    pub trace: Hash32,
    /// What was counted.
    pub totals: Totals,
}

/// Plays a plan from the beginning to the end.
///
/// # Errors
/// The [`Failure`], also when the core gave up in the middle.
pub fn play(plan: &Plan, sabotage: Option<Sabotage>) -> Result<Success, Failure> {
    let mut step = 0;
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| play_to_end(plan, sabotage, &mut step)));
    let violation = match outcome {
        Ok(Ok(success)) => return Ok(success),
        Ok(Err(violation)) => violation,
        Err(payload) => Violation::new("nothing panics", text_of(payload.as_ref())),
    };
    Err(Failure { step, violation })
}

fn play_to_end(
    plan: &Plan,
    sabotage: Option<Sabotage>,
    at: &mut usize,
) -> Result<Success, Violation> {
    let mut world = World::new(plan.seed, sabotage)?;
    for (number, step) in plan.steps.iter().enumerate() {
        *at = number;
        world.play(*step)?;
    }
    *at = plan.steps.len();
    let trace = world.finish()?;
    world.totals.accepted = Authority::accepted_number(&*world.hub.store.read()?)?;
    Ok(Success {
        trace,
        totals: world.totals,
    })
}

fn text_of(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("it gave up without a word").to_owned()
}

/// Keeps panics of the core from printing: they are reported as failures.
pub fn quietly() {
    panic::set_hook(Box::new(|_| {}));
}
