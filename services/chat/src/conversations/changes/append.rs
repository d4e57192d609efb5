//! Appends the entry of a change, as long as whoever makes it may.

use std::time::Duration;

use kernel::EntryId;
use uuid::Uuid;

use super::store::{Change, Op, Turn};
use crate::chat::Chat;
use crate::conversations::error::ConversationError;
use crate::conversations::members::Seen;
use crate::conversations::{Kind, Role};
use crate::log::entry::Entry;
use crate::log::store::{Appended, Draft};

/// How often a change is looked at again behind others before it is given up for now.
const TRIES: u32 = 8;

/// By what right an entry is written.
#[derive(Debug, Clone, Copy)]
pub enum Warrant<'a> {
    /// It was decided before; nothing takes it back.
    Decided,
    /// That of whoever makes this change of a member.
    Change(&'a Change),
    /// That of whoever makes this change of the conversation.
    Turn(&'a Turn),
}

/// Why an entry was not written.
#[derive(Debug)]
pub enum Failure {
    /// It is not written and will not be: to be undone.
    Lost(ConversationError),
    /// Nobody can say now; whoever finds the mark carries it on.
    Unknown(ConversationError),
}

/// Appends the draft behind every change of membership that its warrant was seen to hold for.
pub async fn append(chat: &Chat, mut draft: Draft, warrant: Warrant<'_>) -> Result<Entry, Failure> {
    let unknown = || Failure::Unknown(ConversationError::Unavailable);
    // The store's own deadline ends an append; the rest of the way (publish, head) is granted as much again.
    let patience = Duration::from_millis(chat.settings.log.append_timeout_ms) * 2;
    for _ in 0..TRIES {
        let answer = chat.appender.submit(draft.clone());
        let appended = tokio::time::timeout(patience, answer).await;
        match appended.map_err(|_| unknown())?.map_err(|_| unknown())? {
            Appended::Stored(entry) | Appended::Existing(entry) => return Ok(entry),
            Appended::Conflict => return Err(Failure::Lost(ConversationError::Conflict)),
            Appended::Stale => match look(chat, warrant).await {
                Ok(checked) => draft.checked = checked,
                Err(error) => return lost(chat, &draft, warrant, error).await,
            },
            Appended::Raced | Appended::Refused | Appended::NotMember | Appended::Unavailable => {
                return Err(unknown());
            }
        }
    }
    Err(unknown())
}

/// Up to which change of membership the warrant holds now.
async fn look(chat: &Chat, warrant: Warrant<'_>) -> Result<u64, ConversationError> {
    match warrant {
        Warrant::Decided => Ok(u64::MAX),
        Warrant::Change(change) => {
            if change.op == Op::Left {
                return Ok(u64::MAX);
            }
            let mut seen = chat.members.look_again(change.conversation, change.by).await?;
            if change.by == change.user {
                // Their own row says already what they will be.
                seen.role = change.was;
            }
            check(&seen, change)?;
            Ok(seen.checked)
        }
        Warrant::Turn(turn) => {
            let seen = chat.members.look_again(turn.conversation, turn.by).await?;
            check_turn(&seen)?;
            Ok(seen.checked)
        }
    }
}

/// The warrant does not hold any more. An earlier call may have written the entry while it held; and what took the warrant
/// away may be under way still, and be taken back.
async fn lost(
    chat: &Chat,
    draft: &Draft,
    warrant: Warrant<'_>,
    error: ConversationError,
) -> Result<Entry, Failure> {
    let by = match warrant {
        Warrant::Change(Change { by, .. }) | Warrant::Turn(Turn { by, .. }) => *by,
        Warrant::Decided => return Err(Failure::Unknown(error)),
    };
    if !matches!(error, ConversationError::NotFound | ConversationError::Forbidden(_)) {
        return Err(Failure::Unknown(error));
    }
    let unknown = |error| Failure::Unknown(ConversationError::Store(error));
    if chat.changes.pending(draft.conversation, by).await.map_err(unknown)?.is_some() {
        return Err(Failure::Unknown(ConversationError::Busy));
    }
    match chat.entries.find(draft.conversation, draft.id).await.map_err(unknown)? {
        Some(entry) if draft.is_stored_as(&entry) => Ok(entry),
        _ => Err(Failure::Lost(error)),
    }
}

/// Whether somebody who was seen so may make that change.
pub fn check(seen: &Seen, change: &Change) -> Result<(), ConversationError> {
    check_kind(seen.kind)?;
    let may = match change.op {
        Op::Left => true,
        Op::Joined => seen.role >= Role::Admin && change.role == Role::Member,
        Op::Removed => {
            seen.role == Role::Owner || (seen.role == Role::Admin && change.role == Role::Member)
        }
        Op::Role => seen.role == Role::Owner,
    };
    let why = match change.op {
        Op::Joined => "only an owner or an admin brings people in",
        Op::Removed => "only an owner removes admins and owners, an admin removes members",
        Op::Left | Op::Role => "only an owner says who may do what",
    };
    if may { Ok(()) } else { Err(ConversationError::Forbidden(why)) }
}

/// Whether somebody who was seen so may change the title.
pub fn check_turn(seen: &Seen) -> Result<(), ConversationError> {
    check_kind(seen.kind)?;
    if seen.role >= Role::Admin {
        return Ok(());
    }
    Err(ConversationError::Forbidden("only an owner or an admin changes the title"))
}

/// Only groups change.
pub fn check_kind(kind: Kind) -> Result<(), ConversationError> {
    if kind == Kind::Group {
        return Ok(());
    }
    Err(ConversationError::Forbidden("only a group has a title and people who come and go"))
}

/// The id of a further entry that the call with this entry causes.
pub fn derived(entry: EntryId, about: Uuid) -> EntryId {
    EntryId::from_uuid(Uuid::new_v5(&entry.uuid(), about.as_bytes()))
}
