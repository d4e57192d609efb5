//! Tells a retry from a new call.

use auth::Identity;
use kernel::{ConversationId, EntryId};
use serde::Serialize;

use super::error::ConversationError;
use crate::chat::Chat;
use crate::log::entry::{Digest, Entry};

/// The digest of what a client asks under one id. `what` names the call.
pub fn digest(chat: &Chat, what: &str, body: &impl Serialize) -> Digest {
    // Plain ids and texts can always be written.
    let bytes = serde_json::to_vec(&(what, body)).unwrap_or_default();
    chat.digester.digest(&bytes)
}

/// The entry that an earlier call with this key has written. A key of another person, or for something else, is a conflict.
pub async fn earlier(
    chat: &Chat,
    caller: &Identity,
    id: ConversationId,
    key: EntryId,
    digest: &Digest,
) -> Result<Option<Entry>, ConversationError> {
    match chat.entries.find(id, key).await? {
        Some(entry) if entry.sender == caller.user && entry.digest == *digest => Ok(Some(entry)),
        Some(_) => Err(ConversationError::Conflict),
        None => Ok(None),
    }
}
