//! The hub's secrets: one file in the data folder, apart from the database.
//!
//! Whoever copies the database alone can neither mint tokens nor try passwords or codes at leisure: all of these need a value from here.
//! Losing this file signs everybody out and makes every password and enrolment unusable, so it is backed up, separately from the content.
//!
//! # Invariants
//! - A database is bound to its keystore on the first run. Without that keystore, or with another, the hub does not start: its passwords would
//!   fail, and an import would not know what it brought in before.
//! - The file is readable by its owner only; a file that others can read stops the start.
//! - It is replaced whole (write, sync, rename): a crash leaves the old file or the new one.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use minicbor::{Decode, Encode};
use sync_core::crypto::{HubKey, sha256};
use sync_core::duplicates::ChainKey;
use sync_core::entropy::Entropy;
use sync_core::ids::{Hash32, Timestamp, to_base32};
use sync_core::store::{Store, StoreError, Table, scan_prefix};

use crate::secret::Secret;

/// Name of the file in the data folder.
pub const FILE_NAME: &str = "hub.keys";
/// Where a database keeps the fingerprint of its keystore.
const FINGERPRINT: &[u8] = b"hub/keystore";
/// Milliseconds for which a token key signs before the next takes over.
const SIGNING_MS: i64 = 90 * Timestamp::DAY_MS;
/// Milliseconds for which a former token key still verifies: far beyond the life of any token.
const VERIFY_AFTER_MS: i64 = Timestamp::DAY_MS;
/// Bytes beyond which the file can't be ours.
const FILE_BYTES_MAX: u64 = 64 << 10;
/// Version of the file's form. Frozen since version 1.
const FORM: u32 = 1;

/// Why the keystore can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file can't be read or written.
    #[error("the keystore {path} can't be used while {operation}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done.
        operation: &'static str,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// Others than its owner may read the file.
    #[error(
        "the keystore {path} has mode {mode:o}: run `chmod 600` on it, and replace the keys if others had access"
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not a keystore, or is damaged.
    #[error("{path} is not a keystore of this version: restore it from its backup")]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The database was set up with a keystore, and there is none.
    #[error(
        "the keystore {path} is missing, and the database beside it was set up with one: restore hub.keys from its backup"
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The keystore is another hub's.
    #[error(
        "the keystore {path} belongs to another database than the one beside it: restore hub.keys from its backup"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The database can't say which keystore is its own.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The file as it is written. Frozen since version 1; fields are added at the end.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
struct Contents {
    #[n(0)]
    form: u32,
    #[n(1)]
    token_keys: Vec<TokenSeed>,
    #[cbor(n(2), with = "minicbor::bytes")]
    hub_seed: [u8; 32],
    #[cbor(n(3), with = "minicbor::bytes")]
    pepper: [u8; 32],
    #[cbor(n(4), with = "minicbor::bytes")]
    refresh: [u8; 32],
}

#[derive(Clone, Encode, Decode)]
#[cbor(array)]
struct TokenSeed {
    #[n(0)]
    kid: String,
    #[cbor(n(1), with = "minicbor::bytes")]
    seed: [u8; 32],
    #[n(2)]
    created_at: Timestamp,
}

/// An Ed25519 key for tokens, with the name it has in their header.
#[derive(Debug, Clone)]
pub struct TokenKey {
    /// The key's name.
    pub kid: String,
    /// Its seed.
    pub seed: Secret<[u8; 32]>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// All secrets of the hub.
#[derive(Debug, Clone)]
pub struct Keystore {
    token_keys: Vec<TokenKey>,
    hub_seed: Secret<[u8; 32]>,
    pepper: Secret<[u8; 32]>,
    refresh: Secret<[u8; 32]>,
}

impl Keystore {
    /// Fresh secrets.
    #[must_use]
    pub fn generate(entropy: &mut dyn Entropy, now: Timestamp) -> Self {
        Self {
            token_keys: vec![TokenKey::generate(entropy, now)],
            hub_seed: draw(entropy),
            pepper: draw(entropy),
            refresh: draw(entropy),
        }
    }

