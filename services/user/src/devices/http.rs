//! HTTP door for one's devices.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, delete, get};
use kernel::DeviceId;
use serde::Serialize;
use utoipa::ToSchema;
use web::{Caller, Envelope, Json, Path, WebError};

use super::{DeviceView, remove};
use crate::ports::Ports;

/// Mounts the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(list).service(forget);
}

/// One's devices, the last seen first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DevicePage {
    /// The devices.
    data: Vec<DeviceView>,
    /// Always null: all are on one page.
    next_cursor: Option<String>,
}

/// One's devices.
#[utoipa::path(
    get, path = "/api/v1/devices", operation_id = "listDevices", tag = "devices",
    responses(
        (status = 200, description = "all devices", body = DevicePage),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[get("/api/v1/devices")]
pub(crate) async fn list(
    ports: Data<Arc<Ports>>,
    caller: Caller,
) -> Result<Json<DevicePage>, WebError> {
    let devices = ports.accounts.devices(caller.0.user).await?;
    let data = devices.into_iter().map(DeviceView::from).collect();
    Ok(Json(DevicePage { data, next_cursor: None }))
}

/// Forgets a device: its sessions end, and it no longer holds anybody's content.
#[utoipa::path(
    delete, path = "/api/v1/devices/{id}", operation_id = "removeDevice", tag = "devices",
    params(("id" = String, Path, description = "the device's id")),
    responses(
        (status = 204, description = "forgotten"),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[delete("/api/v1/devices/{id}")]
pub(crate) async fn forget(
    ports: Data<Arc<Ports>>,
    caller: Caller,
    id: Path<DeviceId>,
) -> Result<HttpResponse, WebError> {
    remove::remove(&ports, caller.0.user, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
