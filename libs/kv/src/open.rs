use std::path::Path;
use std::sync::Arc;

use ::sqlite::Databases;
use kernel::Clock;

use crate::{Kv, KvError, RedisKv, SqliteKv};

/// Opens the adapter that the scheme of `kv.url` names: `sqlite:PATH` or `redis://…`.
pub async fn open(
    settings: &settings::Kv,
    databases: &Databases,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Kv>, KvError> {
    let (url, namespace) = (&settings.url, &settings.namespace);
    match url.scheme() {
        "sqlite" => {
            let database = databases.open(Path::new(url.path()))?;
            Ok(Arc::new(SqliteKv::new(database, namespace, clock).await?))
        }
        "redis" | "rediss" => Ok(Arc::new(RedisKv::connect(url.as_str(), namespace).await?)),
        _ => Err(KvError("kv.url: use sqlite:PATH or redis://host:port".to_owned())),
    }
}
