//! Socket door for messages: everything that writes.

use auth::Identity;
use kernel::{ConversationId, EntryId, WireError};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::body::Format;
use super::delete::{self, Delete, For};
use super::edit::{self, Edit};
use super::react::{self, Op, Reaction};
use super::request::SendRequest;
use super::send;
use super::write::{Arrived, Pending};
use crate::chat::Chat;
use crate::live::reply::{self, Outcome};

/// An event that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// `message:send`
    Send,
    /// `message:edit`
    Edit,
    /// `message:delete`
    Delete,
    /// `reaction:add`
    Add,
    /// `reaction:remove`
    Remove,
}

impl Event {
    /// The event of that name, if it writes.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "message:send" => Some(Self::Send),
            "message:edit" => Some(Self::Edit),
            "message:delete" => Some(Self::Delete),
            "reaction:add" => Some(Self::Add),
            "reaction:remove" => Some(Self::Remove),
            _ => None,
        }
    }

    /// Whether it is about a message, that must be in the log before the event is looked at.
    pub const fn is_about_a_message(self) -> bool {
        !matches!(self, Self::Send)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EditEvent {
    id: EntryId,
    conversation_id: ConversationId,
    message_id: EntryId,
    text: String,
    #[serde(default)]
    formatting: Vec<Format>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DeleteEvent {
    id: EntryId,
    conversation_id: ConversationId,
    message_id: EntryId,
    #[serde(rename = "for")]
    whom: For,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReactionEvent {
    id: EntryId,
    conversation_id: ConversationId,
    message_id: EntryId,
    emoji: String,
}

/// Takes what the event says; when this returns, later ones come after it.
pub async fn take(
    chat: &Chat,
    caller: &Identity,
    arrived: Arrived,
    event: Event,
    payload: &RawValue,
) -> Result<Pending, WireError> {
    let pending = match event {
        Event::Send => {
            let request: SendRequest = reply::parse(payload)?;
            send::take(chat, caller, arrived, request.to(None)?).await?
        }
        Event::Edit => {
            let EditEvent { id, conversation_id: conversation, message_id, text, formatting } =
                reply::parse(payload)?;
            let id = made(id)?;
            let edit = Edit { id, conversation, message: message_id, text, formatting };
            edit::take(chat, caller, arrived, edit).await?
        }
        Event::Delete => {
            let DeleteEvent { id, conversation_id: conversation, message_id: message, whom } =
                reply::parse(payload)?;
            let delete = Delete { id: made(id)?, conversation, message, whom };
            delete::take(chat, caller, arrived, delete).await?
        }
        Event::Add | Event::Remove => {
            let ReactionEvent { id, conversation_id: conversation, message_id, emoji } =
                reply::parse(payload)?;
            let op = if event == Event::Add { Op::Add } else { Op::Remove };
            let id = made(id)?;
            let reaction = Reaction { id, conversation, message: message_id, emoji, op };
            react::take(chat, caller, arrived, reaction).await?
        }
    };
    Ok(pending)
}

fn made(id: EntryId) -> Result<EntryId, WireError> {
    let error = || WireError::invalid("id", "must be a UUID of version 7 made by the client");
    id.is_v7().then_some(id).ok_or_else(error)
}

/// Waits for what became of it: `{ok, entry}`.
pub async fn written(chat: &Chat, pending: Pending) -> Outcome {
    let written = pending.written(chat).await?;
    reply::with("entry", &written.entry)
}
