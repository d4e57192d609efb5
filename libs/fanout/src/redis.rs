mod channels;
mod listener;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, RedisError, RedisResult};
use tokio::time::timeout;

use crate::{Fanout, FanoutError, Listener, Subject};
use channels::channel_of;
use listener::{Link, RedisListener};

/// How long publishing, subscribing or a ping may take.
const DEADLINE: Duration = Duration::from_secs(1);
/// How long connecting at start may take.
const CONNECT: Duration = Duration::from_secs(5);
/// Between two attempts to reconnect, at most.
const BACKOFF: Duration = Duration::from_millis(500);
/// Events waiting to be written to the connection; further ones wait, up to the deadline.
const PIPELINE: usize = 4_096;

/// Live events through one Redis node: one connection to publish on, and one for each listener.
pub struct RedisFanout {
    client: Client,
    publisher: ConnectionManager,
    namespace: Arc<str>,
    queue: usize,
    links: Mutex<Vec<Weak<Link>>>,
}

impl RedisFanout {
    /// Connects to `redis://host:port`. Each listener has a queue of `queue` events. Instances of one `namespace` hear
    /// each other. Later losses of the connection are mended by itself.
    pub async fn connect(url: &str, namespace: &str, queue: usize) -> Result<Self, FanoutError> {
        if url.contains(',') {
            let message =
                "several hosts (a cluster) are not supported by the fan-out; give one node";
            return Err(FanoutError(message.to_owned()));
        }
        let client = Client::open(url).map_err(unreachable_at_start)?;
        let publisher = match timeout(CONNECT, connect(&client)).await {
            Ok(connected) => connected.map_err(unreachable_at_start)?,
            Err(_) => return Err(unreachable_at_start("no answer within 5 s")),
        };
        let namespace = namespace.into();
        Ok(Self { client, publisher, namespace, queue, links: Mutex::default() })
    }

    async fn ask(&self, command: &Cmd) -> Result<(), FanoutError> {
        let mut publisher = self.publisher.clone();
        within_deadline(command.query_async(&mut publisher)).await.map_err(FanoutError)
    }

    fn links(&self) -> MutexGuard<'_, Vec<Weak<Link>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Fanout for RedisFanout {
    #[tracing::instrument(name = "fanout.publish", level = "debug", skip_all)]
    async fn publish(&self, subject: Subject, payload: Bytes) -> Result<(), FanoutError> {
        let channel = channels::name(&self.namespace, channel_of(subject));
        let frame = [&subject.0[..], &payload[..]].concat();
        self.ask(redis::cmd("PUBLISH").arg(channel).arg(frame)).await?;
        metrics::counter!("fanout_published_total").increment(1);
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Listener>, FanoutError> {
        let link = Arc::new(Link::new(self.client.clone(), self.namespace.clone(), self.queue));
        {
            let mut links = self.links();
            links.retain(|link| link.strong_count() > 0);
            links.push(Arc::downgrade(&link));
        }
        let listener = RedisListener::start(link);
        listener.ready(CONNECT).await?;
        Ok(Box::new(listener))
    }

    async fn ping(&self) -> Result<(), FanoutError> {
        if self.links().iter().filter_map(Weak::upgrade).any(|link| link.is_deaf()) {
            return Err(FanoutError("the subscription is broken; reconnecting".to_owned()));
        }
        self.ask(&redis::cmd("PING")).await
    }
}

impl Drop for RedisFanout {
    fn drop(&mut self) {
        self.links().iter().filter_map(Weak::upgrade).for_each(|link| link.ear.close());
    }
}

impl fmt::Debug for RedisFanout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisFanout").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

async fn connect(client: &Client) -> RedisResult<ConnectionManager> {
    // Tried once without the manager, which would go on trying and hide the reason.
    client.get_multiplexed_async_connection().await?;
    let config = ConnectionManagerConfig::new()
        .set_response_timeout(Some(DEADLINE))
        .set_connection_timeout(Some(DEADLINE))
        .set_number_of_retries(usize::MAX)
        .set_max_delay(BACKOFF)
        .set_pipeline_buffer_size(PIPELINE);
    ConnectionManager::new_with_config(client.clone(), config).await
}

async fn within_deadline<T>(
    answer: impl Future<Output = Result<T, RedisError>>,
) -> Result<T, String> {
    match timeout(DEADLINE, answer).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} ms", DEADLINE.as_millis())),
    }
}

fn unreachable_at_start(reason: impl fmt::Display) -> FanoutError {
    let remedy = "check the URL and that the server is running";
    FanoutError(format!("cannot reach redis: {reason}; {remedy}"))
}
