//! What a handheld does before it syncs, through the hub's HTTP interface: enrol with a code, sign in, prove its key with each request.

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::Deserialize;
use serde_json::{Value, json};
use server::identity::dpop::token_hash;
use server::identity::enrolment::enrolment_message;
use sync_core::card::schema::Role;
use sync_core::crypto::{DeviceSigner as _, HubPublicKey, SoftwareDeviceKey};
use sync_core::entropy::{Entropy as _, SeededEntropy};
use sync_core::ids::{AssociateId, DeviceId, SessionId, ShopId, to_base32};
use sync_core::replica::Author;

use crate::hub::Hub;

/// The back office, signed in as the first manager.
#[derive(Debug)]
pub(crate) struct Office {
    client: reqwest::Client,
    url: String,
    token: String,
    shop: ShopId,
    login: String,
    password: String,
}

/// An enrolled handheld with an associate signed in on it.
pub(crate) struct Account {
    client: reqwest::Client,
    url: String,
    /// Its key.
    pub(crate) key: SoftwareDeviceKey,
    /// Its number.
    pub(crate) device: DeviceId,
    /// What the hub signs with.
    pub(crate) hub_key: HubPublicKey,
    /// Who works on it.
    pub(crate) author: Author,
    token: String,
    chance: SeededEntropy,
}

#[derive(Deserialize)]
struct Enrolled {
    device: DeviceId,
    shop: ShopId,
    hub_key: String,
}

#[derive(Deserialize)]
struct SignedIn {
    session: SessionId,
    associate: AssociateId,
    access_token: String,
}

/// The body of an answer that went well.
async fn body(answer: reqwest::Response) -> Result<Value> {
    let (status, url) = (answer.status(), answer.url().path().to_owned());
    let text = answer.text().await?;
    if !status.is_success() {
        bail!("{url} answered {status}: {text}");
    }
    serde_json::from_str(&text).with_context(|| format!("{url} answered no JSON"))
}

impl Office {
    pub(crate) async fn open(hub: &Hub) -> Result<Self> {
        let client = reqwest::Client::new();
        let (login, password) = (hub.filled.login.clone(), hub.filled.password.clone());
        let credentials = json!({ "login": login, "password": password });
        let url = hub.url.clone();
        let request = client
            .post(format!("{url}/v1/auth/office"))
            .json(&credentials);
        let signed_in: SignedIn = serde_json::from_value(body(request.send().await?).await?)?;
        Ok(Self {
            client,
            url,
            token: signed_in.access_token,
            shop: hub.filled.shop,
            login,
            password,
        })
    }

    /// Enrols a handheld with a key from `seed` and signs the manager in on it.
    pub(crate) async fn enrol(&self, seed: u64) -> Result<Account> {
        let request = self
            .client
            .post(format!("{}/v1/enrolment-codes", self.url))
            .bearer_auth(&self.token)
            .json(&json!({ "shop": self.shop }));
        let answer = body(request.send().await?).await?;
        let code = answer["typed"].as_str().context("a code")?;
        let mut chance = SeededEntropy::new(seed);
        let key = SoftwareDeviceKey::generate(&mut chance);
        let nonce = nonce(&self.client, &self.url).await?;
        let message = enrolment_message(code, &key.public_key(), &nonce);
        let signature = key.sign(&message).context("a software key signs")?;
        let request = self
            .client
            .post(format!("{}/v1/auth/enrol", self.url))
            .json(&json!({
                "code": code,
                "key": BASE64.encode(key.public_key().to_sec1()),
                "nonce": nonce,
                "signature": BASE64.encode(signature.0),
                "label": format!("bench {seed}"),
            }));
        let enrolled: Enrolled = serde_json::from_value(body(request.send().await?).await?)?;
        let hub_key = BASE64.decode(&enrolled.hub_key)?;
        let hub_key = hub_key.first_chunk().and_then(HubPublicKey::from_bytes);
        let mut account = Account {
            client: self.client.clone(),
            url: self.url.clone(),
            key,
            device: enrolled.device,
            hub_key: hub_key.context("the hub's key")?,
            author: Author {
                associate: AssociateId([0; 8]),
                session: SessionId([0; 8]),
                shop: enrolled.shop,
                role: Role::Manager,
            },
            token: String::new(),
            chance,
        };
        account.sign_in(&self.login, &self.password).await?;
        Ok(account)
    }
}

async fn nonce(client: &reqwest::Client, url: &str) -> Result<String> {
    let answer = body(client.get(format!("{url}/v1/auth/nonce")).send().await?).await?;
    Ok(answer["nonce"].as_str().context("a nonce")?.to_owned())
}

impl Account {
    /// Signs in; a token is good for ten minutes, so long runs do it again.
    async fn sign_in(&mut self, login: &str, password: &str) -> Result<()> {
        let path = "/v1/auth/sign-in";
        let nonce = nonce(&self.client, &self.url).await?;
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .header("DPoP", self.proof("POST", path, (&nonce, None))?)
            .json(&json!({ "device": self.device, "login": login, "password": password }));
        let signed_in: SignedIn = serde_json::from_value(body(request.send().await?).await?)?;
        self.author.associate = signed_in.associate;
        self.author.session = signed_in.session;
        self.token = signed_in.access_token;
        Ok(())
    }

    /// A fresh token for a handheld that has worked for a while.
    pub(crate) async fn renew(&mut self, hub: &Hub) -> Result<()> {
        self.sign_in(&hub.filled.login, &hub.filled.password).await
    }

    fn proof(
        &mut self,
        method: &str,
        path: &str,
        (nonce, token): (&str, Option<&str>),
    ) -> Result<String> {
        let point = self.key.public_key().to_sec1();
        let half = |from: usize| Some(BASE64.encode(point.get(from..from + 32)?));
        let (x, y) = half(1).zip(half(33)).context("a SEC1 point has 65 bytes")?;
        let header = json!({
            "typ": "dpop+jwt", "alg": "ES256",
            "jwk": { "kty": "EC", "crv": "P-256", "x": x, "y": y },
        });
        let mut id = [0; 10];
        self.chance.fill(&mut id);
        let mut claims = json!({
            "jti": to_base32(&id), "htm": method, "htu": format!("{}{path}", self.url),
            "iat": 0, "nonce": nonce,
        });
        if let Some(token) = token {
            claims["ath"] = json!(token_hash(token));
        }
        let message = format!(
            "{}.{}",
            BASE64.encode(header.to_string()),
            BASE64.encode(claims.to_string())
        );
        let signature = self
            .key
            .sign(message.as_bytes())
            .context("a software key signs")?;
        Ok(format!("{message}.{}", BASE64.encode(signature.0)))
    }

    /// The address of the sync socket and the headers that open it.
    pub(crate) async fn ticket(&mut self) -> Result<Ticket> {
        let path = "/v1/sync";
        let nonce = nonce(&self.client, &self.url).await?;
        let token = self.token.clone();
        let proof = self.proof("GET", path, (&nonce, Some(&token)))?;
        let address = self.url.trim_start_matches("http://").to_owned();
        Ok(Ticket {
            url: format!("ws://{address}{path}"),
            address,
            authorization: format!("DPoP {token}"),
            proof,
        })
    }
}

/// What opens one sync socket.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) url: String,
    pub(crate) address: String,
    pub(crate) authorization: String,
    pub(crate) proof: String,
}
