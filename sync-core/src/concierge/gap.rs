//! The gap.
pub mod exact;
