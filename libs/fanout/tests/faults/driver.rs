//! Why a cluster is not left to the driver. When one of these fails, the driver was mended: look whether our own way can go.

use std::collections::BTreeSet;
use std::time::Duration;

use redis::cluster::ClusterClient;
use redis::{ProtocolVersion, PushInfo, PushKind, Value};
use testkit::{servers, wait};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

const CHANNELS: usize = 60;
const PATIENCE: Duration = Duration::from_secs(15);
/// Far longer than any deadline of the driver's own.
const HANG: Duration = Duration::from_secs(5);

/// It asks a node that was lost for all sharded channels in one command; channels of different slots make the node refuse it
/// (`CROSSSLOT`), and they are silent for good.
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

/// When it hears that a slot has moved, it stops polling the commands that are under way until it has looked up where slots are
/// now, for which it wants a lock that one of those commands may have been given.
#[tokio::test(flavor = "multi_thread")]
async fn the_driver_alone_hangs_for_good_when_slots_move() {
    let cluster = servers::private_redis_cluster(false).await.unwrap();
    let client = ClusterClient::new(settings::redis_nodes(&cluster.url())).unwrap();
    let connection = client.get_async_connection().await.unwrap();
    for slot in 0..200 {
        cluster.move_slot(slot, 0, 1).await.unwrap();
        // One of these is where the slot was.
        let publish = (0..20_000).step_by(50).map(async |channel| {
            let mut connection = connection.clone();
            let command = redis::cmd("SPUBLISH").arg(format!("room:{channel}")).arg("x").to_owned();
            let _ = command.query_async::<Value>(&mut connection).await;
        });
        if timeout(HANG, futures::future::join_all(publish)).await.is_ok() {
            continue;
        }
        // What comes later hangs as well.
        let (ping, mut again) = (redis::cmd("PING"), connection.clone());
        let answer = timeout(HANG, ping.query_async::<Value>(&mut again)).await;
        println!("it hangs after {} moves", slot + 1);
        assert!(answer.is_err(), "it came to itself: {answer:?}");
        return;
    }
    panic!("it got over 200 moves");
}

/// How many could be published.
async fn publish(client: &ClusterClient, channels: &[String]) -> usize {
    let Ok(mut connection) = client.get_async_connection().await else { return 0 };
    let mut sent = 0;
    for channel in channels {
        let publish = redis::cmd("SPUBLISH").arg(channel).arg("x").to_owned();
        let publish = publish.query_async::<Value>(&mut connection);
        sent +=
            usize::from(matches!(timeout(Duration::from_millis(200), publish).await, Ok(Ok(_))));
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
