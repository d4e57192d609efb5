//! Removes a group for all.

use auth::Identity;
use kernel::{ConversationId, EntryId};

use super::changes::append::{self, Warrant};
use super::changes::store::{Begun, Fate, Turn};
use super::changes::turn;
use super::error::ConversationError;
use super::{Role, retry};
use crate::chat::Chat;
use crate::log::entry::Entry;

/// Removes the group: nobody is in it any more, its content is forgotten, its id is never used again.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, conversation_id = %id))]
pub async fn delete(
    chat: &Chat,
    caller: &Identity,
    id: ConversationId,
    key: EntryId,
) -> Result<Entry, ConversationError> {
    let digest = retry::digest(chat, "delete", &id);
    if let Some(entry) = retry::earlier(chat, caller, id, key, &digest).await? {
        return Ok(entry);
    }
    let seen = chat.members.look_again(id, caller.user).await?;
    append::check_kind(seen.kind)?;
    if seen.role != Role::Owner {
        return Err(ConversationError::Forbidden("only an owner removes a conversation"));
    }
    chat.pace.change(caller.user).map_err(ConversationError::TooOften)?;
    let turn = Turn {
        conversation: id,
        fate: Fate::Gone,
        by: caller.user,
        entry: key,
        digest,
        at: chat.clock.now(),
    };
    match chat.changes.begin_turn(&turn).await? {
        Begun::Yes(turn) => turn::carry_out(chat, &turn, u64::MAX, Warrant::Decided).await,
        Begun::Nothing => Err(ConversationError::NotFound),
        Begun::Busy => Err(ConversationError::Busy),
    }
}
