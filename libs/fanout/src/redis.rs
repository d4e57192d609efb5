mod channels;
mod hears;
mod line;
mod link;
mod listener;
mod names;
mod publisher;
mod pulse;
mod shards;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::{Random, SystemRandom};
use redis_nodes::{CONNECT, Calls, DEADLINE, Directory, Keeper};

use crate::{Fanout, FanoutError, Listener, Subject};
use channels::channel_of;
use link::Link;
use listener::RedisListener;
use names::Names;
use publisher::Publisher;

/// How long publishing may take while we know that events are missed: likely there is no server, and whoever publishes waits for
/// the answer.
const WHILE_DEAF: Duration = Duration::from_millis(100);
/// Events waiting to be written to the connection; further ones wait, up to the deadline.
const PIPELINE: usize = 4_096;

/// Live events through Redis: one node, or a cluster of them with sharded channels. To each server that has channels one
/// connection to publish on, and one for each listener.
pub struct RedisFanout {
    directory: Arc<Directory>,
    _keeper: Keeper,
    publisher: Publisher,
    namespace: Arc<str>,
    queue: usize,
    /// Between two heartbeats, and how long they may stay away.
    pace: (Duration, Duration),
    links: Mutex<Vec<Weak<Link>>>,
}

impl RedisFanout {
    /// Connects to `redis://host:port`, or to a cluster if the URL lists several of its nodes, separated by commas. Instances of
    /// one namespace hear each other. Later losses of the connection are mended by itself.
    pub async fn connect(settings: &settings::Fanout) -> Result<Self, FanoutError> {
        let settings::Fanout { url, namespace, queue, heartbeat_ms, silence_ms } = settings;
        if silence_ms / 2 < *heartbeat_ms {
            let remedy = "fanout.silence_ms: must be at least twice fanout.heartbeat_ms";
            return Err(FanoutError(remedy.to_owned()));
        }
        let directory = Directory::open(url).await.map_err(FanoutError)?;
        let keeper = directory.keep();
        let publisher = Publisher::new(Calls::new(Arc::clone(&directory), PIPELINE));
        let pace = (Duration::from_millis(*heartbeat_ms), Duration::from_millis(*silence_ms));
        let namespace = namespace.as_str().into();
        let links = Mutex::default();
        Ok(Self { directory, _keeper: keeper, publisher, namespace, queue: *queue, pace, links })
    }

    fn links(&self) -> MutexGuard<'_, Vec<Weak<Link>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_deaf(&self) -> bool {
        self.links().iter().filter_map(Weak::upgrade).any(|link| link.is_deaf())
    }

    fn link(&self) -> Arc<Link> {
        let mut listener = [0; 8];
        SystemRandom.fill(&mut listener);
        let names = Names::new(Arc::clone(&self.namespace), u64::from_be_bytes(listener));
        let (directory, publisher) = (Arc::clone(&self.directory), self.publisher.clone());
        Arc::new(Link::new(self.queue, directory, names, publisher, self.pace))
    }
}

#[async_trait]
impl Fanout for RedisFanout {
    #[tracing::instrument(name = "fanout.publish", level = "debug", skip_all)]
    async fn publish(&self, subject: Subject, payload: Bytes) -> Result<(), FanoutError> {
        let channel = channel_of(subject);
        let name = names::event(&self.namespace, channel);
        let frame = [&subject.0[..], &payload[..]].concat();
        let patience = if self.is_deaf() { WHILE_DEAF } else { DEADLINE };
        let published = self.publisher.publish(&name, &frame, patience).await;
        published.map_err(FanoutError)?;
        metrics::counter!("fanout_published_total").increment(1);
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Listener>, FanoutError> {
        let link = self.link();
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
        if self.is_deaf() {
            return Err(FanoutError("the subscription is broken; reconnecting".to_owned()));
        }
        self.publisher.ping().await.map_err(FanoutError)
    }
}

impl Drop for RedisFanout {
    fn drop(&mut self) {
        self.links().iter().filter_map(Weak::upgrade).for_each(|link| link.ear.close());
    }
}

impl fmt::Debug for RedisFanout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RedisFanout");
        debug
            .field("namespace", &self.namespace)
            .field("cluster", &self.directory.servers().is_cluster());
        debug.finish_non_exhaustive()
    }
}
