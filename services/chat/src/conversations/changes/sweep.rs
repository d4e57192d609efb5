//! Carries on what a call left behind that died, or that could not say what became of its entry.

use std::time::Duration;

use super::append::Warrant;
use super::store::{Begun, Change};
use super::{carry, turn};
use crate::chat::Chat;
use crate::conversations::error::ConversationError;

/// Changes carried on in one sweep.
const SWEEP: u32 = 200;

/// Carries on every change that is older than any call. What was begun was decided: it is not taken back any more.
pub async fn sweep(chat: &Chat) -> Result<(), ConversationError> {
    // An append and the rest of its way, and as much again.
    let call = Duration::from_millis(chat.settings.log.append_timeout_ms) * 3;
    let before = chat.clock.now().minus(call);
    let mut outcome = Ok(());
    for change in chat.changes.unfinished(before, SWEEP).await? {
        // One that cannot be carried on must not keep the others waiting.
        if let Err(error) = carry_on(chat, &change).await {
            tracing::warn!(conversation_id = %change.conversation, %error, "a change of membership is not finished yet");
            outcome = Err(error);
        }
    }
    for turn in chat.changes.unfinished_turns(before, SWEEP).await? {
        let carried = turn::carry_out(chat, &turn, u64::MAX, Warrant::Decided).await;
        if let Err(error) = carried {
            tracing::warn!(conversation_id = %turn.conversation, %error, "a change of a conversation is not finished yet");
            outcome = Err(error);
        }
    }
    outcome
}

/// From the first step on: the call may have died before it had done all of it.
async fn carry_on(chat: &Chat, change: &Change) -> Result<(), ConversationError> {
    let devices = chat.people.live_devices(&[change.user]).await?;
    let devices: Vec<_> = devices.into_iter().map(|owner| owner.device).collect();
    if let Begun::Yes(change) = chat.changes.begin(change, &devices).await? {
        carry::carry_out(chat, &change, u64::MAX, Warrant::Decided).await?;
    }
    Ok(())
}
