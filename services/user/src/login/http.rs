//! HTTP door for log-in.

use std::sync::Arc;

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, post};
use kernel::{DeviceId, Id};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{ClientNetwork, Envelope, Json, WebError};

use super::begin::{Begin, begin};
use super::verify::{Verify, verify};
use crate::devices::DeviceView;
use crate::ports::Ports;
use crate::profiles::UserView;

/// Mounts the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(log_in).service(check_code);
}

/// What a challenge's id names.
#[derive(Debug)]
pub(crate) enum ChallengeKind {}

/// Who wants to come in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LoginRequest {
    /// Where the code goes.
    email: String,
    /// From an earlier log-in on this device; gives an allowance of its own.
    device_token: Option<String>,
}

/// A code is on its way, or would be if the address were known: the answer is the same.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoginAnswer {
    /// Goes into `verify`.
    #[schema(value_type = String, format = Uuid)]
    challenge: Id<ChallengeKind>,
    /// Seconds that the code is good for.
    expires_in: u64,
    /// Seconds until another code may be asked for.
    resend_in: u64,
}

/// The code from the mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyRequest {
    /// From `login`.
    #[schema(value_type = String, format = Uuid)]
    challenge: Id<ChallengeKind>,
    /// Six digits.
    otp: String,
    /// Where the person is.
    device: DeviceRequest,
}

/// The device that logs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceRequest {
    /// From an earlier log-in. One that is not this person's becomes a new one.
    #[schema(value_type = Option<String>, format = Uuid)]
    id: Option<DeviceId>,
    /// What the person calls it, 1 to 64 characters.
    name: String,
    /// What it is, 1 to 32 characters; `web` counts as gone after 7 days unseen, others after 30.
    platform: String,
}

/// Somebody is in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerifyAnswer {
    /// For `Authorization: Bearer`.
    access_token: String,
    /// Seconds that it is good for.
    expires_in: u64,
    /// For `refresh`.
    refresh_token: String,
    /// Who.
    user: UserView,
    /// Where.
    device: DeviceView,
    /// For `login` on this device the next time.
    device_token: String,
    /// Whether the address was new.
    is_new_user: bool,
}

/// Mails a six-digit code.
#[utoipa::path(
    post, path = "/api/v1/auth/login", operation_id = "logIn", tag = "auth", request_body = LoginRequest,
    responses(
        (status = 202, description = "a code is on its way", body = LoginAnswer),
        (status = 429, description = "too many codes for this address or network", body = Envelope),
        (status = "default", description = "error", body = Envelope),
    )
)]
#[post("/api/v1/auth/login")]
pub(crate) async fn log_in(
    ports: Data<Arc<Ports>>,
    network: ClientNetwork,
    body: Json<LoginRequest>,
) -> Result<HttpResponse, WebError> {
    let device_token = body.device_token.as_deref();
    let input = Begin { email: &body.email, device_token, network: &network.0 };
    let begun = begin(&ports, input).await?;
    Ok(HttpResponse::Accepted().json(LoginAnswer {
        challenge: Id::from_uuid(begun.challenge),
        expires_in: begun.expires_in.as_secs(),
        resend_in: begun.resend_in.as_secs(),
    }))
}

/// Takes the code and opens a session. `details[].field` of an `UNAUTHORIZED` is `otp` for a wrong code, `challenge` for one
/// that is expired, used, unknown or exhausted.
#[utoipa::path(
    post, path = "/api/v1/auth/verify", operation_id = "verifyCode", tag = "auth", request_body = VerifyRequest,
    responses(
        (status = 200, description = "logged in", body = VerifyAnswer),
        (status = 401, description = "the code or the challenge was not accepted", body = Envelope),
        (status = 429, description = "too many tries for this address", body = Envelope),
        (status = "default", description = "error", body = Envelope),
    )
)]
#[post("/api/v1/auth/verify")]
pub(crate) async fn check_code(
    ports: Data<Arc<Ports>>,
    body: Json<VerifyRequest>,
) -> Result<HttpResponse, WebError> {
    let input = Verify {
        challenge: body.challenge.uuid(),
        code: &body.otp,
        device: body.device.id,
        device_name: &body.device.name,
        platform: &body.device.platform,
    };
    let verified = verify(&ports, input).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .json(VerifyAnswer {
            access_token: verified.tokens.access,
            expires_in: verified.tokens.expires_in.as_secs(),
            refresh_token: verified.tokens.refresh,
            user: verified.user.into(),
            device: verified.device.into(),
            device_token: verified.device_token,
            is_new_user: verified.is_new,
        }))
}
