//! Where the logs are kept.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use kernel::{ConversationId, EntryId, Timestamp, UserId};
use serde_json::value::RawValue;

use super::entry::{Digest, Entry, EntryType};
use crate::conversations::Retention;
use crate::store::StoreError;

/// An entry that is never stripped goes by itself this long after `chat.delivery.cap_s`: later than any clock is wrong, so
/// that the sweeper is always first.
pub(crate) const AFTER_CAP: Duration = Duration::from_hours(72);

/// The end of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Head {
    /// Position of the last entry; 0 for an empty log.
    pub seq: u64,
    /// User-visible messages up to there.
    pub count: u64,
    /// Position of the last change of membership.
    pub mseq: u64,
}

impl Head {
    /// The end of the log once an entry of this type comes after it.
    #[must_use]
    pub const fn next(self, kind: EntryType) -> Self {
        let seq = self.seq + 1;
        Self {
            seq,
            count: self.count + kind.counts() as u64,
            mseq: if kind.changes_members() { seq } else { self.mseq },
        }
    }

    /// The end of the log once this entry is its last.
    pub const fn at(entry: &Entry) -> Self {
        Self { seq: entry.seq, count: entry.count, mseq: entry.mseq }
    }
}

/// An entry that has no place yet.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Made by the client.
    pub id: EntryId,
    /// Whose log.
    pub conversation: ConversationId,
    /// What it is.
    pub kind: EntryType,
    /// Who wrote it.
    pub sender: UserId,
    /// When this instance accepted it.
    pub created_at: Timestamp,
    /// Of what the client sent.
    pub digest: Digest,
    /// The message that an edit, deletion or reaction is about.
    pub target: Option<EntryId>,
    /// The change of membership up to which it was seen that the sender may write this. Behind a later one it is not
    /// stored.
    pub checked: u64,
    /// How long the conversation keeps content, as this instance knows it.
    pub retention: Retention,
    /// Who does not get to see it, because they block the sender.
    pub withheld_from: Option<UserId>,
    /// What was written, as JSON.
    pub data: Box<RawValue>,
}

impl Draft {
    /// The entry that this draft becomes right after `head`.
    pub fn after(&self, head: Head) -> Entry {
        self.at(head.next(self.kind))
    }

    /// The entry that this draft becomes at that place.
    pub fn at(&self, place: Head) -> Entry {
        Entry {
            id: self.id,
            conversation: self.conversation,
            seq: place.seq,
            count: place.count,
            mseq: place.mseq,
            kind: self.kind,
            sender: self.sender,
            created_at: self.created_at,
            digest: self.digest,
            target: self.target,
            withheld_from: self.withheld_from,
            data: Some(self.data.clone()),
        }
    }

    /// Whether `entry`, found under this draft's id, is this draft stored earlier: the same person, the same body.
    pub fn is_stored_as(&self, entry: &Entry) -> bool {
        self.sender == entry.sender && self.digest == entry.digest
    }
}

/// What became of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// Stored by this call, durable on a majority.
    Stored(Entry),
    /// Was there already, by the same person with the same body; durable on a majority. Its content may be gone.
    Existing(Entry),
    /// The id is taken in this conversation by another person or another body.
    Conflict,
    /// Membership changed after the sender was looked at: look again, and try again in the same order.
    Stale,
    /// Another instance was faster, and nothing of the draft is stored: try again before what came later.
    Raced,
    /// Can never be stored as it is, or comes after one of the same sender that cannot.
    Refused,
    /// The sender is not in the conversation any more. Answered by [`super::append::Appender`], not by stores.
    NotMember,
    /// Not known to be stored. Repeating the call with the same draft is safe.
    Unavailable,
}

impl Appended {
    /// The entry, if it is in the log.
    pub const fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Stored(entry) | Self::Existing(entry) => Some(entry),
            _ => None,
        }
    }
}

/// Entries with `from < seq <= to` of one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Whose log.
    pub id: ConversationId,
    /// Above this position.
    pub from: u64,
    /// Up to this one.
    pub to: u64,
}

/// Which messages of a log.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Above this position.
    pub after: u64,
    /// Up to this one.
    pub to: u64,
    /// Whether the last ones come first.
    pub newest_first: bool,
}

/// Single entries of the logs: finding them, and forgetting them before their time. Every read is one that no fail-over
/// takes back, and none reads more than it is asked for, however long the log.
#[async_trait]
pub trait EntryStore: Send + Sync + fmt::Debug {
    /// The entry of that id, or its header.
    async fn find(&self, id: ConversationId, entry: EntryId) -> Result<Option<Entry>, StoreError>;

