use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;

/// A message as it is published and as it arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Names the message; the same on every delivery.
    pub id: Uuid,
    /// What it is: `send-otp`, `session.revoked`. Every queue bound to the topic gets a copy.
    pub topic: String,
    /// Opaque here; events are protobuf.
    pub payload: Bytes,
    /// W3C trace context of the publisher.
    pub traceparent: Option<String>,
    /// Worth delivering for this long; then it is dropped wherever it is, the dead-letter queue included.
    pub ttl: Option<Duration>,
}

/// A durable queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// Its name, without the namespace.
    pub name: &'static str,
    /// The topics that it gets a copy of.
    pub topics: &'static [&'static str],
    /// How long after each failed attempt the message comes again; after the last it is dead-lettered.
    pub backoff: &'static [Duration],
    /// Messages waiting; when full, publishing fails.
    pub capacity: u32,
}

/// Every queue there is. All services declare all of them, so that it does not matter who starts first.
#[derive(Debug, Clone, Copy)]
pub struct Topology {
    /// The queues.
    pub queues: &'static [Queue],
}

impl Topology {
    /// The queues that get a copy of the topic, at least one.
    pub(crate) fn bound(&self, topic: &str) -> Result<Vec<&'static Queue>, BusError> {
        let bound: Vec<_> =
            self.queues.iter().filter(|queue| queue.topics.contains(&topic)).collect();
        if bound.is_empty() {
            return Err(BusError(format!("no queue of the topology is bound to topic {topic:?}")));
        }
        Ok(bound)
    }

    /// The queue of this name.
    pub(crate) fn queue(&self, name: &str) -> Result<&'static Queue, BusError> {
        let missing = || BusError(format!("the topology has no queue {name:?}"));
        self.queues.iter().find(|queue| queue.name == name).ok_or_else(missing)
    }
}

impl Queue {
    /// How long to wait after this attempt failed; `None` if it was the last.
    pub(crate) fn backoff_after(&self, attempt: u32) -> Option<Duration> {
        let failed = usize::try_from(attempt.checked_sub(1)?).ok()?;
        self.backoff.get(failed).copied()
    }
}

/// The broker could not be reached, or did not answer in time, or refused (queue full).
#[derive(Debug, thiserror::Error)]
#[error("bus: {0}")]
pub struct BusError(pub String);

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settle {
    /// Done: it does not come again.
    Done,
    /// Failed for now: it comes again after the queue's back-off, or is dead-lettered when attempts are used up.
    Retry,
    /// Can never succeed: dead-lettered at once.
    Reject,
}

/// Publishes, and hands out consumers.
#[async_trait]
pub trait Bus: Send + Sync + fmt::Debug {
    /// Returns once a copy is durable in every queue bound to the topic. After an error it may or may not be: publish
    /// again with the same id. A topic that no queue is bound to is an error.
    async fn publish(&self, message: Message) -> Result<(), BusError>;

    /// Takes messages of one queue of the topology. `prefetch` deliveries at most are unsettled at once. Several consumers
    /// of a queue, in one process or many, share it. A consumer outlives the connection: it reconnects by itself.
    async fn consume(
        &self,
        queue: &'static str,
        prefetch: u16,
    ) -> Result<Box<dyn Consumer>, BusError>;

    /// Messages waiting in the queue's dead-letter queue. For operators and tests.
    async fn dead_letters(&self, queue: &'static str) -> Result<u64, BusError>;

    /// Answers if the broker is in reach.
    async fn ping(&self) -> Result<(), BusError>;
}

/// Takes messages of one queue.
#[async_trait]
pub trait Consumer: Send + fmt::Debug {
    /// The next message; waits for it. `None` once the bus is closed.
    async fn next(&mut self) -> Option<Delivery>;
}

/// A message in the hands of a consumer. Dropped without being settled, or lost with the process, it comes again.
#[derive(Debug)]
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// 1 on the first delivery.
    pub attempt: u32,
    /// How to say what became of it.
    pub(crate) receipt: Box<dyn Receipt>,
}

impl Delivery {
    /// Says what became of the message. After an error it comes again.
    pub async fn settle(self, how: Settle) -> Result<(), BusError> {
        self.receipt.settle(how).await
    }
}

/// The adapter's side of a delivery.
#[async_trait]
pub(crate) trait Receipt: Send + Sync + fmt::Debug {
    async fn settle(self: Box<Self>, how: Settle) -> Result<(), BusError>;
}

/// How a settlement is called in metrics.
pub(crate) const fn outcome(how: Settle) -> &'static str {
    match how {
        Settle::Done => "done",
        Settle::Retry => "retry",
        Settle::Reject => "reject",
    }
}
