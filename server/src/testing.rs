//! Ready actors for the tests of this crate: a hub in memory with a clock that is moved by hand, and handhelds that prove their key.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use sync_core::crypto::{DeviceSigner as _, SoftwareDeviceKey};
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{AssociateId, DeviceId, ShopId, Timestamp};
use sync_core::store::memory::MemoryStore;

use crate::book::{Book, BookParts};
use crate::clock::{Clock as _, ManualClock};
use crate::config::IdentityConfig;
use crate::entropy::SharedEntropy;
use crate::http::{AppState, Hub};
use crate::identity::access::{Principal, Role};
use crate::identity::authenticate::Credentials;
use crate::identity::dpop::{self, Presented};
use crate::identity::enrolment::{EnrolRequest, Enrolled, EnrolmentCode, enrolment_message};
use crate::identity::people::NewAssociate;
use crate::identity::sessions::SignedIn;
use crate::identity::{Identity, IdentityError, IdentityParts, issuer_of};
use crate::keys::Keystore;
use crate::secret::Secret;
use crate::setup;
use crate::writer::{Writer, WriterThread};

/// Under which name the tests' hub is reached.
pub(crate) const ORIGIN: &str = "https://hub.test";
/// The password of every associate but the first manager.
pub(crate) const PASSWORD: &str = "quiet-river-9";

/// A hub in memory after its first run.
pub(crate) struct TestHub {
    pub(crate) identity: Arc<Identity>,
    pub(crate) writer: Writer,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) entropy: SharedEntropy,
    pub(crate) keys: Arc<Keystore>,
    pub(crate) shop: ShopId,
    pub(crate) manager: AssociateId,
    pub(crate) manager_password: String,
    pub(crate) first_code: EnrolmentCode,
    pub(crate) thread: WriterThread,
}

