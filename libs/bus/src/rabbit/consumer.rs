use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use kernel::{Random, SystemRandom};
use lapin::Acker;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::{BasicProperties, Channel};
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

use super::envelope::Envelope;
use super::plan::no_arguments;
use super::{ANSWER, Shared, within};
use crate::port::{Receipt, outcome};
use crate::{BusError, Consumer, Delivery, Queue, Settle};

/// Milliseconds between two attempts to subscribe: the first, and the most.
const BACKOFF: (u64, u64) = (100, 2_000);
/// How often an idle consumer looks whether its channel still is open.
const CHECK: Duration = Duration::from_secs(1);
/// A message handed out this often without being settled is dead-lettered: it may be what kills its consumers.
const UNSETTLED: i64 = 20;

pub(super) struct RabbitConsumer {
    shared: Arc<Shared>,
    queue: &'static Queue,
    prefetch: u16,
    stream: Option<Stream>,
    pause: u64,
}

struct Stream {
    channel: Channel,
    deliveries: lapin::Consumer,
}

impl RabbitConsumer {
    pub(super) async fn start(
        shared: Arc<Shared>,
        queue: &'static Queue,
        prefetch: u16,
    ) -> Result<Self, BusError> {
        let mut consumer = Self { shared, queue, prefetch, stream: None, pause: BACKOFF.0 };
        consumer.stream = Some(consumer.subscribe().await?);
        Ok(consumer)
    }

    async fn subscribe(&self) -> Result<Stream, BusError> {
        let open = self.shared.consuming.open().await?;
        let name = self.shared.plan.queue(self.queue);
        within(ANSWER, async {
            let channel = open.connection.create_channel().await?;
            channel.basic_qos(self.prefetch, BasicQosOptions::default()).await?;
            let options = BasicConsumeOptions::default();
            let deliveries =
                channel.basic_consume(name.into(), "".into(), options, no_arguments()).await?;
            Ok(Stream { channel, deliveries })
        })
        .await
    }

    /// Subscribes again, after a pause that grows with each failure.
    async fn mend(&mut self) {
        let jitter = SystemRandom.below(self.pause / 2);
        sleep(Duration::from_millis(self.pause / 2 + jitter)).await;
        self.pause = (self.pause * 2).min(BACKOFF.1);
        match self.subscribe().await {
            Ok(stream) => {
                tracing::info!(queue = self.queue.name, "consuming again");
                self.stream = Some(stream);
                self.pause = BACKOFF.0;
            }
            Err(error) => {
                tracing::warn!(queue = self.queue.name, %error, "cannot consume; trying again");
            }
        }
    }

    /// Hands the delivery out, unless it is too old, not ours, or suspected of killing its consumers.
    async fn accept(
        &self,
        channel: Channel,
        delivery: lapin::message::Delivery,
    ) -> Option<Delivery> {
        let payload = Bytes::from(delivery.data);
        let envelope = Envelope::read(&delivery.properties, payload.clone());
        let receipt = |envelope| RabbitReceipt {
            shared: self.shared.clone(),
            queue: self.queue,
            acker: Some(delivery.acker),
            envelope,
            channel,
        };
        let Some(envelope) = envelope else {
            tracing::error!(queue = self.queue.name, "a message that is not ours; dead-lettered");
            let alien = Envelope::alien(payload);
            settle(Box::new(receipt(alien)), Settle::Reject).await;
            return None;
        };
        let now = self.shared.clock.now().as_millis();
        let (message, attempt) = (envelope.message(now), envelope.attempt);
        let too_late = envelope.left(now).is_some_and(|left| left <= 0);
        let poison = envelope.unsettled >= UNSETTLED;
        let receipt = Box::new(receipt(envelope));
        if too_late || poison {
            let how = if too_late { Settle::Done } else { Settle::Reject };
            settle(receipt, how).await;
            return None;
        }
        Some(Delivery { message, attempt, receipt })
    }
}

