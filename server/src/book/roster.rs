//! How the author of a change stands with the hub, by what identity has stored.

use sync_core::authority::judge::{Roster, Standing};
use sync_core::card::schema;
use sync_core::envelope::Envelope;
use sync_core::store::{self, ReadTx, StoreError, Table};

use crate::identity::access::Role;
use crate::identity::directory;
use crate::identity::rows::AssociateRow;

/// The roster as it is stored; read inside the transaction that judges, so a deactivation that came before counts.
#[derive(Debug, Clone, Copy)]
pub struct StoredRoster;

impl Roster for StoredRoster {
    fn standing(&self, tx: &dyn ReadTx, envelope: &Envelope) -> Result<Standing, StoreError> {
        let Some(session) = directory::session(tx, envelope.session)? else {
            return Ok(Standing::Unknown);
        };
        // A sign-in that has ended since still vouches for what was written under it: an outbox may come late.
        let is_theirs =
            session.associate == envelope.associate && session.device == Some(envelope.device);
        let row: Option<AssociateRow> =
            store::get_row(tx, Table::Associate, envelope.associate.as_bytes())?;
        let Some(row) = row.filter(|_| is_theirs) else {
            return Ok(Standing::Unknown);
        };
        if row.deactivated_at.is_some() {
            return Ok(Standing::Deactivated);
        }
        Ok(match row.role {
            Role::Associate => Standing::Good(schema::Role::Associate),
            Role::Manager => Standing::Good(schema::Role::Manager),
            Role::Integration | Role::Device => Standing::Unknown,
        })
    }
}
