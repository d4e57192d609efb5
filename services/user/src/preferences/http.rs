//! HTTP door for one's choices.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{get, patch};
use serde::Deserialize;
use utoipa::ToSchema;
use web::{Caller, Envelope, Json, WebError};

use super::{Preferences, PreferencesChange, WhoMay, set};
use crate::limits;
use crate::ports::Ports;

/// Mounts the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(read).service(change);
}

/// What to change; absent fields stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PreferencesPatch {
    /// Whether others see what this person has read.
    read_receipts: Option<bool>,
    /// Whether others see when this person was last here.
    last_seen: Option<bool>,
    /// Whether somebody who knows the mail address finds this person by it.
    discoverable_by_mail: Option<bool>,
    /// Who may open a conversation with this person.
    who_may_message_me: Option<WhoMay>,
}

/// One's own choices.
#[utoipa::path(
    get, path = "/api/v1/users/me/settings", operation_id = "getSettings", tag = "users",
    responses(
        (status = 200, description = "the choices", body = Preferences),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[get("/api/v1/users/me/settings")]
pub(crate) async fn read(
    ports: Data<Arc<Ports>>,
    caller: Caller,
) -> Result<Json<Preferences>, WebError> {
    Ok(Json(set::get(&ports, caller.0.user).await?))
}

/// Changes one's own choices.
#[utoipa::path(
    patch, path = "/api/v1/users/me/settings", operation_id = "changeSettings", tag = "users", request_body = PreferencesPatch,
    responses(
        (status = 200, description = "the choices now", body = Preferences),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[patch("/api/v1/users/me/settings")]
pub(crate) async fn change(
    ports: Data<Arc<Ports>>,
    caller: Caller,
    body: Json<PreferencesPatch>,
) -> Result<Json<Preferences>, WebError> {
    limits::change(&ports, caller.0.user).await?;
    let wanted = PreferencesChange {
        read_receipts: body.read_receipts,
        last_seen: body.last_seen,
        discoverable_by_mail: body.discoverable_by_mail,
        who_may_message_me: body.who_may_message_me,
    };
    Ok(Json(set::set(&ports, caller.0.user, wanted).await?))
}
