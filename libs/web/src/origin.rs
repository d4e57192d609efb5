use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError};
use kernel::{ErrorCode, WireError};
use settings::{Environment, Settings};

use crate::WebError;
use crate::site::site;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, Idempotency-Key, X-Request-Id, traceparent",
);
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static("X-Request-Id, Retry-After, Location");
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("600");

/// Which pages of other origins may call.
#[derive(Debug, Clone)]
pub(crate) struct OriginRule {
    allowed: Vec<String>,
    this_machine: bool,
}

impl OriginRule {
    pub(crate) fn new(settings: &Settings) -> Self {
        let allowed = settings.server.allowed_origins.clone();
        let development = settings.server.environment == Environment::Development;
        Self { this_machine: development && allowed.is_empty(), allowed }
    }

    fn allows(&self, origin: &str, host: Option<&str>) -> bool {
        let Some((scheme, authority)) = origin.split_once("://") else { return false };
        if self.allowed.iter().any(|allowed| allowed == origin) || host == Some(authority) {
            return true;
        }
        let name = authority.rsplit_once(':').map_or(authority, |(name, port)| {
            if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { authority }
        });
        self.this_machine && scheme == "http" && matches!(name, "localhost" | "127.0.0.1" | "[::1]")
    }
}

/// Answers browsers that ask whether a page may call, and tells them that it may read the answer. To a page that may not,
/// nothing is told, and its browser keeps the answer from it.
pub(crate) async fn share(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let site = site(request.request())?;
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN).map(str::to_owned) else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let allowed = site.origins.allows(&origin, text(header::HOST));
    let asks = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if asks && request.method() == Method::OPTIONS {
        request.into_response(preflight(allowed))
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    if allowed && let Ok(origin) = HeaderValue::from_str(&origin) {
        let headers: &mut HeaderMap = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
    }
    Ok(response)
}

fn preflight(allowed: bool) -> HttpResponse {
    if !allowed {
        let message = "pages of this origin may not call; add it to `server.allowed_origins`";
        return WebError(WireError::new(ErrorCode::Forbidden, message)).error_response();
    }
    HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS))
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(environment: &str, allowed: &str) -> OriginRule {
        let overrides = [
            ("server.environment", environment.to_owned()),
            ("server.allowed_origins", allowed.to_owned()),
        ];
        OriginRule::new(&Settings::load(None, [], &overrides).unwrap())
    }

    #[test]
    fn in_development_any_page_on_this_machine_may_call() {
        let rule = rule("development", "");
        for origin in ["http://localhost:5173", "http://127.0.0.1", "http://[::1]:3000"] {
            assert!(rule.allows(origin, None), "{origin}");
        }
        for origin in ["http://localhost.evil.example", "https://a.example", "null", "http://x:1"] {
            assert!(!rule.allows(origin, Some("127.0.0.1:8080")), "{origin}");
        }
    }

    #[test]
    fn a_list_is_all_there_is_besides_the_same_origin() {
        let rule = rule("production", "https://chat.example");
        assert!(rule.allows("https://chat.example", None));
        assert!(rule.allows("https://api.example", Some("api.example")));
        for origin in ["https://chat.example.evil", "http://chat.example", "http://localhost:1"] {
            assert!(!rule.allows(origin, Some("api.example")), "{origin}");
        }
    }
}
