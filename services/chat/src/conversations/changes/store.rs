//! Where it is kept who comes and goes, and how far that is.

use std::fmt;

use async_trait::async_trait;
use kernel::{ConversationId, DeviceId, EntryId, Timestamp, UserId};

use crate::conversations::Role;
use crate::delivery::store::Progress;
use crate::log::entry::Digest;
use crate::store::StoreError;

/// What happens to a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// They come in.
    Joined,
    /// They go by themselves.
    Left,
    /// Somebody sends them away.
    Removed,
    /// They may do other things than before.
    Role,
}

impl Op {
    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Left => "left",
            Self::Removed => "removed",
            Self::Role => "role",
        }
    }

    /// The op that is stored under `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Joined, Self::Left, Self::Removed, Self::Role]
            .into_iter()
            .find(|op| op.as_str() == name)
    }

    /// Whether the person is out from the moment that the change is begun.
    pub const fn takes_out(self) -> bool {
        matches!(self, Self::Left | Self::Removed)
    }
}

/// One change of one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// In which conversation.
    pub conversation: ConversationId,
    /// Whom it concerns.
    pub user: UserId,
    /// What happens.
    pub op: Op,
    /// What the person may do afterwards; of one who goes, what they could do before.
    pub role: Role,
    /// What they could do before; the store fills it in when a role changes.
    pub was: Role,
    /// Who does it.
    pub by: UserId,
    /// The id of its entry.
    pub entry: EntryId,
    /// Of what the client sent.
    pub digest: Digest,
    /// When it began.
    pub at: Timestamp,
}

/// What becomes of a conversation itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It gets this title.
    Title(String),
    /// It is gone for all.
    Gone,
}

/// One change of a conversation itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Which conversation.
    pub conversation: ConversationId,
    /// What becomes of it.
    pub fate: Fate,
    /// Who does it.
    pub by: UserId,
    /// The id of its entry.
    pub entry: EntryId,
    /// Of what the client sent.
    pub digest: Digest,
    /// When it began.
    pub at: Timestamp,
}

/// Whether a change is under way now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun<T> {
    /// It is, as it stands in the store; begun by this call or by an earlier one with the same entry.
    Yes(T),
    /// There is nothing to change: the person is in already, is not there, has the role; the conversation is gone.
    Nothing,
    /// Another change of the same person or conversation is not finished yet.
    Busy,
}

/// Changes of members and conversations, each begun, then finished or undone. Every call can be repeated.
#[async_trait]
pub trait ChangeStore: Send + Sync + fmt::Debug {
    /// Begins a change. Durable when this returns.
    ///
    /// Who joins is in, with delivery cursors for `devices` (a placeholder if there are none), before this returns: content
    /// waits for them from here on. Who goes is out before this returns; their cursors stay. A new role counts at once.
    async fn begin(
        &self,
        change: &Change,
        devices: &[DeviceId],
    ) -> Result<Begun<Change>, StoreError>;

    /// Finishes a begun change whose entry is in the log at `seq`, and counts the members anew. Who went loses their
    /// cursors and their own view; answers where the conversation then stands. A change that is not under way any more is
    /// left alone.
    async fn finish(&self, change: &Change, seq: u64) -> Result<Option<Progress>, StoreError>;

    /// Takes a begun change back whose entry will not be written.
    async fn undo(&self, change: &Change) -> Result<(), StoreError>;

    /// The change of that person that is under way.
    async fn pending(&self, id: ConversationId, user: UserId)
    -> Result<Option<Change>, StoreError>;

    /// Changes of members that began before `before`, at most `limit`.
    async fn unfinished(&self, before: Timestamp, limit: u32) -> Result<Vec<Change>, StoreError>;

    /// Begins a change of the conversation itself. One that is to be gone cannot be had any more when this returns, and
    /// that goes over a change of title that is under way.
    async fn begin_turn(&self, turn: &Turn) -> Result<Begun<Turn>, StoreError>;

    /// Finishes a begun turn whose entry is in the log at `seq`. A title that is younger stays. Of a conversation that is
    /// gone only its id stays, so that nobody makes it again.
    async fn finish_turn(&self, turn: &Turn, seq: u64) -> Result<(), StoreError>;

    /// Takes a begun change of title back.
    async fn undo_turn(&self, turn: &Turn) -> Result<(), StoreError>;

    /// Turns that began before `before`, at most `limit`.
    async fn unfinished_turns(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Turn>, StoreError>;

    /// Everyone with a row in the conversation, those on their way out too, at most `limit`.
    async fn everyone(&self, id: ConversationId, limit: u32) -> Result<Vec<UserId>, StoreError>;

    /// Takes these people's rows out of a conversation that is gone.
    async fn clear(&self, id: ConversationId, users: &[UserId]) -> Result<(), StoreError>;
}
