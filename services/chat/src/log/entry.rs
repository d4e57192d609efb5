//! One entry of a conversation's log.

use std::borrow::Cow;

use kernel::{ConversationId, EntryId, Timestamp, UserId};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryType {
    /// Something a person wrote; the only type that counts as unread.
    Message,
    /// New words for a message.
    Edit,
    /// A message taken back, for everyone.
    Delete,
    /// An emoji put to a message, or taken away.
    Reaction,
    /// Somebody came, went, or may do other things than before.
    Member,
    /// Title, picture or retention changed.
    Conversation,
    /// In a person's own conversation: something of their account changed.
    Account,
    /// Never stored: what somebody sees of an entry that is withheld from them. A type that no client knows, so that they pass
    /// over it.
    Withheld,
}

impl EntryType {
    /// Every type that is stored.
    pub const ALL: [Self; 7] = [
        Self::Message,
        Self::Edit,
        Self::Delete,
        Self::Reaction,
        Self::Member,
        Self::Conversation,
        Self::Account,
    ];

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Edit => "edit",
            Self::Delete => "delete",
            Self::Reaction => "reaction",
            Self::Member => "member",
            Self::Conversation => "conversation",
            Self::Account => "account",
            Self::Withheld => "withheld",
        }
    }

    /// The type that is stored under `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether the entry is a user-visible message, so that `count` rises with it.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Message)
    }

    /// Whether who may write can be different after it: everything behind it is checked anew.
    pub const fn changes_members(self) -> bool {
        matches!(self, Self::Member)
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
    /// The message that an edit, deletion or reaction is about.
    pub target: Option<EntryId>,
    /// Who does not get to see it, because they blocked the sender when it was written.
    pub withheld_from: Option<UserId>,
    /// What was written, as JSON; `None` once it is forgotten.
    pub data: Option<Box<RawValue>>,
}

/// What tells apart the live events of one type.
#[derive(Deserialize)]
struct Op<'a> {
    #[serde(borrow)]
    op: Cow<'a, str>,
}

impl Entry {
    /// The live event that tells of it.
    pub fn event(&self) -> &'static str {
        match self.kind {
            EntryType::Message | EntryType::Withheld => "message:new",
            EntryType::Edit => "message:edited",
            EntryType::Delete => "message:deleted",
            EntryType::Reaction if self.op_is(&["remove"]) => "reaction:removed",
            EntryType::Reaction => "reaction:added",
            EntryType::Member if self.op_is(&["joined"]) => "participant:joined",
            EntryType::Member if self.op_is(&["left", "removed"]) => "participant:left",
            EntryType::Member | EntryType::Conversation => "conversation:updated",
            EntryType::Account => "account",
        }
    }

    /// As that person gets to see it: in place of what is withheld from them an entry of their own that says nothing. So they
    /// have read it, as whatever they write, and do not learn who wrote.
    #[must_use]
    pub fn seen_by(self, reader: UserId) -> Self {
        if self.withheld_from != Some(reader) {
            return self;
        }
        Self { kind: EntryType::Withheld, sender: reader, target: None, data: None, ..self }
    }

    /// Who is not in the conversation any more after it.
    pub fn gone(&self) -> Option<UserId> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Gone {
            user_id: UserId,
        }
        if self.kind != EntryType::Member || !self.op_is(&["left", "removed"]) {
            return None;
        }
        let data = self.data.as_deref().map_or("", RawValue::get);
        serde_json::from_str::<Gone>(data).ok().map(|data| data.user_id)
    }

    fn op_is(&self, ops: &[&str]) -> bool {
        let data = self.data.as_deref().map_or("", RawValue::get);
        serde_json::from_str::<Op<'_>>(data).is_ok_and(|data| ops.contains(&data.op.as_ref()))
    }

    /// Bytes of this entry on the wire, roughly: for cutting answers to size.
    pub fn weight(&self) -> usize {
        Self::weight_of(self.data.as_deref().map(RawValue::get))
    }

    /// As [`Entry::weight`], of an entry with that content.
    pub fn weight_of(data: Option<&str>) -> usize {
        // Ids, numbers, time and field names of the header.
        const HEADER: usize = 320;
        HEADER + data.map_or(4, str::len)
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
            && (self.created_at, self.digest, self.target, self.withheld_from)
                == (other.created_at, other.digest, other.target, other.withheld_from)
            && data(self) == data(other)
    }
}

impl Eq for Entry {}

/// As it stands on the wire; the digest, `mseq`, `target` and `withheld_from` stay inside.
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
