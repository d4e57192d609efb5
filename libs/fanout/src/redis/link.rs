use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::{Random, SystemRandom};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::channels::Channels;
use super::line::Line;
use super::names::Names;
use super::publisher::Publisher;
use super::servers::{Node, Servers};
use super::shards::{Change, Shards};
use crate::ear::Ear;

/// Milliseconds between two looks at who has which channel, on a cluster of which nothing is heard; and after one that was
/// asked for, at least. Up to half as much is added by chance.
const LOOK: (u64, u64) = (10_000, 200);

/// One listener's connections: one to each server that has channels. They are mended by us, not by the driver: we know what is
/// wanted, subscribe again, and then say that there was a gap.
pub(super) struct Link {
    pub(super) ear: Ear,
    pub(super) servers: Servers,
    pub(super) names: Names,
    pub(super) publisher: Publisher,
    /// Between two heartbeats, and how long they may stay away.
    pub(super) pace: (Duration, Duration),
    shards: Mutex<Shards>,
    /// Something else is wanted.
    wants: watch::Sender<()>,
    /// Something was confirmed, or a connection came up or went down.
    news: Notify,
    /// Channels may have moved.
    doubt: Notify,
}

impl Link {
    pub(super) fn new(
        queue: usize,
        servers: Servers,
        names: Names,
        publisher: Publisher,
        pace: (Duration, Duration),
    ) -> Self {
        Self {
            ear: Ear::new(queue),
            servers,
            names,
            publisher,
            pace,
            shards: Mutex::new(Shards::new()),
            wants: watch::Sender::new(()),
            news: Notify::new(),
            doubt: Notify::new(),
        }
    }

    /// Whether events are missed at the moment.
    pub(super) fn is_deaf(&self) -> bool {
        self.shards().is_deaf()
    }

    pub(super) fn shards(&self) -> MutexGuard<'_, Shards> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with what is wanted from a server, if it still has any channel.
    pub(super) fn with<T>(&self, node: &Node, act: impl FnOnce(&mut Channels) -> T) -> Option<T> {
        self.shards().of(node).map(act)
    }

    /// Something else is wanted.
    pub(super) fn ask(&self) {
        self.wants.send_replace(());
    }

    pub(super) fn asked(&self) -> watch::Receiver<()> {
        self.wants.subscribe()
    }

    /// Something has changed for those who wait.
    pub(super) fn tell(&self) {
        let deaf = self.is_deaf();
        metrics::gauge!("fanout_deaf").set(if deaf { 1.0 } else { 0.0 });
        self.news.notify_waiters();
    }

    /// Whoever has which channel is to be looked up again.
    pub(super) fn doubt(&self) {
        self.doubt.notify_one();
    }

    /// Waits until the condition holds.
    pub(super) async fn until(&self, holds: impl Fn(&Shards) -> bool) {
        loop {
            let news = self.news.notified();
            if holds(&self.shards()) {
                return;
            }
            news.await;
        }
    }

    /// Keeps a connection to each server that has channels.
    pub(super) async fn run(self: Arc<Self>) {
        let mut lines = Lines::default();
        loop {
            let known = self.shards().nodes();
            match self.servers.owners(known).await {
                Ok(owners) => {
                    let change = self.shards().assign(owners);
                    lines.follow(&self, change);
                    self.ask();
                    self.tell();
                }
                Err(reason) => tracing::warn!(%reason, "no server says who has which channel"),
            }
            if !self.servers.is_cluster() {
                // Nothing can move.
                return std::future::pending().await;
            }
            sleep(with_jitter(LOOK.1)).await;
            let _ = timeout(with_jitter(LOOK.0), self.doubt.notified()).await;
        }
    }
}

fn with_jitter(millis: u64) -> Duration {
    Duration::from_millis(millis + SystemRandom.below(millis / 2))
}

/// The tasks of the connections. They end with it.
#[derive(Default)]
struct Lines(BTreeMap<Node, AbortHandle>);

impl Lines {
    fn follow(&mut self, link: &Arc<Link>, change: Change) {
        for node in change.ended {
            tracing::info!(%node, "a server has no channels any more");
            if let Some(task) = self.0.remove(&node) {
                task.abort();
            }
        }
        for node in change.started {
            let line = Line::new(Arc::clone(link), node.clone());
            self.0.insert(node, tokio::spawn(line.run()).abort_handle());
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.0.values().for_each(AbortHandle::abort);
    }
}
