//! The end of credentials: a table of every kind against everything that must end it, and what is left on disk.

use super::super::integrations::NewIntegration;
use super::*;

/// Every kind of credential. A new kind without an arm in [`Held::works`] does not compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Credential {
    Access,
    Refresh,
    Office,
    Password,
    Device,
    Code,
    Key,
}

/// What makes credentials end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blow {
    AssociateLeaves,
    RoleChanges,
    ShopChanges,
    PasswordChanges,
    DeviceRevoked,
    KeyRevoked,
}

/// One credential of each kind, all working.
struct Held {
    hub: TestHub,
    device: TestDevice,
    eve: sync_core::ids::AssociateId,
    signed_in: sessions::SignedIn,
    office: sessions::SignedIn,
    device_token: String,
    code: enrolment::EnrolmentCode,
    integration: integrations::IntegrationKey,
}

impl Held {
    async fn new() -> Self {
        let hub = TestHub::start().await;
        let device = hub.enrol(100).await;
        let eve = hub.add("eve", Role::Manager, hub.shop).await;
        let here = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
        let password = Secret::new(PASSWORD.to_owned());
        let new = NewIntegration {
            name: "till".to_owned(),
            scopes: Scopes::of(&[Scope::RecordWrite]),
            shop: hub.shop,
            chain: false,
            days: 30,
            by: eve,
        };
        Self {
            signed_in: hub.sign_in(&device, "eve", PASSWORD).await.unwrap(),
            office: hub
                .identity
                .sign_in_at_office("eve", password, here)
                .await
                .unwrap(),
            device_token: device_token(&hub, &device).unwrap(),
            code: hub
                .identity
                .make_enrolment_code(hub.shop, eve)
                .await
                .unwrap(),
            integration: hub.identity.add_integration(new).await.unwrap(),
            hub,
            device,
            eve,
        }
    }

    async fn works(&self, credential: Credential) -> bool {
        let hub = &self.hub;
        match credential {
            Credential::Access => hub
                .request(&self.device, self.signed_in.access.token.expose())
                .is_ok(),
            Credential::Refresh => {
                let token = self.signed_in.refresh.as_ref().unwrap();
                hub.refresh(&self.device, token.expose()).await.is_ok()
            }
            Credential::Office => hub.bearer(self.office.access.token.expose()).is_ok(),
            Credential::Password => hub.sign_in(&self.device, "eve", PASSWORD).await.is_ok(),
            Credential::Device => hub.request(&self.device, &self.device_token).is_ok(),
            Credential::Code => hub.try_enrol(&key(7), &self.code.typed).await.is_ok(),
            Credential::Key => hub.bearer(self.integration.key.expose()).is_ok(),
        }
    }

    async fn suffer(&self, blow: Blow) {
        let identity = &self.hub.identity;
        let none = AssociateChange::default();
        match blow {
            Blow::AssociateLeaves => identity.deactivate(Subject::Associate(self.eve)).await,
            Blow::RoleChanges => {
                let role = Some(Role::Associate);
                identity
                    .change_associate(self.eve, AssociateChange { role, ..none })
                    .await
            }
            Blow::ShopChanges => {
                let shop = Some(identity.add_shop("Second", "Asia/Tokyo").await.unwrap());
                identity
                    .change_associate(self.eve, AssociateChange { shop, ..none })
                    .await
            }
            Blow::PasswordChanges => {
                let password = Some(Secret::new("another-river-8".to_owned()));
                identity
                    .change_associate(self.eve, AssociateChange { password, ..none })
                    .await
            }
            Blow::DeviceRevoked => identity.deactivate(Subject::Device(self.device.id)).await,
            Blow::KeyRevoked => {
                identity
                    .deactivate(Subject::Integration(self.integration.id))
                    .await
            }
        }
        .unwrap();
    }
}

#[tokio::test]
async fn credentials_end_on_the_next_request() {
    use Credential::{Access, Code, Device, Key, Office, Password, Refresh};
    // For each blow, what must be dead afterwards; everything else must go on.
    let table: [(Blow, &[Credential]); 6] = [
        (
            Blow::AssociateLeaves,
            &[Access, Refresh, Office, Password, Code],
        ),
        (Blow::RoleChanges, &[Access, Refresh, Office, Code]),
        (
            Blow::ShopChanges,
            &[Access, Refresh, Office, Password, Code],
        ),
        (
            Blow::PasswordChanges,
            &[Access, Refresh, Office, Password, Code],
        ),
        (Blow::DeviceRevoked, &[Access, Refresh, Password, Device]),
        (Blow::KeyRevoked, &[Key]),
    ];
    for (blow, dead) in table {
        for credential in [Access, Refresh, Office, Password, Device, Code, Key] {
            let held = Held::new().await;
            held.suffer(blow).await;
            let works = held.works(credential).await;
            assert_eq!(
                works,
                !dead.contains(&credential),
                "{credential:?} after {blow:?}"
            );
        }
    }
    for credential in [Access, Refresh, Office, Password, Device, Code, Key] {
        assert!(
            Held::new().await.works(credential).await,
            "{credential:?} before any blow"
        );
    }
}

#[tokio::test]
async fn a_long_connection_notices_the_end_of_its_principal() {
    for blow in [
        Blow::AssociateLeaves,
        Blow::RoleChanges,
        Blow::PasswordChanges,
        Blow::DeviceRevoked,
    ] {
        let held = Held::new().await;
        let token = held.signed_in.access.token.expose();
        let principal = held.hub.request(&held.device, token).unwrap();
        assert!(held.hub.identity.still_holds(&principal));
        held.suffer(blow).await;
        assert!(!held.hub.identity.still_holds(&principal), "{blow:?}");
    }
}

#[tokio::test]
async fn an_integration_key_ends_on_its_day() {
    let held = Held::new().await;
    held.hub.clock.advance_ms(30 * Timestamp::DAY_MS - 1);
    assert!(held.works(Credential::Key).await);
    held.hub.clock.advance_ms(1);
    assert!(!held.works(Credential::Key).await);
    let forged = format!("{}x", held.integration.key.expose());
    assert!(held.hub.bearer(&forged).is_err());
}

#[tokio::test]
async fn no_secret_is_on_disk() {
    let held = Held::new().await;
    let mut secrets = vec![
        PASSWORD.to_owned(),
        held.code.typed.clone(),
        held.code.scanned.clone(),
        held.integration.key.expose().clone(),
    ];
    secrets.push(held.signed_in.refresh.as_ref().unwrap().expose().clone());
    let tx = held.hub.store.read().unwrap();
    let mut rows = 0;
    for table in sync_core::store::Table::ALL {
        sync_core::store::scan_prefix(&*tx, table, &[], &mut |key, value| {
            rows += 1;
            for secret in &secrets {
                // The part that proves, without the part that names.
                let proof = secret.get(secret.len() / 2..).unwrap().as_bytes();
                let found = [key, value]
                    .iter()
                    .any(|it| it.windows(proof.len()).any(|at| at == proof));
                assert!(!found, "a secret in table {}", table.name());
            }
            Ok(std::ops::ControlFlow::Continue(()))
        })
        .unwrap();
    }
    assert!(rows > 10, "there was something to look through");
}
