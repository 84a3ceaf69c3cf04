//! Who may do what: shops, associates, handhelds, sign-ins and keys for other systems.
//!
//! Rooms: [`access`] (roles, scopes, the principal), [`authenticate`] (request to principal), [`sessions`] (sign-in, refresh, sign-out),
//! [`enrolment`], [`people`] (changes, and [`Identity::deactivate`], which ends everything), [`integrations`],
//! [`office`] (the cookies of its pages), [`contact`] (when a handheld was last heard),
//! [`dpop`], [`passwords`], [`attempts`], [`directory`] (rows and their copy in memory).
//!
//! # Invariants
//! - Every request is checked against the copy in memory, which is brought up to date before the change that it follows is answered:
//!   a deactivation takes effect on the next request.
//! - No secret is stored: passwords as argon2id, codes, refresh tokens and keys as hashes.

pub mod access;
pub mod attempts;
pub mod authenticate;
pub mod contact;
pub mod directory;
pub mod dpop;
pub mod enrolment;
pub mod integrations;
pub mod office;
pub mod passwords;
pub mod people;
mod refresh;
pub mod rows;
pub mod sessions;

use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use sync_core::crypto::{DevicePublicKey, HubPublicKey};
use sync_core::ids::{DeviceId, ShopId, Timestamp};
use sync_core::store::{Store, StoreError};

use crate::book::Book;
use crate::clock::Clock;
use crate::config::IdentityConfig;
use crate::entropy::SharedEntropy;
use crate::keys::Keystore;
use crate::secret::Secret;
use crate::tokens::{TokenError, Tokens};
use crate::writer::{WriteError, Writer};
use attempts::Attempts;
use directory::{Directory, IdentityTx};
use dpop::{ProofError, Proofs};
use passwords::Passwords;
use rows::{DeviceRow, SecurityEvent, SecurityEventRow};

/// Why identity refuses, or could not do, what was asked.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// No credentials came with the request.
    #[error("sign in first")]
    NotSignedIn,
    /// Name or password is wrong; which one is not said.
    #[error("the name or the password is wrong")]
    SignInFailed,
    /// Too many wrong passwords.
    #[error("too many wrong tries")]
    TooManyTries {
        /// From when another try is allowed.
        until: Timestamp,
    },
    /// The associate belongs to another shop than the handheld.
    #[error("this handheld belongs to another shop: ask its manager to move you there")]
    OtherShop,
    /// Only managers work without a handheld.
    #[error("associates sign in on a handheld")]
    HandheldOnly,
    /// The handheld is not enrolled here, or was revoked.
    #[error("this handheld is not enrolled here any more: enrol it again")]
    DeviceUnknown,
    /// The enrolment code is wrong, used, dead or too old; which is not said.
    #[error("the code does not work: ask a manager for a new one")]
    EnrolmentRefused,
    /// The session or key has ended.
    #[error("the sign-in has ended: sign in again")]
    SessionEnded,
    /// The refresh token is not good.
    #[error("the refresh token does not work: sign in again")]
    RefreshRefused,
    /// The sign-in was not used for too long, or its shift is over. Its associate is still welcome.
    #[error("the sign-in has lapsed: sign in again")]
    SignInLapsed,
    /// The access token is not good.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The proof of possession is not good.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// There is no such thing, or it is out of the caller's reach.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The present state does not allow it.
    #[error("{0}")]
    Conflict(&'static str),
    /// A value can't be used.
    #[error("{field}: expected {expected}")]
    Invalid {
        /// Which value.
        field: &'static str,
        /// The form that is expected.
        expected: &'static str,
    },
    /// Storage failed before the commit.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The commit failed.
    #[error("the change was not kept: {0}")]
    NotKept(Arc<StoreError>),
    /// The hub is stopping.
    #[error("the hub is stopping: try again soon")]
    Stopping,
    /// A bug of ours, logged where it happened.
    #[error("something went wrong inside the hub")]
    Internal,
}

impl From<WriteError<Self>> for IdentityError {
    fn from(error: WriteError<Self>) -> Self {
        match error {
            WriteError::Job(error) => error,
            WriteError::Commit(error) => Self::NotKept(error),
            WriteError::Stopping => Self::Stopping,
            WriteError::Panicked => Self::Internal,
        }
    }
}

impl SecurityEventRow {
    fn new(at: Timestamp, kind: SecurityEvent) -> Self {
        Self {
            at,
            kind,
            associate: None,
            device: None,
            session: None,
            integration: None,
        }
    }
}

/// What identity works with.
#[derive(Clone)]
pub struct IdentityParts {
    /// Where rows are kept.
    pub store: Arc<dyn Store>,
    /// Through what they are written.
    pub writer: Writer,
    /// The hub's secrets.
    pub keys: Arc<Keystore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: SharedEntropy,
    /// Lives and costs.
    pub config: IdentityConfig,
    /// The name of this hub in its tokens: [`issuer_of`] its first shop.
    pub issuer: String,
    /// The origins under which clients may name this hub.
    pub origins: Vec<String>,
}

impl std::fmt::Debug for IdentityParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdentityParts")
            .field("issuer", &self.issuer)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}

