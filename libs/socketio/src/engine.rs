use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, ServiceConfig};
use kernel::Random;
use tokio::time::{Instant, sleep_until};

use crate::codec::packet::ROOT;
use crate::limits::{Addresses, Owners, Place, network};
use crate::link::Link;
use crate::queue::Queue;
use crate::registry::Registry;
use crate::{
    CloseReason, Config, Handler, Handshake, Middleware, Packet, RawHandler, Socket, SocketId, http,
};

/// Accepts clients and keeps them. Clones are the same engine; every worker of the web server shares it.
#[derive(Clone)]
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) upper: Upper,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) registry: Registry,
    owners: Arc<Owners>,
    addresses: Arc<Addresses>,
    address_of: Option<Box<AddressOf>>,
}

/// Says where a client is.
type AddressOf = dyn Fn(&Handshake) -> Option<IpAddr> + Send + Sync;

/// What is spoken with clients.
pub(crate) enum Upper {
    Namespaces(HashMap<Arc<str>, Arc<Namespace>>),
    Raw(Arc<dyn RawHandler>),
}

/// What a service does with clients of one namespace.
#[derive(Clone)]
pub(crate) struct Namespace {
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) middleware: Vec<Arc<dyn Middleware>>,
}

/// What an engine is made of, before clients come.
pub struct Builder {
    config: Config,
    random: Arc<dyn Random>,
    namespaces: HashMap<Arc<str>, Namespace>,
    address_of: Option<Box<AddressOf>>,
}

impl Builder {
    /// Lets clients connect to a namespace, such as `/admin`. Those that are not named do not exist.
    #[must_use]
    pub fn namespace(mut self, name: &str, handler: Arc<dyn Handler>) -> Self {
        self.namespaces.insert(Arc::from(name), Namespace { handler, middleware: Vec::new() });
        self
    }

    /// Lets the middleware look at clients of a namespace that was named before, after those that were added before.
    #[must_use]
    pub fn middleware(mut self, namespace: &str, middleware: Arc<dyn Middleware>) -> Self {
        if let Some(namespace) = self.namespaces.get_mut(namespace) {
            namespace.middleware.push(middleware);
        }
        self
    }

    /// Where a client is, for `Config::max_per_address`; `None` is not counted. Without this it is the other end of the
    /// connection, which behind a proxy is the proxy.
    #[must_use]
    pub fn address(
        mut self,
        address_of: impl Fn(&Handshake) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        self.address_of = Some(Box::new(address_of));
        self
    }

    /// The engine, without clients.
    pub fn build(self) -> Engine {
        let namespaces = self
            .namespaces
            .into_iter()
            .map(|(name, namespace)| (name, Arc::new(namespace)))
            .collect();
        Engine::of(self.config, Upper::Namespaces(namespaces), self.random, self.address_of)
    }
}

impl Engine {
    /// An engine for clients of `/`. Its ids, and the jitter of [`Engine::drain`], come from `random`.
    pub fn new(config: Config, handler: Arc<dyn Handler>, random: Arc<dyn Random>) -> Self {
        Self::builder(config, random).namespace(ROOT, handler).build()
    }

    /// An engine to be told more about.
    pub fn builder(config: Config, random: Arc<dyn Random>) -> Builder {
        Builder { config, random, namespaces: HashMap::new(), address_of: None }
    }

    /// An engine for clients that speak Engine.IO without Socket.IO.
    pub fn raw(config: Config, handler: Arc<dyn RawHandler>, random: Arc<dyn Random>) -> Self {
        Self::of(config, Upper::Raw(handler), random, None)
    }

    fn of(
        config: Config,
        upper: Upper,
        random: Arc<dyn Random>,
        address_of: Option<Box<AddressOf>>,
    ) -> Self {
        let owners = Owners::new(config.max_per_owner);
        let addresses = Addresses::new(config.max_per_address);
        let registry = Registry::new();
        Self {
            shared: Arc::new(Shared {
                config,
                upper,
                random,
                registry,
                owners,
                addresses,
                address_of,
            }),
        }
    }

