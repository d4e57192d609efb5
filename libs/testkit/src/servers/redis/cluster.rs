use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::Place;
use crate::process::{Life, Process, tail};
use crate::{folders, install, ports, wait};

/// Servers of the shared cluster, each with slots.
const MASTERS: usize = 3;
/// One for clients and one for the others, of each.
pub(in crate::servers) const PORTS: usize = 2 * MASTERS;
const SLOTS: usize = 16_384;
/// A server that is silent for so long has failed. Slots without a server do not stop the others.
const CLUSTER: &str = "--cluster-enabled yes --cluster-config-file nodes.conf \
                       --cluster-node-timeout 2000 --cluster-require-full-coverage no";
const READY: Duration = Duration::from_mins(1);

/// Starts a server in a folder for each pair of ports, and ends them all when it is told to.
const ALL: &str = r#"
server=$1 folder=$2 options=$3; shift 3
trap 'kill $pids' TERM INT
while [ $# -gt 0 ]; do
  mkdir -p "$folder/$1"
  "$server" --port "$1" --cluster-port "$2" --bind 127.0.0.1 --dir "$folder/$1" --save "" --appendonly no $options &
  pids="$pids $!"
  shift 2
done
wait; wait
"#;

pub(in crate::servers) fn url(place: &Place) -> String {
    url_of(place.ports.iter().step_by(2).copied())
}

fn url_of(ports: impl Iterator<Item = u16>) -> String {
    let hosts: Vec<_> = ports.map(|port| format!("127.0.0.1:{port}")).collect();
    format!("redis://{}", hosts.join(","))
}

pub(in crate::servers) async fn command(place: &Place) -> Result<Command> {
    let mut command = Command::new("sh");
    command.args(["-c", ALL, "redis-cluster"]).arg(install::redis().await?).arg(&place.folder);
    command.arg(CLUSTER).args(place.ports.iter().map(u16::to_string));
    Ok(command)
}

pub(in crate::servers) async fn check(place: &Place) -> Result<()> {
    let pairs: Vec<_> = place.ports.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    join(&pairs, pairs.len()).await
}

/// Makes servers one cluster in which the first `masters` have slots, and fails until it is one. Each is its port for clients
/// and the one for the others.
async fn join(servers: &[(u16, u16)], masters: usize) -> Result<()> {
    for (index, (port, _)) in servers.iter().enumerate().take(masters) {
        if field(&info(*port).await?, "cluster_slots_assigned") == Some(0) {
            let (first, last) = (slots(index, masters), slots(index + 1, masters) - 1);
            say(*port, &format!("CLUSTER ADDSLOTSRANGE {first} {last}")).await?;
            say(*port, &format!("CLUSTER SET-CONFIG-EPOCH {}", index + 1)).await?;
        }
    }
    let (first, _) = servers[0];
    if field(&info(first).await?, "cluster_known_nodes") != Some(servers.len()) {
        for (port, bus) in &servers[1..] {
            say(first, &format!("CLUSTER MEET 127.0.0.1 {port} {bus}")).await?;
        }
    }
    for (port, _) in servers {
        let info = info(*port).await?;
        ensure!(info.contains("cluster_state:ok"), "{port} is not part of the cluster yet");
        let counts = ["cluster_known_nodes", "cluster_slots_ok"].map(|name| field(&info, name));
        ensure!(counts == [Some(servers.len()), Some(SLOTS)], "{port} does not know all: {info}");
    }
    Ok(())
}

fn slots(index: usize, masters: usize) -> usize {
    index * SLOTS / masters
}

async fn info(port: u16) -> Result<String> {
    say(port, "CLUSTER INFO").await
}

fn field(info: &str, name: &str) -> Option<usize> {
    let lines = info.lines().filter_map(|line| line.split_once(':'));
    lines.filter(|(key, _)| *key == name).find_map(|(_, value)| value.trim().parse().ok())
}

/// The beginning of the answer; an error is one.
async fn say(port: u16, command: &str) -> Result<String> {
    let answer = super::super::talk(port, format!("{command}\r\n").as_bytes()).await?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    ensure!(!answer.starts_with('-'), "{command}: {answer}");
    Ok(answer)
}

/// A cluster of one test's own, to be killed node by node. It ends, and its data goes, when this is dropped.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Node>,
    masters: usize,
    folder: TempDir,
}

#[derive(Debug)]
struct Node {
    port: u16,
    bus: u16,
    process: Process,
}

