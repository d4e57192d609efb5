//! Takes a message back.

use std::time::Duration;

use auth::Identity;
use kernel::{ConversationId, EntryId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::target;
use super::write::{self, Pending, Then, WriteError, Writing, Written};
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
pub async fn take(chat: &Chat, caller: &Identity, delete: Delete) -> Result<Pending, WriteError> {
    let (conversation, id) = (delete.conversation, delete.id);
    let taken = try_take(chat, caller, delete).await;
    write::in_order(chat, caller, (conversation, id), taken)
}

async fn try_take(chat: &Chat, caller: &Identity, delete: Delete) -> Result<Pending, WriteError> {
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
    let draft = write::draft(chat, caller, seen, &writing)?;
    let allowed = check(chat, caller, seen, delete).await;
    write::unless_written(chat, &draft, allowed).await?;
    Ok(write::submit(chat, draft, Then::Erase))
}

async fn check(
    chat: &Chat,
    caller: &Identity,
    seen: Seen,
    delete: Delete,
) -> Result<(), WriteError> {
    let window = Duration::from_secs(chat.settings.limits.delete_window_s);
    let message = target::find(chat, delete.conversation, delete.message, window).await?;
    let looks_after = seen.kind == Kind::Group && seen.role >= Role::Admin;
    if message.sender != caller.user && !looks_after {
        let why = "only who wrote a message, or an admin of the group, can delete it for everyone";
        return Err(WriteError::NotAllowed(why));
    }
    target::within(chat, &message, window)
}
