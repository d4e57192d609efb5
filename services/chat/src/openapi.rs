//! The service's part of the OpenAPI page.

use utoipa::OpenApi;

use crate::{conversations, delivery, messages, reading, sync};

#[derive(OpenApi)]
#[openapi(paths(
    conversations::http::open,
    conversations::http::all,
    conversations::http::one,
    conversations::http::change,
    conversations::http::set,
    conversations::http::remove,
    conversations::people::http::all,
    conversations::people::http::bring,
    conversations::people::http::allow,
    conversations::people::http::send_away,
    conversations::people::http::go,
    messages::http::send_message,
    messages::http::messages,
    messages::http::entries,
    messages::http::changes::edit_message,
    messages::http::changes::delete_message,
    messages::http::changes::add_reaction,
    messages::http::changes::remove_reaction,
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
