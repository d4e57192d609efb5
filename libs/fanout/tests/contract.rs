//! What the port promises, run against every adapter; then what only one of them has.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cases::{PATIENCE, QUEUE, Stage, TIGHT, hear, subject};
use fanout::{Fanout, Happening, MemoryFanout, RedisFanout};
use testkit::{servers, unique, wait};

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_the_contract() {
    // Within one process all instances are the one.
    let one = Arc::new(MemoryFanout::new(QUEUE));
    let stage = Stage {
        two: one.clone(),
        one,
        tight: Arc::new(MemoryFanout::new(TIGHT)),
        other: Arc::new(MemoryFanout::new(QUEUE)),
    };
    cases::run(&stage).await;
    cases::ends_with_the_fanout(MemoryFanout::new(QUEUE)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_keeps_the_contract() {
    let url = servers::redis_url().await.unwrap();
    let (namespace, other) = (unique("fanout"), unique("fanout"));
    let open = async |namespace: &str, queue| RedisFanout::connect(&url, namespace, queue).await;
    let stage = Stage {
        one: Arc::new(open(&namespace, QUEUE).await.unwrap()),
        two: Arc::new(open(&namespace, QUEUE).await.unwrap()),
        tight: Arc::new(open(&namespace, TIGHT).await.unwrap()),
        other: Arc::new(open(&other, QUEUE).await.unwrap()),
    };
    cases::run(&stage).await;
    cases::ends_with_the_fanout(open(&namespace, QUEUE).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_tells_of_a_gap_when_its_server_was_killed() {
    let mut server = servers::private_redis().await.unwrap();
    let fanout = RedisFanout::connect(&server.url(), "fanout", QUEUE).await.unwrap();
    let listener = fanout.listen().await.unwrap();
    let (before, during) = (subject(), subject());
    listener.watch(&[before]).await.unwrap();
    fanout.ping().await.unwrap();

    server.kill().await.unwrap();
    let deaf = async || fanout.ping().await.is_err().then_some(());
    wait::until(PATIENCE, deaf).await.unwrap();
    assert!(fanout.publish(before, Bytes::from_static(b"lost")).await.is_err());
    // Does not keep anybody waiting: the gap will be heard after it.
    tokio::time::timeout(Duration::from_secs(1), listener.watch(&[during])).await.unwrap().unwrap();

    server.restart().await.unwrap();
    assert_eq!(hear(&*listener).await, Happening::Gap);
    let well = async || fanout.ping().await.ok();
    wait::until(PATIENCE, well).await.unwrap();
    for subject in [before, during] {
        let payload = Bytes::from_static(b"again");
        fanout.publish(subject, payload.clone()).await.unwrap();
        assert_eq!(hear(&*listener).await, Happening::Event { subject, payload });
    }
}

#[tokio::test]
async fn redis_notices_a_server_that_hangs() {
    use nix::sys::signal::{Signal, kill};
    let server = servers::private_redis().await.unwrap();
    let fanout = RedisFanout::connect(&server.url(), "fanout", QUEUE).await.unwrap();
    let listener = fanout.listen().await.unwrap();
    let watched = subject();
    listener.watch(&[watched]).await.unwrap();
    let pid = nix::unistd::Pid::from_raw(server_pid(&server.url()).await);
    kill(pid, Signal::SIGSTOP).unwrap();
    // The connection is there, and nothing comes through it.
    let published = tokio::time::timeout(PATIENCE, fanout.publish(watched, Bytes::new())).await;
    assert!(published.unwrap().is_err());
    // Publishing fails at once; that the listener hears nothing is for its own heartbeat to notice.
    let deaf = async || {
        let error = fanout.ping().await.err()?;
        error.to_string().contains("subscription is broken").then_some(())
    };
    wait::until(PATIENCE, deaf).await.unwrap();
    kill(pid, Signal::SIGCONT).unwrap();
    while hear(&*listener).await != Happening::Gap {}
}

async fn server_pid(url: &str) -> i32 {
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let info: redis::InfoDict =
        redis::cmd("INFO").arg("server").query_async(&mut connection).await.unwrap();
    info.get("process_id").unwrap()
}

#[tokio::test]
async fn redis_says_at_the_start_what_is_wrong() {
    let server = servers::private_redis().await.unwrap();
    let url = server.url();
    server.kill().await.unwrap();
    for (url, remedy) in [
        (&*url, "check the URL and that the server is running"),
        ("redis:/nonsense", "check the URL"),
        ("redis://127.0.0.1:1,127.0.0.1:2", "give one node"),
    ] {
        let error = RedisFanout::connect(url, "fanout", QUEUE).await.unwrap_err().to_string();
        assert!(error.contains(remedy), "{error}");
    }
}
