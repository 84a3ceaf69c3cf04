//! Proof of possession (RFC 9449): with each request a handheld shows that it still holds the key it was enrolled with.
//!
//! # Invariants
//! - The signature is checked with the *stored* key of the device; the key inside the proof only has to have the same thumbprint.
//!   No key from outside is ever parsed.
//! - Freshness comes from the hub's nonce, not from the device's clock, so a handheld with a wrong clock is not locked out.
//! - A proof works once: its id is remembered for longer than its nonce is good for.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sync_core::crypto::{DevicePublicKey, Signature};
use sync_core::ids::{DeviceId, Timestamp};

/// Bytes of a proof. An honest one has some 500.
pub const PROOF_BYTES_MAX: usize = 4 << 10;
/// Milliseconds in which the hub gives out the same nonce; it is good until the end of the next such span.
const NONCE_SPAN_MS: i64 = 60_000;
/// Proofs remembered for one device. At one request in 30 ms, all day, none is forgotten too early.
const REMEMBERED_MAX: usize = 4_096;
/// Characters of a proof's id.
const PROOF_ID_CHARS_MAX: usize = 96;

/// Why a proof is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The request needs one.
    #[error("a DPoP proof is needed")]
    Missing,
    /// It is not a proof, or says more than a proof does.
    #[error("the DPoP proof is malformed")]
    Malformed,
    /// Another algorithm or type than ES256 and `dpop+jwt`.
    #[error("the DPoP proof has the wrong type or algorithm")]
    Type,
    /// It names another key than the device's.
    #[error("the DPoP proof is of another key")]
    Key,
    /// The device's key did not sign it.
    #[error("the DPoP proof's signature is wrong")]
    Signature,
    /// It holds no nonce of this hub, or an old one: try again with the one that comes with this answer.
    #[error("the DPoP proof needs this hub's present nonce")]
    UseNonce,
    /// It was made for another request.
    #[error("the DPoP proof is for another request")]
    Request,
    /// It was made for another token.
    #[error("the DPoP proof is for another token")]
    Token,
    /// It came before.
    #[error("the DPoP proof was used before")]
    Replayed,
    /// More requests than proofs can be remembered.
    #[error("too many requests from this device")]
    TooMany,
}

/// A proof with the request that it came with.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// The `DPoP` header.
    pub proof: &'a str,
    /// The request's method.
    pub method: &'a str,
    /// The request's path.
    pub path: &'a str,
    /// The access token beside it; none where there is none yet.
    pub token: Option<&'a str>,
}

/// Gives out nonces and checks proofs.
pub struct Proofs {
    nonce_key: hmac::Key,
    origins: Vec<String>,
    used: Mutex<BTreeMap<DeviceId, BTreeMap<String, Timestamp>>>,
}

impl std::fmt::Debug for Proofs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proofs")
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofHeader {
    typ: String,
    alg: String,
    jwk: Jwk,
}

/// A public P-256 key as JSON (RFC 7517), with nothing else in it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
}

#[derive(Deserialize)]
struct ProofClaims {
    jti: String,
    htm: String,
    htu: String,
    #[serde(rename = "iat")]
    _iat: i64,
    ath: Option<String>,
    nonce: Option<String>,
}

impl Jwk {
    /// The JSON form of `key`.
    #[must_use]
    pub fn of(key: &DevicePublicKey) -> Self {
        let point = key.to_sec1();
        let part = |from: usize| {
            let bytes = point
                .get(from..from + 32)
                .expect("a SEC1 point has 65 bytes");
            URL_SAFE_NO_PAD.encode(bytes)
        };
        Self {
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            x: part(1),
            y: part(33),
        }
    }

    /// The uncompressed SEC1 point; `None` when this is no P-256 key.
    #[must_use]
    pub fn to_sec1(&self) -> Option<Vec<u8>> {
        if self.kty != "EC" || self.crv != "P-256" {
            return None;
        }
        let coordinate = |text: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            (bytes.len() == 32).then_some(bytes)
        };
        Some([&[4][..], &coordinate(&self.x)?, &coordinate(&self.y)?].concat())
    }

    /// RFC 7638: the SHA-256 of the key's required members in their fixed order.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let Self { kty, crv, x, y } = self;
        // The members are compared as JSON strings; letters of base 64 need no escaping, and anything else matches no stored key.
        let canonical = format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{x}","y":"{y}"}}"#);
        URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()))
    }
}

