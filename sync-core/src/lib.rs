//! The pure core of Carnet: what the same code decides on every handheld and on the hub.
//!
//! Nothing here opens a socket or file, reads a clock, draws randomness or waits: whatever is needed from outside comes in as an argument,
//! so that a whole fleet can be run in one thread from one seed.

pub mod access;
pub mod audit;
pub mod authority;
pub mod card;
pub mod concierge;
pub mod crypto;
pub mod digest;
pub mod documents;
pub mod duplicates;
pub mod enrolment;
pub mod entropy;
pub mod envelope;
pub mod feed;
pub mod gate;
pub mod ids;
pub mod limits;
pub mod notices;
pub mod outbox;
pub mod projection;
pub mod protocol;
pub mod quarantine;
pub mod records;
pub mod replica;
pub mod scope;
pub mod search;
pub mod store;
