//! Sessions: sign-in, sign-out, own passwords, and a handheld's own token. Their renewal is in [`super::refresh`].

use sync_core::ids::{AssociateId, DeviceId, SessionId, ShopId, Timestamp};

use super::access::Role;
use super::attempts::Place;
use super::directory::IdentityTx;
use super::dpop::Presented;
use super::people::{AssociateChange, normal_login};
use super::refresh::refresh_hash;
use super::rows::{AssociateRow, DeviceRow, RefreshRow, SessionEnd, SessionRow};
use super::{Identity, IdentityError};
use crate::secret::Secret;
use crate::tokens::{Claims, Confirmation};

/// An access token with its life.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The token.
    pub token: Secret<String>,
    /// Seconds it is good for.
    pub seconds: i64,
}

/// What a signed-in associate gets.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The session.
    pub session: SessionId,
    /// The associate.
    pub associate: AssociateId,
    /// The associate's name.
    pub name: String,
    /// The associate's role.
    pub role: Role,
    /// The shop that is worked for.
    pub shop: ShopId,
    /// The access token.
    pub access: AccessToken,
    /// The refresh token; none at the back office.
    pub refresh: Option<Secret<String>>,
    /// When the session ends at the latest.
    pub expires_at: Timestamp,
}

/// A session to judge authorship by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionRecord {
    /// Who signed in.
    pub associate: AssociateId,
    /// On which handheld.
    pub device: Option<DeviceId>,
    /// For which shop.
    pub shop: ShopId,
    /// Since when.
    pub started_at: Timestamp,
    /// When something ended it before its time.
    pub ended_at: Option<Timestamp>,
    /// What ended it.
    pub end: Option<SessionEnd>,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

impl Identity {
    /// Signs an associate in on an enrolled handheld.
    ///
    /// # Errors
    /// When the handheld, its proof, the name or the password is wrong, tries are used up, or storage fails.
    pub async fn sign_in(
        &self,
        device: DeviceId,
        login: &str,
        password: Secret<String>,
        proof: &Presented<'_>,
    ) -> Result<SignedIn, IdentityError> {
        let known = self.prove_device(device, proof)?;
        let (associate, row) = self
            .check_password(login, password, Place::Device(device))
            .await?;
        if row.shop != known.shop && !row.chain {
            return Err(IdentityError::OtherShop);
        }
        let now = self.now();
        let id = SessionId(self.entropy().bytes());
        let family = self.entropy().bytes();
        let session = SessionRow {
            associate,
            device: Some(device),
            shop: known.shop,
            started_at: now,
            expires_at: now.plus_ms(self.config.session_ms),
            ended_at: None,
            end: None,
            refresh: Some(RefreshRow {
                family,
                generation: 0,
                current: refresh_hash(&self.refresh_token(id, &family, 0)),
                previous: None,
                rotated_at: now,
                idle_expires_at: now.plus_ms(self.config.refresh_idle_ms),
            }),
        };
        let opened = session.clone();
        let (epoch, device_epoch) = (row.epoch, known.epoch);
        self.write(move |tx| {
            still_good(tx, associate, epoch)?;
            let now_known = tx.device(device)?.map(|row| (row.epoch, row.revoked_at));
            if now_known != Some((device_epoch, None)) {
                return Err(IdentityError::DeviceUnknown);
            }
            for open in tx.sessions_of_device(device)? {
                if tx
                    .session(open)?
                    .is_some_and(|it| it.associate == associate)
                {
                    tx.end_session(open, SessionEnd::Superseded, opened.started_at)?;
                }
            }
            Ok(tx.open_session(id, &opened)?)
        })
        .await?;
        Ok(self.signed_in(id, &session, &row, 0))
    }

