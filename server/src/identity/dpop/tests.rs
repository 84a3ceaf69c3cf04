//! Every way a proof is known to go wrong. Also makes honest proofs for the tests of routes.

use serde_json::{Value, json};
use sync_core::crypto::{DeviceSigner, SoftwareDeviceKey};
use sync_core::entropy::SeededEntropy;

use super::*;

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const ORIGIN: &str = "https://hub.example";
const DEVICE: DeviceId = DeviceId([1; 8]);

fn key(seed: u64) -> SoftwareDeviceKey {
    SoftwareDeviceKey::generate(&mut SeededEntropy::new(seed))
}

fn proofs() -> Proofs {
    Proofs::new(&[7; 32], vec![ORIGIN.to_owned()])
}

/// The header an honest handheld sends.
pub(crate) fn header_of(key: &SoftwareDeviceKey) -> Value {
    let Jwk { kty, crv, x, y } = Jwk::of(&key.public_key());
    json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": { "kty": kty, "crv": crv, "x": x, "y": y } })
}

/// Signs any header and claims with the device's key.
pub(crate) fn sign(key: &SoftwareDeviceKey, header: &Value, claims: &Value) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let signature = key.sign(message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.0))
}

fn honest() -> Value {
    json!({
        "jti": "one", "htm": "POST", "htu": "https://hub.example/v1/auth/refresh",
        "iat": 5, "nonce": proofs().nonce(NOW),
    })
}

fn check_at(proof: &str, token: Option<&str>, now: Timestamp) -> Result<(), ProofError> {
    let presented = Presented {
        proof,
        method: "POST",
        path: "/v1/auth/refresh",
        token,
    };
    proofs().check(&presented, DEVICE, &key(1).public_key(), now)
}

fn check(change: impl FnOnce(&mut Value, &mut Value)) -> Result<(), ProofError> {
    let (mut header, mut claims) = (header_of(&key(1)), honest());
    change(&mut header, &mut claims);
    check_at(&sign(&key(1), &header, &claims), None, NOW)
}

#[test]
fn an_honest_proof_is_accepted_whatever_the_clock_of_the_device() {
    assert_eq!(check(|_, _| ()), Ok(()));
    assert_eq!(check(|_, claims| claims["iat"] = json!(0)), Ok(()));
}

#[test]
fn a_proof_for_something_else_is_refused() {
    let with = |name: &'static str, value: Value| check(move |_, claims| claims[name] = value);
    assert_eq!(with("htm", json!("GET")), Err(ProofError::Request));
    for url in [
        "https://hub.example/v1/auth/refresh/",
        "https://hub.example/v1/auth/sign-in",
        "https://hub.example/v1/auth/refresh?x",
        "http://hub.example/v1/auth/refresh",
        "https://evil.example/v1/auth/refresh",
        "/v1/auth/refresh",
    ] {
        assert_eq!(with("htu", json!(url)), Err(ProofError::Request), "{url}");
    }
    assert_eq!(with("ath", json!(token_hash("t"))), Err(ProofError::Token));
    assert_eq!(with("nonce", json!("old")), Err(ProofError::UseNonce));
    assert_eq!(with("nonce", Value::Null), Err(ProofError::UseNonce));
    assert_eq!(with("jti", json!("")), Err(ProofError::Malformed));
    assert_eq!(
        with("jti", json!("j".repeat(97))),
        Err(ProofError::Malformed)
    );
    assert_eq!(with("iat", json!("now")), Err(ProofError::Malformed));
}

#[test]
fn a_proof_is_bound_to_the_token_beside_it() {
    let mut claims = honest();
    claims["ath"] = json!(token_hash("token"));
    let proof = sign(&key(1), &header_of(&key(1)), &claims);
    assert_eq!(check_at(&proof, Some("token"), NOW), Ok(()));
    assert_eq!(check_at(&proof, Some("other"), NOW), Err(ProofError::Token));
    assert_eq!(check_at(&proof, None, NOW), Err(ProofError::Token));
}

