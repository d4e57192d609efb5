//! A person begins to write, or stops.

use std::time::Duration;

use kernel::{ConversationId, UserId, WireError};

use crate::chat::Chat;
use crate::conversations::Kind;
use crate::conversations::create::direct_id;
use crate::conversations::error::ConversationError;
use crate::live::socket::listen::Live;
use crate::live::socket::seat::Seat;

/// Why it is not passed on.
#[derive(Debug, thiserror::Error)]
pub enum TypingError {
    /// The person is not there.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
}

impl From<TypingError> for WireError {
    fn from(TypingError::Conversation(error): TypingError) -> Self {
        error.into()
    }
}

/// Whether one of the two in a direct conversation blocks the other. If that is not known, nothing is passed on.
async fn is_blocked(chat: &Chat, user: UserId, id: ConversationId) -> bool {
    let Ok(relations) = chat.people.relations(user).await else { return true };
    let either = relations.blocked.iter().chain(&relations.blocked_by);
    either.into_iter().any(|other| direct_id(user, *other) == id)
}

/// Tells the others in the conversation, unless they were told a moment ago or this instance has too much to do.
#[tracing::instrument(level = "debug", skip_all, fields(user_id = %seat.identity.user, conversation_id = %id, typing))]
pub async fn say(
    live: &Live,
    seat: &Seat,
    id: ConversationId,
    typing: bool,
) -> Result<(), TypingError> {
    let (chat, user) = (&live.chat, seat.identity.user);
    let kind = chat.members.require(id, user).await?.kind;
    if kind == Kind::Own || (kind == Kind::Direct && is_blocked(chat, user, id).await) {
        return Ok(());
    }
    let again = Duration::from_millis(chat.settings.typing.again_ms);
    let news = if typing {
        seat.typing.start(id, chat.clock.monotonic(), again)
    } else {
        seat.typing.stop(id)
    };
    if !news {
        return Ok(());
    }
    if live.is_busy() {
        metrics::counter!("typing_shed_total").increment(1);
        return Ok(());
    }
    chat.announcer.typing(id, user, typing).await;
    Ok(())
}
