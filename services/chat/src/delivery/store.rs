//! Where it is kept how far each device has stored each conversation.

use std::collections::HashMap;
use std::fmt;

use async_trait::async_trait;
use kernel::{ConversationId, DeviceId, EntryId, Timestamp, UserId};

use crate::conversations::Retention;
use crate::store::StoreError;

/// A device and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The person.
    pub user: UserId,
    /// Their device.
    pub device: DeviceId,
}

/// "I have stored everything up to `seq`."
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack {
    /// Who says so.
    pub owner: Owner,
    /// Up to where.
    pub seq: u64,
}

/// How far a conversation is delivered and forgotten. Both positions only rise, unless an older copy
/// of the store is put back. `stripped_to` is at most the floor, or, of a
/// conversation that was an archive, the entry that ended this: what was archived before it stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Every live device has stored everything up to here.
    pub floor: u64,
    /// Nothing up to here is forgotten any more: it is done, or it was archived.
    pub stripped_to: u64,
    /// Whether anything is forgotten at all, as of the write or read that gave the positions.
    pub retention: Retention,
}

impl Progress {
    /// Whether content is left that nobody needs.
    pub const fn is_behind(self) -> bool {
        matches!(self.retention, Retention::Relay) && self.stripped_to < self.floor
    }
}

/// One cursor of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Whose.
    pub user: UserId,
    /// Which device; `None` is the placeholder of a person without one.
    pub device: Option<DeviceId>,
    /// Up to where.
    pub seq: u64,
}

/// How far a device has stored a conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stored {
    /// Up to where.
    pub seq: u64,
    /// The conversation's floor.
    pub floor: u64,
    /// Whether it has said so of an earlier epoch only. Until it acknowledges again it holds the floor, and what it takes for
    /// positions means nothing.
    pub outdated: bool,
}

/// Where a conversation stands, and every cursor in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// How far it is delivered and forgotten.
    pub progress: Progress,
    /// The cursors, in any order.
    pub cursors: Vec<Held>,
}

impl Standing {
    /// Devices of the person.
    pub fn devices_of(&self, user: UserId) -> usize {
        let own = |held: &&Held| held.user == user && held.device.is_some();
        self.cursors.iter().filter(own).count()
    }

    /// How far the person has stored the conversation, on whichever device came furthest.
    pub fn delivered_to(&self, user: UserId) -> u64 {
        let own = self.cursors.iter().filter(|held| held.user == user);
        own.map(|held| held.seq).max().unwrap_or(0)
    }
}

/// A change of retention that is not carried out in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turning {
    /// What it changes to.
    pub to: Retention,
    /// The entry that tells of it.
    pub entry: EntryId,
    /// Whose wish it is.
    pub by: UserId,
    /// When it began.
    pub begun: Timestamp,
    /// That its entry is in the log.
    pub told: Option<Told>,
}

/// That the entry of a change of retention is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Its place.
    pub seq: u64,
    /// When this was noted.
    pub at: Timestamp,
}

/// Delivery cursors of all conversations.
///
/// A member without a device has a placeholder that holds the floor in their place, until their first device takes it
/// over. The floor follows from one atomic view of all cursors, together with joins.
#[async_trait]
pub trait DeliveryStore: Send + Sync + fmt::Debug {
    /// Raises, in each of the conversations, the devices' cursors and the floor; answers in the same order where they then
    /// stand. A device that has no cursor there gets none. When the floor rises above `stripped_to`, the conversation is
    /// marked unfinished by the same write. After an error some may be raised; repeating the call raises the rest.
    async fn acknowledge_all(
        &self,
        all: &[(ConversationId, Vec<Ack>)],
    ) -> Result<Vec<Option<Progress>>, StoreError>;

