use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::try_join_all;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Cmd, RedisError, RedisResult, Value};

use super::channels::Channel;
use super::directory::Directory;
use super::servers::Node;
use super::{BACKOFF, DEADLINE, PIPELINE, within, within_deadline};

/// A node of a cluster may be gone for good. Whoever wants it after so many tries begins them anew.
const TRIES: usize = 5;

/// The way out: a connection to each server that something was published through. They mend themselves; who has which channel is
/// ours to know, because the driver's own connection to a cluster may hang for good when a slot moves.
#[derive(Clone)]
pub(super) struct Publisher {
    directory: Arc<Directory>,
    connections: Arc<Mutex<BTreeMap<Node, ConnectionManager>>>,
}

impl Publisher {
    pub(super) fn new(directory: Arc<Directory>) -> Self {
        Self { directory, connections: Arc::default() }
    }

    /// `slot` is a channel of events in the slot of the channel that is named. It may take as long as `patience`.
    pub(super) async fn publish(
        &self,
        slot: Channel,
        name: &str,
        frame: &[u8],
        patience: Duration,
    ) -> Result<(), String> {
        let cluster = self.directory.servers().is_cluster();
        let verb = if cluster { "SPUBLISH" } else { "PUBLISH" };
        let command = redis::cmd(verb).arg(name).arg(frame).to_owned();
        let Some(node) = self.directory.owner(slot) else {
            self.directory.doubt();
            return Err("no server of the cluster has this channel".to_owned());
        };
        let published = within(patience, self.follow(node, &command)).await;
        if published.is_err() {
            self.directory.doubt();
        }
        published
    }

    /// Asks the server, and the other one to which it may send on.
    async fn follow(&self, node: Node, command: &Cmd) -> RedisResult<()> {
        let Err(error) = self.ask(&node, command).await else { return Ok(()) };
        let Some(moved) = moved_to(&error) else { return Err(error) };
        self.directory.doubt();
        self.ask(&moved, command).await
    }

    /// Every server answers.
    pub(super) async fn ping(&self) -> Result<(), String> {
        let nodes = self.directory.nodes();
        // A good time to forget those that are none any more.
        self.connections().retain(|node, _| nodes.contains(node));
        let ping = redis::cmd("PING");
        let pings = nodes.iter().map(|node| within_deadline(self.ask(node, &ping)));
        try_join_all(pings).await.map(drop)
    }

    async fn ask(&self, node: &Node, command: &Cmd) -> RedisResult<()> {
        let mut connection = self.connection(node)?;
        command.query_async::<Value>(&mut connection).await.map(drop)
    }

    fn connection(&self, node: &Node) -> RedisResult<ConnectionManager> {
        let mut connections = self.connections();
        if let Some(connection) = connections.get(node) {
            return Ok(connection.clone());
        }
        let servers = self.directory.servers();
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(DEADLINE))
            .set_connection_timeout(Some(DEADLINE))
            .set_number_of_retries(if servers.is_cluster() { TRIES } else { usize::MAX })
            .set_max_delay(BACKOFF)
            .set_pipeline_buffer_size(PIPELINE);
        let connection = ConnectionManager::new_lazy_with_config(servers.client(node)?, config)?;
        connections.insert(node.clone(), connection.clone());
        Ok(connection)
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, BTreeMap<Node, ConnectionManager>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn moved_to(error: &RedisError) -> Option<Node> {
    let (address, _) = error.redirect_node()?;
    let (host, port) = address.rsplit_once(':')?;
    let port = port.parse().ok()?;
    (!host.is_empty()).then(|| Node::new(host, port))
}
