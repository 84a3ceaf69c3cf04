//! What a hub answers, and what an app should do about it.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sync_core::ids::{AssociateId, CustomerId, DeviceId, SessionId, ShopId, Timestamp};
use sync_core::replica::account::SignIn;

use crate::BookError;
use crate::types::WalkIn;

/// An access token in memory.
#[derive(Clone)]
pub(crate) struct Token {
    /// Whose; none for the handheld's own.
    pub(super) associate: Option<AssociateId>,
    pub(crate) text: String,
    pub(super) expires_at: Timestamp,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// What the hub answers when it does not do what was asked (RFC 9457).
#[derive(Debug, Deserialize)]
pub(super) struct Problem {
    pub(super) code: String,
}

#[derive(Deserialize)]
pub(super) struct NonceAnswer {
    pub(super) nonce: String,
}

#[derive(Deserialize)]
pub(super) struct PolicyAnswer {
    pub(super) lease_hours: u32,
}

#[derive(Deserialize)]
pub(super) struct EnrolAnswer {
    pub(super) device: DeviceId,
    pub(super) shop: ShopId,
    pub(super) hub_key: String,
    pub(super) policy: PolicyAnswer,
}

#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    pub(super) access_token: String,
    pub(super) expires_in: i64,
}

#[derive(Deserialize)]
pub(super) struct SignedInAnswer {
    pub(super) session: SessionId,
    pub(super) associate: AssociateId,
    pub(super) name: String,
    pub(super) role: String,
    pub(super) refresh_token: String,
    pub(super) session_expires_at: Timestamp,
    #[serde(flatten)]
    pub(super) token: TokenAnswer,
}

#[derive(Deserialize)]
pub(super) struct WalkInAnswer {
    pub(super) customer: CustomerId,
    pub(super) until: Option<Timestamp>,
}

impl TokenAnswer {
    pub(super) fn into_token(self, associate: Option<AssociateId>, now: Timestamp) -> Token {
        Token {
            associate,
            text: self.access_token,
            expires_at: now.plus_ms(self.expires_in.saturating_mul(1_000)),
        }
    }
}

pub(super) fn taken(answer: SignedInAnswer, now: Timestamp) -> (SignIn, Token) {
    let token = answer.token.into_token(Some(answer.associate), now);
    let sign_in = SignIn {
        associate: answer.associate,
        name: answer.name,
        is_manager: answer.role == "manager",
        session: answer.session,
        refresh_token: Some(answer.refresh_token),
        confirmed_at: now,
        has_lapsed: false,
        expires_at: answer.session_expires_at,
    };
    (sign_in, token)
}

/// Seconds to wait before looking again where the hub does not say: its window.
const RETRY_SECONDS: u32 = 60;

/// Reads what came of a walk-in. What the hub says about the visitor is an answer, anything else a failure.
pub(super) async fn walk_in(response: reqwest::Response) -> Result<WalkIn, BookError> {
    if response.status() == reqwest::StatusCode::TOO_MANY_REQUESTS {
        let header = response.headers().get(reqwest::header::RETRY_AFTER);
        let seconds = header.and_then(|value| value.to_str().ok()?.parse().ok());
        return Ok(WalkIn::TooOften {
            retry_seconds: seconds.unwrap_or(RETRY_SECONDS),
        });
    }
    match read::<WalkInAnswer>(response).await {
        Ok(WalkInAnswer { customer, until }) => Ok(WalkIn::Fetched { customer, until }),
        Err(BookError::Rejected { code }) => match code.as_str() {
            "no_consent" => Ok(WalkIn::NoConsent),
            "not_found" => Ok(WalkIn::NobodyKnown),
            "several_customers" => Ok(WalkIn::Several),
            _ => Err(BookError::rejected(code)),
        },
        Err(error) => Err(error),
    }
}

/// Reads what was asked for, or why it was not done.
pub(super) async fn read<T: DeserializeOwned>(response: reqwest::Response) -> Result<T, BookError> {
    let response = checked(response).await?;
    response.json().await.map_err(|error| unread(&error))
}

pub(super) async fn checked(response: reqwest::Response) -> Result<reqwest::Response, BookError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let problem: Result<Problem, _> = response.json().await;
    match problem {
        Ok(problem) => Err(refused(&problem.code)),
        // Something between us and the hub answered.
        Err(_not_ours) if status.is_server_error() => Err(BookError::Offline),
        Err(_not_ours) => Err(strange("a hub")),
    }
}

/// What an app should do about a refusal, by the body that came with it.
pub(crate) fn refusal(body: &[u8]) -> BookError {
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => refused(&problem.code),
        // The body was cut: renewing the token tells more.
        Err(_cut) => BookError::SignInAgain,
    }
}

/// What an app should do about a problem of the hub.
pub(crate) fn refused(code: &str) -> BookError {
    match code {
        "not_signed_in" | "session_ended" | "refresh_refused" | "token_refused" => {
            BookError::SignInAgain
        }
        "device_unknown" => BookError::EnrolAgain,
        "busy" | "stopping" | "too_many_requests" | "use_dpop_nonce" | "disk_full" => {
            BookError::Busy
        }
        other => BookError::rejected(other),
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` takes"
)]
pub(super) fn lost(error: reqwest::Error) -> BookError {
    tracing::debug!(is_timeout = error.is_timeout(), "the hub was not reached");
    BookError::Offline
}

pub(super) fn unread(error: &reqwest::Error) -> BookError {
    if error.is_decode() {
        return strange("an answer");
    }
    BookError::Offline
}

/// What answers is not a hub that this version knows.
pub(super) fn strange(what: &'static str) -> BookError {
    tracing::warn!(what, "what came is not what a hub of this version sends");
    BookError::UpdateApp
}
