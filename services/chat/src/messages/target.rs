//! The message that an edit, a deletion or a reaction is about.

use std::time::Duration;

use kernel::{ConversationId, EntryId, Timestamp, UserId};

use super::write::WriteError;
use crate::chat::Chat;
use crate::log::entry::{Entry, EntryType};

/// The message, or its header, as the caller gets to see it. What was deleted is gone, and so is what the server has no header of and that is older than
/// `window`: it may have been there.
pub(super) async fn find(
    chat: &Chat,
    caller: UserId,
    id: ConversationId,
    message: EntryId,
    window: Duration,
) -> Result<Entry, WriteError> {
    let entry = chat.entries.find(id, message).await?;
    let Some(entry) = entry.filter(|entry| entry.withheld_from != Some(caller)) else {
        if chat.appender.is_missing(id, caller, message) {
            return Err(WriteError::Unavailable); // it is to come again
        }
        let old = made_at(message).is_some_and(|made| chat.clock.now().since(made) > window);
        return Err(if old { WriteError::Gone } else { WriteError::NoSuchMessage });
    };
    if entry.kind != EntryType::Message {
        return Err(WriteError::NotAllowed("this is not a message"));
    }
    if chat.entries.is_deleted(id, message).await? {
        return Err(WriteError::Gone);
    }
    Ok(entry)
}

/// Fails if the message is older than `window`.
pub(super) fn within(chat: &Chat, message: &Entry, window: Duration) -> Result<(), WriteError> {
    if chat.clock.now().since(message.created_at) > window {
        return Err(WriteError::TooLate(window.as_secs()));
    }
    Ok(())
}

/// When an id of version 7 was made, by the clock of whoever made it.
fn made_at(id: EntryId) -> Option<Timestamp> {
    let bytes = id.uuid().into_bytes();
    let millis = bytes[..6].iter().fold(0, |millis, byte| millis << 8 | i64::from(*byte));
    id.is_v7().then_some(Timestamp::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use kernel::SeededRandom;

    use super::*;

    #[test]
    fn an_id_tells_when_it_was_made() {
        let now = Timestamp::from_millis(1_700_000_000_123);
        assert_eq!(made_at(EntryId::new_v7(now, &SeededRandom::new(1))), Some(now));
        let other = "f47ac10b-58cc-4372-a567-0e02b2c3d479".parse().unwrap();
        assert_eq!(made_at(other), None);
    }
}
