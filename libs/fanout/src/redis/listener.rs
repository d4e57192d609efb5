use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use kernel::{Random, SystemRandom};
use redis::aio::{PubSub, PubSubSink, PubSubStream};
use redis::{Client, Msg, RedisError};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::channels::{self, Channel, Channels};
use super::{DEADLINE, within_deadline};
use crate::ear::Ear;
use crate::{FanoutError, Happening, Listener, Subject};

/// An idle connection is asked this often whether it still is one.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Milliseconds between two attempts to connect: the first, and the most.
const BACKOFF: (u64, u64) = (50, 1_000);
/// Watching waits this long for the confirmation. Longer than one command may take: others may be before it.
const CONFIRM: Duration = Duration::from_secs(3);

/// One subscriber connection. It is mended by us, not by the driver: we know what is wanted, subscribe again, and then say
/// that there was a gap.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) ear: Ear,
    client: Client,
    namespace: Arc<str>,
    channels: Mutex<Channels>,
    /// Something else is wanted.
    wants: Notify,
    /// Something was confirmed, or the connection came up or went down.
    news: Notify,
}

impl Link {
    pub(super) fn new(client: Client, namespace: Arc<str>, queue: usize) -> Self {
        Self {
            ear: Ear::new(queue),
            client,
            namespace,
            channels: Mutex::default(),
            wants: Notify::new(),
            news: Notify::new(),
        }
    }

    /// Whether events are missed at the moment.
    pub(super) fn is_deaf(&self) -> bool {
        !self.channels().is_up()
    }

    fn channels(&self) -> MutexGuard<'_, Channels> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the condition holds.
    async fn until(&self, holds: impl Fn(&Channels) -> bool) {
        loop {
            let news = self.news.notified();
            if holds(&self.channels()) {
                return;
            }
            news.await;
        }
    }

    /// Connects, again and again.
    async fn run(&self) {
        let mut first = true;
        let mut pause = BACKOFF.0;
        loop {
            let reason = match within_deadline(self.client.get_async_pubsub()).await {
                Ok(connection) => self.serve(connection, &mut first).await,
                Err(reason) => reason,
            };
            let was_up = self.channels().is_up();
            self.channels().go_down();
            self.news.notify_waiters();
            tracing::warn!(%reason, "the fan-out's subscription is broken; reconnecting");
            pause = if was_up { BACKOFF.0 } else { (pause * 2).min(BACKOFF.1) };
            let jitter = SystemRandom.below(pause / 2);
            sleep(Duration::from_millis(pause / 2 + jitter)).await;
        }
    }

    /// Serves a connection until it is lost, and says why.
    async fn serve(&self, connection: PubSub, first: &mut bool) -> String {
        let (sink, stream) = connection.split();
        tokio::select! {
            reason = self.hear(stream) => reason,
            reason = self.steer(sink, first) => reason,
        }
    }

    async fn hear(&self, mut stream: PubSubStream) -> String {
        while let Some(message) = stream.next().await {
            self.hear_one(&message);
        }
        "the server closed the connection".to_owned()
    }

    fn hear_one(&self, message: &Msg) {
        let frame = message.get_payload_bytes();
        if let Some((subject, payload)) = frame.split_first_chunk::<16>() {
            self.ear.hear(Subject(*subject), Bytes::copy_from_slice(payload));
        }
    }

    /// Makes the server's subscriptions what is wanted, until a command fails.
    async fn steer(&self, mut sink: PubSubSink, first: &mut bool) -> String {
        let mut connected = None;
        loop {
            let plan = self.channels().plan();
            if plan.came_up {
                connected = Some(Connected::new());
                tracing::info!("the fan-out's subscription is up");
                if !std::mem::take(first) {
                    self.ear.gap();
                }
                self.news.notify_waiters();
            }
            let done = if !plan.subscribe.is_empty() {
                self.subscribe(&mut sink, &plan.subscribe).await
            } else if plan.unsubscribe.is_empty() {
                self.idle(&mut sink).await
            } else {
                Ok(())
            };
            let done = match done {
                Ok(()) => self.unsubscribe(&mut sink, &plan.unsubscribe).await,
                failed => failed,
            };
            if let Err(reason) = done {
                drop(connected);
                return reason;
            }
        }
    }

    async fn subscribe(&self, sink: &mut PubSubSink, channels: &[Channel]) -> Result<(), String> {
        within_deadline(sink.subscribe(self.names(channels))).await?;
        self.channels().confirm(channels);
        self.news.notify_waiters();
        Ok(())
    }

    async fn unsubscribe(&self, sink: &mut PubSubSink, channels: &[Channel]) -> Result<(), String> {
        if channels.is_empty() {
            return Ok(());
        }
        within_deadline(sink.unsubscribe(self.names(channels))).await
    }

    /// Waits for something to do; meanwhile asks whether the connection still is one.
    async fn idle(&self, sink: &mut PubSubSink) -> Result<(), String> {
        if timeout(HEARTBEAT, self.wants.notified()).await.is_ok() {
            return Ok(());
        }
        let pong: Result<redis::Value, RedisError> = match timeout(DEADLINE, sink.ping()).await {
            Ok(pong) => pong,
            Err(_) => return Err("the server does not answer".to_owned()),
        };
        pong.map(drop).map_err(|error| error.to_string())
    }

    fn names(&self, channels: &[Channel]) -> Vec<String> {
        channels.iter().map(|channel| channels::name(&self.namespace, *channel)).collect()
    }
}

/// Counted in the gauge as long as it lives.
struct Connected;

impl Connected {
    fn new() -> Self {
        metrics::gauge!("fanout_subscriber_connections").increment(1.0);
        Self
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        metrics::gauge!("fanout_subscriber_connections").decrement(1.0);
    }
}

#[derive(Debug)]
pub(super) struct RedisListener {
    link: Arc<Link>,
    task: JoinHandle<()>,
}

impl RedisListener {
    pub(super) fn start(link: Arc<Link>) -> Self {
        let running = link.clone();
        Self { link, task: tokio::spawn(async move { running.run().await }) }
    }

    /// Waits for the connection.
    pub(super) async fn ready(&self, within: Duration) -> Result<(), FanoutError> {
        let late = |_| FanoutError("could not subscribe: no connection to redis".to_owned());
        timeout(within, self.link.until(Channels::is_up)).await.map_err(late)
    }
}

#[async_trait]
impl Listener for RedisListener {
    #[tracing::instrument(name = "fanout.watch", level = "debug", skip_all, fields(subjects = subjects.len()))]
    async fn watch(&self, subjects: &[Subject]) -> Result<(), FanoutError> {
        {
            let mut channels = self.link.channels();
            self.link.ear.watch(subjects).into_iter().for_each(|new| channels.want(new));
        }
        self.link.wants.notify_one();
        let late = |_| FanoutError("the subscription was not confirmed in time".to_owned());
        let confirmed = self.link.until(|channels| channels.covers(subjects));
        timeout(CONFIRM, confirmed).await.map_err(late)
    }

    async fn unwatch(&self, subjects: &[Subject]) {
        {
            let mut channels = self.link.channels();
            self.link.ear.unwatch(subjects).into_iter().for_each(|gone| channels.forget(gone));
        }
        self.link.wants.notify_one();
    }

    fn is_behind(&self) -> bool {
        self.link.ear.is_behind()
    }

    async fn next(&self) -> Option<Happening> {
        self.link.ear.next().await
    }
}

impl Drop for RedisListener {
    fn drop(&mut self) {
        self.task.abort();
    }
}
