//! The hub of Carnet: identity, the writer thread and the HTTP shell around the core.
//!
//! Thin by intent: what is decided about cards is decided in `sync-core`; this crate knows sockets, clocks, keys and people.

pub mod book;
pub mod boutique;
pub mod check;
pub mod clock;
pub mod config;
pub mod data;
pub mod desk;
pub mod duplicates;
pub mod entropy;
pub mod events;
pub mod gap;
pub mod handover;
pub mod http;
pub mod identity;
pub mod import;
pub mod keys;
pub mod lock;
pub mod logging;
pub mod office;
pub mod operator;
pub mod pairs;
pub mod routes;
pub mod secret;
pub mod serve;
pub mod setup;
pub mod sync;
#[cfg(test)]
pub(crate) mod testing;
pub mod tokens;
pub mod walk_ins;
pub mod writer;

pub use serve::serve;
