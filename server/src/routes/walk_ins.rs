//! Walk-ins: fetching the card of another shop's customer for the day.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_core::card::terms::EndpointKind;
use sync_core::ids::{CustomerId, Timestamp};

use super::customers::read_aside;
use crate::duplicates::{KeepError, Keeper};
use crate::http::AppState;
use crate::http::authorized::{Authorized, WriteCustomers};
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::walk_ins::look_ups::LOOK_UPS_MAX;
use crate::walk_ins::{self, WalkInError};

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/walk_ins.json");

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![Route::post("/v1/walk-ins", let_in)]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WalkInBody {
    customer: Option<CustomerId>,
    phone: Option<String>,
    email: Option<String>,
}

#[derive(Serialize)]
struct WalkInAnswer {
    customer: CustomerId,
    /// Until when the card is in the shop's book; null where it is there anyway.
    until: Option<Timestamp>,
}

async fn let_in(
    caller: Authorized<WriteCustomers>,
    State(state): State<AppState>,
    Body(body): Body<WalkInBody>,
) -> Result<Json<WalkInAnswer>, ApiError> {
    let asked = match (body.customer, body.phone, body.email) {
        (Some(customer), None, None) => Ok(customer),
        (None, Some(phone), None) => Err((EndpointKind::Phone, phone)),
        (None, None, Some(email)) => Err((EndpointKind::Email, email)),
        _ => {
            return Err(ApiError::invalid(
                "expected one of customer, phone and email",
            ));
        }
    };
    let Some(associate) = caller.associate else {
        return Err(ApiError::forbidden(
            "this takes an associate who stands before the customer",
        ));
    };
    let customer = match asked {
        Ok(customer) => customer,
        Err((kind, text)) => {
            let counted = state.look_ups().begin(associate, state.clock.now());
            counted.map_err(too_many)?;
            read_aside(&state, &caller, move |state, _| found(state, kind, &text)).await?
        }
    };
    let now = state.clock.now();
    let place = (caller.shop, associate);
    let let_in = walk_ins::let_in(&state.book, customer, place, now).await?;
    // Noted before anything is given out.
    let line = walk_ins::access_line(customer, associate, now);
    state.book.log_reads(vec![line]).await?;
    Ok(Json(WalkInAnswer {
        customer: let_in.customer,
        until: let_in.until,
    }))
}

fn too_many(until: Timestamp) -> ApiError {
    ApiError {
        retry_at: Some(until),
        ..ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            format!(
                "{LOOK_UPS_MAX} look-ups by phone or e-mail a minute are the limit: wait, or serve them as a guest"
            ),
        )
    }
}

/// The one customer who has this endpoint.
fn found(state: &AppState, kind: EndpointKind, text: &str) -> Result<CustomerId, ApiError> {
    let keeper = Keeper::new(std::sync::Arc::clone(&state.book), state.keys.chain_key());
    let holders = keeper.holders(kind, text).map_err(|error| match error {
        KeepError::Endpoint(error) => ApiError::invalid(error.to_string()),
        KeepError::Store(error) => error.into(),
        other @ (KeepError::Write(_) | KeepError::Panicked) => {
            ApiError::internal(other.to_string())
        }
    })?;
    match holders.as_slice() {
        [one] => Ok(*one),
        [] => Err(WalkInError::Unknown.into()),
        _ => Err(ApiError::new(
            StatusCode::CONFLICT,
            "several_customers",
            "several customers have this: ask which shop knows them, and find the card there",
        )),
    }
}

impl From<WalkInError> for ApiError {
    fn from(error: WalkInError) -> Self {
        let detail = error.to_string();
        match error {
            WalkInError::Unknown => Self::new(StatusCode::NOT_FOUND, "not_found", detail),
            WalkInError::NoConsent => Self::new(StatusCode::CONFLICT, "no_consent", detail),
            WalkInError::Store(error) => Self::from(&error),
        }
    }
}
