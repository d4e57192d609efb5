//! One entry of a conversation's log.

use kernel::{ConversationId, EntryId, Timestamp, UserId};
use serde::Serialize;
use serde::ser::SerializeStruct;
use serde_json::value::RawValue;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryType {
    /// Something a person wrote; the only type that counts as unread.
    Message,
}

impl EntryType {
    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
        }
    }

    /// The type that is stored under `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        (name == "message").then_some(Self::Message)
    }

    /// Whether the entry is a user-visible message, so that `count` rises with it.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Message)
    }

    /// The live event that tells of it.
    pub const fn event(self) -> &'static str {
        match self {
            Self::Message => "message:new",
        }
    }
}

/// A keyed digest of what the client sent: tells a retry from another message under the same id, also when the content
/// is gone.
pub type Digest = [u8; 32];

/// An entry that has its place in the log.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Made by the client; unique within the conversation.
    pub id: EntryId,
    /// Whose log.
    pub conversation: ConversationId,
    /// Position in the log: 1, 2, 3, … without a hole.
    pub seq: u64,
    /// User-visible messages up to and with this entry.
    pub count: u64,
    /// Position of the last change of membership before this entry.
    pub mseq: u64,
    /// What it is.
    pub kind: EntryType,
    /// Who wrote it.
    pub sender: UserId,
    /// When an instance accepted it.
    pub created_at: Timestamp,
    /// Of what the client sent.
    pub digest: Digest,
    /// What was written, as JSON; `None` once it is forgotten.
    pub data: Option<Box<RawValue>>,
}

impl Entry {
    /// Bytes of this entry on the wire, roughly: for cutting answers to size.
    pub fn weight(&self) -> usize {
        // Ids, numbers, time and field names of the header.
        const HEADER: usize = 320;
        HEADER + self.data.as_ref().map_or(4, |data| data.get().len())
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        let data = |entry: &Self| entry.data.as_ref().map(|data| data.get().to_owned());
        (self.id, self.conversation, self.seq, self.count, self.mseq, self.kind, self.sender)
            == (
                other.id,
                other.conversation,
                other.seq,
                other.count,
                other.mseq,
                other.kind,
                other.sender,
            )
            && (self.created_at, self.digest) == (other.created_at, other.digest)
            && data(self) == data(other)
    }
}

impl Eq for Entry {}

/// As it stands on the wire; the digest and `mseq` stay inside.
impl Serialize for Entry {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entry = serializer.serialize_struct("Entry", 8)?;
        entry.serialize_field("id", &self.id)?;
        entry.serialize_field("conversationId", &self.conversation)?;
        entry.serialize_field("seq", &self.seq)?;
        entry.serialize_field("count", &self.count)?;
        entry.serialize_field("type", self.kind.as_str())?;
        entry.serialize_field("senderId", &self.sender)?;
        entry.serialize_field("createdAt", &self.created_at)?;
        entry.serialize_field("data", &self.data)?;
        entry.end()
    }
}
