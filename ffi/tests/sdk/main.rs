//! The SDK through its public surface: opening, people, the concierge, drafts, messages, the standard, relationships, guests, syncing, cancelling, wiping, the preview.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail like tests"
)]

mod concierge;
mod drafts;
mod guests;
mod messages;
mod opening;
mod people;
mod preview;
mod relationship;
mod secrets;
mod stage;
mod standard;
mod syncing;
mod wiping;