    /// Signs a manager in at the back office, without a handheld. The token is bound to nothing and can't be refreshed.
    ///
    /// # Errors
    /// When the name or the password is wrong, the role is another, tries are used up, or storage fails.
    pub async fn sign_in_at_office(
        &self,
        login: &str,
        password: Secret<String>,
        from: std::net::IpAddr,
    ) -> Result<SignedIn, IdentityError> {
        let life_ms = self.config.access_seconds * 1_000;
        let opening = self.open_at_office(login, password, from, life_ms);
        let (id, session, row) = opening.await?;
        Ok(self.signed_in(id, &session, &row, 0))
    }

    /// Opens a session of a manager without a handheld.
    pub(super) async fn open_at_office(
        &self,
        login: &str,
        password: Secret<String>,
        from: std::net::IpAddr,
        life_ms: i64,
    ) -> Result<(SessionId, SessionRow, AssociateRow), IdentityError> {
        let (associate, row) = self
            .check_password(login, password, Place::Address(from))
            .await?;
        if row.role != Role::Manager {
            return Err(IdentityError::HandheldOnly);
        }
        let now = self.now();
        let id = SessionId(self.entropy().bytes());
        let session = SessionRow {
            associate,
            device: None,
            shop: row.shop,
            started_at: now,
            expires_at: now.plus_ms(life_ms),
            ended_at: None,
            end: None,
            refresh: None,
        };
        let opened = session.clone();
        let epoch = row.epoch;
        self.write(move |tx| {
            still_good(tx, associate, epoch)?;
            for open in tx.sessions_of_associate(associate)? {
                let over = tx.session(open)?.is_some_and(|it| it.expires_at <= now);
                if over {
                    tx.end_session(open, SessionEnd::Superseded, now)?;
                }
            }
            Ok(tx.open_session(id, &opened)?)
        })
        .await?;
        Ok((id, session, row))
    }

