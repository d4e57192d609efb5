//! The service's part of the OpenAPI page.

use utoipa::OpenApi;

use crate::{conversations, delivery, messages, reading, sync};

#[derive(OpenApi)]
#[openapi(paths(
    conversations::http::open,
    conversations::http::all,
    conversations::http::one,
    messages::http::send_message,
    messages::http::entries,
    delivery::http::delivered,
    reading::http::mark,
    reading::http::count_unread,
    sync::http::sync,
))]
struct Document;

/// The paths of the chat service.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
