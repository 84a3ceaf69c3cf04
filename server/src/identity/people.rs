//! Shops and associates: adding, changing, and ending everything of somebody who leaves.

use std::collections::BTreeMap;

use sync_core::ids::{AssociateId, DeviceId, ShopId, Timestamp};
use sync_core::store::{ReadTx, StoreError, Table};

use super::access::Role;
use super::directory::{IdentityTx, rows};
use super::integrations::IntegrationId;
use super::passwords::check_strength;
use super::rows::{AssociateRow, SecurityEvent, SecurityEventRow, SessionEnd, ShopRow};
use super::{Identity, IdentityError};
use crate::secret::Secret;

/// Characters of a sign-in name.
const LOGIN_CHARS_MAX: usize = 32;
/// Characters of a name that people read.
pub(super) const NAME_CHARS_MAX: usize = 80;

/// A new associate.
#[derive(Debug, Clone)]
pub struct NewAssociate {
    /// What the associate will type to sign in.
    pub login: String,
    /// Name as colleagues see it.
    pub name: String,
    /// [`Role::Associate`] or [`Role::Manager`].
    pub role: Role,
    /// The shop.
    pub shop: ShopId,
    /// Whether the role holds in the whole chain.
    pub chain: bool,
    /// The first password.
    pub password: Secret<String>,
}

/// What to change about an associate; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct AssociateChange {
    /// Name as colleagues see it.
    pub name: Option<String>,
    /// The role.
    pub role: Option<Role>,
    /// The shop.
    pub shop: Option<ShopId>,
    /// A new password.
    pub password: Option<Secret<String>>,
}

/// Whose credentials to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An associate who leaves.
    Associate(AssociateId),
    /// A handheld that is lost or retired.
    Device(DeviceId),
    /// A key for another system.
    Integration(IntegrationId),
}

/// Shops, and people.
pub type House = (
    BTreeMap<ShopId, ShopRow>,
    BTreeMap<AssociateId, AssociateRow>,
);

/// Every shop, and every associate with those who have left.
///
/// # Errors
/// What the store reports.
pub fn house(tx: &dyn ReadTx) -> Result<House, StoreError> {
    let shops = rows(tx, Table::Shop, ShopId::from_slice)?;
    Ok((shops, rows(tx, Table::Associate, AssociateId::from_slice)?))
}

impl Identity {
    /// Lays the foundation on a first run: the hub's own shop and a manager of the whole chain, in one transaction.
    /// `None` when there is an associate already.
    ///
    /// # Errors
    /// When a value can't be used, or storage fails.
    pub(crate) async fn found(
        &self,
        home: ShopId,
        shop: ShopRow,
        manager: NewAssociate,
    ) -> Result<Option<AssociateId>, IdentityError> {
        let id = AssociateId(self.entropy().bytes());
        let row = self.new_row(manager).await?;
        self.write(move |tx| {
            if !tx.associates()?.is_empty() {
                return Ok(None);
            }
            tx.put_shop(home, shop)?;
            tx.put_associate(id, row)?;
            Ok(Some(id))
        })
        .await
    }

    /// Adds a shop.
    ///
    /// # Errors
    /// When the name or zone can't be used, or storage fails.
    pub async fn add_shop(&self, name: &str, time_zone: &str) -> Result<ShopId, IdentityError> {
        let row = ShopRow {
            name: readable_name(name)?,
            time_zone: zone(time_zone)?,
            created_at: self.now(),
        };
        let id = ShopId(self.entropy().bytes());
        self.write(move |tx| {
            tx.put_shop(id, row)?;
            Ok(id)
        })
        .await
    }

    /// Changes a shop's name or time zone.
    ///
    /// # Errors
    /// When there is no such shop, a value can't be used, or storage fails.
    pub async fn change_shop(
        &self,
        id: ShopId,
        name: Option<&str>,
        time_zone: Option<&str>,
    ) -> Result<(), IdentityError> {
        let name = name.map(readable_name).transpose()?;
        let time_zone = time_zone.map(zone).transpose()?;
        self.write(move |tx| {
            let mut row = tx.shop(id)?.ok_or(IdentityError::NotFound("shop"))?;
            row.name = name.unwrap_or(row.name);
            row.time_zone = time_zone.unwrap_or(row.time_zone);
            Ok(tx.put_shop(id, row)?)
        })
        .await
    }

