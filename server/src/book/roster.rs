//! How the author of a change stands with the hub, by what identity has stored.

use sync_core::authority::judge::{Roster, Standing};
use sync_core::card::schema;
use sync_core::envelope::Envelope;
use sync_core::store::{ReadTx, StoreError};

use crate::identity::access::Role;
use crate::identity::directory;

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
        let row = directory::associate(tx, envelope.associate)?;
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

#[cfg(test)]
mod tests {
    use sync_core::card::Facet;
    use sync_core::entropy::SeededEntropy;
    use sync_core::envelope::{EnvelopeKind, salt};
    use sync_core::ids::{AssociateId, ChangeHash, CustomerId, DeviceId, Nonce, SessionId};
    use sync_core::store::Store as _;

    use super::*;
    use crate::identity::people::Subject;
    use crate::testing::TestHub;

    fn envelope(device: DeviceId, associate: AssociateId, session: SessionId) -> Envelope {
        Envelope {
            kind: EnvelopeKind::Device,
            customer: CustomerId([1; 16]),
            facet: Facet::Card,
            epoch: 0,
            change: ChangeHash([2; 32]),
            device,
            nonce: Nonce([3; 16]),
            associate,
            session,
            edits: Vec::new(),
            schema: 1,
            salt: salt(&mut SeededEntropy::new(1)),
        }
    }

    #[tokio::test]
    async fn an_author_stands_by_a_sign_in_of_their_own_on_that_handheld() {
        let hub = TestHub::start().await;
        let handheld = hub.enrol(1).await;
        let session = hub
            .sign_in(&handheld, "manager", &hub.manager_password)
            .await
            .unwrap()
            .session;
        let standing = |envelope: &Envelope| {
            StoredRoster
                .standing(&*hub.store.read().unwrap(), envelope)
                .unwrap()
        };
        let honest = envelope(handheld.id, hub.manager, session);
        assert_eq!(standing(&honest), Standing::Good(schema::Role::Manager));
        let other = hub.add("alma", Role::Associate, hub.shop).await;
        let lies = [
            envelope(handheld.id, other, session),
            envelope(DeviceId([9; 8]), hub.manager, session),
            envelope(handheld.id, hub.manager, SessionId([9; 8])),
        ];
        for lie in &lies {
            assert_eq!(standing(lie), Standing::Unknown, "{lie:?}");
        }
        let theirs = hub
            .sign_in(&handheld, "alma", crate::testing::PASSWORD)
            .await
            .unwrap()
            .session;
        let written = envelope(handheld.id, other, theirs);
        assert_eq!(standing(&written), Standing::Good(schema::Role::Associate));
        hub.identity
            .deactivate(Subject::Associate(other))
            .await
            .unwrap();
        assert_eq!(standing(&written), Standing::Deactivated);
    }
}
