//! The service's part of the API's description.

use utoipa::OpenApi;

use crate::{contacts, devices, discovery, login, preferences, profiles, sessions};

#[derive(OpenApi)]
#[openapi(paths(
    login::http::log_in,
    login::http::check_code,
    sessions::http::renew,
    sessions::http::log_out,
    sessions::http::list,
    sessions::http::revoke,
    devices::http::list,
    devices::http::forget,
    profiles::http::me,
    profiles::http::change_me,
    profiles::http::search,
    profiles::http::one,
    preferences::http::read,
    preferences::http::change,
    contacts::http::contacts,
    contacts::http::pending,
    contacts::http::blocked,
    contacts::http::ask,
    contacts::http::accept_request,
    contacts::http::end,
    contacts::http::block_person,
    contacts::http::unblock_person,
    discovery::http::config_of_clients,
    discovery::http::keys,
))]
struct Document;

/// The paths of the user service.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
