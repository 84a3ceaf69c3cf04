//! Keys for other systems.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_core::ids::{AssociateId, ShopId, Timestamp};

use crate::http::AppState;
use crate::http::authorized::{Authorized, ManageIntegrations};
use crate::http::body::{Body, PathId};
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::identity::access::{Scope, Scopes};
use crate::identity::integrations::{IntegrationId, NewIntegration};
use crate::identity::people::Subject;
use crate::identity::rows::IntegrationRow;

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/integrations.json");

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/integrations", list),
        Route::post("/v1/integrations", add),
        Route::post("/v1/integrations/{integration}/revoke", revoke),
    ]
}

#[derive(Serialize)]
struct IntegrationAnswer {
    id: String,
    name: String,
    scopes: Vec<&'static str>,
    shop: ShopId,
    chain: bool,
    created_by: AssociateId,
    expires_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

impl IntegrationAnswer {
    fn of(id: IntegrationId, row: &IntegrationRow) -> Self {
        Self {
            id: id.to_string(),
            name: row.name.clone(),
            scopes: row.scopes.names(),
            shop: row.shop,
            chain: row.chain,
            created_by: row.created_by,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        }
    }
}

async fn list(
    caller: Authorized<ManageIntegrations>,
    State(state): State<AppState>,
) -> Json<Vec<IntegrationAnswer>> {
    let directory = state.identity.directory();
    let reached = directory
        .integrations
        .iter()
        .filter(|(_, row)| caller.reaches(row.shop));
    Json(
        reached
            .map(|(id, row)| IntegrationAnswer::of(*id, row))
            .collect(),
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewIntegrationBody {
    name: String,
    scopes: Vec<String>,
    shop: ShopId,
    #[serde(default)]
    chain: bool,
    days: i64,
}

#[derive(Serialize)]
struct KeyAnswer {
    id: String,
    key: String,
    expires_at: Timestamp,
}

async fn add(
    caller: Authorized<ManageIntegrations>,
    State(state): State<AppState>,
    Body(body): Body<NewIntegrationBody>,
) -> Result<(StatusCode, Json<KeyAnswer>), ApiError> {
    caller.reach(body.shop, "shop")?;
    if body.chain {
        caller.chain()?;
    }
    let by = caller
        .associate
        .ok_or_else(|| ApiError::forbidden("only people make keys"))?;
    let made = state.identity.add_integration(NewIntegration {
        name: body.name,
        scopes: scopes(&body.scopes)?,
        shop: body.shop,
        chain: body.chain,
        days: body.days,
        by,
    });
    let made = made.await?;
    let answer = KeyAnswer {
        id: made.id.to_string(),
        key: made.key.expose().clone(),
        expires_at: made.expires_at,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

fn scopes(names: &[String]) -> Result<Scopes, ApiError> {
    let known: Option<Vec<Scope>> = names
        .iter()
        .map(|name| Scope::of_integration(name))
        .collect();
    match known {
        Some(scopes) if !scopes.is_empty() => Ok(Scopes::of(&scopes)),
        Some(_) | None => {
            let known: Vec<_> = Scope::FOR_INTEGRATIONS.iter().map(|it| it.name()).collect();
            Err(ApiError::invalid(format!(
                "scopes: expected one or more of {}",
                known.join(", ")
            )))
        }
    }
}

async fn revoke(
    caller: Authorized<ManageIntegrations>,
    State(state): State<AppState>,
    PathId(id): PathId<IntegrationId>,
) -> Result<StatusCode, ApiError> {
    let shop = state
        .identity
        .directory()
        .integrations
        .get(&id)
        .map(|row| row.shop);
    caller.reach(
        shop.ok_or_else(|| ApiError::not_found("integration"))?,
        "integration",
    )?;
    state.identity.deactivate(Subject::Integration(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
