//! What other systems know beside sales, brought in over REST: cases, dealings, responses, the catalogue and stock.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync_core::ids::ShopId;
use tokio::runtime::Handle;

use super::customers::read_aside;
use super::records::{Outcomes, ROWS_MAX, RowOutcome, currency, shop, source};
use crate::book::reading;
use crate::duplicates::Keeper;
use crate::http::AppState;
use crate::http::authorized::{Authorized, WriteRecords};
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::identity::access::Principal;
use crate::import::notices::hub::BookNotices;
use crate::import::notices::{Facts, FactsOptions, FactsReport, FieldRow, post_facts};
use crate::import::{ImportError, SinkError};

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/facts.json");

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/v1/imports/cases", cases),
        Route::post("/v1/imports/interactions", interactions),
        Route::post("/v1/imports/responses", responses),
        Route::post("/v1/imports/catalogue", catalogue),
        Route::post("/v1/imports/stock", stock),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactsBody {
    source: Option<String>,
    /// The source whose numbers of customers these are; the rows' own where it is not named.
    customers_of: Option<String>,
    shop: Option<ShopId>,
    currency: Option<String>,
    phone_country: Option<String>,
    rows: Vec<Value>,
}

#[derive(Serialize)]
struct FactsAnswer {
    report: FactsReport,
    rows: Vec<RowOutcome>,
}

type Answer = Result<Json<FactsAnswer>, ApiError>;

async fn cases(
    caller: Authorized<WriteRecords>,
    State(state): State<AppState>,
    Body(body): Body<FactsBody>,
) -> Answer {
    bring(Facts::Cases, &caller, &state, body).await
}

async fn interactions(
    caller: Authorized<WriteRecords>,
    State(state): State<AppState>,
    Body(body): Body<FactsBody>,
) -> Answer {
    bring(Facts::Interactions, &caller, &state, body).await
}

async fn responses(
    caller: Authorized<WriteRecords>,
    State(state): State<AppState>,
    Body(body): Body<FactsBody>,
) -> Answer {
    bring(Facts::Responses, &caller, &state, body).await
}

async fn catalogue(
    caller: Authorized<WriteRecords>,
    State(state): State<AppState>,
    Body(body): Body<FactsBody>,
) -> Answer {
    bring(Facts::Catalogue, &caller, &state, body).await
}

async fn stock(
    caller: Authorized<WriteRecords>,
    State(state): State<AppState>,
    Body(body): Body<FactsBody>,
) -> Answer {
    bring(Facts::Stock, &caller, &state, body).await
}

/// Posts the rows of one request; each is taken or refused by itself.
async fn bring(facts: Facts, caller: &Principal, state: &AppState, body: FactsBody) -> Answer {
    let count = body.rows.len();
    if !(1..=ROWS_MAX).contains(&count) {
        return Err(ApiError::invalid(format!(
            "rows: expected 1 to {ROWS_MAX} of them"
        )));
    }
    let options = options(caller, state, &body)?;
    let keeper = Arc::new(Keeper::new(Arc::clone(&state.book), state.keys.chain_key()));
    // Whoever was written a moment ago is found by phone too.
    keeper
        .catch_up()
        .await
        .map_err(|error| ApiError::internal(error.to_string()))?;
    let (runtime, reader) = (Handle::current(), caller.clone());
    let rows = body.rows;
    read_aside(state, caller, move |state, _| {
        let mut sink = BookNotices {
            book: Arc::clone(&state.book),
            keeper,
            secret: state.keys.import_secret(),
            source: options.source.clone(),
            customers_of: options.customers_of.clone(),
            within: Some(Box::new(move |tx, customer| {
                Ok(reading::reach(tx, &reader, customer)?.is_some())
            })),
            runtime,
        };
        let rows = rows
            .iter()
            .map(|row| FieldRow::from_value(row, facts.columns()));
        let mut outcomes = Outcomes::untouched(count);
        let report = post_facts(facts, &options, rows.collect(), &mut sink, &mut outcomes);
        let report = report.map_err(|error| match error {
            ImportError::Sink(error) => error,
            other @ (ImportError::Empty
            | ImportError::Encoding { .. }
            | ImportError::Header { .. }
            | ImportError::Read { .. }) => SinkError::Refused(other.to_string()),
        })?;
        Ok(Json(FactsAnswer {
            report,
            rows: outcomes.0,
        }))
    })
    .await
}

fn options(
    caller: &Principal,
    state: &AppState,
    body: &FactsBody,
) -> Result<FactsOptions, ApiError> {
    let source = source(state, caller, body.source.clone())?;
    let directory = state.identity.directory();
    let reached = |shop: &ShopId| caller.reaches(*shop);
    Ok(FactsOptions {
        customers_of: body.customers_of.clone().unwrap_or_else(|| source.clone()),
        source,
        shop: Some(shop(state, caller, body.shop)?),
        shops: directory.shops.keys().copied().filter(reached).collect(),
        currency: body.currency.as_deref().map(currency).transpose()?,
        phone_country: body.phone_country.clone(),
        now: state.book.now(),
    })
}
