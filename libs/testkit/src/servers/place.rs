use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::{mongo, rabbit, redis, smtp};
use crate::ports;
use crate::process::{self, Life, Process};

/// From the start of a process to its first good answer. Erlang needs 5 s on an idle machine of two cores.
const READY: Duration = Duration::from_mins(1);

/// A kind of server that the tests use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `MongoDB`, a replica set of one.
    Mongo,
    /// Redis, one node.
    Redis,
    /// Redis, a cluster of three masters.
    Cluster,
    /// `RabbitMQ`, one node.
    Rabbit,
    /// A mail server.
    Smtp,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Mongo, Self::Redis, Self::Cluster, Self::Rabbit, Self::Smtp];

    /// Its name in folders and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mongo => "mongo",
            Self::Redis => "redis",
            Self::Cluster => "cluster",
            Self::Rabbit => "rabbit",
            Self::Smtp => "smtp",
        }
    }

    fn port_count(self) -> usize {
        match self {
            Self::Rabbit => 3,
            Self::Cluster => redis::CLUSTER_PORTS,
            Self::Mongo | Self::Redis | Self::Smtp => 1,
        }
    }
}

/// Where one server lives: what stays the same when it is started again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Place {
    /// What kind of server it is.
    pub kind: Kind,
    /// Its data, log and everything else it writes.
    pub folder: PathBuf,
    /// The first is the one that clients use.
    pub ports: Vec<u16>,
}

impl Place {
    /// An empty folder (what was in it is removed) and free ports.
    pub(super) fn fresh(kind: Kind, folder: &Path) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("empty {}", folder.display()))?;
        }
        fs::create_dir_all(folder)?;
        Ok(Self { kind, folder: folder.to_owned(), ports: ports::free(kind.port_count())? })
    }

    /// The port that clients use.
    pub fn port(&self) -> u16 {
        self.ports.first().copied().unwrap_or_default()
    }

    /// What a client is given.
    pub fn url(&self) -> String {
        match self.kind {
            Kind::Mongo => mongo::url(self),
            Kind::Redis => redis::url(self),
            Kind::Cluster => redis::cluster_url(self),
            Kind::Rabbit => rabbit::url(self),
            Kind::Smtp => smtp::url(self),
        }
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    pub(super) async fn start(&self, life: Life) -> Result<Process> {
        let command = match self.kind {
            Kind::Mongo => mongo::command(self).await?,
            Kind::Redis => redis::command(self).await?,
            Kind::Cluster => redis::cluster_command(self).await?,
            Kind::Rabbit => rabbit::command(self).await?,
            Kind::Smtp => smtp::command(self).await?,
        };
        Process::start(command, &self.log(), life)
    }

    /// Waits until it answers as it should; fails with the end of its log when it ended instead or never does.
    pub(super) async fn ready(&self, process: Process) -> Result<()> {
        let end = Instant::now() + READY;
        loop {
            let Err(error) = self.check().await else { return Ok(()) };
            if !process.is_alive() || Instant::now() > end {
                let (name, log) = (self.kind.name(), process::tail(&self.log()));
                bail!("{name} did not start ({error:#}); its log ends so:\n{log}");
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn check(&self) -> Result<()> {
        match self.kind {
            Kind::Mongo => mongo::check(self).await,
            Kind::Redis => redis::check(self).await,
            Kind::Cluster => redis::check_cluster(self).await,
            Kind::Rabbit => rabbit::check(self).await,
            Kind::Smtp => smtp::check(self).await,
        }
    }

    /// Ends what a server leaves behind.
    pub(super) async fn clear(&self) {
        if self.kind == Kind::Rabbit {
            rabbit::end_epmd(self).await;
        }
    }
}
