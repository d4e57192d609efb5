use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};

use crate::{BusError, Queue, Topology};

/// Dead letters kept for each queue; beyond, the oldest go.
const DEAD: i32 = 10_000;
/// When the broker itself gives a message up. Far above what our consumers let pass, which keep it as a dead letter.
const DELIVERY_LIMIT: i32 = 1_000;
/// Names on the wire have 255 bytes; ours add a queue's name and a suffix.
const LONGEST_NAMESPACE: usize = 100;

/// The topology under a namespace: what things are called, and how they are made.
#[derive(Debug)]
pub(super) struct Plan {
    namespace: String,
    pub(super) topology: &'static Topology,
}

impl Plan {
    pub(super) fn new(namespace: &str, topology: &'static Topology) -> Result<Self, BusError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if namespace.is_empty()
            || namespace.len() > LONGEST_NAMESPACE
            || !namespace.chars().all(plain)
        {
            let message = "the namespace must be 1 to 100 letters, digits, '-', '_' and '.'";
            return Err(BusError(message.to_owned()));
        }
        Ok(Self { namespace: namespace.to_owned(), topology })
    }

    pub(super) fn exchange(&self) -> String {
        format!("{}.events", self.namespace)
    }

    pub(super) fn queue(&self, queue: &Queue) -> String {
        format!("{}.{}", self.namespace, queue.name)
    }

    /// Where messages wait for `delay` and then go back to the queue. One for each delay: only what is at the head of a
    /// queue expires.
    pub(super) fn retry(&self, queue: &Queue, delay: Duration) -> String {
        format!("{}.retry.{}", self.queue(queue), delay.as_millis())
    }

    pub(super) fn dead(&self, queue: &Queue) -> String {
        format!("{}.dead", self.queue(queue))
    }

    /// Makes what is not there. What is there and differs is an error of the broker's that names it.
    pub(super) async fn declare(&self, channel: &Channel) -> Result<(), BusError> {
        let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let exchange = self.exchange();
        channel
            .exchange_declare(
                exchange.as_str().into(),
                ExchangeKind::Topic,
                options,
                no_arguments(),
            )
            .await?;
        for queue in self.topology.queues {
            self.declare_queue(channel, queue).await?;
            for topic in queue.topics {
                let name = self.queue(queue);
                let options = QueueBindOptions::default();
                let (name, exchange) = (name.into(), exchange.as_str().into());
                channel
                    .queue_bind(name, exchange, (*topic).into(), options, no_arguments())
                    .await?;
            }
        }
        Ok(())
    }

    async fn declare_queue(&self, channel: &Channel, queue: &Queue) -> Result<(), BusError> {
        let mut work = quorum("reject-publish");
        work.insert("x-max-length".into(), i64::from(queue.capacity).into());
        work.insert("x-delivery-limit".into(), DELIVERY_LIMIT.into());
        declare(channel, self.queue(queue), work).await?;
        for delay in queue.backoff {
            let mut retry = quorum("reject-publish");
            let millis = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
            retry.insert("x-message-ttl".into(), millis.into());
            retry.insert("x-dead-letter-exchange".into(), text(""));
            retry.insert("x-dead-letter-routing-key".into(), text(&self.queue(queue)));
            // Without it a message could be lost on its way back.
            retry.insert("x-dead-letter-strategy".into(), text("at-least-once"));
            declare(channel, self.retry(queue, *delay), retry).await?;
        }
        let mut dead = quorum("drop-head");
        dead.insert("x-max-length".into(), DEAD.into());
        declare(channel, self.dead(queue), dead).await
    }
}

pub(super) fn no_arguments() -> FieldTable {
    FieldTable::default()
}

async fn declare(channel: &Channel, name: String, arguments: FieldTable) -> Result<(), BusError> {
    let declared = channel
        .queue_declare(name.as_str().into(), QueueDeclareOptions::durable(), arguments)
        .await;
    declared.map(drop).map_err(|error| {
        let remedy = "if it was made with other settings, empty and delete it";
        BusError(format!("cannot declare queue {name}: {error}; {remedy}"))
    })
}

fn quorum(overflow: &str) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments.insert("x-overflow".into(), text(overflow));
    arguments
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}
