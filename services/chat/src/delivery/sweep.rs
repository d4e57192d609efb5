//! Finishes what an instance left behind. One instance sweeps, the one that holds the lease.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use kernel::ConversationId;
use kv::{Kv, Lease};
use tokio_util::sync::CancellationToken;

use super::store::Progress;
use super::{leftovers, retention};
use crate::chat::Chat;
use crate::conversations::changes;
use crate::store::StoreError;

/// What the sweeping instance holds.
pub const LEASE: &str = "retention";
/// Conversations of one page.
const PAGE: u32 = 500;
/// Conversations that are worked on at once.
const AT_ONCE: usize = 8;
/// Conversations that could not be finished, of which is remembered since when.
const REMEMBERED: usize = 10_000;

/// Sweeps from time to time. The instance that once did goes on doing it; when it is gone another one starts within two to
/// three periods.
pub async fn sweep_regularly(chat: Arc<Chat>, kv: Arc<dyn Kv>, stop: CancellationToken) {
    let period = Duration::from_millis(chat.settings.delivery.sweep_ms);
    let lease = Lease::new(kv, Arc::clone(&chat.clock), &*chat.random, LEASE, period * 2);
    let mut sweeper = Sweeper::new(&chat, Some(lease));
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = tokio::time::sleep(period) => {}
        }
        chat.pace.tidy();
        tokio::select! {
            biased;
            // What is under way may be left at any point, as by a crash.
            () = stop.cancelled() => break,
            swept = sweeper.pass() => if let Err(error) = swept {
                tracing::warn!(%error, "the sweep did not finish; the next one carries on");
            }
        }
    }
    sweeper.give_back().await;
}

/// Goes through everything that is marked unfinished, again and again.
#[derive(Debug)]
pub struct Sweeper<'a> {
    chat: &'a Chat,
    lease: Option<Lease>,
    page: u32,
    /// Where the last pass had to stop; the next begins there, so that no conversation keeps those behind it waiting.
    after: Option<ConversationId>,
    /// What could not be finished, and since when by the monotonic clock.
    stuck: HashMap<ConversationId, Duration>,
}

impl<'a> Sweeper<'a> {
    /// Sweeps while the lease is held; without one, always.
    pub fn new(chat: &'a Chat, lease: Option<Lease>) -> Self {
        Self { chat, lease, page: PAGE, after: None, stuck: HashMap::new() }
    }

    /// Tries everything unfinished once, page after page, and removes headers past their time. Stops early when the lease is
    /// lost, or when nothing of a page could be done.
    #[tracing::instrument(name = "sweep", skip_all)]
    pub async fn pass(&mut self) -> Result<(), StoreError> {
        let start = self.chat.clock.monotonic();
        let swept = self.finish_all().await;
        if self.may_go_on().await
            && let Err(error) = changes::sweep::sweep(self.chat).await
        {
            tracing::warn!(%error, "not every change of membership is finished yet");
        }
        let left = if self.may_go_on().await { leftovers::finish(self.chat).await } else { Ok(()) };
        let removed = self.remove_expired().await;
        let took = self.chat.clock.monotonic().saturating_sub(start);
        metrics::histogram!("delivery_sweep_seconds").record(took.as_secs_f64());
        self.show();
        swept.and(left).and(removed)
    }

    /// Lets another instance sweep at once.
    async fn give_back(&mut self) {
        if let Some(lease) = &mut self.lease
            && let Err(error) = lease.give_back().await
        {
            tracing::debug!(%error, "the lease of the sweep runs out by itself");
        }
    }

    async fn finish_all(&mut self) -> Result<(), StoreError> {
        let from_the_start = self.after.is_none();
        let before = std::mem::take(&mut self.stuck);
        let mut outcome = Ok(());
        while self.may_go_on().await {
            let page = self.chat.delivery.unfinished(self.after, self.page).await?;
            let (size, last) = (page.len(), page.last().map(|(id, _)| *id));
            let failed = self.finish(page, &before).await;
            let whole_page = u32::try_from(size).is_ok_and(|size| size == self.page);
            self.after = last.filter(|_| whole_page);
            if let Some((error, count)) = failed {
                outcome = Err(error);
                if count == size && whole_page {
                    break;
                }
            }
            if !whole_page {
                break;
            }
        }
        if !from_the_start || self.after.is_some() {
            // Not all were looked at, so nothing is known of those that were not.
            for (id, since) in before {
                self.remember(id, since);
            }
        }
        outcome
    }

    /// Says of how many conversations it failed, and why.
    async fn finish(
        &mut self,
        page: Vec<(ConversationId, Progress)>,
        before: &HashMap<ConversationId, Duration>,
    ) -> Option<(StoreError, usize)> {
        let chat = self.chat;
        let mut finishing = stream::iter(page)
            .map(|(id, progress)| async move {
                (id, retention::forget(&*chat.log, &*chat.delivery, &[(id, progress)]).await)
            })
            .buffer_unordered(AT_ONCE);
        let mut failed: Option<(StoreError, usize)> = None;
        while let Some((id, outcome)) = finishing.next().await {
            let Err(error) = outcome else {
                metrics::counter!("delivery_swept_total").increment(1);
                tracing::info!(conversation_id = %id, "forgot what was left");
                continue;
            };
            tracing::warn!(conversation_id = %id, %error, "content is not forgotten yet");
            let since = before.get(&id).copied().unwrap_or_else(|| chat.clock.monotonic());
            self.remember(id, since);
            let count = failed.map_or(0, |(_, count)| count);
            failed = Some((error, count + 1));
        }
        failed
    }

    fn remember(&mut self, id: ConversationId, since: Duration) {
        if self.stuck.len() < REMEMBERED {
            self.stuck.entry(id).or_insert(since);
        }
    }

    /// In steps, so that no transaction of the store takes long.
    async fn remove_expired(&mut self) -> Result<(), StoreError> {
        while self.may_go_on().await && self.chat.log.remove_expired().await? > 0 {}
        Ok(())
    }

    /// Without the lease's store several may sweep: the same work twice, and no harm.
    async fn may_go_on(&mut self) -> bool {
        let Some(lease) = &mut self.lease else { return true };
        lease.held().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "sweeping without a lease");
            true
        })
    }

    fn show(&self) {
        let (count, oldest) = self.left();
        metrics::gauge!("delivery_unfinished").set(f64::from(count));
        metrics::gauge!("delivery_unfinished_oldest_seconds").set(oldest.as_secs_f64());
    }

    /// Conversations that could not be finished, and for how long the first of them not.
    fn left(&self) -> (u32, Duration) {
        let now = self.chat.clock.monotonic();
        let oldest = self.stuck.values().min();
        let oldest = oldest.map_or(Duration::ZERO, |since| now.saturating_sub(*since));
        (u32::try_from(self.stuck.len()).unwrap_or(u32::MAX), oldest)
    }
}
