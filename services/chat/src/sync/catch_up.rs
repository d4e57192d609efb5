//! One page of everything above a device's cursors.

use std::collections::HashMap;

use auth::Identity;
use kernel::{ConversationId, UserId, WireError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::since::{self, Told};
use crate::chat::Chat;
use crate::conversations::error::ConversationError;
use crate::conversations::view::{self, ConversationView};
use crate::conversations::{Conversation, Membership, list};
use crate::delivery::acknowledge::Cursor;
use crate::delivery::store::Owner;
use crate::log::entry::Entry;
use crate::messages::history::{self, Room, Stretch};
use crate::store::StoreError;

/// What a client asks.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SyncRequest {
    /// The `since` of the answer before: carries on exactly there.
    #[serde(default)]
    pub since: Option<String>,
    /// Instead of the device's own cursors, for these conversations.
    #[serde(default)]
    pub cursors: Option<Vec<Cursor>>,
}

/// One conversation with news.
#[derive(Debug, Serialize, ToSchema)]
pub struct News {
    /// As this person sees it.
    pub conversation: ConversationView,
    /// What is new, upwards.
    #[schema(value_type = Vec<Object>)]
    pub entries: Vec<Entry>,
    /// Positions that are gone for good, as first and last of each run.
    pub gone: Vec<(u64, u64)>,
    /// The client's cursor means nothing any more: forget what it has of this conversation and start from here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reset: bool,
}

/// How far somebody else has stored and read.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// In which conversation.
    #[schema(value_type = String, format = Uuid)]
    pub conversation_id: ConversationId,
    /// Who.
    #[schema(value_type = String, format = Uuid)]
    pub user_id: UserId,
    /// Stored up to here.
    pub delivered: u64,
    /// Read up to here.
    pub read: u64,
}

/// One page of news.
#[derive(Debug, Serialize, ToSchema)]
pub struct SyncAnswer {
    /// For the next call.
    pub since: String,
    /// Only those with news.
    pub conversations: Vec<News>,
    /// Conversations that the person is no longer in; nobody can leave one yet.
    #[schema(value_type = Vec<String>)]
    pub removed: Vec<ConversationId>,
    /// How far others have come; told live only, for now.
    pub receipts: Vec<Receipt>,
    /// Whether another call would bring more at once.
    pub more: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// `since` is not one of ours.
    #[error("`since` makes no sense")]
    Since,
    /// A conversation could not be read.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SyncError> for WireError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Since => Self::invalid("since", "must be the `since` of an earlier answer"),
            SyncError::Conversation(error) => error.into(),
            SyncError::Store(error) => error.into(),
        }
    }
}

/// Where one conversation stands for the caller.
#[derive(Debug, Clone, Copy)]
struct Start {
    after: u64,
    reset: bool,
}

/// The next page of what the caller's device has not stored. The device must be registered.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, device_id = %caller.device))]
pub async fn catch_up(
    chat: &Chat,
    caller: &Identity,
    request: SyncRequest,
) -> Result<SyncAnswer, SyncError> {
    let mut told = match request.since.as_deref() {
        None | Some("") => Told::new(),
        Some(since) => since::decode(since).ok_or(SyncError::Since)?,
    };
    let mut rows = list::mine(chat, caller).await?;
    rows.sort_by_key(|(conversation, _)| conversation.id);
    let starts = starts(chat, caller, &request, &mut told, &rows).await?;
    let mut answer = SyncAnswer {
        since: String::new(),
        conversations: Vec::new(),
        removed: Vec::new(),
        receipts: Vec::new(),
        more: false,
    };
    let mut left = chat.settings.limits.answer_bytes;
    for (conversation, membership) in &rows {
        let Some(start) = starts.get(&conversation.id) else { continue };
        if left == 0 {
            answer.more = true;
            break;
        }
        let room = Room { entries: chat.settings.limits.answer_entries, bytes: left };
        let stretch = history::read(chat, conversation.id, (start.after, u64::MAX), room).await?;
        told.insert(conversation.id, stretch.end(start.after));
        answer.more |= stretch.more;
        left = left.saturating_sub(weight(&stretch));
        let conversation = view::build(chat, conversation, membership).await?;
        let Stretch { entries, gone, .. } = stretch;
        answer.conversations.push(News { conversation, entries, gone, reset: start.reset });
    }
    answer.since = since::encode(&told);
    Ok(answer)
}

