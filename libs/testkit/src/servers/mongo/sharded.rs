//! Two shards and the server that knows which holds what, without `mongos`: a shard carries the router's commands itself.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use mongodb::bson::{Bson, Document, doc};
use tempfile::TempDir;

use super::node::{self, Node};
use crate::{folders, ports, wait};

const SHARDS: [&str; 2] = ["rsA", "rsB"];
const CONFIG: &str = "rsC";
const READY: Duration = Duration::from_mins(1);
/// Making a collection writes on every shard.
const PATIENCE: Duration = Duration::from_secs(30);

/// A cluster of two shards with one database. It ends, and its data goes, when this is dropped.
///
/// Sessions do not work this way, so no transactions and no retryable writes; of updates there is no explanation.
#[derive(Debug)]
pub struct Sharded {
    shards: Vec<Node>,
    database: String,
    version: Document,
    config: Node,
    // Removed on drop, after the processes were ended.
    _folder: TempDir,
}

impl Sharded {
    pub(in crate::servers) async fn start() -> Result<Self> {
        let folder = folders::private("sharded")?;
        let ports = ports::free(3)?;
        let (config, shards) = ports.split_first().context("no ports")?;
        let at = |name: &str| folder.path().join(name);
        let config = Node::start(at(CONFIG), *config, CONFIG, &["--configsvr"]).await?;
        initiate(&config, CONFIG, true).await?;
        let mut nodes = Vec::new();
        for (port, name) in shards.iter().zip(SHARDS) {
            let node = Node::start(at(name), *port, name, &["--shardsvr"]).await?;
            initiate(&node, name, false).await?;
            let host = format!("{name}/{}", node.host());
            let add = doc! { "_configsvrAddShard": host, "writeConcern": { "w": "majority" } };
            patiently(&config, "admin", add).await?;
            nodes.push(node);
        }
        let database = "chat".to_owned();
        let create = doc! {
            "_configsvrCreateDatabase": &database,
            "primaryShardId": SHARDS[0],
            "writeConcern": { "w": "majority" },
        };
        let created = patiently(&config, "admin", create).await?;
        let version = created.get_document("databaseVersion")?.clone();
        Ok(Self { shards: nodes, database, version, config, _folder: folder })
    }

    /// Makes a collection whose documents are spread by the hash of this field.
    pub async fn shard(&self, collection: &str, key: &str) -> Result<()> {
        let create = doc! {
            "_shardsvrCreateCollection": collection,
            "shardKey": { key: "hashed" },
            "unique": false,
            "numInitialChunks": 4,
            "databaseVersion": self.version.clone(),
            "writeConcern": { "w": "majority" },
        };
        patiently(&self.shards[0], &self.database, create).await?;
        Ok(())
    }

    /// Makes indexes (`{createIndexes: …}`) on every shard, as a router does: the shards are told that the collection is
    /// sharded, and refuse a unique index that they cannot hold.
    pub async fn create_indexes(&self, command: &Document) -> Result<()> {
        let collection = command.get_str("createIndexes")?;
        for (shard, name) in self.shards.iter().zip(SHARDS) {
            let mut command = command.clone();
            command.insert("shardVersion", self.shard_version(collection, name).await?);
            patiently(shard, &self.database, command).await?;
        }
        Ok(())
    }

    /// What a router tells a shard that it knows about a collection.
    async fn shard_version(&self, collection: &str, shard: &str) -> Result<Document> {
        let space = format!("{}.{collection}", self.database);
        let known = self.known("collections", doc! { "_id": space }).await?;
        let chunks = doc! { "uuid": known.get("uuid"), "shard": shard };
        let newest = self.known("chunks", chunks).await?;
        let field = |row: &Document, name: &str| row.get(name).cloned().context("no version");
        Ok(doc! {
            "e": field(&known, "lastmodEpoch")?,
            "t": field(&known, "timestamp")?,
            "v": field(&newest, "lastmod")?,
        })
    }

    /// The newest row of one of the cluster's own collections.
    async fn known(&self, collection: &str, filter: Document) -> Result<Document> {
        let find =
            doc! { "find": collection, "filter": filter, "sort": { "lastmod": -1 }, "limit": 1 };
        let reply = patiently(&self.config, "config", find).await?;
        let rows = reply.get_document("cursor")?.get_array("firstBatch")?;
        let row = rows.first().and_then(Bson::as_document);
        row.cloned().with_context(|| format!("nothing in {collection}"))
    }

    /// Runs one of the router's commands: `clusterInsert`, `clusterFind`, `clusterAggregate`, …
    pub async fn route(&self, command: Document) -> Result<Document> {
        patiently(&self.shards[0], &self.database, command).await
    }

    /// How many shards a router asks for such a `find` (its fields, without its name), and the stage that says so:
    /// `SINGLE_SHARD` or `SHARD_MERGE`.
    pub async fn targets(&self, collection: &str, find: &Document) -> Result<(String, usize)> {
        let mut command = doc! { "clusterFind": collection };
        command.extend(find.clone());
        let explain = doc! { "explain": command, "verbosity": "queryPlanner" };
        let answer = self.route(explain).await?;
        let plan = answer.get_document("queryPlanner")?.get_document("winningPlan")?;
        let shards = plan.get_array("shards").map_or(0, Vec::len);
        Ok((plan.get_str("stage")?.to_owned(), shards))
    }

    /// How many documents of a collection each shard holds.
    pub async fn spread(&self, collection: &str) -> Result<Vec<usize>> {
        let mut counts = Vec::new();
        for shard in &self.shards {
            let count = patiently(shard, &self.database, doc! { "count": collection }).await?;
            let count = count.get("n").and_then(Bson::as_i32).context("no count")?;
            counts.push(usize::try_from(count)?);
        }
        ensure!(counts.len() == SHARDS.len(), "a shard is missing");
        Ok(counts)
    }
}

async fn initiate(node: &Node, set: &str, config: bool) -> Result<()> {
    let members = [doc! { "_id": 0, "host": node.host() }];
    let mut set = doc! { "_id": set, "members": members.to_vec() };
    if config {
        set.insert("configsvr", true);
    }
    node::admin(node.port)?.run_command(doc! { "replSetInitiate": set }).await?;
    let primary = || async {
        let hello = node.hello().await.ok()?;
        hello.get_bool("isWritablePrimary").unwrap_or(false).then_some(())
    };
    wait::until(READY, primary).await.context("no primary")
}

async fn patiently(node: &Node, database: &str, command: Document) -> Result<Document> {
    let name = command.keys().next().cloned().unwrap_or_default();
    let database = node::admin(node.port)?.client().database(database);
    let answer = tokio::time::timeout(PATIENCE, database.run_command(command)).await;
    answer.with_context(|| format!("no answer to {name}"))?.with_context(|| name)
}
