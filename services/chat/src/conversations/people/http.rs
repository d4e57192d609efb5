//! HTTP door for the people of a group.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, delete, get, patch, post};
use kernel::{ConversationId, EntryId, Page, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Caller, Envelope, IdempotencyKey, Json, Path, Query, WebError};

use super::view::MemberView;
use super::{add, leave, list, remove, roles};
use crate::chat::Chat;
use crate::conversations::Role;
use crate::conversations::http::{EntryAnswer, PageQuery, limit};
use crate::log::entry::Entry;

/// Mounts the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(all).service(bring).service(allow).service(send_away).service(go);
}

/// Which member of which conversation.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub struct MemberPath {
    /// The conversation's id.
    #[param(value_type = String)]
    id: ConversationId,
    /// The member's id.
    #[param(value_type = String)]
    user_id: UserId,
}

/// People to be brought in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddRequest {
    /// 1 to 100 people. Those who are there already are passed over.
    #[schema(value_type = Vec<String>)]
    pub user_ids: Vec<UserId>,
}

/// What a member may do from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleRequest {
    /// `owner`, `admin` or `member`.
    pub role: Role,
}

/// The entries that a change became.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntriesAnswer {
    /// One for each person who was not there before.
    #[schema(value_type = Vec<Object>)]
    pub entries: Vec<Entry>,
}

/// The people of a conversation.
#[utoipa::path(
    get, path = "/api/v1/conversations/{id}/members", operation_id = "listMembers", tag = "conversations",
    params(("id" = String, Path, description = "the conversation's id"), PageQuery),
    responses(
        (status = 200, description = "a page: `{data, nextCursor}`", body = [MemberView]),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[get("/api/v1/conversations/{id}/members")]
pub(crate) async fn all(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    id: Path<ConversationId>,
    query: Query<PageQuery>,
) -> Result<HttpResponse, WebError> {
    let (limit, cursor) = (limit(query.0.limit)?, query.0.cursor.as_deref());
    let page: Page<MemberView> = list::people(&chat, &caller.0, id.0, cursor, limit).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Brings people into a group, as members. Owners and admins only.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/members", operation_id = "addMembers", tag = "conversations", request_body = AddRequest,
    params(
        ("id" = String, Path, description = "the conversation's id"),
        ("Idempotency-Key" = String, Header, description = "a UUID"),
    ),
    responses(
        (status = 200, description = "everyone is in", body = EntriesAnswer),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[post("/api/v1/conversations/{id}/members")]
pub(crate) async fn bring(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    id: Path<ConversationId>,
    key: IdempotencyKey,
    body: Json<AddRequest>,
) -> Result<HttpResponse, WebError> {
    let key = EntryId::from_uuid(key.0);
    let entries = add::add(&chat, &caller.0, id.0, &body.0.user_ids, key).await?;
    Ok(HttpResponse::Ok().json(EntriesAnswer { entries }))
}

/// Says what a member may do. Owners only.
#[utoipa::path(
    patch, path = "/api/v1/conversations/{id}/members/{userId}", operation_id = "changeMember", tag = "conversations",
    request_body = RoleRequest,
    params(
        MemberPath,
        ("Idempotency-Key" = String, Header, description = "a UUID; becomes the entry's id"),
    ),
    responses(
        (status = 200, description = "so it is", body = EntryAnswer),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[patch("/api/v1/conversations/{id}/members/{userId}")]
pub(crate) async fn allow(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    path: Path<MemberPath>,
    key: IdempotencyKey,
    body: Json<RoleRequest>,
) -> Result<HttpResponse, WebError> {
    let (MemberPath { id, user_id: user }, key) = (path.0, EntryId::from_uuid(key.0));
    let entry = roles::set_role(&chat, &caller.0, id, (user, body.0.role), key).await?;
    Ok(HttpResponse::Ok().json(EntryAnswer { entry }))
}

/// Sends a member away. Owners, and admins for those who are neither.
#[utoipa::path(
    delete, path = "/api/v1/conversations/{id}/members/{userId}", operation_id = "removeMember", tag = "conversations",
    params(
        MemberPath,
        ("Idempotency-Key" = String, Header, description = "a UUID; becomes the entry's id"),
    ),
    responses(
        (status = 204, description = "out"),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[delete("/api/v1/conversations/{id}/members/{userId}")]
pub(crate) async fn send_away(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    path: Path<MemberPath>,
    key: IdempotencyKey,
) -> Result<HttpResponse, WebError> {
    let (MemberPath { id, user_id: user }, key) = (path.0, EntryId::from_uuid(key.0));
    remove::remove(&chat, &caller.0, id, user, key).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Leaves a group. Where no owner would be left, the longest-standing admin or member becomes one.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/leave", operation_id = "leaveConversation", tag = "conversations",
    params(
        ("id" = String, Path, description = "the conversation's id"),
        ("Idempotency-Key" = String, Header, description = "a UUID; becomes the entry's id"),
    ),
    responses(
        (status = 204, description = "out"),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[post("/api/v1/conversations/{id}/leave")]
pub(crate) async fn go(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    id: Path<ConversationId>,
    key: IdempotencyKey,
) -> Result<HttpResponse, WebError> {
    leave::leave(&chat, &caller.0, id.0, EntryId::from_uuid(key.0)).await?;
    Ok(HttpResponse::NoContent().finish())
}
