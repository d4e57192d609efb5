//! HTTP door for conversations.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, delete, get, patch, post};
use kernel::{ConversationId, EntryId, Page, PageLimit, UserId, WireError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Caller, Envelope, IdempotencyKey, Json, Path, Query, WebError};

use super::create_group::{self, NewGroup};
use super::switches::Change;
use super::view::{self, ConversationView};
use super::{Kind, Retention, create, delete, list, personal, rename};
use crate::chat::Chat;
use crate::delivery::turn;
use crate::log::entry::Entry;

/// Mounts the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(open).service(all).service(one).service(change).service(set).service(remove);
}

/// A conversation to be made or found. `direct` wants `userId`; `group` wants `id`, `title` and `memberIds`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenRequest {
    /// `direct` or `group`.
    pub kind: Kind,
    /// The other person of a direct conversation.
    #[schema(value_type = Option<String>, format = Uuid)]
    pub user_id: Option<UserId>,
    /// Of a group: a UUID of version 7 made by the client; the same again is the same group.
    #[schema(value_type = Option<String>, format = Uuid)]
    pub id: Option<ConversationId>,
    /// Of a group: 1 to 100 characters.
    pub title: Option<String>,
    /// Of a group: everyone in it besides the caller, who owns it.
    #[schema(value_type = Option<Vec<String>>)]
    pub member_ids: Option<Vec<UserId>>,
    /// Of a group: `relay` unless given.
    pub retention: Option<Retention>,
}

/// What is to be opened.
enum Wanted {
    Direct(UserId),
    Group(NewGroup),
}

impl OpenRequest {
    /// What the use cases take. Fields of another kind are refused.
    fn wanted(self) -> Result<Wanted, WireError> {
        let missing = |field: &str| WireError::invalid(field, "is missing");
        let other = |field: &str| WireError::invalid(field, "does not belong to this kind");
        match self {
            Self { kind: Kind::Direct, user_id, id, title, member_ids, retention } => {
                let fields = [
                    ("id", id.is_some()),
                    ("title", title.is_some()),
                    ("memberIds", member_ids.is_some()),
                    ("retention", retention.is_some()),
                ];
                if let Some((field, _)) = fields.into_iter().find(|(_, given)| *given) {
                    return Err(other(field));
                }
                Ok(Wanted::Direct(user_id.ok_or_else(|| missing("userId"))?))
            }
            Self { kind: Kind::Group, user_id: Some(_), .. } => Err(other("userId")),
            Self { kind: Kind::Group, id, title, member_ids, retention, .. } => {
                Ok(Wanted::Group(NewGroup {
                    id: id.ok_or_else(|| missing("id"))?,
                    title: title.ok_or_else(|| missing("title"))?,
                    members: member_ids.ok_or_else(|| missing("memberIds"))?,
                    retention: retention.unwrap_or_default(),
                }))
            }
            Self { kind: Kind::Own, .. } => {
                Err(WireError::invalid("kind", "must be direct or group"))
            }
        }
    }
}

/// What is to be different about a conversation: one thing in a call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeRequest {
    /// Another title, 1 to 100 characters.
    pub title: Option<String>,
    /// A picture; there are none yet.
    pub avatar_id: Option<String>,
    /// How long content is kept from now on. Owners only.
    pub retention: Option<Retention>,
}

/// The entry that a change became.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryAnswer {
    /// With its place in the log; null if there was nothing to change.
    #[schema(value_type = Option<Object>)]
    pub entry: Option<Entry>,
}

/// One conversation.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationAnswer {
    /// As the caller sees it.
    pub conversation: ConversationView,
}

/// Which page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// 1 to 200 rows; 50 unless given.
    pub limit: Option<u32>,
    /// The `nextCursor` of the page before.
    pub cursor: Option<String>,
}

