//! The web client, as far as it was built when this program was; else a page that says where everything else is.

use actix_web::dev::RequestHead;
use actix_web::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get, guard};

use crate::client;

/// Mounts the client. Last: it answers for every path that is nobody else's.
pub(crate) fn routes(config: &mut ServiceConfig) {
    if client::is_there() {
        let reads = guard::Any(guard::Get()).or(guard::Head());
        let own = guard::fn_guard(|context| is_for_the_client(context.head()));
        config.service(web::resource("/{path:.*}").guard(reads).guard(own).to(page));
    } else {
        config.service(home).service(style);
    }
}

/// Whether the client answers: for its files, and to whoever wants to see a page also for what is not there. To all others that
/// is said as the API says it.
fn is_for_the_client(request: &RequestHead) -> bool {
    let path = request.uri.path();
    let accepted = request.headers.get(ACCEPT).and_then(|accepted| accepted.to_str().ok());
    let wants_page = accepted.is_some_and(|accepted| accepted.contains("text/html"));
    client::answers_for(path) && (wants_page || client::find(path).is_there)
}

async fn page(request: HttpRequest) -> HttpResponse {
    let client::Found { file, is_there } = client::find(request.path());
    let mut answer = if is_there { HttpResponse::Ok() } else { HttpResponse::NotFound() };
    answer
        .content_type(file.kind())
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((CACHE_CONTROL, file.caching()));
    if file.is_page() {
        answer.insert_header((CONTENT_SECURITY_POLICY, client::POLICY));
    }
    answer.body(file.content)
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
