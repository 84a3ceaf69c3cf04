//! What a client lives through: from the first code to the last sign-out, and what it is told when something is wrong.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sync_core::crypto::{DeviceSigner as _, SoftwareDeviceKey};
use sync_core::entropy::SeededEntropy;

use super::*;
use crate::identity::dpop::tests::{header_of, sign};
use crate::identity::enrolment::enrolment_message;
use crate::testing::ORIGIN;

const MINUTE_MS: i64 = 60_000;

/// A proof made by a client that knows only what it was sent.
fn proof(key: &SoftwareDeviceKey, id: &str, path: &str, nonce: Option<&str>) -> String {
    let claims = json!({ "jti": id, "htm": "POST", "htu": format!("{ORIGIN}{path}"), "iat": 1, "nonce": nonce });
    sign(key, &header_of(key), &claims)
}

async fn post_with_proof(app: &TestApp, path: &str, proof: &str, body: &Value) -> Answer {
    let request = Request::builder()
        .method("POST")
        .uri(path)
        .header("content-type", "application/json")
        .header("dpop", proof)
        .body(Body::from(body.to_string()))
        .unwrap();
    app.send(request).await
}

#[tokio::test]
async fn a_handheld_comes_from_a_code_to_a_refreshed_session_by_what_it_is_sent() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let shop = app.hub.shop.to_string();
    let code = app
        .ask(
            &manager,
            "POST",
            "/v1/enrolment-codes",
            &json!({ "shop": shop }),
        )
        .await;
    assert_eq!(code.status, StatusCode::CREATED, "{}", code.text);
    let code = code.body["typed"].as_str().unwrap().to_owned();

    let key = SoftwareDeviceKey::generate(&mut SeededEntropy::new(9));
    let nonce = app
        .ask(&Actor::Anonymous, "GET", "/v1/auth/nonce", &Value::Null)
        .await;
    let nonce = nonce.body["nonce"].as_str().unwrap().to_owned();
    let signature = key
        .sign(&enrolment_message(&code, &key.public_key(), &nonce))
        .unwrap();
    let body = json!({
        "code": code, "nonce": nonce, "label": "Till 1",
        "key": URL_SAFE_NO_PAD.encode(key.public_key().to_sec1()),
        "signature": URL_SAFE_NO_PAD.encode(signature.0),
    });
    let enrolled = app
        .ask(&Actor::Anonymous, "POST", "/v1/auth/enrol", &body)
        .await;
    assert_eq!(enrolled.status, StatusCode::CREATED, "{}", enrolled.text);
    assert_eq!(
        enrolled.body["policy"],
        json!({ "lease_hours": 72, "idle_lock_minutes": 5 })
    );
    let hub_key = URL_SAFE_NO_PAD.encode(app.hub.identity.hub_key().to_bytes());
    assert_eq!(enrolled.body["hub_key"], json!(hub_key));

    app.hub.add("ana", Role::Associate, app.hub.shop).await;
    let path = "/v1/auth/sign-in";
    let body = json!({ "device": enrolled.body["device"], "login": "ana", "password": PASSWORD });
    let without = post_with_proof(&app, path, &proof(&key, "1", path, None), &body).await;
    assert_eq!(
        (without.status, without.code()),
        (StatusCode::UNAUTHORIZED, "use_dpop_nonce")
    );
    let nonce = without.headers["dpop-nonce"].to_str().unwrap().to_owned();
    let signed_in = post_with_proof(&app, path, &proof(&key, "2", path, Some(&nonce)), &body).await;
    assert_eq!(signed_in.status, StatusCode::OK, "{}", signed_in.text);
    assert_eq!(signed_in.body["token_type"], "DPoP");
    assert_eq!(signed_in.body["expires_in"], 600);

    let path = "/v1/auth/refresh";
    let body = json!({ "refresh_token": signed_in.body["refresh_token"] });
    let replayed = post_with_proof(&app, path, &proof(&key, "2", path, Some(&nonce)), &body).await;
    assert_eq!(replayed.code(), "invalid_dpop_proof", "an id that was used");
    let refreshed = post_with_proof(&app, path, &proof(&key, "3", path, Some(&nonce)), &body).await;
    assert_eq!(refreshed.status, StatusCode::OK, "{}", refreshed.text);
    assert_ne!(
        refreshed.body["refresh_token"],
        signed_in.body["refresh_token"]
    );
}

