//! What an operator sees of an instance.

use std::time::Duration;

use serde_json::Value;
use testkit::stack::Stack;
use testkit::wait;
use tokio::time::Instant;

use crate::town::Town;

pub(crate) const CHATS: [&str; 2] = ["chat-1", "chat-2"];

/// Where an instance itself answers, without the gateway.
pub(crate) fn own(town: &Town, name: &str) -> String {
    let health = Stack::load(&town.dir).unwrap().processes[name].health.clone();
    health.trim_end_matches("/health/ready").to_owned()
}

/// Status and body of its health.
pub(crate) async fn health(town: &Town, name: &str) -> (u16, Value) {
    let answer = reqwest::get(format!("{}/health/ready", own(town, name))).await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// The sum of all values of a metric whose line begins so; none if there is no such line.
pub(crate) async fn metric(town: &Town, name: &str, metric: &str) -> Option<f64> {
    let text = reqwest::get(format!("{}/metrics", own(town, name))).await.unwrap().text().await;
    let text = text.unwrap();
    let lines = text.lines().filter(|line| line.starts_with(metric));
    let mut values =
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).peekable();
    values.peek().is_some().then(|| values.sum())
}

/// As [`metric`], over both chat instances.
pub(crate) async fn both(town: &Town, name: &str) -> f64 {
    let mut sum = 0.0;
    for chat in CHATS {
        sum += metric(town, chat, name).await.unwrap_or(0.0);
    }
    sum
}

/// Waits until both chat instances say that they are deaf, or that they are not, in health and metric; says how long that took.
/// They serve all the while.
pub(crate) async fn deaf(town: &Town, deaf: bool, within: Duration) -> Duration {
    let begin = Instant::now();
    let (status, value) = if deaf { ("degraded", 1.0) } else { ("ok", 0.0) };
    for name in CHATS {
        let looks = async || {
            let (code, health) = health(town, name).await;
            assert_eq!(code, 200, "{name} does not serve: {health}");
            let shown = metric(town, name, "fanout_deaf").await;
            let so = health["checks"]["fanout"]["status"] == status && shown == Some(value);
            so.then_some(())
        };
        assert!(wait::until(within, looks).await.is_ok(), "{name} never says fanout: {status}");
    }
    begin.elapsed()
}
