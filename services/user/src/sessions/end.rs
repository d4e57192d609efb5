use kernel::{SessionId, UserId, WireError};

use crate::accounts::Ended;
use crate::ports::Ports;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub(super) enum EndError {
    #[error("no such session")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<EndError> for WireError {
    fn from(error: EndError) -> Self {
        match error {
            EndError::NotFound => Self::not_found("session"),
            EndError::Store(error) => error.into(),
        }
    }
}

/// Ends one session of this person: its tokens are refused from now on, its sockets close, it cannot be refreshed.
#[tracing::instrument(skip(ports), err(level = "info"))]
pub(super) async fn end(ports: &Ports, user: UserId, session: SessionId) -> Result<(), EndError> {
    let ended = ports.accounts.end_session(user, session, &ports.cause()).await?;
    let ended = ended.ok_or(EndError::NotFound)?;
    tell_ended(ports, &[ended]).await;
    tracing::info!("session ended");
    Ok(())
}

/// Makes everybody act on sessions that have ended: their tokens first, so that a socket that is closed cannot come back. If
/// that fails here, the relay does it before it publishes the event, which is in the outbox already.
pub(crate) async fn tell_ended(ports: &Ports, ended: &[Ended]) {
    for Ended { session, .. } in ended {
        if let Err(error) = ports.revocations.revoke(*session).await {
            metrics::counter!("session_deny_failures_total").increment(1);
            tracing::warn!(%error, %session, "an ended session is not on the deny-list yet");
        }
    }
    ports.nudge.now();
}

/// Ends the session that asks. Asked for twice, it is done once.
pub(super) async fn log_out(
    ports: &Ports,
    user: UserId,
    session: SessionId,
) -> Result<(), EndError> {
    match end(ports, user, session).await {
        Err(EndError::NotFound) => Ok(()),
        other => other,
    }
}