#[tokio::test]
async fn a_key_is_enrolled_as_a_jwk_too_and_a_bad_one_is_refused() {
    let app = TestApp::start().await;
    let key = SoftwareDeviceKey::generate(&mut SeededEntropy::new(9));
    let code = app.hub.code(app.hub.shop).await.typed;
    let nonce = app.hub.identity.nonce();
    let signature = key
        .sign(&enrolment_message(&code, &key.public_key(), &nonce))
        .unwrap();
    let enrol = |key: Value| {
        let signature = URL_SAFE_NO_PAD.encode(signature.0);
        json!({ "code": code, "nonce": nonce, "label": "Till", "key": key, "signature": signature })
    };
    let jwk = header_of(&key)["jwk"].clone();
    let mut off_curve = jwk.clone();
    off_curve["x"] = jwk["y"].clone();
    for bad in [off_curve, json!("AA"), json!({ "kty": "RSA" }), json!(5)] {
        let answer = app
            .ask(&Actor::Anonymous, "POST", "/v1/auth/enrol", &enrol(bad))
            .await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            answer.text
        );
    }
    let answer = app
        .ask(&Actor::Anonymous, "POST", "/v1/auth/enrol", &enrol(jwk))
        .await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
}

#[tokio::test]
async fn a_deactivated_associate_is_out_on_the_next_request() {
    let app = TestApp::start().await;
    let ana = app.hub.add("ana", Role::Associate, app.hub.shop).await;
    let device = Arc::new(app.hub.enrol(100).await);
    let handheld = app.on_handheld(Arc::clone(&device), "ana").await;
    let manager = app.manager().await;
    assert_eq!(
        app.ask(&handheld, "GET", "/v1/auth/me", &Value::Null)
            .await
            .status,
        StatusCode::OK
    );
    let path = format!("/v1/associates/{ana}/deactivate");
    let done = app.ask(&manager, "POST", &path, &Value::Null).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    let out = app.ask(&handheld, "GET", "/v1/auth/me", &Value::Null).await;
    assert_eq!(
        (out.status, out.code()),
        (StatusCode::UNAUTHORIZED, "session_ended")
    );
    let outbox = app
        .ask(&app.as_device(device), "GET", "/v1/auth/me", &Value::Null)
        .await;
    assert_eq!(
        outbox.body["scopes"],
        json!(["sync:push"]),
        "her work still goes out"
    );
}

#[tokio::test]
async fn a_manager_of_one_shop_makes_nobody_a_manager_of_the_chain() {
    let app = TestApp::start().await;
    app.hub.add("moritz", Role::Manager, app.hub.shop).await;
    let device = Arc::new(app.hub.enrol(100).await);
    let moritz = app.on_handheld(device, "moritz").await;
    let body = json!({
        "login": "eve", "name": "Eve", "role": "manager", "shop": app.hub.shop, "chain": true,
        "password": PASSWORD,
    });
    let refused = app.ask(&moritz, "POST", "/v1/associates", &body).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let chain = format!("/v1/associates/{}", app.hub.manager);
    let body = json!({ "password": "taken-over-1" });
    let refused = app.ask(&moritz, "PATCH", &chain, &body).await;
    assert_eq!(
        refused.status,
        StatusCode::FORBIDDEN,
        "nor takes over the chain's manager"
    );
    let body = json!({ "name": "Second", "time_zone": "Europe/Paris" });
    let refused = app.ask(&moritz, "POST", "/v1/shops", &body).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "nor adds a shop");
    let key = json!({ "name": "x", "scopes": ["shop:read"], "shop": app.hub.shop, "chain": true, "days": 1 });
    let refused = app.ask(&moritz, "POST", "/v1/integrations", &key).await;
    assert_eq!(
        refused.status,
        StatusCode::FORBIDDEN,
        "nor makes a key for it"
    );
}

