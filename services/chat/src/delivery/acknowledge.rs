//! A device says how far it has stored.

use std::collections::HashMap;

use auth::Identity;
use kernel::{ConversationId, ErrorCode, WireError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::devices::{self, DevicesError};
use super::store::{Ack, Owner};
use crate::chat::Chat;
use crate::conversations::Conversation;
use crate::conversations::error::ConversationError;
use crate::store::StoreError;

/// Cursors in one call.
const CURSORS: usize = 2_000;

/// "I have stored everything up to `seq`."
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cursor {
    /// Of which conversation.
    #[schema(value_type = String, format = Uuid)]
    pub conversation_id: ConversationId,
    /// Up to where.
    pub seq: u64,
    /// The conversation's epoch when it was stored.
    pub epoch: String,
}

/// Why an acknowledgement was not taken. Nothing of the call was applied, unless the store failed half-way; then the same
/// call again completes it.
#[derive(Debug, thiserror::Error)]
pub enum AcknowledgeError {
    /// Too many cursors in one call.
    #[error("too many cursors")]
    TooMany,
    /// A cursor lies above the end of the log.
    #[error("cursor {0} is above the end of the log")]
    AboveEnd(u64),
    /// A cursor of another epoch.
    #[error("the conversation has another epoch")]
    OtherEpoch(ConversationId),
    /// The caller is not there.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The caller's device.
    #[error(transparent)]
    Devices(#[from] DevicesError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AcknowledgeError> for WireError {
    fn from(error: AcknowledgeError) -> Self {
        match error {
            AcknowledgeError::TooMany => {
                Self::invalid("cursors", format!("must have at most {CURSORS} conversations"))
            }
            AcknowledgeError::AboveEnd(_) => {
                Self::invalid("seq", "lies above the last entry of the log; nothing was recorded")
            }
            AcknowledgeError::OtherEpoch(id) => Self::new(
                ErrorCode::Conflict,
                format!("conversation {id} was restored or repaired; call sync"),
            )
            .at("epoch", "is not the conversation's"),
            AcknowledgeError::Conversation(error) => error.into(),
            AcknowledgeError::Devices(error) => error.into(),
            AcknowledgeError::Store(error) => error.into(),
        }
    }
}

/// Records what the caller's device has stored. When this returns, the next `sync` on any instance sees it.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, device_id = %caller.device, cursors = cursors.len()))]
pub async fn acknowledge(
    chat: &Chat,
    caller: &Identity,
    cursors: &[Cursor],
) -> Result<(), AcknowledgeError> {
    if cursors.len() > CURSORS {
        return Err(AcknowledgeError::TooMany);
    }
    let ids: Vec<ConversationId> = cursors.iter().map(|cursor| cursor.conversation_id).collect();
    for looked in chat.members.require_all(&ids, caller.user).await? {
        chat.ends.learn(looked.id, &looked.epoch, looked.head_seq);
    }
    check(chat, cursors).await?;
    let owner = Owner { user: caller.user, device: caller.device };
    let taken = cursors
        .iter()
        .map(|cursor| chat.fold.submit(cursor.conversation_id, Ack { owner, seq: cursor.seq }));
    for recorded in taken.collect::<Vec<_>>() {
        recorded.await.unwrap_or_else(|_| Err(StoreError::Unavailable("stopping".to_owned())))?;
    }
    Ok(())
}

/// As [`acknowledge`], for callers who may not have connected before: registers their device first.
pub async fn acknowledge_at_the_door(
    chat: &Chat,
    caller: &Identity,
    cursors: &[Cursor],
) -> Result<(), AcknowledgeError> {
    devices::ensure_registered(chat, caller).await?;
    acknowledge(chat, caller, cursors).await
}

/// Every cursor is of the right epoch and not above its log. Most are known to be; the store is asked about the rest.
async fn check(chat: &Chat, cursors: &[Cursor]) -> Result<(), AcknowledgeError> {
    let known = |cursor: &&Cursor| chat.ends.has(cursor.conversation_id, cursor.seq, &cursor.epoch);
    let (_, open): (Vec<&Cursor>, Vec<&Cursor>) = cursors.iter().partition(known);
    if open.is_empty() {
        return Ok(());
    }
    let ids: Vec<ConversationId> = open.iter().map(|cursor| cursor.conversation_id).collect();
    let found = chat.conversations.get_many(&ids).await?;
    let found: HashMap<ConversationId, Conversation> =
        found.into_iter().map(|conversation| (conversation.id, conversation)).collect();
    let mut above = Vec::new();
    for cursor in open {
        let conversation = found.get(&cursor.conversation_id).ok_or(ConversationError::NotFound)?;
        if conversation.epoch != cursor.epoch {
            return Err(AcknowledgeError::OtherEpoch(conversation.id));
        }
        chat.ends.learn(conversation.id, &conversation.epoch, conversation.head_seq);
        if cursor.seq > conversation.head_seq {
            above.push(cursor);
        }
    }
    if above.is_empty() {
        return Ok(());
    }
    let ids: Vec<ConversationId> = above.iter().map(|cursor| cursor.conversation_id).collect();
    for (cursor, head) in above.iter().zip(chat.log.heads(&ids).await?) {
        if cursor.seq > head.seq {
            return Err(AcknowledgeError::AboveEnd(cursor.seq));
        }
        chat.ends.learn(cursor.conversation_id, &cursor.epoch, head.seq);
    }
    Ok(())
}
