//! The HTTP shell: the router, what all requests share, and the types that handlers are written with.
//!
//! # Invariants
//! - A handler's first argument says who may call it ([`authorized::Authorized`] or [`authorized::Open`]); one without does not compile as a [`route::Route`].
//! - Every failure is an [`error::ApiError`], shown as `application/problem+json` with a request id; causes are logged once, with that id.
//! - Logs and metrics name routes by their pattern, never by the path that was asked for.

pub mod authorized;
pub mod body;
pub mod error;
pub mod finish;
pub mod metrics;
pub mod openapi;
pub mod route;
pub mod state;

use axum::Router;
use axum::http::StatusCode;

pub use state::{AppState, Hub};

use error::ApiError;

/// The router of everything the hub serves.
pub fn router(state: AppState) -> Router {
    let mut router = Router::new();
    for route in crate::routes::all()
        .into_iter()
        .chain(crate::office::routes())
    {
        router = router.route(route.path, route.into_handler());
    }
    router
        .method_not_allowed_fallback(|| async {
            ApiError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this path does not know the method",
            )
        })
        .fallback(|| async { ApiError::not_found("path") })
        .layer(axum::middleware::from_fn_with_state(
            state.clone(),
            finish::finish,
        ))
        .with_state(state)
}

#[cfg(test)]
mod tests;
