//! Gives a group another title.

use auth::Identity;
use kernel::{ConversationId, EntryId, WireError};

use super::changes::append::{self, Warrant};
use super::changes::store::{Begun, Fate, Turn};
use super::changes::turn;
use super::error::ConversationError;
use super::retry;
use crate::chat::Chat;
use crate::log::entry::Entry;

/// Gives the group that title.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, conversation_id = %id))]
pub async fn rename(
    chat: &Chat,
    caller: &Identity,
    id: ConversationId,
    name: &str,
    key: EntryId,
) -> Result<Entry, ConversationError> {
    let title = title(chat, name)?;
    let digest = retry::digest(chat, "title", &(id, &title));
    if let Some(entry) = retry::earlier(chat, caller, id, key, &digest).await? {
        return Ok(entry);
    }
    let seen = chat.members.look_again(id, caller.user).await?;
    append::check_turn(&seen)?;
    chat.pace.change(caller.user).map_err(ConversationError::TooOften)?;
    let wanted = Turn {
        conversation: id,
        fate: Fate::Title(title),
        by: caller.user,
        entry: key,
        digest,
        at: chat.clock.now(),
    };
    match chat.changes.begin_turn(&wanted).await? {
        Begun::Yes(turn) if turn.digest != digest => Err(ConversationError::Conflict),
        Begun::Yes(turn) => turn::carry_out(chat, &turn, seen.checked, Warrant::Turn(&turn)).await,
        Begun::Nothing => Err(ConversationError::NotFound),
        Begun::Busy => Err(ConversationError::Busy),
    }
}

/// A title as it is kept: without white space at its ends.
pub fn title(chat: &Chat, title: &str) -> Result<String, ConversationError> {
    let (title, most) = (title.trim(), chat.settings.limits.title_chars);
    let invalid = |why: String| ConversationError::Invalid(WireError::invalid("title", why));
    if title.is_empty() || title.chars().count() > most {
        return Err(invalid(format!("must have 1 to {most} characters")));
    }
    if title.chars().any(char::is_control) {
        return Err(invalid("must not hold control characters".to_owned()));
    }
    Ok(title.to_owned())
}
