//! The written standard, where the gap to the 1 % stands, and what is owed to a customer.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync_core::concierge::gap::{Discovery, Report};
use sync_core::concierge::obligations::Obligation;
use sync_core::concierge::playbook::{Difference, Playbook};
use sync_core::ids::{CustomerId, EditId, Timestamp};

use super::customers::{log, read_aside};
use crate::book::reading;
use crate::gap::history::{self, Week};
use crate::gap::{self, Kept, SetPlaybookError, gather, ledger};
use crate::http::AppState;
use crate::http::authorized::{Authorized, ManageShops, ReadCustomers, ReadShops};
use crate::http::body::{Body, Parameters, PathId};
use crate::http::error::ApiError;
use crate::http::route::Route;

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/gap.json");

/// Customers in one answer of those with promises not kept.
const UNKEPT_MAX: usize = 200;

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/playbook", show_playbook),
        Route::new(axum::http::Method::PUT, "/v1/playbook", set_playbook),
        Route::get("/v1/gap", show),
        Route::get("/v1/gap/history", weeks),
        Route::get("/v1/gap/discover", discover),
        Route::get("/v1/promises/unkept", unkept),
        Route::get("/v1/customers/{customer}/obligations", obligations),
    ]
}

#[derive(Serialize)]
struct PlaybookAnswer {
    /// 0 while nobody has set one: then it is the one that Carnet suggests.
    version: u64,
    declared_gap_bp: u32,
    /// Items that are not for all.
    restricted: Vec<String>,
    playbook: Value,
}

impl PlaybookAnswer {
    fn of(playbook: &Playbook, version: u64) -> Self {
        Self {
            version,
            declared_gap_bp: playbook.declared_gap_bp(),
            restricted: playbook.restricted().map(|item| item.id.clone()).collect(),
            playbook: playbook.to_value(),
        }
    }
}

fn tagged(version: u64) -> [(header::HeaderName, String); 1] {
    [(header::ETAG, format!("\"{version}\""))]
}

async fn show_playbook(
    _caller: Authorized<ReadShops>,
    State(state): State<AppState>,
) -> Result<impl axum::response::IntoResponse, ApiError> {
    let (playbook, version) = gap::playbook(&*state.store.read()?)?;
    Ok((
        tagged(version),
        Json(PlaybookAnswer::of(&playbook, version)),
    ))
}

#[derive(Serialize)]
struct PlaybookSetAnswer {
    version: u64,
    declared_gap_bp: u32,
    changes: Vec<Difference>,
}

async fn set_playbook(
    caller: Authorized<ManageShops>,
    State(state): State<AppState>,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<impl axum::response::IntoResponse, ApiError> {
    caller.chain()?;
    let expected = if_match(&headers)?;
    let playbook = Playbook::parse(&body.to_string()).map_err(|error| {
        ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "playbook_refused",
            error.to_string(),
        )
    })?;
    let (before, _) = gap::playbook(&*state.store.read()?)?;
    let (changes, declared_gap_bp) = (playbook.since(&before), playbook.declared_gap_bp());
    let version = gap::set_playbook(&state.book, playbook, Some(expected)).await?;
    let answer = PlaybookSetAnswer {
        version,
        declared_gap_bp,
        changes,
    };
    Ok((tagged(version), Json(answer)))
}

/// The version that the caller has read; a playbook that somebody else has changed meanwhile is not overwritten.
fn if_match(headers: &HeaderMap) -> Result<u64, ApiError> {
    let value = headers
        .get(header::IF_MATCH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.trim().trim_matches('"').parse().ok());
    value.ok_or_else(|| {
        ApiError::new(
            StatusCode::PRECONDITION_REQUIRED,
            "if_match_missing",
            "If-Match: expected the version that was read, such as \"3\"",
        )
    })
}

impl From<SetPlaybookError> for ApiError {
    fn from(error: SetPlaybookError) -> Self {
        let detail = error.to_string();
        match error {
            SetPlaybookError::Moved { .. } => {
                Self::new(StatusCode::PRECONDITION_FAILED, "version_moved", detail)
            }
            SetPlaybookError::Notice(_) => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "playbook_too_large", detail)
            }
            SetPlaybookError::Store(error) => Self::from(error),
        }
    }
}

