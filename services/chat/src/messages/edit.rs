//! Gives a message other words.

use std::time::Duration;

use auth::Identity;
use kernel::{ConversationId, EntryId};
use serde::Serialize;

use super::body::{Format, MessageBody};
use super::target;
use super::write::{self, Arrived, Pending, Then, WriteError, Writing};
use crate::chat::Chat;
use crate::log::entry::EntryType;

/// Other words for a message.
#[derive(Debug, Clone)]
pub struct Edit {
    /// Made by the client: the same again is the same edit.
    pub id: EntryId,
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub message: EntryId,
    /// The words.
    pub text: String,
    /// Styles of ranges.
    pub formatting: Vec<Format>,
}

/// An edit as the log keeps it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EditData<'a> {
    message_id: EntryId,
    text: &'a str,
    formatting: &'a [Format],
}

/// Takes an edit of the caller's own message, while it may be edited. When this returns, later writes come after it.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, conversation_id = %edit.conversation, entry_id = %edit.id))]
pub async fn take(
    chat: &Chat,
    caller: &Identity,
    arrived: Arrived,
    edit: Edit,
) -> Result<Pending, WriteError> {
    let (conversation, id) = (edit.conversation, edit.id);
    let taken = try_take(chat, caller, arrived, edit).await;
    write::in_order(chat, caller, (conversation, id), taken)
}

async fn try_take(
    chat: &Chat,
    caller: &Identity,
    arrived: Arrived,
    edit: Edit,
) -> Result<Pending, WriteError> {
    let Edit { id, conversation, message, text, formatting } = edit;
    let body = MessageBody { text, formatting, ..MessageBody::default() };
    body.check(chat.settings.limits.text_chars).map_err(WriteError::Invalid)?;
    let seen = chat.members.require(conversation, caller.user).await?;
    chat.pace.send(caller.user).map_err(WriteError::TooOften)?;
    let data = EditData { message_id: message, text: &body.text, formatting: &body.formatting };
    let (kind, target) = (EntryType::Edit, Some(message));
    let writing = Writing { id, conversation, kind, target, data: &data };
    let draft = write::draft(chat, caller, seen, &writing).await?;
    let allowed = check(chat, caller, conversation, message).await;
    write::unless_written(chat, &draft, allowed).await?;
    Ok(write::submit(chat, arrived, draft, Then::MindDeletion))
}

async fn check(
    chat: &Chat,
    caller: &Identity,
    id: ConversationId,
    message: EntryId,
) -> Result<(), WriteError> {
    let window = Duration::from_secs(chat.settings.limits.edit_window_s);
    let message = target::find(chat, caller.user, id, message, window).await?;
    if message.sender != caller.user {
        return Err(WriteError::NotAllowed("only who wrote a message can edit it"));
    }
    target::within(chat, &message, window)
}
