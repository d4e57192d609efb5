//! Somebody leaves a group.

use auth::Identity;
use kernel::{ConversationId, EntryId};

use crate::chat::Chat;
use crate::conversations::changes::append::{self, Warrant};
use crate::conversations::changes::carry;
use crate::conversations::changes::store::{Begun, Change, Op};
use crate::conversations::error::ConversationError;
use crate::conversations::retry;
use crate::log::entry::Entry;

/// The caller leaves. Where no owner would be left, the longest-standing admin becomes one, without one the
/// longest-standing member; where nobody would be left, the conversation goes.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, conversation_id = %id))]
pub async fn leave(
    chat: &Chat,
    caller: &Identity,
    id: ConversationId,
    key: EntryId,
) -> Result<Entry, ConversationError> {
    let digest = retry::digest(chat, "leave", &id);
    if let Some(entry) = retry::earlier(chat, caller, id, key, &digest).await? {
        return Ok(entry);
    }
    let change = match chat.changes.pending(id, caller.user).await? {
        Some(begun) if begun.entry == key && begun.digest == digest => begun,
        _ => {
            let seen = chat.members.look_again(id, caller.user).await?;
            append::check_kind(seen.kind)?;
            Change {
                conversation: id,
                user: caller.user,
                op: Op::Left,
                role: seen.role,
                was: seen.role,
                by: caller.user,
                entry: key,
                digest,
                at: chat.clock.now(),
            }
        }
    };
    chat.pace.change(caller.user).map_err(ConversationError::TooOften)?;
    match chat.changes.begin(&change, &[]).await? {
        // One's own going needs nobody's leave.
        Begun::Yes(change) => carry::carry_out(chat, &change, u64::MAX, Warrant::Decided).await,
        Begun::Nothing => Err(ConversationError::NotFound),
        Begun::Busy => Err(ConversationError::Busy),
    }
}
