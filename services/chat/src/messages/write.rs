//! What the use cases that write have in common: a place among the caller's other writes, and what becomes of it.

use std::time::Duration;

use auth::Identity;
use kernel::{ConversationId, EntryId, ErrorCode, WireError};
use serde::Serialize;
use tokio::sync::oneshot;

use super::erase;
use crate::chat::Chat;
use crate::conversations::Standing;
use crate::conversations::error::ConversationError;
use crate::conversations::members::Seen;
use crate::log::entry::{Entry, EntryType};
use crate::log::store::{Appended, Draft};
use crate::own::note::NoteError;
use crate::store::StoreError;

/// An entry that is in the log.
#[derive(Debug, Clone)]
pub struct Written {
    /// With its place in the log. Its `data` is gone if it was written before and is already forgotten.
    pub entry: Entry,
    /// Whether it was there before this call.
    pub repeated: bool,
}

/// Why something was not written, or is not known to be.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// It is not something that may be written.
    #[error("{0}")]
    Invalid(WireError),
    /// The caller cannot write there.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The id belongs to another entry of this conversation.
    #[error("the id is taken")]
    Conflict,
    /// Too fast.
    #[error("too many messages; next in {0} s")]
    TooOften(u64),
    /// The store does not take it, or one of the same person before it.
    #[error("the store does not take it")]
    Refused,
    /// There is no message of that id.
    #[error("no such message")]
    NoSuchMessage,
    /// The message is forgotten or deleted.
    #[error("the message is gone")]
    Gone,
    /// The caller may not do that to this entry.
    #[error("may not: {0}")]
    NotAllowed(&'static str),
    /// The message is older than this may be done, in seconds.
    #[error("the message is older than {0} s")]
    TooLate(u64),
    /// The store, before anything was written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Not known to be stored.
    #[error("not known to be stored")]
    Unavailable,
}

impl WriteError {
    /// Whether the same again may succeed later.
    const fn will_pass(&self) -> bool {
        matches!(
            self,
            Self::TooOften(_)
                | Self::Store(_)
                | Self::Unavailable
                | Self::Conversation(ConversationError::Store(_) | ConversationError::People(_))
        )
    }
}

impl From<WriteError> for WireError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Invalid(error) => error,
            WriteError::Conversation(error) => error.into(),
            WriteError::Conflict => {
                Self::new(ErrorCode::Conflict, "this id belongs to another message; use a new one")
                    .at("id", "is taken in this conversation")
            }
            WriteError::TooOften(seconds) => {
                Self::new(ErrorCode::RateLimitExceeded, "too many messages; slow down")
                    .retry_after(seconds)
            }
            WriteError::Refused => Self::invalid("text", "cannot be stored; send something else"),
            WriteError::NoSuchMessage => Self::not_found("message").at("messageId", "is unknown"),
            WriteError::Gone => Self::new(
                ErrorCode::Gone,
                "this message is deleted, or the server has forgotten it",
            ),
            WriteError::NotAllowed(why) => Self::new(ErrorCode::Forbidden, why),
            WriteError::TooLate(seconds) => Self::new(
                ErrorCode::Forbidden,
                format!("this can be done to a message for {} minutes", seconds / 60),
            ),
            WriteError::Store(error) => error.into(),
            WriteError::Unavailable => Self::unavailable().retry_after(1),
        }
    }
}

impl From<NoteError> for WriteError {
    fn from(error: NoteError) -> Self {
        match error {
            NoteError::Conflict => Self::Conflict,
            NoteError::Unavailable => Self::Unavailable,
            NoteError::Store(error) => Self::Store(error),
        }
    }
}

/// When a call came in, by the monotonic clock: before it waited for anything.
#[derive(Debug, Clone, Copy)]
pub struct Arrived(Duration);

impl Arrived {
    /// At this moment.
    pub fn now(chat: &Chat) -> Self {
        Self(chat.clock.monotonic())
    }
}

/// Something to be written.
#[derive(Debug)]
pub(super) struct Writing<'a, T> {
    /// Made by the client: the same again is the same entry.
    pub id: EntryId,
    /// Where to.
    pub conversation: ConversationId,
    /// What it is.
    pub kind: EntryType,
    /// The message that it is about.
    pub target: Option<EntryId>,
    /// What it says.
    pub data: &'a T,
}

/// The entry that the caller, who was seen to be in the conversation, wants to be written. Who blocks the other person writes
/// nothing new there, and whatever is written to them is withheld from them; what is taken back is taken back from everyone.
pub(super) async fn draft(
    chat: &Chat,
    caller: &Identity,
    seen: Seen,
    writing: &Writing<'_, impl Serialize>,
) -> Result<Draft, WriteError> {
    let data = serde_json::value::to_raw_value(writing.data)
        .map_err(|_| WriteError::Invalid(WireError::internal()))?;
    let withheld_from = match seen.standing {
        Standing::Blocked(by) if writing.kind != EntryType::Delete => Some(by),
        _ => None,
    };
    let draft = Draft {
        id: writing.id,
        conversation: writing.conversation,
        kind: writing.kind,
        sender: caller.user,
        created_at: chat.clock.now(),
        digest: chat.digester.entry(writing.kind, writing.target, data.get()),
        target: writing.target,
        checked: seen.checked,
        retention: seen.retention,
        withheld_from,
        data,
    };
    if seen.standing == Standing::Blocks && writing.kind != EntryType::Delete {
        let refusal = WriteError::NotAllowed("you block this person: unblock them to write");
        unless_written(chat, &draft, Err(refusal)).await?;
    }
    Ok(draft)
}

