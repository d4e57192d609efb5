//! What operators see. In a program of its own, because metrics are one for a process.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "shared with the contract")]
mod setup;

use fanout::Happening;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use setup::{PATIENCE, QUEUE, hear, open, subject};
use testkit::{servers, wait};

/// The value of a metric that has no labels, or the sum over its labels.
fn value(metrics: &PrometheusHandle, name: &str) -> f64 {
    let text = metrics.render();
    let lines = text.lines().filter(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with([' ', '{']))
    });
    lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum()
}

fn shown(metrics: &PrometheusHandle) -> u64 {
    format!("{}", value(metrics, "fanout_subscriber_connections")).parse().unwrap()
}

/// What the servers count.
async fn subscribers(cluster: &str) -> usize {
    let mut count = 0;
    for node in settings::redis_nodes(cluster) {
        let client = redis::Client::open(node).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let list = redis::cmd("CLIENT").arg("LIST").arg("TYPE").arg("PUBSUB").to_owned();
        let list: String = list.query_async(&mut connection).await.unwrap();
        count += list.lines().filter(|line| line.contains("id=")).count();
    }
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_do_not_grow_with_users_and_deafness_shows() {
    let metrics = PrometheusBuilder::new().install_recorder().unwrap();
    let mut cluster = servers::private_redis_cluster(false).await.unwrap();
    let fanout = open(&cluster.url(), "fanout", QUEUE).await;
    let listener = fanout.listen().await.unwrap();
    listener.watch(&[subject()]).await.unwrap();
    assert_eq!((subscribers(&cluster.url()).await, shown(&metrics)), (3, 3));
    let many: Vec<_> = (0..20_000).map(|_| subject()).collect();
    for people in many.chunks(100) {
        listener.watch(people).await.unwrap();
    }
    assert_eq!((subscribers(&cluster.url()).await, shown(&metrics)), (3, 3));
    let is = |name, expected: f64| (value(&metrics, name) - expected).abs() < f64::EPSILON;
    assert!(is("fanout_deaf", 0.0) && is("fanout_gaps_total", 0.0));

    cluster.kill(1).await.unwrap();
    wait::until(PATIENCE, async || is("fanout_deaf", 1.0).then_some(())).await.unwrap();
    assert!(fanout.ping().await.is_err());
    cluster.restart(1).await.unwrap();
    wait::until(PATIENCE, async || is("fanout_deaf", 0.0).then_some(())).await.unwrap();
    assert_eq!(hear(&*listener).await, Happening::Gap);
    assert!(is("fanout_gaps_total", 1.0), "{}", metrics.render());
    assert_eq!((subscribers(&cluster.url()).await, shown(&metrics)), (3, 3));
    wait::until(PATIENCE, async || fanout.ping().await.ok()).await.unwrap();
}
