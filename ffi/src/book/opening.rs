//! Opening a book: from a file, or an invented one in memory.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sync_core::crypto::DeviceSigner;
use sync_core::store::Store;
use sync_store_sqlite::lock::FileLock;
use sync_store_sqlite::{OpenOptions, SqliteStore};
use zeroize::Zeroizing;

use super::Book;
use crate::clock::{Clock, SystemClock};
use crate::entropy::SharedEntropy;
use crate::error::guarded;
use crate::keystore::{DeviceKeystore, HardwareKey};
use crate::network::Network;
use crate::shelf::{Parts, Shelf};
use crate::{BookError, preview};

/// Page cache of each connection that reads, KiB: of a book of 50,000 customers, the pages of the index that every search begins with.
const READ_CACHE_KIB: u32 = 8_192;

/// How to open a book.
#[derive(Debug, Clone, Default, uniffi::Record)]
pub struct BookOptions {
    /// The handheld's key in hardware. Without one the key is kept in the encrypted book, and the handheld is marked so.
    #[uniffi(default = None)]
    pub keystore: Option<Arc<dyn DeviceKeystore>>,
    /// Whether to take a hub over plain HTTP that is not on this machine: for a trial in a closed network.
    #[uniffi(default = false)]
    pub allow_plain_http: bool,
}

#[uniffi::export]
impl Book {
    /// Opens the book at `path`, or makes an empty one. `key` has 32 bytes, from the app's keystore.
    /// Nothing waits for the network, and what is read does not grow with the book.
    ///
    /// A book is open once: another opening of the same path, here or in another process, is `CloseOther`.
    #[uniffi::constructor]
    pub fn open(path: String, key: Vec<u8>, options: BookOptions) -> Result<Arc<Self>, BookError> {
        guarded(|| Self::open_with(&path, key, options, SystemParts::new()))
    }

    /// An invented book in memory, for working on screens: a small boutique with a conflict, a promise and an allergy.
    /// It is signed in, needs no network, and syncs with a hub of its own.
    #[uniffi::constructor]
    pub fn preview() -> Result<Arc<Self>, BookError> {
        guarded(preview::open)
    }
}

/// Time and randomness of a book.
pub(crate) struct SystemParts {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: SharedEntropy,
}

impl SystemParts {
    fn new() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            entropy: SharedEntropy::system(),
        }
    }
}

impl Book {
    /// Opens a book with time and randomness of the caller's choice: for tests and replays.
    ///
    /// # Errors
    /// As [`Book::open`].
    pub fn open_injected(
        path: &str,
        key: Vec<u8>,
        options: BookOptions,
        (clock, entropy): (Arc<dyn Clock>, SharedEntropy),
    ) -> Result<Arc<Self>, BookError> {
        Self::open_with(path, key, options, SystemParts { clock, entropy })
    }

    fn open_with(
        path: &str,
        key: Vec<u8>,
        options: BookOptions,
        parts: SystemParts,
    ) -> Result<Arc<Self>, BookError> {
        let key = Zeroizing::new(key);
        let key: [u8; 32] = key.as_slice().try_into().map_err(|_wrong_length| {
            BookError::invalid("key_length", "the key of a book has 32 bytes")
        })?;
        let lock = FileLock::take(&lock_path(path))?;
        let store = SqliteStore::open(
            Path::new(path),
            &OpenOptions {
                key: Some(key),
                cache_kib: READ_CACHE_KIB,
                ..OpenOptions::default()
            },
        )?;
        let hardware = match options.keystore {
            Some(keystore) => Some(Arc::new(HardwareKey::new(keystore)?) as Arc<dyn DeviceSigner>),
            None => None,
        };
        let shelf = Shelf::open(Parts {
            store: Arc::new(store) as Arc<dyn Store>,
            path: Some(path.into()),
            hardware,
            clock: parts.clock,
            entropy: parts.entropy,
        })?;
        Ok(Arc::new(Self {
            shelf: Arc::new(shelf),
            network: Network::new(options.allow_plain_http),
            lock: Mutex::new(Some(lock)),
        }))
    }
}

/// The file beside the database whose lock says that the book is open.
fn lock_path(path: &str) -> PathBuf {
    format!("{path}-lock").into()
}
