//! How much a person has not read: a subtraction, never a scan.

use auth::Identity;
use kernel::ConversationId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::chat::Chat;
use crate::conversations::error::ConversationError;
use crate::conversations::{list, view};

/// Unread messages of one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UnreadConversation {
    /// Which.
    #[schema(value_type = String, format = Uuid)]
    pub id: ConversationId,
    /// How many; at least 1.
    pub unread: u64,
}

/// Unread messages of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Unread {
    /// In all conversations.
    pub total: u64,
    /// In each that has any.
    pub conversations: Vec<UnreadConversation>,
}

/// Counts what the caller has not read, by two reads.
#[tracing::instrument(skip_all, fields(user_id = %caller.user))]
pub async fn unread(chat: &Chat, caller: &Identity) -> Result<Unread, ConversationError> {
    let rows = list::mine(chat, caller).await?;
    let conversations: Vec<UnreadConversation> = rows
        .iter()
        .map(|(conversation, membership)| UnreadConversation {
            id: conversation.id,
            unread: view::unread(conversation, membership),
        })
        .filter(|row| row.unread > 0)
        .collect();
    let total = conversations.iter().map(|row| row.unread).sum();
    Ok(Unread { total, conversations })
}
