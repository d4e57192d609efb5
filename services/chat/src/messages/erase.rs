//! Forgets a deleted message: what it said, what its edits said, and what answers quote of it, as far as the log still
//! holds them.

use kernel::{ConversationId, EntryId};

use super::body;
use crate::log::entry::Entry;
use crate::log::store::EntryStore;
use crate::store::StoreError;

/// Answers looked at in one read.
const PAGE: u32 = 100;

/// Forgets the message. Killed in between, it can be done again.
pub async fn erase(
    entries: &dyn EntryStore,
    id: ConversationId,
    message: EntryId,
) -> Result<(), StoreError> {
    entries.forget(id, message).await?;
    let mut after = 0;
    loop {
        let answers = entries.answers(id, message, after, PAGE).await?;
        for answer in &answers {
            let data = answer.data.as_deref();
            if let Some(data) = data.and_then(|data| body::without_excerpt(data, message)) {
                entries.rewrite(id, answer.seq, &data).await?;
            }
        }
        match answers.last() {
            Some(last) if answers.len() == PAGE as usize => after = last.seq,
            _ => return Ok(()),
        }
    }
}

/// Forgets what the deletion is about, then notes that it is done. Killed between the two, it is done again.
pub async fn finish(entries: &dyn EntryStore, deletion: &Entry) -> Result<(), StoreError> {
    if let Some(message) = deletion.target {
        erase(entries, deletion.conversation, message).await?;
    }
    entries.finish_deletion(deletion.conversation, deletion.seq).await
}
