//! Plans: the list of steps that a run plays, made from a seed, and the text form in which a shortened one is kept.
//!
//! # Invariants
//! - A plan is complete: the same plan gives the same run, whatever made it.
//! - A step carries its own randomness, so that taking one out does not change what the others do beyond what follows from it.

use std::fmt;
use std::str::FromStr;

use sync_core::entropy::SeededEntropy;
use sync_core::protocol::FrameTarget;

macro_rules! acts {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $family:expr, $weight:literal;)+) => {
        /// What a step does. The word is how plans spell it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Act {
            $($(#[$doc])* $variant,)+
        }

        impl Act {
            /// Every act.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its word in plans.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The faults it belongs to; none for what happens on any day.
            #[must_use]
            pub const fn family(self) -> Option<Family> {
                match self { $(Self::$variant => $family,)+ }
            }

            /// How often it comes up beside the others.
            const fn weight(self) -> u64 {
                match self { $(Self::$variant => $weight,)+ }
            }
        }
    };
}

/// Faults that come up together; a seed turns each on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Frames lost, repeated or out of order, connections cut, partitions.
    Network,
    /// The hub's process dies.
    HubCrash,
    /// A handheld's process dies.
    HandheldCrash,
    /// Clocks that jump and drift.
    Clocks,
    /// Disks that are full.
    FullDisk,
    /// Handhelds whose disk was copied.
    Clones,
    /// Handhelds that go back to an older image of their disk.
    Restores,
    /// Associates who come, go and change places.
    People,
    /// Associates who no longer work here, sign-ins the hub does not know, roles it does not share.
    Refusals,
    /// Customers who enter and leave the books of shops.
    Books,
    /// Sales from the till, and notices of the house and about customers.
    Records,
    /// A handheld that lies.
    Hostile,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Network,
        Self::HubCrash,
        Self::HandheldCrash,
        Self::Clocks,
        Self::FullDisk,
        Self::Clones,
        Self::Restores,
        Self::People,
        Self::Refusals,
        Self::Books,
        Self::Records,
        Self::Hostile,
    ];
}

acts! {
    /// An associate records an edit.
    Record = "record", None, 30;
    /// The back office records an edit.
    BackOffice = "back_office", None, 4;
    /// An associate opens a card.
    Read = "read", None, 3;
    /// A handheld connects.
    Connect = "connect", None, 6;
    /// A frame reaches the hub.
    Up = "up", None, 18;
    /// A frame reaches the handheld.
    Down = "down", None, 18;
    /// Both sides of a connection send what they have.
    Wake = "wake", None, 6;
    /// A handheld meets the hub, whole.
    Meet = "meet", None, 9;
    /// The app of a handheld is opened again.
    Reopen = "reopen", None, 1;
    /// Everything is looked at.
    Check = "check", None, 1;
    /// The connection is cut.
    Cut = "cut", Some(Family::Network), 4;
    /// A frame to the hub is lost, and the connection with it.
    LoseUp = "lose_up", Some(Family::Network), 2;
    /// A frame to the handheld is lost, and the connection with it.
    LoseDown = "lose_down", Some(Family::Network), 2;
    /// A frame reaches the hub twice.
    RepeatUp = "repeat_up", Some(Family::Network), 2;
    /// A frame reaches the handheld twice.
    RepeatDown = "repeat_down", Some(Family::Network), 2;
    /// A frame to the hub overtakes those before it.
    SwapUp = "swap_up", Some(Family::Network), 2;
    /// A frame to the handheld overtakes those before it.
    SwapDown = "swap_down", Some(Family::Network), 2;
    /// A handheld is out of reach, or comes back.
    Partition = "partition", Some(Family::Network), 1;
    /// The hub dies before a commit.
    HubDies = "hub_dies", Some(Family::HubCrash), 2;
    /// The hub dies between a commit and its answer.
    HubDiesAfter = "hub_dies_after", Some(Family::HubCrash), 2;
    /// A handheld dies before a commit.
    Dies = "dies", Some(Family::HandheldCrash), 2;
    /// A handheld dies between a commit and its answer.
    DiesAfter = "dies_after", Some(Family::HandheldCrash), 2;
    /// A handheld's clock jumps by up to ten years.
    Jump = "jump", Some(Family::Clocks), 2;
    /// A handheld's clock runs at another pace from here on.
    Drift = "drift", Some(Family::Clocks), 1;
    /// A handheld's disk is full while it records.
    FullRecord = "full_record", Some(Family::FullDisk), 3;
    /// A handheld's disk is full while it receives.
    FullDown = "full_down", Some(Family::FullDisk), 3;
    /// The hub's disk is full while it keeps a push, with more behind it.
    HubFull = "hub_full", Some(Family::FullDisk), 3;
    /// A handheld's disk is copied into a second one with the same key.
    Clone = "clone", Some(Family::Clones), 1;
    /// An image of a handheld's disk is taken.
    Image = "image", Some(Family::Restores), 2;
    /// A handheld goes back to its image.
    Restore = "restore", Some(Family::Restores), 1;
    /// An associate signs in.
    SignIn = "sign_in", Some(Family::People), 3;
    /// An associate signs out.
    SignOut = "sign_out", Some(Family::People), 2;
    /// Another associate takes the handheld.
    Switch = "switch", Some(Family::People), 4;
    /// The hub gives somebody the role of a manager, or takes it.
    Promote = "promote", Some(Family::People), 1;
    /// An associate no longer works here.
    Deactivate = "deactivate", Some(Family::Refusals), 1;
    /// An associate records in a role that only the handheld believes in.
    Believe = "believe", Some(Family::Refusals), 4;
    /// An associate records under a sign-in that the hub does not know.
    Stray = "stray", Some(Family::Refusals), 2;
    /// A customer enters a book.
    Enter = "enter", Some(Family::Books), 3;
    /// A customer leaves a book.
    Leave = "leave", Some(Family::Books), 2;
    /// The till reports sales.
    Sale = "sale", Some(Family::Records), 4;
    /// The hub posts notices, replaces them, takes them back.
    Post = "post", Some(Family::Records), 4;
    /// The lying handheld lies.
    Lie = "lie", Some(Family::Hostile), 8;
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// What happens.
    pub act: Act,
    /// To which handheld, counted around.
    pub who: u8,
    /// The randomness of the step.
    pub pick: u64,
}

