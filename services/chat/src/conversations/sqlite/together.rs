//! Reads about many at once.

use std::collections::HashMap;

use kernel::{ConversationId, UserId};
use sqlite::rusqlite::Result;
use sqlite::{Connection, OptionalExtension};

use super::{IS_IN, member};
use crate::conversations::{Conversation, Member};
use crate::sqlite::{blob, id, number};

/// Those of the conversations that exist.
pub(super) fn get(tx: &Connection, ids: &[ConversationId]) -> Result<Vec<Conversation>> {
    ids.iter().filter_map(|id| super::get(tx, *id).transpose()).collect()
}

/// Everybody in the conversations.
pub(super) fn members(
    tx: &Connection,
    ids: &[ConversationId],
) -> Result<HashMap<ConversationId, Vec<Member>>> {
    let mut select = tx.prepare_cached(&format!(
        "SELECT user_id, role, joined_at FROM chat_members
         WHERE conversation_id = ?1 AND {IS_IN} ORDER BY user_id"
    ))?;
    let mut all = HashMap::with_capacity(ids.len());
    for id in ids {
        let members: Vec<Member> = select.query_map([blob(*id)], member)?.collect::<Result<_>>()?;
        if !members.is_empty() {
            all.insert(*id, members);
        }
    }
    Ok(all)
}

/// The person in those of the conversations that they are in.
pub(super) fn member_in(
    tx: &Connection,
    user: UserId,
    ids: &[ConversationId],
) -> Result<HashMap<ConversationId, Member>> {
    let mut select = tx.prepare_cached(&format!(
        "SELECT user_id, role, joined_at FROM chat_members
         WHERE conversation_id = ?1 AND user_id = ?2 AND {IS_IN}"
    ))?;
    let one = |id: &ConversationId| {
        let row = select.query_row([blob(*id), blob(user)], member).optional();
        Some(row.transpose()?.map(|member| (*id, member)))
    };
    ids.iter().filter_map(one).collect()
}

/// What each of the people is in.
pub(super) fn conversations(
    tx: &Connection,
    users: &[UserId],
) -> Result<HashMap<UserId, Vec<ConversationId>>> {
    let mut select = tx.prepare_cached(
        "SELECT conversation_id FROM chat_memberships WHERE user_id = ?1 AND leaving = 0",
    )?;
    let mut all = HashMap::with_capacity(users.len());
    for user in users {
        let ids: Vec<ConversationId> =
            select.query_map([blob(*user)], |row| id(row, 0))?.collect::<Result<_>>()?;
        if !ids.is_empty() {
            all.insert(*user, ids);
        }
    }
    Ok(all)
}

/// How far these people have read these conversations.
pub(super) fn reads(
    tx: &Connection,
    places: &[(ConversationId, UserId)],
) -> Result<HashMap<(ConversationId, UserId), u64>> {
    let mut select = tx.prepare_cached(
        "SELECT read_seq FROM chat_memberships WHERE user_id = ?1 AND conversation_id = ?2",
    )?;
    let read = |(id, user): &(ConversationId, UserId)| {
        let read = select.query_row([blob(*user), blob(*id)], |row| number(row, 0));
        Some(read.optional().transpose()?.map(|read| ((*id, *user), read)))
    };
    places.iter().filter_map(read).collect()
}
