//! One page of everything above a device's cursors.

use std::collections::{BTreeSet, HashMap, HashSet};

use auth::Identity;
use kernel::{ConversationId, UserId, WireError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::receipts::{self, Receipt};
use super::since::{self, Place, Seal, Since, Told};
use super::start::{Row, Start, starts};
use crate::chat::Chat;
use crate::conversations::error::ConversationError;
use crate::conversations::list;
use crate::conversations::view::{self, ConversationView, Latest};
use crate::delivery::acknowledge::Cursor;
use crate::delivery::devices::{self, DevicesError};
use crate::log::entry::Entry;
use crate::messages::history::{self, Room, Stretch};
use crate::store::StoreError;

/// Conversations that are read at once.
const AT_ONCE: usize = 8;

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
    /// Positions that the client has of this conversation mean nothing any more: it keeps its messages, by their ids, forgets
    /// their positions and its cursor, and takes the log from here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reset: bool,
}

/// One page of news.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct SyncAnswer {
    /// For the next call.
    pub since: String,
    /// Only those with news.
    pub conversations: Vec<News>,
    /// Conversations that the client was told of or tells of, and that the person is no longer in.
    #[schema(value_type = Vec<String>)]
    pub removed: Vec<ConversationId>,
    /// How far others have come, in conversations of this answer and those with the latest activity; of large ones nothing.
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
    /// The caller's device.
    #[error(transparent)]
    Devices(#[from] DevicesError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SyncError> for WireError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Since => Self::invalid("since", "must be the `since` of an earlier answer"),
            SyncError::Conversation(error) => error.into(),
            SyncError::Devices(error) => error.into(),
            SyncError::Store(error) => error.into(),
        }
    }
}

/// Up to which position a socket of the caller will not hear of a conversation's entries any more; 0 if it hears all.
pub type Heard<'a> = &'a (dyn Fn(ConversationId) -> u64 + Send + Sync);

/// The next page of what the caller's device has not stored. The device must be registered.
pub async fn catch_up(
    chat: &Chat,
    caller: &Identity,
    request: SyncRequest,
) -> Result<SyncAnswer, SyncError> {
    catch_up_behind(chat, caller, request, &|_| 0).await
}

/// As [`catch_up`], for somebody who listens: what they came too late to hear is in the answer, also while no conversation
/// counts it yet.
#[tracing::instrument(name = "catch_up", skip_all, fields(user_id = %caller.user, device_id = %caller.device))]
pub async fn catch_up_behind(
    chat: &Chat,
    caller: &Identity,
    request: SyncRequest,
    heard: Heard<'_>,
) -> Result<SyncAnswer, SyncError> {
    let mut rows = list::mine(chat, caller).await?;
    rows.sort_by_key(|(conversation, _)| conversation.id);
    let seal = Seal(&chat.digester);
    let mut since = match request.since.as_deref() {
        None | Some("") => Since::default(),
        Some(since) => since::decode(since, &places(&rows), seal).ok_or(SyncError::Since)?,
    };
    let asked = request.cursors.unwrap_or_default();
    let mut answer =
        SyncAnswer { removed: removed(&since, &asked, &rows), ..SyncAnswer::default() };
    let starts = starts(chat, caller, (&asked, heard), &mut since.told, &mut rows).await?;
    let news = rows.iter().filter_map(|row| starts.get(&row.0.id).map(|start| (row, *start)));
    let news: Vec<_> = news.collect();
    let left = room(chat, &rows, since.told.len() + news.len());
    let left = fill(chat, caller.user, news, left, &mut since.told, &mut answer).await?;
    receipts::add(chat, caller, &rows, left, &mut since.receipts, &mut answer).await;
    answer.since = since::encode(&since, &places(&rows), seal);
    Ok(answer)
}

fn places(rows: &[Row]) -> Vec<Place<'_>> {
    rows.iter().map(|(conversation, _)| (conversation.id, conversation.epoch.as_str())).collect()
}

/// What the client was told of, or tells of, and the person is not in any more.
fn removed(since: &Since, asked: &[Cursor], rows: &[Row]) -> Vec<ConversationId> {
    let there: HashSet<ConversationId> = rows.iter().map(|row| row.0.id).collect();
    let known = since.left.iter().copied().chain(asked.iter().map(|asked| asked.conversation_id));
    let gone: BTreeSet<ConversationId> = known.filter(|id| !there.contains(id)).collect();
    gone.into_iter().collect()
}

/// Bytes that news may take, when so many conversations will have been told: the token has to fit too.
fn room(chat: &Chat, rows: &[Row], told: usize) -> usize {
    let bytes = chat.settings.limits.answer_bytes;
    bytes.saturating_sub(since::longest(told, rows.len()).min(bytes / 2))
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

/// Fills an answer with news until it is as large as it may be. Answers the bytes that are left.
async fn fill(
    chat: &Chat,
    reader: UserId,
    news: Vec<(&Row, Start)>,
    mut left: usize,
    told: &mut HashMap<ConversationId, Told>,
    answer: &mut SyncAnswer,
) -> Result<usize, SyncError> {
    for some in news.chunks(AT_ONCE) {
        let room = Room { entries: chat.settings.limits.answer_entries, bytes: left };
        let wanted = some.iter().map(|(row, start)| room.above(row.0.id, start.after, u64::MAX));
        let wanted: Vec<_> = wanted.collect();
        let stretches = history::read(chat, reader, &wanted).await?;
        let latest = latest(chat, reader, some, &stretches).await?;
        let rows: Vec<view::Row<'_>> = some.iter().map(|(row, _)| (&row.0, &row.1)).collect();
        let views = view::with(chat, reader, &rows, latest).await?;
        for (((row, start), view), stretch) in some.iter().zip(views).zip(stretches) {
            let weight = weight(&view);
            let bytes = left.saturating_sub(weight);
            let stretch = stretch.within(bytes);
            let weight = weight + stretch.entries.iter().map(Entry::weight).sum::<usize>();
            if weight > left && !answer.conversations.is_empty() {
                answer.more = true;
                return Ok(left);
            }
            left = left.saturating_sub(weight);
            answer.more |= stretch.more;
            let seq = stretch.end(start.after);
            told.insert(row.0.id, Told { seq, unfinished: stretch.more });
            let Stretch { entries, gone, .. } = stretch;
            answer.conversations.push(News {
                conversation: view,
                entries,
                gone,
                reset: start.reset,
            });
        }
    }
    Ok(left)
}

/// The latest of each conversation. What was read of a log ends with its last entry, unless there is more of it.
async fn latest(
    chat: &Chat,
    reader: UserId,
    some: &[(&Row, Start)],
    stretches: &[Stretch],
) -> Result<Vec<Latest>, StoreError> {
    let longer = some.iter().zip(stretches).filter(|(_, stretch)| stretch.more);
    let heads: Vec<_> = longer.map(|((row, _), _)| (row.0.id, row.0.head_seq)).collect();
    let mut last = view::last(chat, reader, &heads).await?.into_iter();
    let one = |((row, start), stretch): (&(&Row, Start), &Stretch)| {
        let entry = if stretch.more {
            last.next().flatten()
        } else {
            stretch.entries.last().filter(|last| last.seq >= row.0.head_seq).cloned()
        };
        Latest { floor: start.floor, entry }
    };
    Ok(some.iter().zip(stretches).map(one).collect())
}

/// Bytes of a conversation on the wire, and of what surrounds it.
fn weight(view: &ConversationView) -> usize {
    const AROUND: usize = 100;
    AROUND + serde_json::to_vec(view).map_or(0, |json| json.len())
}
