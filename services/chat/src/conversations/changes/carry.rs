//! Carries a change of a member to its end.

use std::cmp::Reverse;

use serde_json::json;
use serde_json::value::to_raw_value;

use super::append::{Failure, Warrant, append, derived};
use super::store::{Begun, Change, Fate, Op, Turn};
use super::turn;
use crate::chat::Chat;
use crate::conversations::error::ConversationError;
use crate::conversations::{Member, Retention, Role};
use crate::delivery::retention;
use crate::log::entry::{Entry, EntryType};
use crate::log::store::Draft;
use crate::own::{Note, cause};

/// Carries a begun change to its end: its entry, then what follows from it. `checked` is the change of membership up to
/// which its warrant was seen to hold. Called again for the same change, or after a call that died anywhere, it does what
/// is left to do.
pub async fn carry_out(
    chat: &Chat,
    change: &Change,
    checked: u64,
    warrant: Warrant<'_>,
) -> Result<Entry, ConversationError> {
    let end = if change.op.takes_out() { leave_behind(chat, change).await? } else { None };
    let entry = conclude(chat, change, checked, warrant).await?;
    if let Some(end) = end {
        turn::carry_out(chat, &end, u64::MAX, Warrant::Decided).await?;
    }
    Ok(entry)
}

async fn conclude(
    chat: &Chat,
    change: &Change,
    checked: u64,
    warrant: Warrant<'_>,
) -> Result<Entry, ConversationError> {
    let entry = match append(chat, draft(chat, change, checked).await?, warrant).await {
        Ok(entry) => entry,
        Err(Failure::Lost(error)) => {
            chat.changes.undo(change).await?;
            return Err(error);
        }
        Err(Failure::Unknown(error)) => return Err(error),
    };
    let id = change.conversation;
    if change.op == Op::Joined {
        // What was said before somebody came does not wait to be read by them.
        chat.conversations.raise_read(change.user, id, entry.seq, entry.count).await?;
    }
    let progress = chat.changes.finish(change, entry.seq).await?;
    if let Some(progress) = progress.filter(|progress| progress.is_behind()) {
        // What only this person was waited for. The conversation is marked: the sweeper finishes what fails here.
        let behind = [(id, progress)];
        if let Err(error) = retention::forget(&*chat.log, &*chat.delivery, &behind).await {
            tracing::warn!(%error, "content that only a former member lacked is not forgotten yet");
        }
    }
    tell(chat, change).await;
    metrics::counter!("membership_changes_total", "op" => change.op.as_str()).increment(1);
    tracing::info!(conversation_id = %id, user_id = %change.user, op = change.op.as_str(), "membership changed");
    Ok(entry)
}

/// The person's sockets, and their other devices. Lost, both find it out by reading.
async fn tell(chat: &Chat, change: &Change) {
    let (id, user) = (change.conversation, change.user);
    let note = match change.op {
        Op::Joined => {
            chat.announcer.added(user, id).await;
            Note::ConversationAdded { conversation_id: id }
        }
        Op::Left | Op::Removed => {
            chat.announcer.removed(user, id).await;
            Note::ConversationRemoved { conversation_id: id }
        }
        Op::Role => return,
    };
    chat.notes.soon(user, cause(note.op(), change.entry), note);
}

async fn draft(chat: &Chat, change: &Change, checked: u64) -> Result<Draft, ConversationError> {
    let conversation = chat.conversations.get(change.conversation).await?;
    let data = json!({
        "op": change.op.as_str(),
        "userId": change.user,
        "role": change.role,
        "by": change.by,
    });
    Ok(Draft {
        id: change.entry,
        conversation: change.conversation,
        kind: EntryType::Member,
        sender: change.by,
        created_at: change.at,
        digest: change.digest,
        target: None,
        checked,
        retention: conversation.map_or(Retention::Relay, |conversation| conversation.retention),
        withheld_from: None,
        data: to_raw_value(&data).map_err(|_| ConversationError::Unavailable)?,
    })
}

/// What becomes of those who stay when somebody goes: where no owner is left, somebody becomes one. Where nobody is left,
/// the conversation goes too: answers its end.
async fn leave_behind(chat: &Chat, change: &Change) -> Result<Option<Turn>, ConversationError> {
    let most = chat.settings.limits.group_members.saturating_mul(2);
    let rest = chat.conversations.members(change.conversation, None, most).await?;
    if rest.is_empty() {
        let turn = Turn {
            conversation: change.conversation,
            fate: Fate::Gone,
            by: change.by,
            entry: derived(change.entry, change.conversation.uuid()),
            digest: change.digest,
            at: change.at,
        };
        return Ok(match chat.changes.begin_turn(&turn).await? {
            Begun::Yes(turn) => Some(turn),
            Begun::Nothing | Begun::Busy => None,
        });
    }
    if change.role == Role::Owner && rest.iter().all(|member| member.role != Role::Owner) {
        promote(chat, change, rest).await?;
    }
    Ok(None)
}

/// The longest-standing admin becomes owner; without one, the longest-standing member.
async fn promote(
    chat: &Chat,
    cause: &Change,
    mut rest: Vec<Member>,
) -> Result<(), ConversationError> {
    rest.sort_by_key(|member| (Reverse(member.role), member.joined_at, member.user));
    for successor in rest {
        let change = Change {
            user: successor.user,
            op: Op::Role,
            role: Role::Owner,
            was: successor.role,
            entry: derived(cause.entry, successor.user.uuid()),
            ..cause.clone()
        };
        match chat.changes.begin(&change, &[]).await? {
            Begun::Yes(change) => {
                conclude(chat, &change, u64::MAX, Warrant::Decided).await?;
                return Ok(());
            }
            // Gone, or an owner, since they were read; or about to be.
            Begun::Nothing | Begun::Busy => {}
        }
    }
    Err(ConversationError::Busy)
}
