//! How often one person may do something. These fail open: they keep load away, not intruders.

use std::time::Duration;

use kernel::{ErrorCode, UserId, WireError};
use kv::{Hit, Limit};

use crate::ports::Ports;

/// Too often within a minute or a day.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("too often; wait {0:?}")]
pub(crate) struct TooOften(Duration);

impl From<TooOften> for WireError {
    fn from(TooOften(wait): TooOften) -> Self {
        too_often("too often", wait)
    }
}

/// The answer to a limit that was reached: `what`, and when to try again.
pub(crate) fn too_often(what: &str, wait: Duration) -> WireError {
    let seconds = wait.as_millis().div_ceil(1_000).max(1);
    let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
    WireError::new(ErrorCode::RateLimitExceeded, format!("{what}; try again in {seconds} s"))
        .retry_after(seconds)
}

/// Counts one doing of `what` by this person.
pub(crate) async fn count(
    ports: &Ports,
    what: &str,
    user: UserId,
    per_minute: u32,
) -> Result<(), TooOften> {
    let limit = Limit { count: per_minute, window: Duration::from_mins(1) };
    hit(ports, what, user, limit).await
}

/// Counts one doing of `what` by this person; `what` is counted by the day only.
pub(crate) async fn count_day(
    ports: &Ports,
    what: &str,
    user: UserId,
    per_day: u32,
) -> Result<(), TooOften> {
    let limit = Limit { count: per_day, window: Duration::from_hours(24) };
    hit(ports, what, user, limit).await
}

async fn hit(ports: &Ports, what: &str, user: UserId, limit: Limit) -> Result<(), TooOften> {
    match ports.kv.hit(&format!("user:{what}:{user}"), &[limit]).await {
        Ok(Hit::Allowed) => Ok(()),
        Ok(Hit::Refused(wait)) => Err(TooOften(wait)),
        Err(error) => {
            tracing::warn!(%error, what, "a limit cannot be counted; allowed");
            Ok(())
        }
    }
}

/// Counts one change that this person makes to what is theirs.
pub(crate) async fn change(ports: &Ports, user: UserId) -> Result<(), TooOften> {
    count(ports, "change", user, ports.settings.user.limits.changes_per_minute).await
}
