use std::sync::Arc;
use std::time::Duration;

use auth::Revocations;
use bus::{Bus, Message};
use contracts::events::Event;
use kv::Kv;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Outbox;

/// How often the outbox is looked at when nobody says that there is something in it.
const POLL: Duration = Duration::from_secs(1);
/// Messages taken at once.
const BATCH: u32 = 100;
/// Who publishes, among all instances.
const LEASE: &str = "user:outbox";
/// A relay that died gives way after this.
const LEASE_TTL: Duration = Duration::from_secs(5);

/// Wakes the relay after a commit that wrote an event.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nudge(Arc<Notify>);

impl Nudge {
    pub(crate) fn now(&self) {
        self.0.notify_one();
    }
}

/// Publishes what is in the outbox, in order, each message until it is durable on the bus.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) kv: Arc<dyn Kv>,
    pub(crate) nudge: Nudge,
    pub(crate) revocations: Revocations,
    /// Names this instance.
    pub(crate) holder: Uuid,
}

impl Relay {
    /// Runs until `stop`, and once more after it for what was written until then.
    pub(crate) async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            self.look().await;
            tokio::select! {
                () = self.nudge.0.notified() => {}
                () = tokio::time::sleep(POLL) => {}
                () = stop.cancelled() => {}
            }
        }
        self.look().await;
    }

    async fn look(&self) {
        match self.outbox.waiting(1).await {
            Ok(waiting) if waiting.is_empty() => {}
            Ok(_) => self.drain_alone().await,
            Err(error) => tracing::warn!(%error, "the outbox cannot be read"),
        }
    }

    /// Of several instances mostly one publishes. The lease saves work, nothing more: consumers drop repeats, so without
    /// the short-lived store everybody goes on.
    async fn drain_alone(&self) {
        let holder = self.holder.as_bytes();
        match self.kv.set_if_absent(LEASE, holder, LEASE_TTL).await {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => tracing::warn!(%error, "publishing events without a lease"),
        }
        if let Err(error) = self.drain().await {
            metrics::counter!("user_outbox_failures_total").increment(1);
            tracing::warn!(%error, "events wait in the outbox");
        }
        if let Err(error) = self.kv.remove_if(LEASE, holder).await {
            tracing::debug!(%error, "the lease ends by itself");
        }
    }

    /// The end of a session is published once its tokens are refused, whatever became of the request that ended it.
    async fn deny(&self, message: &Message) -> anyhow::Result<()> {
        if let Ok(Event::SessionRevoked(event)) = Event::decode(&message.topic, &message.payload) {
            self.revocations.revoke(event.session).await?;
        }
        Ok(())
    }

    async fn drain(&self) -> anyhow::Result<()> {
        loop {
            let batch = self.outbox.waiting(BATCH).await?;
            if batch.is_empty() {
                return Ok(());
            }
            for message in batch {
                let id = message.id;
                self.deny(&message).await?;
                self.bus.publish(message).await?;
                self.outbox.remove(id).await?;
                metrics::counter!("user_outbox_published_total").increment(1);
            }
        }
    }
}
