//! Conversations: what they are, who is in them, and how one comes to be.

pub mod blocks;
pub mod changes;
pub mod create;
pub mod create_group;
pub mod delete;
pub mod error;
pub mod http;
pub mod list;
pub mod members;
pub mod mongo;
pub mod people;
pub mod personal;
pub mod rename;
pub mod retry;
pub mod sqlite;
pub mod store;
pub mod switches;
pub mod view;

use kernel::{ConversationId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::blocks::{Block, Standing};
pub use self::switches::{Switch, Switches};
use crate::log::entry::Digest;

/// What sort of conversation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A person's own: notes to self, and what concerns their account. It exists at most once for them.
    #[serde(rename = "self")]
    Own,
    /// Two people. It exists at most once for them.
    Direct,
    /// People under a title.
    Group,
}

impl Kind {
    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "self",
            Self::Direct => "direct",
            Self::Group => "group",
        }
    }

    /// The kind that is stored under `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Own, Self::Direct, Self::Group].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// How long the server keeps what people write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Retention {
    /// Until every live device has stored it.
    #[default]
    Relay,
    /// For good.
    Archive,
}

impl Retention {
    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Archive => "archive",
        }
    }

    /// The retention that is stored under `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Relay, Self::Archive].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads and writes.
    Member,
    /// Brings people in and sends them away, changes title and picture.
    Admin,
    /// Everything, roles and retention too.
    Owner,
}

impl Role {
    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The role that is stored under `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Member, Self::Admin, Self::Owner].into_iter().find(|role| role.as_str() == name)
    }
}

/// A conversation as it is stored: the same for everyone in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its name; a direct one's follows from the two people.
    pub id: ConversationId,
    /// What sort it is.
    pub kind: Kind,
    /// Title, of kinds that have one.
    pub title: Option<String>,
    /// How long content is kept.
    pub retention: Retention,
    /// Changed by a restore or repair, after which cursors of the old epoch mean nothing. Opaque to clients.
    pub epoch: String,
    /// The highest position of the log that the conversation counts; the log may be ahead for a moment.
    pub head_seq: u64,
    /// User-visible messages up to the head.
    pub head_count: u64,
    /// Position of the last change of membership that the conversation counts; the log may be ahead for a moment.
    pub head_mseq: u64,
    /// People in it.
    pub member_count: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the head last rose, by the instance that raised it.
    pub active_at: Timestamp,
    /// What it was made by, of kinds that clients make under an id of their own.
    pub maker: Option<Maker>,
    /// Of a direct one: who blocks the other, or did.
    pub blocks: Vec<Block>,
}

/// Who made a conversation, and what they asked for: tells a retry from another request under the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Maker {
    /// Who.
    pub user: UserId,
    /// Of what the client sent.
    pub digest: Digest,
}

/// One person in one conversation, as the conversation sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub joined_at: Timestamp,
}

/// One person's own view of one conversation. How far they have read: both only rise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Read up to this position of the log.
    pub read_seq: u64,
    /// User-visible messages up to there.
    pub read_count: u64,
    /// What they have set for themself.
    pub switches: Switches,
}
