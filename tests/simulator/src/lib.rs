//! A whole fleet in one thread: the real core of hub and handhelds over stores in memory, with everything from outside made up from one seed.
//!
//! [`fleet`] is what stories are told in. [`world`] plays a [`plan`] of random steps with faults, [`invariants`] look at every quiet moment,
//! and [`shrink`] makes a failing plan short. [`sabotage`] plants faults to show that they are found.
//!
//! # What is expected of copies
//! - A cloned handheld goes on under the same device and key, with an actor of its own. Both copies push what they had in common; the hub takes it once.
//!   What either recorded afterwards is accepted as that device's work, once each, and both copies agree with the hub in the end.
//! - A handheld that went back to an older disk loses only what nobody else held: edits recorded since and not accepted.
//! - A copy may go on believing refused what the hub accepted from the other, when what led to the refusal has changed in between.
//!
//! # What is not here
//! Erasure and epochs (the hub has no such acts yet), a hub restored from a backup, torn writes (the SQLite store has its own crash tests).

pub mod cast;
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