    /// Gives an associate who knows the present password a new one. Ends all the associate's sessions, this one included.
    ///
    /// # Errors
    /// When the present password is wrong, the new one can't be used, tries are used up, or storage fails.
    pub async fn change_own_password(
        &self,
        id: AssociateId,
        present: Secret<String>,
        new: Secret<String>,
        place: Place,
    ) -> Result<(), IdentityError> {
        let login = self
            .directory()
            .associates
            .get(&id)
            .map(|row| row.login.clone());
        let login = login.ok_or(IdentityError::SessionEnded)?;
        self.check_password(&login, present, place).await?;
        let change = AssociateChange {
            password: Some(new),
            ..AssociateChange::default()
        };
        self.change_associate(id, change).await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn sign_out(&self, session: SessionId) -> Result<(), IdentityError> {
        let now = self.now();
        self.write(move |tx| Ok(tx.end_session(session, SessionEnd::SignedOut, now)?))
            .await
    }

    /// A token for the handheld itself: it can hand in its outbox and nothing else, whoever is signed in or not.
    ///
    /// # Errors
    /// When the handheld or its proof is wrong.
    pub fn device_token(
        &self,
        device: DeviceId,
        proof: &Presented<'_>,
    ) -> Result<AccessToken, IdentityError> {
        let row = self.prove_device(device, proof)?;
        let claims = self.claims(device.to_string(), Role::Device, row.shop);
        Ok(self.issue(&Claims {
            did: Some(device.to_string()),
            dep: Some(row.epoch),
            cnf: Some(Confirmation {
                jkt: row.thumbprint,
            }),
            ..claims
        }))
    }

    /// A session as stored, ended or not: who worked where and when.
    ///
    /// # Errors
    /// When storage fails.
    pub fn session_record(&self, id: SessionId) -> Result<Option<SessionRecord>, IdentityError> {
        let tx = self.store.read()?;
        let row = super::directory::session(&*tx, id)?;
        Ok(row.map(|row| SessionRecord {
            associate: row.associate,
            device: row.device,
            shop: row.shop,
            started_at: row.started_at,
            ended_at: row.ended_at,
            end: row.end,
            expires_at: row.expires_at,
        }))
    }

    /// The handheld, if it is enrolled, not revoked, and proved its key.
    pub(super) fn prove_device(
        &self,
        device: DeviceId,
        proof: &Presented<'_>,
    ) -> Result<DeviceRow, IdentityError> {
        let row = self
            .active_device(device)
            .ok_or(IdentityError::DeviceUnknown)?;
        let key = self
            .device_key(device)
            .ok_or(IdentityError::DeviceUnknown)?;
        self.proofs.check(proof, device, &key, self.now())?;
        Ok(row)
    }

    pub(super) async fn check_password(
        &self,
        login: &str,
        password: Secret<String>,
        place: Place,
    ) -> Result<(AssociateId, AssociateRow), IdentityError> {
        let login = normal_login(login).map_err(|_malformed| IdentityError::SignInFailed)?;
        self.attempts(|attempts, now| attempts.begin(&login, place, now))
            .map_err(|until| IdentityError::TooManyTries { until })?;
        let found = {
            let directory = self.directory();
            let found = directory.associate_by_login(&login);
            found.map(|(id, row)| (id, row.clone()))
        };
        let stored = found.as_ref().and_then(|(_, row)| row.password.clone());
        let right = self.passwords.verify(password, stored).await?;
        match found.filter(|(_, row)| right && row.deactivated_at.is_none()) {
            Some(found) => {
                self.attempts(|attempts, _| attempts.succeeded(&login, place));
                Ok(found)
            }
            None => Err(IdentityError::SignInFailed),
        }
    }

    pub(super) fn signed_in(
        &self,
        id: SessionId,
        session: &SessionRow,
        row: &AssociateRow,
        generation: u64,
    ) -> SignedIn {
        let claims = self.claims(session.associate.to_string(), row.role, session.shop);
        let device = session.device.and_then(|device| {
            let directory = self.directory();
            let row = directory.devices.get(&device)?;
            Some((device.to_string(), row.epoch, row.thumbprint.clone()))
        });
        let (did, dep, jkt) = match device {
            Some((did, dep, jkt)) => (Some(did), Some(dep), Some(jkt)),
            None => (None, None, None),
        };
        let access = self.issue(&Claims {
            did,
            sid: Some(id.to_string()),
            sep: row.epoch,
            dep,
            cnf: jkt.map(|jkt| Confirmation { jkt }),
            exp: claims.exp.min(session.expires_at.seconds()),
            ..claims
        });
        let refresh = session.refresh.as_ref();
        SignedIn {
            session: id,
            associate: session.associate,
            name: row.name.clone(),
            role: row.role,
            shop: session.shop,
            access,
            refresh: refresh.map(|it| Secret::new(self.refresh_token(id, &it.family, generation))),
            expires_at: session.expires_at,
        }
    }

    fn claims(&self, subject: String, role: Role, shop: ShopId) -> Claims {
        let now = self.now().seconds();
        Claims {
            iss: self.tokens.issuer().to_owned(),
            aud: self.tokens.audience().to_owned(),
            sub: subject,
            did: None,
            sid: None,
            store: shop.to_string(),
            role: role.name().to_owned(),
            scope: role.scopes().to_string(),
            sep: 0,
            dep: None,
            cnf: None,
            jti: sync_core::ids::to_base32(&self.entropy().bytes::<10>()),
            iat: now,
            nbf: now,
            exp: now + self.config.access_seconds,
        }
    }

    fn issue(&self, claims: &Claims) -> AccessToken {
        AccessToken {
            seconds: claims.exp - claims.iat,
            token: Secret::new(self.tokens.sign(claims)),
        }
    }
}

/// Between the password check and this transaction the associate may have left or changed.
fn still_good(tx: &IdentityTx<'_>, id: AssociateId, epoch: u64) -> Result<(), IdentityError> {
    let row = tx.associate(id)?;
    let good = row.is_some_and(|row| row.epoch == epoch && row.deactivated_at.is_none());
    good.then_some(()).ok_or(IdentityError::SignInFailed)
}
