//! Shops.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_core::ids::{ShopId, Timestamp};

use crate::http::AppState;
use crate::http::authorized::{Authorized, ManageShops, ReadShops};
use crate::http::body::{Body, PathId};
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::identity::rows::ShopRow;

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/shops.json");

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/shops", list),
        Route::post("/v1/shops", add),
        Route::get("/v1/shops/{shop}", show),
        Route::patch("/v1/shops/{shop}", change),
    ]
}

#[derive(Serialize)]
struct ShopAnswer {
    id: ShopId,
    name: String,
    time_zone: String,
    created_at: Timestamp,
}

impl ShopAnswer {
    fn of(id: ShopId, row: &ShopRow) -> Self {
        Self {
            id,
            name: row.name.clone(),
            time_zone: row.time_zone.clone(),
            created_at: row.created_at,
        }
    }

    fn find(state: &AppState, id: ShopId) -> Result<Json<Self>, ApiError> {
        let directory = state.identity.directory();
        let row = directory
            .shops
            .get(&id)
            .ok_or_else(|| ApiError::not_found("shop"))?;
        Ok(Json(Self::of(id, row)))
    }
}

async fn list(
    caller: Authorized<ReadShops>,
    State(state): State<AppState>,
) -> Json<Vec<ShopAnswer>> {
    let directory = state.identity.directory();
    let shops = directory
        .shops
        .iter()
        .filter(|(id, _)| caller.reaches(**id));
    Json(shops.map(|(id, row)| ShopAnswer::of(*id, row)).collect())
}

async fn show(
    caller: Authorized<ReadShops>,
    State(state): State<AppState>,
    PathId(id): PathId<ShopId>,
) -> Result<Json<ShopAnswer>, ApiError> {
    caller.reach(id, "shop")?;
    ShopAnswer::find(&state, id)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewShopBody {
    name: String,
    time_zone: String,
}

async fn add(
    caller: Authorized<ManageShops>,
    State(state): State<AppState>,
    Body(body): Body<NewShopBody>,
) -> Result<(StatusCode, Json<ShopAnswer>), ApiError> {
    caller.chain()?;
    let id = state.identity.add_shop(&body.name, &body.time_zone).await?;
    Ok((StatusCode::CREATED, ShopAnswer::find(&state, id)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShopChangeBody {
    name: Option<String>,
    time_zone: Option<String>,
}

async fn change(
    caller: Authorized<ManageShops>,
    State(state): State<AppState>,
    PathId(id): PathId<ShopId>,
    Body(body): Body<ShopChangeBody>,
) -> Result<Json<ShopAnswer>, ApiError> {
    caller.reach(id, "shop")?;
    let changing = state
        .identity
        .change_shop(id, body.name.as_deref(), body.time_zone.as_deref());
    changing.await?;
    ShopAnswer::find(&state, id)
}
