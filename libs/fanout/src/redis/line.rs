use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Random, SystemRandom};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Pipeline, PushInfo, RedisError, Value};
use redis_nodes::{DEADLINE, Node, within};
use tokio::time::sleep;

use super::channels::{Channel, Channels, Plan};
use super::hears::Hears;
use super::link::Link;
use super::pulse::Pulse;

/// Milliseconds between two attempts to connect: the first, and the most.
const BACKOFF: (u64, u64) = (50, 1_000);
/// Milliseconds after a subscription was refused, until it is tried again. Up to as much is added by chance.
const REFUSED: u64 = 100;
/// From a heartbeat that could not be published to the next.
const UNPUBLISHED: Duration = Duration::from_millis(100);
/// Subscriptions that are asked for in one go, and within one deadline.
const BATCH: usize = 256;

/// One subscriber connection: to one server, for one listener.
pub(super) struct Line {
    link: Arc<Link>,
    node: Node,
}

struct Connection {
    commands: MultiplexedConnection,
    hears: Arc<Hears>,
}

impl Line {
    pub(super) fn new(link: Arc<Link>, node: Node) -> Self {
        Self { link, node }
    }

    /// Connects, again and again.
    pub(super) async fn run(self) {
        let mut beats = 0;
        let mut pause = BACKOFF.0;
        loop {
            let reason = match self.connect().await {
                Ok(connection) => self.serve(connection, &mut beats).await,
                Err(reason) => reason,
            };
            let was_up = self.link.with(&self.node, |channels| {
                let was_up = channels.is_up();
                channels.go_down();
                was_up
            });
            self.link.tell();
            self.link.directory.doubt();
            tracing::warn!(node = %self.node, %reason, "the fan-out's subscription is broken; reconnecting");
            pause = if was_up == Some(true) { BACKOFF.0 } else { (pause * 2).min(BACKOFF.1) };
            sleep(Duration::from_millis(pause / 2 + SystemRandom.below(pause / 2))).await;
        }
    }

    async fn connect(&self) -> Result<Connection, String> {
        let number = self.link.with(&self.node, |channels| channels.connection());
        let number = number.ok_or("the server has no channels any more")?;
        let hears = Arc::new(Hears::new(Arc::clone(&self.link), self.node.clone(), number));
        let ear = Arc::clone(&hears);
        let push = move |push: PushInfo| {
            ear.push(push);
            Ok::<_, Infallible>(())
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(DEADLINE))
            .set_response_timeout(Some(DEADLINE))
            .set_push_sender(push);
        let client =
            self.link.directory.servers().client(&self.node).map_err(|error| error.to_string())?;
        let commands = client.get_multiplexed_async_connection_with_config(&config);
        Ok(Connection { commands: within(DEADLINE, commands).await?, hears })
    }

    /// Serves a connection until it is lost, and says why.
    async fn serve(&self, connection: Connection, beats: &mut u64) -> String {
        let _connected = Connected::new();
        let Connection { commands, hears } = connection;
        tokio::select! {
            () = hears.broken() => "the server closed the connection".to_owned(),
            reason = self.steer(commands.clone()) => reason,
            reason = self.beat(commands, &hears, beats) => reason,
        }
    }

    /// Makes the server's subscriptions what is wanted, until a command fails.
    async fn steer(&self, mut connection: MultiplexedConnection) -> String {
        let mut asked = self.link.asked();
        loop {
            asked.mark_unchanged();
            let Some(plan) = self.link.with(&self.node, Channels::plan) else {
                return "the server has no channels any more".to_owned();
            };
            if plan.came_up {
                self.came_up(&plan);
            }
            let idle = plan.subscribe.is_empty() && plan.unsubscribe.is_empty();
            match self.carry_out(&mut connection, &plan).await {
                Err(reason) => return reason,
                Ok(Some(refusal)) => {
                    tracing::debug!(node = %self.node, %refusal, "a subscription was refused");
                    self.link.directory.doubt();
                    let wait = REFUSED + SystemRandom.below(REFUSED);
                    sleep(Duration::from_millis(wait)).await;
                }
                Ok(None) if idle && asked.changed().await.is_err() => return "closed".to_owned(),
                Ok(None) => {}
            }
        }
    }

    fn came_up(&self, plan: &Plan) {
        tracing::info!(node = %self.node, "the fan-out's subscription is up");
        if plan.gap {
            self.link.ear.gap();
        }
        self.link.tell();
    }

    /// Says what was refused. Confirmations are not answers here: they come in like events.
    async fn carry_out(
        &self,
        connection: &mut MultiplexedConnection,
        plan: &Plan,
    ) -> Result<Option<String>, String> {
        let (subscribe, unsubscribe) = if self.link.directory.servers().is_cluster() {
            ("SSUBSCRIBE", "SUNSUBSCRIBE")
        } else {
            ("SUBSCRIBE", "UNSUBSCRIBE")
        };
        let mut refused = None;
        for batch in plan.subscribe.chunks(BATCH) {
            refused = self.say(connection, subscribe, batch).await?.or(refused);
            self.link.tell();
        }
        for batch in plan.unsubscribe.chunks(BATCH) {
            // Refused for a slot that has moved: then the server has ended the subscription itself.
            self.say(connection, unsubscribe, batch).await?;
        }
        Ok(refused)
    }

    /// One command for each channel, all sent at once: a server refuses channels of different slots in one command, and of the
    /// same slot there are hardly two.
    async fn say(
        &self,
        connection: &mut MultiplexedConnection,
        verb: &str,
        channels: &[Channel],
    ) -> Result<Option<String>, String> {
        let mut commands = Pipeline::with_capacity(channels.len());
        for channel in channels {
            commands.cmd(verb).arg(self.link.names.of(*channel));
        }
        let answers = connection.send_packed_commands(&commands, 0, channels.len());
        let answers = within(DEADLINE, answers).await?;
        Ok(answers.into_iter().find_map(|answer| match answer {
            Value::ServerError(error) => Some(RedisError::from(error).to_string()),
            _ => None,
        }))
    }

    /// Says something to itself, which must come back: a connection may well answer and yet bring no events. Asks as well
    /// whether the connection still is one, because where nothing can be published there is nothing to be missed.
    async fn beat(
        &self,
        mut connection: MultiplexedConnection,
        hears: &Hears,
        beats: &mut u64,
    ) -> String {
        let (every, silence) = self.link.pace;
        let mut pulse = Pulse::new(every, silence);
        self.link.until(|shards| shards.beat_of(&self.node).is_some()).await;
        loop {
            let published = self.publish_beat(&mut pulse, beats).await;
            sleep(if published { every } else { every.min(UNPUBLISHED) }).await;
            let ping = redis::cmd("PING");
            if let Err(reason) = within(DEADLINE, ping.query_async::<Value>(&mut connection)).await
            {
                return reason;
            }
            if published && !pulse.is_well(hears.last_beat()) {
                return format!("no heartbeat was heard for {} ms", silence.as_millis());
            }
        }
    }

    async fn publish_beat(&self, pulse: &mut Pulse, beats: &mut u64) -> bool {
        // None while the channel moves from one slot to another.
        let Some(channel) = self.link.shards().beat_of(&self.node) else { return false };
        *beats += 1;
        let name = self.link.names.of(channel);
        let published =
            self.link.publisher.publish(&name, &beats.to_be_bytes(), DEADLINE).await.is_ok();
        if published {
            pulse.published(*beats);
        }
        published
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
