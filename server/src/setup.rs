//! The first run: the hub's own shop, its first manager and a first enrolment code.
//!
//! # Failure
//! The manager's password is shown once. If the machine stops between keeping it and showing it, [`reset_password`] makes another.

use sync_core::ids::ShopId;
use sync_core::store::{Store, StoreError, Table};

use crate::clock::Clock;
use crate::entropy::SharedEntropy;
use crate::identity::access::Role;
use crate::identity::enrolment::EnrolmentCode;
use crate::identity::people::{AssociateChange, NewAssociate};
use crate::identity::rows::ShopRow;
use crate::identity::{Identity, IdentityError};
use crate::secret::Secret;

/// Where the number of the hub's own shop is kept.
const HOME_SHOP: &[u8] = b"hub/home_shop";
/// What the first manager types to sign in.
const FIRST_LOGIN: &str = "manager";

/// What a first run made, to be shown once.
#[derive(Debug, Clone)]
pub struct FirstRun {
    /// The shop.
    pub shop: ShopId,
    /// What the manager types to sign in.
    pub login: String,
    /// The manager's password.
    pub password: Secret<String>,
    /// A code for the first handheld.
    pub code: EnrolmentCode,
}

/// The number of the hub's own shop: drawn on the first run, the same ever after. It names the hub in its tokens.
///
/// # Errors
/// What the store reports.
pub fn home_shop(store: &dyn Store, entropy: &SharedEntropy) -> Result<ShopId, StoreError> {
    let known = store.read()?.get(Table::Meta, HOME_SHOP)?;
    if let Some(bytes) = known {
        return ShopId::from_slice(&bytes).ok_or_else(|| StoreError::Corrupt {
            table: Table::Meta.name(),
            detail: "the number of the hub's shop has the wrong length".to_owned(),
        });
    }
    let shop = ShopId(entropy.bytes());
    let mut tx = store.write()?;
    tx.put(Table::Meta, HOME_SHOP, shop.as_bytes())?;
    tx.commit()?;
    Ok(shop)
}

/// Makes the shop, its first manager and an enrolment code; `None` when an earlier run did.
///
/// # Errors
/// When storage fails.
pub async fn first_run(
    identity: &Identity,
    home: ShopId,
    clock: &dyn Clock,
    entropy: &SharedEntropy,
) -> Result<Option<FirstRun>, IdentityError> {
    if !identity.directory().associates.is_empty() {
        return Ok(None);
    }
    let password = random_password(entropy);
    let shop = ShopRow {
        name: "Main shop".to_owned(),
        time_zone: "Etc/UTC".to_owned(),
        created_at: clock.now(),
    };
    let manager = NewAssociate {
        login: FIRST_LOGIN.to_owned(),
        name: "Manager".to_owned(),
        role: Role::Manager,
        shop: home,
        chain: true,
        password: password.clone(),
    };
    let Some(manager) = identity.found(home, shop, manager).await? else {
        return Ok(None);
    };
    let code = identity.make_enrolment_code(home, manager).await?;
    Ok(Some(FirstRun {
        shop: home,
        login: FIRST_LOGIN.to_owned(),
        password,
        code,
    }))
}

/// Gives an associate a new random password, for whoever may run commands on the hub's machine. Ends the associate's sessions.
///
/// # Errors
/// When nobody signs in under `login`, or storage fails.
pub async fn reset_password(
    identity: &Identity,
    login: &str,
    entropy: &SharedEntropy,
) -> Result<Secret<String>, IdentityError> {
    let found = {
        let directory = identity.directory();
        directory.associate_by_login(login).map(|(id, _)| id)
    };
    let id = found.ok_or(IdentityError::NotFound("associate"))?;
    let password = random_password(entropy);
    let change = AssociateChange {
        password: Some(password.clone()),
        ..AssociateChange::default()
    };
    identity.change_associate(id, change).await?;
    Ok(password)
}

/// Eighty random bits in four groups that can be read aloud.
#[must_use]
pub fn random_password(entropy: &SharedEntropy) -> Secret<String> {
    let text = sync_core::ids::to_base32(&entropy.bytes::<10>());
    let symbols: Vec<char> = text.chars().collect();
    let groups: Vec<String> = symbols
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    Secret::new(groups.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestHub;

    #[tokio::test]
    async fn a_second_run_makes_nothing() {
        let hub = TestHub::start().await;
        let again = first_run(&hub.identity, hub.shop, &*hub.clock, &hub.entropy).await;
        assert!(again.unwrap().is_none());
        assert_eq!(home_shop(&*hub.store, &hub.entropy).unwrap(), hub.shop);
        assert_eq!(hub.identity.directory().associates.len(), 1);
    }

    #[tokio::test]
    async fn a_forgotten_password_is_replaced_and_the_old_one_is_dead() {
        let hub = TestHub::start().await;
        let signed_in = hub.office(&hub.manager_password).await.unwrap();
        let password = reset_password(&hub.identity, "manager", &hub.entropy)
            .await
            .unwrap();
        assert!(hub.office(&hub.manager_password).await.is_err());
        assert!(hub.office(password.expose()).await.is_ok());
        let open = hub
            .identity
            .directory()
            .sessions
            .contains_key(&signed_in.session);
        assert!(!open, "earlier sign-ins have ended");
        let nobody = reset_password(&hub.identity, "nobody", &hub.entropy).await;
        assert!(matches!(nobody, Err(IdentityError::NotFound("associate"))));
    }
}
