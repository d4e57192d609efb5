//! Socket door for typing: `typing:start`, `typing:stop`.

use kernel::ConversationId;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::say;
use crate::live::reply::{self, Outcome};
use crate::live::socket::listen::Live;
use crate::live::socket::seat::Seat;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Typing {
    conversation_id: ConversationId,
}

/// `{conversationId}` → `{ok}`.
pub async fn say(live: &Live, seat: &Seat, typing: bool, payload: &RawValue) -> Outcome {
    let Typing { conversation_id } = reply::parse(payload)?;
    say::say(live, seat, conversation_id, typing).await?;
    reply::ok()
}
