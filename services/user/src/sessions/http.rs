//! HTTP door for sessions.

use std::sync::Arc;

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, delete, get, post};
use kernel::{DeviceId, SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Caller, Envelope, Json, Path, WebError};

use super::{end, refresh};
use crate::accounts::Session;
use crate::ports::Ports;

/// Mounts the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(renew).service(log_out).service(list).service(revoke);
}

/// The refresh token of a session.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RefreshRequest {
    /// The last one that was given out.
    refresh_token: String,
}

/// New tokens for old.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefreshAnswer {
    /// For `Authorization: Bearer`.
    access_token: String,
    /// Seconds that it is good for.
    expires_in: u64,
    /// For `refresh` the next time.
    refresh_token: String,
}

/// One log-in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionView {
    /// Names it.
    #[schema(value_type = String, format = Uuid)]
    id: SessionId,
    /// The device it runs on.
    #[schema(value_type = String, format = Uuid)]
    device_id: DeviceId,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last refreshed.
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Timestamp,
    /// When it ends unless refreshed.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
}

/// Where one is logged in, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionPage {
    /// The sessions.
    data: Vec<SessionView>,
    /// Always null: all are on one page.
    next_cursor: Option<String>,
}

/// Exchanges a refresh token for its successor. The same token again, before its successor is used, gives the same answer.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", operation_id = "refreshTokens", tag = "auth", request_body = RefreshRequest,
    responses(
        (status = 200, description = "new tokens", body = RefreshAnswer),
        (status = 401, description = "not valid any more; log in again", body = Envelope),
        (status = "default", description = "error", body = Envelope),
    )
)]
#[post("/api/v1/auth/refresh")]
pub(crate) async fn renew(
    ports: Data<Arc<Ports>>,
    body: Json<RefreshRequest>,
) -> Result<HttpResponse, WebError> {
    let tokens = refresh::refresh(&ports, &body.refresh_token).await?;
    let private = (CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(HttpResponse::Ok().insert_header(private).json(RefreshAnswer {
        access_token: tokens.access,
        expires_in: tokens.expires_in.as_secs(),
        refresh_token: tokens.refresh,
    }))
}

/// Ends this session; its sockets close.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", operation_id = "logOut", tag = "auth",
    responses(
        (status = 204, description = "logged out"),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[post("/api/v1/auth/logout")]
pub(crate) async fn log_out(
    ports: Data<Arc<Ports>>,
    caller: Caller,
) -> Result<HttpResponse, WebError> {
    end::log_out(&ports, caller.0.user, caller.0.session).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Where one is logged in.
#[utoipa::path(
    get, path = "/api/v1/auth/sessions", operation_id = "listSessions", tag = "auth",
    responses(
        (status = 200, description = "all sessions", body = SessionPage),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[get("/api/v1/auth/sessions")]
pub(crate) async fn list(
    ports: Data<Arc<Ports>>,
    caller: Caller,
) -> Result<Json<SessionPage>, WebError> {
    let sessions = ports.accounts.sessions(caller.0.user, ports.clock.now()).await?;
    let data = sessions.iter().map(|session| view(session, caller.0.session)).collect();
    Ok(Json(SessionPage { data, next_cursor: None }))
}

/// Ends one of one's sessions; its sockets close.
#[utoipa::path(
    delete, path = "/api/v1/auth/sessions/{id}", operation_id = "revokeSession", tag = "auth",
    params(("id" = String, Path, description = "the session's id")),
    responses(
        (status = 204, description = "ended"),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[delete("/api/v1/auth/sessions/{id}")]
pub(crate) async fn revoke(
    ports: Data<Arc<Ports>>,
    caller: Caller,
    id: Path<SessionId>,
) -> Result<HttpResponse, WebError> {
    end::end(&ports, caller.0.user, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn view(session: &Session, current: SessionId) -> SessionView {
    SessionView {
        id: session.id,
        device_id: session.device,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        expires_at: session.expires_at,
        current: session.id == current,
    }
}
