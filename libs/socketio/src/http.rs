//! The door at `/socket.io/`.

use actix_http::body::{BodyStream, MessageBody};
use actix_http::ws;
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use crate::connection::{self, Outgoing};
use crate::{Engine, Handshake};

/// Why a request is refused: the protocol's own codes and words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    UnknownTransport,
    UnknownSession,
    BadMethod,
    BadRequest,
    Forbidden,
    UnsupportedVersion,
    Draining,
}

#[derive(Debug, Deserialize)]
struct Params {
    #[serde(rename = "EIO")]
    version: Option<String>,
    transport: Option<String>,
    sid: Option<String>,
}

/// Every request for `/socket.io/`. Must run on the web server's own worker, which then carries the connection.
pub(crate) async fn door(
    request: HttpRequest,
    payload: web::Payload,
    engine: web::Data<Engine>,
) -> HttpResponse {
    match accept(&request, payload, &engine) {
        Ok(response) => response,
        Err(refused) => refused.response(),
    }
}

fn accept(
    request: &HttpRequest,
    payload: web::Payload,
    engine: &Engine,
) -> Result<HttpResponse, Refused> {
    check(request, engine)?;
    let mut response = ws::handshake(request.head()).map_err(|_| Refused::BadRequest)?;
    let connection = connection::open(&engine.shared, handshake(request), payload);
    let (outgoing, keeper) = connection.ok_or(Refused::Draining)?;
    actix_web::rt::spawn(keeper);
    let body = BodyStream::<Outgoing>::new(outgoing).boxed();
    response.message_body(body).map(HttpResponse::from).map_err(|_| Refused::BadRequest)
}

/// The checks of the official server, in its order.
fn check(request: &HttpRequest, engine: &Engine) -> Result<(), Refused> {
    let params = web::Query::<Params>::from_query(request.query_string())
        .map_err(|_| Refused::BadRequest)?
        .into_inner();
    if params.transport.as_deref() != Some("websocket") {
        return Err(Refused::UnknownTransport);
    }
    let origin = one(request.headers(), "origin");
    let host = one(request.headers(), "host").unwrap_or_default();
    if !engine.shared.config.allowed_origins.admits(origin.as_deref(), &host) {
        return Err(Refused::Forbidden);
    }
    // Sessions that another transport opened would be named here.
    if params.sid.is_some() {
        return Err(Refused::UnknownSession);
    }
    if request.method() != Method::GET {
        return Err(Refused::BadMethod);
    }
    if params.version.as_deref() != Some("4") {
        return Err(Refused::UnsupportedVersion);
    }
    if engine.shared.registry.is_draining() {
        return Err(Refused::Draining);
    }
    Ok(())
}

fn handshake(request: &HttpRequest) -> Handshake {
    let headers = request.headers();
    let forwarded: Vec<&str> =
        headers.get_all("x-forwarded-for").filter_map(|value| value.to_str().ok()).collect();
    Handshake {
        peer: request.peer_addr(),
        origin: one(headers, "origin"),
        forwarded_for: (!forwarded.is_empty()).then(|| forwarded.join(", ")),
        request_id: one(headers, "x-request-id"),
        traceparent: one(headers, "traceparent"),
        user_agent: one(headers, header::USER_AGENT.as_str()),
    }
}

fn one(headers: &HeaderMap, name: &str) -> Option<String> {
    // A header that is not text must not pass for one that is absent.
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

impl Refused {
    fn response(self) -> HttpResponse {
        let (status, code, message) = match self {
            Self::UnknownTransport => (StatusCode::BAD_REQUEST, 0, "Transport unknown"),
            Self::UnknownSession => (StatusCode::BAD_REQUEST, 1, "Session ID unknown"),
            Self::BadMethod => (StatusCode::BAD_REQUEST, 2, "Bad handshake method"),
            Self::BadRequest => (StatusCode::BAD_REQUEST, 3, "Bad request"),
            Self::Forbidden => (StatusCode::FORBIDDEN, 4, "Forbidden"),
            Self::UnsupportedVersion => {
                (StatusCode::BAD_REQUEST, 5, "Unsupported protocol version")
            }
            Self::Draining => (StatusCode::SERVICE_UNAVAILABLE, 3, "Server is going away"),
        };
        HttpResponse::build(status).json(json!({ "code": code, "message": message }))
    }
}