/// The name that the hub of `shop` has in its tokens.
#[must_use]
pub fn issuer_of(shop: ShopId) -> String {
    format!("carnet:hub:{shop}")
}

/// Identity, shared by all requests.
pub struct Identity {
    store: Arc<dyn Store>,
    writer: Writer,
    clock: Arc<dyn Clock>,
    entropy: SharedEntropy,
    config: IdentityConfig,
    hub_key: HubPublicKey,
    pepper: Secret<[u8; 32]>,
    refresh_secret: Secret<[u8; 32]>,
    tokens: Tokens,
    proofs: Proofs,
    passwords: Passwords,
    attempts: Mutex<Attempts>,
    contacts: Mutex<contact::Contacts>,
    url: String,
    directory: Arc<RwLock<Directory>>,
    /// Where shops and people are posted.
    house: OnceLock<Arc<Book>>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("issuer", &self.tokens.issuer())
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// Loads the present state from the store.
    ///
    /// # Errors
    /// What the store reports.
    pub fn load(parts: IdentityParts) -> Result<Self, StoreError> {
        let tx = parts.store.read()?;
        let directory = Directory::load(&*tx)?;
        let contacts = contact::Contacts::load(&*tx)?;
        drop(tx);
        Ok(Self {
            contacts: Mutex::new(contacts),
            url: parts.origins.first().cloned().unwrap_or_default(),
            hub_key: parts.keys.hub_key().public_key(),
            pepper: parts.keys.pepper().clone(),
            refresh_secret: parts.keys.refresh_secret().clone(),
            tokens: Tokens::new(&parts.keys, parts.issuer),
            proofs: Proofs::new(&parts.entropy.bytes(), parts.origins),
            passwords: Passwords::new(
                parts.config.password,
                parts.keys.pepper().clone(),
                parts.entropy.clone(),
            ),
            attempts: Mutex::default(),
            directory: Arc::new(RwLock::new(directory)),
            house: OnceLock::new(),
            store: parts.store,
            writer: parts.writer,
            clock: parts.clock,
            entropy: parts.entropy,
            config: parts.config,
        })
    }

    /// The present state of people, handhelds and sessions. Hold it briefly and never across an await.
    pub fn directory(&self) -> RwLockReadGuard<'_, Directory> {
        // Changes are applied row by row, each whole, so a panicking holder can't have left one half-written.
        self.directory
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The public key of an enrolled handheld, revoked or not: what it signed stays attributable.
    #[must_use]
    pub fn device_key(&self, device: DeviceId) -> Option<DevicePublicKey> {
        let directory = self.directory();
        let row = directory.devices.get(&device)?;
        DevicePublicKey::from_sec1(&row.key).ok()
    }

    /// A handheld that is enrolled and not revoked.
    #[must_use]
    pub fn active_device(&self, device: DeviceId) -> Option<DeviceRow> {
        let directory = self.directory();
        let row = directory.devices.get(&device)?;
        row.revoked_at.is_none().then(|| row.clone())
    }

    /// The nonce that proofs and enrolments must hold now.
    #[must_use]
    pub fn nonce(&self) -> String {
        self.proofs.nonce(self.now())
    }

    /// The key that bases and feed heads are signed with.
    #[must_use]
    pub fn hub_key(&self) -> HubPublicKey {
        self.hub_key
    }

    /// The URL under which handhelds know this hub.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lives and costs.
    #[must_use]
    pub fn config(&self) -> &IdentityConfig {
        &self.config
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn entropy(&self) -> &SharedEntropy {
        &self.entropy
    }

    fn attempts<T>(&self, act: impl FnOnce(&mut Attempts, Timestamp) -> T) -> T {
        // Counters are changed one at a time; a panicking holder can't have left one half-written.
        act(
            &mut self.attempts.lock().unwrap_or_else(PoisonError::into_inner),
            self.clock.now(),
        )
    }

    /// Runs a job in the next transaction; the copy in memory follows before anybody is answered.
    async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut IdentityTx<'_>) -> Result<T, IdentityError> + Send + 'static,
    ) -> Result<T, IdentityError> {
        let directory = Arc::clone(&self.directory);
        let written = self.writer.run_then(
            move |tx| {
                let mut tx = IdentityTx::new(tx);
                let value = job(&mut tx)?;
                Ok((value, tx.concerns_house(), tx.changes))
            },
            move |(_, _, changes)| {
                let mut directory = directory.write().unwrap_or_else(PoisonError::into_inner);
                changes.drain(..).for_each(|change| directory.apply(change));
            },
        );
        let (value, concerns_house, _) = written.await?;
        if concerns_house {
            self.post_house().await;
        }
        Ok(value)
    }

    /// From here on `book` posts shops and people, beginning with how they are now.
    pub async fn tell_house(&self, book: Arc<Book>) {
        // The first one stays.
        let _known = self.house.set(book);
        self.post_house().await;
    }

    /// What changed is kept already, so a post that fails refuses nothing: the next one makes it good.
    async fn post_house(&self) {
        if let Some(book) = self.house.get()
            && let Err(error) = book.post_house().await
        {
            tracing::warn!(%error, "shops and people could not be posted to handhelds");
        }
    }
}

#[cfg(test)]
mod tests;
