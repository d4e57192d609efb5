//! What happens when the server, or the way to it, fails. Servers of their own, to be killed.

mod cluster;
mod driver;

use std::time::Duration;

use bytes::Bytes;
use fanout::Happening;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use testkit::proxy::{Harm, Protocol, Way, Wire};
use testkit::{servers, wait};
use tokio::time::timeout;

use crate::setup::{PATIENCE, QUEUE, hear, open, settings, subject};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_a_gap_when_it_is_back() {
    let mut server = servers::private_redis().await.unwrap();
    let fanout = open(&server.url(), "fanout", QUEUE).await;
    let listener = fanout.listen().await.unwrap();
    let (before, during) = (subject(), subject());
    listener.watch(&[before]).await.unwrap();
    fanout.ping().await.unwrap();

    server.kill().await.unwrap();
    let deaf = async || fanout.ping().await.is_err().then_some(());
    wait::until(PATIENCE, deaf).await.unwrap();
    // Whoever publishes waits for the answer, so that a server which is known to be gone must not cost the whole deadline.
    let begin = tokio::time::Instant::now();
    for _ in 0..10 {
        assert!(fanout.publish(before, Bytes::from_static(b"lost")).await.is_err());
    }
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    // Does not keep anybody waiting: the gap will be heard after it.
    timeout(Duration::from_secs(1), listener.watch(&[during])).await.unwrap().unwrap();

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
async fn a_server_that_hangs_is_noticed() {
    let server = servers::private_redis().await.unwrap();
    let fanout = open(&server.url(), "fanout", QUEUE).await;
    let listener = fanout.listen().await.unwrap();
    let watched = subject();
    listener.watch(&[watched]).await.unwrap();
    let pid = Pid::from_raw(server.pid());
    kill(pid, Signal::SIGSTOP).unwrap();
    // The connection is there, and nothing comes through it.
    let published = timeout(PATIENCE, fanout.publish(watched, Bytes::new())).await;
    assert!(published.unwrap().is_err());
    // Publishing fails at once; that the listener hears nothing is for its own look to notice.
    wait::until(PATIENCE, async || is_deaf(&*fanout).await.then_some(())).await.unwrap();
    kill(pid, Signal::SIGCONT).unwrap();
    while hear(&*listener).await != Happening::Gap {}
}

async fn is_deaf(fanout: &dyn fanout::Fanout) -> bool {
    let Err(error) = fanout.ping().await else { return false };
    error.to_string().contains("subscription is broken")
}

/// The connection stays, everything that is asked is answered, and no event arrives: only the heartbeat tells.
#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_is_silently_dead_is_noticed_and_is_a_gap() {
    let server = servers::private_redis().await.unwrap();
    let port = server.url().rsplit_once(':').unwrap().1.parse().unwrap();
    let wire = Wire::before(port, Protocol::Redis).await.unwrap();
    let url = format!("redis://127.0.0.1:{}", wire.port());
    let settings =
        settings::Fanout { heartbeat_ms: 100, silence_ms: 500, ..settings(&url, "fanout", QUEUE) };
    let fanout = fanout::open(&settings).await.unwrap();
    let listener = fanout.listen().await.unwrap();
    let watched = subject();
    listener.watch(&[watched]).await.unwrap();
    fanout.ping().await.unwrap();

    wire.harm(Way::ToClient, Harm::SwallowNamed(&["message"]));
    fanout.publish(watched, Bytes::from_static(b"lost")).await.unwrap();
    wait::until(PATIENCE, async || is_deaf(&*fanout).await.then_some(())).await.unwrap();
    // A new connection is no better, and is not taken for one.
    let connections = wire.swallowed();
    let more = async || (wire.swallowed() > connections + 3).then_some(());
    wait::until(PATIENCE, more).await.unwrap();
    assert!(is_deaf(&*fanout).await);

    wire.heal();
    assert_eq!(hear(&*listener).await, Happening::Gap);
    let payload = Bytes::from_static(b"again");
    fanout.publish(watched, payload.clone()).await.unwrap();
    assert_eq!(hear(&*listener).await, Happening::Event { subject: watched, payload });
    fanout.ping().await.unwrap();
}

/// A slow line is not a dead one.
#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_that_come_late_are_heard_all_the_same() {
    let server = servers::private_redis().await.unwrap();
    let port = server.url().rsplit_once(':').unwrap().1.parse().unwrap();
    let wire = Wire::before(port, Protocol::Redis).await.unwrap();
    let url = format!("redis://127.0.0.1:{}", wire.port());
    let settings =
        settings::Fanout { heartbeat_ms: 50, silence_ms: 1_000, ..settings(&url, "fanout", QUEUE) };
    let fanout = fanout::open(&settings).await.unwrap();
    let listener = fanout.listen().await.unwrap();
    let watched = subject();
    listener.watch(&[watched]).await.unwrap();
    wire.harm(Way::ToClient, Harm::Delay(Duration::from_millis(300)));
    for number in 0..10_u8 {
        let payload = Bytes::copy_from_slice(&[number]);
        fanout.publish(watched, payload.clone()).await.unwrap();
        assert_eq!(hear(&*listener).await, Happening::Event { subject: watched, payload });
    }
    assert!(!is_deaf(&*fanout).await);
}