    /// As [`DeliveryStore::acknowledge_all`], in one conversation.
    #[cfg(test)]
    async fn acknowledge(
        &self,
        id: ConversationId,
        acks: &[Ack],
    ) -> Result<Option<Progress>, StoreError> {
        let mut progress = self.acknowledge_all(&[(id, acks.to_vec())]).await?;
        Ok(progress.pop().flatten())
    }

    /// Notes up to where the content of each conversation is forgotten, and that nothing is unfinished where that is the
    /// floor.
    async fn stripped_all(&self, done: &[(ConversationId, u64)]) -> Result<(), StoreError>;

    /// As [`DeliveryStore::stripped_all`], of one conversation.
    #[cfg(test)]
    async fn stripped(&self, id: ConversationId, to: u64) -> Result<(), StoreError> {
        self.stripped_all(&[(id, to)]).await
    }

    /// Conversations marked unfinished whose id comes after that one, in the order of ids, at most `limit`.
    async fn unfinished(
        &self,
        after: Option<ConversationId>,
        limit: u32,
    ) -> Result<Vec<(ConversationId, Progress)>, StoreError>;

    /// Whether [`DeliveryStore::register`] was done for the device and [`DeliveryStore::remove`] not since.
    async fn is_registered(&self, owner: Owner) -> Result<bool, StoreError>;

    /// Gives the device a cursor in each of the conversations where it has none: the placeholder's if the person has one
    /// there, else the floor; outdated where [`crate::epochs::store::EpochStore::renew`] was done, as it may be older than
    /// that. Durable on a majority when this returns. Remembered for [`DeliveryStore::is_registered`].
    async fn register(
        &self,
        owner: Owner,
        ids: &[ConversationId],
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Takes the device's cursors away; where it was the person's last, a placeholder keeps its place. Floors that rise
    /// mark their conversation unfinished. Answers those of the conversations that then have content left that nobody
    /// needs.
    async fn remove(
        &self,
        owner: Owner,
        ids: &[ConversationId],
    ) -> Result<Vec<(ConversationId, Progress)>, StoreError>;

    /// The device's cursor in each of the conversations where it has one, by a read that no fail-over takes back.
    async fn stored(
        &self,
        owner: Owner,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Stored>, StoreError>;

    /// As [`DeliveryStore::stored`], the positions alone.
    #[cfg(test)]
    async fn cursors(
        &self,
        owner: Owner,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, u64>, StoreError> {
        let stored = self.stored(owner, ids).await?;
        Ok(stored.into_iter().map(|(id, stored)| (id, stored.seq)).collect())
    }

    /// Those of the conversations that have delivery state, with every cursor. For few and small ones.
    async fn standings(
        &self,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Standing>, StoreError>;

    /// Notes a change of retention that begins, unless one is under way whose entry is not in the log yet; answers which
    /// one is then under way. A change to `archive` holds from this write on: none after it says that content is left to
    /// be forgotten. `None` for a conversation without delivery state.
    async fn turn(
        &self,
        id: ConversationId,
        turning: &Turning,
    ) -> Result<Option<Turning>, StoreError>;

    /// Notes that the entry of the change is in the log. A change to `relay` holds from this write on, for what comes
    /// after the entry. Does nothing if the change is no longer under way.
    async fn turned(
        &self,
        id: ConversationId,
        turning: &Turning,
        told: Told,
    ) -> Result<(), StoreError>;

    /// Notes that the change that this entry tells of is carried out in full.
    async fn settled(&self, id: ConversationId, entry: EntryId) -> Result<(), StoreError>;

    /// Changes of retention under way, at most `limit`.
    async fn turnings(&self, limit: u32) -> Result<Vec<(ConversationId, Turning)>, StoreError>;

    /// Where those of the conversations stand that have delivery state.
    async fn progress_of(
        &self,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Progress>, StoreError>;

    /// As [`DeliveryStore::progress_of`], of one conversation.
    async fn progress(&self, id: ConversationId) -> Result<Option<Progress>, StoreError> {
        Ok(self.progress_of(&[id]).await?.remove(&id))
    }
}
