use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::try_join_all;
use redis::{Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::connection::{Connection, is_answer, late};
use crate::{DEADLINE, Directory, Node, within};

/// How often a command is sent on: to where its slot has moved, and from there to where it is just moving.
const HOPS: usize = 2;

/// Commands to whichever server has the slot: one connection to each, however many calls at once. A command that a server sends on
/// (`MOVED`, `ASK`) is followed. What was sent and not answered is not sent again, because it may have been done.
#[derive(Clone)]
pub struct Calls {
    directory: Arc<Directory>,
    connections: Arc<Mutex<BTreeMap<Node, Arc<Connection>>>>,
    /// Commands that may wait to be written to one connection.
    pipeline: usize,
    /// Connections live as long as this, whoever needed them first.
    runtime: Handle,
}

impl Calls {
    /// Connections are opened when they are needed, and live on the runtime that this is called on. Above `pipeline` commands that
    /// wait to be written to one of them further ones wait, up to their deadline.
    pub fn new(directory: Arc<Directory>, pipeline: usize) -> Self {
        Self { directory, connections: Arc::default(), pipeline, runtime: Handle::current() }
    }

    /// The servers, and who has which slot.
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// Asks the server that has the slot. It takes at most `patience`, and 100 ms if that server is known to be away.
    pub async fn ask(&self, slot: u16, command: &Cmd, patience: Duration) -> RedisResult<Value> {
        let answer = timeout(patience, self.follow(slot, command)).await;
        let answer = answer.unwrap_or_else(|_| Err(late(patience)));
        if answer.as_ref().is_err_and(is_doubtful) {
            self.directory.doubt();
        }
        answer
    }

    async fn follow(&self, slot: u16, command: &Cmd) -> RedisResult<Value> {
        let Some(mut node) = self.directory.owner(slot) else {
            return Err((ErrorKind::Io, "no server of the cluster has this slot").into());
        };
        let mut asking = false;
        for _ in 0..HOPS {
            let answer = self.connection(&node)?.send(command, asking).await;
            let Err(error) = &answer else { return answer };
            let Some(next) = sent_on(error, &node) else { return answer };
            asking = error.kind() == ErrorKind::Server(ServerErrorKind::Ask);
            if !asking {
                self.directory.doubt();
            }
            node = next;
        }
        self.connection(&node)?.send(command, asking).await
    }

    /// Every server that has a slot answers.
    pub async fn ping(&self) -> Result<(), String> {
        let ping = redis::cmd("PING");
        let nodes = self.directory.nodes();
        let pings = nodes.iter().map(|node| {
            within(DEADLINE, async { self.connection(node)?.send(&ping, false).await })
        });
        try_join_all(pings).await.map(drop)
    }

    fn connection(&self, node: &Node) -> RedisResult<Arc<Connection>> {
        let mut connections = self.connections();
        if let Some(connection) = connections.get(node) {
            return Ok(Arc::clone(connection));
        }
        // A good time to forget those that have no slot any more.
        let known = self.directory.nodes();
        connections.retain(|node, _| known.contains(node));
        let directory = Arc::clone(&self.directory);
        let connection = Connection::start(directory, node.clone(), self.pipeline, &self.runtime)?;
        let connection = Arc::new(connection);
        connections.insert(node.clone(), Arc::clone(&connection));
        Ok(connection)
    }

    fn connections(&self) -> MutexGuard<'_, BTreeMap<Node, Arc<Connection>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// Whether somebody else may have the slot.
fn is_doubtful(error: &RedisError) -> bool {
    use ServerErrorKind::{ClusterDown, MasterDown, Moved, ReadOnly};
    match error.kind() {
        ErrorKind::Server(kind) => matches!(kind, ClusterDown | MasterDown | Moved | ReadOnly),
        _ => !is_answer(error),
    }
}

/// Where the command is to be asked instead. A server that names no host means the one by which it was asked.
fn sent_on(error: &RedisError, asked: &Node) -> Option<Node> {
    let (address, _) = error.redirect_node()?;
    let (host, port) = address.rsplit_once(':')?;
    let port = port.parse().ok()?;
    Some(if host.is_empty() { asked.beside(port) } else { Node::new(host, port) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(kind: ServerErrorKind, detail: &str) -> RedisError {
        (ErrorKind::Server(kind), "sent on", detail.to_owned()).into()
    }

    #[test]
    fn a_command_is_sent_on_to_the_server_that_is_named() {
        let asked = Node::new("a", 1);
        let on = |detail: &str| sent_on(&refusal(ServerErrorKind::Moved, detail), &asked);
        assert_eq!(on("3999 b:6381"), Some(Node::new("b", 6_381)));
        assert_eq!(on("3999 :6381"), Some(Node::new("a", 6_381)));
        assert_eq!(on("3999 ::1:6381"), Some(Node::new("::1", 6_381)));
        for nonsense in ["", "3999", "3999 b", "3999 b:port"] {
            assert_eq!(on(nonsense), None, "{nonsense}");
        }
        assert_eq!(sent_on(&refusal(ServerErrorKind::NoScript, "3999 b:1"), &asked), None);
    }

    #[test]
    fn what_a_server_answers_about_the_command_is_no_reason_to_look_for_another() {
        assert!(!is_doubtful(&refusal(ServerErrorKind::NoScript, "")));
        assert!(is_doubtful(&refusal(ServerErrorKind::Moved, "1 b:1")));
        assert!(is_doubtful(&refusal(ServerErrorKind::ClusterDown, "")));
        assert!(is_doubtful(&late(DEADLINE)));
    }
}
