//! A whole fleet in one thread: the real core of hub and handhelds over stores in memory, with everything from outside made up from one seed.
//!
//! [`fleet`] is what stories are told in. [`world`] plays a [`plan`] of random steps with faults, [`invariants`] look at every quiet moment,
//! and [`shrink`] makes a failing plan short. [`sabotage`] plants faults to show that they are found.

pub mod disk;
pub mod edits;
pub mod fleet;
pub mod hostile;
pub mod invariants;
pub mod oracle;
pub mod plan;
pub mod run;
pub mod sabotage;
pub mod shrink;
pub mod world;
