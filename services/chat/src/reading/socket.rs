//! Socket door for reading: `message:read`.

use auth::Identity;
use kernel::ConversationId;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::read::{self, Read};
use crate::chat::Chat;
use crate::live::reply::{self, Outcome};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReadEvent {
    conversation_id: ConversationId,
    seq: u64,
    count: u64,
}

/// `{conversationId, seq, count}` → `{ok}`.
pub async fn read(chat: &Chat, caller: &Identity, payload: &RawValue) -> Outcome {
    let ReadEvent { conversation_id: conversation, seq, count } = reply::parse(payload)?;
    read::read(chat, caller, Read { conversation, seq, count }).await?;
    reply::ok()
}
