//! HTTP door for messages and the raw log.

pub(crate) mod changes;

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, get, post};
use kernel::{ConversationId, WireError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Caller, Envelope, Json, Path, Query, WebError};

use super::folded::{self, From};
use super::history;
use super::request::SendRequest;
use super::send;
use crate::chat::Chat;
use crate::conversations::http::limit;
use crate::log::entry::Entry;

/// Mounts the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(send_message).service(messages).service(entries);
    changes::routes(config);
}

/// The entry that a message became.
#[derive(Debug, Serialize, ToSchema)]
pub struct SentAnswer {
    /// With its place in the log.
    #[schema(value_type = Object)]
    pub entry: Entry,
}

/// Which messages. At most one of `before` and `after`; without either the last ones.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct MessagesQuery {
    /// The last ones below this position.
    before: Option<u64>,
    /// The first ones above this position.
    after: Option<u64>,
    /// 1 to 200 messages; 50 unless given.
    limit: Option<u32>,
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
    post, path = "/api/v1/conversations/{id}/messages", operation_id = "sendMessage", tag = "messages", request_body = SendRequest,
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

/// Messages as they read now, with edits and reactions applied, by position. A page may hold less than was asked for;
/// `nextCursor` is the `before`, or `after`, of the next one, and null at the end.
#[utoipa::path(
    get, path = "/api/v1/conversations/{id}/messages", operation_id = "listMessages", tag = "messages",
    params(("id" = String, Path, description = "the conversation's id"), MessagesQuery),
    responses(
        (status = 200, description = "a page: `{data, nextCursor}`; a message is its entry with `editedAt`, `reactions` and `deleted`", body = [Object]),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[get("/api/v1/conversations/{id}/messages")]
pub(crate) async fn messages(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    id: Path<ConversationId>,
    query: Query<MessagesQuery>,
) -> Result<HttpResponse, WebError> {
    let from = match (query.0.before, query.0.after) {
        (Some(_), Some(_)) => {
            return Err(WireError::invalid("after", "cannot be given together with before").into());
        }
        (None, Some(after)) => From::After(after),
        (before, None) => From::Before(before.unwrap_or(u64::MAX)),
    };
    let limit = limit(query.0.limit)?.rows();
    let page = folded::page(&chat, &caller.0, id.0, from, limit).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// The raw log above a position.
#[utoipa::path(
    get, path = "/api/v1/conversations/{id}/entries", operation_id = "listEntries", tag = "messages",
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
