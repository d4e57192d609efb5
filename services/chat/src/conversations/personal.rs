//! What a person sets about a conversation for themself.

use auth::Identity;
use kernel::{ConversationId, EntryId, WireError};

use super::error::ConversationError;
use super::switches::{Change, Setting};
use super::view::{self, ConversationView};
use crate::chat::Chat;
use crate::own::note::{self, Note};

/// Sets it, and tells the caller's other devices by an entry in their own log. That comes first: its position decides which
/// of two settings is the later one, everywhere. The same again finishes what was left undone.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, conversation_id = %id))]
pub async fn set(
    chat: &Chat,
    caller: &Identity,
    id: ConversationId,
    change: Change,
) -> Result<ConversationView, ConversationError> {
    let switches = change.switches();
    if switches.is_empty() {
        let why = "give at least one of muted, pinned, hidden, archived, markedUnread";
        return Err(ConversationError::Invalid(WireError::invalid("muted", why)));
    }
    let conversation = chat.conversations.get(id).await?.ok_or(ConversationError::NotFound)?;
    let membership = chat.conversations.membership(caller.user, id).await?;
    membership.ok_or(ConversationError::NotFound)?;
    chat.pace.change(caller.user).map_err(ConversationError::TooOften)?;
    let messages = conversation.head_count;
    let count = (change.hidden == Some(true)).then_some(messages);
    let note = Note::Settings { conversation_id: id, change, count };
    let entry = note::cause(note.op(), EntryId::new_v7(chat.clock.now(), &*chat.random));
    let seq = note::note(chat, caller.user, entry, &note).await?.seq;
    let setting = Setting { switches, seq, messages };
    if !chat.conversations.set_switches(caller.user, id, &setting).await? {
        return Err(ConversationError::NotFound);
    }
    view::of(chat, caller.user, id).await
}
