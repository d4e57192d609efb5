//! HTTP door for reading: `POST …/read`, `GET /unread`.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, get, post};
use kernel::ConversationId;
use serde::Deserialize;
use utoipa::ToSchema;
use web::{Caller, Envelope, Json, Path, WebError};

use super::read::{self, Read};
use super::unread::{self, Unread};
use crate::chat::Chat;

/// Mounts the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(mark).service(count_unread);
}

/// How far the person has read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReadRequest {
    /// Everything up to here.
    pub seq: u64,
    /// The `count` of the entry at that position.
    pub count: u64,
}

/// Says how far the caller has read.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/read", operation_id = "markRead", tag = "reading", request_body = ReadRequest,
    params(("id" = String, Path, description = "the conversation's id")),
    responses(
        (status = 204, description = "recorded"),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[post("/api/v1/conversations/{id}/read")]
pub(crate) async fn mark(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    id: Path<ConversationId>,
    body: Json<ReadRequest>,
) -> Result<HttpResponse, WebError> {
    let ReadRequest { seq, count } = body.0;
    read::read(&chat, &caller.0, Read { conversation: id.0, seq, count }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What the caller has not read.
#[utoipa::path(
    get, path = "/api/v1/unread", operation_id = "countUnread", tag = "reading",
    responses(
        (status = 200, description = "unread messages", body = Unread),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[get("/api/v1/unread")]
pub(crate) async fn count_unread(
    chat: Data<Arc<Chat>>,
    caller: Caller,
) -> Result<HttpResponse, WebError> {
    Ok(HttpResponse::Ok().json(unread::unread(&chat, &caller.0).await?))
}