/// Where to start in each conversation that has news. Forgets of `told` what the device has acknowledged since.
async fn starts(
    chat: &Chat,
    caller: &Identity,
    request: &SyncRequest,
    told: &mut Told,
    rows: &[(Conversation, Membership)],
) -> Result<HashMap<ConversationId, Start>, SyncError> {
    let ids: Vec<ConversationId> = rows.iter().map(|(conversation, _)| conversation.id).collect();
    let owner = Owner { user: caller.user, device: caller.device };
    let cursors = cursors(chat, owner, &ids).await?;
    told.retain(|id, seq| cursors.get(id).is_some_and(|cursor| cursor < seq));
    let asked = request.cursors.as_deref().unwrap_or_default();
    let asked: HashMap<_, _> =
        asked.iter().map(|cursor| (cursor.conversation_id, cursor)).collect();
    let mut starts = HashMap::new();
    for (conversation, _) in rows {
        let own = cursors.get(&conversation.id).copied().unwrap_or(0);
        let start = start(
            conversation,
            own,
            told.get(&conversation.id),
            asked.get(&conversation.id).copied(),
        );
        if start.reset || start.after < conversation.head_seq {
            starts.insert(conversation.id, start);
        }
    }
    Ok(starts)
}

/// The device's cursors. A conversation that was opened while the device was being registered may have none for it yet: it
/// gets one now, so that from here on content waits for it.
async fn cursors(
    chat: &Chat,
    owner: Owner,
    ids: &[ConversationId],
) -> Result<HashMap<ConversationId, u64>, SyncError> {
    let mut cursors = chat.delivery.cursors(owner, ids).await?;
    let missing: Vec<ConversationId> =
        ids.iter().filter(|id| !cursors.contains_key(id)).copied().collect();
    if !missing.is_empty() {
        chat.delivery.register(owner, &missing, chat.clock.now()).await?;
        cursors.extend(chat.delivery.cursors(owner, &missing).await?);
    }
    Ok(cursors)
}

/// What was told last goes before what the client asks, and that before the device's own cursor.
fn start(
    conversation: &Conversation,
    own: u64,
    told: Option<&u64>,
    asked: Option<&Cursor>,
) -> Start {
    if let Some(after) = told {
        return Start { after: (*after).max(own), reset: false };
    }
    match asked {
        None => Start { after: own, reset: false },
        Some(cursor)
            if cursor.epoch != conversation.epoch || cursor.seq > conversation.head_seq =>
        {
            Start { after: 0, reset: true }
        }
        Some(cursor) => Start { after: cursor.seq, reset: false },
    }
}

/// Bytes on the wire, roughly, with the conversation beside the entries.
fn weight(stretch: &Stretch) -> usize {
    const CONVERSATION: usize = 1_500;
    CONVERSATION + stretch.entries.iter().map(Entry::weight).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use kernel::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::conversations::{Kind, Retention};

    fn conversation() -> Conversation {
        Conversation {
            id: ConversationId::from_uuid(Uuid::from_u128(7)),
            kind: Kind::Direct,
            retention: Retention::Relay,
            epoch: "e1".to_owned(),
            head_seq: 10,
            head_count: 10,
            member_count: 2,
            created_at: Timestamp::from_millis(0),
            active_at: Timestamp::from_millis(0),
        }
    }

    fn asked(seq: u64, epoch: &str) -> Cursor {
        Cursor { conversation_id: conversation().id, seq, epoch: epoch.to_owned() }
    }

    #[test]
    fn starts_at_the_devices_own_cursor_unless_told_otherwise() {
        assert_eq!(start(&conversation(), 4, None, None).after, 4);
        assert_eq!(start(&conversation(), 4, None, Some(&asked(2, "e1"))).after, 2);
        assert_eq!(start(&conversation(), 4, Some(&8), Some(&asked(2, "e1"))).after, 8);
    }

    #[test]
    fn a_cursor_that_means_nothing_is_reset_and_never_dropped() {
        for cursor in [asked(11, "e1"), asked(3, "e0")] {
            let start = start(&conversation(), 4, None, Some(&cursor));
            assert!(start.reset && start.after == 0);
        }
    }
}
