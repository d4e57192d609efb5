//! HTTP door for contacts and blocks.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, delete, get, post, put};
use kernel::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Caller, Envelope, IdempotencyKey, Json, Path, Query, WebError};

use super::list::{self, Wanted};
use super::store::List;
use super::view::ContactView;
use super::{accept, block, remove, request, unblock};
use crate::ports::Ports;

/// Mounts the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(contacts).service(pending).service(blocked).service(ask);
    config.service(accept_request).service(end).service(block_person).service(unblock_person);
}

/// Whom to ask.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ContactRequest {
    /// Not oneself.
    #[schema(value_type = String, format = Uuid)]
    user_id: UserId,
}

/// One person and what they are to the caller.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContactAnswer {
    /// After the call.
    contact: ContactView,
}

/// Which page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactsQuery {
    /// 1 to 200 people; 50 unless given.
    limit: Option<u32>,
    /// The `nextCursor` of the page before.
    cursor: Option<String>,
}

/// A page of people.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContactPage {
    /// The people, the newest first.
    data: Vec<ContactView>,
    /// Where the next page starts; null on the last one.
    next_cursor: Option<String>,
}

async fn page(
    ports: &Ports,
    caller: &Caller,
    list: List,
    query: ContactsQuery,
) -> Result<Json<ContactPage>, WebError> {
    let wanted = Wanted { list, limit: query.limit, cursor: query.cursor };
    let page = list::list(ports, caller.0.user, wanted).await?;
    Ok(Json(ContactPage { data: page.data, next_cursor: page.next_cursor }))
}

/// One's contacts, that is those who were accepted.
#[utoipa::path(
    get, path = "/api/v1/contacts", operation_id = "listContacts", tag = "contacts", params(ContactsQuery),
    responses(
        (status = 200, description = "a page; all are `accepted`", body = ContactPage),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[get("/api/v1/contacts")]
pub(crate) async fn contacts(
    ports: Data<Arc<Ports>>,
    caller: Caller,
    query: Query<ContactsQuery>,
) -> Result<Json<ContactPage>, WebError> {
    page(&ports, &caller, List::Contacts, query.0).await
}

/// Requests that wait for an answer: those to the caller are `incoming`, the caller's own `outgoing`.
#[utoipa::path(
    get, path = "/api/v1/contacts/pending", operation_id = "listContactRequests", tag = "contacts", params(ContactsQuery),
    responses(
        (status = 200, description = "a page of both kinds", body = ContactPage),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[get("/api/v1/contacts/pending")]
pub(crate) async fn pending(
    ports: Data<Arc<Ports>>,
    caller: Caller,
    query: Query<ContactsQuery>,
) -> Result<Json<ContactPage>, WebError> {
    page(&ports, &caller, List::Pending, query.0).await
}

/// People whom the caller blocks.
#[utoipa::path(
    get, path = "/api/v1/contacts/blocked", operation_id = "listBlockedPeople", tag = "contacts", params(ContactsQuery),
    responses(
        (status = 200, description = "a page; all are `blocked`", body = ContactPage),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[get("/api/v1/contacts/blocked")]
pub(crate) async fn blocked(
    ports: Data<Arc<Ports>>,
    caller: Caller,
    query: Query<ContactsQuery>,
) -> Result<Json<ContactPage>, WebError> {
    page(&ports, &caller, List::Blocked, query.0).await
}

/// Asks somebody to become a contact, or accepts if they have asked. The answer does not tell whether they see the request.
#[utoipa::path(
    post, path = "/api/v1/contacts", operation_id = "requestContact", tag = "contacts", request_body = ContactRequest,
    params(("Idempotency-Key" = String, Header, description = "a UUID")),
    responses(
        (status = 201, description = "asked (`outgoing`) or accepted", body = ContactAnswer),
        (status = 200, description = "had asked before, or is a contact", body = ContactAnswer),
        (status = 403, description = "the caller blocks them: unblock first", body = Envelope),
        (status = 409, description = "the key was used for somebody else", body = Envelope),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[post("/api/v1/contacts")]
pub(crate) async fn ask(
    ports: Data<Arc<Ports>>,
    caller: Caller,
    key: IdempotencyKey,
    body: Json<ContactRequest>,
) -> Result<HttpResponse, WebError> {
    let (contact, made) = request::request(&ports, caller.0.user, body.user_id, key.0).await?;
    let mut answer = if made.changed { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.json(ContactAnswer { contact }))
}

/// Accepts the request of somebody who has asked.
#[utoipa::path(
    put, path = "/api/v1/contacts/{userId}/accept", operation_id = "acceptContact", tag = "contacts",
    params(("userId" = String, Path, description = "who has asked")),
    responses(
        (status = 200, description = "a contact now, or was one", body = ContactAnswer),
        (status = 404, description = "no such person, or they have not asked", body = Envelope),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[put("/api/v1/contacts/{userId}/accept")]
pub(crate) async fn accept_request(
    ports: Data<Arc<Ports>>,
    caller: Caller,
    user: Path<UserId>,
) -> Result<Json<ContactAnswer>, WebError> {
    let contact = accept::accept(&ports, caller.0.user, user.0).await?;
    Ok(Json(ContactAnswer { contact }))
}

/// Ends a contact for both, takes one's own request back, or declines one. Leaves a block.
#[utoipa::path(
    delete, path = "/api/v1/contacts/{userId}", operation_id = "removeContact", tag = "contacts",
    params(("userId" = String, Path, description = "the other person")),
    responses(
        (status = 204, description = "neither a contact nor asked any more"),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[delete("/api/v1/contacts/{userId}")]
pub(crate) async fn end(
    ports: Data<Arc<Ports>>,
    caller: Caller,
    user: Path<UserId>,
) -> Result<HttpResponse, WebError> {
    remove::remove(&ports, caller.0.user, user.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Blocks somebody, contact or not. They are not told, and nothing shows it to them.
#[utoipa::path(
    put, path = "/api/v1/contacts/{userId}/block", operation_id = "blockPerson", tag = "contacts",
    params(("userId" = String, Path, description = "the other person")),
    responses(
        (status = 200, description = "blocked now, or was", body = ContactAnswer),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[put("/api/v1/contacts/{userId}/block")]
pub(crate) async fn block_person(
    ports: Data<Arc<Ports>>,
    caller: Caller,
    user: Path<UserId>,
) -> Result<Json<ContactAnswer>, WebError> {
    let contact = block::block(&ports, caller.0.user, user.0).await?;
    Ok(Json(ContactAnswer { contact }))
}

/// Ends a block. What the two were before does not come back.
#[utoipa::path(
    delete, path = "/api/v1/contacts/{userId}/block", operation_id = "unblockPerson", tag = "contacts",
    params(("userId" = String, Path, description = "the other person")),
    responses(
        (status = 204, description = "not blocked any more"),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[delete("/api/v1/contacts/{userId}/block")]
pub(crate) async fn unblock_person(
    ports: Data<Arc<Ports>>,
    caller: Caller,
    user: Path<UserId>,
) -> Result<HttpResponse, WebError> {
    unblock::unblock(&ports, caller.0.user, user.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
