use std::time::Duration;

use redis_nodes::{Calls, slot_of};

/// The way out: each event goes to the server that has its channel.
#[derive(Clone)]
pub(super) struct Publisher {
    calls: Calls,
}

impl Publisher {
    pub(super) fn new(calls: Calls) -> Self {
        Self { calls }
    }

    /// On the channel of that name. It may take as long as `patience`.
    pub(super) async fn publish(
        &self,
        name: &str,
        frame: &[u8],
        patience: Duration,
    ) -> Result<(), String> {
        let cluster = self.calls.directory().servers().is_cluster();
        let verb = if cluster { "SPUBLISH" } else { "PUBLISH" };
        let mut command = redis::cmd(verb);
        command.arg(name).arg(frame);
        let published = self.calls.ask(slot_of(name), &command, patience).await;
        published.map(drop).map_err(|error| error.to_string())
    }

    /// Every server answers.
    pub(super) async fn ping(&self) -> Result<(), String> {
        self.calls.ping().await
    }
}
