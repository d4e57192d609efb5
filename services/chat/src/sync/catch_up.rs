//! One page of everything above a device's cursors.

use auth::Identity;
use kernel::{ConversationId, UserId, WireError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::since::{self, ROW_CHARS, Since, Told};
use super::start::{Row, Start, starts};
use crate::chat::Chat;
use crate::conversations::error::ConversationError;
use crate::conversations::list;
use crate::conversations::view::{self, ConversationView};
use crate::delivery::acknowledge::Cursor;
use crate::delivery::devices;
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

/// As [`catch_up`], for callers who may not have connected before: registers their device first.
pub async fn catch_up_at_the_door(
    chat: &Chat,
    caller: &Identity,
    request: SyncRequest,
) -> Result<SyncAnswer, SyncError> {
    devices::ensure_registered(chat, caller).await?;
    catch_up(chat, caller, request).await
}

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
