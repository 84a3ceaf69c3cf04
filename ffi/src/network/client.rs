//! Requests to the hub: enrolment, sign-in, tokens and their renewal, and walk-ins, each with its proof.
//!
//! # Invariants
//! - A refresh token is made durable before anything uses its successor's access token; one renewal runs at a time.
//! - A hub that says a sign-in is over is believed at once: the book locks, the outbox still goes out by the device's own token.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sync_core::crypto::{DeviceSigner, sha256};
use sync_core::replica::account::{Enrolment, SignIn};

use super::answers::{
    EnrolAnswer, NonceAnswer, Problem, Token, TokenAnswer, checked, lost, read, refused, strange,
    taken, unread, walk_in,
};
use super::dpop::{self, Request};
use crate::BookError;
use crate::changes::Change;
use crate::shelf::Shelf;
use crate::types::WalkIn;

/// How long a request may take.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(20);
/// How long connecting may take.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);

/// Requests to one hub.
#[derive(Debug)]
pub(crate) struct HubClient {
    http: OnceLock<reqwest::Client>,
    allow_plain_http: bool,
    nonce: Mutex<Option<String>>,
    token: tokio::sync::Mutex<Option<Token>>,
}

/// The hub's word for a sign-in that was not used for too long. Its associate may go on reading; a sign-in brings what colleagues wrote.
const LAPSED: &str = "sign_in_lapsed";

impl HubClient {
    pub(crate) fn new(allow_plain_http: bool) -> Self {
        Self {
            http: OnceLock::new(),
            allow_plain_http,
            nonce: Mutex::new(None),
            token: tokio::sync::Mutex::new(None),
        }
    }

    /// A hub's address in its one form: scheme, host and port.
    pub(crate) fn origin(&self, text: &str) -> Result<String, BookError> {
        let expected = |reason: &str| BookError::invalid("hub_url", reason);
        let text = text.trim().trim_end_matches('/');
        let url = reqwest::Url::parse(text).map_err(|_malformed| {
            expected("write the hub's address, such as https://hub.example:7443")
        })?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.username().is_empty();
        if !is_bare {
            return Err(expected("write scheme, host and port only"));
        }
        match url.scheme() {
            "https" => Ok(text.to_owned()),
            "http" if self.allow_plain_http || is_loopback(&url) => Ok(text.to_owned()),
            "http" => Err(expected(
                "plain HTTP would show customers' data to the network: use https",
            )),
            _ => Err(expected("the address begins with https://")),
        }
    }

