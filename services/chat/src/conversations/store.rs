//! Where conversations and who is in them are kept.

use std::collections::HashMap;
use std::fmt;

use async_trait::async_trait;
use kernel::{ConversationId, DeviceId, Timestamp, UserId};

use super::switches::Setting;
use super::{Block, Conversation, Kind, Maker, Member, Membership, Retention, Role};
use crate::log::entry::Entry;
use crate::log::store::Head;
use crate::store::StoreError;

/// One of the people of a new conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Who.
    pub user: UserId,
    /// What they may do.
    pub role: Role,
    /// Their live devices: each gets a delivery cursor at 0. Without any, a placeholder holds the floor for them.
    pub devices: Vec<DeviceId>,
}

/// A conversation to be made.
#[derive(Debug, Clone)]
pub struct NewConversation {
    /// Its id. A direct one's follows from the two people, so that whoever is second finds the first one's.
    pub id: ConversationId,
    /// What sort it is.
    pub kind: Kind,
    /// Title, of kinds that have one.
    pub title: Option<String>,
    /// Everyone who is in it from the start.
    pub parties: Vec<Party>,
    /// How long content is kept.
    pub retention: Retention,
    /// The first epoch.
    pub epoch: String,
    /// What it is made by, of kinds that clients make under an id of their own.
    pub maker: Option<Maker>,
    /// When.
    pub now: Timestamp,
}

/// What was written in a conversation, to be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Which conversation.
    pub id: ConversationId,
    /// The end of its log.
    pub head: Head,
    /// Who wrote, and whoever that is withheld from, as if they had; position of the last entry of each, and user-visible
    /// messages up to there.
    pub wrote: Vec<(UserId, u64, u64)>,
}

impl Counted {
    /// Counts an entry of this conversation too.
    pub fn add(&mut self, entry: &Entry) {
        if self.head.seq < entry.seq {
            self.head = Head::at(entry);
        }
        for user in [Some(entry.sender), entry.withheld_from].into_iter().flatten() {
            match self.wrote.iter_mut().find(|(other, ..)| *other == user) {
                Some((_, seq, count)) => {
                    *seq = entry.seq.max(*seq);
                    *count = entry.count.max(*count);
                }
                None => self.wrote.push((user, entry.seq, entry.count)),
            }
        }
    }
}

/// Conversations, their members, and each person's list of them. A conversation that is gone is as if it had never been,
/// and so is a member on their way out.
#[async_trait]
pub trait ConversationStore: Send + Sync + fmt::Debug {
    /// Makes a conversation with its members, memberships and delivery cursors, all or (after a crash half-way) as far as
    /// a repeat of the call completes it: it cannot be seen by [`ConversationStore::get`] before it is whole.
    /// Says whether this call made it; of many at once exactly one does. An id that was used before is never made again.
    async fn create(&self, new: &NewConversation) -> Result<bool, StoreError>;

    /// The conversation, by a read that no fail-over takes back.
    async fn get(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError>;

    /// Those of the conversations that exist, in any order, by a read that no fail-over takes back.
    async fn get_many(&self, ids: &[ConversationId]) -> Result<Vec<Conversation>, StoreError>;

    /// People in the conversation in the order of their ids, those behind `after`, at most `limit`.
    async fn members(
        &self,
        id: ConversationId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<Member>, StoreError>;

    /// Everybody in those conversations, in the order of their ids. For few and small ones.
    async fn members_of(
        &self,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Vec<Member>>, StoreError>;

    /// The person as those of the conversations see them that they are in, by a read that no fail-over takes back.
    async fn member_in(
        &self,
        user: UserId,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Member>, StoreError>;

    /// As [`ConversationStore::member_in`], of one conversation.
    async fn member(&self, id: ConversationId, user: UserId) -> Result<Option<Member>, StoreError> {
        Ok(self.member_in(user, &[id]).await?.remove(&id))
    }

    /// Everything the person is in, at most `limit`, in any order.
    async fn conversations_of(
        &self,
        user: UserId,
        limit: u32,
    ) -> Result<Vec<ConversationId>, StoreError>;

    /// Everything that each of the people is in, in any order; who is in nothing is left out. For few people.
    async fn conversations_of_each(
        &self,
        users: &[UserId],
    ) -> Result<HashMap<UserId, Vec<ConversationId>>, StoreError>;

    /// As [`ConversationStore::conversations_of`], with what the person sees of each. Two reads, however many there are.
    async fn views_of(
        &self,
        user: UserId,
        limit: u32,
    ) -> Result<Vec<(Conversation, Membership)>, StoreError>;

    /// The person's own view of one conversation.
    async fn membership(
        &self,
        user: UserId,
        id: ConversationId,
    ) -> Result<Option<Membership>, StoreError>;

    /// How far these people have read these conversations; who is not in one is left out.
    async fn reads(
        &self,
        places: &[(ConversationId, UserId)],
    ) -> Result<HashMap<(ConversationId, UserId), u64>, StoreError>;

    /// Raises how far the person has read, each number on its own; lower ones change nothing. Says whether `seq` rose.
    async fn raise_read(
        &self,
        user: UserId,
        id: ConversationId,
        seq: u64,
        count: u64,
    ) -> Result<bool, StoreError>;

    /// Counts what was written: raises the heads of the conversations, when they were last active, and, by the same write,
    /// how far those who wrote have read. What is lower than what is there changes nothing.
    async fn count(&self, all: &[Counted], now: Timestamp) -> Result<(), StoreError>;

    /// Sets switches of the person's own view. Of two settings the one with the higher position in their own log holds, for
    /// each switch by itself and in whatever order they come. Says whether the person is in the conversation.
    async fn set_switches(
        &self,
        user: UserId,
        id: ConversationId,
        setting: &Setting,
    ) -> Result<bool, StoreError>;

    /// Notes how long content is kept from the entry at `seq` on, unless a later one says otherwise.
    async fn set_retention(
        &self,
        id: ConversationId,
        retention: Retention,
        seq: u64,
    ) -> Result<(), StoreError>;

    /// Notes a block of the conversation, unless one of the same person that is as new or newer is there. Says whether it was
    /// noted.
    async fn set_block(&self, id: ConversationId, block: &Block) -> Result<bool, StoreError>;

    /// Answers if the store is in reach.
    async fn ping(&self) -> Result<(), StoreError>;
}
