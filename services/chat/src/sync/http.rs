//! HTTP door for catching up: `POST /sync`.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, post};
use web::{Caller, Envelope, Json, WebError};

use super::catch_up::{self, SyncAnswer, SyncRequest};
use crate::chat::Chat;

/// Mounts the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(sync);
}

/// Everything above the cursors of the token's device, in pages.
#[utoipa::path(
    post, path = "/api/v1/sync", operation_id = "sync", tag = "delivery", request_body = SyncRequest,
    responses(
        (status = 200, description = "a page of news", body = SyncAnswer),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[post("/api/v1/sync")]
pub(crate) async fn sync(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    body: Json<SyncRequest>,
) -> Result<HttpResponse, WebError> {
    let answer = catch_up::catch_up_at_the_door(&chat, &caller.0, body.0).await?;
    Ok(HttpResponse::Ok().json(answer))
}
