use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Random, SystemRandom};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use crate::{CONNECT, Node, Servers, SlotMap};

/// Milliseconds between two looks at who has which slot while nobody doubts it; and at least. Up to half as much is added by
/// chance, so that instances do not all ask at once.
const LOOK: (u64, u64) = (10_000, 200);

/// Who has which slot: always the one server, or as the nodes of a cluster say. Looked up again when somebody doubts it.
#[derive(Debug)]
pub struct Directory {
    servers: Servers,
    slots: watch::Sender<Arc<SlotMap>>,
    doubt: Notify,
}

/// Keeps the directory up to date until it is dropped.
#[derive(Debug)]
pub struct Keeper(AbortHandle);

impl Directory {
    /// Looks for the servers that a URL names, and says what to look at if there are none: see [`Servers::parse`].
    pub async fn open(url: &str) -> Result<Arc<Self>, String> {
        let servers = Servers::parse(url).map_err(unreachable_at_start)?;
        let late = |_| Err(unreachable_at_start("no answer within 5 s"));
        let slots = timeout(CONNECT, first_look(&servers)).await.unwrap_or_else(late)?;
        let slots = watch::Sender::new(Arc::new(slots));
        Ok(Arc::new(Self { servers, slots, doubt: Notify::new() }))
    }

    /// The servers, and how to get in.
    pub fn servers(&self) -> &Servers {
        &self.servers
    }

    /// The master of a slot, as far as it is known.
    pub fn owner(&self, slot: u16) -> Option<Node> {
        self.slots.borrow().owner(slot).cloned()
    }

    /// Every server that has a slot, once.
    pub fn nodes(&self) -> Vec<Node> {
        self.slots.borrow().nodes()
    }

    /// Who has which slot, and every change of it.
    pub fn follow(&self) -> watch::Receiver<Arc<SlotMap>> {
        self.slots.subscribe()
    }

    /// Something was not where it should be.
    pub fn doubt(&self) {
        self.doubt.notify_one();
    }

    /// Looks again whenever it is time, until the keeper is dropped.
    pub fn keep(self: &Arc<Self>) -> Keeper {
        Keeper(tokio::spawn(Arc::clone(self).look()).abort_handle())
    }

    async fn look(self: Arc<Self>) {
        while self.servers.is_cluster() {
            sleep(with_jitter(LOOK.1)).await;
            let _ = timeout(with_jitter(LOOK.0), self.doubt.notified()).await;
            match self.servers.slots(self.nodes()).await {
                Ok(slots) => {
                    self.slots.send_if_modified(|known| {
                        let changed = **known != slots;
                        *known = Arc::new(slots);
                        changed
                    });
                }
                Err(reason) => tracing::warn!(%reason, "no server says who has which slot"),
            }
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Tries a connection once, because those that are kept go on trying and hide the reason.
async fn first_look(servers: &Servers) -> Result<SlotMap, String> {
    if servers.is_cluster() {
        return servers.slots(Vec::new()).await.map_err(not_a_cluster);
    }
    let client = servers.first().map(|node| servers.client(node)).transpose();
    if let Some(client) = client.map_err(unreachable_at_start)? {
        client.get_multiplexed_async_connection().await.map_err(unreachable_at_start)?;
    }
    servers.slots(Vec::new()).await.map_err(unreachable_at_start)
}

fn unreachable_at_start(reason: impl fmt::Display) -> String {
    format!("cannot reach redis: {reason}; check the URL and that the server is running")
}

fn not_a_cluster(reason: impl fmt::Display) -> String {
    let remedy = "several hosts in the URL mean a cluster; check that these are the nodes of one, or name one host";
    format!("cannot reach the redis cluster: {reason}; {remedy}")
}

fn with_jitter(millis: u64) -> Duration {
    Duration::from_millis(millis + SystemRandom.below(millis / 2))
}
