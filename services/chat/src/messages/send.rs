//! Sends a message: durable, published and counted before it is acknowledged.

use auth::Identity;
use kernel::{ConversationId, EntryId, WireError};

use super::body::MessageBody;
use super::write::{self, Arrived, Pending, Then, WriteError, Writing, Written};
use crate::chat::Chat;
use crate::log::entry::EntryType;

/// A message to be sent.
#[derive(Debug, Clone)]
pub struct Send {
    /// Made by the client: the same again is the same message.
    pub id: EntryId,
    /// Where to.
    pub conversation: ConversationId,
    /// The content.
    pub body: MessageBody,
}

/// Takes a message. When this returns, later ones come after it.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, conversation_id = %send.conversation, entry_id = %send.id))]
pub async fn take(
    chat: &Chat,
    caller: &Identity,
    arrived: Arrived,
    send: Send,
) -> Result<Pending, WriteError> {
    let (conversation, id) = (send.conversation, send.id);
    let taken = try_take(chat, caller, arrived, send).await;
    write::in_order(chat, caller, (conversation, id), taken)
}

async fn try_take(
    chat: &Chat,
    caller: &Identity,
    arrived: Arrived,
    send: Send,
) -> Result<Pending, WriteError> {
    if !send.id.is_v7() {
        let error = WireError::invalid("id", "must be a UUID of version 7 made by the client");
        return Err(WriteError::Invalid(error));
    }
    send.body.check(chat.settings.limits.text_chars).map_err(WriteError::Invalid)?;
    let seen = chat.members.require(send.conversation, caller.user).await?;
    chat.pace.send(caller.user).map_err(WriteError::TooOften)?;
    // So that the deletion of the message that it quotes finds it.
    let target = send.body.reply_to.as_ref().map(|reply| reply.id);
    let writing = Writing {
        id: send.id,
        conversation: send.conversation,
        kind: EntryType::Message,
        target,
        data: &send.body.as_data(),
    };
    let draft = write::draft(chat, caller, seen, &writing).await?;
    let then = if target.is_some() { Then::MindDeletion } else { Then::Nothing };
    Ok(write::submit(chat, arrived, draft, then))
}

/// Sends a message and waits for it.
pub async fn send(chat: &Chat, caller: &Identity, send: Send) -> Result<Written, WriteError> {
    take(chat, caller, Arrived::now(chat), send).await?.written(chat).await
}
