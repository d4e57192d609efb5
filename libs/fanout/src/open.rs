use std::sync::Arc;

use crate::{Fanout, FanoutError, MemoryFanout, RedisFanout};

/// Opens the adapter that the scheme of `fanout.url` names: `memory:` or `redis://…`, which is a cluster if it lists several
/// hosts.
pub async fn open(settings: &settings::Fanout) -> Result<Arc<dyn Fanout>, FanoutError> {
    match settings.url.scheme() {
        "memory" => Ok(Arc::new(MemoryFanout::new(settings.queue))),
        "redis" | "rediss" => Ok(Arc::new(RedisFanout::connect(settings).await?)),
        _ => {
            let remedy =
                "fanout.url: use memory:, redis://host:port, or redis://a:1,b:2,c:3 for a cluster";
            Err(FanoutError(remedy.to_owned()))
        }
    }
}
