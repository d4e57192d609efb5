use std::time::Duration;

use auth::CryptoError;
use kernel::{DeviceId, ErrorCode, SessionId, UserId, WireError};

use super::{tell_ended, token};
use crate::accounts::{Ended, Rotation};
use crate::ports::Ports;
use crate::store::StoreError;

/// What a client needs to go on.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) expires_in: Duration,
    pub(crate) refresh: String,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum RefreshError {
    #[error("the refresh token is not valid")]
    Invalid,
    #[error("{0}")]
    Unavailable(String),
}

impl From<StoreError> for RefreshError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<CryptoError> for RefreshError {
    fn from(error: CryptoError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<RefreshError> for WireError {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Invalid => Self::new(ErrorCode::Unauthorized, "the session has ended")
                .at("refreshToken", "is not valid, or was used before its successor; log in again"),
            RefreshError::Unavailable(_) => Self::unavailable(),
        }
    }
}

/// Exchanges a refresh token for its successor. The same token again, before the successor is used, gives the same
/// answer: a lost reply logs nobody out. After that it has been copied: the session ends.
#[tracing::instrument(skip_all, fields(session), err(level = "info"))]
pub(super) async fn refresh(ports: &Ports, presented: &str) -> Result<Tokens, RefreshError> {
    let presented = token::read(presented).ok_or(RefreshError::Invalid)?;
    tracing::Span::current().record("session", tracing::field::display(presented.session));
    let session = ports.accounts.session(presented.session).await?;
    let session = session.ok_or(RefreshError::Invalid)?;
    if !presented.is_genuine(&ports.pepper, &session.nonce) {
        return Err(RefreshError::Invalid);
    }
    let cause = ports.cause();
    let expires_at = cause.at.plus(ports.session_idle());
    match ports.accounts.rotate(session.id, presented.n, expires_at, &cause).await? {
        Rotation::Rotated => {
            let who = (session.user, session.id, session.device);
            Ok(issue(ports, who, &session.nonce, presented.n + 1)?)
        }
        Rotation::Reused => {
            metrics::counter!("refresh_tokens_reused_total").increment(1);
            tracing::warn!(user = %session.user, "a used refresh token came again; session ended");
            tell_ended(ports, &[Ended { session: session.id, device: session.device }]).await;
            Err(RefreshError::Invalid)
        }
        Rotation::Ended => Err(RefreshError::Invalid),
    }
}

/// Makes an access token and refresh token number `n` of the session.
pub(crate) fn issue(
    ports: &Ports,
    (user, session, device): (UserId, SessionId, DeviceId),
    nonce: &[u8; 16],
    n: u64,
) -> Result<Tokens, CryptoError> {
    Ok(Tokens {
        access: ports.issuer.issue(user, session, device, ports.clock.now())?,
        expires_in: ports.issuer.ttl(),
        refresh: token::make(&ports.pepper, session, nonce, n),
    })
}
