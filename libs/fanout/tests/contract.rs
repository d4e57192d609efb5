//! What the port promises, run against every adapter; then what only one of them has.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod faults;
mod setup;

use std::sync::Arc;

use cases::Stage;
use setup::{QUEUE, TIGHT, open, settings};
use testkit::{servers, unique};

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_the_contract() {
    // Within one process all instances are the one.
    let one = open("memory:", "memory", QUEUE).await;
    let stage = Stage {
        two: Arc::clone(&one),
        one,
        tight: open("memory:", "memory", TIGHT).await,
        other: open("memory:", "other", QUEUE).await,
    };
    cases::run(&stage).await;
    cases::ends_with_the_fanout(open("memory:", "memory", QUEUE).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_keeps_the_contract() {
    keeps_the_contract(&servers::redis_url().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_cluster_keeps_the_contract() {
    keeps_the_contract(&servers::redis_cluster_url().await.unwrap()).await;
}

async fn keeps_the_contract(url: &str) {
    let (namespace, other) = (unique("fanout"), unique("fanout"));
    let stage = Stage {
        one: open(url, &namespace, QUEUE).await,
        two: open(url, &namespace, QUEUE).await,
        tight: open(url, &namespace, TIGHT).await,
        other: open(url, &other, QUEUE).await,
    };
    cases::run(&stage).await;
    cases::ends_with_the_fanout(open(url, &namespace, QUEUE).await).await;
}

#[tokio::test]
async fn it_says_at_the_start_what_is_wrong() {
    let server = servers::private_redis().await.unwrap();
    let gone = server.url();
    server.kill().await.unwrap();
    let alone = servers::redis_url().await.unwrap();
    for (url, remedy) in [
        (&*gone, "check the URL and that the server is running"),
        ("redis:///nonsense", "check the URL"),
        ("redis://127.0.0.1:1,127.0.0.1:2", "check that these are the nodes of one"),
        (&format!("{alone},"), "name one host"),
        ("redis://127.0.0.1:1,127.0.0.1:2/3", "a cluster has no databases"),
        ("redis://127.0.0.1:one,127.0.0.1:2", "check the URL"),
    ] {
        let error = fanout::open(&settings(url, "fanout", QUEUE)).await.unwrap_err().to_string();
        assert!(error.contains(remedy), "{url}: {error}");
    }
    let hasty = settings::Fanout { silence_ms: 1_999, ..settings(&alone, "fanout", QUEUE) };
    let error = fanout::open(&hasty).await.unwrap_err().to_string();
    assert!(error.contains("at least twice fanout.heartbeat_ms"), "{error}");
}

#[tokio::test]
async fn a_password_is_not_shown() {
    let url = "redis://:secret@127.0.0.1:1,127.0.0.1:2";
    let error = fanout::open(&settings(url, "fanout", QUEUE)).await.unwrap_err().to_string();
    assert!(!error.contains("secret"), "{error}");
    let shown = format!("{:?}", settings(url, "fanout", QUEUE));
    assert!(!shown.contains("secret"), "{shown}");
}
