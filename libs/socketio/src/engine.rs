use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, ServiceConfig};
use kernel::Random;
use tokio::time::{Instant, sleep_until};

use crate::registry::Registry;
use crate::{CloseReason, Config, Handler, Packet, Socket, http};

/// Accepts sockets and keeps them. Clones are the same engine; every worker of the web server shares it.
#[derive(Clone)]
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) registry: Registry,
}

impl Engine {
    /// An engine without sockets. Its ids, and the jitter of [`Engine::drain`], come from `random`.
    pub fn new(config: Config, handler: Arc<dyn Handler>, random: Arc<dyn Random>) -> Self {
        Self { shared: Arc::new(Shared { config, handler, random, registry: Registry::new() }) }
    }

    /// Mounts the engine at `/socket.io/`.
    pub fn configure(&self, services: &mut ServiceConfig) {
        let resource = web::resource(["/socket.io/", "/socket.io"])
            .app_data(web::Data::new(self.clone()))
            .route(web::route().to(http::door));
        services.service(resource);
    }

    /// How many sockets there are, those included whose last events are still being handled.
    pub fn connections(&self) -> usize {
        self.shared.registry.len()
    }

    /// Takes no more sockets in, sends everyone the notice, and closes them one by one over `spread`, at moments drawn by
    /// chance, so that they do not come back elsewhere all at once. Returns when the last has gone and its last event is
    /// handled; how long an event may take is the session's affair, so the caller sets a deadline.
    pub async fn drain(&self, notice: Option<Packet>, spread: Duration) {
        let sockets = self.shared.registry.drain();
        tracing::info!(sockets = sockets.len(), "draining sockets");
        if let Some(notice) = notice {
            for socket in &sockets {
                // One that cannot be told is closing already.
                let _ = socket.send(&notice);
            }
        }
        let start = Instant::now();
        for (after, socket) in self.schedule(sockets, spread) {
            sleep_until(start + after).await;
            socket.close(CloseReason::Draining);
        }
        self.shared.registry.emptied().await;
    }

    fn schedule(&self, sockets: Vec<Socket>, spread: Duration) -> Vec<(Duration, Socket)> {
        let spread = u64::try_from(spread.as_millis()).unwrap_or(u64::MAX);
        let draw = |socket| {
            (Duration::from_millis(self.shared.random.below(spread.saturating_add(1))), socket)
        };
        let mut schedule: Vec<_> = sockets.into_iter().map(draw).collect();
        schedule.sort_by_key(|(after, _)| *after);
        schedule
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("connections", &self.connections()).finish_non_exhaustive()
    }
}
