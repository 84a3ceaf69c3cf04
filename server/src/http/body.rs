//! What comes in: JSON bodies, ids in paths, and the address a request comes from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;

use super::error::ApiError;
use super::state::AppState;
use crate::config::BODY_BYTES_MAX;

/// Time in which a whole body must have come: 256 KiB at some 9 KiB a second.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);

/// A JSON body, bounded in size and time.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
        if kind.split(';').next().map(str::trim) != Some("application/json") {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "expected a body of type application/json",
            ));
        }
        let bytes = read(request.into_body(), BODY_BYTES_MAX).await?;
        let read = serde_json::from_slice(&bytes);
        // The library's message may quote the body, so only the place and its field names are told.
        read.map(Self)
            .map_err(|error| ApiError::invalid(safe_reason(&error)))
    }
}

/// Reads a whole body of up to `bytes_max`, within the time that a body may take.
///
/// # Errors
/// When it is longer, slower, or cut.
pub async fn read(body: axum::body::Body, bytes_max: usize) -> Result<axum::body::Bytes, ApiError> {
    let reading = axum::body::to_bytes(body, bytes_max);
    match tokio::time::timeout(BODY_TIME_MAX, reading).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_long(&error) => Err(ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            format!("this body may have at most {bytes_max} bytes"),
        )),
        Ok(Err(_cut)) => Err(ApiError::invalid("the body was cut")),
        Err(_elapsed) => Err(ApiError::new(
            StatusCode::REQUEST_TIMEOUT,
            "body_too_slow",
            "the body took too long",
        )),
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(cause) = next {
        if cause.to_string().contains("length limit exceeded") {
            return true;
        }
        next = cause.source();
    }
    false
}

fn safe_reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let at = format!("at line {} column {}", error.line(), error.column());
    let known = ["missing field `", "unknown field `", "duplicate field `"];
    match known.into_iter().find(|start| text.starts_with(start)) {
        Some(start) if start != "unknown field `" => {
            let field = text.split('`').nth(1).unwrap_or_default();
            format!("the body: {}`{field}` {at}", start.trim_end_matches('`'))
        }
        Some(_) => format!("the body: a field that is not known {at}"),
        None if error.is_data() => format!("the body: a value of the wrong kind {at}"),
        None => format!("the body is not JSON {at}"),
    }
}

/// What stands behind the `?` of a path.
#[derive(Debug)]
pub struct Parameters<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Parameters<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        // The library's message may quote what somebody searched for.
        Query::<T>::from_request_parts(parts, state)
            .await
            .map(|Query(read)| Self(read))
            .map_err(|_unreadable| {
                ApiError::invalid("a parameter of the path is not known, or has no usable value")
            })
    }
}

/// An id in the path. A text that is no id names nothing: `404`.
#[derive(Debug, Clone, Copy)]
pub struct PathId<I>(pub I);

impl<I: FromStr + Send> FromRequestParts<AppState> for PathId<I> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        let text = text.map_err(|_not_one| ApiError::not_found("thing"))?;
        text.0
            .parse()
            .map(Self)
            .map_err(|_not_an_id| ApiError::not_found("thing"))
    }
}

/// The network address a request comes from, as the accept loop saw it.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// The address alone; unspecified where there is no network, as in tests of the router.
#[derive(Debug, Clone, Copy)]
pub struct PeerAddress(pub IpAddr);

impl FromRequestParts<AppState> for PeerAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0.ip());
        Ok(Self(peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
    }
}
