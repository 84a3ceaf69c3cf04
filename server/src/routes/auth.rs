//! Enrolment, sign-in, refresh, sign-out.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sync_core::crypto::{DevicePublicKey, Signature};
use sync_core::ids::{AssociateId, DeviceId, SessionId, ShopId, Timestamp};

use crate::config::IdentityConfig;
use crate::http::AppState;
use crate::http::authorized::{Authorized, Open, SignedIn};
use crate::http::body::{Body, PeerAddress};
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::identity::attempts::Place;
use crate::identity::dpop::Jwk;
use crate::identity::enrolment::EnrolRequest;
use crate::identity::sessions;
use crate::secret::Secret;

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/auth.json");

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/auth/nonce", nonce),
        Route::post("/v1/auth/enrol", enrol),
        Route::post("/v1/auth/sign-in", sign_in),
        Route::post("/v1/auth/refresh", refresh),
        Route::post("/v1/auth/device-token", device_token),
        Route::post("/v1/auth/office", office),
        Route::post("/v1/auth/sign-out", sign_out),
        Route::post("/v1/auth/password", change_password),
        Route::get("/v1/auth/me", me),
    ]
}

async fn nonce(_: Open, State(state): State<AppState>) -> Json<Value> {
    Json(json!({ "nonce": state.identity.nonce() }))
}

/// A public key in either of its two forms.
#[derive(Deserialize)]
#[serde(untagged)]
enum KeyBody {
    Jwk(Jwk),
    Sec1(String),
}

