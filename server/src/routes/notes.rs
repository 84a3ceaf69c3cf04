//! Checking words before they are kept: what in a note does not belong there, and where it belongs instead.
//!
//! # Invariants
//! - The text is read from the request and goes nowhere: no card, no row, no log.

use axum::Json;
use serde::{Deserialize, Serialize};
use sync_core::concierge::Language;
use sync_core::concierge::linter::{Category, Instead, Linter, Warning};
use sync_core::limits::NOTE_BYTES_MAX;

use crate::http::authorized::{Authorized, SignedIn};
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::route::Route;

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/notes.json");

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![Route::post("/v1/notes/check", check)]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckBody {
    text: String,
    /// Whose list is read; all of them unless said, because people mix languages.
    language: Option<String>,
}

#[derive(Serialize)]
struct CheckAnswer {
    warnings: Vec<WarningAnswer>,
}

#[derive(Serialize)]
struct WarningAnswer {
    /// First character of the passage, counted in Unicode scalars.
    start: usize,
    /// The character after the passage.
    end: usize,
    category: Category,
    /// What to do instead, the best first.
    instead: &'static [Instead],
}

impl WarningAnswer {
    fn new(text: &str, warning: &Warning) -> Self {
        let at = |byte: usize| {
            let before = text.char_indices().take_while(|(start, _)| *start < byte);
            before.count()
        };
        Self {
            start: at(warning.span.start),
            end: at(warning.span.end),
            category: warning.category,
            instead: warning.instead,
        }
    }
}

fn languages(asked: Option<&str>) -> Result<&'static [Language], ApiError> {
    match asked {
        None => Ok(Language::ALL),
        Some("en") => Ok(&[Language::English]),
        Some("fr") => Ok(&[Language::French]),
        Some(_) => Err(ApiError::invalid("language: expected en or fr, or none")),
    }
}

async fn check(
    _caller: Authorized<SignedIn>,
    Body(body): Body<CheckBody>,
) -> Result<Json<CheckAnswer>, ApiError> {
    let languages = languages(body.language.as_deref())?;
    if body.text.len() > NOTE_BYTES_MAX {
        return Err(ApiError::invalid(format!(
            "text: a note has at most {NOTE_BYTES_MAX} bytes"
        )));
    }
    let found = tokio::task::spawn_blocking(move || {
        let found = Linter::new(languages).warnings(&body.text);
        let warnings = found.iter();
        warnings
            .map(|warning| WarningAnswer::new(&body.text, warning))
            .collect()
    });
    let warnings = found
        .await
        .map_err(|_panic| ApiError::internal("checking a note panicked"))?;
    Ok(Json(CheckAnswer { warnings }))
}
