//! Small events: making one, proposing guests, the host's list, calling it off, who came and who was heard.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_core::access::AccessEntry;
use sync_core::concierge::Brief;
use sync_core::concierge::guests::{Bar, Bound, EventBody, Guest, Proposal, Remark, Seat};
use sync_core::ids::{AssociateId, CustomerId, EditId, Timestamp};

use super::customers::read_aside;
use crate::book::person::{self, Seen};
use crate::book::reading;
use crate::events::after::{self, Feedback};
use crate::events::calling_off::{self, CalledOff};
use crate::events::{self, Asked, EventError, EventView, NewEvent};
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
        Route::post("/v1/events/{event}/call-off", call_off),
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
        let (event, feedback) = after::heard(&state.book, principal.shop, &id.to_string())?;
        Ok(EventAnswer { event, feedback })
    });
    Ok(Json(answer.await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// What a proposal goes by: who is among the best, and now.
fn asked(best: &TheBest, now: Timestamp) -> Asked<'_> {
    Asked { cohort: best, now }
}

#[derive(Serialize)]
struct GuestAnswer {
    #[serde(flatten)]
    guest: Guest,
    /// What the host sees of them; none where the card left the book meanwhile.
    brief: Option<Brief>,
}

#[derive(Serialize)]
struct ProposalAnswer {
    seats: u32,
    guests: Vec<GuestAnswer>,
    bound_by: BTreeMap<Bound, u32>,
    barred: BTreeMap<CustomerId, Bar>,
}

async fn propose(
    caller: Authorized<ManageBooks>,
    State(state): State<AppState>,
    PathId(id): PathId<EditId>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<ProposalAnswer>, ApiError> {
    let proposal = read_aside(&state, &caller, move |state, principal| {
        let (id, now) = (id.to_string(), state.book.now());
        let best = TheBest::read(&*state.store.read()?)?;
        let place = (principal.shop, id.as_str());
        let proposal = events::propose(&state.book, place, &asked(&best, now))?;
        with_briefs(state, principal, proposal)
    });
    let (answer, lines) = proposal.await?;
    // Noted before anything is given out.
    state.book.log_reads(lines).await?;
    Ok(Json(answer))
}

/// A proposal with the brief of each guest, as their host will see them; and what that leaves in the access log.
fn with_briefs(
    state: &AppState,
    principal: &Principal,
    proposal: Proposal,
) -> Result<(ProposalAnswer, Vec<AccessEntry>), ApiError> {
    let now = state.book.now();
    let (mut guests, mut lines) = (Vec::new(), Vec::new());
    for guest in proposal.guests {
        let reached = reading::reach(&*state.store.read()?, principal, guest.customer)?;
        let brief = match reached {
            Some(reached) => {
                let person = person::open(&state.book, principal, reached, now)?;
                lines.extend(person.access_lines(principal, now));
                let mut seen = Seen::gather(&state.book, principal, &person, now)?;
                if let Some(host) = guest.host {
                    seen = seen.seen_by(host);
                }
                Some(Brief::of(&seen.picture()))
            }
            None => None,
        };
        guests.push(GuestAnswer { guest, brief });
    }
    let answer = ProposalAnswer {
        seats: proposal.seats,
        guests,
        bound_by: proposal.bound_by,
        barred: proposal.barred,
    };
    Ok((answer, lines))
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
    after::set_attendance(&state.book, place, came).await?;
    let answer = read_aside(&state, &caller, move |state, principal| {
        let (event, feedback) = after::heard(&state.book, principal.shop, &id.to_string())?;
        Ok(EventAnswer { event, feedback })
    });
    Ok(Json(answer.await?))
}

async fn call_off(
    caller: Authorized<ManageBooks>,
    State(state): State<AppState>,
    PathId(id): PathId<EditId>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<CalledOff>, ApiError> {
    let author = reading::author(&caller).ok_or_else(|| ApiError::forbidden("sign in to write"))?;
    let place = (caller.shop, id.to_string());
    Ok(Json(
        calling_off::call_off(&state.book, author, place).await?,
    ))
}

impl From<EventError> for ApiError {
    fn from(error: EventError) -> Self {
        match error {
            EventError::Invalid(detail) => Self::invalid(detail),
            EventError::Unknown => Self::not_found("event"),
            EventError::CalledOff => {
                Self::new(StatusCode::CONFLICT, "called_off", error.to_string())
            }
            EventError::Desk(error) => error.into(),
            EventError::Notice(error) => Self::internal(error.to_string()),
            EventError::Store(error) => Self::from(&error),
        }
    }
}
