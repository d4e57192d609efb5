//! HTTP door for delivery: `POST …/delivered`.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, post};
use kernel::ConversationId;
use serde::Deserialize;
use utoipa::ToSchema;
use web::{Caller, Envelope, Json, Path, WebError};

use super::acknowledge::{self, Cursor};
use crate::chat::Chat;

/// Mounts the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(delivered);
}

/// How far the device has stored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliveredRequest {
    /// Everything up to here.
    pub seq: u64,
    /// The conversation's epoch when it was stored.
    pub epoch: String,
}

/// Says that the token's device has stored everything up to `seq`.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/delivered", operation_id = "markDelivered", tag = "delivery", request_body = DeliveredRequest,
    params(("id" = String, Path, description = "the conversation's id")),
    responses(
        (status = 204, description = "recorded"),
        (status = "default", description = "error", body = Envelope),
    ),
    security(("bearer" = []))
)]
#[post("/api/v1/conversations/{id}/delivered")]
pub(crate) async fn delivered(
    chat: Data<Arc<Chat>>,
    caller: Caller,
    id: Path<ConversationId>,
    body: Json<DeliveredRequest>,
) -> Result<HttpResponse, WebError> {
    let DeliveredRequest { seq, epoch } = body.0;
    let cursor = Cursor { conversation_id: id.0, seq, epoch };
    acknowledge::acknowledge_at_the_door(&chat, &caller.0, &[cursor]).await?;
    Ok(HttpResponse::NoContent().finish())
}
