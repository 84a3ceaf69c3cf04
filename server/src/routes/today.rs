//! The today list of whoever asks: what is owed to the customers whom they look after first, computed on the hub as it is on a handheld.
//!
//! A handheld keeps a row of what may fall due for every customer of its book, and lists the shop's too. The hub keeps none, so that here each
//! customer is opened: the list is of the associate's own, and of so many of them that opening them all is soon done.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_core::concierge::rights::local_day;
use sync_core::concierge::today::{Shift, Today, TodayList, row_of};
use sync_core::ids::{AssociateId, Timestamp};
use sync_core::limits;
use sync_core::store::ReadTx;

use super::customers::read_aside;
use crate::book::person::{self, Seen};
use crate::book::reading;
use crate::desk::owners;
use crate::gap;
use crate::http::AppState;
use crate::http::authorized::{Authorized, ReadCustomers};
use crate::http::body::Parameters;
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::identity::access::Principal;

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/today.json");

/// Customers who are opened for one list.
const CUSTOMERS_MAX: usize = 500;
/// Minutes of a shift, at most a day.
const SHIFT_MAX: u32 = 24 * 60;

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![Route::get("/v1/today", show)]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Minutes that the shift has.
    #[serde(default = "shift")]
    minutes: u32,
}

fn shift() -> u32 {
    8 * 60
}

#[derive(Serialize)]
struct TodayAnswer {
    /// Equal for equal lists, on the hub and on every handheld.
    hash: String,
    /// How many customers were looked at.
    customers: usize,
    /// Customers of the associate beyond those: nothing of them is in the list.
    not_looked_at: usize,
    #[serde(flatten)]
    today: Today,
}

async fn show(
    caller: Authorized<ReadCustomers>,
    State(state): State<AppState>,
    Parameters(asked): Parameters<Asked>,
) -> Result<Json<TodayAnswer>, ApiError> {
    if !(1..=SHIFT_MAX).contains(&asked.minutes) {
        return Err(ApiError::invalid(format!(
            "minutes: expected 1 to {SHIFT_MAX}"
        )));
    }
    let Some(associate) = caller.associate else {
        return Err(ApiError::forbidden(
            "a today list is an associate's: ask with the sign-in of one",
        ));
    };
    let (answer, lines) = read_aside(&state, &caller, move |state, principal| {
        list(state, (principal, associate), asked.minutes)
    })
    .await?;
    state.book.log_reads(lines).await?;
    Ok(Json(answer))
}

/// The list, with the lines of the access log for everybody who was opened for it.
fn list(
    state: &AppState,
    (principal, associate): (&Principal, AssociateId),
    minutes: u32,
) -> Result<(TodayAnswer, Vec<sync_core::access::AccessEntry>), ApiError> {
    let now = state.clock.now();
    let tx = state.book.store().read()?;
    let (playbook, _) = gap::playbook(&*tx)?;
    let mut mine = owners::of(&*tx, associate)?;
    let not_looked_at = mine.len().saturating_sub(CUSTOMERS_MAX);
    mine.truncate(CUSTOMERS_MAX);
    let (mut persons, mut rows, mut lines) = (BTreeSet::new(), Vec::new(), Vec::new());
    for customer in mine {
        let Some(reached) = reading::reach(&*tx, principal, customer)? else {
            continue;
        };
        let person = person::open(&state.book, principal, reached, now)?;
        // Who is several cards is listed once.
        if !persons.insert(person.members.first().copied().unwrap_or(customer)) {
            continue;
        }
        let seen = Seen::gather(&state.book, principal, &person, now)?;
        rows.push(row_of(&seen.picture(), &playbook));
        lines.extend(person.access_lines(principal, now));
    }
    let shift = Shift {
        of: Some(associate),
        now,
        ends: day_ends(&*tx, principal, now)?,
        minutes,
    };
    let customers = rows.len();
    let list: TodayList = rows.into_iter().collect();
    let today = list.plan(&shift, limits::NOT_TODAY_SHOWN);
    let answer = TodayAnswer {
        hash: today.hash().to_string(),
        customers,
        not_looked_at,
        today,
    };
    Ok((answer, lines))
}

/// When the day of the caller's shop is over, by its clock; in a day where it has none.
fn day_ends(tx: &dyn ReadTx, principal: &Principal, now: Timestamp) -> Result<Timestamp, ApiError> {
    let shops = gap::gather::shops(tx)?;
    let ahead = shops.minutes_ahead(principal.shop, now);
    let ends = ahead.map(|ahead| local_day(now, ahead).until);
    Ok(ends.unwrap_or_else(|| now.plus_ms(Timestamp::DAY_MS)))
}
