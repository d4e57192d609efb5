//! Where conversations and who is in them are kept.

use std::fmt;

use async_trait::async_trait;
use kernel::{ConversationId, DeviceId, Timestamp, UserId};

use super::{Conversation, Kind, Member, Membership, Retention};
use crate::store::StoreError;

/// One of the people of a new conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Who.
    pub user: UserId,
    /// Their live devices: each gets a delivery cursor at 0. Without any, a placeholder holds the floor for them.
    pub devices: Vec<DeviceId>,
}

/// A conversation to be made.
#[derive(Debug, Clone)]
pub struct NewConversation {
    /// A person's own and a direct one's follow from who is in it, so that whoever is second finds the first one's.
    pub id: ConversationId,
    /// What sort it is.
    pub kind: Kind,
    /// Everyone in it, each once.
    pub parties: Vec<Party>,
    /// How long content is kept.
    pub retention: Retention,
    /// The first epoch.
    pub epoch: String,
    /// When.
    pub now: Timestamp,
}

/// How far somebody has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// Who.
    pub user: UserId,
    /// In which conversation.
    pub conversation: ConversationId,
    /// Up to this position of the log.
    pub seq: u64,
    /// User-visible messages up to there.
    pub count: u64,
}

/// Conversations, their members, and each person's list of them.
#[async_trait]
pub trait ConversationStore: Send + Sync + fmt::Debug {
    /// Makes a conversation with its members, memberships and delivery cursors, all or (after a crash half-way)
    /// as far as a repeat of the call completes it: it cannot be seen by [`ConversationStore::get`] before it is whole.
    /// Says whether this call made it; of many at once exactly one does.
    async fn create(&self, new: &NewConversation) -> Result<bool, StoreError>;

    /// The conversation, by a read that no fail-over takes back.
    async fn get(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError>;

    /// Those of the conversations that exist, in any order, by a read that no fail-over takes back.
    async fn get_many(&self, ids: &[ConversationId]) -> Result<Vec<Conversation>, StoreError>;

    /// Everyone in the conversation.
    async fn members(&self, id: ConversationId) -> Result<Vec<Member>, StoreError>;

    /// The person as the conversation sees them, if they are in it, by a read that no fail-over takes back.
    async fn member(&self, id: ConversationId, user: UserId) -> Result<Option<Member>, StoreError>;

    /// Everything the person is in, at most `limit`, in any order.
    async fn memberships(&self, user: UserId, limit: u32) -> Result<Vec<Membership>, StoreError>;

    /// The person's own view of one conversation.
    async fn membership(
        &self,
        user: UserId,
        id: ConversationId,
    ) -> Result<Option<Membership>, StoreError>;

    /// Raises how far the person has read, each number on its own; lower ones change nothing. Says whether `seq` rose.
    async fn raise_read(
        &self,
        user: UserId,
        id: ConversationId,
        seq: u64,
        count: u64,
    ) -> Result<bool, StoreError>;

    /// As [`ConversationStore::raise_read`], for many at once.
    async fn raise_reads(&self, reads: &[Read]) -> Result<(), StoreError>;

    /// Answers if the store is in reach.
    async fn ping(&self) -> Result<(), StoreError>;
}
