//! What the sweeper does besides forgetting what is delivered: finishes deletions and changes of retention, and drops what
//! nobody called for.

use super::retention::STRETCH;
use super::store::Progress;
use super::{devices, turn};
use crate::chat::Chat;
use crate::conversations::Retention;
use crate::log::store::Part;
use crate::messages::erase;
use crate::store::StoreError;

/// Deletions of one page.
const PAGE: u32 = 500;
/// Entries that nobody called for and that one pass looks at.
const OVERDUE: u32 = 10_000;

/// Does all of it once. One that fails does not keep the others from their turn.
pub async fn finish(chat: &Chat) -> Result<(), StoreError> {
    let (deleted, turned) = (finish_deletions(chat).await, turn::carry_on(chat).await);
    drop_overdue(chat).await.and(deleted).and(turned)
}

/// Page after page, until nothing of a page can be done.
async fn finish_deletions(chat: &Chat) -> Result<(), StoreError> {
    loop {
        let deletions = chat.entries.unfinished_deletions(PAGE).await?;
        let (mut outcome, mut done) = (Ok(()), 0);
        for deletion in &deletions {
            match erase::finish(&*chat.entries, deletion).await {
                Ok(()) => done += 1,
                Err(error) => {
                    let id = deletion.conversation;
                    tracing::warn!(conversation_id = %id, %error, "a deletion is not finished yet");
                    outcome = Err(error);
                }
            }
        }
        if deletions.len() < PAGE as usize || done == 0 {
            return outcome;
        }
    }
}

/// Forgets what nobody called for in all the time that it is kept, wherever the floor is. The head comes first: an instance
/// may have died before it raised it, and once the headers are gone a position above the head would be used again.
async fn drop_overdue(chat: &Chat) -> Result<(), StoreError> {
    for (id, to) in chat.entries.overdue(chat.clock.now(), OVERDUE).await? {
        // What is remembered of a conversation may be wrong by now; an archive must not lose anything by it.
        let progress = chat.delivery.progress(id).await?;
        let Some(Progress { stripped_to, retention: Retention::Relay, .. }) = progress else {
            continue;
        };
        let heads: Vec<_> = [id].into_iter().zip(chat.log.heads(&[id]).await?).collect();
        chat.log.raise_heads(&heads).await?;
        let mut from = stripped_to;
        while from < to {
            let part = Part { id, from, to: to.min(from + STRETCH) };
            chat.log.strip_all(&[part]).await?;
            from = part.to;
        }
        tracing::info!(conversation_id = %id, to, "dropped what nobody called for");
        if let Err(error) = devices::forget_holders(chat, id, to).await {
            tracing::warn!(conversation_id = %id, %error, "it is not known who did not call");
        }
    }
    Ok(())
}
