//! The way to Redis, one node or a cluster: who has which slot, and a connection to each node that mends itself. Knows nothing
//! of what is said there.
//!
//! Why a cluster is not left to the driver: `docs/decisions/0009-our-own-way-around-a-redis-cluster.md`.

mod calls;
mod connection;
mod directory;
mod servers;
mod slots;

use std::time::Duration;

use redis::RedisResult;
use tokio::time::timeout;

pub use calls::Calls;
pub use directory::{Directory, Keeper};
pub use servers::{Node, Servers};
pub use slots::{SlotMap, slot_of};

/// How long a server may take to answer, and to let us in.
pub const DEADLINE: Duration = Duration::from_secs(1);
/// How long connecting at start may take.
pub const CONNECT: Duration = Duration::from_secs(5);

/// The answer, or an error once `patience` is over.
pub async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = RedisResult<T>>,
) -> Result<T, String> {
    match timeout(patience, answer).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} ms", patience.as_millis())),
    }
}
