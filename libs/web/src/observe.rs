use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse};
use kernel::{Timestamp, WireError};
use tracing::{Instrument, Span, field};

use crate::envelope::{foreign, status};
use crate::site::site;
use crate::{Envelope, RequestId};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The outermost layer: names the request, puts it into its trace, writes the envelope of whatever error came out, counts
/// and logs.
pub(crate) async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let site = site(request.request())?;
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let id = RequestId::take_or_make(header(REQUEST_ID), site.random.as_ref());
    let method = known(request.method());
    let span = tracing::info_span!(
        "request",
        request_id = %id.0,
        trace_id = field::Empty,
        method,
        route = field::Empty,
        status = field::Empty,
        user = field::Empty,
    );
    match header(TRACEPARENT) {
        Some(parent) => runtime::continue_trace(&span, parent),
        None => runtime::record_trace_id(&span),
    }
    request.extensions_mut().insert(id.clone());
    let quiet = is_quiet(&request);
    if !request.head().upgrade() {
        socketio::keep_http(request.request());
    }
    let began = site.clock.monotonic();
    let answer = next.call(request).instrument(span.clone()).await;
    let took = site.clock.monotonic().saturating_sub(began);
    let mut response = match answer {
        Ok(response) => dressed(response.map_into_boxed_body(), &id, site.clock.now()),
        Err(error) => return Err(bare(&error, &id, site.clock.now())),
    };
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let nosniff = HeaderValue::from_static("nosniff");
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    span.in_scope(|| report(&response, method, took, quiet));
    Ok(response)
}

/// What comes so often that it is not worth a line: probes, and clients that poll for messages.
fn is_quiet(request: &ServiceRequest) -> bool {
    let path = request.path();
    path.starts_with("/health/") || path == "/metrics" || path.starts_with("/socket.io")
}

/// The response, with the envelope for a body if it is an error without one.
fn dressed(
    response: ServiceResponse<BoxBody>,
    id: &RequestId,
    now: Timestamp,
) -> ServiceResponse<BoxBody> {
    let Some(error) = error_of(&response) else { return response };
    let body = serde_json::to_vec(&Envelope::new(&error, &id.0, now)).unwrap_or_default();
    response.map_body(|head, _| {
        head.status = status(error.code);
        let json = HeaderValue::from_static("application/json");
        head.headers.insert(header::CONTENT_TYPE, json);
        if let Some(seconds) = error.retry_after {
            head.headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if head.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            head.headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        BoxBody::new(body)
    })
}

fn error_of(response: &ServiceResponse<BoxBody>) -> Option<WireError> {
    let status = response.status();
    let inner = response.response();
    if let Some(error) = inner.extensions().get::<WireError>() {
        return Some(error.clone());
    }
    let no_body = matches!(inner.body().size(), BodySize::None | BodySize::Sized(0));
    let not_routed = matches!(status.as_u16(), 404 | 405) && no_body;
    let refused = inner.error().is_some() && (status.is_client_error() || status.is_server_error());
    (refused || not_routed).then(|| foreign(status))
}

/// An error that no layer turned into a response: there is nothing left to put it on.
fn bare(error: &Error, id: &RequestId, now: Timestamp) -> Error {
    let wire = foreign(error.as_response_error().status_code());
    let envelope = Envelope::new(&wire, &id.0, now);
    let response = HttpResponse::build(status(wire.code)).json(envelope);
    InternalError::from_response(wire, response).into()
}

fn report(response: &ServiceResponse<BoxBody>, method: &'static str, took: Duration, quiet: bool) {
    let pattern = response.request().match_pattern();
    let route = pattern.unwrap_or_else(|| "unknown".to_owned());
    let status = response.status().as_u16();
    Span::current().record("route", &route).record("status", status);
    metrics::histogram!("http_request_duration_seconds", "route" => route.clone(), "method" => method)
        .record(took.as_secs_f64());
    let labels = [("route", route), ("method", method.into()), ("status", status.to_string())];
    metrics::counter!("http_requests_total", &labels).increment(1);
    let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    if quiet {
        tracing::debug!(took_us, "answered");
    } else {
        tracing::info!(took_us, "answered");
    }
}

/// A method's name, of a set that clients cannot enlarge.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}
