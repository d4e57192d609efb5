mod consumer;
mod jobs;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::Clock;
use sqlite::{Connection, Database, SqliteError};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::{Bus, BusError, Consumer, Message, Queue, Topology};
use consumer::SqliteConsumer;
use jobs::Lane;

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
        let queue = self.shared.topology.queue(queue)?;
        Ok(Box::new(SqliteConsumer::new(self.shared.clone(), queue, prefetch.max(1))))
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
