//! How far others have come, for a `sync`: of conversations in the answer, and of those with the latest activity, whose
//! ticks somebody may be waiting for. So it costs in proportion to the news and a bounded rest, however many conversations
//! the person has. What was told last is in the token as a digest: told again only if it changed.

use std::collections::{BTreeSet, HashMap, HashSet};

use auth::Identity;
use kernel::{ConversationId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::catch_up::SyncAnswer;
use super::since::Seal;
use super::start::Row;
use crate::chat::Chat;
use crate::conversations::{Block, Kind, blocks};
use crate::people::directory::PeopleError;
use crate::receipts::SINGLE;
use crate::store::StoreError;

/// Conversations beside those in the answer.
const LATEST: usize = 20;
/// Conversations at the most.
const MOST: usize = 60;
/// Bytes that the receipts of conversations without news may take: with nothing new an answer is short.
const REST_BYTES: usize = 3_000;
/// Bytes of one on the wire.
const BYTES: usize = 160;

/// How far somebody else has stored and read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
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

/// Adds receipts to the last page of an answer. They are told live as well, so an answer goes without if they cannot be read.
pub async fn add(
    chat: &Chat,
    caller: &Identity,
    rows: &[Row],
    left: usize,
    told: &mut [u8; 6],
    answer: &mut SyncAnswer,
) {
    let news: HashSet<ConversationId> =
        answer.conversations.iter().map(|news| news.conversation.id).collect();
    let ids = wanted(rows, &news, !answer.more);
    let receipts = read(chat, caller.user, &ids, rows).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "receipts cannot be read; told live only");
        Vec::new()
    });
    let (of_news, mut rest): (Vec<Receipt>, Vec<Receipt>) =
        receipts.into_iter().partition(|receipt| news.contains(&receipt.conversation_id));
    rest.truncate(REST_BYTES / BYTES);
    let seal = seal(chat, &rest);
    if rest.is_empty() || seal == *told {
        rest.clear();
    } else {
        *told = seal;
    }
    answer.receipts.extend(of_news.into_iter().chain(rest).take(left / BYTES));
}

/// Conversations of the answer and, on its last page, those with the latest activity, these first.
fn wanted(rows: &[Row], news: &HashSet<ConversationId>, rest: bool) -> Vec<ConversationId> {
    let small = |row: &&Row| row.0.member_count <= SINGLE && row.0.kind != Kind::Own;
    let mut latest: Vec<&Row> = rows.iter().filter(small).collect();
    latest.sort_by_key(|(conversation, _)| {
        std::cmp::Reverse((conversation.active_at, conversation.id))
    });
    let (mut ids, mut others): (Vec<_>, Vec<_>) =
        latest.iter().map(|row| row.0.id).partition(|id| news.contains(id));
    others.truncate(if rest { LATEST } else { 0 });
    ids.extend(others);
    ids.truncate(MOST);
    ids
}

/// In the order of `ids`; only where somebody has stored anything, or read and lets others see it.
async fn read(
    chat: &Chat,
    user: UserId,
    ids: &[ConversationId],
    rows: &[Row],
) -> Result<Vec<Receipt>, ReceiptsError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let blocks: HashMap<ConversationId, &[Block]> =
        rows.iter().map(|row| (row.0.id, row.0.blocks.as_slice())).collect();
    let standings = chat.delivery.standings(ids).await?;
    let mut places = Vec::new();
    for id in ids {
        let Some(standing) = standings.get(id) else { continue };
        let mut people: Vec<UserId> = standing.cursors.iter().map(|held| held.user).collect();
        people.sort_unstable();
        people.dedup();
        places.extend(people.into_iter().filter(|other| *other != user).map(|other| (*id, other)));
    }
    let mut reads = chat.conversations.reads(&places).await?;
    let others: BTreeSet<UserId> = places.iter().map(|(_, other)| *other).collect();
    let others: Vec<UserId> = others.into_iter().collect();
    let discretions = chat.people.discretions(&others).await?;
    let hidden = others.iter().zip(discretions).filter(|(_, one)| one.hides_reads);
    let hidden: HashSet<UserId> = hidden.map(|(user, _)| *user).collect();
    reads.retain(|(_, user), _| !hidden.contains(user));
    let receipt = |(conversation_id, user_id): (ConversationId, UserId)| {
        let mut delivered = standings.get(&conversation_id)?.delivered_to(user_id);
        let mut read = reads.get(&(conversation_id, user_id)).copied().unwrap_or(0);
        if let Some(block) = blocks::of(blocks.get(&conversation_id)?, user_id) {
            (delivered, read) = (block.delivered(delivered), block.read(read));
        }
        (delivered > 0 || read > 0).then_some(Receipt { conversation_id, user_id, delivered, read })
    };
    Ok(places.into_iter().filter_map(receipt).collect())
}

/// Why receipts cannot be read.
#[derive(Debug, thiserror::Error)]
enum ReceiptsError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The user service knows who lets others see them.
    #[error(transparent)]
    People(#[from] PeopleError),
}

fn seal(chat: &Chat, receipts: &[Receipt]) -> [u8; 6] {
    let bytes = serde_json::to_vec(receipts).unwrap_or_default();
    Seal(&chat.digester).of(&bytes)
}