    /// Opens the keystore of `folder`, whose database is `store`, or makes one on the first run; takes a new token key when the present one
    /// is due. From the first run on the database knows its keystore by a fingerprint and takes no other.
    ///
    /// # Errors
    /// When the file can't be read, is damaged, can be read by others, or is not the one that the database was set up with.
    pub fn open_or_create(
        folder: &Path,
        store: &dyn Store,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Self, KeysError> {
        let path = folder.join(FILE_NAME);
        let found = Self::find(&path)?;
        let bound = Bound::of(store)?;
        bound.check(found.as_ref(), &path)?;
        let is_new = found.is_none();
        let mut keys = found.unwrap_or_else(|| Self::generate(entropy, now));
        if keys.rotate(entropy, now) || is_new {
            write(&path, &keys.to_contents())?;
        }
        // After the file is durable: the other order could leave a database bound to secrets that nobody has.
        if !matches!(bound, Bound::To(_)) {
            let mut tx = store.write()?;
            tx.put(Table::Meta, FINGERPRINT, keys.fingerprint().as_bytes())?;
            tx.commit()?;
        }
        Ok(keys)
    }

    /// Whether `folder` holds the keystore that `store` was set up with. Changes nothing.
    ///
    /// # Errors
    /// As [`Keystore::open_or_create`].
    pub fn verify(folder: &Path, store: &dyn Store) -> Result<(), KeysError> {
        let path = folder.join(FILE_NAME);
        let found = Self::find(&path)?;
        Bound::of(store)?.check(found.as_ref(), &path)
    }

    fn find(path: &Path) -> Result<Option<Self>, KeysError> {
        match File::open(path) {
            Ok(file) => read(file, path).map(Self::from_contents).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io(path, "opening it", error)),
        }
    }

    /// Names the keystore without telling anything of it: the hub's public key is known to every handheld.
    fn fingerprint(&self) -> Hash32 {
        sha256(
            "hub.keystore.v1",
            &[&self.hub_key().public_key().to_bytes()],
        )
    }

    /// Takes a new token key when the present one is due and forgets those that verify nothing any more; says whether anything changed.
    fn rotate(&mut self, entropy: &mut dyn Entropy, now: Timestamp) -> bool {
        let before = self.token_keys.len();
        let due = self.signing_key().created_at.plus_ms(SIGNING_MS) <= now;
        if due {
            self.token_keys.push(TokenKey::generate(entropy, now));
        }
        // A key signs until the next is made, and verifies for a day more.
        let successors: Vec<Timestamp> = self
            .token_keys
            .iter()
            .skip(1)
            .map(|it| it.created_at)
            .collect();
        let mut index = 0;
        self.token_keys.retain(|_| {
            let successor = successors.get(index);
            index += 1;
            successor.is_none_or(|made| made.plus_ms(VERIFY_AFTER_MS) > now)
        });
        due || self.token_keys.len() != before
    }

    /// The token key that signs now.
    #[must_use]
    pub fn signing_key(&self) -> &TokenKey {
        self.token_keys
            .last()
            .expect("a keystore holds at least one token key")
    }

    /// The token keys that verify, oldest first.
    #[must_use]
    pub fn token_keys(&self) -> &[TokenKey] {
        &self.token_keys
    }

    /// The key that signs bases and feed heads.
    #[must_use]
    pub fn hub_key(&self) -> HubKey {
        HubKey::from_bytes(self.hub_seed.expose())
    }

    /// The secret that password and code hashes are keyed with.
    #[must_use]
    pub fn pepper(&self) -> &Secret<[u8; 32]> {
        &self.pepper
    }

    /// The secret that the import index names sources' ids with. Derived, so that a keystore of version 1 has it.
    #[must_use]
    pub fn import_secret(&self) -> Secret<[u8; 32]> {
        Secret::new(sha256("import-index.v1", &[self.pepper.expose()]).0)
    }

    /// The key of the chain's index of duplicates, which goes to every enrolled handheld. Derived; what it is derived from can't be had from it.
    #[must_use]
    pub fn chain_key(&self) -> ChainKey {
        let digest = sha256("duplicates.chain.v1", &[self.pepper.expose()]);
        ChainKey(*digest.0.first_chunk().expect("a digest has 32 bytes"))
    }

    /// The secret that refresh tokens are derived with.
    #[must_use]
    pub fn refresh_secret(&self) -> &Secret<[u8; 32]> {
        &self.refresh
    }

    fn from_contents(contents: Contents) -> Self {
        let token_key = |it: TokenSeed| TokenKey {
            kid: it.kid,
            seed: Secret::new(it.seed),
            created_at: it.created_at,
        };
        Self {
            token_keys: contents.token_keys.into_iter().map(token_key).collect(),
            hub_seed: Secret::new(contents.hub_seed),
            pepper: Secret::new(contents.pepper),
            refresh: Secret::new(contents.refresh),
        }
    }

