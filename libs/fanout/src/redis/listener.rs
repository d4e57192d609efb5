use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::link::Link;
use super::shards::Shards;
use crate::{FanoutError, Happening, Listener, Subject};

/// Watching waits this long for the confirmation. Longer than one command may take: others may be before it.
const CONFIRM: Duration = Duration::from_secs(3);

pub(super) struct RedisListener {
    link: Arc<Link>,
    task: JoinHandle<()>,
}

impl RedisListener {
    pub(super) fn start(link: Arc<Link>) -> Self {
        let task = tokio::spawn(Arc::clone(&link).run());
        Self { link, task }
    }

    /// Waits for the connections. Of a cluster one will do: the others count as broken, and are gone on with.
    pub(super) async fn ready(&self, within: Duration) -> Result<(), FanoutError> {
        let all = self.link.until(|shards| !shards.is_deaf());
        if timeout(within, all).await.is_ok() {
            return Ok(());
        }
        if self.link.shards().up() == 0 {
            return Err(FanoutError("could not subscribe: no connection to redis".to_owned()));
        }
        tracing::warn!("the fan-out starts without some of the cluster's servers");
        Ok(())
    }
}

#[async_trait]
impl Listener for RedisListener {
    #[tracing::instrument(name = "fanout.watch", level = "debug", skip_all, fields(subjects = subjects.len()))]
    async fn watch(&self, subjects: &[Subject]) -> Result<(), FanoutError> {
        {
            let mut shards = self.link.shards();
            self.link.ear.watch(subjects).into_iter().for_each(|new| shards.want(new));
        }
        self.link.ask();
        let late = |_| FanoutError("the subscription was not confirmed in time".to_owned());
        let confirmed = self.link.until(|shards: &Shards| shards.covers(subjects));
        timeout(CONFIRM, confirmed).await.map_err(late)
    }

    async fn unwatch(&self, subjects: &[Subject]) {
        {
            let mut shards = self.link.shards();
            self.link.ear.unwatch(subjects).into_iter().for_each(|gone| shards.forget(gone));
        }
        self.link.ask();
    }

    fn is_behind(&self) -> bool {
        self.link.ear.is_behind()
    }

    async fn next(&self) -> Option<Happening> {
        self.link.ear.next().await
    }
}

impl fmt::Debug for RedisListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisListener").field("deaf", &self.link.is_deaf()).finish_non_exhaustive()
    }
}

impl Drop for RedisListener {
    fn drop(&mut self) {
        self.task.abort();
    }
}