#[test]
fn a_proof_of_another_kind_or_key_is_refused() {
    for (name, value, error) in [
        ("typ", json!("at+jwt"), ProofError::Type),
        ("alg", json!("none"), ProofError::Type),
        ("alg", json!("HS256"), ProofError::Type),
        ("alg", json!("EdDSA"), ProofError::Type),
        ("crit", json!(["zzz"]), ProofError::Malformed),
        ("kid", json!("k"), ProofError::Malformed),
        (
            "jwk",
            json!({ "kty": "oct", "k": "AA" }),
            ProofError::Malformed,
        ),
        (
            "jwk",
            json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" }),
            ProofError::Key,
        ),
    ] {
        assert_eq!(
            check(|header, _| header[name] = value.clone()),
            Err(error),
            "{name} {value}"
        );
    }
    let private = check(|header, _| header["jwk"]["d"] = json!("AA"));
    assert_eq!(
        private,
        Err(ProofError::Malformed),
        "a private key in a header"
    );
    let thief = sign(&key(2), &header_of(&key(2)), &honest());
    assert_eq!(check_at(&thief, None, NOW), Err(ProofError::Key));
    let disguised = sign(&key(2), &header_of(&key(1)), &honest());
    assert_eq!(check_at(&disguised, None, NOW), Err(ProofError::Signature));
    for text in ["", ".", "..", "a.b.c", &"x".repeat(5_000)] {
        assert_eq!(check_at(text, None, NOW), Err(ProofError::Malformed));
    }
}

#[test]
fn a_nonce_is_good_for_one_to_two_minutes() {
    let proof = sign(&key(1), &header_of(&key(1)), &honest());
    let span_start = Timestamp(NOW.0.div_euclid(NONCE_SPAN_MS) * NONCE_SPAN_MS);
    let last = span_start.plus_ms(2 * NONCE_SPAN_MS - 1);
    assert_eq!(check_at(&proof, None, last), Ok(()));
    assert_eq!(
        check_at(&proof, None, last.plus_ms(1)),
        Err(ProofError::UseNonce)
    );
    assert_eq!(
        check_at(&proof, None, span_start.plus_ms(-1)),
        Err(ProofError::UseNonce)
    );
    assert_ne!(
        proofs().nonce(NOW),
        Proofs::new(&[8; 32], Vec::new()).nonce(NOW)
    );
}

#[test]
fn a_proof_works_once_on_each_device_and_memory_is_bounded() {
    let proofs = proofs();
    let other = DeviceId([2; 8]);
    assert_eq!(proofs.use_once(DEVICE, "one".to_owned(), NOW), Ok(()));
    assert_eq!(
        proofs.use_once(DEVICE, "one".to_owned(), NOW),
        Err(ProofError::Replayed)
    );
    assert_eq!(proofs.use_once(other, "one".to_owned(), NOW), Ok(()));
    for n in 1..REMEMBERED_MAX {
        assert_eq!(proofs.use_once(DEVICE, n.to_string(), NOW), Ok(()));
    }
    assert_eq!(
        proofs.use_once(DEVICE, "more".to_owned(), NOW),
        Err(ProofError::TooMany)
    );
    assert_eq!(
        proofs.use_once(other, "more".to_owned(), NOW),
        Ok(()),
        "others go on"
    );
    let later = NOW.plus_ms(2 * NONCE_SPAN_MS);
    assert_eq!(proofs.use_once(DEVICE, "more".to_owned(), later), Ok(()));
}

#[test]
fn a_thumbprint_is_that_of_the_standard() {
    // The P-256 key of RFC 7517 A.1; its thumbprint was computed with another implementation.
    let jwk = Jwk {
        kty: "EC".to_owned(),
        crv: "P-256".to_owned(),
        x: "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4".to_owned(),
        y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM".to_owned(),
    };
    assert_eq!(
        jwk.thumbprint(),
        "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"
    );
    let point = jwk.to_sec1().unwrap();
    let key = DevicePublicKey::from_sec1(&point).unwrap();
    assert_eq!(Jwk::of(&key), jwk);
}