    /// Mounts the engine at its path.
    pub fn configure(&self, services: &mut ServiceConfig) {
        let path = self.shared.config.path.trim_end_matches('/');
        let resource = web::resource([format!("{path}/"), path.to_owned()])
            .app_data(web::Data::new(self.clone()))
            .route(web::route().to(http::door));
        services.service(resource);
    }

    /// How many connections there are, those included whose last events are still being handled.
    pub fn connections(&self) -> usize {
        self.shared.registry.len()
    }

    /// Sends the packet to those of the sockets that are here. Its bytes are encoded once and shared. Answers how many took
    /// it; one whose queue is full is closed, and no other is affected.
    pub fn broadcast(&self, sockets: &[SocketId], packet: &Packet) -> usize {
        let sockets = self.shared.registry.sockets(sockets);
        sockets.iter().filter(|socket| socket.send(packet).is_ok()).count()
    }

    /// Takes no more clients in, sends everyone the notice, and closes connections one by one over `spread`, at moments
    /// drawn by chance, so that clients do not come back elsewhere all at once. Returns when the last has gone and its last
    /// event is handled; how long an event may take is the session's affair, so the caller sets a deadline.
    pub async fn drain(&self, notice: Option<Packet>, spread: Duration) {
        let links = self.shared.registry.drain();
        tracing::info!(connections = links.len(), "draining sockets");
        if let Some(notice) = notice {
            self.shared.registry.tell_all(&notice);
        }
        let start = Instant::now();
        for (after, link) in self.schedule(links, spread) {
            sleep_until(start + after).await;
            link.queue.close(CloseReason::Draining);
        }
        self.shared.registry.emptied().await;
    }

    fn schedule(&self, links: Vec<Arc<Link>>, spread: Duration) -> Vec<(Duration, Arc<Link>)> {
        let spread = u64::try_from(spread.as_millis()).unwrap_or(u64::MAX);
        let draw = |link| {
            (Duration::from_millis(self.shared.random.below(spread.saturating_add(1))), link)
        };
        let mut schedule: Vec<_> = links.into_iter().map(draw).collect();
        schedule.sort_by_key(|(after, _)| *after);
        schedule
    }
}

impl Shared {
    /// A socket for a client of that namespace.
    pub(crate) fn socket(&self, namespace: Arc<str>, queue: Arc<Queue>) -> Socket {
        let owners = Arc::clone(&self.owners);
        Socket::new(&*self.random, namespace, queue, owners, self.config.max_asked)
    }

    /// The name of a namespace that exists.
    pub(crate) fn known(&self, name: &str) -> Option<Arc<str>> {
        let Upper::Namespaces(namespaces) = &self.upper else { return None };
        namespaces.get_key_value(name).map(|(name, _)| Arc::clone(name))
    }

    pub(crate) fn namespace(&self, name: &str) -> Option<Arc<Namespace>> {
        let Upper::Namespaces(namespaces) = &self.upper else { return None };
        namespaces.get(name).cloned()
    }

    pub(crate) fn has_one_namespace(&self) -> bool {
        matches!(&self.upper, Upper::Namespaces(namespaces) if namespaces.len() == 1)
    }

    /// A place among those of the client's address. `Err`: it has too many.
    pub(crate) fn place(
        &self,
        handshake: &Handshake,
    ) -> Result<Option<Place<IpAddr>>, crate::TooMany> {
        if self.config.max_per_address == usize::MAX {
            return Ok(None);
        }
        let address = match &self.address_of {
            Some(address_of) => address_of(handshake),
            None => handshake.peer.map(|peer| peer.ip()),
        };
        address.map(|address| self.addresses.take(network(address))).transpose()
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("connections", &self.connections()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("config", &self.config).finish_non_exhaustive()
    }
}
