//! The seeds' own stack (`peers/seed`): some node processes behind the same gateway, on the same MongoDB and Redis.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, ensure};
use testkit::stack::Gateway;
use testkit::{servers, unique};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use super::usage::Named;

/// One process.
#[derive(Debug)]
struct Node {
    child: Child,
    // What it prints goes nowhere once this is dropped.
    _output: BufReader<ChildStdout>,
}

/// Some processes and their gateway. They end when this is dropped.
#[derive(Debug)]
pub(crate) struct Peer {
    nodes: Vec<Node>,
    gateway: Gateway,
}

impl Peer {
    /// Starts so many.
    pub(crate) async fn start(dir: &Path, count: usize) -> anyhow::Result<Self> {
        let folder = testkit::workspace().join("libs/bench/peers/seed");
        ensure!(folder.join("node_modules").exists(), "run npm ci in {}", folder.display());
        fs::create_dir_all(dir)?;
        let mongo = servers::mongo_database_url(&unique("seed")).await?;
        let redis = servers::redis_url().await?;
        let secret = unique("secret");
        let (mut nodes, mut ports) = (Vec::new(), Vec::new());
        for number in 1..=count {
            let mut command = Command::new("node");
            command.args(["server.js", &mongo, &redis, &secret]).current_dir(&folder);
            command.env("NODE_ENV", "production").stdin(Stdio::null()).stdout(Stdio::piped());
            command
                .stderr(File::create(dir.join(format!("node-{number}.log")))?)
                .kill_on_drop(true);
            let (node, port) = start(command)
                .await
                .with_context(|| format!("node-{number} did not start; see {}", dir.display()))?;
            nodes.push(node);
            ports.push(port);
        }
        let gateway = Gateway::start(dir, &ports).await?;
        Ok(Self { nodes, gateway })
    }

    /// Where clients go.
    pub(crate) fn base(&self) -> &str {
        &self.gateway.base
    }

    /// The same with one process behind each.
    pub(crate) fn instances(&self) -> &Vec<String> {
        &self.gateway.instances
    }

    /// What runs.
    pub(crate) fn processes(&self) -> Vec<Named> {
        let number = |node: &Node| node.child.id().and_then(|pid| i32::try_from(pid).ok());
        let nodes = (1..).zip(&self.nodes);
        let nodes = nodes.filter_map(|(at, node)| Some((format!("node-{at}"), number(node)?)));
        nodes.chain([("nginx".to_owned(), self.gateway.process().pid)]).collect()
    }

    /// Ends the process that was started last.
    pub(crate) async fn stop_last(&mut self) -> anyhow::Result<()> {
        let mut node = self.nodes.pop().context("none is left")?;
        Ok(node.child.kill().await?)
    }
}

/// Starts one, and gives the port that it prints.
async fn start(mut command: Command) -> anyhow::Result<(Node, u16)> {
    let mut child = command.spawn().context("start node")?;
    let mut output = BufReader::new(child.stdout.take().context("no output")?);
    let mut line = String::new();
    output.read_line(&mut line).await?;
    let port = line.trim().parse().context("no port")?;
    Ok((Node { child, _output: output }, port))
}
