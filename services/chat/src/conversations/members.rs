//! Who is in which conversation, remembered.

use std::sync::Arc;

use kernel::{ConversationId, UserId};
use quick_cache::sync::Cache;

use super::error::ConversationError;
use super::store::ConversationStore;

/// Pairs of person and conversation that are remembered; about 60 bytes each.
const REMEMBERED: usize = 200_000;

/// What was seen of a person in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The change of membership up to which it holds.
    pub checked: u64,
}

/// Answers whether a person is in a conversation. Only a yes is remembered, which is sound while nobody can leave a direct
/// conversation.
#[derive(Debug)]
pub struct Members {
    store: Arc<dyn ConversationStore>,
    known: Cache<(ConversationId, UserId), ()>,
}

impl Members {
    /// Asks this store.
    pub fn new(store: Arc<dyn ConversationStore>) -> Self {
        Self { store, known: Cache::new(REMEMBERED) }
    }

    /// Fails with `NotFound` unless the person is in the conversation.
    pub async fn require(&self, id: ConversationId, user: UserId) -> Result<(), ConversationError> {
        if self.known.get(&(id, user)).is_some() {
            return Ok(());
        }
        // Members are written before the conversation that makes them visible.
        let (member, conversation) =
            futures::try_join!(self.store.is_member(id, user), self.store.get(id))?;
        if !member || conversation.is_none() {
            return Err(ConversationError::NotFound);
        }
        self.known.insert((id, user), ());
        Ok(())
    }

    /// As [`Members::require`], and looks whatever is remembered.
    pub async fn look_again(
        &self,
        id: ConversationId,
        user: UserId,
    ) -> Result<Seen, ConversationError> {
        self.known.remove(&(id, user));
        self.require(id, user).await?;
        Ok(Seen { checked: u64::MAX })
    }
}
