//! Sends somebody away from a group.

use auth::Identity;
use kernel::{ConversationId, EntryId, UserId};

use super::leave;
use crate::chat::Chat;
use crate::conversations::changes::append::{self, Warrant};
use crate::conversations::changes::carry;
use crate::conversations::changes::store::{Begun, Change, Op};
use crate::conversations::error::ConversationError;
use crate::conversations::retry;
use crate::log::entry::Entry;

/// Sends the person away. When this returns they can neither write nor read there, from any instance. Whoever sends
/// themself away leaves.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, conversation_id = %id, member = %user))]
pub async fn remove(
    chat: &Chat,
    caller: &Identity,
    id: ConversationId,
    user: UserId,
    key: EntryId,
) -> Result<Entry, ConversationError> {
    if user == caller.user {
        return leave::leave(chat, caller, id, key).await;
    }
    let digest = retry::digest(chat, "remove", &(id, user));
    if let Some(entry) = retry::earlier(chat, caller, id, key, &digest).await? {
        return Ok(entry);
    }
    let seen = chat.members.look_again(id, caller.user).await?;
    let change = match chat.changes.pending(id, user).await? {
        Some(begun) if begun.entry == key && begun.digest == digest => begun,
        _ => {
            append::check_kind(seen.kind)?;
            let member = chat.conversations.member(id, user).await?;
            let member = member.ok_or(ConversationError::NoSuchMember)?;
            Change {
                conversation: id,
                user,
                op: Op::Removed,
                role: member.role,
                was: member.role,
                by: caller.user,
                entry: key,
                digest,
                at: chat.clock.now(),
            }
        }
    };
    append::check(&seen, &change)?;
    chat.pace.change(caller.user).map_err(ConversationError::TooOften)?;
    match chat.changes.begin(&change, &[]).await? {
        Begun::Yes(change) => {
            carry::carry_out(chat, &change, seen.checked, Warrant::Change(&change)).await
        }
        Begun::Nothing => Err(ConversationError::NoSuchMember),
        Begun::Busy => Err(ConversationError::Busy),
    }
}