impl TestHub {
    pub(crate) async fn start() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp(1_800_000_000_000)));
        let entropy = SharedEntropy::new(SeededEntropy::new(1));
        let keys = Arc::new(entropy.with(|source| Keystore::generate(source, clock.now())));
        let store = Arc::new(MemoryStore::default());
        let (writer, thread) = Writer::start(store.clone()).unwrap();
        let shop = setup::home_shop(&*store, &entropy).unwrap();
        let identity = Identity::load(IdentityParts {
            store: store.clone(),
            writer: writer.clone(),
            keys: Arc::clone(&keys),
            clock: clock.clone(),
            entropy: entropy.clone(),
            config: IdentityConfig::for_testing(),
            issuer: issuer_of(shop),
            origins: vec![ORIGIN.to_owned()],
        });
        let identity = Arc::new(identity.unwrap());
        let first = setup::first_run(&identity, shop, &*clock, &entropy).await;
        let first = first.unwrap().expect("this is the first run");
        let manager = *identity.directory().associates.keys().next().unwrap();
        Self {
            identity,
            writer,
            store,
            clock,
            entropy,
            keys,
            shop,
            manager,
            manager_password: first.password.expose().clone(),
            first_code: first.code,
            thread,
        }
    }

    /// The same disk under a hub that was started again.
    pub(crate) fn restarted_identity(&self) -> Identity {
        Identity::load(IdentityParts {
            store: self.store.clone(),
            writer: self.writer.clone(),
            keys: Arc::clone(&self.keys),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            config: IdentityConfig::for_testing(),
            issuer: issuer_of(self.shop),
            origins: vec![ORIGIN.to_owned()],
        })
        .unwrap()
    }

    /// The book of this hub.
    pub(crate) fn book(&self) -> Book {
        Book::open(BookParts {
            store: self.store.clone(),
            writer: self.writer.clone(),
            key: Arc::new(self.keys.hub_key()),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
        })
        .unwrap()
    }

    /// What handlers work with, over this hub.
    pub(crate) fn state(&self) -> AppState {
        AppState::new(Hub {
            book: Arc::new(self.book()),
            identity: Arc::clone(&self.identity),
            writer: self.writer.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            keys: Arc::clone(&self.keys),
            metrics: self.writer.metrics().clone(),
            stopping: tokio::sync::watch::channel(false).1,
        })
    }

    pub(crate) async fn add(&self, login: &str, role: Role, shop: ShopId) -> AssociateId {
        let new = NewAssociate {
            login: login.to_owned(),
            name: format!("{login} Test"),
            role,
            shop,
            chain: false,
            password: Secret::new(PASSWORD.to_owned()),
        };
        self.identity.add_associate(new).await.unwrap()
    }

    /// Signs the first manager in at the back office.
    pub(crate) async fn office(&self, password: &str) -> Result<SignedIn, IdentityError> {
        let password = Secret::new(password.to_owned());
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        self.identity
            .sign_in_at_office("manager", password, here)
            .await
    }

    pub(crate) async fn code(&self, shop: ShopId) -> EnrolmentCode {
        self.identity
            .make_enrolment_code(shop, self.manager)
            .await
            .unwrap()
    }

    /// Enrols a handheld whose key belongs to `seed`.
    pub(crate) async fn enrol(&self, seed: u64) -> TestDevice {
        let code = self.code(self.shop).await;
        let key = SoftwareDeviceKey::generate(&mut SeededEntropy::new(seed));
        let enrolled = self.try_enrol(&key, &code.typed).await.unwrap();
        TestDevice {
            id: enrolled.device,
            key,
            proofs: AtomicU64::new(0),
        }
    }

    pub(crate) async fn try_enrol(
        &self,
        key: &SoftwareDeviceKey,
        code: &str,
    ) -> Result<Enrolled, IdentityError> {
        let nonce = self.identity.nonce();
        let message = enrolment_message(code, &key.public_key(), &nonce);
        self.identity
            .enrol(EnrolRequest {
                code: code.to_owned(),
                key: key.public_key(),
                nonce,
                signature: key.sign(&message).unwrap(),
                label: "Till 1".to_owned(),
                hardware_key: false,
            })
            .await
    }

    pub(crate) async fn sign_in(
        &self,
        device: &TestDevice,
        login: &str,
        password: &str,
    ) -> Result<SignedIn, IdentityError> {
        let path = "/v1/auth/sign-in";
        let proof = device.proof(&self.identity, "POST", path, None);
        let presented = Presented {
            proof: &proof,
            method: "POST",
            path,
            token: None,
        };
        let password = Secret::new(password.to_owned());
        self.identity
            .sign_in(device.id, login, password, &presented)
            .await
    }

    pub(crate) async fn refresh(
        &self,
        device: &TestDevice,
        token: &str,
    ) -> Result<SignedIn, IdentityError> {
        let path = "/v1/auth/refresh";
        let proof = device.proof(&self.identity, "POST", path, None);
        let presented = Presented {
            proof: &proof,
            method: "POST",
            path,
            token: None,
        };
        self.identity.refresh(token, &presented).await
    }

    /// Makes a request with a token that is bound to `device`.
    pub(crate) fn request(
        &self,
        device: &TestDevice,
        token: &str,
    ) -> Result<Principal, IdentityError> {
        let proof = device.proof(&self.identity, "GET", "/v1/x", Some(token));
        self.identity.authenticate(&Credentials {
            authorization: Some(&format!("DPoP {token}")),
            proof: Some(&proof),
            method: "GET",
            path: "/v1/x",
        })
    }

    /// Makes a request with a token or key that is bound to nothing.
    pub(crate) fn bearer(&self, token: &str) -> Result<Principal, IdentityError> {
        self.identity.authenticate(&Credentials {
            authorization: Some(&format!("Bearer {token}")),
            proof: None,
            method: "GET",
            path: "/v1/x",
        })
    }
}

/// An enrolled handheld.
pub(crate) struct TestDevice {
    pub(crate) id: DeviceId,
    pub(crate) key: SoftwareDeviceKey,
    proofs: AtomicU64,
}

impl TestDevice {
    /// A fresh proof for one request.
    pub(crate) fn proof(
        &self,
        identity: &Identity,
        method: &str,
        path: &str,
        token: Option<&str>,
    ) -> String {
        let number = self.proofs.fetch_add(1, Ordering::SeqCst);
        let mut claims = json!({
            "jti": format!("proof-{number}"), "htm": method, "htu": format!("{ORIGIN}{path}"),
            "iat": 0, "nonce": identity.nonce(),
        });
        if let Some(token) = token {
            claims["ath"] = json!(dpop::token_hash(token));
        }
        dpop::tests::sign(&self.key, &dpop::tests::header_of(&self.key), &claims)
    }
}
