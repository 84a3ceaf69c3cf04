//! What happens around every request: its id, its log line, its counters, and the form of its errors.

use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use serde_json::json;
use sync_core::ids::{Timestamp, to_base32};
use tracing::Level;

use super::error::{ApiError, NONCE_CHALLENGE};
use super::metrics::{REQUEST_SECONDS, REQUESTS, SIGN_INS_FAILED};
use super::route::Pattern;
use super::state::AppState;
use crate::clock::Stopwatch;
use crate::office;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// The header that proofs of possession come in.
pub const PROOF: HeaderName = HeaderName::from_static("dpop");

/// The id of a request, in its log lines and its answer. Drawn here: one sent by a client could be made to mislead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

/// Runs a request and finishes its answer.
pub async fn finish(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let id = RequestId(to_base32(&state.entropy.bytes::<8>()));
    request.extensions_mut().insert(id.clone());
    let method = request.method().clone();
    let is_page = office::is_page(request.uri().path());
    let gives_nonce =
        request.headers().contains_key(PROOF) || request.uri().path().starts_with("/v1/auth/");
    let started = Stopwatch::start();
    // A handler that panics costs its own request and nothing else.
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response =
        answer.unwrap_or_else(|_panic| ApiError::internal("a handler panicked").into_response());
    let now = state.clock.now();
    let error = response.extensions_mut().remove::<ApiError>();
    if let Some(error) = &error {
        log_cause(error, &id);
        if is_page {
            response = page_of(&response, error, &id);
        } else {
            render(&mut response, error, &id, now);
        }
    }
    if is_page {
        office::guard(&mut response);
    }
    if gives_nonce {
        set(response.headers_mut(), NONCE, &state.identity.nonce());
    }
    set(response.headers_mut(), REQUEST_ID, &id.0);
    set(response.headers_mut(), header::CACHE_CONTROL, "no-store");
    set(
        response.headers_mut(),
        header::X_CONTENT_TYPE_OPTIONS,
        "nosniff",
    );
    let pattern = response
        .extensions()
        .get::<Pattern>()
        .map_or("none", |pattern| pattern.0);
    let status = response.status();
    count(&state, &method, pattern, status);
    let took = started.elapsed();
    let labels = [("route", pattern)];
    state.metrics.time(&REQUEST_SECONDS, &labels, took);
    if let Some(error) = &error {
        count_failed_sign_in(&state, pattern, error);
    }
    macro_rules! log {
        ($level:expr) => {
            tracing::event!(
                $level,
                request.id = %id.0,
                http.method = %method,
                http.route = pattern,
                http.status = status.as_u16(),
                duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                "answered a request"
            )
        };
    }
    // Half of a round that every handheld makes: nobody did anything wrong.
    if error.is_some_and(|error| error.code == NONCE_CHALLENGE) {
        log!(Level::DEBUG);
    } else {
        log!(Level::INFO);
    }
    response
}

/// The error as a page, under the pattern of the route that failed.
fn page_of(failed: &Response, error: &ApiError, id: &RequestId) -> Response {
    let mut page = office::error_page(error, &id.0);
    if let Some(pattern) = failed.extensions().get::<Pattern>() {
        page.extensions_mut().insert(*pattern);
    }
    page
}

fn log_cause(error: &ApiError, id: &RequestId) {
    if let Some(cause) = &error.cause {
        tracing::error!(request.id = %id.0, error.code = error.code, cause, "a request failed");
    }
}

fn render(response: &mut Response, error: &ApiError, id: &RequestId, now: Timestamp) {
    let wait = wait_seconds(error, now);
    let problem = json!({
        "type": "about:blank",
        "title": error.status.canonical_reason().unwrap_or("Error"),
        "status": error.status.as_u16(),
        "code": error.code,
        "detail": error.detail,
        "request_id": id.0,
        "retry_after_seconds": wait,
    });
    if let Some(seconds) = wait {
        set(
            response.headers_mut(),
            header::RETRY_AFTER,
            &seconds.to_string(),
        );
    }
    if error.status == StatusCode::UNAUTHORIZED {
        let challenge = format!("DPoP error=\"{}\", algs=\"ES256\"", error.code);
        set(response.headers_mut(), header::WWW_AUTHENTICATE, &challenge);
    }
    set(
        response.headers_mut(),
        header::CONTENT_TYPE,
        "application/problem+json",
    );
    response.headers_mut().remove(header::CONTENT_LENGTH);
    *response.body_mut() = problem.to_string().into();
}

/// Seconds after which trying again makes sense, rounded up.
fn wait_seconds(error: &ApiError, now: Timestamp) -> Option<i64> {
    let told = error
        .retry_at
        .map(|at| (at.0 - now.0 + 999).max(1_000).div_euclid(1_000));
    let soon = matches!(
        error.status,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
    );
    told.or(soon.then_some(1))
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Counts a sign-in that was refused, by a reason that names nobody.
fn count_failed_sign_in(state: &AppState, pattern: &str, error: &ApiError) {
    let place = match pattern {
        "/v1/auth/sign-in" => "handheld",
        "/v1/auth/office" => "office",
        _ => return,
    };
    let is_refusal = matches!(
        error.status,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
    );
    if is_refusal && error.code != NONCE_CHALLENGE {
        let labels = [("place", place), ("reason", error.code)];
        state.metrics.count(&SIGN_INS_FAILED, &labels);
    }
}

fn count(state: &AppState, method: &Method, pattern: &'static str, status: StatusCode) {
    // Methods can be invented by clients, and every series costs memory.
    let method = match *method {
        Method::GET => "get",
        Method::POST => "post",
        Method::PATCH => "patch",
        Method::PUT => "put",
        Method::DELETE => "delete",
        _ => "other",
    };
    let status = status.as_u16().to_string();
    let labels = [("method", method), ("route", pattern), ("status", &status)];
    state.metrics.count(&REQUESTS, &labels);
}
