use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis_nodes::{Directory, Node};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::channels::Channels;
use super::line::Line;
use super::names::Names;
use super::publisher::Publisher;
use super::shards::{Change, Shards};
use crate::ear::Ear;

/// One listener's connections: one to each server that has channels. They are mended by us, not by the driver: we know what is
/// wanted, subscribe again, and then say that there was a gap.
pub(super) struct Link {
    pub(super) ear: Ear,
    pub(super) directory: Arc<Directory>,
    pub(super) names: Names,
    pub(super) publisher: Publisher,
    /// Between two heartbeats, and how long they may stay away.
    pub(super) pace: (Duration, Duration),
    shards: Mutex<Shards>,
    /// Something else is wanted.
    wants: watch::Sender<()>,
    /// Something was confirmed, or a connection came up or went down.
    news: Notify,
}

impl Link {
    pub(super) fn new(
        queue: usize,
        directory: Arc<Directory>,
        names: Names,
        publisher: Publisher,
        pace: (Duration, Duration),
    ) -> Self {
        Self {
            ear: Ear::new(queue),
            directory,
            names,
            publisher,
            pace,
            shards: Mutex::new(Shards::new()),
            wants: watch::Sender::new(()),
            news: Notify::new(),
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
        let channels = self.names.slots();
        let mut slots = self.directory.follow();
        loop {
            let now = Arc::clone(&slots.borrow_and_update());
            let owners: Vec<_> = channels.iter().map(|slot| now.owner(*slot).cloned()).collect();
            let change = self.shards().assign(&owners);
            lines.follow(&self, change);
            self.ask();
            self.tell();
            if slots.changed().await.is_err() {
                return;
            }
        }
    }
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
            let running = Line::new(Arc::clone(link), node.clone()).run();
            self.0.insert(node, tokio::spawn(running).abort_handle());
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.0.values().for_each(AbortHandle::abort);
    }
}
