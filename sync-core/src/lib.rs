//! The pure core of Carnet: what the same code decides on every handheld and on the hub.
//!
//! Nothing here opens a socket or file, reads a clock, draws randomness or waits: whatever is needed from outside comes in as an argument,
//! so that a whole fleet can be run in one thread from one seed.

pub mod card;
pub mod crypto;
pub mod entropy;
pub mod envelope;
pub mod ids;
pub mod limits;
pub mod store;
