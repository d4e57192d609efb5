use std::sync::Arc;
use std::time::Duration;

use kernel::{Random, SystemRandom};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use super::channels::Channel;
use super::servers::{Node, Servers};

/// Milliseconds between two looks at who has which channel while nobody doubts it; and at least. Up to half as much is added by
/// chance, so that instances do not all ask at once.
const LOOK: (u64, u64) = (10_000, 200);

/// By channel.
pub(super) type Owners = Arc<[Option<Node>]>;

/// Who has which channel: always the one server, or as the nodes of a cluster say. Looked up again when somebody doubts it.
pub(super) struct Directory {
    servers: Servers,
    owners: watch::Sender<Owners>,
    doubt: Notify,
}

impl Directory {
    pub(super) async fn open(servers: Servers) -> Result<Arc<Self>, String> {
        let owners = watch::Sender::new(servers.owners(Vec::new()).await?);
        Ok(Arc::new(Self { servers, owners, doubt: Notify::new() }))
    }

    pub(super) fn servers(&self) -> &Servers {
        &self.servers
    }

    pub(super) fn owner(&self, channel: Channel) -> Option<Node> {
        self.owners.borrow().get(usize::from(channel)).cloned().flatten()
    }

    /// Every server that has a channel, once.
    pub(super) fn nodes(&self) -> Vec<Node> {
        let mut nodes: Vec<_> = self.owners.borrow().iter().flatten().cloned().collect();
        nodes.sort();
        nodes.dedup();
        nodes
    }

    pub(super) fn follow(&self) -> watch::Receiver<Owners> {
        self.owners.subscribe()
    }

    /// Something was not where it should be.
    pub(super) fn doubt(&self) {
        self.doubt.notify_one();
    }

    /// Looks again, for ever.
    pub(super) async fn keep(self: Arc<Self>) {
        while self.servers.is_cluster() {
            sleep(with_jitter(LOOK.1)).await;
            let _ = timeout(with_jitter(LOOK.0), self.doubt.notified()).await;
            match self.servers.owners(self.nodes()).await {
                Ok(owners) => {
                    self.owners.send_if_modified(|known| {
                        let changed = *known != owners;
                        *known = owners;
                        changed
                    });
                }
                Err(reason) => tracing::warn!(%reason, "no server says who has which channel"),
            }
        }
    }
}

fn with_jitter(millis: u64) -> Duration {
    Duration::from_millis(millis + SystemRandom.below(millis / 2))
}
