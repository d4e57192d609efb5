use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use kernel::{ErrorCode, Timestamp, WireError};
use serde::Serialize;
use utoipa::ToSchema;

/// Every error, as the client reads it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Envelope {
    /// What went wrong.
    pub error: EnvelopeError,
}

/// What went wrong.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvelopeError {
    /// One of the closed set, such as `VALIDATION_ERROR`.
    #[schema(example = "VALIDATION_ERROR")]
    pub code: &'static str,
    /// For a person: what is wrong and what to do.
    pub message: String,
    /// The fields at fault.
    pub details: Vec<EnvelopeDetail>,
    /// Seconds until another try makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Names the request in the server's logs.
    pub request_id: String,
    /// When, RFC 3339.
    #[schema(example = "2026-11-21T08:00:00.000Z")]
    pub timestamp: String,
}

/// One field at fault.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EnvelopeDetail {
    /// Its name as the client wrote it, `device.name` for a nested one.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl Envelope {
    /// The envelope of an error that happened while serving `request_id`. Sockets put the same into acknowledgements.
    pub fn new(error: &WireError, request_id: &str, now: Timestamp) -> Self {
        let details = error.details.iter().map(|detail| EnvelopeDetail {
            field: detail.field.clone(),
            message: detail.message.clone(),
        });
        Self {
            error: EnvelopeError {
                code: error.code.as_str(),
                message: error.message.clone(),
                details: details.collect(),
                retry_after: error.retry_after,
                request_id: request_id.to_owned(),
                timestamp: now.to_string(),
            },
        }
    }
}

/// The error type of handlers: any error of a use case turns into it with `?`.
#[derive(Debug)]
pub struct WebError(pub WireError);

impl fmt::Display for WebError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: Into<WireError>> From<E> for WebError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl ResponseError for WebError {
    fn status_code(&self) -> StatusCode {
        status(self.0.code)
    }

    /// Without a body: the outermost layer knows the request's id and the time, and writes it.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status_code());
        response.extensions_mut().insert(self.0.clone());
        response
    }
}

pub(crate) fn status(code: ErrorCode) -> StatusCode {
    StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// What the framework's own refusals say in our words.
pub(crate) fn foreign(status: StatusCode) -> WireError {
    let code = match status.as_u16() {
        401 => ErrorCode::Unauthorized,
        403 => ErrorCode::Forbidden,
        404 | 405 => return WireError::new(ErrorCode::NotFound, "no such path or method"),
        413 => ErrorCode::PayloadTooLarge,
        415 => ErrorCode::UnsupportedMediaType,
        429 => ErrorCode::RateLimitExceeded,
        503 => return WireError::unavailable(),
        400..=499 => ErrorCode::ValidationError,
        _ => return WireError::internal(),
    };
    WireError::new(code, "the request cannot be understood")
}