    fn to_contents(&self) -> Contents {
        let token_seed = |it: &TokenKey| TokenSeed {
            kid: it.kid.clone(),
            seed: *it.seed.expose(),
            created_at: it.created_at,
        };
        Contents {
            form: FORM,
            token_keys: self.token_keys.iter().map(token_seed).collect(),
            hub_seed: *self.hub_seed.expose(),
            pepper: *self.pepper.expose(),
            refresh: *self.refresh.expose(),
        }
    }
}

/// Which keystore a database was set up with.
enum Bound {
    /// The one of this fingerprint.
    To(Vec<u8>),
    /// One that it holds no fingerprint of: it was set up before there were any.
    ToSome,
    /// None: this is the first run.
    ToNone,
}

impl Bound {
    fn of(store: &dyn Store) -> Result<Self, StoreError> {
        let tx = store.read()?;
        if let Some(fingerprint) = tx.get(Table::Meta, FINGERPRINT)? {
            return Ok(Self::To(fingerprint));
        }
        let mut is_set_up = false;
        scan_prefix(&*tx, Table::Associate, &[], &mut |_, _| {
            is_set_up = true;
            Ok(ControlFlow::Break(()))
        })?;
        Ok(if is_set_up {
            Self::ToSome
        } else {
            Self::ToNone
        })
    }

    fn check(&self, found: Option<&Keystore>, path: &Path) -> Result<(), KeysError> {
        let path = path.to_owned();
        match (self, found) {
            (Self::To(_) | Self::ToSome, None) => Err(KeysError::Missing { path }),
            (Self::To(known), Some(keys)) if known != keys.fingerprint().as_bytes() => {
                Err(KeysError::Foreign { path })
            }
            (Self::To(_) | Self::ToSome | Self::ToNone, _) => Ok(()),
        }
    }
}

impl TokenKey {
    fn generate(entropy: &mut dyn Entropy, now: Timestamp) -> Self {
        let mut name = [0; 8];
        entropy.fill(&mut name);
        Self {
            kid: to_base32(&name),
            seed: draw(entropy),
            created_at: now,
        }
    }
}

fn draw(entropy: &mut dyn Entropy) -> Secret<[u8; 32]> {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    Secret::new(bytes)
}

fn io(path: &Path, operation: &'static str, source: std::io::Error) -> KeysError {
    KeysError::Io {
        path: path.to_owned(),
        operation,
        source,
    }
}

fn read(file: File, path: &Path) -> Result<Contents, KeysError> {
    refuse_exposed(&file, path)?;
    let mut bytes = zeroize::Zeroizing::new(Vec::new());
    file.take(FILE_BYTES_MAX)
        .read_to_end(&mut bytes)
        .map_err(|error| io(path, "reading it", error))?;
    minicbor::decode::<Contents>(&bytes)
        .ok()
        .filter(|contents| contents.form == FORM && !contents.token_keys.is_empty())
        .ok_or_else(|| KeysError::Damaged {
            path: path.to_owned(),
        })
}

#[cfg(unix)]
fn refuse_exposed(file: &File, path: &Path) -> Result<(), KeysError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = file
        .metadata()
        .map_err(|error| io(path, "checking its mode", error))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(KeysError::Exposed {
        path: path.to_owned(),
        mode,
    })
}

#[cfg(not(unix))]
fn refuse_exposed(_: &File, _: &Path) -> Result<(), KeysError> {
    Ok(())
}

fn write(path: &Path, contents: &Contents) -> Result<(), KeysError> {
    let fresh = path.with_extension("keys.new");
    let bytes = zeroize::Zeroizing::new(
        minicbor::to_vec(contents).expect("writing to memory does not fail"),
    );
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options
        .open(&fresh)
        .map_err(|error| io(&fresh, "creating it", error))?;
    file.write_all(&bytes)
        .and_then(|()| file.sync_all())
        .map_err(|error| io(&fresh, "writing it", error))?;
    std::fs::rename(&fresh, path).map_err(|error| io(path, "replacing it", error))?;
    sync_folder(path)
}

/// Makes the rename itself durable.
fn sync_folder(path: &Path) -> Result<(), KeysError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| io(path, "syncing its folder", error))
}

#[cfg(test)]
mod tests;