#[derive(Serialize)]
struct GapAnswer {
    week: String,
    /// False while a change of the standard is worked in; the report is then empty.
    is_complete: bool,
    /// Whether there are enough active customers to tell the best from the others.
    is_enough: bool,
    report: Report,
}

async fn show(
    caller: Authorized<ManageShops>,
    State(state): State<AppState>,
) -> Result<Json<GapAnswer>, ApiError> {
    let answer = read_aside(&state, &caller, |state, _| {
        let (tx, now) = (state.store.read()?, state.clock.now());
        let kept = Kept::read(&*tx)?;
        let report = kept.report(&*tx, now)?;
        Ok(GapAnswer {
            week: history::name(now),
            is_complete: kept.is_complete,
            is_enough: report.is_enough(),
            report,
        })
    });
    Ok(Json(answer.await?))
}

#[derive(Serialize)]
struct WeeksAnswer {
    weeks: Vec<Week>,
}

async fn weeks(
    caller: Authorized<ManageShops>,
    State(state): State<AppState>,
) -> Result<Json<WeeksAnswer>, ApiError> {
    let weeks = read_aside(&state, &caller, |state, _| {
        Ok(history::all(&*state.store.read()?)?)
    });
    Ok(Json(WeeksAnswer {
        weeks: weeks.await?,
    }))
}

#[derive(Serialize)]
struct DiscoverAnswer {
    is_complete: bool,
    best: u64,
    found: Vec<Discovery>,
}

async fn discover(
    caller: Authorized<ManageShops>,
    State(state): State<AppState>,
) -> Result<Json<DiscoverAnswer>, ApiError> {
    let answer = read_aside(&state, &caller, |state, _| {
        let kept = Kept::read(&*state.store.read()?)?;
        Ok(DiscoverAnswer {
            is_complete: kept.is_complete,
            best: kept.best(),
            found: kept.discover(),
        })
    });
    Ok(Json(answer.await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnkeptParameters {
    limit: Option<usize>,
}

#[derive(Serialize)]
struct UnkeptAnswer {
    promises: Vec<UnkeptPromise>,
    more: bool,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct UnkeptPromise {
    due: Timestamp,
    customer: CustomerId,
    promise: EditId,
}

/// Promises whose time is over, of the customers within reach, the oldest first. What was promised stands on the card.
async fn unkept(
    caller: Authorized<ReadCustomers>,
    State(state): State<AppState>,
    Parameters(asked): Parameters<UnkeptParameters>,
) -> Result<Json<UnkeptAnswer>, ApiError> {
    let limit = asked.limit.unwrap_or(UNKEPT_MAX).clamp(1, UNKEPT_MAX);
    let answer = read_aside(&state, &caller, move |state, principal| {
        let tx = state.store.read()?;
        let mut promises = Vec::new();
        ledger::unkept(&*tx, &mut |customer, unkept| {
            if reading::reach(&*tx, principal, customer)?.is_some() {
                promises.extend(unkept.into_iter().map(|one| UnkeptPromise {
                    due: one.due,
                    customer,
                    promise: one.promise,
                }));
            }
            Ok(())
        })?;
        promises.sort_unstable();
        let more = promises.len() > limit;
        promises.truncate(limit);
        Ok(UnkeptAnswer { promises, more })
    });
    Ok(Json(answer.await?))
}

#[derive(Serialize)]
struct ObligationsAnswer {
    obligations: Vec<Obligation>,
}

async fn obligations(
    caller: Authorized<ReadCustomers>,
    State(state): State<AppState>,
    PathId(id): PathId<CustomerId>,
) -> Result<Json<ObligationsAnswer>, ApiError> {
    let reached = caller.customer(&state, id)?;
    let obligations = read_aside(&state, &caller, move |state, _| {
        let now = state.clock.now();
        Ok(gather::obligations(&state.book, reached.customer(), now)?)
    })
    .await?;
    log(&state, &caller, reached, false).await?;
    Ok(Json(ObligationsAnswer { obligations }))
}
