//! Sends a message: durable, published and counted before it is acknowledged.

use std::time::Duration;

use auth::Identity;
use kernel::{ConversationId, EntryId, ErrorCode, WireError};
use tokio::sync::oneshot;

use super::body::MessageBody;
use crate::chat::Chat;
use crate::conversations::error::ConversationError;
use crate::log::entry::{Entry, EntryType};
use crate::log::store::{Appended, Draft};

/// A message to be sent.
#[derive(Debug, Clone)]
pub struct Send {
    /// Made by the client: the same again is the same message.
    pub id: EntryId,
    /// Where to.
    pub conversation: ConversationId,
    /// The content.
    pub body: MessageBody,
}

/// A message that is in the log.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Its place in the log. Its `data` is gone if the message was sent before and is already forgotten.
    pub entry: Entry,
    /// Whether it was there before this call.
    pub repeated: bool,
}

/// Why a message was not sent, or is not known to be.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The message is not one that may be sent.
    #[error("{0}")]
    Invalid(WireError),
    /// The caller cannot write there.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The id belongs to another message of this conversation.
    #[error("the id is taken")]
    Conflict,
    /// Too fast.
    #[error("too many messages; next in {0} s")]
    TooOften(u64),
    /// The store does not take it, or one of the same person before it.
    #[error("the store does not take it")]
    Refused,
    /// Not known to be stored.
    #[error("not known to be stored")]
    Unavailable,
}

impl From<SendError> for WireError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Invalid(error) => error,
            SendError::Conversation(error) => error.into(),
            SendError::Conflict => {
                Self::new(ErrorCode::Conflict, "this id belongs to another message; use a new one")
                    .at("id", "is taken in this conversation")
            }
            SendError::TooOften(seconds) => {
                Self::new(ErrorCode::RateLimitExceeded, "too many messages; slow down")
                    .retry_after(seconds)
            }
            SendError::Refused => Self::invalid("text", "cannot be stored; send something else"),
            SendError::Unavailable => Self::unavailable().retry_after(1),
        }
    }
}

/// A message that has its turn among the caller's others; [`Pending::sent`] waits for what becomes of it.
#[derive(Debug)]
pub struct Pending {
    answer: oneshot::Receiver<Appended>,
    patience: Duration,
}

/// Takes a message. When this returns, later ones come after it.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, conversation_id = %send.conversation, entry_id = %send.id))]
pub async fn take(chat: &Chat, caller: &Identity, send: Send) -> Result<Pending, SendError> {
    if !send.id.is_v7() {
        let error = WireError::invalid("id", "must be a UUID of version 7 made by the client");
        return Err(SendError::Invalid(error));
    }
    send.body.check(chat.settings.limits.text_chars).map_err(SendError::Invalid)?;
    let seen = chat.members.require(send.conversation, caller.user).await?;
    chat.pace.send(caller.user).map_err(SendError::TooOften)?;
    let data = send.body.to_data().map_err(|_| SendError::Invalid(WireError::internal()))?;
    let draft = Draft {
        id: send.id,
        conversation: send.conversation,
        kind: EntryType::Message,
        sender: caller.user,
        created_at: chat.clock.now(),
        digest: chat.digester.digest(data.get().as_bytes()),
        target: None,
        checked: seen.checked,
        retention: seen.retention,
        data,
    };
    // The store's own deadline ends an append; the rest of the way (publish, head) is granted as much again.
    let patience = Duration::from_millis(chat.settings.log.append_timeout_ms) * 2;
    tracing::debug!("message taken");
    Ok(Pending { answer: chat.appender.submit(draft), patience })
}

impl Pending {
    /// Waits until the message is durable on a majority, published and counted.
    pub async fn sent(self) -> Result<Sent, SendError> {
        let outcome = tokio::time::timeout(self.patience, self.answer).await;
        let sent = match outcome {
            Ok(Ok(Appended::Stored(entry))) => Ok(Sent { entry, repeated: false }),
            Ok(Ok(Appended::Existing(entry))) => Ok(Sent { entry, repeated: true }),
            Ok(Ok(Appended::Conflict)) => Err(SendError::Conflict),
            Ok(Ok(Appended::NotMember)) => Err(ConversationError::NotFound.into()),
            Ok(Ok(Appended::Refused)) => Err(SendError::Refused),
            Ok(Ok(Appended::Stale | Appended::Raced | Appended::Unavailable) | Err(_)) | Err(_) => {
                Err(SendError::Unavailable)
            }
        };
        let outcome = match &sent {
            Ok(Sent { repeated: false, .. }) => "stored",
            Ok(_) => "repeated",
            Err(SendError::Conflict) => "conflict",
            Err(_) => "unavailable",
        };
        metrics::counter!("messages_sent_total", "outcome" => outcome).increment(1);
        sent
    }
}

/// Sends a message and waits for it.
pub async fn send(chat: &Chat, caller: &Identity, send: Send) -> Result<Sent, SendError> {
    take(chat, caller, send).await?.sent().await
}
