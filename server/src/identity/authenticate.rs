//! From a request's credentials to the principal behind it, checked against the present state on every request.

use sync_core::ids::{AssociateId, DeviceId, SessionId};

use super::access::{Principal, Role};
use super::directory::Directory;
use super::dpop::{Presented, ProofError};
use super::integrations::KEY_PREFIX;
use super::{Identity, IdentityError};
use crate::tokens::Claims;

/// What a request brings to show who makes it.
#[derive(Debug, Clone, Copy)]
pub struct Credentials<'a> {
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The `DPoP` header.
    pub proof: Option<&'a str>,
    /// The request's method.
    pub method: &'a str,
    /// The request's path.
    pub path: &'a str,
}

impl Identity {
    /// The principal behind a request.
    ///
    /// # Errors
    /// When there are no credentials, or they are not good now.
    pub fn authenticate(&self, credentials: &Credentials<'_>) -> Result<Principal, IdentityError> {
        let header = credentials
            .authorization
            .ok_or(IdentityError::NotSignedIn)?;
        let (scheme, token) = header.split_once(' ').ok_or(IdentityError::NotSignedIn)?;
        if scheme.eq_ignore_ascii_case("bearer") {
            if token.starts_with(KEY_PREFIX) {
                return self
                    .integration_principal(token)
                    .ok_or(IdentityError::SessionEnded);
            }
            let claims = self.tokens.verify(token, self.now())?;
            // A bound token without its proof may be a stolen one.
            if claims.cnf.is_some() {
                return Err(ProofError::Missing.into());
            }
            return self.principal(&claims);
        }
        if !scheme.eq_ignore_ascii_case("dpop") {
            return Err(IdentityError::NotSignedIn);
        }
        let claims = self.tokens.verify(token, self.now())?;
        let principal = self.principal(&claims)?;
        let device = principal.device.ok_or(ProofError::Key)?;
        let key = self
            .device_key(device)
            .ok_or(IdentityError::DeviceUnknown)?;
        let presented = Presented {
            proof: credentials.proof.ok_or(ProofError::Missing)?,
            method: credentials.method,
            path: credentials.path,
            token: Some(token),
        };
        self.proofs.check(&presented, device, &key, self.now())?;
        Ok(principal)
    }

    /// Whether what a principal was admitted as still holds: for connections that outlive a request.
    #[must_use]
    pub fn still_holds(&self, principal: &Principal) -> bool {
        let directory = self.directory();
        let now = self.now();
        let device = principal.device.is_none_or(|id| {
            directory
                .devices
                .get(&id)
                .is_some_and(|row| row.revoked_at.is_none())
        });
        let associate = principal.associate.is_none_or(|id| {
            directory
                .associates
                .get(&id)
                .is_some_and(|row| row.deactivated_at.is_none())
        });
        // A change of role, shop or password ends the session, so the session stands for them.
        let session = principal.session.is_none_or(|id| {
            directory
                .sessions
                .get(&id)
                .is_some_and(|open| now < open.expires_at)
        });
        let integration = principal.integration.is_none_or(|id| {
            let row = directory.integrations.get(&id);
            row.is_some_and(|row| row.revoked_at.is_none() && now < row.expires_at)
        });
        device && associate && session && integration
    }

    fn principal(&self, claims: &Claims) -> Result<Principal, IdentityError> {
        let directory = self.directory();
        let device = claims
            .did
            .as_deref()
            .map(|_| device_of(&directory, claims))
            .transpose()?;
        if claims.role == Role::Device.name() {
            return device_principal(&directory, device);
        }
        let associate: AssociateId = parse(&claims.sub)?;
        let row = directory
            .associates
            .get(&associate)
            .ok_or(IdentityError::SessionEnded)?;
        if row.deactivated_at.is_some() || row.epoch != claims.sep {
            return Err(IdentityError::SessionEnded);
        }
        let session: SessionId = parse(claims.sid.as_deref().unwrap_or_default())?;
        let open = directory
            .sessions
            .get(&session)
            .ok_or(IdentityError::SessionEnded)?;
        if open.associate != associate || open.device != device || self.now() >= open.expires_at {
            return Err(IdentityError::SessionEnded);
        }
        let shop = match device.and_then(|id| directory.devices.get(&id)) {
            Some(device) => device.shop,
            None => row.shop,
        };
        Ok(Principal {
            device,
            associate: Some(associate),
            session: Some(session),
            integration: None,
            shop,
            chain: row.chain,
            role: row.role,
            scopes: row.role.scopes(),
        })
    }
}

/// The device that the token is bound to, if it is the one it was made for and may still act.
fn device_of(directory: &Directory, claims: &Claims) -> Result<DeviceId, IdentityError> {
    let id: DeviceId = parse(claims.did.as_deref().unwrap_or_default())?;
    let row = directory
        .devices
        .get(&id)
        .ok_or(IdentityError::DeviceUnknown)?;
    if row.revoked_at.is_some() || claims.dep != Some(row.epoch) {
        return Err(IdentityError::DeviceUnknown);
    }
    if claims.cnf.as_ref().map(|it| &it.jkt) != Some(&row.thumbprint) {
        return Err(ProofError::Key.into());
    }
    Ok(id)
}

fn device_principal(
    directory: &Directory,
    device: Option<DeviceId>,
) -> Result<Principal, IdentityError> {
    let device = device.ok_or(IdentityError::DeviceUnknown)?;
    let row = directory
        .devices
        .get(&device)
        .ok_or(IdentityError::DeviceUnknown)?;
    Ok(Principal {
        device: Some(device),
        associate: None,
        session: None,
        integration: None,
        shop: row.shop,
        chain: false,
        role: Role::Device,
        scopes: Role::Device.scopes(),
    })
}

/// Ids inside a verified token are ours; one that does not parse belongs to nobody.
fn parse<I: std::str::FromStr>(text: &str) -> Result<I, IdentityError> {
    text.parse()
        .map_err(|_not_an_id| IdentityError::SessionEnded)
}
