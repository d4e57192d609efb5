//! HTTP door for conversations.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, get, post};
use kernel::{ConversationId, Page, PageLimit, UserId, WireError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Caller, Envelope, Json, Path, Query, WebError};

use super::view::{self, ConversationView};
use super::{create, list};
use crate::chat::Chat;

/// Mounts the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(open).service(all).service(one);
}

/// A conversation to be opened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenRequest {
    /// `direct`; other kinds cannot be made yet.
    pub kind: super::Kind,
    /// The other person.
    #[schema(value_type = String, format = Uuid)]
    pub user_id: UserId,
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
    limit: Option<u32>,
    /// The `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Opens the direct conversation with somebody, or finds it.
#[utoipa::path(
    post, path = "/api/v1/conversations", tag = "conversations", request_body = OpenRequest,
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
    if body.0.kind != super::Kind::Direct {
        return Err(WireError::invalid("kind", "must be direct").into());
    }
    let opened = create::open_direct(&chat, &caller.0, body.0.user_id).await?;
    let mut answer = if opened.created { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.json(ConversationAnswer { conversation: opened.conversation }))
}

/// The caller's conversations, newest activity first.
#[utoipa::path(
    get, path = "/api/v1/conversations", tag = "conversations", params(PageQuery),
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
    get, path = "/api/v1/conversations/{id}", tag = "conversations",
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

/// What a page may hold.
pub(crate) fn limit(asked: Option<u32>) -> Result<PageLimit, WireError> {
    let range = format!("must be from 1 to {}", PageLimit::MAX);
    PageLimit::new(asked).ok_or_else(|| WireError::invalid("limit", range))
}
