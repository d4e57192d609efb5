use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::sqlite::Databases;
use kernel::Clock;

use crate::{Bus, BusError, RabbitBus, SqliteBus, Topology};

/// Opens the adapter that the scheme of `bus.url` names: `sqlite:PATH` or `amqp://…`.
pub async fn open(
    settings: &settings::Bus,
    topology: &'static Topology,
    databases: &Databases,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Bus>, BusError> {
    let (url, namespace) = (&settings.url, &settings.namespace);
    match url.scheme() {
        "sqlite" => {
            let database = databases.open(Path::new(url.path()))?;
            Ok(Arc::new(SqliteBus::new(database, namespace, topology, clock).await?))
        }
        "amqp" | "amqps" => {
            let confirm = Duration::from_millis(settings.confirm_timeout_ms);
            let bus = RabbitBus::connect(url.as_str(), namespace, topology, confirm, clock).await?;
            Ok(Arc::new(bus))
        }
        _ => {
            Err(BusError("bus.url: use sqlite:PATH or amqp://user:password@host/vhost".to_owned()))
        }
    }
}
