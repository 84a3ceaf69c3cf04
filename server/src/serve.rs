//! Starting, serving and stopping the hub.
//!
//! `axum::serve` gives no hold on timeouts and connection counts, so the accept loop is our own ([`accept`]).
//!
//! # Failure
//! Whatever stops the start says so before the first connection is taken: a setting, a port in use, a keystore, a certificate, a database.

pub mod accept;
mod idle;
mod tls;

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sync_core::projection;
use sync_core::store::{Store, StoreError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::book::{Book, BookParts};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ConfigError, ListenConfig};
use crate::data::{DataError, make_folder};
use crate::desk::Desk;
use crate::duplicates::{Keeper, POST_EVERY_MS};
use crate::entropy::SharedEntropy;
use crate::http::{AppState, Hub, router};
use crate::identity::{Identity, IdentityError, IdentityParts, issuer_of};
use crate::keys::{KeysError, Keystore};
use crate::lock::{FolderLock, LockError};
use crate::setup::{FirstRun, first_run, home_shop};
use crate::walk_ins;
use crate::writer::{WriteError, Writer, WriterThread};

/// Why the hub does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A setting can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Somebody else listens there.
    #[error(
        "{address} is in use: stop the program that listens there (another hub?), or choose another port with --listen"
    )]
    AddressInUse {
        /// The address.
        address: SocketAddr,
    },
    /// The address can't be listened on.
    #[error(
        "can't listen on {address}: choose an address of this machine, and a port you may use, with --listen"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The data folder can't be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Another process writes to the data folder.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The certificate or its key can't be used.
    #[error("{flag}: {path} can't be used: {reason}")]
    Tls {
        /// The flag that named the file.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong, and what is expected.
        reason: String,
    },
    /// The keystore can't be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The database can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The first run failed.
    #[error("the first run failed: {0}")]
    FirstRun(#[from] IdentityError),
    /// The operating system refuses a thread.
    #[error("can't start the writer thread")]
    Thread(#[source] std::io::Error),
}

/// A hub that has started and serves nobody yet.
#[derive(Debug)]
pub struct Started {
    /// What handlers work with.
    pub state: AppState,
    /// What the first run made; `None` on later runs.
    pub first_run: Option<FirstRun>,
    writer: WriterThread,
    stop: watch::Sender<bool>,
    /// Held until the writer has ended.
    lock: FolderLock,
}

/// What is known once connections are taken.
#[derive(Debug)]
pub struct Ready<'a> {
    /// The address that is listened on.
    pub address: SocketAddr,
    /// The URL that handhelds are given.
    pub url: &'a str,
    /// What the first run made, to be shown once.
    pub first_run: Option<&'a FirstRun>,
    /// What handlers work with.
    pub state: &'a AppState,
}

impl Started {
    /// Starts a hub on `store` that clients may name by `origins`.
    ///
    /// # Errors
    /// When the keystore or the database can't be used.
    pub async fn open(
        config: &Config,
        store: Arc<dyn Store>,
        origins: Vec<String>,
    ) -> Result<Self, ServeError> {
        let opened = Self::open_parts(config, store, origins).await;
        opened.map_err(|error| match error {
            ServeError::Store(error)
            | ServeError::Keys(KeysError::Store(error))
            | ServeError::FirstRun(IdentityError::Store(error)) => {
                DataError::of(error, &config.data.folder).into()
            }
            other @ (ServeError::Config(_)
            | ServeError::AddressInUse { .. }
            | ServeError::Listen { .. }
            | ServeError::Data(_)
            | ServeError::Lock(_)
            | ServeError::Tls { .. }
            | ServeError::Keys(_)
            | ServeError::FirstRun(_)
            | ServeError::Thread(_)) => other,
        })
    }

    async fn open_parts(
        config: &Config,
        store: Arc<dyn Store>,
        origins: Vec<String>,
    ) -> Result<Self, ServeError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy = SharedEntropy::system();
        make_folder(&config.data.folder)?;
        let lock = FolderLock::take(&config.data.folder)?;
        let keys = entropy.with(|source| {
            Keystore::open_or_create(&config.data.folder, &*store, source, clock.now())
        })?;
        let keys = Arc::new(keys);
        let home = home_shop(&*store, &entropy)?;
        let (writer, thread) = Writer::start(Arc::clone(&store)).map_err(ServeError::Thread)?;
        let identity = Arc::new(Identity::load(IdentityParts {
            store: Arc::clone(&store),
            writer: writer.clone(),
            keys: Arc::clone(&keys),
            clock: Arc::clone(&clock),
            entropy: entropy.clone(),
            config: config.identity.clone(),
            issuer: issuer_of(home),
            origins,
        })?);
        let book = Arc::new(Book::open(BookParts {
            store: Arc::clone(&store),
            writer: writer.clone(),
            key: Arc::new(keys.hub_key()),
            clock: Arc::clone(&clock),
            entropy: entropy.clone(),
        })?);
        settle_index(&writer).await?;
        let first_run = first_run(&identity, home, &*clock, &entropy).await?;
        identity.tell_house(Arc::clone(&book)).await;
        let (stop, stopping) = watch::channel(false);
        let metrics = writer.metrics().clone();
        let state = AppState::new(Hub {
            identity,
            book,
            writer,
            store,
            clock,
            entropy,
            keys,
            metrics,
            stopping,
        });
        Ok(Self {
            state,
            first_run,
            writer: thread,
            stop,
            lock,
        })
    }

    /// Tells long connections to close. Drain them, then call [`Started::finish`].
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Finishes what is queued to be written.
    pub async fn finish(self) {
        self.writer.stop().await;
        drop(self.lock);
    }
}

