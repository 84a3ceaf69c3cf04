//! What an associate needs in the moment, computed on the hub as it is on a handheld: brief, recommendations, the two-way ledger.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use sync_core::concierge::ledger::{Ledger, ledger};
use sync_core::concierge::{Brief, Picture, Recommendations};
use sync_core::ids::CustomerId;

use super::customers::read_aside;
use crate::book::person::{self, Seen};
use crate::http::AppState;
use crate::http::authorized::{Authorized, ReadCustomers};
use crate::http::body::PathId;
use crate::http::error::ApiError;
use crate::http::route::Route;

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/concierge.json");

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/customers/{customer}/brief", show_brief),
        Route::get(
            "/v1/customers/{customer}/recommendations",
            show_recommendations,
        ),
        Route::get("/v1/customers/{customer}/ledger", show_ledger),
    ]
}

/// Works on a customer seen whole, and notes in the access log that they were read before anything is given out.
async fn whole<T: Send + 'static>(
    caller: &Authorized<ReadCustomers>,
    state: &AppState,
    customer: CustomerId,
    work: impl FnOnce(&Picture<'_>) -> T + Send + 'static,
) -> Result<T, ApiError> {
    let reached = caller.customer(state, customer)?;
    let now = state.clock.now();
    let (done, lines) = read_aside(state, caller, move |state, principal| {
        let person = person::open(&state.book, principal, reached, now)?;
        let seen = Seen::gather(&state.book, principal, &person, now)?;
        Ok((work(&seen.picture()), person.access_lines(principal, now)))
    })
    .await?;
    state.book.log_reads(lines).await?;
    Ok(done)
}

#[derive(Serialize)]
struct BriefAnswer {
    id: CustomerId,
    /// Equal for equal briefs, on the hub and on every handheld.
    hash: String,
    brief: Brief,
}

async fn show_brief(
    caller: Authorized<ReadCustomers>,
    State(state): State<AppState>,
    PathId(id): PathId<CustomerId>,
) -> Result<Json<BriefAnswer>, ApiError> {
    let brief = whole(&caller, &state, id, Brief::of).await?;
    Ok(Json(BriefAnswer {
        id,
        hash: brief.hash().to_string(),
        brief,
    }))
}

#[derive(Serialize)]
struct RecommendationsAnswer {
    id: CustomerId,
    recommendations: Recommendations,
}

async fn show_recommendations(
    caller: Authorized<ReadCustomers>,
    State(state): State<AppState>,
    PathId(id): PathId<CustomerId>,
) -> Result<Json<RecommendationsAnswer>, ApiError> {
    let recommendations = whole(&caller, &state, id, Recommendations::of).await?;
    Ok(Json(RecommendationsAnswer {
        id,
        recommendations,
    }))
}

#[derive(Serialize)]
struct LedgerAnswer {
    id: CustomerId,
    ledger: Ledger,
}

async fn show_ledger(
    caller: Authorized<ReadCustomers>,
    State(state): State<AppState>,
    PathId(id): PathId<CustomerId>,
) -> Result<Json<LedgerAnswer>, ApiError> {
    let ledger = whole(&caller, &state, id, ledger).await?;
    Ok(Json(LedgerAnswer { id, ledger }))
}
