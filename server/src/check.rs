//! Checking and mending a data folder's database: SQLite's own check, the core's audit, and that identity reads.

use sync_core::audit::{self, AuditError, Checked, Rebuilt};
use sync_core::crypto::DevicePublicKey;
use sync_core::store::{Store as _, StoreError};
use sync_store_sqlite::SqliteStore;

use crate::identity::directory::Directory;

/// What `verify` looked at beside the core's audit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// What the audit checked.
    pub checked: Checked,
    /// Associates whose rows read.
    pub associates: usize,
    /// Handhelds whose rows read.
    pub devices: usize,
    /// Keys of other systems whose rows read.
    pub integrations: usize,
    /// Shops whose rows read.
    pub shops: usize,
}

/// Checks everything and changes nothing. Sees one snapshot, so a hub may go on serving meanwhile.
///
/// # Errors
/// [`AuditError`] names the first row that can't be right.
pub fn verify(
    store: &SqliteStore,
    progress: &mut audit::Progress<'_>,
) -> Result<Verified, AuditError> {
    store.integrity_check()?;
    let tx = store.read()?;
    let directory = Directory::load(&*tx)?;
    let key = |device| {
        let row = directory.devices.get(&device)?;
        DevicePublicKey::from_sec1(&row.key).ok()
    };
    let checked = audit::verify(&*tx, &key, progress)?;
    Ok(Verified {
        checked,
        associates: directory.associates.len(),
        devices: directory.devices.len(),
        integrations: directory.integrations.len(),
        shops: directory.shops.len(),
    })
}

/// Makes the derived tables again, in one transaction.
///
/// # Errors
/// [`AuditError`]; nothing was changed then.
pub fn rebuild(
    store: &SqliteStore,
    progress: &mut audit::Progress<'_>,
) -> Result<Rebuilt, AuditError> {
    let mut tx = store.write()?;
    let rebuilt = audit::rebuild(&mut *tx, progress)?;
    tx.commit()?;
    // The log holds every page twice by now.
    empty_log(store)?;
    Ok(rebuilt)
}

fn empty_log(store: &SqliteStore) -> Result<(), StoreError> {
    if !store.checkpoint_truncate()? {
        tracing::debug!("a reader keeps the log from being emptied");
    }
    Ok(())
}