/// Lets a draft pass that was refused if it is a retry of one that is in the log: it gets the first result, whatever has
/// become of the message since.
pub(super) async fn unless_written(
    chat: &Chat,
    draft: &Draft,
    checked: Result<(), WriteError>,
) -> Result<(), WriteError> {
    let Err(refusal) = checked else { return Ok(()) };
    match chat.entries.find(draft.conversation, draft.id).await? {
        Some(entry) if draft.is_stored_as(&entry) => Ok(()),
        Some(_) => Err(WriteError::Conflict),
        None => Err(refusal),
    }
}

/// What is left to do once the entry is in the log, before it is acknowledged.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    /// Nothing.
    Nothing,
    /// Forget the message that the entry deletes.
    Erase,
    /// Forget what the entry says of its target, if that was deleted meanwhile.
    MindDeletion,
}

/// An entry that has its turn among the caller's others; [`Pending::written`] waits for what becomes of it.
#[derive(Debug)]
pub struct Pending(State);

#[derive(Debug)]
enum State {
    UnderWay(UnderWay),
    Done(Box<Written>),
}

#[derive(Debug)]
struct UnderWay {
    answer: oneshot::Receiver<Appended>,
    patience: Duration,
    kind: EntryType,
    then: Then,
}

/// Takes an entry. When this returns, later ones come after it.
pub(super) fn submit(chat: &Chat, arrived: Arrived, draft: Draft, then: Then) -> Pending {
    // The store's own deadline ends an append; the rest of the way (publish, head) is granted as much again.
    let patience = Duration::from_millis(chat.settings.log.append_timeout_ms) * 2;
    let kind = draft.kind;
    tracing::debug!(kind = kind.as_str(), "taken");
    let answer = chat.appender.submit_of(draft, arrived.0);
    Pending(State::UnderWay(UnderWay { answer, patience, kind, then }))
}

/// What was taken, or why not. If the same may be taken later, whatever the same person wrote there after it is refused until
/// then, or it would appear first.
pub(super) fn in_order(
    chat: &Chat,
    caller: &Identity,
    (conversation, id): (ConversationId, EntryId),
    taken: Result<Pending, WriteError>,
) -> Result<Pending, WriteError> {
    match &taken {
        Ok(Pending(State::UnderWay(_))) => {}
        Err(error) if error.will_pass() => {
            chat.appender.not_submitted(conversation, caller.user, id);
        }
        Ok(Pending(State::Done(_))) | Err(_) => {
            chat.appender.is_settled(conversation, caller.user, id);
        }
    }
    taken
}

impl Pending {
    /// What is in the log already.
    pub(super) fn done(written: Written) -> Self {
        Self(State::Done(Box::new(written)))
    }

    /// Waits until the entry is durable on a majority, published and counted, and what it deletes is forgotten.
    pub async fn written(self, chat: &Chat) -> Result<Written, WriteError> {
        match self.0 {
            State::UnderWay(under_way) => under_way.written(chat).await,
            State::Done(written) => Ok(*written),
        }
    }
}

impl UnderWay {
    async fn written(self, chat: &Chat) -> Result<Written, WriteError> {
        let (kind, then) = (self.kind, self.then);
        let mut written = self.outcome().await;
        if let Ok(Written { entry, .. }) = &written
            && let Err(error) = finish(chat, entry, then).await
        {
            // The retry finishes it, or the sweeper.
            tracing::warn!(%error, "an entry is stored, and what it deletes is not forgotten yet");
            written = Err(WriteError::Unavailable);
        }
        let outcome = match &written {
            Ok(Written { repeated: false, .. }) => "stored",
            Ok(_) => "repeated",
            Err(WriteError::Conflict) => "conflict",
            Err(_) => "unavailable",
        };
        let kind = kind.as_str();
        metrics::counter!("entries_written_total", "type" => kind, "outcome" => outcome)
            .increment(1);
        written
    }

    async fn outcome(self) -> Result<Written, WriteError> {
        match tokio::time::timeout(self.patience, self.answer).await {
            Ok(Ok(Appended::Stored(entry))) => Ok(Written { entry, repeated: false }),
            Ok(Ok(Appended::Existing(entry))) => Ok(Written { entry, repeated: true }),
            Ok(Ok(Appended::Conflict)) => Err(WriteError::Conflict),
            Ok(Ok(Appended::NotMember)) => Err(ConversationError::NotFound.into()),
            Ok(Ok(Appended::Refused)) => Err(WriteError::Refused),
            Ok(Ok(Appended::Stale | Appended::Raced | Appended::Unavailable) | Err(_)) | Err(_) => {
                Err(WriteError::Unavailable)
            }
        }
    }
}

async fn finish(chat: &Chat, entry: &Entry, then: Then) -> Result<(), StoreError> {
    let Some(target) = entry.target else { return Ok(()) };
    let (entries, id) = (&*chat.entries, entry.conversation);
    match then {
        Then::Erase => erase::finish(entries, entry).await,
        // Either the deletion found this entry, or it is in the log by now and is found here.
        Then::MindDeletion if entries.is_deleted(id, target).await? => {
            erase::erase(entries, id, target).await
        }
        Then::MindDeletion | Then::Nothing => Ok(()),
    }
}
