//! Notes in a person's own log what concerns their account.

use std::fmt::Display;
use std::time::Duration;

use kernel::{ConversationId, EntryId, ErrorCode, UserId, WireError};
use serde::Serialize;
use serde_json::value::to_raw_value;
use uuid::Uuid;

use super::open;
use crate::chat::Chat;
use crate::conversations::Retention;
use crate::conversations::switches::Change;
use crate::log::entry::{Entry, EntryType};
use crate::log::store::{Appended, Draft};
use crate::store::StoreError;

/// Makes ids of notes out of what causes them.
const NOTES: Uuid = Uuid::from_u128(0x91b6_30fe_c2a8_5d17_a4e0_5b7c_683d_19f2);

/// What an `account` entry says; the wire's `data`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "op", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Note {
    /// The person is in a further conversation. A client finds it in `sync` and `GET /conversations` as well.
    ConversationAdded {
        /// Which.
        conversation_id: ConversationId,
    },
    /// The person is no longer in a conversation. `sync` reports it as `removed`.
    ConversationRemoved {
        /// Which.
        conversation_id: ConversationId,
    },
    /// Another device of the person has read further.
    Read {
        /// In which conversation.
        conversation_id: ConversationId,
        /// Up to this position.
        seq: u64,
        /// User-visible messages up to there.
        count: u64,
    },
    /// The person has set something about a conversation for themself. Later notes hold, for each switch by itself.
    Settings {
        /// Which conversation.
        conversation_id: ConversationId,
        /// What is set; the others stay as they are.
        #[serde(flatten)]
        change: Change,
        /// User-visible messages when it was hidden: a conversation with more of them is not hidden any more.
        #[serde(skip_serializing_if = "Option::is_none")]
        count: Option<u64>,
    },
    /// The person does not want to see a message any more ("delete for me").
    HiddenMessage {
        /// In which conversation.
        conversation_id: ConversationId,
        /// Which message.
        message_id: EntryId,
    },
}

impl Note {
    /// Its `op` on the wire.
    pub const fn op(&self) -> &'static str {
        match self {
            Self::ConversationAdded { .. } => "conversation-added",
            Self::ConversationRemoved { .. } => "conversation-removed",
            Self::Read { .. } => "read",
            Self::Settings { .. } => "settings",
            Self::HiddenMessage { .. } => "hidden-message",
        }
    }
}

/// The id of the note that `cause` gives rise to: an entry's id, a conversation's, or anything else that is the same when
/// the cause is told again. The same again changes nothing.
pub fn cause(op: &str, cause: impl Display) -> EntryId {
    EntryId::from_uuid(Uuid::new_v5(&NOTES, format!("{op}:{cause}").as_bytes()))
}

/// Why a note is not in the log, or is not known to be.
#[derive(Debug, thiserror::Error)]
pub enum NoteError {
    /// The id belongs to another entry.
    #[error("the id is taken")]
    Conflict,
    /// Not known to be stored. The same again finishes it.
    #[error("not known to be stored")]
    Unavailable,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NoteError> for WireError {
    fn from(error: NoteError) -> Self {
        match error {
            NoteError::Conflict => {
                Self::new(ErrorCode::Conflict, "this id belongs to another entry; use a new one")
                    .at("id", "is taken")
            }
            NoteError::Unavailable => Self::unavailable(),
            NoteError::Store(error) => error.into(),
        }
    }
}

/// Appends an `account` entry to the person's own log, which is made if there is none yet. When this returns well, the entry
/// is durable on a majority, and every device of the person will get it.
///
/// For what has no other home than the note (a message hidden for oneself), and for what must be told for certain: whoever
/// calls fails when this fails, or leaves its work marked unfinished, and comes again with the same id. What clients find
/// out by other means too goes through [`super::notes::Notes::soon`], which fails nobody.
#[tracing::instrument(skip(chat, note), fields(op = note.op()))]
pub async fn note(chat: &Chat, user: UserId, id: EntryId, note: &Note) -> Result<Entry, NoteError> {
    let conversation = open::ensure(chat, user, None).await?;
    let data = to_raw_value(note).map_err(|_| NoteError::Unavailable)?;
    let draft = Draft {
        id,
        conversation,
        kind: EntryType::Account,
        sender: user,
        created_at: chat.clock.now(),
        digest: chat.digester.entry(EntryType::Account, None, data.get()),
        target: None,
        // Nobody joins or leaves a person's own conversation.
        checked: u64::MAX,
        retention: Retention::Relay,
        withheld_from: None,
        data,
    };
    // The store's own deadline ends an append; the rest of the way (publish, head) is granted as much again.
    let patience = Duration::from_millis(chat.settings.log.append_timeout_ms) * 2;
    match tokio::time::timeout(patience, chat.appender.submit(draft)).await {
        Ok(Ok(Appended::Stored(entry) | Appended::Existing(entry))) => Ok(entry),
        Ok(Ok(Appended::Conflict)) => Err(NoteError::Conflict),
        Ok(
            Ok(
                Appended::Stale
                | Appended::Raced
                | Appended::Refused
                | Appended::NotMember
                | Appended::Unavailable,
            )
            | Err(_),
        )
        | Err(_) => Err(NoteError::Unavailable),
    }
}