/// Opens the direct conversation with somebody, or finds it; makes a group.
#[utoipa::path(
    post, path = "/api/v1/conversations", operation_id = "openConversation", tag = "conversations", request_body = OpenRequest,
    responses(
        (status = 201, description = "opened", body = ConversationAnswer),
        (status = 200, description = "was there", body = ConversationAnswer),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[post("/api/v1/conversations")]
pub(crate) async fn open(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    body: Json<OpenRequest>,
) -> Result<HttpResponse, WebError> {
    let opened = match body.0.wanted()? {
        Wanted::Direct(user) => create::open_direct(&chat, &caller.0, user).await?,
        Wanted::Group(group) => create_group::create_group(&chat, &caller.0, group).await?,
    };
    let mut answer = if opened.created { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.json(ConversationAnswer { conversation: opened.conversation }))
}

/// The caller's conversations, newest activity first.
#[utoipa::path(
    get, path = "/api/v1/conversations", operation_id = "listConversations", tag = "conversations", params(PageQuery),
    responses(
        (status = 200, description = "a page: `{data, nextCursor}`", body = [ConversationView]),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[get("/api/v1/conversations")]
pub(crate) async fn all(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    query: Query<PageQuery>,
) -> Result<HttpResponse, WebError> {
    let page: Page<ConversationView> =
        list::list(&chat, &caller.0, query.0.cursor.as_deref(), limit(query.0.limit)?).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// One conversation.
#[utoipa::path(
    get, path = "/api/v1/conversations/{id}", operation_id = "getConversation", tag = "conversations",
    params(("id" = String, Path, description = "the conversation's id")),
    responses(
        (status = 200, description = "the conversation", body = ConversationAnswer),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[get("/api/v1/conversations/{id}")]
pub(crate) async fn one(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    id: Path<ConversationId>,
) -> Result<HttpResponse, WebError> {
    let conversation = view::of(&chat, caller.0.user, id.0).await?;
    Ok(HttpResponse::Ok().json(ConversationAnswer { conversation }))
}

/// Changes what all see of a conversation.
#[utoipa::path(
    patch, path = "/api/v1/conversations/{id}", operation_id = "changeConversation", tag = "conversations", request_body = ChangeRequest,
    params(
        ("id" = String, Path, description = "the conversation's id"),
        ("Idempotency-Key" = String, Header, description = "a UUID; becomes the entry's id"),
    ),
    responses(
        (status = 200, description = "changed", body = EntryAnswer),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[patch("/api/v1/conversations/{id}")]
pub(crate) async fn change(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    id: Path<ConversationId>,
    key: IdempotencyKey,
    body: Json<ChangeRequest>,
) -> Result<HttpResponse, WebError> {
    let key = EntryId::from_uuid(key.0);
    let entry = match body.0 {
        ChangeRequest { avatar_id: Some(_), .. } => {
            return Err(WireError::invalid("avatarId", "there are no pictures yet").into());
        }
        ChangeRequest { title: Some(_), retention: Some(_), .. } => {
            let reason = "cannot be changed together with the title; make two calls";
            return Err(WireError::invalid("retention", reason).into());
        }
        ChangeRequest { title: Some(title), .. } => {
            Some(rename::rename(&chat, &caller.0, id.0, &title, key).await?)
        }
        ChangeRequest { retention: Some(retention), .. } => {
            turn::turn(&chat, &caller.0, id.0, retention, key).await?
        }
        ChangeRequest { .. } => {
            return Err(WireError::invalid("title", "is missing").into());
        }
    };
    Ok(HttpResponse::Ok().json(EntryAnswer { entry }))
}

/// Changes what only the caller sees of a conversation. Their other devices learn it from their own log.
#[utoipa::path(
    patch, path = "/api/v1/conversations/{id}/me", operation_id = "changeMyConversation", tag = "conversations", request_body = Change,
    params(("id" = String, Path, description = "the conversation's id")),
    responses(
        (status = 200, description = "set", body = ConversationAnswer),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[patch("/api/v1/conversations/{id}/me")]
pub(crate) async fn set(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    id: Path<ConversationId>,
    body: Json<Change>,
) -> Result<HttpResponse, WebError> {
    let conversation = personal::set(&chat, &caller.0, id.0, body.0).await?;
    Ok(HttpResponse::Ok().json(ConversationAnswer { conversation }))
}

/// Removes a group for all. Owners only.
#[utoipa::path(
    delete, path = "/api/v1/conversations/{id}", operation_id = "deleteConversation", tag = "conversations",
    params(
        ("id" = String, Path, description = "the conversation's id"),
        ("Idempotency-Key" = String, Header, description = "a UUID"),
    ),
    responses(
        (status = 204, description = "gone"),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[delete("/api/v1/conversations/{id}")]
pub(crate) async fn remove(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    id: Path<ConversationId>,
    key: IdempotencyKey,
) -> Result<HttpResponse, WebError> {
    delete::delete(&chat, &caller.0, id.0, EntryId::from_uuid(key.0)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What a page may hold.
pub(crate) fn limit(asked: Option<u32>) -> Result<PageLimit, WireError> {
    let range = format!("must be from 1 to {}", PageLimit::MAX);
    PageLimit::new(asked).ok_or_else(|| WireError::invalid("limit", range))
}
