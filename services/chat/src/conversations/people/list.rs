//! Who is in a conversation.

use auth::Identity;
use kernel::{ConversationId, Page, PageLimit};

use super::view::{self, MemberView};
use crate::chat::Chat;
use crate::conversations::error::ConversationError;

/// One page of the people in the conversation, in the order of their ids.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, conversation_id = %id))]
pub async fn people(
    chat: &Chat,
    caller: &Identity,
    id: ConversationId,
    cursor: Option<&str>,
    limit: PageLimit,
) -> Result<Page<MemberView>, ConversationError> {
    chat.members.look_again(id, caller.user).await?;
    let after = cursor.map(str::parse).transpose().map_err(|_| ConversationError::Cursor)?;
    let mut members = chat.conversations.members(id, after, limit.rows() + 1).await?;
    let more = members.len() > limit.rows() as usize;
    members.truncate(limit.rows() as usize);
    let last = members.last().map(|member| member.user.to_string()).filter(|_| more);
    Ok(Page { data: view::named(chat, members).await, next_cursor: last })
}
