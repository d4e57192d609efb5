//! Carries a change of a conversation itself to its end.

use kernel::ConversationId;
use serde_json::json;
use serde_json::value::to_raw_value;

use super::append::{Failure, Warrant, append};
use super::store::{Fate, Turn};
use crate::chat::Chat;
use crate::conversations::error::ConversationError;
use crate::conversations::{Retention, Role};
use crate::log::entry::{Entry, EntryType};
use crate::log::store::{Draft, Part};
use crate::own::{Note, cause};

/// People who are taken out of a conversation that is gone, in one step.
const PEOPLE: u32 = 500;
/// Positions whose content is forgotten in one step.
const STRETCH: u64 = 2_000;

/// Carries a begun turn to its end. `checked` is the change of membership up to which its warrant was seen to hold. Called
/// again for the same turn, or after a call that died anywhere, it does what is left to do.
pub async fn carry_out(
    chat: &Chat,
    turn: &Turn,
    checked: u64,
    warrant: Warrant<'_>,
) -> Result<Entry, ConversationError> {
    let entry = match append(chat, draft(chat, turn, checked).await?, warrant).await {
        Ok(entry) => entry,
        Err(Failure::Lost(error)) => {
            if turn.fate != Fate::Gone {
                chat.changes.undo_turn(turn).await?;
            }
            return Err(error);
        }
        Err(Failure::Unknown(error)) => return Err(error),
    };
    if turn.fate == Fate::Gone {
        // Behind the entry nothing is written any more: whoever looks again finds no conversation.
        empty(chat, turn.conversation).await?;
        forget_all(chat, turn.conversation, entry.seq).await?;
        tracing::info!(conversation_id = %turn.conversation, "conversation removed");
    }
    chat.changes.finish_turn(turn, entry.seq).await?;
    Ok(entry)
}

async fn draft(chat: &Chat, turn: &Turn, checked: u64) -> Result<Draft, ConversationError> {
    let conversation = chat.conversations.get(turn.conversation).await?;
    let (kind, data) = match &turn.fate {
        Fate::Title(title) => (EntryType::Conversation, json!({ "title": title })),
        Fate::Gone => {
            let by = turn.by;
            let data = json!({ "op": "removed", "userId": by, "role": Role::Owner, "by": by });
            (EntryType::Member, data)
        }
    };
    Ok(Draft {
        id: turn.entry,
        conversation: turn.conversation,
        kind,
        sender: turn.by,
        created_at: turn.at,
        digest: turn.digest,
        target: None,
        checked,
        retention: conversation.map_or(Retention::Relay, |conversation| conversation.retention),
        withheld_from: None,
        data: to_raw_value(&data).map_err(|_| ConversationError::Unavailable)?,
    })
}

/// Forgets everything that was written up to there, in steps.
async fn forget_all(chat: &Chat, id: ConversationId, end: u64) -> Result<(), ConversationError> {
    let mut from = 0;
    while from < end {
        let to = end.min(from + STRETCH);
        chat.log.strip_all(&[Part { id, from, to }]).await?;
        from = to;
    }
    Ok(())
}

/// Tells everyone, and takes them out.
async fn empty(chat: &Chat, id: ConversationId) -> Result<(), ConversationError> {
    loop {
        let people = chat.changes.everyone(id, PEOPLE).await?;
        if people.is_empty() {
            return Ok(());
        }
        chat.changes.clear(id, &people).await?;
        let told = people.into_iter().map(|user| async move {
            chat.announcer.removed(user, id).await;
            let note = Note::ConversationRemoved { conversation_id: id };
            chat.notes.soon(user, cause(note.op(), id), note);
        });
        futures::future::join_all(told).await;
    }
}
