//! The SDK of a handheld: one object, [`Book`], over the core and an encrypted SQLite file, exported with UniFFI.
//!
//! It is thin. What may be seen, recorded or replayed is decided in `sync-core`; here are locks, transactions, the border's types
//! and errors, and the network. Calls block, and are short except where they say so: an app runs them off the thread that draws.
//!
//! # Invariants
//! - A panic never crosses the border: it becomes [`BookError::Bug`], and the book goes on.
//! - No lock is held while the app's own code runs, except its keystore while a push is signed.
#![expect(
    clippy::needless_pass_by_value,
    reason = "what crosses the border arrives owned"
)]

mod book;
mod changes;
pub mod clock;
pub mod entropy;
mod error;
mod keystore;
mod network;
mod password;
mod preview;
mod shelf;
mod types;

pub use book::Book;
pub use book::opening::BookOptions;
pub use book::syncing::{SyncEnd, SyncReport, SyncRun};
pub use book::wiping::WipeReport;
pub use changes::{BookListener, Change, ChangeSummary, ListenerError};
pub use error::BookError;
pub use keystore::{DeviceKeystore, KeystoreError};
pub use types::*;

uniffi::setup_scaffolding!("carnet");
