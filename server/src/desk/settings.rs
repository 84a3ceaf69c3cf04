//! The bounds of the concierge, as a manager reads and edits them.

use sync_core::concierge::guard::Settings;
use sync_core::notices::{NoticeDraft, Subject};
use sync_core::store::{ReadTx, StoreError};

use super::{DeskError, gathering};
use crate::book::EngineTx;

/// Who says what the hub itself posts.
pub(super) const SOURCE: &str = "hub";

/// The bounds that hold.
///
/// # Errors
/// What the store reports.
pub fn read(tx: &dyn ReadTx) -> Result<Settings, StoreError> {
    gathering::settings(tx)
}

/// Posts bounds, which must have no problems.
///
/// # Errors
/// [`DeskError`]; the job must then fail.
pub fn post(engine: &mut EngineTx<'_>, settings: &Settings) -> Result<(), DeskError> {
    let said = (SOURCE, engine.now());
    engine.put_notices(&[NoticeDraft::new(Subject::Chain, "", said, settings)])?;
    Ok(())
}