impl KeyBody {
    fn read(&self) -> Result<DevicePublicKey, ApiError> {
        let point = match self {
            Self::Jwk(jwk) => jwk.to_sec1(),
            Self::Sec1(text) => URL_SAFE_NO_PAD.decode(text).ok(),
        };
        let key = point.and_then(|point| DevicePublicKey::from_sec1(&point).ok());
        key.ok_or_else(|| {
            ApiError::invalid("key: expected a P-256 public key, as a JWK or an uncompressed SEC1 point of 65 bytes in base64url")
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnrolBody {
    code: String,
    key: KeyBody,
    nonce: String,
    signature: String,
    label: String,
    #[serde(default)]
    hardware_key: bool,
}

/// What a handheld must keep to.
#[derive(Serialize)]
struct PolicyAnswer {
    lease_hours: u32,
    idle_lock_minutes: u32,
}

impl PolicyAnswer {
    fn of(config: &IdentityConfig) -> Self {
        Self {
            lease_hours: config.lease_hours,
            idle_lock_minutes: config.idle_lock_minutes,
        }
    }
}

#[derive(Serialize)]
struct EnrolAnswer {
    device: DeviceId,
    shop: ShopId,
    hub_key: String,
    policy: PolicyAnswer,
}

async fn enrol(
    _: Open,
    State(state): State<AppState>,
    Body(body): Body<EnrolBody>,
) -> Result<(StatusCode, Json<EnrolAnswer>), ApiError> {
    let signature = URL_SAFE_NO_PAD.decode(&body.signature).ok();
    let signature = signature.and_then(|bytes| bytes.try_into().ok());
    let signature = signature.ok_or_else(|| {
        ApiError::invalid("signature: expected an ES256 signature of 64 bytes in base64url")
    })?;
    let enrolled = state.identity.enrol(EnrolRequest {
        key: body.key.read()?,
        code: body.code,
        nonce: body.nonce,
        signature: Signature(signature),
        label: body.label,
        hardware_key: body.hardware_key,
    });
    let enrolled = enrolled.await?;
    let answer = EnrolAnswer {
        device: enrolled.device,
        shop: enrolled.shop,
        hub_key: URL_SAFE_NO_PAD.encode(enrolled.hub_key.to_bytes()),
        policy: PolicyAnswer::of(state.identity.config()),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

#[derive(Serialize)]
struct TokenAnswer {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
}

impl TokenAnswer {
    fn of(token: &sessions::AccessToken, token_type: &'static str) -> Self {
        Self {
            access_token: token.token.expose().clone(),
            token_type,
            expires_in: token.seconds,
        }
    }
}

#[derive(Serialize)]
struct SignedInAnswer {
    session: SessionId,
    associate: AssociateId,
    name: String,
    role: &'static str,
    shop: ShopId,
    #[serde(flatten)]
    token: TokenAnswer,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    session_expires_at: Timestamp,
    policy: PolicyAnswer,
}

impl SignedInAnswer {
    fn of(signed_in: &sessions::SignedIn, config: &IdentityConfig) -> Self {
        let refresh = signed_in.refresh.as_ref();
        let token_type = if refresh.is_some() { "DPoP" } else { "Bearer" };
        Self {
            session: signed_in.session,
            associate: signed_in.associate,
            name: signed_in.name.clone(),
            role: signed_in.role.name(),
            shop: signed_in.shop,
            token: TokenAnswer::of(&signed_in.access, token_type),
            refresh_token: refresh.map(|token| token.expose().clone()),
            session_expires_at: signed_in.expires_at,
            policy: PolicyAnswer::of(config),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignInBody {
    device: DeviceId,
    login: String,
    password: Secret<String>,
}

async fn sign_in(
    open: Open,
    State(state): State<AppState>,
    Body(body): Body<SignInBody>,
) -> Result<Json<SignedInAnswer>, ApiError> {
    let proof = open.proof()?;
    let signing_in = state
        .identity
        .sign_in(body.device, &body.login, body.password, &proof);
    let signed_in = signing_in.await?;
    Ok(Json(SignedInAnswer::of(
        &signed_in,
        state.identity.config(),
    )))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefreshBody {
    refresh_token: Secret<String>,
}

async fn refresh(
    open: Open,
    State(state): State<AppState>,
    Body(body): Body<RefreshBody>,
) -> Result<Json<SignedInAnswer>, ApiError> {
    let proof = open.proof()?;
    let refreshed = state
        .identity
        .refresh(body.refresh_token.expose(), &proof)
        .await?;
    Ok(Json(SignedInAnswer::of(
        &refreshed,
        state.identity.config(),
    )))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviceTokenBody {
    device: DeviceId,
}

async fn device_token(
    open: Open,
    State(state): State<AppState>,
    Body(body): Body<DeviceTokenBody>,
) -> Result<Json<TokenAnswer>, ApiError> {
    let token = state.identity.device_token(body.device, &open.proof()?)?;
    Ok(Json(TokenAnswer::of(&token, "DPoP")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfficeBody {
    login: String,
    password: Secret<String>,
}

async fn office(
    _: Open,
    State(state): State<AppState>,
    PeerAddress(from): PeerAddress,
    Body(body): Body<OfficeBody>,
) -> Result<Json<SignedInAnswer>, ApiError> {
    let signed_in = state
        .identity
        .sign_in_at_office(&body.login, body.password, from)
        .await?;
    Ok(Json(SignedInAnswer::of(
        &signed_in,
        state.identity.config(),
    )))
}

async fn sign_out(
    caller: Authorized<SignedIn>,
    State(state): State<AppState>,
) -> Result<StatusCode, ApiError> {
    if let Some(session) = caller.session {
        state.identity.sign_out(session).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordBody {
    present: Secret<String>,
    new: Secret<String>,
}

async fn change_password(
    caller: Authorized<SignedIn>,
    State(state): State<AppState>,
    PeerAddress(from): PeerAddress,
    Body(body): Body<PasswordBody>,
) -> Result<StatusCode, ApiError> {
    let associate = caller
        .associate
        .ok_or_else(|| ApiError::forbidden("only people have passwords"))?;
    let place = caller.device.map_or(Place::Address(from), Place::Device);
    state
        .identity
        .change_own_password(associate, body.present, body.new, place)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn me(caller: Authorized<SignedIn>) -> Json<Value> {
    Json(json!({
        "device": caller.device,
        "associate": caller.associate,
        "session": caller.session,
        "integration": caller.integration.map(|id| id.to_string()),
        "shop": caller.shop,
        "chain": caller.chain,
        "role": caller.role.name(),
        "scopes": caller.scopes.names(),
    }))
}
