//! The page at `/`, until there is a client to serve there.

use actix_web::http::header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, get};

/// Mounts the page.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(home).service(style);
}

#[get("/")]
async fn home() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'self'"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(include_str!("home.html"))
}

#[get("/home.css")]
async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(include_str!("home.css"))
}