    /// Adds an associate.
    ///
    /// # Errors
    /// When the sign-in name is taken, a value can't be used, or storage fails.
    pub async fn add_associate(&self, new: NewAssociate) -> Result<AssociateId, IdentityError> {
        let row = self.new_row(new).await?;
        let id = AssociateId(self.entropy().bytes());
        self.write(move |tx| {
            tx.shop(row.shop)?.ok_or(IdentityError::NotFound("shop"))?;
            if tx.login_is_taken(&row.login)? {
                return Err(IdentityError::Conflict("the sign-in name is taken"));
            }
            tx.put_associate(id, row)?;
            Ok(id)
        })
        .await
    }

    async fn new_row(&self, new: NewAssociate) -> Result<AssociateRow, IdentityError> {
        let login = normal_login(&new.login)?;
        check_strength(new.password.expose(), &login, new.role == Role::Manager)?;
        Ok(AssociateRow {
            login,
            name: readable_name(&new.name)?,
            role: new.role,
            shop: new.shop,
            chain: new.chain,
            password: Some(self.passwords.hash(new.password).await?),
            epoch: 1,
            created_at: self.now(),
            deactivated_at: None,
        })
    }

    /// Changes an associate. A new role, shop or password ends all the associate's sessions.
    ///
    /// # Errors
    /// When there is no such associate, a value can't be used, nobody could manage the chain any more, or storage fails.
    pub async fn change_associate(
        &self,
        id: AssociateId,
        change: AssociateChange,
    ) -> Result<(), IdentityError> {
        let present = self.directory().associates.get(&id).cloned();
        let present = present.ok_or(IdentityError::NotFound("associate"))?;
        let name = change.name.as_deref().map(readable_name).transpose()?;
        let manager = change.role.unwrap_or(present.role) == Role::Manager;
        if manager && present.role != Role::Manager && change.password.is_none() {
            return Err(IdentityError::Invalid {
                field: "password",
                expected: "a new password with the new role, because a manager's also works without a handheld",
            });
        }
        let password = match change.password {
            Some(password) => {
                check_strength(password.expose(), &present.login, manager)?;
                Some(self.passwords.hash(password).await?)
            }
            None => None,
        };
        let now = self.now();
        self.write(move |tx| {
            let mut row = active_associate(tx, id)?;
            let before = row.clone();
            row.name = name.unwrap_or(row.name);
            row.role = change.role.unwrap_or(row.role);
            row.shop = change.shop.unwrap_or(row.shop);
            row.password = password.or(row.password);
            tx.shop(row.shop)?.ok_or(IdentityError::NotFound("shop"))?;
            row.chain = row.chain && row.role == Role::Manager;
            if before.chain && !row.chain {
                refuse_without_chain_manager(tx, id)?;
            }
            let ends =
                (row.role, row.shop, &row.password) != (before.role, before.shop, &before.password);
            if ends {
                end_credentials(tx, id, &mut row, now)?;
                tx.log(&SecurityEventRow {
                    associate: Some(id),
                    ..SecurityEventRow::new(now, SecurityEvent::AssociateChanged)
                })?;
            }
            Ok(tx.put_associate(id, row)?)
        })
        .await
    }

    /// Ends every credential of `subject` in one transaction; the next request made with any of them is refused.
    /// Asking twice is harmless.
    ///
    /// # Errors
    /// When there is no such subject, nobody could manage the chain any more, or storage fails.
    pub async fn deactivate(&self, subject: Subject) -> Result<(), IdentityError> {
        let now = self.now();
        self.write(move |tx| match subject {
            Subject::Associate(id) => deactivate_associate(tx, id, now),
            Subject::Device(id) => revoke_device(tx, id, now),
            Subject::Integration(id) => revoke_integration(tx, id, now),
        })
        .await
    }
}

fn deactivate_associate(
    tx: &mut IdentityTx<'_>,
    id: AssociateId,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let mut row = tx
        .associate(id)?
        .ok_or(IdentityError::NotFound("associate"))?;
    if row.deactivated_at.is_some() {
        return Ok(());
    }
    if row.chain {
        refuse_without_chain_manager(tx, id)?;
    }
    row.deactivated_at = Some(now);
    row.password = None;
    end_credentials(tx, id, &mut row, now)?;
    tx.put_associate(id, row)?;
    Ok(tx.log(&SecurityEventRow {
        associate: Some(id),
        ..SecurityEventRow::new(now, SecurityEvent::AssociateDeactivated)
    })?)
}

