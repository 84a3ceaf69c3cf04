//! Handhelds and the codes that enrol them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_core::ids::{AssociateId, DeviceId, ShopId, Timestamp};

use crate::http::AppState;
use crate::http::authorized::{Authorized, EnrolDevices, ReadDevices, RevokeDevices};
use crate::http::body::{Body, PathId};
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::identity::people::Subject;
use crate::identity::rows::DeviceRow;

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/devices.json");

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/devices", list),
        Route::get("/v1/devices/{device}", show),
        Route::post("/v1/devices/{device}/revoke", revoke),
        Route::post("/v1/enrolment-codes", make_code),
    ]
}

#[derive(Serialize)]
struct DeviceAnswer {
    id: DeviceId,
    label: String,
    shop: ShopId,
    hardware_key: bool,
    enrolled_by: AssociateId,
    enrolled_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

impl DeviceAnswer {
    fn of(id: DeviceId, row: &DeviceRow) -> Self {
        Self {
            id,
            label: row.label.clone(),
            shop: row.shop,
            hardware_key: row.hardware_key,
            enrolled_by: row.enrolled_by,
            enrolled_at: row.enrolled_at,
            revoked_at: row.revoked_at,
        }
    }
}

fn find<P>(caller: &Authorized<P>, state: &AppState, id: DeviceId) -> Result<DeviceRow, ApiError> {
    let row = state.identity.directory().devices.get(&id).cloned();
    let row = row.ok_or_else(|| ApiError::not_found("device"))?;
    caller.reach(row.shop, "device")?;
    Ok(row)
}

async fn list(
    caller: Authorized<ReadDevices>,
    State(state): State<AppState>,
) -> Json<Vec<DeviceAnswer>> {
    let directory = state.identity.directory();
    let reached = directory
        .devices
        .iter()
        .filter(|(_, row)| caller.reaches(row.shop));
    Json(
        reached
            .map(|(id, row)| DeviceAnswer::of(*id, row))
            .collect(),
    )
}

async fn show(
    caller: Authorized<ReadDevices>,
    State(state): State<AppState>,
    PathId(id): PathId<DeviceId>,
) -> Result<Json<DeviceAnswer>, ApiError> {
    let row = find(&caller, &state, id)?;
    Ok(Json(DeviceAnswer::of(id, &row)))
}

async fn revoke(
    caller: Authorized<RevokeDevices>,
    State(state): State<AppState>,
    PathId(id): PathId<DeviceId>,
) -> Result<StatusCode, ApiError> {
    find(&caller, &state, id)?;
    state.identity.deactivate(Subject::Device(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeBody {
    shop: ShopId,
}

#[derive(Serialize)]
struct CodeAnswer {
    typed: String,
    scanned: String,
    expires_at: Timestamp,
}

async fn make_code(
    caller: Authorized<EnrolDevices>,
    State(state): State<AppState>,
    Body(body): Body<CodeBody>,
) -> Result<(StatusCode, Json<CodeAnswer>), ApiError> {
    caller.reach(body.shop, "shop")?;
    let by = caller
        .associate
        .ok_or_else(|| ApiError::forbidden("only people make codes"))?;
    let code = state.identity.make_enrolment_code(body.shop, by).await?;
    let answer = CodeAnswer {
        typed: code.typed,
        scanned: code.scanned,
        expires_at: code.expires_at,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}
