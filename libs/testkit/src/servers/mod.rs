//! Real servers on the loopback address, on ports of their own.
//!
//! The shared ones ([`mongo_url`], [`redis_url`], [`redis_cluster_url`], [`amqp_url`], [`smtp()`]) are started once for a
//! checkout and found again by every test; what tests put there is kept apart by name ([`crate::unique`]). A test that wants to
//! kill a server starts a private one ([`private_redis`] and its like).

mod mongo;
mod place;
mod private;
mod rabbit;
mod redis;
mod shared;
mod smtp;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::wait;

pub use mongo::{ReplicaSet, Sharded, reads};
pub use place::{Kind, Place};
pub use private::PrivateServer;
pub use redis::RedisCluster;
pub use shared::{Services, Shared};

pub(crate) use mongo::drop_databases;

/// URL of the shared `MongoDB` without a database, `mongodb://127.0.0.1:PORT/?replicaSet=rs0`.
pub async fn mongo_url() -> Result<String> {
    Ok(Services::default().get(Kind::Mongo).await?.url)
}

/// URL of one database of the shared `MongoDB`, `mongodb://127.0.0.1:PORT/DATABASE?replicaSet=rs0`.
pub async fn mongo_database_url(database: &str) -> Result<String> {
    let url = mongo_url().await?;
    Ok(url.replace("/?", &format!("/{database}?")))
}

/// URL of the shared Redis, `redis://127.0.0.1:PORT`.
pub async fn redis_url() -> Result<String> {
    Ok(Services::default().get(Kind::Redis).await?.url)
}

/// URL of the shared Redis cluster, `redis://127.0.0.1:PORT,127.0.0.1:PORT,127.0.0.1:PORT`.
pub async fn redis_cluster_url() -> Result<String> {
    Ok(Services::default().get(Kind::Cluster).await?.url)
}

/// URL of the shared `RabbitMQ`, `amqp://guest:guest@127.0.0.1:PORT/%2f`.
pub async fn amqp_url() -> Result<String> {
    Ok(Services::default().get(Kind::Rabbit).await?.url)
}

/// The shared mail server.
#[derive(Debug, Clone)]
pub struct Smtp {
    /// `smtp://127.0.0.1:PORT`. A recipient `refuse-NNN@…` is refused with that code (451, 550, …).
    pub url: String,
    /// Where each mail appears whole as one `.eml` file.
    pub mail: PathBuf,
}

impl Smtp {
    /// Waits for a mail that names `address`, and gives it whole.
    pub async fn mail_to(&self, address: &str, deadline: Duration) -> Result<String> {
        let find = || async {
            let entries = std::fs::read_dir(&self.mail).ok()?.flatten().map(|entry| entry.path());
            let mails = entries.filter(|path| path.extension().is_some_and(|end| end == "eml"));
            mails
                .filter_map(|path| std::fs::read_to_string(path).ok())
                .find(|mail| mail.contains(address))
        };
        wait::until(deadline, find).await.context("no such mail")
    }
}

/// The shared mail server. Mails of all tests lie in one folder: look for an address of your own.
pub async fn smtp() -> Result<Smtp> {
    Services::default().smtp().await
}

/// A `MongoDB` of one's own.
pub async fn private_mongo() -> Result<PrivateServer> {
    PrivateServer::start(Kind::Mongo).await
}

/// A `MongoDB` of three servers of one's own, any of which may be killed.
pub async fn private_replica_set() -> Result<ReplicaSet> {
    ReplicaSet::start().await
}

/// A `MongoDB` of two shards of one's own.
pub async fn sharded() -> Result<Sharded> {
    Sharded::start().await
}

/// A Redis of one's own.
pub async fn private_redis() -> Result<PrivateServer> {
    PrivateServer::start(Kind::Redis).await
}

/// A Redis cluster of three masters of one's own, any of which may be killed; with a replica of each or without.
pub async fn private_redis_cluster(with_replicas: bool) -> Result<RedisCluster> {
    RedisCluster::start(with_replicas).await
}

/// A `RabbitMQ` of one's own; takes five seconds to start.
pub async fn private_rabbit() -> Result<PrivateServer> {
    PrivateServer::start(Kind::Rabbit).await
}

/// Says something to a port and gives the first that is answered.
async fn talk(port: u16, words: &[u8]) -> Result<Vec<u8>> {
    let exchange = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(words).await?;
        let mut answer = vec![0_u8; 256];
        let length = stream.read(&mut answer).await?;
        answer.truncate(length);
        Ok(answer)
    };
    timeout(Duration::from_secs(2), exchange).await.context("no answer in time")?
}