async fn settle(receipt: Box<RabbitReceipt>, how: Settle) {
    if let Err(error) = receipt.settle(how).await {
        tracing::warn!(%error, "a delivery could not be settled; it comes again");
    }
}

#[async_trait]
impl Consumer for RabbitConsumer {
    async fn next(&mut self) -> Option<Delivery> {
        loop {
            let Some(stream) = &mut self.stream else {
                self.mend().await;
                continue;
            };
            match timeout(CHECK, stream.deliveries.next()).await {
                // Read ahead from a connection that is gone: it comes again, and settling this one could not succeed.
                Ok(Some(Ok(delivery))) if delivery.acker.poisoned() => {
                    self.lose("the channel is closed");
                }
                Ok(Some(Ok(delivery))) => {
                    let channel = stream.channel.clone();
                    if let Some(delivery) = self.accept(channel, delivery).await {
                        return Some(delivery);
                    }
                }
                Ok(Some(Err(error))) => self.lose(&error.to_string()),
                Ok(None) => self.lose("the broker ended the subscription"),
                Err(_) if !stream.channel.status().connected() => {
                    self.lose("the channel is closed");
                }
                Err(_) => {}
            }
        }
    }
}

impl RabbitConsumer {
    fn lose(&mut self, reason: &str) {
        tracing::warn!(queue = self.queue.name, reason, "consuming was interrupted");
        self.stream = None;
    }
}

/// Holds on to the channel: when the consumer is gone and the last of its deliveries is settled, the channel is closed.
struct RabbitReceipt {
    shared: Arc<Shared>,
    queue: &'static Queue,
    /// Gone when the delivery is settled.
    acker: Option<Acker>,
    envelope: Envelope,
    channel: Channel,
}

impl RabbitReceipt {
    /// Puts a copy where the message goes next. Only then may this one be acknowledged.
    async fn pass_on(&self, how: Settle) -> Result<(), BusError> {
        let plan = &self.shared.plan;
        let left = self.envelope.left(self.shared.clock.now().as_millis());
        let (queue, properties): (String, BasicProperties) = match how {
            Settle::Done => return Ok(()),
            _ if left.is_some_and(|left| left <= 0) => return Ok(()),
            Settle::Retry if let Some(delay) = self.queue.backoff_after(self.envelope.attempt) => {
                let again = self.envelope.again();
                // The broker's expiry would only bring it back too early; the consumer drops what is too old.
                (plan.retry(self.queue, delay), again.properties(None))
            }
            Settle::Retry | Settle::Reject => {
                (plan.dead(self.queue), self.envelope.properties(left))
            }
        };
        self.shared.send("", &queue, &self.envelope.payload, properties).await
    }
}

#[async_trait]
impl Receipt for RabbitReceipt {
    #[tracing::instrument(name = "bus.settle", skip_all, fields(queue = self.queue.name))]
    async fn settle(mut self: Box<Self>, how: Settle) -> Result<(), BusError> {
        self.pass_on(how).await?;
        let lost = || BusError("the connection was lost before the acknowledgement".to_owned());
        let acker = self.acker.take().ok_or_else(lost)?;
        if !within(ANSWER, async { Ok(acker.ack(BasicAckOptions::default()).await?) }).await? {
            return Err(lost());
        }
        metrics::counter!("bus_settled_total", "queue" => self.queue.name, "outcome" => outcome(how))
            .increment(1);
        Ok(())
    }
}

impl Drop for RabbitReceipt {
    /// Gives the message back. Without a runtime the process is about to end, which gives it back too.
    fn drop(&mut self) {
        if let (Some(acker), Ok(runtime)) = (self.acker.take(), Handle::try_current()) {
            let channel = self.channel.clone();
            runtime.spawn(async move {
                let options = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
                // If it fails, the channel is gone, and the broker has the message back.
                drop(timeout(ANSWER, acker.nack(options)).await);
                drop(channel);
            });
        }
    }
}

impl fmt::Debug for RabbitConsumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitConsumer").field("queue", &self.queue.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for RabbitReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitReceipt").field("queue", &self.queue.name).finish_non_exhaustive()
    }
}
