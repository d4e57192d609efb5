//! What the port promises, run against every adapter; then what only one of them has.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;

use std::sync::Arc;
use std::time::Duration;

use bus::{Bus, RabbitBus, Settle, SqliteBus};
use cases::{PATIENCE, Stage, TOPOLOGY, message, next};
use kernel::{ManualClock, SystemClock};
use sqlite::Database;
use tempfile::TempDir;
use testkit::{servers, unique, wait};

const CONFIRM: Duration = Duration::from_secs(10);

async fn rabbit(url: &str, namespace: &str) -> RabbitBus {
    let clock = Arc::new(SystemClock::default());
    RabbitBus::connect(url, namespace, &TOPOLOGY, CONFIRM, clock).await.unwrap()
}

async fn sqlite(database: &Database, namespace: &str) -> SqliteBus {
    let clock = Arc::new(SystemClock::default());
    SqliteBus::new(database.clone(), namespace, &TOPOLOGY, clock).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_contract() {
    let folder = TempDir::new().unwrap();
    let database = Database::open(&folder.path().join("bus.db")).unwrap();
    let stage = Stage {
        one: Arc::new(sqlite(&database, "a").await),
        two: Arc::new(sqlite(&database, "a").await),
        other: Arc::new(sqlite(&database, "b").await),
    };
    cases::run(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rabbit_keeps_the_contract() {
    let url = servers::amqp_url().await.unwrap();
    let (namespace, other) = (unique("bus"), unique("bus"));
    let stage = Stage {
        one: Arc::new(rabbit(&url, &namespace).await),
        two: Arc::new(rabbit(&url, &namespace).await),
        other: Arc::new(rabbit(&url, &other).await),
    };
    cases::run(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rabbit_loses_nothing_that_was_confirmed_when_its_broker_is_killed() {
    let mut server = servers::private_rabbit().await.unwrap();
    let bus = rabbit(&server.url(), "bus").await;
    // This consumer lives through all of it. It holds one delivery when the broker dies.
    let mut consumer = bus.consume("plain", 1).await.unwrap();
    let mut confirmed = Vec::new();
    for number in 0..100 {
        let message = message("plain", number);
        bus.publish(message.clone()).await.unwrap();
        confirmed.push(message.id);
    }
    let held = next(&mut *consumer).await;
    server.kill().await.unwrap();
    let failed = tokio::time::timeout(CONFIRM + PATIENCE, bus.publish(message("plain", 100))).await;
    assert!(failed.unwrap().is_err(), "confirmed by a broker that is gone");
    assert!(bus.ping().await.is_err());
    assert!(held.settle(Settle::Done).await.is_err(), "acknowledged to a broker that is gone");

    server.restart().await.unwrap();
    let back = async || bus.ping().await.ok();
    wait::until(Duration::from_secs(30), back).await.unwrap();
    bus.publish(message("plain", 101)).await.unwrap();
    let mut missing: std::collections::HashSet<_> = confirmed.into_iter().collect();
    while !missing.is_empty() {
        let delivery =
            tokio::time::timeout(Duration::from_secs(30), consumer.next()).await.unwrap().unwrap();
        missing.remove(&delivery.message.id);
        delivery.settle(Settle::Done).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rabbit_survives_a_broker_that_is_stopped_in_good_order() {
    let mut server = servers::private_rabbit().await.unwrap();
    let clock = Arc::new(SystemClock::default());
    let confirm = Duration::from_secs(2);
    let bus = RabbitBus::connect(&server.url(), "bus", &TOPOLOGY, confirm, clock).await.unwrap();
    let mut consumer = bus.consume("plain", 8).await.unwrap();
    let publisher = tokio::spawn({
        let bus = bus.clone();
        async move {
            let mut confirmed = Vec::new();
            // Until the broker is gone: some publish is under way when it goes.
            loop {
                let message = message("plain", 0);
                if bus.publish(message.clone()).await.is_err() {
                    return confirmed;
                }
                confirmed.push(message.id);
            }
        }
    });
    next(&mut *consumer).await.settle(Settle::Done).await.unwrap();
    let (stopped, confirmed) =
        tokio::join!(server.stop(), tokio::time::timeout(Duration::from_mins(1), publisher));
    stopped.unwrap();
    let confirmed = confirmed.unwrap().unwrap();
    server.restart().await.unwrap();
    let back = async || bus.publish(message("plain", 1)).await.ok();
    wait::until(Duration::from_secs(30), back).await.unwrap();
    let mut seen = std::collections::HashSet::new();
    // The first was settled above.
    while confirmed.iter().skip(1).any(|id| !seen.contains(id)) {
        let delivery =
            tokio::time::timeout(Duration::from_secs(30), consumer.next()).await.unwrap().unwrap();
        let id = delivery.message.id;
        delivery.settle(Settle::Done).await.unwrap();
        seen.insert(id);
    }
}

#[tokio::test]
async fn rabbit_says_at_the_start_what_is_wrong() {
    let clock = Arc::new(SystemClock::default());
    for (url, namespace, remedy) in [
        (
            "amqp://guest:guest@127.0.0.1:1/%2f",
            "bus",
            "check the URL and that the broker is running",
        ),
        ("http://127.0.0.1", "bus", "it looks like amqp://"),
        ("amqp://guest:guest@127.0.0.1:1/%2f", "a b", "namespace must"),
    ] {
        let bus = RabbitBus::connect(url, namespace, &TOPOLOGY, CONFIRM, clock.clone()).await;
        let error = bus.unwrap_err().to_string();
        assert!(error.contains(remedy), "{error}");
        assert!(!error.contains("guest:guest@127"), "tells the password: {error}");
    }
}

#[tokio::test]
async fn sqlite_jobs_survive_a_restart_and_come_again_at_once() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("bus.db");
    {
        let database = Database::open(&path).unwrap();
        let bus = sqlite(&database, "a").await;
        bus.publish(message("plain", 1)).await.unwrap();
        bus.publish(message("plain", 2)).await.unwrap();
        let mut consumer = bus.consume("plain", 10).await.unwrap();
        let lost = next(&mut *consumer).await;
        // As if the process had been killed: nobody gives the job back.
        std::mem::forget((lost, consumer));
    }
    let database = Database::open(&path).unwrap();
    let bus = sqlite(&database, "a").await;
    let mut consumer = bus.consume("plain", 10).await.unwrap();
    for number in [1, 2] {
        let delivery = next(&mut *consumer).await;
        assert_eq!(delivery.message.payload, message("plain", number).payload);
        assert_eq!(delivery.attempt, 1);
        delivery.settle(Settle::Done).await.unwrap();
    }
}

#[tokio::test]
async fn sqlite_waits_as_long_as_the_back_off_says() {
    let folder = TempDir::new().unwrap();
    let database = Database::open(&folder.path().join("bus.db")).unwrap();
    let clock = Arc::new(ManualClock::default());
    let bus = SqliteBus::new(database.clone(), "a", &TOPOLOGY, clock.clone()).await.unwrap();
    bus.publish(message("slow", 1)).await.unwrap();
    let mut consumer = bus.consume("slow", 10).await.unwrap();
    next(&mut *consumer).await.settle(Settle::Retry).await.unwrap();
    clock.advance(Duration::from_millis(3_599_999));
    // Looks at least once, and finds nothing.
    assert!(tokio::time::timeout(Duration::from_millis(600), consumer.next()).await.is_err());
    clock.advance(Duration::from_millis(1));
    let delivery = next(&mut *consumer).await;
    assert_eq!(delivery.attempt, 2);
    delivery.settle(Settle::Retry).await.unwrap();
    assert_eq!(bus.dead_letters("slow").await.unwrap(), 1);
}

#[tokio::test]
async fn sqlite_drops_a_second_message_of_the_same_id_and_counts_what_waits() {
    let folder = TempDir::new().unwrap();
    let database = Database::open(&folder.path().join("bus.db")).unwrap();
    let bus = sqlite(&database, "a").await;
    let first = message("plain", 1);
    for _ in 0..3 {
        bus.publish(first.clone()).await.unwrap();
    }
    let mut consumer = bus.consume("plain", 10).await.unwrap();
    next(&mut *consumer).await.settle(Settle::Done).await.unwrap();
    bus.publish(message("plain", 2)).await.unwrap();
    let delivery = next(&mut *consumer).await;
    assert_eq!(delivery.message.payload, message("plain", 2).payload);
    delivery.settle(Settle::Reject).await.unwrap();
    let sql = "SELECT sum(waiting) FROM bus_depth";
    let waiting = database.read(move |tx| Ok(tx.query_row(sql, [], |row| row.get::<_, i64>(0))?));
    assert_eq!(waiting.await.unwrap(), 0);
}
