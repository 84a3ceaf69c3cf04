//! Proof of possession (RFC 9449): with each request the handheld shows that it still holds its key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sync_core::crypto::{DevicePublicKey, DeviceSigner};
use sync_core::ids::Timestamp;

/// What a proof is made for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// Scheme, host, port and path, as the hub knows itself.
    pub(crate) url: &'a str,
    /// The access token beside it.
    pub(crate) token: Option<&'a str>,
    /// The hub's nonce.
    pub(crate) nonce: &'a str,
}

/// The public key as JSON (RFC 7517).
pub(crate) fn jwk(key: &DevicePublicKey) -> serde_json::Value {
    let point = key.to_sec1();
    let part = |from: usize| {
        let bytes = point
            .get(from..from + 32)
            .expect("a SEC1 point has 65 bytes");
        URL_SAFE_NO_PAD.encode(bytes)
    };
    json!({"kty": "EC", "crv": "P-256", "x": part(1), "y": part(33)})
}

/// The proof, signed by the device; none when its keystore refused.
pub(crate) fn proof(
    signer: &dyn DeviceSigner,
    request: &Request<'_>,
    (now, id): (Timestamp, [u8; 16]),
) -> Option<String> {
    let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk(&signer.public_key())});
    let mut claims = json!({
        "jti": sync_core::ids::to_base32(&id),
        "htm": request.method,
        "htu": request.url,
        "iat": now.seconds(),
        "nonce": request.nonce,
    });
    if let (Some(token), Some(claims)) = (request.token, claims.as_object_mut()) {
        claims.insert("ath".to_owned(), json!(token_hash(token)));
    }
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(&claims));
    let signature = signer.sign(message.as_bytes())?;
    Some(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.0)))
}

/// The plain SHA-256 of a token, as `ath` takes it.
fn token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(sync_core::crypto::sha256_plain(token.as_bytes()).0)
}
