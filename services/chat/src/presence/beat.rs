//! What presence does from time to time.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::here::Presence;

impl Presence {
    /// Tells what has changed, until told to stop.
    pub async fn tell_on(self: Arc<Self>, stop: CancellationToken) {
        let mut tick = interval(Duration::from_millis(self.chat.settings.presence.tick_ms.max(1)));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = tick.tick() => self.tell_due().await,
            }
        }
    }

    /// Renews this instance's leases, until told to stop.
    pub async fn renew_on(self: Arc<Self>, stop: CancellationToken) {
        let period = self.chat.settings.presence.lease_s * 1_000 / 3;
        while self.pause(period, &stop).await {
            self.renew().await;
        }
    }

    /// Reads again those who are looked at, until told to stop. Under load it leaves a turn out.
    pub async fn reread_on(self: Arc<Self>, stop: CancellationToken) {
        let period = self.chat.settings.presence.reread_s.max(1) * 1_000;
        while self.pause(period, &stop).await {
            if !self.is_busy() {
                self.reread().await;
            }
        }
    }

    /// Reads again those who are looked at.
    pub async fn reread(&self) {
        self.read(&self.watchers.watched()).await;
    }

    /// Waits between three quarters and all of the period, so that instances that started together do not go on together.
    async fn pause(&self, period: u64, stop: &CancellationToken) -> bool {
        let wait = period * 3 / 4 + self.chat.random.below(period / 4 + 1);
        tokio::select! {
            biased;
            () = stop.cancelled() => false,
            () = tokio::time::sleep(Duration::from_millis(wait)) => true,
        }
    }
}
