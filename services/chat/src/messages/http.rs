//! HTTP door for messages and the raw log.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, get, post};
use kernel::ConversationId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Caller, Envelope, Json, Path, Query, WebError};

use super::history;
use super::request::SendRequest;
use super::send;
use crate::chat::Chat;
use crate::conversations::http::limit;
use crate::log::entry::Entry;

/// Mounts the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(send_message).service(entries);
}

/// The entry that a message became.
#[derive(Debug, Serialize, ToSchema)]
pub struct SentAnswer {
    /// With its place in the log.
    #[schema(value_type = Object)]
    pub entry: Entry,
}

/// Which stretch of the log.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct EntriesQuery {
    /// Positions above this one; 0 unless given.
    after: Option<u64>,
    /// 1 to 200 entries; 50 unless given.
    limit: Option<u32>,
}

/// A stretch of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntriesAnswer {
    /// What is there, upwards.
    #[schema(value_type = Vec<Object>)]
    pub data: Vec<Entry>,
    /// Positions that are gone for good, as first and last of each run.
    pub gone: Vec<(u64, u64)>,
    /// Whether the log goes on.
    pub more: bool,
}

/// Sends a message.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/messages", tag = "messages", request_body = SendRequest,
    params(("id" = String, Path, description = "the conversation's id")),
    responses(
        (status = 201, description = "durable on a majority", body = SentAnswer),
        (status = 200, description = "was sent before; the first result", body = SentAnswer),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[post("/api/v1/conversations/{id}/messages")]
pub(crate) async fn send_message(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    id: Path<ConversationId>,
    body: Json<SendRequest>,
) -> Result<HttpResponse, WebError> {
    let sent = send::send(&chat, &caller.0, body.0.to(Some(id.0))?).await?;
    let mut answer = if sent.repeated { HttpResponse::Ok() } else { HttpResponse::Created() };
    Ok(answer.json(SentAnswer { entry: sent.entry }))
}

/// The raw log above a position.
#[utoipa::path(
    get, path = "/api/v1/conversations/{id}/entries", tag = "messages",
    params(("id" = String, Path, description = "the conversation's id"), EntriesQuery),
    responses(
        (status = 200, description = "a stretch of the log", body = EntriesAnswer),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[get("/api/v1/conversations/{id}/entries")]
pub(crate) async fn entries(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    id: Path<ConversationId>,
    query: Query<EntriesQuery>,
) -> Result<HttpResponse, WebError> {
    let limit = limit(query.0.limit)?.rows();
    let after = query.0.after.unwrap_or(0);
    let stretch = history::above(&chat, &caller.0, id.0, after, limit).await?;
    let history::Stretch { entries: data, gone, more } = stretch;
    Ok(HttpResponse::Ok().json(EntriesAnswer { data, gone, more }))
}
