//! Every way a token is known to go wrong, and the agreement with the library's own clock checks.

use serde_json::{Value, json};
use sync_core::entropy::{Entropy as _, SeededEntropy};

use super::*;

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const ISSUER: &str = "carnet:hub:test";

fn keys(seed: u64) -> Keystore {
    Keystore::generate(&mut SeededEntropy::new(seed), NOW)
}

fn tokens() -> Tokens {
    Tokens::new(&keys(1), ISSUER.to_owned())
}

fn claims() -> Claims {
    let now = NOW.seconds();
    Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: "a".to_owned(),
        did: Some("d".to_owned()),
        sid: Some("s".to_owned()),
        store: "shop".to_owned(),
        role: "associate".to_owned(),
        scope: "sync".to_owned(),
        sep: 1,
        dep: Some(1),
        cnf: Some(Confirmation {
            jkt: "k".to_owned(),
        }),
        jti: "j".to_owned(),
        iat: now,
        nbf: now,
        exp: now + 600,
    }
}

/// Signs any header over any payload with the hub's real key: what remains is to refuse it for what it says.
fn sign_raw(header: &Value, payload: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(
        keys(1).signing_key().seed.expose(),
    )
    .unwrap();
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn honest_header() -> Value {
    json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": keys(1).signing_key().kid })
}

fn with_claims(change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> String {
    let mut value = serde_json::to_value(claims()).unwrap();
    change(value.as_object_mut().unwrap());
    sign_raw(&honest_header(), &value.to_string())
}

fn with_header(change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> String {
    let mut header = honest_header();
    change(header.as_object_mut().unwrap());
    sign_raw(&header, &serde_json::to_string(&claims()).unwrap())
}

fn check(token: &str) -> Result<Claims, TokenError> {
    tokens().verify(token, NOW)
}

fn claim(name: &str) -> Result<Claims, TokenError> {
    Err(TokenError::Claim(name.to_owned()))
}

#[test]
fn an_honest_token_is_accepted_whoever_assembled_it() {
    assert_eq!(check(&tokens().sign(&claims())), Ok(claims()));
    assert_eq!(check(&with_header(|_| ())), Ok(claims()));
    assert_eq!(check(&with_claims(|_| ())), Ok(claims()));
}

#[test]
fn a_token_with_a_claim_missing_or_misshapen_is_refused() {
    let set = |name: &'static str, value: Value| {
        with_claims(|it| drop(it.insert(name.to_owned(), value)))
    };
    let unset = |name: &'static str| with_claims(|it| drop(it.remove(name)));
    for name in [
        "iss", "aud", "sub", "exp", "nbf", "iat", "jti", "store", "role", "scope", "sep",
    ] {
        assert_eq!(check(&unset(name)), claim(name), "without {name}");
    }
    assert_eq!(check(&set("iss", json!(5))), claim("iss"));
    assert_eq!(check(&set("iss", json!({}))), claim("iss"));
    assert_eq!(check(&set("iss", json!("other"))), Err(TokenError::Issuer));
    assert_eq!(check(&set("aud", json!(1))), claim("aud"));
    assert_eq!(
        check(&set("aud", json!("other"))),
        Err(TokenError::Audience)
    );
    assert_eq!(check(&set("jti", json!("j".repeat(65)))), claim("jti"));
    assert_eq!(check(&set("admin", json!(true))), claim("admin"));
    let text = serde_json::to_string(&claims()).unwrap();
    let twice = text.replace(r#""sub":"a""#, r#""sub":"a","sub":"b""#);
    assert_ne!(text, twice);
    assert!(
        check(&sign_raw(&honest_header(), &twice)).is_err(),
        "a repeated claim"
    );
    let twice = text.replace(
        r#""role":"associate""#,
        r#""role":"associate","role":"manager""#,
    );
    assert_eq!(check(&sign_raw(&honest_header(), &twice)), claim("role"));
}

#[test]
fn a_token_outside_its_time_is_refused() {
    let now = NOW.seconds();
    let year = 365 * 86_400;
    let timed = |iat: i64, nbf: i64, exp: i64| {
        check(&tokens().sign(&Claims {
            iat,
            nbf,
            exp,
            ..claims()
        }))
        .err()
    };
    assert_eq!(
        timed(now, now + 3_600, now + 600),
        Some(TokenError::NotYetValid)
    );
    assert_eq!(timed(now, now + 5, now + 600), None, "within the leeway");
    assert_eq!(
        timed(now - 630, now - 630, now - 30),
        Some(TokenError::Expired)
    );
    assert_eq!(
        timed(now - 605, now - 605, now - 5),
        None,
        "within the leeway"
    );
    assert_eq!(
        timed(now - 606, now - 606, now - 6),
        Some(TokenError::Expired)
    );
    assert_eq!(
        timed(now + 10 * year, now, now + 10 * year + 600),
        Some(TokenError::IssuedAhead)
    );
    assert_eq!(
        timed(now, now, now + 100 * year),
        Some(TokenError::LivesTooLong)
    );
    assert_eq!(
        timed(i64::MIN, now, i64::MAX),
        Some(TokenError::LivesTooLong)
    );
}

#[test]
fn a_header_that_brings_more_than_it_must_is_refused() {
    let brings = |name: &'static str, value: Value| {
        check(&with_header(|it| drop(it.insert(name.to_owned(), value))))
    };
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": "AA" });
    for (name, value) in [
        ("crit", json!(["zzz"])),
        ("jwk", jwk),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["AA"])),
        ("zip", json!("DEF")),
        ("b64", json!(false)),
    ] {
        assert_eq!(
            brings(name, value),
            Err(TokenError::HeaderField(name.to_owned()))
        );
    }
    for typ in ["dpop+jwt", "JWT", "AT+JWT", "offline-grant+jwt"] {
        assert_eq!(brings("typ", json!(typ)), Err(TokenError::Type), "{typ}");
    }
    assert_eq!(
        check(&with_header(|it| drop(it.remove("typ")))),
        Err(TokenError::Type)
    );
    for alg in [
        json!("none"),
        json!("None"),
        json!("HS256"),
        json!("ES256"),
        json!("RS256"),
        json!(5),
    ] {
        assert_eq!(brings("alg", alg), Err(TokenError::Algorithm));
    }
    assert_eq!(brings("kid", json!("other")), Err(TokenError::UnknownKey));
    assert_eq!(
        check(&with_header(|it| drop(it.remove("kid")))),
        Err(TokenError::UnknownKey)
    );
}