/// Ends whatever the associate holds: tokens by the epoch, sessions with their refresh tokens, and enrolment codes.
fn end_credentials(
    tx: &mut IdentityTx<'_>,
    id: AssociateId,
    row: &mut AssociateRow,
    now: Timestamp,
) -> Result<(), IdentityError> {
    row.epoch += 1;
    for session in tx.sessions_of_associate(id)? {
        tx.end_session(session, SessionEnd::AssociateChanged, now)?;
    }
    Ok(tx.remove_enrolments(|code| code.created_by == id)?)
}

fn revoke_device(
    tx: &mut IdentityTx<'_>,
    id: DeviceId,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let mut row = tx.device(id)?.ok_or(IdentityError::NotFound("device"))?;
    if row.revoked_at.is_some() {
        return Ok(());
    }
    row.revoked_at = Some(now);
    row.epoch += 1;
    tx.put_device(id, row)?;
    for session in tx.sessions_of_device(id)? {
        tx.end_session(session, SessionEnd::DeviceRevoked, now)?;
    }
    Ok(tx.log(&SecurityEventRow {
        device: Some(id),
        ..SecurityEventRow::new(now, SecurityEvent::DeviceRevoked)
    })?)
}

fn revoke_integration(
    tx: &mut IdentityTx<'_>,
    id: IntegrationId,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let mut row = tx
        .integration(id)?
        .ok_or(IdentityError::NotFound("integration"))?;
    if row.revoked_at.is_some() {
        return Ok(());
    }
    row.revoked_at = Some(now);
    tx.put_integration(id, row)?;
    Ok(tx.log(&SecurityEventRow {
        integration: Some(id),
        ..SecurityEventRow::new(now, SecurityEvent::IntegrationRevoked)
    })?)
}

/// The associate, unless there is none or it has left.
pub(super) fn active_associate(
    tx: &IdentityTx<'_>,
    id: AssociateId,
) -> Result<AssociateRow, IdentityError> {
    let row = tx
        .associate(id)?
        .ok_or(IdentityError::NotFound("associate"))?;
    if row.deactivated_at.is_some() {
        return Err(IdentityError::Conflict("the associate has left"));
    }
    Ok(row)
}

/// Somebody must remain who can add shops and managers.
fn refuse_without_chain_manager(
    tx: &IdentityTx<'_>,
    leaving: AssociateId,
) -> Result<(), IdentityError> {
    let remains = tx.associates()?.iter().any(|(id, row)| {
        *id != leaving && row.chain && row.role == Role::Manager && row.deactivated_at.is_none()
    });
    if remains {
        return Ok(());
    }
    Err(IdentityError::Conflict(
        "this is the last manager of the chain: make another one first",
    ))
}

/// A sign-in name in its one form: lower case, 2 to 32 letters, digits, dots, hyphens.
///
/// # Errors
/// [`IdentityError::Invalid`] with the form that is expected.
pub fn normal_login(text: &str) -> Result<String, IdentityError> {
    let login = text.trim().to_lowercase();
    let chars = login.chars().count();
    let plain = |it: char| it.is_alphanumeric() || matches!(it, '.' | '-' | '_');
    if (2..=LOGIN_CHARS_MAX).contains(&chars) && login.chars().all(plain) {
        return Ok(login);
    }
    Err(IdentityError::Invalid {
        field: "login",
        expected: "2 to 32 letters, digits, dots or hyphens",
    })
}

pub(super) fn readable_name(text: &str) -> Result<String, IdentityError> {
    let name = text.trim();
    let chars = name.chars().count();
    if (1..=NAME_CHARS_MAX).contains(&chars) && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    Err(IdentityError::Invalid {
        field: "name",
        expected: "1 to 80 characters on one line",
    })
}

fn zone(text: &str) -> Result<String, IdentityError> {
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '/' | '_' | '-' | '+');
    if (1..=40).contains(&text.len()) && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    Err(IdentityError::Invalid {
        field: "time_zone",
        expected: "an IANA time zone, such as Europe/Paris",
    })
}