    fn http(&self) -> Result<&reqwest::Client, BookError> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let made = reqwest::Client::builder()
            .timeout(REQUEST_TIME_MAX)
            .connect_timeout(CONNECT_TIME_MAX)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| BookError::bug("preparing requests", &error))?;
        // Another thread may have been faster: then this one is not needed.
        let _unused = self.http.set(made);
        self.http.get().ok_or(BookError::Busy)
    }

    /// Enrols this handheld by a one-time code.
    pub(crate) async fn enrol(
        &self,
        signer: &dyn DeviceSigner,
        origin: &str,
        (code, label, is_hardware): (&str, &str, bool),
    ) -> Result<Enrolment, BookError> {
        let nonce = self.fetch_nonce(origin).await?;
        let key = signer.public_key();
        let parts: [&[u8]; 3] = [
            &normal_code(code).into_bytes(),
            &key.to_sec1(),
            nonce.as_bytes(),
        ];
        let message = sha256("enrol.v1", &parts);
        let signature = signer.sign(&message.0).ok_or(BookError::Busy)?;
        let body = json!({
            "code": code,
            "key": dpop::jwk(&key),
            "nonce": nonce,
            "signature": URL_SAFE_NO_PAD.encode(signature.0),
            "label": label,
            "hardware_key": is_hardware,
        });
        let request = self.http()?.post(format!("{origin}/v1/auth/enrol"));
        let answer: EnrolAnswer = read(request.json(&body).send().await.map_err(lost)?).await?;
        let hub_key = URL_SAFE_NO_PAD.decode(&answer.hub_key).ok();
        let hub_key: Option<[u8; 32]> = hub_key.and_then(|bytes| bytes.try_into().ok());
        let hub_key = hub_key.ok_or_else(|| strange("the hub's key"))?;
        Ok(Enrolment {
            device: answer.device,
            shop: answer.shop,
            hub_key: hub_key.into(),
            hub_url: origin.to_owned(),
            label: label.to_owned(),
            attested: is_hardware,
            lease_hours: answer.policy.lease_hours,
        })
    }

    /// Signs an associate in; the access token stays in memory.
    pub(crate) async fn sign_in(
        &self,
        shelf: &Shelf,
        login: &str,
        password: &str,
    ) -> Result<SignIn, BookError> {
        let enrolment = enrolment(shelf)?;
        let body = json!({"device": enrolment.device, "login": login, "password": password});
        let mut held = self.token.lock().await;
        let answer = self
            .post(shelf, &enrolment.hub_url, ("/v1/auth/sign-in", None), &body)
            .await?;
        let (sign_in, token) = taken(answer, shelf.now());
        *held = Some(token);
        Ok(sign_in)
    }

    /// Ends a sign-in on the hub.
    pub(crate) async fn sign_out(&self, shelf: &Shelf) -> Result<(), BookError> {
        let enrolment = enrolment(shelf)?;
        let token = self.access(shelf, 0).await?;
        *self.token.lock().await = None;
        let path = ("/v1/auth/sign-out", Some(token.text.as_str()));
        let answer = self
            .send(shelf, &enrolment.hub_url, path, &json!({}))
            .await?;
        checked(answer).await.map(drop)
    }

    /// Asks for the card of another shop's customer. When the hub says that the sign-in is over, the token is renewed once.
    pub(crate) async fn fetch_walk_in(
        &self,
        shelf: &Shelf,
        body: &Value,
    ) -> Result<WalkIn, BookError> {
        let asked = self.ask_walk_in(shelf, body).await;
        if asked != Err(BookError::SignInAgain) {
            return asked;
        }
        self.forget_token().await;
        self.ask_walk_in(shelf, body).await
    }

    async fn ask_walk_in(&self, shelf: &Shelf, body: &Value) -> Result<WalkIn, BookError> {
        let token = self.access(shelf, 0).await?;
        if token.associate.is_none() {
            // The handheld's own token hands in an outbox, and no more.
            return Err(BookError::SignInAgain);
        }
        let origin = enrolment(shelf)?.hub_url;
        let path = ("/v1/walk-ins", Some(token.text.as_str()));
        walk_in(self.send(shelf, &origin, path, body).await?).await
    }

    /// A token that is good for at least `left_ms` more: of whoever is signed in, else the handheld's own.
    pub(crate) async fn access(&self, shelf: &Shelf, left_ms: i64) -> Result<Token, BookError> {
        let sign_in = shelf.read(|core, _| Ok(core.signed_in().cloned()))?;
        let sign_in = sign_in.filter(|known| known.renewable().is_some());
        let whose = sign_in.as_ref().map(|known| known.associate);
        let mut held = self.token.lock().await;
        let until = shelf.now().plus_ms(left_ms.max(5_000));
        if let Some(token) = held.as_ref()
            && token.associate == whose
            && token.expires_at > until
        {
            return Ok(token.clone());
        }
        let token = match sign_in {
            Some(sign_in) => self.refresh(shelf, &sign_in).await?,
            None => self.device_token(shelf).await?,
        };
        *held = Some(token.clone());
        Ok(token)
    }

    async fn refresh(&self, shelf: &Shelf, sign_in: &SignIn) -> Result<Token, BookError> {
        let enrolment = enrolment(shelf)?;
        let body = json!({"refresh_token": sign_in.renewable()});
        let answer = self
            .post(shelf, &enrolment.hub_url, ("/v1/auth/refresh", None), &body)
            .await;
        if answer.as_ref().err() == Some(&BookError::SignInAgain) {
            // It may have ended on the hub because the associate left: the book locks, the outbox stays.
            let is_same = |known: &SignIn| known.session == sign_in.session;
            shelf.write(|core, tx| {
                if core.signed_in().is_some_and(is_same) {
                    core.sign_out(tx)?;
                }
                Ok(())
            })?;
            shelf.changes.push([Change::Account]);
        }
        if answer.as_ref().err() == Some(&BookError::rejected(LAPSED)) {
            shelf.write(|core, tx| Ok(core.lapsed(tx, sign_in.clone())?))?;
            shelf.changes.push([Change::Account]);
            return self.device_token(shelf).await;
        }
        let (renewed, token) = taken(answer?, shelf.now());
        shelf.write(|core, tx| Ok(core.renewed(tx, renewed)?))?;
        Ok(token)
    }

    async fn device_token(&self, shelf: &Shelf) -> Result<Token, BookError> {
        let enrolment = enrolment(shelf)?;
        let body = json!({"device": enrolment.device});
        let path = ("/v1/auth/device-token", None);
        let answer: TokenAnswer = self.post(shelf, &enrolment.hub_url, path, &body).await?;
        Ok(answer.into_token(None, shelf.now()))
    }

    async fn post<T: DeserializeOwned>(
        &self,
        shelf: &Shelf,
        origin: &str,
        path: (&str, Option<&str>),
        body: &Value,
    ) -> Result<T, BookError> {
        read(self.send(shelf, origin, path, body).await?).await
    }

    /// Sends a request with its proof; once more when the hub wants a newer nonce.
    async fn send(
        &self,
        shelf: &Shelf,
        origin: &str,
        (path, token): (&str, Option<&str>),
        body: &(impl Serialize + ?Sized),
    ) -> Result<reqwest::Response, BookError> {
        let url = format!("{origin}{path}");
        let mut is_second = false;
        loop {
            let (proof, authorization) = self
                .credentials(shelf, origin, ("POST", path, token))
                .await?;
            let mut request = self.http()?.post(&url).header("DPoP", proof).json(body);
            if let Some(authorization) = authorization {
                request = request.header("Authorization", authorization);
            }
            let response = request.send().await.map_err(lost)?;
            self.keep_nonce(response.headers().get("dpop-nonce"));
            if response.status() != reqwest::StatusCode::UNAUTHORIZED || is_second {
                return Ok(response);
            }
            let problem: Problem = response.json().await.map_err(|error| unread(&error))?;
            if problem.code != "use_dpop_nonce" {
                return Err(refused(&problem.code));
            }
            is_second = true;
        }
    }

    /// Sends packed frames in one request, where connections that stay open do not pass.
    pub(crate) async fn batch(
        &self,
        shelf: &Shelf,
        token: &Token,
        frames: Vec<u8>,
    ) -> Result<Vec<u8>, BookError> {
        let origin = enrolment(shelf)?.hub_url;
        let path = "/v1/sync/batch";
        for is_second in [false, true] {
            let (proof, authorization) = self
                .credentials(shelf, &origin, ("POST", path, Some(&token.text)))
                .await?;
            let response = self
                .http()?
                .post(format!("{origin}{path}"))
                .header("DPoP", proof)
                .header("Authorization", authorization.unwrap_or_default())
                .header("Content-Type", "application/cbor")
                .body(frames.clone())
                .send()
                .await
                .map_err(lost)?;
            self.keep_nonce(response.headers().get("dpop-nonce"));
            match checked(response).await {
                Ok(response) => return Ok(response.bytes().await.map_err(lost)?.to_vec()),
                // A nonce that grew old.
                Err(BookError::Busy) if !is_second => {}
                Err(error) => return Err(error),
            }
        }
        Err(BookError::Busy)
    }

    /// The `DPoP` and `Authorization` headers of a request.
    pub(crate) async fn credentials(
        &self,
        shelf: &Shelf,
        origin: &str,
        (method, path, token): (&str, &str, Option<&str>),
    ) -> Result<(String, Option<String>), BookError> {
        let known = self.known_nonce();
        let nonce = match known {
            Some(nonce) => nonce,
            None => self.fetch_nonce(origin).await?,
        };
        let url = format!("{origin}{path}");
        let request = Request {
            method,
            url: &url,
            token,
            nonce: &nonce,
        };
        let signer = shelf.signer()?;
        let drawn = (shelf.now(), shelf.entropy.bytes());
        let proof = dpop::proof(&*signer, &request, drawn).ok_or(BookError::Busy)?;
        Ok((proof, token.map(|token| format!("DPoP {token}"))))
    }

    async fn fetch_nonce(&self, origin: &str) -> Result<String, BookError> {
        let request = self.http()?.get(format!("{origin}/v1/auth/nonce"));
        let answer: NonceAnswer = read(request.send().await.map_err(lost)?).await?;
        *self.nonce.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer.nonce.clone());
        Ok(answer.nonce)
    }

    fn known_nonce(&self) -> Option<String> {
        let nonce = self.nonce.lock().unwrap_or_else(PoisonError::into_inner);
        nonce.clone()
    }

    /// Keeps the newer nonce that an answer brought.
    pub(crate) fn keep_nonce(&self, header: Option<&reqwest::header::HeaderValue>) {
        let text = header.and_then(|value| value.to_str().ok());
        if let Some(text) = text {
            let mut nonce = self.nonce.lock().unwrap_or_else(PoisonError::into_inner);
            *nonce = Some(text.to_owned());
        }
    }

    /// Forgets the access token: the next request renews it.
    pub(crate) async fn forget_token(&self) {
        *self.token.lock().await = None;
    }
}

pub(crate) fn enrolment(shelf: &Shelf) -> Result<Enrolment, BookError> {
    shelf.read(|core, _| Ok(core.enrolment()?.clone()))
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// A code as people type it, in its one form, as the hub reads it.
fn normal_code(text: &str) -> String {
    let typed = text.chars().filter(|it| !it.is_whitespace() && *it != '-');
    let resolved = typed.map(|it| match it.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    });
    resolved.collect()
}
