//! The SDK against a real hub, over real sockets: enrolment, sign-in, sync once, live and in batches, and a hub that goes away.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod brief;
mod events;
mod hub;
mod meeting;
mod standard;
mod walk_ins;
