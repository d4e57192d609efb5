use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest};
use auth::Identity;
use futures::future::{FutureExt, LocalBoxFuture};
use kernel::{ErrorCode, WireError};

use crate::WebError;
use crate::site::site;

/// Who is calling, by the verified token of `Authorization: Bearer`. A handler that takes it refuses everybody else.
#[derive(Debug, Clone, Copy)]
pub struct Caller(pub Identity);

impl FromRequest for Caller {
    type Error = WebError;
    type Future = LocalBoxFuture<'static, Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let site = site(request);
        let token = bearer(request).map(str::to_owned);
        async move {
            let site = site?;
            let gate = site.gate.as_ref().ok_or_else(|| {
                tracing::error!("a handler wants a caller and the listener has no gate");
                WireError::internal()
            })?;
            let token = token.ok_or_else(|| {
                let message = "log in and send `Authorization: Bearer <accessToken>`";
                WireError::new(ErrorCode::Unauthorized, message)
            })?;
            let identity = gate.admit(&token).await?;
            tracing::Span::current().record("user", tracing::field::display(identity.user));
            Ok(Self(identity))
        }
        .boxed_local()
    }
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
