//! Messages: the log of what left, what customers wrote back, and the bounds that a manager sets.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sync_core::concierge::guard::Settings;

use crate::book::reading;
use crate::desk::deliveries::{self, Delivery};
use crate::desk::replies::{self, Outcome, ReplyRow};
use crate::desk::{DeskError, settings};
use crate::duplicates::Keeper;
use crate::http::AppState;
use crate::http::authorized::{Authorized, BringReplies, ManageDesk, ReadShops};
use crate::http::body::{Body, Parameters};
use crate::http::error::ApiError;
use crate::http::route::Route;

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/messages.json");

/// Replies in one request.
const REPLIES_MAX: usize = 100;
/// Lines of the log in one answer.
const LINES_MAX: usize = 200;

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/messages", list),
        Route::post("/v1/messages/replies", bring),
        Route::get("/v1/settings", show_settings),
        Route::patch("/v1/settings", change_settings),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListParameters {
    #[serde(default)]
    skip: usize,
    limit: Option<usize>,
}

#[derive(Serialize)]
struct LogAnswer {
    messages: Vec<Delivery>,
    more: bool,
}

async fn list(
    caller: Authorized<ManageDesk>,
    State(state): State<AppState>,
    Parameters(asked): Parameters<ListParameters>,
) -> Result<Json<LogAnswer>, ApiError> {
    let limit = asked.limit.unwrap_or(LINES_MAX).clamp(1, LINES_MAX);
    let mut log = deliveries::log(&*state.store.read()?)?;
    log.retain(|line| caller.reaches(line.shop));
    let more = log.len() > asked.skip.saturating_add(limit);
    let messages = log.into_iter().skip(asked.skip).take(limit).collect();
    Ok(Json(LogAnswer { messages, more }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RepliesBody {
    replies: Vec<ReplyRow>,
}

#[derive(Serialize)]
struct RepliesAnswer {
    replies: Vec<Outcome>,
}

async fn bring(
    caller: Authorized<BringReplies>,
    State(state): State<AppState>,
    Body(body): Body<RepliesBody>,
) -> Result<Json<RepliesAnswer>, ApiError> {
    let rows = body.replies;
    if !(1..=REPLIES_MAX).contains(&rows.len()) {
        return Err(ApiError::invalid(format!(
            "replies: expected 1 to {REPLIES_MAX} of them"
        )));
    }
    let Some(author) = reading::author(&caller) else {
        return Err(ApiError::forbidden("nobody is signed in here"));
    };
    // Ids are the source's own; a key that is renewed under its name is the same source.
    let named = caller.integration.and_then(|id| {
        let directory = state.identity.directory();
        directory.integrations.get(&id).map(|row| row.name.clone())
    });
    let source = named.unwrap_or_else(|| author.associate.to_string());
    let principal = (*caller).clone();
    let keeper = Keeper::new(Arc::clone(&state.book), state.keys.chain_key());
    let taken = state.book.write_batch(move |engine| {
        let by = (&principal, &author, source.as_str());
        let taken = rows.iter().map(|row| {
            let holders = replies::holders(&keeper, row)?;
            replies::take(engine, by, (row, &holders))
        });
        taken.collect::<Result<Vec<Outcome>, DeskError>>()
    });
    let replies = taken.await?;
    Ok(Json(RepliesAnswer { replies }))
}

async fn show_settings(
    _caller: Authorized<ReadShops>,
    State(state): State<AppState>,
) -> Result<Json<Settings>, ApiError> {
    Ok(Json(settings::read(&*state.store.read()?)?))
}

async fn change_settings(
    caller: Authorized<ManageDesk>,
    State(state): State<AppState>,
    Body(changes): Body<Map<String, Value>>,
) -> Result<Json<Settings>, ApiError> {
    caller.chain()?;
    let before = settings::read(&*state.store.read()?)?;
    let mut all = serde_json::to_value(before).expect("settings are plain numbers");
    if let Some(all) = all.as_object_mut() {
        all.extend(changes);
    }
    let after: Settings = serde_json::from_value(all).map_err(|_unreadable| {
        ApiError::invalid("settings: expected the known names, each with a whole number")
    })?;
    if let Some(problem) = after.problems().first() {
        return Err(ApiError::invalid(problem.to_string()));
    }
    let posted = state
        .book
        .write_batch(move |engine| settings::post(engine, &after));
    posted.await?;
    Ok(Json(after))
}
