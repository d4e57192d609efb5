//! Why the subscriptions to a cluster are not left to the driver.
//!
//! The driver asks a node that was lost for all sharded channels in one command; channels of different slots make the node
//! refuse it (`CROSSSLOT`), and they are silent for good. When this fails, the driver was mended: look whether our own loop can go.

use std::collections::BTreeSet;
use std::time::Duration;

use redis::cluster::ClusterClient;
use redis::{ProtocolVersion, PushInfo, PushKind, Value};
use testkit::{servers, wait};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

const CHANNELS: usize = 60;
const PATIENCE: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn the_driver_alone_loses_channels_with_a_node() {
    let mut cluster = servers::private_redis_cluster(false).await.unwrap();
    let (tell, mut pushes) = unbounded_channel();
    let client = ClusterClient::builder(settings::redis_nodes(&cluster.url()))
        .use_protocol(ProtocolVersion::RESP3)
        .push_sender(tell)
        .build()
        .unwrap();
    let mut connection = client.get_async_connection().await.unwrap();
    let channels: Vec<String> = (0..CHANNELS).map(|channel| format!("room:{channel}")).collect();
    for channel in &channels {
        connection.ssubscribe(channel).await.unwrap();
    }
    assert_eq!(heard(&client, &channels, &mut pushes).await, CHANNELS);

    cluster.kill(1).await.unwrap();
    let gone = async || {
        let sent = timeout(Duration::from_secs(1), publish(&client, &channels)).await;
        sent.map_or(true, |sent| sent < CHANNELS).then_some(())
    };
    wait::until(PATIENCE, gone).await.unwrap();
    cluster.restart(1).await.unwrap();
    cluster.whole().await.unwrap();
    // The driver is back on the node, and has tried.
    let tried = async || {
        let stats = cluster.say(1, "INFO errorstats").await.ok()?;
        stats.contains("errorstat_CROSSSLOT").then_some(())
    };
    wait::until(PATIENCE, tried).await.unwrap();
    let heard = heard(&client, &channels, &mut pushes).await;
    println!("the driver hears {heard} of {CHANNELS} channels after the loss of one node of three");
    assert!(heard < CHANNELS);
    drop(connection);
}

/// How many could be published.
async fn publish(client: &ClusterClient, channels: &[String]) -> usize {
    let Ok(mut connection) = client.get_async_connection().await else { return 0 };
    let mut sent = 0;
    for channel in channels {
        let publish = redis::cmd("SPUBLISH").arg(channel).arg("x").to_owned();
        let publish = publish.query_async::<Value>(&mut connection);
        sent += usize::from(matches!(timeout(Duration::from_millis(200), publish).await, Ok(Ok(_))));
    }
    sent
}

async fn heard(
    client: &ClusterClient,
    channels: &[String],
    pushes: &mut UnboundedReceiver<PushInfo>,
) -> usize {
    while pushes.try_recv().is_ok() {}
    let all = async || (publish(client, channels).await == channels.len()).then_some(());
    wait::until(PATIENCE, all).await.unwrap();
    let mut heard = BTreeSet::new();
    while let Ok(Some(push)) = timeout(Duration::from_secs(1), pushes.recv()).await {
        if let (PushKind::SMessage, Some(Value::BulkString(channel))) =
            (push.kind, push.data.into_iter().next())
        {
            heard.insert(channel);
        }
    }
    heard.len()
}
