use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lapin::options::ConfirmSelectOptions;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::plan::Plan;
use crate::BusError;

/// How long connecting and declaring the topology may take.
const CONNECT: Duration = Duration::from_secs(20);
/// A connection on which nothing was heard for twice this long is dead. Seconds.
const HEARTBEAT: u16 = 10;

/// A connection that is made when it is needed, and made anew when it is broken.
pub(super) struct Link {
    uri: AMQPUri,
    name: String,
    plan: Arc<Plan>,
    current: Arc<Mutex<Option<Arc<Open>>>>,
    suspect: AtomicBool,
}

/// A connection on which the topology is declared, and a channel on it that confirms.
pub(super) struct Open {
    pub(super) connection: Connection,
    pub(super) channel: Channel,
}

impl Open {
    fn is_usable(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }
}

impl Link {
    pub(super) fn new(url: &str, name: &str, plan: Arc<Plan>) -> Result<Arc<Self>, BusError> {
        let wrong = |reason: String| {
            let form = "amqp://user:password@host:5672/%2f";
            BusError(format!("the URL of the broker is not valid: {reason}; it looks like {form}"))
        };
        let mut uri: AMQPUri = url.parse().map_err(wrong)?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        let current = Arc::default();
        Ok(Arc::new(Self {
            uri,
            name: name.to_owned(),
            plan,
            current,
            suspect: AtomicBool::new(false),
        }))
    }

    /// The connection; a new one if there is none that works.
    pub(super) async fn open(self: &Arc<Self>) -> Result<Arc<Open>, BusError> {
        // In a task of its own: connecting goes on when the caller's patience is shorter than it takes.
        let link = self.clone();
        let mut current = self.current.clone().lock_owned().await;
        if let Some(open) = current.as_ref().filter(|open| open.is_usable())
            && !self.suspect.swap(false, Ordering::SeqCst)
        {
            return Ok(open.clone());
        }
        let opening = tokio::spawn(async move {
            *current = None;
            link.suspect.store(false, Ordering::SeqCst);
            let open = Arc::new(link.connect().await?);
            *current = Some(open.clone());
            Ok(open)
        });
        opening.await.unwrap_or_else(|_| Err(BusError("connecting was interrupted".to_owned())))
    }

    /// This one does not work any more.
    pub(super) async fn forget(&self, broken: &Arc<Open>) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|open| Arc::ptr_eq(open, broken)) {
            *current = None;
        }
    }

    /// The next caller gets a new connection.
    pub(super) fn suspect(&self) {
        self.suspect.store(true, Ordering::SeqCst);
    }

    async fn connect(&self) -> Result<Open, BusError> {
        let connecting = async {
            let properties =
                ConnectionProperties::default().with_connection_name(self.name.as_str().into());
            let connection = Connection::connect_uri(self.uri.clone(), properties).await?;
            let channel = connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            self.plan.declare(&channel).await?;
            Ok(Open { connection, channel })
        };
        let unreachable = |reason: &dyn fmt::Display| {
            let remedy = "check the URL and that the broker is running";
            BusError(format!("cannot connect to the broker: {reason}; {remedy}"))
        };
        match timeout(CONNECT, connecting).await {
            Ok(Ok(open)) => {
                tracing::info!(connection = %self.name, "connected to the broker");
                Ok(open)
            }
            Ok(Err(BusError(reason))) => Err(unreachable(&reason)),
            Err(_) => Err(unreachable(&"no answer in time")),
        }
    }
}
