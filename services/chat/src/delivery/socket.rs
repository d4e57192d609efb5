//! Socket door for delivery: `message:delivered`.

use auth::Identity;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::acknowledge::{self, Cursor};
use crate::chat::Chat;
use crate::live::reply::{self, Outcome};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliveredEvent {
    cursors: Vec<Cursor>,
}

/// `{cursors}` → `{ok}`: recorded, and seen by the next `sync` on any instance.
pub async fn delivered(chat: &Chat, caller: &Identity, payload: &RawValue) -> Outcome {
    let event: DeliveredEvent = reply::parse(payload)?;
    acknowledge::acknowledge(chat, caller, &event.cursors).await?;
    reply::ok()
}
