use std::time::Duration;

use auth::CryptoError;
use contracts::Profile;
use kernel::{DeviceId, ErrorCode, SessionId, UserId, WireError};
use kv::{Hit, KvError, Limit};
use uuid::Uuid;

use super::begin::challenges;
use super::challenges::Challenge;
use super::{Address, device_token};
use crate::accounts::{Device, Most, NewSession, Room, SignIn, SignedIn};
use crate::limits::too_often;
use crate::pepper::Purpose;
use crate::ports::Ports;
use crate::sessions::{Tokens, issue, tell_ended};
use crate::store::StoreError;
use crate::text;

/// Digits of a code.
const DIGITS: usize = 6;
/// Code points of a device's name, and of its platform.
const DEVICE_NAME: usize = 64;
const PLATFORM: usize = 32;

/// Somebody answers a challenge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verify<'a> {
    pub(super) challenge: Uuid,
    /// As typed.
    pub(super) code: &'a str,
    /// The device that it says it is.
    pub(super) device: Option<DeviceId>,
    pub(super) device_name: &'a str,
    pub(super) platform: &'a str,
}

/// Somebody is in.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) tokens: Tokens,
    pub(super) user: Profile,
    pub(super) device: Device,
    pub(super) device_token: String,
    pub(super) is_new: bool,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum VerifyError {
    #[error("{0} {1}")]
    Invalid(&'static str, String),
    #[error("wrong code")]
    Code,
    #[error("the challenge is unknown, used, expired or exhausted")]
    Challenge,
    #[error("out of tries for today")]
    TooOften(Duration),
    #[error("{0}")]
    Unavailable(String),
}

impl From<KvError> for VerifyError {
    fn from(error: KvError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<StoreError> for VerifyError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<CryptoError> for VerifyError {
    fn from(error: CryptoError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<VerifyError> for WireError {
    fn from(error: VerifyError) -> Self {
        let refused = Self::new(ErrorCode::Unauthorized, "the code was not accepted");
        match error {
            VerifyError::Invalid(field, rule) => Self::invalid(field, rule),
            VerifyError::Code => refused.at("otp", "is not the code that was mailed"),
            VerifyError::Challenge => refused.at(
                "challenge",
                "is not known, was used, has expired or had too many tries; ask for a new code",
            ),
            VerifyError::TooOften(wait) => too_often("too many tries for this address", wait),
            VerifyError::Unavailable(_) => Self::unavailable(),
        }
    }
}

/// Checks a code and lets its bearer in. Every try is counted before it is compared; a challenge lets in once.
#[tracing::instrument(skip_all, fields(challenge = %input.challenge), err(level = "info"))]
pub(super) async fn verify(ports: &Ports, input: Verify<'_>) -> Result<Verified, VerifyError> {
    let input = check(input)?;
    let challenges = challenges(ports);
    let found = challenges.find(input.challenge).await?;
    let challenge = found.ok_or(VerifyError::Challenge)?;
    count_try(ports, input.challenge, &challenge).await?;
    let answer = [input.challenge.as_bytes(), input.code.as_bytes()];
    if !ports.pepper.check(Purpose::Code, &answer, &challenge.code_hash) {
        metrics::counter!("login_tries_total", "outcome" => "wrong").increment(1);
        return Err(VerifyError::Code);
    }
    let address = address(ports, input.challenge, &challenge)?;
    if !challenges.close(input.challenge).await? {
        return Err(VerifyError::Challenge);
    }
    let id = input.challenge;
    let verified = let_in(ports, input, &address).await;
    if verified.is_err()
        && let Err(error) = challenges.reopen(id, &challenge).await
    {
        tracing::warn!(%error, "a challenge that could not be honoured is lost");
    }
    verified
}

fn check(input: Verify<'_>) -> Result<Verify<'_>, VerifyError> {
    let digits = input.code.len() == DIGITS && input.code.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err(VerifyError::Invalid("otp", format!("must be {DIGITS} digits")));
    }
    let line = |field, text, most| {
        let rule = format!("must have 1 to {most} characters and no control characters");
        text::line(text, most).ok_or(VerifyError::Invalid(field, rule))
    };
    let device_name = line("device.name", input.device_name, DEVICE_NAME)?;
    let platform = line("device.platform", input.platform, PLATFORM)?;
    Ok(Verify { device_name, platform, ..input })
}

async fn count_try(ports: &Ports, id: Uuid, challenge: &Challenge) -> Result<(), VerifyError> {
    let login = &ports.settings.user.login;
    let ttl = Duration::from_secs(login.code_ttl_s);
    let limit = [Limit { count: login.tries_per_challenge, window: ttl }];
    if let Hit::Refused(_) = ports.kv.hit(&format!("login:tries:{id}"), &limit).await? {
        return Err(VerifyError::Challenge);
    }
    let day = Duration::from_hours(24);
    let limit = [Limit { count: login.tries_per_day, window: day }];
    let key = format!("login:tries:{}", challenge.allowance);
    match ports.kv.hit(&key, &limit).await? {
        Hit::Allowed => Ok(()),
        Hit::Refused(wait) => Err(VerifyError::TooOften(wait)),
    }
}

fn address(ports: &Ports, id: Uuid, challenge: &Challenge) -> Result<Address, VerifyError> {
    let opened = ports.sealer.open(id.as_bytes(), &challenge.address);
    let address = opened.and_then(|bytes| String::from_utf8(bytes).ok());
    // Made under a seal key that has been changed since.
    address.and_then(|address| Address::parse(&address)).ok_or(VerifyError::Challenge)
}

async fn let_in(
    ports: &Ports,
    input: Verify<'_>,
    address: &Address,
) -> Result<Verified, VerifyError> {
    let (cause, limits) = (ports.cause(), &ports.settings.user.devices);
    let now = cause.at;
    let random = ports.random.as_ref();
    let session = NewSession {
        id: SessionId::new_v7(now, random),
        nonce: ports.noise(),
        expires_at: now.plus(ports.session_idle()),
    };
    let sign_in = SignIn {
        address: address.as_str().to_owned(),
        new_user: UserId::new_v7(now, random),
        device: input.device,
        new_device: DeviceId::new_v7(now, random),
        device_name: input.device_name.to_owned(),
        platform: input.platform.to_owned(),
        session: session.clone(),
        most: Most { devices: limits.per_person, sessions: limits.sessions_per_person },
        cause,
    };
    let SignedIn { user, device, is_new, room } = ports.accounts.sign_in(sign_in).await?;
    made_room(ports, &room).await;
    let tokens = issue(ports, (user.id, session.id, device.id), &session.nonce, 1)?;
    let device_token = device_token::make(&ports.pepper, address, device.id);
    metrics::counter!("login_tries_total", "outcome" => "in").increment(1);
    tracing::info!(user = %user.id, session = %session.id, device = %device.id, is_new, "logged in");
    Ok(Verified { tokens, user, device, device_token, is_new })
}

/// What had to make room for the one who came in is out.
async fn made_room(ports: &Ports, room: &Room) {
    if room.ended.is_empty() && room.devices.is_empty() {
        return;
    }
    tell_ended(ports, &room.ended).await;
    let devices = u64::try_from(room.devices.len()).unwrap_or(u64::MAX);
    metrics::counter!("devices_removed_total", "why" => "too_many").increment(devices);
    tracing::info!(devices, sessions = room.ended.len(), "made room for a log-in");
}
