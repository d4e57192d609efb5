//! Puts an emoji to a message, or takes it away.

use std::time::Duration;

use auth::Identity;
use kernel::{ConversationId, EntryId, WireError};
use serde::Serialize;

use super::target;
use super::write::{self, Arrived, Pending, Then, WriteError, Writing};
use crate::chat::Chat;
use crate::conversations::Retention;
use crate::log::entry::EntryType;

/// The longest emoji, in bytes of UTF-8.
const EMOJI_BYTES: usize = 32;

/// Whether the emoji comes or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// It comes.
    Add,
    /// It goes.
    Remove,
}

/// An emoji for a message.
#[derive(Debug, Clone)]
pub struct Reaction {
    /// Made by the client: the same again is the same reaction.
    pub id: EntryId,
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub message: EntryId,
    /// One emoji, in any of its spellings.
    pub emoji: String,
    /// Whether it comes or goes.
    pub op: Op,
}

/// A reaction as the log keeps it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ReactionData {
    message_id: EntryId,
    emoji: &'static str,
    op: Op,
}

/// Takes a reaction. When this returns, later writes come after it. A relay may have forgotten the message, so there any
/// id is taken; an archive knows its messages.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, conversation_id = %reaction.conversation, entry_id = %reaction.id))]
pub async fn take(
    chat: &Chat,
    caller: &Identity,
    arrived: Arrived,
    reaction: Reaction,
) -> Result<Pending, WriteError> {
    let (conversation, id) = (reaction.conversation, reaction.id);
    let taken = try_take(chat, caller, arrived, reaction).await;
    write::in_order(chat, caller, (conversation, id), taken)
}

async fn try_take(
    chat: &Chat,
    caller: &Identity,
    arrived: Arrived,
    reaction: Reaction,
) -> Result<Pending, WriteError> {
    let Reaction { id, conversation, message, emoji, op } = reaction;
    let emoji = spelled(&emoji).ok_or_else(|| {
        let message = format!("must be one emoji of at most {EMOJI_BYTES} bytes");
        WriteError::Invalid(WireError::invalid("emoji", message))
    })?;
    let seen = chat.members.require(conversation, caller.user).await?;
    chat.pace.send(caller.user).map_err(WriteError::TooOften)?;
    let data = ReactionData { message_id: message, emoji, op };
    let (kind, target) = (EntryType::Reaction, Some(message));
    let writing = Writing { id, conversation, kind, target, data: &data };
    let draft = write::draft(chat, caller, seen, &writing).await?;
    if seen.retention == Retention::Archive {
        // Nothing is forgotten there, so an unknown id never was a message.
        let found =
            target::find(chat, caller.user, conversation, message, Duration::MAX).await.map(drop);
        write::unless_written(chat, &draft, found).await?;
    }
    Ok(write::submit(chat, arrived, draft, Then::Nothing))
}

/// The one spelling of an emoji that is kept, so that two people who mean the same put the same.
fn spelled(text: &str) -> Option<&'static str> {
    if text.len() > EMOJI_BYTES {
        return None;
    }
    emojis::get(text).map(emojis::Emoji::as_str).filter(|emoji| emoji.len() <= EMOJI_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emoji_is_one_grapheme_of_them() {
        for emoji in ["👍", "👍🏽", "👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇨🇭", "#️⃣", "❤️"]
        {
            assert_eq!(spelled(emoji), Some(emoji));
        }
        for other in
            ["", "a", "👍👍", "👍 ", ":+1:", "\0", "👍\0", "<b>", "1", "\u{200d}", "\u{fe0f}"]
        {
            assert_eq!(spelled(other), None, "{other:?}");
        }
        assert_eq!(spelled(&"👍".repeat(9)), None);
    }

    #[test]
    fn two_spellings_of_an_emoji_are_one() {
        assert_eq!(spelled("\u{2764}"), Some("\u{2764}\u{fe0f}"));
    }
}
