//! Socket door for presence: `presence:update` and `presence:watch`.

use std::sync::Arc;

use kernel::UserId;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::here::Presence;
use super::status::Chosen;
use crate::live::reply::{self, Outcome};
use crate::live::socket::seat::Seat;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    status: Chosen,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Watch {
    user_ids: Vec<UserId>,
}

/// `{status}` → `{ok}`.
pub fn update(presence: &Presence, seat: &Seat, payload: &RawValue) -> Outcome {
    let Update { status } = reply::parse(payload)?;
    presence.update(seat, status);
    reply::ok()
}

/// `{userIds}` → `{ok}`; what is known of them comes as events. Answers whom the socket looks at from now on.
pub async fn watch(
    presence: &Presence,
    seat: &Arc<Seat>,
    payload: &RawValue,
) -> Result<Vec<UserId>, kernel::WireError> {
    let Watch { user_ids } = reply::parse(payload)?;
    Ok(presence.watch(seat, &user_ids).await?)
}
