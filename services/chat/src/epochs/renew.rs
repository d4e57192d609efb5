//! Gives every conversation a new epoch.

use kernel::ConversationId;

use super::store::{EpochStore, Survey};
use crate::log::store::{Head, LogStore};
use crate::store::StoreError;

/// Conversations of one page.
const PAGE: u32 = 200;

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub enum Task<'a> {
    /// Look, and change nothing.
    Survey,
    /// Give all of them this epoch, which none has had before.
    Renew(&'a str),
}

/// Goes through all conversations, page by page, and tells `seen` after each page what was found so far. After an error, or a
/// crash, some have the new epoch: to do it again with another one is right, and finishes.
pub async fn renew(
    log: &dyn LogStore,
    store: &dyn EpochStore,
    task: Task<'_>,
    mut seen: impl FnMut(Survey),
) -> Result<Survey, StoreError> {
    let mut all = Survey::default();
    let mut after = None;
    loop {
        let ids = store.page(after, PAGE).await?;
        let heads = log.heads(&ids).await?;
        let ends: Vec<(ConversationId, Head)> = ids.iter().copied().zip(heads).collect();
        all += match task {
            Task::Survey => store.survey(&ends).await?,
            Task::Renew(epoch) => {
                // A log may be ahead of what its conversation counts, and its last headers may be gone soon.
                log.raise_heads(&ends).await?;
                store.renew(&ends, epoch).await?
            }
        };
        seen(all);
        after = ids.last().copied();
        if after.is_none() || ids.len() < PAGE as usize {
            return Ok(all);
        }
    }
}
