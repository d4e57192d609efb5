//! HTTP door for one's own profile and for finding people.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{get, patch};
use kernel::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Caller, Envelope, Json, Path, Query, WebError};

use super::look_up::{self, Wanted};
use super::{Edit, ProfileChange, UserView, change};
use crate::limits;
use crate::ports::Ports;

/// Mounts the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(me).service(change_me).service(search).service(one);
}

/// What to change: absent fields stay, `null` clears.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfilePatch {
    /// 1 to 64 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Edit,
    /// 3 to 32 characters of a-z, 0-9, `_` and `.`; unique.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    username: Edit,
    /// 1 to 280 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    bio: Edit,
}

/// Whom to look for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchQuery {
    /// At least 2 characters: the beginning of a word of the name or of the username, or a whole mail address.
    q: String,
    /// 1 to 50 people; 20 unless given.
    limit: Option<u32>,
    /// The `nextCursor` of the page before.
    cursor: Option<String>,
}

/// A page of people.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserPage {
    /// The people.
    data: Vec<UserView>,
    /// Where the next page starts; null on the last one.
    next_cursor: Option<String>,
}

/// One's own profile.
#[utoipa::path(
    get, path = "/api/v1/users/me", operation_id = "getMe", tag = "users",
    responses(
        (status = 200, description = "the profile", body = UserView),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[get("/api/v1/users/me")]
pub(crate) async fn me(
    ports: Data<Arc<Ports>>,
    caller: Caller,
) -> Result<Json<UserView>, WebError> {
    Ok(Json(look_up::one(&ports, caller.0.user).await?.into()))
}

/// Changes one's own profile.
#[utoipa::path(
    patch, path = "/api/v1/users/me", operation_id = "changeMe", tag = "users", request_body = ProfilePatch,
    responses(
        (status = 200, description = "the profile now", body = UserView),
        (status = 409, description = "somebody else has the username", body = Envelope),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[patch("/api/v1/users/me")]
pub(crate) async fn change_me(
    ports: Data<Arc<Ports>>,
    caller: Caller,
    body: Json<ProfilePatch>,
) -> Result<Json<UserView>, WebError> {
    limits::change(&ports, caller.0.user).await?;
    let ProfilePatch { name, username, bio } = body.0;
    let wanted = ProfileChange { name, username, bio };
    Ok(Json(change::change(&ports, caller.0.user, wanted).await?.into()))
}

/// Finds people. There is no list of all.
#[utoipa::path(
    get, path = "/api/v1/users", operation_id = "searchUsers", tag = "users", params(SearchQuery),
    responses(
        (status = 200, description = "people who match", body = UserPage),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[get("/api/v1/users")]
pub(crate) async fn search(
    ports: Data<Arc<Ports>>,
    caller: Caller,
    query: Query<SearchQuery>,
) -> Result<Json<UserPage>, WebError> {
    let SearchQuery { q, limit, cursor } = query.0;
    let wanted = Wanted { query: q, limit, cursor };
    let page = look_up::search(&ports, caller.0.user, wanted).await?;
    let data = page.data.into_iter().map(UserView::from).collect();
    Ok(Json(UserPage { data, next_cursor: page.next_cursor }))
}

/// One person's public profile.
#[utoipa::path(
    get, path = "/api/v1/users/{id}", operation_id = "getUser", tag = "users",
    params(("id" = String, Path, description = "the person's id")),
    responses(
        (status = 200, description = "the profile", body = UserView),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[get("/api/v1/users/{id}")]
pub(crate) async fn one(
    ports: Data<Arc<Ports>>,
    _caller: Caller,
    id: Path<UserId>,
) -> Result<Json<UserView>, WebError> {
    Ok(Json(look_up::one(&ports, id.0).await?.into()))
}
