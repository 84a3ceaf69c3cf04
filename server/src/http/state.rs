//! What handlers work with.

use std::ops::Deref;
use std::sync::Arc;

use sync_core::store::Store;
use tokio::sync::watch;

use super::metrics::Metrics;
use crate::book::Book;
use crate::clock::Clock;
use crate::entropy::SharedEntropy;
use crate::identity::Identity;
use crate::keys::Keystore;
use crate::walk_ins::look_ups::LookUps;
use crate::writer::Writer;

/// The hub's parts. Each is usable from many tasks at once.
pub struct Hub {
    /// People, handhelds and sign-ins.
    pub identity: Arc<Identity>,
    /// The customers.
    pub book: Arc<Book>,
    /// The way to write.
    pub writer: Writer,
    /// The way to read.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: SharedEntropy,
    /// Secrets.
    pub keys: Arc<Keystore>,
    /// Counters, shared with the writer.
    pub metrics: Metrics,
    /// Turns true when the hub stops: long connections then close by themselves.
    pub stopping: watch::Receiver<bool>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// The hub, shared by all requests.
#[derive(Debug, Clone)]
pub struct AppState(Arc<Hub>, Arc<LookUps>);

impl AppState {
    /// Shares `hub`.
    #[must_use]
    pub fn new(hub: Hub) -> Self {
        Self(Arc::new(hub), Arc::default())
    }

    /// How often somebody looked for a customer of the whole chain by an address.
    #[must_use]
    pub fn look_ups(&self) -> &LookUps {
        &self.1
    }
}

impl Deref for AppState {
    type Target = Hub;

    fn deref(&self) -> &Hub {
        &self.0
    }
}