/// The `ath` of a token: its SHA-256 in base 64.
#[must_use]
pub fn token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()))
}

impl Proofs {
    /// With a secret for the nonces, and the origins (`https://host:port`) under which clients may name this hub.
    #[must_use]
    pub fn new(nonce_secret: &[u8; 32], origins: Vec<String>) -> Self {
        Self {
            nonce_key: hmac::Key::new(hmac::HMAC_SHA256, nonce_secret),
            origins,
            used: Mutex::new(BTreeMap::new()),
        }
    }

    /// The nonce to use now.
    #[must_use]
    pub fn nonce(&self, now: Timestamp) -> String {
        self.nonce_of(now.0.div_euclid(NONCE_SPAN_MS))
    }

    /// Whether `nonce` was given out in this span or the one before.
    #[must_use]
    pub fn is_fresh(&self, nonce: &str, now: Timestamp) -> bool {
        let span = now.0.div_euclid(NONCE_SPAN_MS);
        [span, span - 1].into_iter().any(|span| {
            let expected = self.nonce_of(span);
            aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), nonce.as_bytes())
                .is_ok()
        })
    }

    fn nonce_of(&self, span: i64) -> String {
        let tag = hmac::sign(&self.nonce_key, &span.to_be_bytes());
        URL_SAFE_NO_PAD.encode(tag.as_ref().get(..18).expect("a tag has 32 bytes"))
    }

    /// Checks that the key `key` of `device` made this proof, for this request, now, and for the first time.
    ///
    /// # Errors
    /// The first reason to refuse it.
    pub fn check(
        &self,
        presented: &Presented<'_>,
        device: DeviceId,
        key: &DevicePublicKey,
        now: Timestamp,
    ) -> Result<(), ProofError> {
        let claims = verified_claims(presented.proof, key)?;
        if !claims
            .nonce
            .as_deref()
            .is_some_and(|nonce| self.is_fresh(nonce, now))
        {
            return Err(ProofError::UseNonce);
        }
        if claims.htm != presented.method || !self.is_here(&claims.htu, presented.path) {
            return Err(ProofError::Request);
        }
        if claims.ath != presented.token.map(token_hash) {
            return Err(ProofError::Token);
        }
        self.use_once(device, claims.jti, now)
    }

    fn is_here(&self, url: &str, path: &str) -> bool {
        let here = |origin: &String| url.strip_prefix(origin.as_str()) == Some(path);
        self.origins.iter().any(here)
    }

    fn use_once(&self, device: DeviceId, id: String, now: Timestamp) -> Result<(), ProofError> {
        if id.is_empty() || id.len() > PROOF_ID_CHARS_MAX {
            return Err(ProofError::Malformed);
        }
        // Each entry is inserted whole; a panicking holder can't have left one half-written.
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = used.entry(device).or_default();
        if ids.len() >= REMEMBERED_MAX {
            ids.retain(|_, forget_at| *forget_at > now);
        }
        if ids.get(&id).is_some_and(|forget_at| *forget_at > now) {
            return Err(ProofError::Replayed);
        }
        if ids.len() >= REMEMBERED_MAX {
            return Err(ProofError::TooMany);
        }
        ids.insert(id, now.plus_ms(2 * NONCE_SPAN_MS));
        Ok(())
    }
}

fn verified_claims(proof: &str, key: &DevicePublicKey) -> Result<ProofClaims, ProofError> {
    if proof.len() > PROOF_BYTES_MAX {
        return Err(ProofError::Malformed);
    }
    let (message, signature) = proof.rsplit_once('.').ok_or(ProofError::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(ProofError::Malformed)?;
    let header: ProofHeader = json_part(header)?;
    if header.typ != "dpop+jwt" || header.alg != "ES256" {
        return Err(ProofError::Type);
    }
    if header.jwk.thumbprint() != Jwk::of(key).thumbprint() {
        return Err(ProofError::Key);
    }
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .ok()
        .and_then(|it| it.try_into().ok());
    let signature = Signature(signature.ok_or(ProofError::Malformed)?);
    if !key.verifies(message.as_bytes(), &signature) {
        return Err(ProofError::Signature);
    }
    json_part(payload)
}

fn json_part<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, ProofError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_not_base64| ProofError::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_not_ours| ProofError::Malformed)
}

#[cfg(test)]
pub(crate) mod tests;