/// What a run plays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Makes the world: sizes, people, customers.
    pub seed: u64,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// The sizes of a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Handhelds at the beginning.
    pub handhelds: u8,
    /// Associates who may work on one handheld.
    pub associates_each: u8,
    /// Customers there may be.
    pub customers: u64,
    /// Shops.
    pub shops: u8,
    /// Faults that are on.
    pub families: Vec<Family>,
    /// How large frames grow: in half of the worlds so little that a first sync has many pages.
    pub frame_target: FrameTarget,
}

impl Shape {
    /// The sizes that belong to a seed: small worlds are more frequent, because more meets more in them.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let entropy = &mut SeededEntropy::new(seed ^ 0x5a17);
        let small = |entropy: &mut SeededEntropy, most: u64| {
            let bound = 1 + entropy.below(most);
            u8::try_from(1 + entropy.below(bound)).expect("sizes are below 256")
        };
        let handhelds = 1 + small(entropy, 11);
        let associates_each = small(entropy, 5);
        let customers = u64::from(small(entropy, 60));
        let shops = small(entropy, 2);
        let families = Family::ALL
            .into_iter()
            .filter(|_| entropy.percent(55))
            .collect();
        let frame_target = if entropy.percent(50) {
            let bytes = 1_024 + entropy.below(8 * 1_024);
            FrameTarget(usize::try_from(bytes).expect("a few thousand"))
        } else {
            FrameTarget::default()
        };
        Self {
            handhelds,
            associates_each,
            customers,
            shops,
            families,
            frame_target,
        }
    }
}

impl Plan {
    /// The plan of `steps` steps that belongs to a seed.
    #[must_use]
    pub fn of(seed: u64, steps: usize) -> Self {
        let shape = Shape::of(seed);
        let acts: Vec<_> = Act::ALL
            .iter()
            .copied()
            .filter(|act| {
                act.family()
                    .is_none_or(|family| shape.families.contains(&family))
            })
            .collect();
        let total = acts.iter().map(|act| act.weight()).sum();
        let entropy = &mut SeededEntropy::new(seed);
        let steps = (0..steps)
            .map(|_| Step {
                act: draw(&acts, entropy.below(total)),
                who: u8::try_from(entropy.below(256)).expect("below 256"),
                pick: entropy.below(u64::MAX),
            })
            .collect();
        Self { seed, steps }
    }
}

fn draw(acts: &[Act], mut at: u64) -> Act {
    for act in acts {
        if at < act.weight() {
            return *act;
        }
        at -= act.weight();
    }
    Act::Record
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        for step in &self.steps {
            writeln!(f, "{} {} {}", step.act.word(), step.who, step.pick)?;
        }
        Ok(())
    }
}

/// A text that is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    /// The line, counted from 1.
    pub line: usize,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {} is neither `seed N` nor `act handheld number`",
            self.line
        )
    }
}

impl std::error::Error for PlanError {}

impl FromStr for Plan {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        let mut plan = Self {
            seed: 0,
            steps: Vec::new(),
        };
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let error = PlanError { line: number + 1 };
            let words: Vec<_> = line.split_whitespace().collect();
            match words.as_slice() {
                ["seed", seed] => plan.seed = seed.parse().or(Err(error))?,
                [act, who, pick] => {
                    let known = Act::ALL.iter().find(|known| known.word() == *act);
                    plan.steps.push(Step {
                        act: *known.ok_or_else(|| error.clone())?,
                        who: who.parse().or(Err(error.clone()))?,
                        pick: pick.parse().or(Err(error))?,
                    });
                }
                _ => return Err(error),
            }
        }
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_reads_back_from_its_text() {
        let plan = Plan::of(7, 200);
        assert_eq!(plan.to_string().parse(), Ok(plan.clone()));
        assert_eq!(plan.steps.len(), 200);
        assert_eq!(
            "seed 1\nfly 1 2".parse::<Plan>(),
            Err(PlanError { line: 2 })
        );
    }

    #[test]
    fn seeds_turn_every_family_on_and_off_and_reach_every_size() {
        let shapes: Vec<_> = (0..400).map(Shape::of).collect();
        for family in Family::ALL {
            let on = shapes
                .iter()
                .filter(|shape| shape.families.contains(&family))
                .count();
            assert!((100..300).contains(&on), "{family:?} is on in {on} of 400");
        }
        assert!(shapes.iter().any(|shape| shape.handhelds == 2));
        assert!(shapes.iter().any(|shape| shape.handhelds == 12));
        assert!(shapes.iter().any(|shape| shape.associates_each == 5));
        assert!(shapes.iter().any(|shape| shape.customers > 50));
        assert!(shapes.iter().any(|shape| shape.shops == 2));
    }
}
