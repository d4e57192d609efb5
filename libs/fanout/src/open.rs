use std::sync::Arc;

use crate::{Fanout, FanoutError, MemoryFanout, RedisFanout};

/// Opens the adapter that the scheme of `url` names: `memory:` or `redis://…`. At most `queue` events wait in one listener.
pub async fn open(
    url: &str,
    namespace: &str,
    queue: usize,
) -> Result<Arc<dyn Fanout>, FanoutError> {
    if url == "memory:" {
        return Ok(Arc::new(MemoryFanout::new(queue)));
    }
    if url.starts_with("redis:") || url.starts_with("rediss:") {
        return Ok(Arc::new(RedisFanout::connect(url, namespace, queue).await?));
    }
    Err(FanoutError("fanout.url: use memory: or redis://host:port".to_owned()))
}
