//! Associates.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_core::ids::{AssociateId, ShopId, Timestamp};

use crate::http::AppState;
use crate::http::authorized::{Authorized, ManageAssociates, ReadAssociates};
use crate::http::body::{Body, PathId};
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::identity::access::Role;
use crate::identity::people::{AssociateChange, NewAssociate, Subject};
use crate::identity::rows::AssociateRow;
use crate::secret::Secret;

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/associates.json");

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/associates", list),
        Route::post("/v1/associates", add),
        Route::get("/v1/associates/{associate}", show),
        Route::patch("/v1/associates/{associate}", change),
        Route::post("/v1/associates/{associate}/deactivate", deactivate),
    ]
}

#[derive(Serialize)]
struct AssociateAnswer {
    id: AssociateId,
    login: String,
    name: String,
    role: &'static str,
    shop: ShopId,
    chain: bool,
    created_at: Timestamp,
    deactivated_at: Option<Timestamp>,
}

impl AssociateAnswer {
    fn of(id: AssociateId, row: &AssociateRow) -> Self {
        Self {
            id,
            login: row.login.clone(),
            name: row.name.clone(),
            role: row.role.name(),
            shop: row.shop,
            chain: row.chain,
            created_at: row.created_at,
            deactivated_at: row.deactivated_at,
        }
    }
}

/// The associate, if it is within the caller's reach.
fn find<P>(
    caller: &Authorized<P>,
    state: &AppState,
    id: AssociateId,
) -> Result<AssociateRow, ApiError> {
    let row = state.identity.directory().associates.get(&id).cloned();
    let row = row.ok_or_else(|| ApiError::not_found("associate"))?;
    caller.reach(row.shop, "associate")?;
    Ok(row)
}

/// The associate, if the caller may also change it: a manager of one shop does not change one of the chain.
fn find_to_manage(
    caller: &Authorized<ManageAssociates>,
    state: &AppState,
    id: AssociateId,
) -> Result<AssociateRow, ApiError> {
    let row = find(caller, state, id)?;
    if row.chain {
        caller.chain()?;
    }
    Ok(row)
}

fn role(name: &str) -> Result<Role, ApiError> {
    Role::of_person(name).ok_or_else(|| ApiError::invalid("role: expected associate or manager"))
}

async fn list(
    caller: Authorized<ReadAssociates>,
    State(state): State<AppState>,
) -> Json<Vec<AssociateAnswer>> {
    let directory = state.identity.directory();
    let all = directory.associates.iter();
    let reached = all.filter(|(_, row)| caller.reaches(row.shop));
    Json(
        reached
            .map(|(id, row)| AssociateAnswer::of(*id, row))
            .collect(),
    )
}

async fn show(
    caller: Authorized<ReadAssociates>,
    State(state): State<AppState>,
    PathId(id): PathId<AssociateId>,
) -> Result<Json<AssociateAnswer>, ApiError> {
    let row = find(&caller, &state, id)?;
    Ok(Json(AssociateAnswer::of(id, &row)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAssociateBody {
    login: String,
    name: String,
    role: String,
    shop: ShopId,
    #[serde(default)]
    chain: bool,
    password: Secret<String>,
}

async fn add(
    caller: Authorized<ManageAssociates>,
    State(state): State<AppState>,
    Body(body): Body<NewAssociateBody>,
) -> Result<(StatusCode, Json<AssociateAnswer>), ApiError> {
    caller.reach(body.shop, "shop")?;
    let role = role(&body.role)?;
    if body.chain {
        caller.chain()?;
    }
    if body.chain && role != Role::Manager {
        return Err(ApiError::invalid(
            "chain: only a manager acts for the whole chain",
        ));
    }
    let new = NewAssociate {
        login: body.login,
        name: body.name,
        role,
        shop: body.shop,
        chain: body.chain,
        password: body.password,
    };
    let id = state.identity.add_associate(new).await?;
    let row = find(&caller, &state, id)?;
    Ok((StatusCode::CREATED, Json(AssociateAnswer::of(id, &row))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssociateChangeBody {
    name: Option<String>,
    role: Option<String>,
    shop: Option<ShopId>,
    password: Option<Secret<String>>,
}

async fn change(
    caller: Authorized<ManageAssociates>,
    State(state): State<AppState>,
    PathId(id): PathId<AssociateId>,
    Body(body): Body<AssociateChangeBody>,
) -> Result<Json<AssociateAnswer>, ApiError> {
    find_to_manage(&caller, &state, id)?;
    if let Some(shop) = body.shop {
        caller.reach(shop, "shop")?;
    }
    let change = AssociateChange {
        name: body.name,
        role: body.role.as_deref().map(role).transpose()?,
        shop: body.shop,
        password: body.password,
    };
    state.identity.change_associate(id, change).await?;
    let row = find(&caller, &state, id)?;
    Ok(Json(AssociateAnswer::of(id, &row)))
}

async fn deactivate(
    caller: Authorized<ManageAssociates>,
    State(state): State<AppState>,
    PathId(id): PathId<AssociateId>,
) -> Result<StatusCode, ApiError> {
    find_to_manage(&caller, &state, id)?;
    state.identity.deactivate(Subject::Associate(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
