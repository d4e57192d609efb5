use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlite::SqliteError;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::Shared;
use super::jobs::{self, Job};
use crate::port::{Receipt, outcome};
use crate::{BusError, Consumer, Delivery, Queue, Settle};

/// How often a consumer with nothing to do looks for jobs whose back-off is over. New jobs of this process wake it at once.
const POLL: Duration = Duration::from_millis(250);
/// How long to wait after the database failed.
const PAUSE: Duration = Duration::from_millis(500);
/// The most jobs taken from the file at once.
const BATCH: u32 = 64;

pub(super) struct SqliteConsumer {
    shared: Arc<Shared>,
    queue: &'static Queue,
    /// One permit for each delivery that may still be handed out.
    room: Arc<Semaphore>,
    /// A look for jobs under way. Kept here, so that a caller may stop waiting without losing what it finds.
    taking: Option<JoinHandle<Result<Vec<Held>, SqliteError>>>,
    /// Jobs that are ours and not yet handed out.
    taken: VecDeque<Held>,
}

#[async_trait]
impl Consumer for SqliteConsumer {
    async fn next(&mut self) -> Option<Delivery> {
        let permit = self.room.clone().acquire_owned().await.ok()?;
        loop {
            let now = self.shared.clock.now();
            if let Some(held) = self.taken.pop_front() {
                if held.job.expires_at.is_none_or(|at| at > now.as_millis()) {
                    return Some(held.deliver(now.as_millis(), permit));
                }
                // Too late: giving it back lets the next look clear it away.
                continue;
            }
            let shared = self.shared.clone();
            let news = shared.news.get(self.queue.name)?.notified();
            match self.take().await {
                Ok(0) => {
                    tokio::select! {
                        () = news => {}
                        () = sleep(POLL) => {}
                    }
                }
                Ok(_) => {}
                Err(SqliteError::Closed) => return None,
                Err(error) => {
                    tracing::warn!(queue = self.queue.name, %error, "cannot take jobs; trying again");
                    sleep(PAUSE).await;
                }
            }
        }
    }
}

impl SqliteConsumer {
    pub(super) fn new(shared: Arc<Shared>, queue: &'static Queue, prefetch: u16) -> Self {
        let room = Arc::new(Semaphore::new(usize::from(prefetch)));
        Self { shared, queue, room, taking: None, taken: VecDeque::new() }
    }

    /// Takes as many jobs as may be handed out, and says how many.
    async fn take(&mut self) -> Result<usize, SqliteError> {
        let (shared, queue, room) = (&self.shared, self.queue, &self.room);
        let taking = self.taking.get_or_insert_with(|| {
            let others = u32::try_from(room.available_permits()).unwrap_or(BATCH);
            tokio::spawn(take(shared.clone(), queue, others.saturating_add(1).min(BATCH)))
        });
        let taken = taking.await;
        self.taking = None;
        let taken = taken.unwrap_or(Err(SqliteError::Closed))?;
        let count = taken.len();
        self.taken.extend(taken);
        Ok(count)
    }
}

async fn take(
    shared: Arc<Shared>,
    queue: &'static Queue,
    most: u32,
) -> Result<Vec<Held>, SqliteError> {
    let jobs = shared.write(queue, move |tx, lane| jobs::take(tx, lane, most)).await?;
    let held = |job| Held { shared: shared.clone(), queue, job, settled: false };
    Ok(jobs.into_iter().map(held).collect())
}

/// A job that is ours until it is settled or dropped.
struct Held {
    shared: Arc<Shared>,
    queue: &'static Queue,
    job: Job,
    settled: bool,
}

impl Held {
    fn deliver(mut self, now: i64, permit: OwnedSemaphorePermit) -> Delivery {
        let message = self.job.take_message(now);
        let attempt = self.job.attempt;
        Delivery {
            message,
            attempt,
            receipt: Box::new(SqliteReceipt { held: self, _permit: permit }),
        }
    }
}

impl Drop for Held {
    /// Gives the job back, so that it comes again soon. Without a runtime the process is about to end, which gives it back
    /// too.
    fn drop(&mut self) {
        let (false, Ok(runtime)) = (self.settled, Handle::try_current()) else { return };
        let (shared, queue, claim) = (self.shared.clone(), self.queue, self.job.claim);
        runtime.spawn(async move {
            loop {
                match shared.write(queue, move |tx, _| jobs::give_back(tx, claim)).await {
                    Ok(()) => return shared.wake(queue.name),
                    Err(SqliteError::Closed) => return,
                    Err(_) => sleep(PAUSE).await,
                }
            }
        });
    }
}

struct SqliteReceipt {
    held: Held,
    _permit: OwnedSemaphorePermit,
}

#[async_trait]
impl Receipt for SqliteReceipt {
    #[tracing::instrument(name = "bus.settle", skip_all, fields(queue = self.held.queue.name))]
    async fn settle(mut self: Box<Self>, how: Settle) -> Result<(), BusError> {
        let Held { shared, queue, job, .. } = &self.held;
        let (claim, attempt) = (job.claim, job.attempt);
        let settling = shared.write(queue, move |tx, lane| match how {
            Settle::Done => jobs::finish(tx, claim),
            Settle::Retry => jobs::retry(tx, lane, claim, attempt),
            Settle::Reject => jobs::bury(tx, lane, claim),
        });
        settling.await?;
        metrics::counter!("bus_settled_total", "queue" => queue.name, "outcome" => outcome(how))
            .increment(1);
        self.held.settled = true;
        Ok(())
    }
}

impl fmt::Debug for SqliteConsumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteConsumer").field("queue", &self.queue.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for SqliteReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteReceipt").field("job", &self.held.job.claim).finish_non_exhaustive()
    }
}
