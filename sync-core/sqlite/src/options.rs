//! How a database is opened.

use std::fmt;
use std::time::Duration;

/// How to open a database. The default fits a handheld; a hub gives more readers and cache.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenOptions {
    /// The raw key of the file; `None` for a file in plain. A file is of one kind for life.
    pub key: Option<[u8; 32]>,
    /// Whether to make the database where there is none.
    pub create: bool,
    /// Connections that read: so many snapshots may stand at one time, the next waits.
    pub readers: usize,
    /// Page cache of each connection that reads, in KiB. All caches together bound the store's memory.
    pub cache_kib: u32,
    /// Page cache of the connection that writes, in KiB. One write touches many places, and a page that is not here is read first.
    pub writer_cache_kib: u32,
    /// Pages of 8 KiB in the log from which on a commit also moves them into the database. With more, a page that changes often is moved less
    /// often; with fewer, reading the log stays cheap.
    pub log_pages: u32,
    /// How long to wait for another process that writes, or for a reader to come free, before
    /// [`StoreError::Busy`](sync_core::store::StoreError::Busy).
    pub wait: Duration,
    /// Pages of 8 KiB that the database may grow to; beyond, a write fails as on a full disk. `None` for no bound but the disk.
    pub pages_max: Option<u32>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            key: None,
            create: true,
            readers: 4,
            cache_kib: 2_048,
            writer_cache_kib: 2_048,
            log_pages: 1_000,
            wait: Duration::from_secs(5),
            pages_max: None,
        }
    }
}

impl fmt::Debug for OpenOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenOptions")
            .field("key", &self.key.map(|_| "hidden"))
            .field("create", &self.create)
            .field("readers", &self.readers)
            .field("cache_kib", &self.cache_kib)
            .field("writer_cache_kib", &self.writer_cache_kib)
            .field("log_pages", &self.log_pages)
            .field("wait", &self.wait)
            .field("pages_max", &self.pages_max)
            .finish()
    }
}
