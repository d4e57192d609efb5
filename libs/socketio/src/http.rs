//! The door: which request is what, and which is refused.

use std::sync::Arc;

use actix_http::ws;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use crate::link::Link;
use crate::machine::transport::Transport;
use crate::sid::Sid;
use crate::websocket::Wire;
use crate::{CloseReason, Engine, Handshake, direct, polling, websocket};

/// How long a browser may remember that a page may call.
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("600");

/// Why a request is refused: the protocol's own codes and words, where it has some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    UnknownTransport,
    UnknownSession,
    BadMethod,
    BadRequest,
    Forbidden,
    UnsupportedVersion,
    TooLarge,
    TooMany,
    Draining,
}

#[derive(Debug, Deserialize)]
struct Params {
    #[serde(rename = "EIO")]
    version: Option<String>,
    transport: Option<String>,
    sid: Option<String>,
}

/// Every request for the engine. Must run on the web server's own worker, which then carries the connection.
pub(crate) async fn door(
    request: HttpRequest,
    payload: web::Payload,
    engine: web::Data<Engine>,
) -> HttpResponse {
    if !request.head().upgrade() {
        direct::keep_http(&request);
    }
    let mut response = match accept(&request, payload, &engine).await {
        Ok(response) => response,
        Err(refused) => refused.response(),
    };
    share(&request, &engine, response.headers_mut());
    response
}

async fn accept(
    request: &HttpRequest,
    payload: web::Payload,
    engine: &Engine,
) -> Result<HttpResponse, Refused> {
    let params = web::Query::<Params>::from_query(request.query_string())
        .map_err(|_| Refused::BadRequest)?
        .into_inner();
    if request.method() == Method::OPTIONS {
        return if is_admitted(request, engine) {
            Ok(preflight(request))
        } else {
            Err(Refused::Forbidden)
        };
    }
    let websocket = match params.transport.as_deref() {
        Some("websocket") => true,
        Some("polling") => false,
        _ => return Err(Refused::UnknownTransport),
    };
    if !is_admitted(request, engine) {
        return Err(Refused::Forbidden);
    }
    let Some(sid) = &params.sid else {
        return begin(request, payload, engine, &params, websocket);
    };
    let sid = Sid::read(sid, &engine.shared.config.instance);
    let link =
        sid.and_then(|sid| engine.shared.registry.find(sid)).ok_or(Refused::UnknownSession)?;
    if let Some(reason) = link.tick(tokio::time::Instant::now()) {
        link.queue.close(reason);
        return Err(Refused::UnknownSession);
    }
    match (websocket, request.method()) {
        (true, &Method::GET) => change_over(request, payload, &link),
        (false, &Method::GET) => polling::poll(&link).await,
        (false, &Method::POST) => polling::post(&link, payload).await,
        _ => Err(Refused::BadMethod),
    }
}

/// A request that begins a session.
fn begin(
    request: &HttpRequest,
    payload: web::Payload,
    engine: &Engine,
    params: &Params,
    websocket: bool,
) -> Result<HttpResponse, Refused> {
    let shared = &engine.shared;
    if request.method() != Method::GET {
        return Err(Refused::BadMethod);
    }
    if shared.registry.is_draining() {
        return Err(Refused::Draining);
    }
    if params.version.as_deref() != Some("4") {
        return Err(Refused::UnsupportedVersion);
    }
    let response = websocket.then(|| ws::handshake(request.head())).transpose();
    let response = response.map_err(|_| Refused::BadRequest)?;
    let handshake = handshake(request);
    let place = shared.place(&handshake).map_err(|_| Refused::TooMany)?;
    let transport = if websocket { Transport::Websocket } else { Transport::polling() };
    let link = Link::new(shared, transport, handshake, place);
    if !shared.registry.add(&link) {
        link.end(CloseReason::Draining);
        return Err(Refused::Draining);
    }
    let Some(handshake) = response else { return Ok(polling::open(shared, &link)) };
    let wire = Wire { stream: direct::stream(request), payload, handshake };
    websocket::open(&link, wire).ok_or(Refused::BadRequest)
}

/// A websocket for a session that there is.
fn change_over(
    request: &HttpRequest,
    payload: web::Payload,
    link: &Arc<Link>,
) -> Result<HttpResponse, Refused> {
    let handshake = ws::handshake(request.head()).map_err(|_| Refused::BadRequest)?;
    let wire = Wire { stream: direct::stream(request), payload, handshake };
    websocket::probe(link, wire).ok_or(Refused::BadRequest)
}

fn is_admitted(request: &HttpRequest, engine: &Engine) -> bool {
    let origin = one(request.headers(), "origin");
    let host = one(request.headers(), "host").unwrap_or_default();
    engine.shared.config.allowed_origins.admits(origin.as_deref(), &host)
}

/// Answers a browser that asks whether a page may call.
fn preflight(request: &HttpRequest) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    response
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS));
    if let Some(wanted) = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        response.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone()));
    }
    response.finish()
}

/// Lets the browser show the answer to a page that is admitted.
fn share(request: &HttpRequest, engine: &Engine, headers: &mut HeaderMap) {
    let Some(origin) = request.headers().get(header::ORIGIN) else { return };
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if is_admitted(request, engine) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let credentials = HeaderValue::from_static("true");
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, credentials);
    }
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
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, 3, "Payload too large"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, 4, "Too many connections"),
            Self::Draining => (StatusCode::SERVICE_UNAVAILABLE, 3, "Server is going away"),
        };
        HttpResponse::build(status).json(json!({ "code": code, "message": message }))
    }
}
