//! What travels between client and server, as far as this client reads it. Unknown fields are passed over.

use std::time::Duration;

use kernel::{ConversationId, EntryId, Timestamp, UserId};
use serde::Deserialize;
use serde_json::value::RawValue;

/// One entry of a conversation's log.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Made by the client that wrote it.
    pub id: EntryId,
    /// Whose log.
    pub conversation_id: ConversationId,
    /// Position: 1, 2, 3, … without a hole.
    pub seq: u64,
    /// Messages up to here.
    pub count: u64,
    /// What it is; types that are not known are stored and passed over.
    #[serde(rename = "type")]
    pub kind: String,
    /// Who wrote it.
    pub sender_id: UserId,
    /// When the server accepted it.
    pub created_at: Timestamp,
    /// What was written; `None` once it is forgotten.
    pub data: Option<Box<RawValue>>,
}

/// What a client must know of a conversation to follow its log.
#[derive(Debug, Clone, Deserialize)]
pub struct About {
    /// Which one.
    pub id: ConversationId,
    /// Changes when positions lose their meaning.
    pub epoch: String,
    /// Everything up to here was delivered before this device came.
    pub floor: u64,
}

/// One conversation with news.
#[derive(Debug, Deserialize)]
pub struct News {
    /// Which one.
    pub conversation: About,
    /// What is new, upwards.
    pub entries: Vec<Entry>,
    /// First and last position of each run that is gone for good.
    pub gone: Vec<(u64, u64)>,
    /// What the client has of the log means nothing any more.
    #[serde(default)]
    pub reset: bool,
}

/// An answer to `sync`.
#[derive(Debug, Deserialize)]
pub struct Page {
    /// For the next page.
    pub since: String,
    /// Only those with news.
    pub conversations: Vec<News>,
    /// Conversations that the person is no longer in.
    #[serde(default)]
    pub removed: Vec<ConversationId>,
    /// Whether there is another page.
    pub more: bool,
}

/// An answer to `range`.
#[derive(Debug, Deserialize)]
pub struct Stretch {
    /// What is there, upwards.
    pub entries: Vec<Entry>,
    /// First and last position of each run that is gone for good.
    pub gone: Vec<(u64, u64)>,
}

/// An answer to `message:send`.
#[derive(Debug, Deserialize)]
pub struct Sent {
    /// The message as it stands in the log.
    pub entry: Entry,
}

/// Why the server did not do what it was asked.
#[derive(Debug, Clone, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{code}: {message}")]
pub struct Refusal {
    /// One of the closed set of error codes.
    pub code: String,
    /// For people.
    #[serde(default)]
    pub message: String,
    /// Seconds after which it may work.
    #[serde(default)]
    pub retry_after: Option<u64>,
}

impl Refusal {
    /// Whether the same may work later.
    pub fn is_passing(&self) -> bool {
        matches!(
            self.code.as_str(),
            "SERVICE_UNAVAILABLE" | "RATE_LIMIT_EXCEEDED" | "INTERNAL_ERROR"
        )
    }

    /// The same need not be asked for before this time is over.
    pub(crate) fn least_wait(&self) -> Duration {
        Duration::from_secs(self.retry_after.unwrap_or(0))
    }
}
