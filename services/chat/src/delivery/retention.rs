//! Forgets what every live device has stored.

use std::sync::Arc;
use std::time::Duration;

use kernel::ConversationId;
use kv::Kv;
use tokio_util::sync::CancellationToken;

use super::store::{DeliveryStore, Progress};
use crate::chat::Chat;
use crate::log::store::LogStore;
use crate::store::StoreError;

/// Conversations finished in one sweep.
const SWEEP: u32 = 500;

/// Forgets the content up to the floor, then notes that it is done. Killed between the two, it is done again.
pub async fn forget(
    log: &dyn LogStore,
    delivery: &dyn DeliveryStore,
    id: ConversationId,
    progress: Progress,
) -> Result<(), StoreError> {
    log.strip(id, progress.stripped_to, progress.floor).await?;
    delivery.stripped(id, progress.floor).await?;
    metrics::counter!("entries_stripped_total").increment(progress.floor - progress.stripped_to);
    Ok(())
}

/// Finishes, from time to time, what an instance left behind. One instance sweeps at a time.
pub async fn sweep_regularly(chat: Arc<Chat>, kv: Arc<dyn Kv>, stop: CancellationToken) {
    let period = Duration::from_millis(chat.settings.delivery.sweep_ms);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(period) => {}
        }
        chat.pace.tidy();
        match kv.set_if_absent("lease:retention", b"", period).await {
            Ok(true) => {}
            Ok(false) => continue,
            // Without the lease several may sweep: the same work twice, and no harm.
            Err(error) => tracing::warn!(%error, "sweeping without a lease"),
        }
        if let Err(error) = sweep(&chat).await {
            tracing::warn!(%error, "the sweep did not finish; the next one carries on");
        }
    }
}

/// Finishes what is marked unfinished, and removes headers past their time.
#[tracing::instrument(skip_all)]
pub async fn sweep(chat: &Chat) -> Result<(), StoreError> {
    let mut outcome = Ok(());
    for (id, progress) in chat.delivery.unfinished(SWEEP).await? {
        // One that cannot be finished must not keep the others waiting.
        match forget(&*chat.log, &*chat.delivery, id, progress).await {
            Ok(()) => {
                tracing::info!(conversation_id = %id, floor = progress.floor, "forgot what was left");
            }
            Err(error) => {
                tracing::warn!(conversation_id = %id, %error, "content is not forgotten yet");
                outcome = Err(error);
            }
        }
    }
    chat.log.remove_expired().await?;
    outcome
}
