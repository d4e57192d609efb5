use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::sqlite::Databases;
use kernel::Clock;

use crate::{Bus, BusError, RabbitBus, SqliteBus, Topology};

/// Where and how to open a bus.
#[derive(Debug)]
pub struct Place<'a> {
    /// `sqlite:PATH` or `amqp://…`.
    pub url: &'a str,
    /// Before every name at the broker.
    pub namespace: &'a str,
    /// Every queue there is.
    pub topology: &'static Topology,
    /// How long the broker may take to say that a message is stored.
    pub confirm_timeout: Duration,
}

/// Opens the adapter that the scheme of the URL names.
pub async fn open(
    place: Place<'_>,
    databases: &Databases,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Bus>, BusError> {
    let Place { url, namespace, topology, confirm_timeout } = place;
    if let Some(path) = url.strip_prefix("sqlite:") {
        let database = databases.open(Path::new(path))?;
        return Ok(Arc::new(SqliteBus::new(database, namespace, topology, clock).await?));
    }
    if url.starts_with("amqp:") || url.starts_with("amqps:") {
        let bus = RabbitBus::connect(url, namespace, topology, confirm_timeout, clock).await?;
        return Ok(Arc::new(bus));
    }
    Err(BusError("bus.url: use sqlite:PATH or amqp://user:password@host/vhost".to_owned()))
}
