//! Forgets devices that nobody uses any more, so that content does not wait for them. One instance sweeps, the one that holds
//! the lease.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use kv::Lease;
use tokio_util::sync::CancellationToken;

use crate::accounts::{Owned, SeenSince};
use crate::ports::Ports;
use crate::sessions::tell_ended;
use crate::store::StoreError;

/// Devices of one page.
const PAGE: u32 = 100;
/// Pages of one pass: each device costs the chat service a walk through all conversations of its owner.
const PAGES: u32 = 100;
/// Devices that are removed at once.
const AT_ONCE: usize = 4;

/// Sweeps from time to time. The instance that once did goes on doing it; when it is gone another one starts within two to
/// three periods.
pub(crate) async fn sweep_regularly(ports: Arc<Ports>, stop: CancellationToken) {
    let period = Duration::from_secs(ports.settings.user.devices.sweep_s);
    let mut sweeper = Sweeper::new(&ports, lease(&ports, period * 2));
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = tokio::time::sleep(period) => {}
        }
        tokio::select! {
            biased;
            // What is under way may be left at any point, as by a crash: the relay does the rest.
            () = stop.cancelled() => break,
            swept = sweeper.pass() => if let Err(error) = swept {
                metrics::counter!("device_sweep_failures_total").increment(1);
                tracing::warn!(%error, "the sweep did not finish; the next one carries on");
            }
        }
    }
    sweeper.give_back().await;
}

fn lease(ports: &Ports, life: Duration) -> Lease {
    let (kv, clock) = (Arc::clone(&ports.kv), Arc::clone(&ports.clock));
    Lease::new(kv, clock, ports.random.as_ref(), "devices", life)
}

/// Goes through everybody's idle devices, again and again.
#[derive(Debug)]
struct Sweeper<'a> {
    ports: &'a Ports,
    lease: Lease,
    page: u32,
    pages: u32,
}

impl<'a> Sweeper<'a> {
    /// Sweeps while it holds the lease.
    const fn new(ports: &'a Ports, lease: Lease) -> Self {
        Self { ports, lease, page: PAGE, pages: PAGES }
    }

    /// Removes idle devices page after page, a bounded number; says how many. Stops early when the lease is lost or when
    /// nothing of a page could be removed.
    #[tracing::instrument(name = "device_sweep", skip_all, fields(removed), err(level = "debug"))]
    async fn pass(&mut self) -> Result<u64, StoreError> {
        let start = self.ports.clock.monotonic();
        let since = self.ports.seen_since();
        let (mut removed, mut outcome) = (0, Ok(()));
        for _ in 0..self.pages {
            if !self.may_go_on().await {
                break;
            }
            let page = self.ports.accounts.idle_devices(since, self.page).await?;
            let whole_page = u32::try_from(page.len()).is_ok_and(|size| size == self.page);
            let (done, failed) = self.remove(page, since).await;
            removed += done;
            outcome = failed.map_or(outcome, Err);
            if !whole_page || done == 0 {
                break;
            }
        }
        let took = self.ports.clock.monotonic().saturating_sub(start);
        metrics::histogram!("device_sweep_seconds").record(took.as_secs_f64());
        tracing::Span::current().record("removed", removed);
        outcome.map(|()| removed)
    }

    /// Lets another instance sweep at once.
    async fn give_back(&mut self) {
        if let Err(error) = self.lease.give_back().await {
            tracing::debug!(%error, "the lease of the sweep runs out by itself");
        }
    }

    /// Says how many are gone, and why one of the others is not.
    async fn remove(&self, page: Vec<Owned>, since: SeenSince) -> (u64, Option<StoreError>) {
        let ports = self.ports;
        let mut removing = stream::iter(page)
            .map(|owned| async move { (owned, remove(ports, owned, since).await) })
            .buffer_unordered(AT_ONCE);
        let (mut done, mut failed) = (0, None);
        while let Some((owned, outcome)) = removing.next().await {
            match outcome {
                Ok(gone) => done += u64::from(gone),
                Err(error) => {
                    let Owned { user, device } = owned;
                    tracing::warn!(%user, %device, %error, "an idle device is not removed yet");
                    failed = Some(error);
                }
            }
        }
        (done, failed)
    }

    /// Without the lease's store several may sweep: the same work twice, and no harm.
    async fn may_go_on(&mut self) -> bool {
        self.lease.held().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "sweeping without a lease");
            true
        })
    }
}

/// Forgets the device unless it was seen after all; says whether it did.
async fn remove(ports: &Ports, owned: Owned, since: SeenSince) -> Result<bool, StoreError> {
    let Owned { user, device } = owned;
    let removed = ports.accounts.remove_device(user, device, Some(since), &ports.cause()).await?;
    let Some(ended) = removed else { return Ok(false) };
    tell_ended(ports, &ended).await;
    metrics::counter!("devices_removed_total", "why" => "idle").increment(1);
    tracing::info!(%user, %device, sessions = ended.len(), "idle device removed");
    Ok(true)
}
