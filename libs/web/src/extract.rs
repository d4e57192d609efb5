use std::future::{Ready, ready};
use std::ops::Deref;

use actix_router::PathDeserializer;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, Responder};
use futures::future::{FutureExt, LocalBoxFuture};
use kernel::{ErrorCode, WireError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::body::collect;
use crate::site::site;
use crate::{WebError, reject};

/// A JSON body, in both directions.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

/// The query string.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

/// The variable parts of the path: one value, a tuple, or a struct by name.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = WebError;
    type Future = LocalBoxFuture<'static, Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = is_json(request);
        let site = site(request);
        let payload = payload.take();
        async move {
            kind?;
            let body = collect(payload, site?.body_limit).await?;
            parse_json(&body).map(Self).map_err(WebError)
        }
        .boxed_local()
    }
}

impl<T: Serialize> Responder for Json<T> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().json(self.0)
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = serde_urlencoded::Deserializer::new(form_pairs(request.query_string()));
        let parsed = serde_path_to_error::deserialize(pairs);
        ready(parsed.map(Self).map_err(|error| WebError(reject::query(&error))))
    }
}

impl<T: DeserializeOwned> FromRequest for Path<T> {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parts = PathDeserializer::new(request.match_info());
        let parsed = serde_path_to_error::deserialize(parts);
        ready(parsed.map(Self).map_err(|error| WebError(reject::path(request, &error))))
    }
}

fn form_pairs(query: &str) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.as_bytes())
}

fn is_json(request: &HttpRequest) -> Result<(), WireError> {
    if request.content_type().eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let message = "send JSON, with `Content-Type: application/json`";
    Err(WireError::new(ErrorCode::UnsupportedMediaType, message))
}

/// Reads a JSON object that a client sent, by whatever door. The error names the field at fault and repeats nothing of what
/// was sent.
pub fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, WireError> {
    // serde would take a list for a struct, its fields in order.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(WireError::invalid("body", "must be an object, is a list"));
    }
    let mut source = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut source)
        .map_err(|error| reject::json(&error, body))?;
    source.end().map_err(|_| WireError::invalid("body", "holds more than one JSON value"))?;
    Ok(value)
}
