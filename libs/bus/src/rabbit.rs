mod consumer;
mod envelope;
mod link;
mod plan;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::Clock;
use lapin::options::{BasicPublishOptions, QueueDeclareOptions};
use lapin::{BasicProperties, Confirmation};
use tokio::time::{Instant, timeout};

use crate::{Bus, BusError, Consumer, Message, Topology};
use consumer::RabbitConsumer;
use envelope::Envelope;
use link::Link;
use plan::Plan;

/// How long the broker may take to answer a question that is not a publish.
const ANSWER: Duration = Duration::from_secs(5);

/// Durable jobs and events through `RabbitMQ` (3.10 or newer): quorum queues, publisher confirms, manual acknowledgement.
///
/// Publishing and consuming have a connection each, because a broker that is short of memory stops those that publish.
#[derive(Clone)]
pub struct RabbitBus {
    shared: Arc<Shared>,
}

struct Shared {
    plan: Arc<Plan>,
    clock: Arc<dyn Clock>,
    confirm_timeout: Duration,
    publishing: Arc<Link>,
    consuming: Arc<Link>,
}

impl RabbitBus {
    /// Connects to `amqp://user:password@host:port/vhost` and declares the topology, its names starting with `namespace`.
    /// Publishing fails when the broker has not confirmed within `confirm_timeout`. Later losses of the connection are
    /// mended by itself. `clock` says when a message with a time to live is too old; it must be near that of the others.
    pub async fn connect(
        url: &str,
        namespace: &str,
        topology: &'static Topology,
        confirm_timeout: Duration,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BusError> {
        let plan = Arc::new(Plan::new(namespace, topology)?);
        let link = |purpose| Link::new(url, &format!("{namespace} {purpose}"), plan.clone());
        let (publishing, consuming) = (link("publishing")?, link("consuming")?);
        publishing.open().await?;
        let shared = Shared { plan, clock, confirm_timeout, publishing, consuming };
        Ok(Self { shared: Arc::new(shared) })
    }
}

impl Shared {
    /// Publishes and waits for the confirmation: the message is on the disks of a majority in every queue it was routed to.
    async fn send(
        &self,
        exchange: &str,
        key: &str,
        payload: &[u8],
        properties: BasicProperties,
    ) -> Result<(), BusError> {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let sending = async {
            let open = self.publishing.open().await?;
            let sent = open.channel.basic_publish(
                exchange.into(),
                key.into(),
                options,
                payload,
                properties,
            );
            let confirmation = async { sent.await?.await };
            match confirmation.await {
                Ok(Confirmation::Ack(None)) => Ok(()),
                Ok(Confirmation::Ack(Some(_))) => Err(BusError(format!("no queue takes {key}"))),
                Ok(Confirmation::Nack(_)) => {
                    Err(BusError(format!("the broker refused {key}: a queue is full")))
                }
                Ok(Confirmation::NotRequested) => Err(BusError("no confirmation".to_owned())),
                Err(error) => {
                    self.publishing.forget(&open).await;
                    Err(error.into())
                }
            }
        };
        let waited = timeout(self.confirm_timeout, sending).await;
        waited.unwrap_or_else(|_| {
            // A broker that is stopped in good order leaves confirmations pending for ever: never wait on this channel again.
            self.publishing.suspect();
            let millis = self.confirm_timeout.as_millis();
            Err(BusError(format!("the broker did not confirm within {millis} ms")))
        })
    }
}

#[async_trait]
impl Bus for RabbitBus {
    #[tracing::instrument(name = "bus.publish", skip_all, fields(topic = %message.topic, id = %message.id))]
    async fn publish(&self, message: Message) -> Result<(), BusError> {
        let start = Instant::now();
        let shared = &self.shared;
        shared.plan.topology.bound(&message.topic)?;
        let topic = message.topic.clone();
        let now = shared.clock.now().as_millis();
        let envelope = Envelope::seal(message, now);
        let properties = envelope.properties(envelope.left(now));
        shared.send(&shared.plan.exchange(), &topic, &envelope.payload, properties).await?;
        metrics::histogram!("bus_publish_seconds").record(start.elapsed().as_secs_f64());
        metrics::counter!("bus_published_total", "topic" => topic).increment(1);
        Ok(())
    }

    async fn consume(
        &self,
        queue: &'static str,
        prefetch: u16,
    ) -> Result<Box<dyn Consumer>, BusError> {
        let queue = self.shared.plan.topology.queue(queue)?;
        let consumer = RabbitConsumer::start(self.shared.clone(), queue, prefetch.max(1)).await?;
        Ok(Box::new(consumer))
    }

    async fn dead_letters(&self, queue: &'static str) -> Result<u64, BusError> {
        let queue = self.shared.plan.topology.queue(queue)?;
        let name = self.shared.plan.dead(queue);
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        within(ANSWER, async {
            // A channel for this alone: the broker closes it if the queue is not there.
            let channel = self.shared.publishing.open().await?.connection.create_channel().await?;
            let queue = channel.queue_declare(name.into(), options, plan::no_arguments()).await?;
            Ok(u64::from(queue.message_count()))
        })
        .await
    }

    async fn ping(&self) -> Result<(), BusError> {
        within(ANSWER, async {
            let open = self.shared.publishing.open().await?;
            // Opening a channel is a question that the broker answers.
            Ok(open.connection.create_channel().await.map(drop)?)
        })
        .await
    }
}

async fn within<T>(
    deadline: Duration,
    answer: impl Future<Output = Result<T, BusError>>,
) -> Result<T, BusError> {
    let late =
        |_| BusError(format!("the broker did not answer within {} ms", deadline.as_millis()));
    timeout(deadline, answer).await.map_err(late)?
}

impl From<lapin::Error> for BusError {
    fn from(error: lapin::Error) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Debug for RabbitBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitBus")
            .field("exchange", &self.shared.plan.exchange())
            .finish_non_exhaustive()
    }
}
