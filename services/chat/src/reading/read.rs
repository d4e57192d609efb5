//! A person has read up to somewhere.

use auth::Identity;
use kernel::{ConversationId, WireError};

use crate::chat::Chat;
use crate::conversations::error::ConversationError;
use crate::receipts::due::Reached;
use crate::receipts::ticks::What;
use crate::store::StoreError;

/// How far somebody has read.
#[derive(Debug, Clone, Copy)]
pub struct Read {
    /// In which conversation.
    pub conversation: ConversationId,
    /// Up to this position.
    pub seq: u64,
    /// User-visible messages up to there, as the entry at that position says.
    pub count: u64,
}

/// Why it was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Above the end of the log.
    #[error("read up to above the end of the log")]
    AboveEnd,
    /// More messages than positions, or than there are.
    #[error("the count does not fit")]
    Count,
    /// The caller is not there.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ReadError> for WireError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::AboveEnd => Self::invalid("seq", "lies above the last entry of the log"),
            ReadError::Count => {
                Self::invalid("count", "must be the count of the entry at that position")
            }
            ReadError::Conversation(error) => error.into(),
            ReadError::Store(error) => error.into(),
        }
    }
}

/// Records how far the caller has read, and tells the others. It only rises.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, conversation_id = %read.conversation, seq = read.seq))]
pub async fn read(chat: &Chat, caller: &Identity, read: Read) -> Result<(), ReadError> {
    let Read { conversation: id, seq, count } = read;
    chat.members.require(id, caller.user).await?;
    if count > seq {
        return Err(ReadError::Count);
    }
    let conversation = chat.conversations.get(id).await?.ok_or(ConversationError::NotFound)?;
    if seq > conversation.head_seq || count > conversation.head_count {
        let head = chat.log.heads(&[id]).await?.first().copied().unwrap_or_default();
        if seq > head.seq {
            return Err(ReadError::AboveEnd);
        }
        if count > head.count {
            return Err(ReadError::Count);
        }
        chat.log.raise_heads(&[(id, head)]).await?;
    }
    if chat.conversations.raise_read(caller.user, id, seq, count).await? {
        chat.ticks.tell(id, What::Read, &Reached::from([(caller.user, seq)])).await;
        chat.notes.read(caller.user, id, seq, count);
    }
    Ok(())
}
