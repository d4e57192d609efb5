use serde::{Deserialize, Serialize};

/// The closed set of codes that a client can see. Their HTTP statuses are fixed by the wire contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// The request is malformed, out of range or against a rule; the same request will never succeed.
    ValidationError,
    /// No valid proof of who is asking.
    Unauthorized,
    /// Known, and not allowed.
    Forbidden,
    /// Does not exist, or is not this person's to see.
    NotFound,
    /// Contradicts what is already there.
    Conflict,
    /// Was there; its content is already forgotten.
    Gone,
    /// Larger than allowed.
    PayloadTooLarge,
    /// A body of a kind that is not accepted here.
    UnsupportedMediaType,
    /// Too often; `retryAfter` says when to try again.
    RateLimitExceeded,
    /// Our fault. Nothing about the cause is told.
    InternalError,
    /// Something needed is out of reach for now; safe to try again with the same id.
    ServiceUnavailable,
}

impl ErrorCode {
    /// Every code, in the order of the contract.
    pub const ALL: [Self; 11] = [
        Self::ValidationError,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::Gone,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::RateLimitExceeded,
        Self::InternalError,
        Self::ServiceUnavailable,
    ];

    /// The code as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ValidationError => "VALIDATION_ERROR",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::Conflict => "CONFLICT",
            Self::Gone => "GONE",
            Self::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::RateLimitExceeded => "RATE_LIMIT_EXCEEDED",
            Self::InternalError => "INTERNAL_ERROR",
            Self::ServiceUnavailable => "SERVICE_UNAVAILABLE",
        }
    }

    /// The code that stands on the wire as `text`, if it is one of ours.
    pub fn from_wire(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }

    /// The HTTP status that goes with the code.
    pub const fn http_status(self) -> u16 {
        match self {
            Self::ValidationError => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Gone => 410,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::RateLimitExceeded => 429,
            Self::InternalError => 500,
            Self::ServiceUnavailable => 503,
        }
    }
}

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's name as the client wrote it, `device.name` for a nested one.
    pub field: String,
    /// What is wrong with it and what would be right.
    pub message: String,
}

/// An error as every door tells it: HTTP puts it in the envelope, a socket in the acknowledgement, gRPC in the status.
///
/// Use cases have enums of their own; each maps to this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}: {message}", code.as_str())]
#[serde(rename_all = "camelCase")]
pub struct WireError {
    /// One of the closed set.
    pub code: ErrorCode,
    /// For a person: what is wrong and what to do. Never holds a secret or a cause inside the server.
    pub message: String,
    /// The fields at fault, if any.
    #[serde(default)]
    pub details: Vec<FieldError>,
    /// Seconds until another try makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl WireError {
    /// An error without details.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Vec::new(), retry_after: None }
    }

    /// A `VALIDATION_ERROR` about one field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ValidationError, "the request is not valid").at(field, message)
    }

    /// An `INTERNAL_ERROR`. Log the cause; the client learns nothing of it.
    pub fn internal() -> Self {
        Self::new(ErrorCode::InternalError, "something went wrong on our side")
    }

    /// A `SERVICE_UNAVAILABLE` that asks to try again in a second.
    pub fn unavailable() -> Self {
        let message = "temporarily out of reach; try again with the same id";
        Self { retry_after: Some(1), ..Self::new(ErrorCode::ServiceUnavailable, message) }
    }

    /// A `NOT_FOUND` for `what`; the same whether it does not exist or is not the caller's to see.
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("no such {what}"))
    }

    /// Adds a field at fault.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.details.push(FieldError { field: field.into(), message: message.into() });
        self
    }

    /// Says when to try again, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_from_the_wire() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_wire(code.as_str()), Some(code));
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
        assert_eq!(ErrorCode::from_wire("TEAPOT"), None);
    }
}
