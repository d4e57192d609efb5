//! A person's conversations, newest activity first.

use auth::Identity;
use kernel::{ConversationId, Page, PageLimit, Timestamp};

use super::error::ConversationError;
use super::view::{self, ConversationView};
use super::{Conversation, Membership};
use crate::chat::Chat;

/// One page of the caller's conversations. A conversation that becomes active between two pages may be missing from the
/// second: it would be on the first by then.
#[tracing::instrument(skip_all, fields(user_id = %caller.user))]
pub async fn list(
    chat: &Chat,
    caller: &Identity,
    cursor: Option<&str>,
    limit: PageLimit,
) -> Result<Page<ConversationView>, ConversationError> {
    let after = cursor.map(parse).transpose()?;
    let mut rows = mine(chat, caller).await?;
    rows.sort_by_key(|(conversation, _)| std::cmp::Reverse(place(conversation)));
    let rest: Vec<_> = rows
        .iter()
        .filter(|(conversation, _)| after.is_none_or(|after| place(conversation) < after))
        .collect();
    let page = &rest[..rest.len().min(limit.rows() as usize)];
    let rows: Vec<_> =
        page.iter().map(|(conversation, membership)| (conversation, membership)).collect();
    let data = view::all(chat, caller.user, &rows).await?;
    let more = page.len() < rest.len();
    let last = page.last().map(|(conversation, _)| place(conversation)).filter(|_| more);
    let next_cursor = last.map(|(at, id)| format!("{}_{id}", at.as_millis()));
    Ok(Page { data, next_cursor })
}

/// Everything the caller is in, with their own view of it.
pub async fn mine(
    chat: &Chat,
    caller: &Identity,
) -> Result<Vec<(Conversation, Membership)>, ConversationError> {
    Ok(chat.conversations.views_of(caller.user, chat.most_conversations()).await?)
}

const fn place(conversation: &Conversation) -> (Timestamp, ConversationId) {
    (conversation.active_at, conversation.id)
}

fn parse(cursor: &str) -> Result<(Timestamp, ConversationId), ConversationError> {
    let (at, id) = cursor.split_once('_').ok_or(ConversationError::Cursor)?;
    let at = at.parse().map_err(|_| ConversationError::Cursor)?;
    let id = id.parse().map_err(|_| ConversationError::Cursor)?;
    Ok((Timestamp::from_millis(at), id))
}
