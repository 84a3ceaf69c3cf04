//! Refresh tokens: a family for each session, rotated at each use.
//!
//! Tokens are not random but derived: `HMAC(keystore, family ‖ generation)`. That is what lets a handheld whose reply was lost ask again
//! with the same token and get the *same* successor, although the hub stores hashes only.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sync_core::crypto::sha256;
use sync_core::ids::{DeviceId, Hash32, SessionId, Timestamp};

use super::directory::IdentityTx;
use super::dpop::Presented;
use super::rows::{AssociateRow, SecurityEvent, SecurityEventRow, SessionEnd, SessionRow};
use super::sessions::SignedIn;
use super::{Identity, IdentityError};
use crate::secret::Secret;

/// How a refresh ended inside the transaction. Ending a session must be kept, so it is no error there.
enum Refreshed {
    Rotated(SessionRow, u64),
    /// Too late, for a session that nobody ended.
    Lapsed(SessionRow),
    Refused,
    Reused,
}

impl Identity {
    /// Exchanges a refresh token for the next one and a fresh access token.
    /// The token before the present one gets the same answer again for a minute; any other repetition ends the session.
    ///
    /// # Errors
    /// When the token or the proof is wrong, the session has ended, or storage fails.
    pub async fn refresh(
        &self,
        token: &str,
        proof: &Presented<'_>,
    ) -> Result<SignedIn, IdentityError> {
        let id = session_in(token).ok_or(IdentityError::RefreshRefused)?;
        let open = self.directory().sessions.get(&id).copied();
        let open = open.ok_or(IdentityError::RefreshRefused)?;
        let device = open.device.ok_or(IdentityError::RefreshRefused)?;
        self.prove_device(device, proof)?;
        let hash = refresh_hash(token);
        let now = self.now();
        let (secret, config) = (self.refresh_secret.clone(), self.config.clone());
        let refreshed = self
            .write(move |tx| {
                let Some(row) = tx.session(id)?.filter(|row| row.ended_at.is_none()) else {
                    return Ok(Refreshed::Refused);
                };
                let step = rotate(row, hash, now, &config, |family, generation| {
                    refresh_token(&secret, id, family, generation)
                });
                match &step {
                    Refreshed::Rotated(row, _) => tx.update_session(id, row)?,
                    Refreshed::Reused => end_reused(tx, id, device, now)?,
                    Refreshed::Lapsed(_) | Refreshed::Refused => (),
                }
                Ok(step)
            })
            .await?;
        match refreshed {
            Refreshed::Rotated(session, generation) => {
                let row = self.working(&session)?;
                Ok(self.signed_in(id, &session, &row, generation))
            }
            Refreshed::Lapsed(session) => {
                self.working(&session)?;
                Err(IdentityError::SignInLapsed)
            }
            Refreshed::Refused => Err(IdentityError::RefreshRefused),
            Refreshed::Reused => {
                tracing::warn!(session.id = %id, device.id = %device, "a refresh token came twice; its session was ended");
                Err(IdentityError::SessionEnded)
            }
        }
    }

    /// The associate of a session, if they still work here.
    fn working(&self, session: &SessionRow) -> Result<AssociateRow, IdentityError> {
        let row = self.directory().associates.get(&session.associate).cloned();
        row.filter(|row| row.deactivated_at.is_none())
            .ok_or(IdentityError::SessionEnded)
    }

    pub(super) fn refresh_token(
        &self,
        id: SessionId,
        family: &[u8; 16],
        generation: u64,
    ) -> String {
        refresh_token(&self.refresh_secret, id, family, generation)
    }
}

fn refresh_token(
    secret: &Secret<[u8; 32]>,
    id: SessionId,
    family: &[u8; 16],
    generation: u64,
) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
    let input = [
        b"refresh.v1",
        id.as_bytes(),
        family,
        &generation.to_be_bytes(),
    ]
    .concat();
    format!("{id}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&key, &input)))
}

pub(super) fn refresh_hash(token: &str) -> Hash32 {
    sha256("refresh.hash.v1", &[token.as_bytes()])
}

fn session_in(token: &str) -> Option<SessionId> {
    token.split_once('.')?.0.parse().ok()
}

/// One step of a refresh family.
fn rotate(
    mut row: SessionRow,
    presented: Hash32,
    now: Timestamp,
    config: &crate::config::IdentityConfig,
    derive: impl Fn(&[u8; 16], u64) -> String,
) -> Refreshed {
    let Some(mut refresh) = row.refresh.take() else {
        return Refreshed::Refused;
    };
    if now >= row.expires_at || now >= refresh.idle_expires_at {
        let is_known = presented == refresh.current || refresh.previous == Some(presented);
        return if is_known {
            Refreshed::Lapsed(row)
        } else {
            Refreshed::Refused
        };
    }
    if presented == refresh.current {
        refresh.generation += 1;
        refresh.previous = Some(refresh.current);
        refresh.current = refresh_hash(&derive(&refresh.family, refresh.generation));
        refresh.rotated_at = now;
        refresh.idle_expires_at = now.plus_ms(config.refresh_idle_ms);
        let generation = refresh.generation;
        row.refresh = Some(refresh);
        return Refreshed::Rotated(row, generation);
    }
    let in_grace = now <= refresh.rotated_at.plus_ms(config.refresh_grace_ms);
    if refresh.previous == Some(presented) && in_grace {
        let generation = refresh.generation;
        row.refresh = Some(refresh);
        return Refreshed::Rotated(row, generation);
    }
    // Only the session's own handheld gets here, by its proof. What it shows instead is an old token or an invented one,
    // and either way somebody may hold what is not theirs.
    Refreshed::Reused
}

fn end_reused(
    tx: &mut IdentityTx<'_>,
    id: SessionId,
    device: DeviceId,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let associate = tx.session(id)?.map(|row| row.associate);
    tx.end_session(id, SessionEnd::RefreshReused, now)?;
    Ok(tx.log(&SecurityEventRow {
        associate,
        device: Some(device),
        session: Some(id),
        ..SecurityEventRow::new(now, SecurityEvent::RefreshReused)
    })?)
}
