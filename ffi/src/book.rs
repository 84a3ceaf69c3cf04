//! The book: the one object of the SDK. Its calls are spread over the files of this folder by what they are for.

pub(crate) mod account;
mod concierge;
mod drafts;
mod editing;
mod guests;
mod house;
mod observing;
pub(crate) mod opening;
mod reading;
pub(crate) mod syncing;
pub(crate) mod wiping;

use std::sync::{Arc, Mutex};

use sync_store_sqlite::lock::FileLock;

use crate::network::Network;
use crate::shelf::Shelf;

/// A handheld's book. It opens without a network, and works without one.
///
/// Calls block and may be made from any thread; run them off the one that draws. Those that reach the hub say so.
#[derive(Debug, uniffi::Object)]
pub struct Book {
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) network: Network,
    /// The last field: nobody else opens the file before the network was let go. None in memory, and after a wipe.
    pub(crate) lock: Mutex<Option<FileLock>>,
}
