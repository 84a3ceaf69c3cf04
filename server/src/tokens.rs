//! Access tokens: the strict wrapper around the JWT library, and its only caller.
//!
//! # Why a wrapper
//! The library's defaults accept a token without issuer or audience, ignore `nbf`, allow a minute of leeway, never look at `typ`, `crit`, `iat`
//! or how long a token lives, and read the machine's clock. Here all of that is checked, with the clock passed in.
//!
//! # Invariants
//! - The header is exactly `alg`, `typ` and `kid`: a token that brings a key, a URL or an extension is refused before any key is touched.
//! - The key follows from `kid` alone, and its algorithm from the key.
//! - Claims are read a second time from the verified bytes, strictly: an unknown or repeated claim is refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sync_core::crypto::HubKey;
use sync_core::ids::Timestamp;

use crate::keys::{Keystore, TokenKey};

/// Bytes of a token. An honest one has some 600; parsing is bounded before it begins.
pub const TOKEN_BYTES_MAX: usize = 4 << 10;
/// Seconds by which two clocks of one hub may differ (it has one; a cluster may not).
const LEEWAY_SECONDS: i64 = 5;
/// Longest life of an access token, seconds. A token that claims more was not made by this code.
const LIFETIME_SECONDS_MAX: i64 = 900;
/// Characters of a token's own id.
const TOKEN_ID_CHARS_MAX: usize = 64;
/// The token's type, as RFC 9068 names it.
const ACCESS_TYPE: &str = "at+jwt";
/// Who the tokens are for.
const AUDIENCE: &str = "carnet";
/// DER in front of an Ed25519 seed in PKCS #8 version 1 (RFC 8410).
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// Why a token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Longer than any token of ours.
    #[error("the token is too long")]
    TooLong,
    /// Not three parts of base 64 with JSON inside.
    #[error("the token is malformed")]
    Malformed,
    /// The header says anything but `alg`, `typ` and `kid`.
    #[error("the token's header holds {0:?}, which is not accepted")]
    HeaderField(String),
    /// Another algorithm than the key's.
    #[error("the token's algorithm is not accepted")]
    Algorithm,
    /// A token for another purpose.
    #[error("the token is not an access token")]
    Type,
    /// No key of that name.
    #[error("the token's key is not known")]
    UnknownKey,
    /// The signature is not of that key over this token.
    #[error("the token's signature is wrong")]
    Signature,
    /// A claim is missing or has the wrong form.
    #[error("the token's claim {0:?} is missing or malformed")]
    Claim(String),
    /// Another hub made it.
    #[error("the token was issued by another hub")]
    Issuer,
    /// It is for another service.
    #[error("the token is for another service")]
    Audience,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It was issued in the future.
    #[error("the token claims to be issued in the future")]
    IssuedAhead,
    /// It lives longer than tokens do.
    #[error("the token claims a longer life than tokens have")]
    LivesTooLong,
}

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// The hub that issued it.
    pub iss: String,
    /// Always `carnet`.
    pub aud: String,
    /// The associate; the device for a device's own token.
    pub sub: String,
    /// The handheld it is bound to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub did: Option<String>,
    /// The session.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sid: Option<String>,
    /// The shop.
    pub store: String,
    /// The role.
    pub role: String,
    /// What it allows, separated by spaces.
    pub scope: String,
    /// The associate's security epoch when it was made.
    pub sep: u64,
    /// The device's security epoch when it was made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dep: Option<u64>,
    /// The key that must prove itself beside the token.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cnf: Option<Confirmation>,
    /// The token's own id.
    pub jti: String,
    /// When it was made, seconds since 1970.
    pub iat: i64,
    /// From when it is valid.
    pub nbf: i64,
    /// Until when it is valid.
    pub exp: i64,
}

/// The key that a token is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// RFC 7638 thumbprint of the device's key.
    pub jkt: String,
}

/// Makes and checks access tokens with the keys of one hub.
pub struct Tokens {
    issuer: String,
    signing_kid: String,
    signing_key: EncodingKey,
    verifying: Vec<(String, DecodingKey)>,
    validation: Validation,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens")
            .field("issuer", &self.issuer)
            .field("signing_kid", &self.signing_kid)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct RawHeader {
    alg: serde_json::Value,
    typ: Option<String>,
    kid: Option<String>,
    #[serde(flatten)]
    rest: std::collections::BTreeMap<String, serde_json::Value>,
}

impl Tokens {
    /// The tokens of the hub that calls itself `issuer`.
    #[must_use]
    pub fn new(keys: &Keystore, issuer: String) -> Self {
        let verifying = keys
            .token_keys()
            .iter()
            .map(|key| (key.kid.clone(), verifying_key(key)))
            .collect();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub", "nbf"]);
        validation.set_issuer(&[&issuer]);
        validation.set_audience(&[AUDIENCE]);
        // The library would read the machine's clock; `check_times` does the same with the clock passed in.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self {
            issuer,
            signing_kid: keys.signing_key().kid.clone(),
            signing_key: signing_key(keys.signing_key()),
            verifying,
            validation,
        }
    }

