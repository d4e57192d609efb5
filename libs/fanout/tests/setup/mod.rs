//! What tests start from: a fan-out by settings, and somebody who listens.

use std::sync::Arc;
use std::time::Duration;

use fanout::{Fanout, Happening, Listener, Subject};
use settings::Settings;
use tokio::time::timeout;
use uuid::Uuid;

pub(crate) const QUEUE: usize = 10_000;
pub(crate) const TIGHT: usize = 8;
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// As an operator would set it, by the environment.
pub(crate) fn settings(url: &str, namespace: &str, queue: usize) -> settings::Fanout {
    let env = [
        ("RESTANTE_FANOUT__URL", url),
        ("RESTANTE_FANOUT__NAMESPACE", namespace),
        ("RESTANTE_FANOUT__QUEUE", &queue.to_string()),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Settings::load(None, env, &[]).unwrap().fanout
}

pub(crate) async fn open(url: &str, namespace: &str, queue: usize) -> Arc<dyn Fanout> {
    fanout::open(&settings(url, namespace, queue)).await.unwrap()
}

#[expect(clippy::disallowed_methods, reason = "tests on shared servers need subjects of their own")]
pub(crate) fn subject() -> Subject {
    Subject(Uuid::new_v4().into_bytes())
}

pub(crate) async fn hear(listener: &dyn Listener) -> Happening {
    timeout(PATIENCE, listener.next()).await.unwrap().unwrap()
}
