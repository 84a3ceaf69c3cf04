//! A fixed number of connections that read, lent one at a time.

use std::ops::Deref;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use sync_core::store::StoreError;

/// Connections that read. The number is fixed, so that caches and file handles are.
#[derive(Debug)]
pub(crate) struct ReaderPool {
    idle: Mutex<Vec<Connection>>,
    returned: Condvar,
    wait: Duration,
}

impl ReaderPool {
    pub(crate) fn new(idle: Vec<Connection>, wait: Duration) -> Self {
        Self {
            idle: Mutex::new(idle),
            returned: Condvar::new(),
            wait,
        }
    }

    /// Lends a connection; waits for one where all are lent.
    ///
    /// The one returned last goes out first: its cache is the warmest.
    pub(crate) fn lease(&self) -> Result<Lease<'_>, StoreError> {
        let (mut idle, _) = self
            .returned
            .wait_timeout_while(self.idle(), self.wait, |idle| idle.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        let connection = idle.pop();
        if connection.is_none() {
            return Err(StoreError::Busy {
                operation: "waiting for a reader to come free",
            });
        }
        Ok(Lease {
            pool: self,
            connection,
        })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // Connections are pushed and popped whole, so a panicking holder can't have left the list half-changed.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lent connection; goes back when dropped.
#[derive(Debug)]
pub(crate) struct Lease<'a> {
    pool: &'a ReaderPool,
    /// Taken by the drop alone.
    connection: Option<Connection>,
}

impl Deref for Lease<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
            .as_ref()
            .expect("a lease holds its connection until it is dropped")
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.pool.idle().extend(self.connection.take());
        self.pool.returned.notify_one();
    }
}
