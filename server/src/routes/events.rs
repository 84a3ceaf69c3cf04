//! Small events: making one, proposing guests, the host's list, who came and who was heard.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_core::concierge::guests::{EventBody, Proposal, Remark, Seat};
use sync_core::ids::{AssociateId, CustomerId, EditId, Timestamp};

use super::customers::read_aside;
use crate::events::{self, Asked, EventError, EventView, Feedback, NewEvent, guard_of_card};
use crate::gap::cohort::TheBest;
use crate::http::AppState;
use crate::http::authorized::{Authorized, ManageBooks, ReadCustomers, WriteCustomers};
use crate::http::body::{Body, PathId};
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::identity::access::Principal;

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/events.json");

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/events", list),
        Route::post("/v1/events", create),
        Route::get("/v1/events/{event}", show),
        Route::post("/v1/events/{event}/proposal", propose),
        Route::post("/v1/events/{event}/guests", set_guests),
        Route::post("/v1/events/{event}/attendance", set_attendance),
    ]
}

#[derive(Serialize)]
struct EventsAnswer {
    events: BTreeMap<String, EventBody>,
}

async fn list(
    caller: Authorized<ReadCustomers>,
    State(state): State<AppState>,
) -> Result<Json<EventsAnswer>, ApiError> {
    let events = read_aside(&state, &caller, |state, principal| {
        Ok(events::events(&*state.store.read()?, principal.shop)?)
    });
    Ok(Json(EventsAnswer {
        events: events.await?,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewEventBody {
    name: String,
    #[serde(default)]
    themes: Vec<String>,
    capacity: Option<u32>,
    hosts: Vec<AssociateId>,
    begins_at: Timestamp,
}

async fn create(
    caller: Authorized<ManageBooks>,
    State(state): State<AppState>,
    Body(body): Body<NewEventBody>,
) -> Result<(StatusCode, Json<EventView>), ApiError> {
    {
        let directory = state.identity.directory();
        let works_here = |host: &AssociateId| {
            let row = directory.associates.get(host);
            row.is_some_and(|row| row.deactivated_at.is_none() && caller.reaches(row.shop))
        };
        if !body.hosts.iter().all(works_here) {
            return Err(ApiError::invalid(
                "hosts: expected the ids of associates who work here",
            ));
        }
    }
    let new = NewEvent {
        name: body.name,
        themes: body.themes,
        capacity: body.capacity,
        hosts: body.hosts,
        begins_at: body.begins_at,
    };
    let made = events::create(&state.book, caller.shop, new).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

#[derive(Serialize)]
struct EventAnswer {
    #[serde(flatten)]
    event: EventView,
    feedback: Feedback,
}

async fn show(
    caller: Authorized<ReadCustomers>,
    State(state): State<AppState>,
    PathId(id): PathId<EditId>,
) -> Result<Json<EventAnswer>, ApiError> {
    let answer = read_aside(&state, &caller, move |state, principal| {
        let (shop, id) = (principal.shop, id.to_string());
        let event = events::event(&*state.store.read()?, shop, &id)?;
        let feedback = events::feedback(&state.book, shop, &id)?;
        Ok(EventAnswer { event, feedback })
    });
    Ok(Json(answer.await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// What a proposal asks: what the card says of invitations, and who is among the best.
fn asked(best: &TheBest, now: Timestamp) -> Asked<'_> {
    Asked {
        guard: &guard_of_card,
        cohort: best,
        now,
    }
}

async fn propose(
    caller: Authorized<ManageBooks>,
    State(state): State<AppState>,
    PathId(id): PathId<EditId>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Proposal>, ApiError> {
    let proposal = read_aside(&state, &caller, move |state, principal| {
        let (id, now) = (id.to_string(), state.book.now());
        let best = TheBest::read(&*state.store.read()?)?;
        Ok(events::propose(
            &state.book,
            (principal.shop, &id),
            &asked(&best, now),
        )?)
    });
    Ok(Json(proposal.await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GuestsBody {
    guests: Vec<SeatBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeatBody {
    customer: CustomerId,
    host: Option<AssociateId>,
}

#[derive(Serialize)]
struct GuestsAnswer {
    #[serde(flatten)]
    event: EventView,
    remarks: Vec<Remark>,
}

async fn set_guests(
    caller: Authorized<ManageBooks>,
    State(state): State<AppState>,
    PathId(id): PathId<EditId>,
    Body(body): Body<GuestsBody>,
) -> Result<Json<GuestsAnswer>, ApiError> {
    let seats = body.guests.into_iter().map(|seat| Seat {
        customer: seat.customer,
        host: seat.host,
    });
    let place = (caller.shop, id.to_string());
    let event = events::set_guests(&state.book, place, seats.collect()).await?;
    let remarks = remarks(&state, &caller, id).await?;
    Ok(Json(GuestsAnswer { event, remarks }))
}

async fn remarks(
    state: &AppState,
    caller: &Principal,
    id: EditId,
) -> Result<Vec<Remark>, ApiError> {
    read_aside(state, caller, move |state, principal| {
        let (id, now) = (id.to_string(), state.book.now());
        let best = TheBest::read(&*state.store.read()?)?;
        Ok(events::review(
            &state.book,
            (principal.shop, &id),
            &asked(&best, now),
        )?)
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AttendanceBody {
    attended: Vec<CustomerId>,
}

async fn set_attendance(
    caller: Authorized<WriteCustomers>,
    State(state): State<AppState>,
    PathId(id): PathId<EditId>,
    Body(body): Body<AttendanceBody>,
) -> Result<Json<EventAnswer>, ApiError> {
    let place = (caller.shop, id.to_string());
    let came = body.attended.into_iter().collect();
    let event = events::set_attendance(&state.book, place, came).await?;
    let feedback = read_aside(&state, &caller, move |state, principal| {
        Ok(events::feedback(
            &state.book,
            principal.shop,
            &id.to_string(),
        )?)
    });
    let feedback = feedback.await?;
    Ok(Json(EventAnswer { event, feedback }))
}

impl From<EventError> for ApiError {
    fn from(error: EventError) -> Self {
        match error {
            EventError::Invalid(detail) => Self::invalid(detail),
            EventError::Unknown => Self::not_found("event"),
            EventError::Notice(error) => Self::internal(error.to_string()),
            EventError::Store(error) => Self::from(&error),
        }
    }
}
