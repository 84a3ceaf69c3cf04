//! The SDK through its public surface: opening, people, the concierge, the standard, guests, syncing over frames, cancelling, wiping, the preview.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail like tests"
)]

mod concierge;
mod guests;
mod opening;
mod people;
mod preview;
mod secrets;
mod stage;
mod standard;
mod syncing;
mod wiping;
