//! Changes how long a conversation keeps content: `relay` or `archive`.
//!
//! Noted first, so that whoever comes after a crash carries it on. To an archive, nothing is forgotten from the note on; to a
//! relay, what comes after the entry. Instances may go by what they remember of the conversation for a while: what they wrote
//! meanwhile is put right after that.

use std::time::Duration;

use auth::Identity;
use kernel::{ConversationId, EntryId, ErrorCode, WireError};
use serde::Serialize;

use super::store::{Told, Turning};
use crate::chat::Chat;
use crate::conversations::error::ConversationError;
use crate::conversations::{Retention, Role};
use crate::log::entry::{Entry, EntryType};
use crate::log::store::{Appended, Draft};
use crate::store::StoreError;

/// Changes under way that one call finds before its own is the one.
const TRIES: u32 = 8;
/// Changes carried on in one sweep.
const SWEEP: u32 = 500;

/// Why the retention was not changed.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// The caller is not in the conversation.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// Only the owner may.
    #[error("only the owner may change the retention")]
    NotOwner,
    /// The id belongs to another entry of this conversation.
    #[error("the id is taken")]
    Conflict,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<TurnError> for WireError {
    fn from(error: TurnError) -> Self {
        match error {
            TurnError::Conversation(error) => error.into(),
            TurnError::NotOwner => Self::new(
                ErrorCode::Forbidden,
                "only the owner can change how long content is kept",
            ),
            TurnError::Conflict => {
                Self::new(ErrorCode::Conflict, "this Idempotency-Key belongs to something else")
            }
            TurnError::Store(error) => error.into(),
        }
    }
}

/// A change of retention as the log keeps it.
#[derive(Debug, Serialize)]
struct RetentionData {
    retention: Retention,
}

/// Changes the retention, as the owner. `entry` is made by the client: the same again is the same change. Answers the entry
/// that tells of it, or none if nothing changes.
#[tracing::instrument(skip_all, fields(user_id = %caller.user, conversation_id = %id, to = to.as_str()))]
pub async fn turn(
    chat: &Chat,
    caller: &Identity,
    id: ConversationId,
    to: Retention,
    entry: EntryId,
) -> Result<Option<Entry>, TurnError> {
    let begun = chat.clock.now();
    let turning = Turning { to, entry, by: caller.user, begun, told: None };
    for _ in 0..TRIES {
        let seen = chat.members.look_again(id, caller.user).await?;
        if let Some(found) = chat.entries.find(id, entry).await? {
            let same = draft(chat, id, &turning)?.is_stored_as(&found);
            return if same { Ok(Some(found)) } else { Err(TurnError::Conflict) };
        }
        if seen.role != Role::Owner {
            return Err(TurnError::NotOwner);
        }
        if seen.retention == to {
            return Ok(None);
        }
        let under_way = chat.delivery.turn(id, &turning).await?;
        let under_way = under_way.ok_or(ConversationError::NotFound)?;
        tell(chat, id, &under_way).await?;
        if under_way.entry == entry {
            chat.members.look_again(id, caller.user).await?;
            return Ok(chat.entries.find(id, entry).await?);
        }
    }
    Err(StoreError::Unavailable("others change the retention all the time".to_owned()).into())
}

/// Carries on with changes that were left half-way, and puts right what was written meanwhile by instances that did not
/// know of them.
pub async fn carry_on(chat: &Chat) -> Result<(), StoreError> {
    let mut outcome = Ok(());
    for (id, turning) in chat.delivery.turnings(SWEEP).await? {
        let carried = match turning.told {
            None => tell(chat, id, &turning).await,
            Some(told) if chat.clock.now() >= told.at.plus(settles_after(chat)) => {
                settle(chat, id, &turning, told).await
            }
            Some(_) => Ok(()),
        };
        if let Err(error) = &carried {
            tracing::warn!(conversation_id = %id, %error, "a change of retention is not carried out yet");
        }
        outcome = outcome.and(carried);
    }
    outcome
}

/// Puts the entry into the log, and then what follows from it.
async fn tell(chat: &Chat, id: ConversationId, turning: &Turning) -> Result<(), StoreError> {
    if turning.told.is_some() {
        return Ok(());
    }
    let appended = chat.appender.submit(draft(chat, id, turning)?).await;
    let seq = match appended {
        Ok(Appended::Stored(entry) | Appended::Existing(entry)) => entry.seq,
        // Its id is taken: that can only be the same change, made by somebody who came first with another clock.
        Ok(Appended::Conflict | Appended::Refused) => {
            tracing::error!(conversation_id = %id, "a change of retention cannot be told");
            return chat.delivery.settled(id, turning.entry).await;
        }
        _ => return Err(StoreError::Unavailable("the entry is not known to be stored".to_owned())),
    };
    chat.conversations.set_retention(id, turning.to, seq).await?;
    let told = Told { seq, at: chat.clock.now() };
    chat.delivery.turned(id, turning, told).await?;
    tracing::info!(conversation_id = %id, to = turning.to.as_str(), seq, "retention changed");
    Ok(())
}

/// The look at who its wish it was came before the change was noted; whoever carries it on does not look again.
fn draft(chat: &Chat, id: ConversationId, turning: &Turning) -> Result<Draft, StoreError> {
    let data = serde_json::value::to_raw_value(&RetentionData { retention: turning.to })
        .map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let kind = EntryType::Conversation;
    Ok(Draft {
        id: turning.entry,
        conversation: id,
        kind,
        sender: turning.by,
        created_at: turning.begun,
        digest: chat.digester.entry(kind, None, data.get()),
        target: None,
        checked: u64::MAX,
        retention: turning.to,
        withheld_from: None,
        data,
    })
}

/// By then no instance remembers the old retention, and what was on its way is in the log.
fn settles_after(chat: &Chat) -> Duration {
    let log = &chat.settings.log;
    Duration::from_secs(log.head_cache_s) + Duration::from_millis(log.append_timeout_ms) * 2
}

async fn settle(
    chat: &Chat,
    id: ConversationId,
    turning: &Turning,
    told: Told,
) -> Result<(), StoreError> {
    match turning.to {
        Retention::Archive => chat.entries.keep(id, 0, u64::MAX).await?,
        Retention::Relay => {
            chat.entries.keep(id, 0, told.seq).await?;
            chat.entries.unkeep(id, told.seq).await?;
        }
    }
    chat.delivery.settled(id, turning.entry).await
}