    /// The name this hub has in its tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Who the tokens are for.
    #[must_use]
    pub fn audience(&self) -> &'static str {
        AUDIENCE
    }

    /// Signs `claims`.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this wrapper is the library's one caller"
    )]
    pub fn sign(&self, claims: &Claims) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(ACCESS_TYPE.to_owned());
        header.kid = Some(self.signing_kid.clone());
        jsonwebtoken::encode(&header, claims, &self.signing_key)
            .expect("claims are plain JSON and the key was checked when it was made")
    }

    /// Checks everything about `token` that can be checked without knowing the people behind it.
    ///
    /// # Errors
    /// The first reason to refuse it.
    #[expect(
        clippy::disallowed_methods,
        reason = "this wrapper is the library's one caller"
    )]
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLong);
        }
        let [header, payload, _signature] = parts(token)?;
        let key = self.key_for(header)?;
        jsonwebtoken::decode::<serde_json::Value>(token, key, &self.validation)
            .map_err(|error| refusal(&error))?;
        let claims = strict_claims(payload)?;
        check_times(&claims, now)?;
        Ok(claims)
    }

    fn key_for(&self, header: &str) -> Result<&DecodingKey, TokenError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(header)
            .map_err(|_not_base64| TokenError::Malformed)?;
        let header: RawHeader =
            serde_json::from_slice(&bytes).map_err(|_not_json| TokenError::Malformed)?;
        if let Some(name) = header.rest.into_keys().next() {
            return Err(TokenError::HeaderField(name.chars().take(32).collect()));
        }
        if header.typ.as_deref() != Some(ACCESS_TYPE) {
            return Err(TokenError::Type);
        }
        if header.alg != "EdDSA" {
            return Err(TokenError::Algorithm);
        }
        let kid = header.kid.ok_or(TokenError::UnknownKey)?;
        let known = self.verifying.iter().find(|(name, _)| *name == kid);
        known.map(|(_, key)| key).ok_or(TokenError::UnknownKey)
    }
}

fn parts(token: &str) -> Result<[&str; 3], TokenError> {
    let mut parts = token.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(payload), Some(signature), None) => Ok([header, payload, signature]),
        _ => Err(TokenError::Malformed),
    }
}

fn strict_claims(payload: &str) -> Result<Claims, TokenError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(payload)
        .map_err(|_not_base64| TokenError::Malformed)?;
    let claims: Claims = serde_json::from_slice(&bytes)
        .map_err(|error| TokenError::Claim(claim_in(&error.to_string())))?;
    if claims.jti.is_empty() || claims.jti.len() > TOKEN_ID_CHARS_MAX {
        return Err(TokenError::Claim("jti".to_owned()));
    }
    Ok(claims)
}

/// The claim that the JSON library's message names between backticks; the rest of the message may quote the token.
fn claim_in(message: &str) -> String {
    let name = message.split('`').nth(1).unwrap_or("?");
    name.chars().take(32).collect()
}

fn check_times(claims: &Claims, now: Timestamp) -> Result<(), TokenError> {
    let now = now.seconds();
    if claims.exp < now - LEEWAY_SECONDS {
        return Err(TokenError::Expired);
    }
    if claims.nbf > now + LEEWAY_SECONDS {
        return Err(TokenError::NotYetValid);
    }
    if claims.iat > now + LEEWAY_SECONDS {
        return Err(TokenError::IssuedAhead);
    }
    if claims.exp.saturating_sub(claims.iat) > LIFETIME_SECONDS_MAX {
        return Err(TokenError::LivesTooLong);
    }
    Ok(())
}

fn refusal(error: &jsonwebtoken::errors::Error) -> TokenError {
    use jsonwebtoken::errors::ErrorKind;
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the library's enum is open; what is not named is malformed"
    )]
    match error.kind() {
        ErrorKind::InvalidSignature => TokenError::Signature,
        ErrorKind::InvalidAlgorithm => TokenError::Algorithm,
        ErrorKind::InvalidIssuer => TokenError::Issuer,
        ErrorKind::InvalidAudience => TokenError::Audience,
        ErrorKind::MissingRequiredClaim(name) | ErrorKind::InvalidClaimFormat(name) => {
            TokenError::Claim(name.clone())
        }
        _ => TokenError::Malformed,
    }
}

fn signing_key(key: &TokenKey) -> EncodingKey {
    let der = zeroize::Zeroizing::new([&PKCS8_PREFIX[..], &key.seed.expose()[..]].concat());
    EncodingKey::from_ed_der(&der)
}

fn verifying_key(key: &TokenKey) -> DecodingKey {
    let public = HubKey::from_bytes(key.seed.expose()).public_key();
    DecodingKey::from_ed_der(&public.to_bytes())
}

#[cfg(test)]
mod tests;