impl RedisCluster {
    /// Three masters with a third of the slots each, and as many replicas of each as wanted (0 or 1).
    pub(in crate::servers) async fn start(with_replicas: bool) -> Result<Self> {
        let count = if with_replicas { 2 * MASTERS } else { MASTERS };
        let folder = folders::private("redis-cluster")?;
        let mut cluster = Self { nodes: Vec::new(), masters: MASTERS, folder };
        for pair in ports::free(2 * count)?.chunks_exact(2) {
            let process = cluster.spawn(pair[0], pair[1]).await?;
            cluster.nodes.push(Node { port: pair[0], bus: pair[1], process });
        }
        cluster.whole().await?;
        for replica in MASTERS..count {
            let master = cluster.id(replica - MASTERS).await?;
            cluster.say(replica, &format!("CLUSTER REPLICATE {master}")).await?;
            let synced = || async {
                let info = cluster.say(replica - MASTERS, "INFO replication").await.ok()?;
                info.contains("state=online").then_some(())
            };
            wait::until(READY, synced).await.context("the replica does not follow")?;
        }
        Ok(cluster)
    }

    /// What a client is given: all nodes. Stays the same over restarts.
    pub fn url(&self) -> String {
        url_of(self.nodes.iter().map(|node| node.port))
    }

    /// How many nodes there are. The first three begin as masters; the fourth is the first one's replica, and so on.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Says something to a node and gives the beginning of the answer.
    pub async fn say(&self, node: usize, command: &str) -> Result<String> {
        say(self.nodes[node].port, command).await
    }

    /// The process of a node, for instance to read what it has used.
    pub fn pid(&self, node: usize) -> i32 {
        self.nodes[node].process.pid
    }

    /// SIGKILL: it is gone when this returns, and had no time to say so.
    pub async fn kill(&self, node: usize) -> Result<()> {
        self.nodes[node].process.kill().await
    }

    /// Starts a killed one again on the same ports as what it was; it answers when this returns.
    pub async fn restart(&mut self, node: usize) -> Result<()> {
        let (port, bus) = (self.nodes[node].port, self.nodes[node].bus);
        self.nodes[node].process = self.spawn(port, bus).await?;
        Ok(())
    }

    /// Waits until every node knows every other and all slots have one.
    pub async fn whole(&self) -> Result<()> {
        let servers: Vec<_> = self.nodes.iter().map(|node| (node.port, node.bus)).collect();
        let joined = || async { join(&servers, self.masters).await.ok() };
        wait::until(READY, joined).await.context("the nodes do not become a cluster")
    }

    /// Moves one slot with its keys from a node to another, both of them masters.
    pub async fn move_slot(&self, slot: u16, from: usize, to: usize) -> Result<()> {
        self.begin_move(slot, from, to).await?;
        while self.move_key(slot, from, to).await? {}
        self.end_move(slot, from, to).await
    }

    /// From here on the slot's keys are in both: what `from` does not have, it sends on to `to`.
    pub async fn begin_move(&self, slot: u16, from: usize, to: usize) -> Result<()> {
        let (source, target) = (self.id(from).await?, self.id(to).await?);
        self.say(to, &format!("CLUSTER SETSLOT {slot} IMPORTING {source}")).await?;
        self.say(from, &format!("CLUSTER SETSLOT {slot} MIGRATING {target}")).await?;
        Ok(())
    }

    /// Moves one key of the slot. Says whether there was one.
    pub async fn move_key(&self, slot: u16, from: usize, to: usize) -> Result<bool> {
        let answer = self.say(from, &format!("CLUSTER GETKEYSINSLOT {slot} 1")).await?;
        let Some(key) = answer.lines().nth(2) else { return Ok(false) };
        let port = self.nodes[to].port;
        self.say(from, &format!("MIGRATE 127.0.0.1 {port} \"{key}\" 0 5000")).await?;
        Ok(true)
    }

    /// The slot is where its keys are.
    pub async fn end_move(&self, slot: u16, from: usize, to: usize) -> Result<()> {
        let target = self.id(to).await?;
        for node in [to, from] {
            self.say(node, &format!("CLUSTER SETSLOT {slot} NODE {target}")).await?;
        }
        Ok(())
    }

    async fn id(&self, node: usize) -> Result<String> {
        let answer = self.say(node, "CLUSTER MYID").await?;
        answer.lines().nth(1).map(str::to_owned).context("no id")
    }

    async fn spawn(&self, port: u16, bus: u16) -> Result<Process> {
        let folder = self.folder(port);
        std::fs::create_dir_all(&folder)?;
        let mut command = super::node(&folder, port).await?;
        command.args(["--cluster-port", &bus.to_string()]).args(CLUSTER.split_whitespace());
        let log = folder.join("log");
        let process = Process::start(command, &log, Life::WithStarter)?;
        let up = || async { super::answers(port).await.ok() };
        wait::until(READY, up).await.with_context(|| tail(&log))?;
        Ok(process)
    }

    fn folder(&self, port: u16) -> PathBuf {
        self.folder.path().join(port.to_string())
    }
}

impl Drop for RedisCluster {
    fn drop(&mut self) {
        self.nodes.iter().for_each(|node| node.process.kill_now());
    }
}
