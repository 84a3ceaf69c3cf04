//! What other systems and the hub know of a customer beside their card: service cases, responses, contacts, the hub's answers.
//!
//! # Invariants
//! - Over every linked card within reach; each card that is opened is a line in the access log before anything is given out.
//! - Each says which system told it, and when.
//! - Without the scope `notes:read` nothing is in it that somebody said in their own words.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use sync_core::concierge::Picture;
use sync_core::concierge::picture::Told;
use sync_core::ids::{AssociateId, CustomerId, EditId, Timestamp};
use sync_core::notices::bodies::{
    AnswerBody, AnswerState, CaseBody, CaseState, ContactBody, ResponseBody,
};

use super::concierge::whole;
use crate::http::AppState;
use crate::http::authorized::{Authorized, ReadCustomers};
use crate::http::body::PathId;
use crate::http::error::ApiError;
use crate::http::route::Route;

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/dealings.json");

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![Route::get("/v1/customers/{customer}/dealings", show)]
}

#[derive(Serialize)]
struct DealingsAnswer {
    id: CustomerId,
    #[serde(flatten)]
    dealings: Dealings,
}

/// What happened, each list the latest first.
#[derive(Serialize)]
struct Dealings {
    /// The cards that this is read over.
    members: Vec<CustomerId>,
    cases: Vec<Sourced<CaseAnswer>>,
    responses: Vec<Sourced<ResponseAnswer>>,
    contacts: Vec<Sourced<ContactAnswer>>,
    answers: Vec<Sourced<HubAnswer>>,
}

/// What a system told, and when it said so.
#[derive(Serialize)]
struct Sourced<T> {
    key: String,
    source: String,
    as_of: Timestamp,
    #[serde(flatten)]
    body: T,
}

#[derive(Serialize)]
struct CaseAnswer {
    /// None where words are not to be read.
    topic: Option<String>,
    is_complaint: bool,
    state: &'static str,
    opened_at: Timestamp,
    solved_at: Option<Timestamp>,
    sku: Option<String>,
}

#[derive(Serialize)]
struct ResponseAnswer {
    to: String,
    channel: Option<String>,
    at: Timestamp,
    words: Option<String>,
    /// In percent.
    score: Option<u8>,
}

#[derive(Serialize)]
struct ContactAnswer {
    /// None in person.
    channel: Option<String>,
    purpose: Option<String>,
    at: Timestamp,
    by_customer: bool,
    summary: Option<String>,
    content: Option<String>,
    by: Option<AssociateId>,
    act: Option<String>,
}

#[derive(Serialize)]
struct HubAnswer {
    ask: EditId,
    state: &'static str,
    code: String,
    at: Option<Timestamp>,
    words: Option<String>,
}

impl Dealings {
    fn of(picture: &Picture<'_>) -> Self {
        let whole = picture.whole;
        let answers = whole.answers.values();
        Self {
            members: whole.members.clone(),
            cases: listed(&whole.cases, |body: &CaseBody| body.opened_at),
            responses: listed(&whole.responses, |body: &ResponseBody| body.at),
            contacts: listed(&whole.contacts, |body: &ContactBody| body.at),
            answers: in_order(answers.map(|told| (told.as_of, told)).collect()),
        }
    }
}

fn listed<'a, B, T: From<&'a B>>(told: &'a [Told<B>], at: fn(&B) -> Timestamp) -> Vec<Sourced<T>> {
    in_order(told.iter().map(|told| (at(&told.body), told)).collect())
}

fn in_order<'a, B, T: From<&'a B>>(mut told: Vec<(Timestamp, &'a Told<B>)>) -> Vec<Sourced<T>> {
    told.sort_by(|(at, one), (also, other)| (also, &one.key).cmp(&(at, &other.key)));
    let sourced = told.into_iter().map(|(_, told)| Sourced {
        key: told.key.clone(),
        source: told.source.clone(),
        as_of: told.as_of,
        body: T::from(&told.body),
    });
    sourced.collect()
}

impl From<&CaseBody> for CaseAnswer {
    fn from(body: &CaseBody) -> Self {
        Self {
            topic: Some(body.topic.clone()).filter(|topic| !topic.is_empty()),
            is_complaint: body.is_complaint,
            state: match body.state {
                CaseState::Open => "open",
                CaseState::Solved => "solved",
            },
            opened_at: body.opened_at,
            solved_at: body.solved_at,
            sku: body.sku.clone(),
        }
    }
}

impl From<&ResponseBody> for ResponseAnswer {
    fn from(body: &ResponseBody) -> Self {
        Self {
            to: body.to.clone(),
            channel: body.channel.clone(),
            at: body.at,
            words: body.words.clone(),
            score: body.score,
        }
    }
}

impl From<&ContactBody> for ContactAnswer {
    fn from(body: &ContactBody) -> Self {
        Self {
            channel: body.channel.clone(),
            purpose: body.purpose.clone(),
            at: body.at,
            by_customer: body.by_customer,
            summary: body.summary.clone(),
            content: body.content.clone(),
            by: body.by,
            act: body.act.clone(),
        }
    }
}

impl From<&AnswerBody> for HubAnswer {
    fn from(body: &AnswerBody) -> Self {
        Self {
            ask: body.ask,
            state: match body.state {
                AnswerState::Confirmed => "confirmed",
                AnswerState::Countered => "countered",
                AnswerState::Refused => "refused",
                AnswerState::Held => "held",
            },
            code: body.code.clone(),
            at: body.at,
            words: body.words.clone(),
        }
    }
}

async fn show(
    caller: Authorized<ReadCustomers>,
    State(state): State<AppState>,
    PathId(id): PathId<CustomerId>,
) -> Result<Json<DealingsAnswer>, ApiError> {
    let dealings = whole(&caller, &state, id, Dealings::of).await?;
    Ok(Json(DealingsAnswer { id, dealings }))
}
