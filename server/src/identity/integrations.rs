//! Integrations: keys for other systems, with the least they need and an end date.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::{Decode, Encode};
use sync_core::crypto::sha256;
use sync_core::ids::{AssociateId, Hash32, ShopId, Timestamp, from_base32, to_base32};

use super::access::{Principal, Role, Scopes};
use super::people::{active_associate, readable_name};
use super::rows::{IntegrationRow, SecurityEvent, SecurityEventRow};
use super::{Identity, IdentityError};
use crate::secret::Secret;

/// Every key begins with this, so that scanners of leaked secrets recognize it.
pub(super) const KEY_PREFIX: &str = "carnet_key_";
/// Longest life of a key, days.
pub const LIFE_DAYS_MAX: i64 = 366;

/// An integration, numbered by the hub.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct IntegrationId(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 8]);

impl IntegrationId {
    /// The id whose bytes these are.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes of the id.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::str::FromStr for IntegrationId {
    type Err = NotAnIntegrationId;

    fn from_str(text: &str) -> Result<Self, NotAnIntegrationId> {
        from_base32(text).map(Self).ok_or(NotAnIntegrationId)
    }
}

/// A text that is not an integration id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an integration id: expected 13 characters of 0-9 a-z without i, l, o, u")]
pub struct NotAnIntegrationId;

impl fmt::Display for IntegrationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_base32(&self.0))
    }
}

impl fmt::Debug for IntegrationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IntegrationId({self})")
    }
}

/// A new integration.
#[derive(Debug, Clone)]
pub struct NewIntegration {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The shop it works for.
    pub shop: ShopId,
    /// Whether it works for every shop.
    pub chain: bool,
    /// Days until it ends.
    pub days: i64,
    /// Who makes it.
    pub by: AssociateId,
}

/// A new key, shown once.
#[derive(Debug, Clone)]
pub struct IntegrationKey {
    /// Its number.
    pub id: IntegrationId,
    /// The key.
    pub key: Secret<String>,
    /// Until when it works.
    pub expires_at: Timestamp,
}

impl Identity {
    /// Makes a key for another system.
    ///
    /// # Errors
    /// When a value can't be used, the shop or the manager is gone, or storage fails.
    pub async fn add_integration(
        &self,
        new: NewIntegration,
    ) -> Result<IntegrationKey, IdentityError> {
        if !(1..=LIFE_DAYS_MAX).contains(&new.days) {
            return Err(IdentityError::Invalid {
                field: "days",
                expected: "1 to 366 days",
            });
        }
        let now = self.now();
        let id = IntegrationId(self.entropy().bytes());
        let secret = URL_SAFE_NO_PAD.encode(self.entropy().bytes::<32>());
        let key = Secret::new(format!("{KEY_PREFIX}{id}.{secret}"));
        let expires_at = now.plus_ms(new.days * Timestamp::DAY_MS);
        let row = IntegrationRow {
            name: readable_name(&new.name)?,
            key: key_hash(key.expose()),
            scopes: new.scopes,
            shop: new.shop,
            chain: new.chain,
            created_by: new.by,
            expires_at,
            revoked_at: None,
        };
        self.write(move |tx| {
            tx.shop(row.shop)?.ok_or(IdentityError::NotFound("shop"))?;
            active_associate(tx, row.created_by)?;
            tx.log(&SecurityEventRow {
                associate: Some(row.created_by),
                integration: Some(id),
                ..SecurityEventRow::new(now, SecurityEvent::IntegrationMade)
            })?;
            Ok(tx.put_integration(id, row)?)
        })
        .await?;
        Ok(IntegrationKey {
            id,
            key,
            expires_at,
        })
    }

    /// The integration behind a key, if it is good now.
    pub(super) fn integration_principal(&self, key: &str) -> Option<Principal> {
        let named = key.strip_prefix(KEY_PREFIX)?;
        let (id, _) = named.split_once('.')?;
        let id = id.parse().ok()?;
        let now = self.now();
        let directory = self.directory();
        let row = directory.integrations.get(&id)?;
        let good = row.revoked_at.is_none() && now < row.expires_at && row.key == key_hash(key);
        good.then_some(Principal {
            device: None,
            associate: None,
            session: None,
            integration: Some(id),
            shop: row.shop,
            chain: row.chain,
            role: Role::Integration,
            scopes: row.scopes,
        })
    }
}

/// A key is 256 random bits, so a plain hash can't be turned back; comparing hashes tells nothing by its timing.
fn key_hash(key: &str) -> Hash32 {
    sha256("integration.v1", &[key.as_bytes()])
}
