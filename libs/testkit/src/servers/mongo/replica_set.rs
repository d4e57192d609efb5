//! A replica set of three, to be killed member by member.

use std::time::Duration;

use anyhow::{Context, Result};
use mongodb::bson::{Bson, Document, doc};
use tempfile::TempDir;

use super::node::{self, Node};
use crate::{folders, ports, wait};

const SET: &str = "rs0";
const MEMBERS: usize = 3;
/// How long the others wait for a sign of life of the primary before they vote.
const ELECTION_MS: i64 = 1_000;
/// How often they ask each other. By default it is two seconds; a member that is held back would vote each time.
const HEARTBEAT_MS: i64 = 200;
const READY: Duration = Duration::from_mins(1);
/// Stops what fetches the primary's log.
const HELD_BACK: &str = "stopReplProducer";

/// Three servers that are one database. They end, and their data goes, when this is dropped.
#[derive(Debug)]
pub struct ReplicaSet {
    nodes: Vec<Node>,
    // Removed on drop, after the processes were ended.
    _folder: TempDir,
}

impl ReplicaSet {
    /// Starts three and waits until one is the primary and two follow it.
    pub(in crate::servers) async fn start() -> Result<Self> {
        let folder = folders::private("replica-set")?;
        let mut nodes = Vec::new();
        for port in ports::free(MEMBERS)? {
            let own = folder.path().join(port.to_string());
            nodes.push(Node::start(own, port, SET, &[]).await?);
        }
        let set = Self { nodes, _folder: folder };
        let member = |(id, node): (i32, &Node)| doc! { "_id": id, "host": node.host() };
        let members: Vec<Document> = (0..).zip(&set.nodes).map(member).collect();
        let settings =
            doc! { "electionTimeoutMillis": ELECTION_MS, "heartbeatIntervalMillis": HEARTBEAT_MS };
        let config = doc! { "_id": SET, "members": members, "settings": settings };
        let admin = node::admin(set.nodes[0].port)?;
        admin.run_command(doc! { "replSetInitiate": config }).await?;
        set.whole().await?;
        Ok(set)
    }

    /// URL of one database of the set, which every member of it is named in.
    pub fn database_url(&self, database: &str) -> String {
        let hosts: Vec<String> = self.nodes.iter().map(Node::host).collect();
        format!("mongodb://{}/{database}?replicaSet={SET}", hosts.join(","))
    }

    /// The member that is the primary, waited for.
    pub async fn primary(&self) -> Result<usize> {
        let look = || async {
            for (member, node) in self.nodes.iter().enumerate() {
                if !node.process().is_alive() {
                    continue;
                }
                let Ok(hello) = node.hello().await else { continue };
                if hello.get_bool("isWritablePrimary").unwrap_or(false) {
                    return Some(member);
                }
            }
            None
        };
        wait::until(READY, look).await.context("no primary")
    }

    /// The other members.
    pub fn others(&self, member: usize) -> Vec<usize> {
        (0..self.nodes.len()).filter(|other| *other != member).collect()
    }

    /// SIGKILL: it is gone when this returns, and had no time to say so.
    pub async fn kill(&self, member: usize) -> Result<()> {
        self.nodes[member].process().kill().await
    }

    /// Starts a killed one again on the same port with the data it had; it answers when this returns, and catches up.
    pub async fn restart(&mut self, member: usize) -> Result<()> {
        self.nodes[member].restart().await
    }

    /// The member alone, whatever it is in the set.
    pub fn member_url(&self, member: usize, database: &str) -> String {
        format!("mongodb://{}/{database}?directConnection=true", self.nodes[member].host())
    }

    /// The member lives and votes, but takes nothing over from the primary until [`ReplicaSet::let_go`]. What is written
    /// after this returns it has not got.
    pub async fn hold_back(&self, member: usize) -> Result<()> {
        let admin = node::admin(self.nodes[member].port)?;
        let stop = doc! { "configureFailPoint": HELD_BACK, "mode": "alwaysOn" };
        let times = node::run(&admin, stop).await?.get_i32("count")?;
        let held = doc! {
            "waitForFailPoint": HELD_BACK,
            "timesEntered": times + 1,
            "maxTimeMS": i64::try_from(READY.as_millis())?,
        };
        admin.run_command(held).await?;
        Ok(())
    }

    /// Lets a member that was held back catch up.
    pub async fn let_go(&self, member: usize) -> Result<()> {
        let admin = node::admin(self.nodes[member].port)?;
        let go = doc! { "configureFailPoint": HELD_BACK, "mode": "off" };
        node::run(&admin, go).await.map(drop)
    }

    /// Waits until every member is up and has caught up enough to vote.
    pub async fn whole(&self) -> Result<()> {
        let look = || async {
            let primary = self.primary().await.ok()?;
            let admin = node::admin(self.nodes[primary].port).ok()?;
            let status = node::run(&admin, doc! { "replSetGetStatus": 1 }).await.ok()?;
            let settled = |member: &Bson| {
                let state = member.as_document().and_then(|member| member.get_str("stateStr").ok());
                matches!(state, Some("PRIMARY" | "SECONDARY"))
            };
            status.get_array("members").ok()?.iter().all(settled).then_some(())
        };
        wait::until(READY, look).await.context("the set is not whole")
    }
}