#[test]
fn a_token_under_another_key_is_refused() {
    let stranger = Tokens::new(&keys(2), ISSUER.to_owned());
    assert_eq!(
        check(&stranger.sign(&claims())),
        Err(TokenError::UnknownKey)
    );
    let honest = tokens().sign(&claims());
    let (message, _) = honest.rsplit_once('.').unwrap();
    let (_, other_signature) = honest_of(&stranger);
    assert_eq!(
        check(&format!("{message}.{other_signature}")),
        Err(TokenError::Signature)
    );
    assert_eq!(check(&format!("{message}.")), Err(TokenError::Signature));
    let public = HubKey::from_bytes(keys(1).signing_key().seed.expose())
        .public_key()
        .to_bytes();
    let mac_key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &public);
    let mut header = honest_header();
    header["alg"] = json!("HS256");
    let payload = serde_json::to_string(&claims()).unwrap();
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let mac = aws_lc_rs::hmac::sign(&mac_key, message.as_bytes());
    let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac));
    assert_eq!(
        check(&forged),
        Err(TokenError::Algorithm),
        "the public key as an HMAC secret"
    );
}

fn honest_of(tokens: &Tokens) -> (String, String) {
    let token = tokens.sign(&claims());
    let (message, signature) = token.rsplit_once('.').unwrap();
    (message.to_owned(), signature.to_owned())
}

#[test]
fn a_token_that_is_no_token_is_refused() {
    assert_eq!(check(&"x".repeat(5 << 10)), Err(TokenError::TooLong));
    for text in [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "e30.e30.e30",
        "\u{0}.\u{0}.\u{0}",
    ] {
        assert_eq!(check(text), Err(TokenError::Malformed), "{text:?}");
    }
    let honest = tokens().sign(&claims());
    for at in 0..honest.len() {
        assert!(check(honest.split_at(at).0).is_err(), "cut at {at}");
    }
}

/// The library with its clock checks on, as the wrapper means them.
#[expect(
    clippy::disallowed_methods,
    reason = "the library is compared with the wrapper"
)]
fn library_accepts(tokens: &Tokens, token: &str) -> bool {
    let mut validation = tokens.validation.clone();
    validation.validate_exp = true;
    validation.validate_nbf = true;
    validation.leeway = LEEWAY_SECONDS.unsigned_abs();
    let (_, key) = tokens.verifying.first().unwrap();
    jsonwebtoken::decode::<Value>(token, key, &validation).is_ok()
}

#[test]
fn the_wrapper_agrees_with_the_library_about_time() {
    let tokens = tokens();
    let mut entropy = SeededEntropy::new(7);
    let mut seen = [0_u32; 2];
    for _ in 0..10_000 {
        let before = jsonwebtoken::get_current_timestamp();
        let second = i64::try_from(before).unwrap();
        let mut offset = |width: u64| {
            i64::try_from(entropy.below(2 * width + 1)).unwrap() - i64::try_from(width).unwrap()
        };
        let (nbf, exp) = (second + offset(12), second + offset(12));
        let token = tokens.sign(&Claims {
            iat: second - 20,
            nbf,
            exp,
            ..claims()
        });
        let ours = tokens.verify(&token, Timestamp(second * 1_000)).is_ok();
        let theirs = library_accepts(&tokens, &token);
        if jsonwebtoken::get_current_timestamp() != before {
            continue; // The machine's second turned between the two answers.
        }
        assert_eq!(ours, theirs, "nbf {} exp {}", nbf - second, exp - second);
        seen[usize::from(ours)] += 1;
    }
    assert!(
        seen[0] > 500 && seen[1] > 500,
        "both answers were compared: {seen:?}"
    );
}

#[test]
fn random_bytes_never_panic() {
    let mut entropy = SeededEntropy::new(8);
    let honest = tokens().sign(&claims());
    for _ in 0..2_000 {
        let mut bytes = honest.clone().into_bytes();
        let at = usize::try_from(entropy.below(u64::try_from(bytes.len()).unwrap())).unwrap();
        let mut byte = [0];
        entropy.fill(&mut byte);
        bytes[at] = byte[0];
        let text = String::from_utf8_lossy(&bytes);
        if text != honest {
            assert!(check(&text).is_err(), "a changed byte at {at}");
        }
    }
}
