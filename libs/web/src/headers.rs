use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use kernel::{Random, WireError};
use uuid::Uuid;

use crate::WebError;

/// A longer one is not taken over.
const ID_CHARS: usize = 64;

/// Names the request in logs, in answers and in the services that it reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

impl RequestId {
    /// The client's own id if it is 1 to 64 visible ASCII characters, else a new one.
    pub(crate) fn take_or_make(given: Option<&str>, random: &dyn Random) -> Self {
        let fits = |id: &&str| {
            (1..=ID_CHARS).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
        };
        given.filter(fits).map_or_else(
            || {
                let mut noise = [0_u8; 16];
                random.fill(&mut noise);
                Self(uuid::Builder::from_random_bytes(noise).into_uuid().to_string())
            },
            |id| Self(id.to_owned()),
        )
    }
}

impl FromRequest for RequestId {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.extensions().get::<Self>().cloned();
        ready(id.ok_or(WebError(WireError::internal())))
    }
}

/// The header `Idempotency-Key`, a UUID. A handler that takes it refuses requests without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotencyKey(pub Uuid);

impl FromRequest for IdempotencyKey {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let given = request.headers().get("idempotency-key").and_then(|value| value.to_str().ok());
        let key = given.filter(|text| text.len() == 36).and_then(|text| text.parse().ok());
        ready(key.map(Self).ok_or_else(|| {
            WebError(WireError::invalid(
                "Idempotency-Key",
                "this header must be a UUID that you make for each new write and repeat on a retry",
            ))
        }))
    }
}
