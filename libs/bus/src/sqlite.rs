mod jobs;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::Clock;
use sqlite::{Connection, Database, SqliteError};
use tokio::runtime::Handle;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::port::{Receipt, outcome};
use crate::{Bus, BusError, Consumer, Delivery, Message, Queue, Settle, Topology};
use jobs::{Job, Lane};

/// How often a consumer with nothing to do looks for jobs whose back-off is over. New jobs of this process wake it at once.
const POLL: Duration = Duration::from_millis(250);
/// How long to wait after the database failed.
const PAUSE: Duration = Duration::from_millis(500);
/// The most jobs taken from the file at once.
const BATCH: u32 = 64;

/// Durable jobs in a SQLite file, for one process: who holds a job is known only while the process lives, so after a
/// crash every unsettled one comes again at once. Several buses may share one [`Database`].
#[derive(Clone)]
pub struct SqliteBus {
    shared: Arc<Shared>,
}

struct Shared {
    database: Database,
    namespace: Arc<str>,
    topology: &'static Topology,
    clock: Arc<dyn Clock>,
    /// By queue: new work, or work given back.
    news: HashMap<&'static str, Notify>,
}

impl SqliteBus {
    /// Uses `database`, making its tables if they are not there.
    pub async fn new(
        database: Database,
        namespace: &str,
        topology: &'static Topology,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BusError> {
        database.migrate(jobs::SCHEMA).await?;
        let news = topology.queues.iter().map(|queue| (queue.name, Notify::new())).collect();
        let namespace = namespace.into();
        Ok(Self { shared: Arc::new(Shared { database, namespace, topology, clock, news }) })
    }
}

impl Shared {
    fn lane(&self, queue: &'static Queue) -> Lane {
        Lane { namespace: self.namespace.clone(), queue, now: self.clock.now().as_millis() }
    }

    fn wake(&self, queue: &str) {
        if let Some(news) = self.news.get(queue) {
            news.notify_waiters();
        }
    }

    async fn write<T, F>(&self, queue: &'static Queue, job: F) -> Result<T, SqliteError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &Lane) -> Result<T, SqliteError> + Send + 'static,
    {
        let lane = self.lane(queue);
        self.database.write(move |tx| job(tx, &lane)).await
    }
}

#[async_trait]
impl Bus for SqliteBus {
    #[tracing::instrument(name = "bus.publish", skip_all, fields(topic = %message.topic, id = %message.id))]
    async fn publish(&self, message: Message) -> Result<(), BusError> {
        let start = Instant::now();
        let queues = self.shared.topology.bound(&message.topic)?;
        let topic = message.topic.clone();
        let lanes: Vec<Lane> = queues.iter().map(|queue| self.shared.lane(queue)).collect();
        let full =
            self.shared.database.write(move |tx| jobs::publish(tx, &lanes, &message)).await?;
        if let Some(queue) = full {
            return Err(BusError(format!("queue {queue} is full")));
        }
        for queue in queues {
            self.shared.wake(queue.name);
        }
        metrics::histogram!("bus_publish_seconds").record(start.elapsed().as_secs_f64());
        metrics::counter!("bus_published_total", "topic" => topic).increment(1);
        Ok(())
    }

    async fn consume(
        &self,
        queue: &'static str,
        prefetch: u16,
    ) -> Result<Box<dyn Consumer>, BusError> {
        Ok(Box::new(SqliteConsumer {
            shared: self.shared.clone(),
            queue: self.shared.topology.queue(queue)?,
            room: Arc::new(Semaphore::new(usize::from(prefetch.max(1)))),
            taking: None,
            taken: VecDeque::new(),
        }))
    }

    async fn dead_letters(&self, queue: &'static str) -> Result<u64, BusError> {
        let lane = self.shared.lane(self.shared.topology.queue(queue)?);
        Ok(self.shared.database.read(move |connection| jobs::count_dead(connection, &lane)).await?)
    }

    async fn ping(&self) -> Result<(), BusError> {
        let one = |connection: &Connection| Ok(connection.query_row("SELECT 1", [], |_| Ok(()))?);
        Ok(self.shared.database.read(one).await?)
    }
}

struct SqliteConsumer {
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

impl From<SqliteError> for BusError {
    fn from(error: SqliteError) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Debug for SqliteBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteBus")
            .field("namespace", &self.shared.namespace)
            .finish_non_exhaustive()
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
