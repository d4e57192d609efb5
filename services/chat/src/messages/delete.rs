//! Takes a message back.

use std::time::Duration;

use auth::Identity;
use kernel::{ConversationId, EntryId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::target;
use super::write::{self, Arrived, Pending, Then, WriteError, Writing, Written};
use crate::chat::Chat;
use crate::conversations::members::Seen;
use crate::conversations::{Kind, Role};
use crate::log::entry::EntryType;
use crate::own::note::{self, Note};

/// From whom a message is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum For {
    /// Only from the caller, on all their devices.
    Me,
    /// From everyone.
    Everyone,
}

/// A message to be taken back.
#[derive(Debug, Clone, Copy)]
pub struct Delete {
    /// Made by the client: the same again is the same deletion.
    pub id: EntryId,
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub message: EntryId,
    /// From whom.
    pub whom: For,
}

/// A deletion as the log keeps it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DeleteData {
    message_id: EntryId,
}

/// Takes a deletion. For the caller alone it is a note in their own conversation, of any message, and nobody else hears of
/// it. For everyone it is of the caller's own message, or in a group that they look after of anybody's. When this
/// returns, later writes come after it. When it is acknowledged, the message, its edits, and what answers quote of it are
/// forgotten.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, conversation_id = %delete.conversation, entry_id = %delete.id))]
pub async fn take(
    chat: &Chat,
    caller: &Identity,
    arrived: Arrived,
    delete: Delete,
) -> Result<Pending, WriteError> {
    let (conversation, id) = (delete.conversation, delete.id);
    let taken = try_take(chat, caller, arrived, delete).await;
    write::in_order(chat, caller, (conversation, id), taken)
}

async fn try_take(
    chat: &Chat,
    caller: &Identity,
    arrived: Arrived,
    delete: Delete,
) -> Result<Pending, WriteError> {
    let Delete { id, conversation, message, whom } = delete;
    let seen = chat.members.require(conversation, caller.user).await?;
    chat.pace.send(caller.user).map_err(WriteError::TooOften)?;
    if whom == For::Me {
        let hidden = Note::HiddenMessage { conversation_id: conversation, message_id: message };
        let entry = note::note(chat, caller.user, id, &hidden).await?;
        return Ok(Pending::done(Written { entry, repeated: false }));
    }
    let data = DeleteData { message_id: message };
    let (kind, target) = (EntryType::Delete, Some(message));
    let writing = Writing { id, conversation, kind, target, data: &data };
    let mut draft = write::draft(chat, caller, seen, &writing).await?;
    match check(chat, caller, seen, delete).await {
        Ok(checked) => draft.checked = checked,
        refused => write::unless_written(chat, &draft, refused.map(drop)).await?,
    }
    Ok(write::submit(chat, arrived, draft, Then::Erase))
}

/// Answers the change of membership up to which the caller was seen to be allowed to. What an admin may do is never told
/// from memory: somebody may have been made one, or be none any more.
async fn check(
    chat: &Chat,
    caller: &Identity,
    seen: Seen,
    delete: Delete,
) -> Result<u64, WriteError> {
    let window = Duration::from_secs(chat.settings.limits.delete_window_s);
    let message =
        target::find(chat, caller.user, delete.conversation, delete.message, window).await?;
    let checked = if message.sender == caller.user {
        seen.checked
    } else {
        let seen = chat.members.look_again(delete.conversation, caller.user).await?;
        if seen.kind != Kind::Group || seen.role < Role::Admin {
            let why =
                "only who wrote a message, or an admin of the group, can delete it for everyone";
            return Err(WriteError::NotAllowed(why));
        }
        seen.checked
    };
    target::within(chat, &message, window)?;
    Ok(checked)
}
