//! What is done to a message after it was sent.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, delete, patch, put};
use kernel::{ConversationId, EntryId};
use serde::Deserialize;
use utoipa::ToSchema;
use web::{Caller, Envelope, IdempotencyKey, Json, Path, Query, WebError};

use super::SentAnswer;
use crate::chat::Chat;
use crate::messages::body::Format;
use crate::messages::delete::{self, Delete, For};
use crate::messages::edit::{self, Edit};
use crate::messages::react::{self, Op, Reaction};
use crate::messages::write::{Arrived, Pending};

/// Mounts the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(edit_message).service(delete_message);
    config.service(add_reaction).service(remove_reaction);
}

/// Other words for a message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditRequest {
    /// 1 to 10 000 characters.
    pub text: String,
    /// Styles of ranges.
    #[serde(default)]
    pub formatting: Vec<Format>,
}

/// From whom a message is taken back.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DeleteQuery {
    /// `me` or `everyone`.
    #[serde(rename = "for")]
    #[param(inline)]
    whom: For,
}

/// Edits one's own message, for 15 minutes.
#[utoipa::path(
    patch, path = "/api/v1/conversations/{id}/messages/{messageId}", operation_id = "editMessage", tag = "messages", request_body = EditRequest,
    params(
        ("id" = String, Path, description = "the conversation's id"),
        ("messageId" = String, Path, description = "the message's id"),
        ("Idempotency-Key" = String, Header, description = "a UUID, the id of the edit's entry"),
    ),
    responses(
        (status = 200, description = "durable on a majority; a repeat gets the first result", body = SentAnswer),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[patch("/api/v1/conversations/{id}/messages/{messageId}")]
pub(crate) async fn edit_message(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    path: Path<(ConversationId, EntryId)>,
    key: IdempotencyKey,
    body: Json<EditRequest>,
) -> Result<HttpResponse, WebError> {
    let (conversation, message) = path.0;
    let EditRequest { text, formatting } = body.0;
    let id = EntryId::from_uuid(key.0);
    let edit = Edit { id, conversation, message, text, formatting };
    written(&chat, edit::take(&chat, &caller.0, Arrived::now(&chat), edit).await?).await
}

/// Takes a message back: for everyone one's own, for 24 hours, and in a group that one looks after anybody's.
#[utoipa::path(
    delete, path = "/api/v1/conversations/{id}/messages/{messageId}", operation_id = "deleteMessage", tag = "messages",
    params(
        ("id" = String, Path, description = "the conversation's id"),
        ("messageId" = String, Path, description = "the message's id"),
        ("Idempotency-Key" = String, Header, description = "a UUID, the id of the deletion's entry"),
        DeleteQuery,
    ),
    responses(
        (status = 200, description = "forgotten; a repeat gets the first result", body = SentAnswer),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[delete("/api/v1/conversations/{id}/messages/{messageId}")]
pub(crate) async fn delete_message(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    path: Path<(ConversationId, EntryId)>,
    key: IdempotencyKey,
    query: Query<DeleteQuery>,
) -> Result<HttpResponse, WebError> {
    let (conversation, message) = path.0;
    let id = EntryId::from_uuid(key.0);
    let delete = Delete { id, conversation, message, whom: query.0.whom };
    written(&chat, delete::take(&chat, &caller.0, Arrived::now(&chat), delete).await?).await
}

/// Puts an emoji to a message.
#[utoipa::path(
    put, path = "/api/v1/conversations/{id}/messages/{messageId}/reactions/{emoji}", operation_id = "addReaction", tag = "messages",
    params(
        ("id" = String, Path, description = "the conversation's id"),
        ("messageId" = String, Path, description = "the message's id"),
        ("emoji" = String, Path, description = "one emoji, at most 32 bytes"),
        ("Idempotency-Key" = String, Header, description = "a UUID, the id of the reaction's entry"),
    ),
    responses(
        (status = 200, description = "durable on a majority; a repeat gets the first result", body = SentAnswer),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[put("/api/v1/conversations/{id}/messages/{messageId}/reactions/{emoji}")]
pub(crate) async fn add_reaction(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    path: Path<(ConversationId, EntryId, String)>,
    key: IdempotencyKey,
) -> Result<HttpResponse, WebError> {
    let reaction = reaction(path.0, key, Op::Add);
    written(&chat, react::take(&chat, &caller.0, Arrived::now(&chat), reaction).await?).await
}

/// Takes an emoji away from a message.
#[utoipa::path(
    delete, path = "/api/v1/conversations/{id}/messages/{messageId}/reactions/{emoji}", operation_id = "removeReaction", tag = "messages",
    params(
        ("id" = String, Path, description = "the conversation's id"),
        ("messageId" = String, Path, description = "the message's id"),
        ("emoji" = String, Path, description = "one emoji, at most 32 bytes"),
        ("Idempotency-Key" = String, Header, description = "a UUID, the id of the reaction's entry"),
    ),
    responses(
        (status = 200, description = "durable on a majority; a repeat gets the first result", body = SentAnswer),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[delete("/api/v1/conversations/{id}/messages/{messageId}/reactions/{emoji}")]
pub(crate) async fn remove_reaction(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    path: Path<(ConversationId, EntryId, String)>,
    key: IdempotencyKey,
) -> Result<HttpResponse, WebError> {
    let reaction = reaction(path.0, key, Op::Remove);
    written(&chat, react::take(&chat, &caller.0, Arrived::now(&chat), reaction).await?).await
}

fn reaction(
    (conversation, message, emoji): (ConversationId, EntryId, String),
    key: IdempotencyKey,
    op: Op,
) -> Reaction {
    Reaction { id: EntryId::from_uuid(key.0), conversation, message, emoji, op }
}

async fn written(chat: &Chat, pending: Pending) -> Result<HttpResponse, WebError> {
    let entry = pending.written(chat).await?.entry;
    Ok(HttpResponse::Ok().json(SentAnswer { entry }))
}
