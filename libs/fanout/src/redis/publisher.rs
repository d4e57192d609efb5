use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{RedisResult, Value};

use super::servers::Servers;
use super::{BACKOFF, DEADLINE, PIPELINE, within_deadline};

/// The way out: the driver's own connection to one server, or to those of a cluster. It mends itself, and follows slots that
/// move.
#[derive(Clone)]
pub(super) enum Publisher {
    Node(ConnectionManager),
    Cluster(ClusterConnection),
}

impl Publisher {
    pub(super) async fn connect(servers: &Servers) -> RedisResult<Self> {
        if servers.is_cluster() {
            let client = ClusterClient::builder(servers.seeds())
                .connection_timeout(DEADLINE)
                .response_timeout(DEADLINE)
                .build()?;
            return client.get_async_connection().await.map(Self::Cluster);
        }
        let Some(seed) = servers.seeds().into_iter().next() else {
            return Err((redis::ErrorKind::InvalidClientConfig, "no host is named").into());
        };
        let client = redis::Client::open(seed)?;
        // Tried once without the manager, which would go on trying and hide the reason.
        client.get_multiplexed_async_connection().await?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(DEADLINE))
            .set_connection_timeout(Some(DEADLINE))
            .set_number_of_retries(usize::MAX)
            .set_max_delay(BACKOFF)
            .set_pipeline_buffer_size(PIPELINE);
        ConnectionManager::new_with_config(client, config).await.map(Self::Node)
    }

    pub(super) async fn publish(&self, channel: &str, frame: &[u8]) -> Result<(), String> {
        let verb = match self {
            Self::Node(_) => "PUBLISH",
            Self::Cluster(_) => "SPUBLISH",
        };
        self.ask(redis::cmd(verb).arg(channel).arg(frame)).await
    }

    /// Every server answers.
    pub(super) async fn ping(&self) -> Result<(), String> {
        self.ask(&redis::cmd("PING")).await
    }

    async fn ask(&self, command: &redis::Cmd) -> Result<(), String> {
        let answer = async {
            match self {
                Self::Node(connection) => {
                    command.query_async::<Value>(&mut connection.clone()).await
                }
                Self::Cluster(connection) => {
                    command.query_async::<Value>(&mut connection.clone()).await
                }
            }
        };
        within_deadline(answer).await.map(drop)
    }
}
