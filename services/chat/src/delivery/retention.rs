//! Forgets what every live device has stored.

use kernel::ConversationId;

use super::store::{DeliveryStore, Progress};
use super::sweep::Sweeper;
use crate::chat::Chat;
use crate::log::store::LogStore;
use crate::store::StoreError;

/// Positions forgotten in one statement, so that none takes long: who comes back after a month acknowledges all of it at
/// once.
const STRETCH: u64 = 2_000;

/// Forgets the content up to the floor, and notes how far it is done. Killed in between, some of it is done again.
pub async fn forget(
    log: &dyn LogStore,
    delivery: &dyn DeliveryStore,
    id: ConversationId,
    progress: Progress,
) -> Result<(), StoreError> {
    let mut done = progress.stripped_to;
    while done < progress.floor {
        let to = progress.floor.min(done + STRETCH);
        log.strip(id, done, to).await?;
        delivery.stripped(id, to).await?;
        metrics::counter!("entries_stripped_total").increment(to - done);
        done = to;
    }
    Ok(())
}

/// Finishes once everything that is marked unfinished, and removes headers past their time.
#[tracing::instrument(skip_all)]
pub async fn sweep(chat: &Chat) -> Result<(), StoreError> {
    Sweeper::new(chat, None).pass().await
}
