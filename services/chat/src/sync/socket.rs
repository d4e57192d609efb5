//! Socket door for catching up: `sync` and `range`.

use auth::Identity;
use kernel::{ConversationId, WireError};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::catch_up::{self, Heard, SyncRequest};
use crate::chat::Chat;
use crate::live::reply::{self, Outcome};
use crate::messages::history;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RangeEvent {
    conversation_id: ConversationId,
    from: u64,
    to: u64,
    limit: Option<u32>,
}

/// `{since?, cursors?}` → `{ok, since, conversations, removed, receipts, more}`. The device was registered at `connect`.
pub async fn sync(chat: &Chat, caller: &Identity, heard: Heard<'_>, payload: &RawValue) -> Outcome {
    let request: SyncRequest = reply::parse(payload)?;
    reply::all(&catch_up::catch_up_behind(chat, caller, request, heard).await?)
}

/// `{conversationId, from, to, limit?}` → `{ok, entries, gone, more}`.
pub async fn range(chat: &Chat, caller: &Identity, payload: &RawValue) -> Outcome {
    let event: RangeEvent = reply::parse(payload)?;
    if event.from == 0 || event.from > event.to {
        return Err(WireError::invalid("from", "must be from 1 to `to`"));
    }
    let most = chat.settings.limits.answer_entries;
    let limit = event.limit.unwrap_or(most);
    if limit == 0 || limit > most {
        return Err(WireError::invalid("limit", format!("must be from 1 to {most}")));
    }
    let bounds = (event.from - 1, event.to);
    reply::all(&history::range(chat, caller, event.conversation_id, bounds, limit).await?)
}