    /// Messages of that stretch, at most `limit`. Reads every position of it at worst.
    async fn messages(
        &self,
        id: ConversationId,
        span: Span,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError>;

    /// Edits of, deletions of and reactions to those messages, the last ones first, at most `limit`.
    async fn changes(
        &self,
        id: ConversationId,
        targets: &[EntryId],
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError>;

    /// Whether the deletion of that message is in the log.
    async fn is_deleted(&self, id: ConversationId, target: EntryId) -> Result<bool, StoreError>;

    /// Messages above `after` that answer `target` and still have their content, upwards, at most `limit`.
    async fn answers(
        &self,
        id: ConversationId,
        target: EntryId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError>;

    /// Forgets what was written in that message and in its edits. Headers stay as long as they would have. Repeating it
    /// changes nothing.
    async fn forget(&self, id: ConversationId, target: EntryId) -> Result<(), StoreError>;

    /// Writes other content over what the entry at `seq` has, unless that is forgotten meanwhile.
    async fn rewrite(
        &self,
        id: ConversationId,
        seq: u64,
        data: &RawValue,
    ) -> Result<(), StoreError>;

    /// Deletions of which something may be left to be forgotten, at most `limit`. Each is one from the moment it is in the
    /// log.
    async fn unfinished_deletions(&self, limit: u32) -> Result<Vec<Entry>, StoreError>;

    /// Notes that nothing is left to be forgotten of what the deletion at `seq` is about.
    async fn finish_deletion(&self, id: ConversationId, seq: u64) -> Result<(), StoreError>;

    /// Conversations with content that was due to go at `now` because nobody called for it, and the last position of it
    /// in each; found in at most `limit` entries. What has been due for more than two days may be missing.
    async fn overdue(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(ConversationId, u64)>, StoreError>;

    /// Lets entries with `after < seq <= to` that have content stay for good.
    async fn keep(&self, id: ConversationId, after: u64, to: u64) -> Result<(), StoreError>;

    /// Lets entries with `seq > after` that have content and would stay for good go like those of a relay.
    async fn unkeep(&self, id: ConversationId, after: u64) -> Result<(), StoreError>;
}

/// A stretch of a log that somebody wants to read.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Whose log.
    pub conversation: ConversationId,
    /// Above this position.
    pub after: u64,
    /// Up to this one.
    pub to: u64,
    /// At most so many entries.
    pub entries: u32,
    /// At most so many bytes on the wire, roughly, and the entry that goes beyond.
    pub bytes: usize,
}

/// What was read of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tail {
    /// The head that the conversation counts; the log may be ahead of it.
    pub head: u64,
    /// What is there, upwards.
    pub entries: Vec<Entry>,
    /// Whether reading ended because of `entries` or `bytes`, so that there may be more.
    pub full: bool,
}

/// The logs of all conversations.
#[async_trait]
pub trait LogStore: Send + Sync + fmt::Debug {
    /// Tries once to append drafts, of any number of conversations, each id once; answers in the same order. Positions
    /// within a conversation follow the order of the drafts, have no holes, and are never used twice, whatever other
    /// instances do at the same time. When a draft is not stored, the later ones of the same sender in that conversation
    /// are not stored either. Of one conversation one call at a time. Heads are not raised.
    async fn append(&self, drafts: &[Draft]) -> Vec<Appended>;

    /// An entry of another instance was seen at the end of a log: saves reading it.
    fn seen(&self, id: ConversationId, head: Head);

    /// Raises the heads that conversations count, where an instance left that undone; what is lower than what is there changes
    /// nothing. What is written is counted by [`crate::conversations::store::ConversationStore::count`].
    async fn raise_heads(&self, heads: &[(ConversationId, Head)]) -> Result<(), StoreError>;

    /// The ends of the logs, by a read that no fail-over takes back, in the order asked; an empty one's is 0.
    async fn heads(&self, ids: &[ConversationId]) -> Result<Vec<Head>, StoreError>;

    /// Entries with `after < seq`, upwards, at most `limit`, by a read that no fail-over takes back. A position that is
    /// missing between two others, or below the head, is gone for good.
    async fn entries(
        &self,
        id: ConversationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError>;

    /// Reads stretches of any number of logs, in the order asked. The entries are as they stood when `head` was counted, or
    /// later, and no fail-over takes them back: a wanted position up to `head`, or below an entry of the answer, that is
    /// missing is gone for good (unless the answer is full, for positions above its last entry).
    async fn tails(&self, wanted: &[Wanted]) -> Result<Vec<Tail>, StoreError>;

    /// Forgets what was written in these parts of logs. The headers stay for `chat.delivery.header_s` from now on. Repeating it
    /// changes nothing. After an error some may be forgotten; repeating the call forgets the rest.
    async fn strip_all(&self, parts: &[Part]) -> Result<(), StoreError>;

    /// Forgets what was written in entries with `from < seq <= to`, as [`LogStore::strip_all`] does.
    #[cfg(test)]
    async fn strip(&self, id: ConversationId, from: u64, to: u64) -> Result<(), StoreError> {
        self.strip_all(&[Part { id, from, to }]).await
    }

    /// Removes headers that are past their time, at most a bounded number, and says how many; a store that does so by itself
    /// does nothing. Call it again until there are none.
    async fn remove_expired(&self) -> Result<u64, StoreError>;
}
