//! Whether the hub lives, is ready, and what bounds it has.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};
use sync_core::store::{StoreError, Table};

use crate::http::AppState;
use crate::http::authorized::Open;
use crate::http::error::ApiError;
use crate::http::metrics::{DOCUMENTS_LOADED, SYNC_SESSIONS, WRITER_QUEUE};
use crate::http::openapi;
use crate::http::route::Route;

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/health.json");

/// Time in which a probe must be durable.
const PROBE_TIME_MAX: Duration = Duration::from_secs(5);
const PROBE_KEY: &[u8] = b"hub/probe";

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/livez", live),
        Route::get("/readyz", ready),
        Route::get("/metrics", metrics),
        Route::get("/v1/limits", limits),
        Route::get("/v1/openapi.json", document),
    ]
}

async fn live(_: Open) -> Json<Value> {
    Json(json!({ "status": "live", "version": env!("CARGO_PKG_VERSION") }))
}

/// Ready means that a write becomes durable in time.
async fn ready(_: Open, State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let now = state.clock.now();
    let probe = state.writer.run(move |tx| -> Result<(), StoreError> {
        tx.put(Table::Meta, PROBE_KEY, &now.0.to_be_bytes())
    });
    let not_ready = |cause: String| ApiError {
        cause: Some(cause),
        ..ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not_ready",
            "the hub can't write at the moment",
        )
    };
    match tokio::time::timeout(PROBE_TIME_MAX, probe).await {
        Ok(Ok(())) => Ok(Json(json!({ "status": "ready" }))),
        Ok(Err(error)) => Err(not_ready(format!("the write probe failed: {error}"))),
        Err(_elapsed) => Err(not_ready("the write probe took too long".to_owned())),
    }
}

async fn metrics(_: Open, State(state): State<AppState>) -> impl IntoResponse {
    let queued = i64::try_from(state.writer.queued()).unwrap_or(i64::MAX);
    state.metrics.set(&WRITER_QUEUE, &[], queued);
    let loaded = i64::try_from(state.book.documents_loaded()).unwrap_or(i64::MAX);
    state.metrics.set(&DOCUMENTS_LOADED, &[], loaded);
    let sessions = i64::try_from(state.book.subscribers()).unwrap_or(i64::MAX);
    state.metrics.set(&SYNC_SESSIONS, &[], sessions);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], state.metrics.to_text())
}

async fn limits(_: Open) -> Json<BTreeMap<&'static str, u64>> {
    Json(crate::config::public_limits().into_iter().collect())
}

async fn document(_: Open) -> Json<&'static Value> {
    Json(openapi::document())
}
