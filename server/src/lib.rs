//! The hub of Carnet: identity, the writer thread and the HTTP shell around the core.
//!
//! Thin by intent: what is decided about cards is decided in `sync-core`; this crate knows sockets, clocks, keys and people.

pub mod clock;
pub mod config;
pub mod entropy;
pub mod keys;
pub mod secret;
pub mod tokens;
pub mod writer;
