use std::path::Path;
use std::sync::Arc;

use ::sqlite::Databases;
use kernel::Clock;

use crate::{Kv, KvError, RedisKv, SqliteKv};

/// Opens the adapter that the scheme of `url` names: `sqlite:PATH` or `redis://…`.
pub async fn open(
    url: &str,
    namespace: &str,
    databases: &Databases,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Kv>, KvError> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let database = databases.open(Path::new(path))?;
        return Ok(Arc::new(SqliteKv::new(database, namespace, clock).await?));
    }
    if url.starts_with("redis:") || url.starts_with("rediss:") {
        return Ok(Arc::new(RedisKv::connect(url, namespace).await?));
    }
    Err(KvError("kv.url: use sqlite:PATH or redis://host:port".to_owned()))
}
