//! HTTP door for what is known to everybody.

use std::sync::Arc;

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, get};
use web::{Envelope, Json, WebError};

use super::config::{ClientConfig, client_config};
use crate::ports::Ports;

/// Keys change rarely; a new one is fetched when a token names it.
const KEYS_CACHED: &str = "public, max-age=60";

/// Mounts the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(config_of_clients).service(keys);
}

/// Limits and features, before log-in.
#[utoipa::path(
    get, path = "/api/v1/client-config", operation_id = "getClientConfig", tag = "discovery",
    responses(
        (status = 200, description = "limits and features", body = ClientConfig),
        (status = "default", description = "error", body = Envelope),
    )
)]
#[get("/api/v1/client-config")]
pub(crate) async fn config_of_clients(
    ports: Data<Arc<Ports>>,
) -> Result<Json<ClientConfig>, WebError> {
    Ok(Json(client_config(&ports.settings)))
}

/// The public keys that access tokens are signed with (RFC 7517).
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "getKeys", tag = "discovery",
    responses((status = 200, description = "a JSON Web Key Set", body = Object))
)]
#[get("/.well-known/jwks.json")]
pub(crate) async fn keys(ports: Data<Arc<Ports>>) -> Result<HttpResponse, WebError> {
    let cached = (CACHE_CONTROL, HeaderValue::from_static(KEYS_CACHED));
    let answer = HttpResponse::Ok()
        .insert_header(cached)
        .content_type("application/json")
        .body(ports.issuer.jwks_json());
    Ok(answer)
}
