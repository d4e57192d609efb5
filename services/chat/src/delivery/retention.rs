//! Forgets what every live device has stored.

#[cfg(test)]
mod size;

use kernel::ConversationId;

use super::store::{DeliveryStore, Progress};
use crate::log::store::{LogStore, Part};
use crate::store::StoreError;

/// Positions forgotten in one statement, so that none takes long: who comes back after a month acknowledges all of it at
/// once.
pub(super) const STRETCH: u64 = 2_000;

/// Forgets the content of these conversations up to their floors, and notes how far it is done. Killed in between, some of it
/// is done again.
pub async fn forget(
    log: &dyn LogStore,
    delivery: &dyn DeliveryStore,
    behind: &[(ConversationId, Progress)],
) -> Result<(), StoreError> {
    let mut left: Vec<Part> = behind
        .iter()
        .map(|(id, progress)| Part { id: *id, from: progress.stripped_to, to: progress.floor })
        .collect();
    while !left.is_empty() {
        let parts: Vec<Part> = left
            .iter()
            .map(|part| Part { to: part.to.min(part.from + STRETCH), ..*part })
            .collect();
        log.strip_all(&parts).await?;
        let done: Vec<_> = parts.iter().map(|part| (part.id, part.to)).collect();
        delivery.stripped_all(&done).await?;
        let entries = parts.iter().map(|part| part.to - part.from).sum();
        metrics::counter!("entries_stripped_total").increment(entries);
        let rest = left.iter().zip(&parts).map(|(left, part)| Part { from: part.to, ..*left });
        left = rest.filter(|part| part.from < part.to).collect();
    }
    Ok(())
}

/// Finishes once everything that is marked unfinished, and removes headers past their time.
#[cfg(test)]
pub async fn sweep(chat: &crate::chat::Chat) -> Result<(), StoreError> {
    super::sweep::Sweeper::new(chat, None).pass().await
}
