//! One page of everything above a device's cursors.

use std::collections::HashMap;

use auth::Identity;
use kernel::{ConversationId, UserId, WireError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::since::{self, ROW_CHARS, Since, Told};
use crate::chat::Chat;
use crate::conversations::error::ConversationError;
use crate::conversations::view::{self, ConversationView};
use crate::conversations::{Conversation, Membership, list};
use crate::delivery::acknowledge::Cursor;
use crate::delivery::store::Owner;
use crate::log::entry::Entry;
use crate::messages::history::{self, Room, Stretch};
use crate::store::StoreError;

/// A conversation as a person sees it, on the wire, without its last entry; roughly.
const VIEW_BYTES: usize = 1_500;

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
#[derive(Debug, Default, Serialize, ToSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    let mut since = match request.since.as_deref() {
        None | Some("") => Since::new(),
        Some(since) => since::decode(since).ok_or(SyncError::Since)?,
    };
    let mut rows = list::mine(chat, caller).await?;
    rows.sort_by_key(|(conversation, _)| conversation.id);
    let asked = request.cursors.unwrap_or_default();
    let starts = starts(chat, caller, &asked, &mut since, &mut rows).await?;
    let news = rows.iter().filter_map(|row| starts.get(&row.0.id).map(|start| (row, *start)));
    let mut answer = fill(chat, news.collect(), &mut since).await?;
    answer.since = since::encode(&since);
    Ok(answer)
}

type Row = (Conversation, Membership);

/// Fills an answer with news until it is as large as it may be.
async fn fill(
    chat: &Chat,
    news: Vec<(&Row, Start)>,
    since: &mut Since,
) -> Result<SyncAnswer, SyncError> {
    let mut answer = SyncAnswer::default();
    let limits = &chat.settings.limits;
    let told = (since.len() + news.len()) * ROW_CHARS;
    let mut left = limits.answer_bytes.saturating_sub(told.min(limits.answer_bytes / 2));
    for ((conversation, membership), start) in news {
        let id = conversation.id;
        let view = view::build(chat, conversation, membership).await?;
        let weight = VIEW_BYTES + view.last_entry.as_ref().map_or(0, Entry::weight);
        let room = Room { entries: limits.answer_entries, bytes: left.saturating_sub(weight) };
        let stretch = history::read(chat, id, (start.after, u64::MAX), room).await?;
        let weight = weight + stretch.entries.iter().map(Entry::weight).sum::<usize>();
        if weight > left && !answer.conversations.is_empty() {
            answer.more = true;
            break;
        }
        left = left.saturating_sub(weight);
        answer.more |= stretch.more;
        since.insert(id, Told { seq: stretch.end(start.after), unfinished: stretch.more });
        let Stretch { entries, gone, .. } = stretch;
        answer.conversations.push(News { conversation: view, entries, gone, reset: start.reset });
    }
    Ok(answer)
}

/// Where to start in each conversation that has news. Drops from `since` what the device's own cursors say as well.
async fn starts(
    chat: &Chat,
    caller: &Identity,
    asked: &[Cursor],
    since: &mut Since,
    rows: &mut [Row],
) -> Result<HashMap<ConversationId, Start>, SyncError> {
    let ids: Vec<ConversationId> = rows.iter().map(|(conversation, _)| conversation.id).collect();
    let owner = Owner { user: caller.user, device: caller.device };
    let cursors = cursors(chat, owner, &ids).await?;
    let asked: HashMap<_, _> =
        asked.iter().map(|cursor| (cursor.conversation_id, cursor)).collect();
    since.retain(|id, told| {
        let own = cursors.get(id).copied().unwrap_or(0);
        cursors.contains_key(id) && (told.unfinished || asked.contains_key(id) || own < told.seq)
    });
    raise(chat, rows, |id| {
        let asked = asked.get(&id).map_or(0, |cursor| cursor.seq);
        let told = since.get(&id).map_or(0, |told| told.seq);
        cursors.get(&id).copied().unwrap_or(0).max(asked).max(told)
    })
    .await?;
    let mut starts = HashMap::new();
    for (conversation, _) in rows {
        let id = conversation.id;
        let own = cursors.get(&id).copied().unwrap_or(0);
        let start = start(conversation, own, since.get(&id), asked.get(&id).copied());
        if start.reset || start.after < conversation.head_seq {
            starts.insert(id, start);
        }
    }
    Ok(starts)
}

/// Raises heads that lie below what the client knows: an entry is published before its head is raised.
async fn raise(
    chat: &Chat,
    rows: &mut [Row],
    known: impl Fn(ConversationId) -> u64,
) -> Result<(), SyncError> {
    let behind = |row: &&mut Row| known(row.0.id) > row.0.head_seq;
    let mut behind: Vec<&mut Row> = rows.iter_mut().filter(behind).collect();
    if behind.is_empty() {
        return Ok(());
    }
    let ids: Vec<ConversationId> = behind.iter().map(|row| row.0.id).collect();
    let heads = chat.log.heads(&ids).await?;
    let raised: Vec<_> = ids.into_iter().zip(heads.iter().copied()).collect();
    chat.log.raise_heads(&raised, chat.clock.now()).await?;
    for (row, head) in behind.iter_mut().zip(heads) {
        row.0.head_seq = row.0.head_seq.max(head.seq);
        row.0.head_count = row.0.head_count.max(head.count);
    }
    Ok(())
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

/// What was told last goes before what the client asks, and that before the device's own cursor. One that lies above the
/// log, or is of another epoch, means nothing.
fn start(
    conversation: &Conversation,
    own: u64,
    told: Option<&Told>,
    asked: Option<&Cursor>,
) -> Start {
    let other_epoch = asked.is_some_and(|asked| asked.epoch != conversation.epoch);
    let after = match (told, asked) {
        (Some(told), _) if told.unfinished => told.seq,
        (Some(told), _) => told.seq.max(own),
        (None, Some(asked)) => asked.seq,
        (None, None) => own,
    };
    let reset = after > conversation.head_seq || (other_epoch && told.is_none());
    Start { after: if reset { 0 } else { after }, reset }
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

    fn told(seq: u64, unfinished: bool) -> Told {
        Told { seq, unfinished }
    }

    #[test]
    fn starts_at_the_devices_own_cursor_unless_told_otherwise() {
        let after = |own, told: Option<Told>, asked: Option<Cursor>| {
            let start = start(&conversation(), own, told.as_ref(), asked.as_ref());
            assert!(!start.reset);
            start.after
        };
        assert_eq!(after(4, None, None), 4);
        assert_eq!(after(4, None, Some(asked(2, "e1"))), 2);
        assert_eq!(after(4, Some(told(8, false)), Some(asked(2, "e1"))), 8);
        assert_eq!(
            after(9, Some(told(6, true)), None),
            6,
            "more of it is to come, whatever was stored"
        );
        assert_eq!(after(9, Some(told(6, false)), None), 9);
    }

    #[test]
    fn a_cursor_that_means_nothing_is_reset_and_never_dropped() {
        let reset = Start { after: 0, reset: true };
        for cursor in [asked(11, "e1"), asked(3, "e0")] {
            assert_eq!(start(&conversation(), 4, None, Some(&cursor)), reset);
        }
        assert_eq!(start(&conversation(), 11, None, None), reset, "its own, after a restore");
        assert_eq!(start(&conversation(), 4, Some(&told(11, false)), None), reset);
        let after_reset = start(&conversation(), 4, Some(&told(7, true)), Some(&asked(3, "e0")));
        assert_eq!(after_reset, Start { after: 7, reset: false });
    }
}