/// Writes the search entries that an import which was cut left to its end.
async fn settle_index(writer: &Writer) -> Result<(), StoreError> {
    let settled = writer.run(|tx| projection::index_what_waits(tx)).await;
    settled.map_err(|error| match error {
        WriteError::Job(error) => error,
        error @ (WriteError::Commit(_) | WriteError::Panicked | WriteError::Stopping) => {
            StoreError::Other {
                operation: "indexing what an import wrote",
                source: error.to_string().into(),
            }
        }
    })
}

/// Binds the address of `config`.
///
/// # Errors
/// When it is in use or can't be listened on.
pub async fn bind(config: &ListenConfig) -> Result<TcpListener, ServeError> {
    let address = config.address;
    let refused = |source: std::io::Error| {
        if source.kind() == std::io::ErrorKind::AddrInUse {
            return ServeError::AddressInUse { address };
        }
        ServeError::Listen { address, source }
    };
    TcpListener::bind(address).await.map_err(refused)
}

/// Serves until `shutdown`, then stops taking connections, lets requests under way finish, and finishes what is queued to be written.
/// `ready` is called once connections are taken.
///
/// # Errors
/// What stops the start.
pub async fn serve(
    config: &Config,
    store: Arc<dyn Store>,
    ready: impl FnOnce(&Ready<'_>),
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    config.check()?;
    let listen = &config.listen;
    let tls = listen.tls.as_ref().map(tls::acceptor).transpose()?;
    let listener = bind(listen).await?;
    let address = listener.local_addr().map_err(|source| ServeError::Listen {
        address: listen.address,
        source,
    })?;
    if let Some(reason) = &listen.insecure_reason {
        tracing::warn!(reason, "plain HTTP is allowed beyond this machine");
    }
    let origins = listen.origins(address);
    let started = Started::open(config, store, origins.clone()).await?;
    ready(&Ready {
        address,
        url: origins.first().map_or("", String::as_str),
        first_run: started.first_run.as_ref(),
        state: &started.state,
    });
    tracing::info!(%address, tls = tls.is_some(), "the hub takes connections");
    let desk = match Desk::new(started.state.clone(), config.messages.as_ref()) {
        Ok(desk) => Some(tokio::spawn(desk.run())),
        Err(error) => {
            tracing::error!(error = %error, "nothing that is asked for is answered");
            None
        }
    };
    let orders = take_orders(&config.data.folder, &started.state);
    let keeping = tokio::spawn(keep_house(started.state.clone()));
    let gap = tokio::spawn(crate::gap::keeper::run(started.state.clone()));
    let door = accept::Door {
        router: router(started.state.clone()),
        state: started.state.clone(),
        tls,
        config: listen.connections.clone(),
    };
    accept::run(&listener, door, async {
        shutdown.await;
        tracing::info!("the hub stops");
        started.stop();
    })
    .await;
    if let Some(desk) = desk
        && desk.await.is_err()
    {
        tracing::error!("the desk had broken");
    }
    // What is being carried out still writes.
    if let Some(orders) = orders
        && orders.await.is_err()
    {
        tracing::error!("the operator's door had broken");
    }
    if keeping.await.is_err() {
        tracing::error!("what is kept in the background had broken");
    }
    if gap.await.is_err() {
        tracing::error!("what keeps the gap had broken");
    }
    started.finish().await;
    Ok(())
}

/// Once a minute, and first at the start: the index of duplicates follows the cards, and walk-ins of yesterday leave the books.
async fn keep_house(state: AppState) {
    let keeper = Arc::new(Keeper::new(Arc::clone(&state.book), state.keys.chain_key()));
    let mut stopping = state.stopping.clone();
    let mut every = tokio::time::interval(Duration::from_millis(POST_EVERY_MS.unsigned_abs()));
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stops| *stops) => return,
            _ = every.tick() => {}
        }
        let now = state.clock.now();
        // What a stop cuts is done again at the next start.
        let kept = tokio::select! {
            _ = stopping.wait_for(|stops| *stops) => return,
            kept = keeper.tick(now) => kept,
        };
        if let Err(error) = kept {
            tracing::warn!(error = %error, "the index of duplicates is not up to date");
        }
        if let Err(error) = walk_ins::end_days(&state.book, now).await {
            tracing::warn!(error = %error, "walk-ins whose day is over are still in a book");
        }
    }
}

/// Opens the operator's door, without which a hub can serve as well.
#[cfg(unix)]
fn take_orders(folder: &Path, state: &AppState) -> Option<JoinHandle<()>> {
    match crate::operator::door::Door::open(folder) {
        Ok(door) => Some(tokio::spawn(door.serve(state.clone()))),
        Err(error) => {
            tracing::warn!(error = %error, "`carnet admin` can't reach this hub while it serves");
            None
        }
    }
}

#[cfg(not(unix))]
fn take_orders(_: &Path, _: &AppState) -> Option<JoinHandle<()>> {
    None
}

#[cfg(test)]
mod tests;
