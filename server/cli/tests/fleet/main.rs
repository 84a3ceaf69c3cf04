//! Handhelds and the real binary over real sockets: a real shop's log on two of them, and an enemy among them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail like tests"
)]

mod attacker;
mod forge;
mod gap_log;
mod hostile;
mod house;
mod real_log;
