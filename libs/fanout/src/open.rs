use std::sync::Arc;

use crate::{Fanout, FanoutError, MemoryFanout, RedisFanout};

/// Opens the adapter that the scheme of `fanout.url` names: `memory:` or `redis://…`.
pub async fn open(settings: &settings::Fanout) -> Result<Arc<dyn Fanout>, FanoutError> {
    let settings::Fanout { url, namespace, queue } = settings;
    match url.scheme() {
        "memory" => Ok(Arc::new(MemoryFanout::new(*queue))),
        "redis" | "rediss" => {
            Ok(Arc::new(RedisFanout::connect(url.as_str(), namespace, *queue).await?))
        }
        _ => Err(FanoutError("fanout.url: use memory: or redis://host:port".to_owned())),
    }
}