#[tokio::test]
async fn a_manager_adds_shops_people_and_keys() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let body = json!({ "name": " Rue Cambon ", "time_zone": "Europe/Paris" });
    let shop = app.ask(&manager, "POST", "/v1/shops", &body).await;
    assert_eq!(
        (shop.status, &shop.body["name"]),
        (StatusCode::CREATED, &json!("Rue Cambon"))
    );
    let body = json!({ "login": "Mei", "name": "王美", "role": "associate", "shop": shop.body["id"], "password": "731904" });
    let mei = app.ask(&manager, "POST", "/v1/associates", &body).await;
    assert_eq!(mei.status, StatusCode::CREATED, "{}", mei.text);
    assert_eq!(mei.body["login"], "mei");
    assert!(mei.body.get("password").is_none());
    let again = app.ask(&manager, "POST", "/v1/associates", &body).await;
    assert_eq!(
        (again.status, again.code()),
        (StatusCode::CONFLICT, "conflict")
    );
    let path = format!("/v1/associates/{}", mei.body["id"].as_str().unwrap());
    let promoted = app
        .ask(&manager, "PATCH", &path, &json!({ "role": "manager" }))
        .await;
    assert_eq!(
        promoted.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "a PIN is too weak for a manager"
    );
    let body = json!({ "role": "manager", "password": PASSWORD });
    let promoted = app.ask(&manager, "PATCH", &path, &body).await;
    assert_eq!(promoted.body["role"], "manager", "{}", promoted.text);
    let key =
        json!({ "name": "till", "scopes": ["record:write"], "shop": shop.body["id"], "days": 30 });
    let key = app.ask(&manager, "POST", "/v1/integrations", &key).await;
    assert_eq!(key.status, StatusCode::CREATED, "{}", key.text);
    let till = Actor::Bearer(key.body["key"].as_str().unwrap().to_owned());
    let me = app.ask(&till, "GET", "/v1/auth/me", &Value::Null).await;
    assert_eq!(
        (&me.body["role"], &me.body["scopes"]),
        (&json!("integration"), &json!(["record:write"]))
    );
    let much = json!({ "name": "till", "scopes": ["associate:manage"], "shop": shop.body["id"], "days": 30 });
    let much = app.ask(&manager, "POST", "/v1/integrations", &much).await;
    assert_eq!(much.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_locked_name_is_told_when_to_come_back() {
    let app = TestApp::start().await;
    let body = json!({ "login": "manager", "password": "wrong-password" });
    for _ in 0..5 {
        let wrong = app
            .ask(&Actor::Anonymous, "POST", "/v1/auth/office", &body)
            .await;
        assert_eq!(
            (wrong.status, wrong.code()),
            (StatusCode::UNAUTHORIZED, "sign_in_failed")
        );
    }
    app.hub.clock.advance_ms(MINUTE_MS);
    let locked = app
        .ask(&Actor::Anonymous, "POST", "/v1/auth/office", &body)
        .await;
    assert_eq!(
        (locked.status, locked.code()),
        (StatusCode::TOO_MANY_REQUESTS, "too_many_tries")
    );
    assert_eq!(locked.headers["retry-after"], "840");
    assert_eq!(locked.body["retry_after_seconds"], 840);
}

#[tokio::test]
async fn an_associate_changes_a_password_by_knowing_the_present_one() {
    let app = TestApp::start().await;
    app.hub.add("ana", Role::Associate, app.hub.shop).await;
    let device = Arc::new(app.hub.enrol(100).await);
    let ana = app.on_handheld(Arc::clone(&device), "ana").await;
    let change = |present: &str, new: &str| json!({ "present": present, "new": new });
    let wrong = app
        .ask(
            &ana,
            "POST",
            "/v1/auth/password",
            &change("guess-work", "new-word-77"),
        )
        .await;
    assert_eq!(wrong.code(), "sign_in_failed");
    let weak = app
        .ask(
            &ana,
            "POST",
            "/v1/auth/password",
            &change(PASSWORD, "123456"),
        )
        .await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = app
        .ask(
            &ana,
            "POST",
            "/v1/auth/password",
            &change(PASSWORD, "new-word-77"),
        )
        .await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text);
    assert_eq!(
        app.ask(&ana, "GET", "/v1/auth/me", &Value::Null)
            .await
            .code(),
        "session_ended"
    );
    assert!(app.hub.sign_in(&device, "ana", "new-word-77").await.is_ok());
}

#[tokio::test]
async fn a_shop_is_changed_and_shown_to_who_reaches_it() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let path = format!("/v1/shops/{}", app.hub.shop);
    let changed = app
        .ask(&manager, "PATCH", &path, &json!({ "name": "Corner" }))
        .await;
    assert_eq!(changed.body["name"], "Corner", "{}", changed.text);
    assert_eq!(
        changed.body["time_zone"], "Etc/UTC",
        "what is not named stays"
    );
    let shown = app.ask(&manager, "GET", "/v1/shops", &Value::Null).await;
    assert_eq!(shown.body, json!([changed.body]));
}
