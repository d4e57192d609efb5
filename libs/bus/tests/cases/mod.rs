//! The cases. `one` and `two` are instances of one namespace, `other` is of another.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bus::{Bus, Consumer, Delivery, Message, Queue, Settle, Topology};
use bytes::Bytes;
use testkit::wait;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// Long enough that what must not come would have come.
const QUIET: Duration = Duration::from_millis(700);
const NO_BACKOFF: &[Duration] = &[];
const SHORT: Duration = Duration::from_millis(300);
const MORTAL_BACKOFF: Duration = Duration::from_millis(2_500);

const fn queue(name: &'static str, topics: &'static [&'static str]) -> Queue {
    Queue { name, topics, backoff: NO_BACKOFF, capacity: 10_000 }
}

/// Each case has queues of its own.
pub(crate) const TOPOLOGY: Topology = Topology {
    queues: &[
        queue("plain", &["plain"]),
        queue("copy-a", &["copied", "only.a"]),
        queue("copy-b", &["copied"]),
        queue("shared", &["shared"]),
        queue("dropped", &["dropped"]),
        Queue { backoff: &[SHORT, SHORT], ..queue("retried", &["retried"]) },
        queue("rejected", &["rejected"]),
        Queue { backoff: &[MORTAL_BACKOFF], ..queue("mortal", &["mortal"]) },
        queue("prefetched", &["prefetched"]),
        queue("load", &["load"]),
        Queue { capacity: 5, ..queue("small", &["small"]) },
        queue("spaces", &["spaces"]),
        queue("cancelled", &["cancelled"]),
        queue("poison", &["poison"]),
        Queue { backoff: &[Duration::from_hours(1)], ..queue("slow", &["slow"]) },
    ],
};

pub(crate) struct Stage {
    pub(crate) one: Arc<dyn Bus>,
    pub(crate) two: Arc<dyn Bus>,
    pub(crate) other: Arc<dyn Bus>,
}

pub(crate) async fn run(stage: &Stage) {
    stage.one.ping().await.unwrap();
    // All at once: they do not share queues, and the adapter has something to do.
    tokio::join!(
        a_message_arrives_as_it_was_published(&*stage.one),
        every_bound_queue_gets_a_copy(stage),
        consumers_of_a_queue_share_it(stage),
        what_is_dropped_comes_again(stage),
        what_fails_comes_again_later_and_then_is_dead(stage),
        what_is_rejected_is_dead_at_once(stage),
        what_is_too_old_is_dropped_everywhere(&*stage.one),
        no_more_than_prefetch_are_unsettled(stage),
        a_full_queue_refuses(&*stage.one),
        what_does_not_exist_is_an_error(&*stage.one),
        namespaces_are_apart(stage),
        who_stops_waiting_loses_nothing(&*stage.one),
        what_nobody_survives_is_dead(&*stage.one),
        a_load_is_settled_once_each(stage),
    );
    stage.one.ping().await.unwrap();
}

#[expect(clippy::disallowed_methods, reason = "tests on shared servers need ids of their own")]
pub(crate) fn message(topic: &str, number: u32) -> Message {
    Message {
        id: Uuid::new_v4(),
        topic: topic.to_owned(),
        payload: Bytes::copy_from_slice(&number.to_be_bytes()),
        traceparent: None,
        ttl: None,
    }
}

pub(crate) async fn next(consumer: &mut dyn Consumer) -> Delivery {
    timeout(PATIENCE, consumer.next()).await.unwrap().unwrap()
}

async fn quiet(consumer: &mut dyn Consumer) {
    if let Ok(delivery) = timeout(QUIET, consumer.next()).await {
        panic!("something came: {delivery:?}");
    }
}

async fn dead_are(bus: &dyn Bus, queue: &'static str, count: u64) {
    let counted = async || (bus.dead_letters(queue).await.unwrap() == count).then_some(());
    wait::until(PATIENCE, counted).await.unwrap();
}

async fn a_message_arrives_as_it_was_published(bus: &dyn Bus) {
    let all_bytes: Vec<u8> = (0..=255).collect();
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for payload in [Bytes::new(), all_bytes.into(), Bytes::from(vec![13; 300_000])] {
        let traceparent = (!payload.is_empty()).then(|| traceparent.to_owned());
        let sent = Message { payload, traceparent, ..message("plain", 0) };
        bus.publish(sent.clone()).await.unwrap();
        // Durable before publishing returned: somebody who comes later finds it.
        let mut consumer = bus.consume("plain", 1).await.unwrap();
        let delivery = next(&mut *consumer).await;
        assert_eq!((&delivery.message, delivery.attempt), (&sent, 1));
        delivery.settle(Settle::Done).await.unwrap();
    }
}

async fn every_bound_queue_gets_a_copy(stage: &Stage) {
    let mut a = stage.one.consume("copy-a", 10).await.unwrap();
    let mut b = stage.two.consume("copy-b", 10).await.unwrap();
    let (copied, only) = (message("copied", 1), message("only.a", 2));
    stage.one.publish(copied.clone()).await.unwrap();
    stage.two.publish(only.clone()).await.unwrap();
    for expected in [&copied, &only] {
        let delivery = next(&mut *a).await;
        assert_eq!(&delivery.message, expected);
        delivery.settle(Settle::Done).await.unwrap();
    }
    let delivery = next(&mut *b).await;
    assert_eq!(delivery.message, copied);
    delivery.settle(Settle::Done).await.unwrap();
    quiet(&mut *b).await;
}

async fn consumers_of_a_queue_share_it(stage: &Stage) {
    let mut a = stage.one.consume("shared", 1).await.unwrap();
    let mut b = stage.two.consume("shared", 1).await.unwrap();
    for number in 0..2 {
        stage.one.publish(message("shared", number)).await.unwrap();
    }
    // Neither settles before both have one, so that each must have got another.
    let (first, second) = (next(&mut *a).await, next(&mut *b).await);
    assert_ne!(first.message.id, second.message.id);
    first.settle(Settle::Done).await.unwrap();
    second.settle(Settle::Done).await.unwrap();
    tokio::join!(quiet(&mut *a), quiet(&mut *b));
}

async fn what_is_dropped_comes_again(stage: &Stage) {
    let mut consumer = stage.one.consume("dropped", 10).await.unwrap();
    for number in 0..5 {
        stage.one.publish(message("dropped", number)).await.unwrap();
    }
    let first = next(&mut *consumer).await;
    let id = first.message.id;
    drop(first);
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(next(&mut *consumer).await);
    }
    assert!(seen.iter().any(|delivery| delivery.message.id == id && delivery.attempt == 1));
    // One is settled after its consumer is gone; the rest goes to somebody else.
    drop(consumer);
    seen.pop().unwrap().settle(Settle::Done).await.unwrap();
    drop(seen);
    let mut another = stage.two.consume("dropped", 10).await.unwrap();
    for _ in 0..4 {
        next(&mut *another).await.settle(Settle::Done).await.unwrap();
    }
    quiet(&mut *another).await;
}

async fn what_fails_comes_again_later_and_then_is_dead(stage: &Stage) {
    let mut consumer = stage.one.consume("retried", 10).await.unwrap();
    let traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    let sent = Message { traceparent, ..message("retried", 1) };
    stage.one.publish(sent.clone()).await.unwrap();
    for attempt in 1..=3 {
        let asked = Instant::now();
        let delivery = next(&mut *consumer).await;
        assert!(attempt == 1 || asked.elapsed() >= SHORT * 9 / 10, "came too early");
        assert_eq!((&delivery.message, delivery.attempt), (&sent, attempt));
        delivery.settle(Settle::Retry).await.unwrap();
    }
    dead_are(&*stage.two, "retried", 1).await;
    quiet(&mut *consumer).await;
}

async fn what_is_rejected_is_dead_at_once(stage: &Stage) {
    let mut consumer = stage.one.consume("rejected", 10).await.unwrap();
    assert_eq!(stage.one.dead_letters("rejected").await.unwrap(), 0);
    stage.one.publish(message("rejected", 1)).await.unwrap();
    next(&mut *consumer).await.settle(Settle::Reject).await.unwrap();
    dead_are(&*stage.two, "rejected", 1).await;
    quiet(&mut *consumer).await;
}

async fn what_is_too_old_is_dropped_everywhere(bus: &dyn Bus) {
    let mortal = |ttl| Message { ttl: Some(ttl), ..message("mortal", 1) };
    let hour = Duration::from_hours(1);
    // While it waits: nobody consumes it in time.
    bus.publish(mortal(Duration::from_millis(100))).await.unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await; // lets it grow old; nothing is waited for
    let mut consumer = bus.consume("mortal", 10).await.unwrap();
    let long = mortal(hour);
    bus.publish(long.clone()).await.unwrap();
    let delivery = next(&mut *consumer).await;
    assert_eq!(delivery.message.id, long.id);
    let left = delivery.message.ttl.unwrap();
    assert!(left <= hour && left > hour / 2, "{left:?}");
    delivery.settle(Settle::Done).await.unwrap();
    // While it waits for another attempt.
    bus.publish(mortal(Duration::from_secs(2))).await.unwrap();
    next(&mut *consumer).await.settle(Settle::Retry).await.unwrap();
    let again = timeout(MORTAL_BACKOFF + QUIET, consumer.next()).await;
    assert!(again.is_err(), "something came: {again:?}");
    // While it lies among the dead.
    bus.publish(mortal(Duration::from_secs(3))).await.unwrap();
    next(&mut *consumer).await.settle(Settle::Reject).await.unwrap();
    dead_are(bus, "mortal", 1).await;
    dead_are(bus, "mortal", 0).await;
}

async fn no_more_than_prefetch_are_unsettled(stage: &Stage) {
    let mut consumer = stage.one.consume("prefetched", 3).await.unwrap();
    for number in 0..6 {
        stage.one.publish(message("prefetched", number)).await.unwrap();
    }
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(next(&mut *consumer).await);
    }
    quiet(&mut *consumer).await;
    held.pop().unwrap().settle(Settle::Done).await.unwrap();
    held.push(next(&mut *consumer).await);
    quiet(&mut *consumer).await;
    // What it may not have, another can.
    let mut another = stage.two.consume("prefetched", 10).await.unwrap();
    for _ in 0..2 {
        held.push(next(&mut *another).await);
    }
    for delivery in held {
        delivery.settle(Settle::Done).await.unwrap();
    }
}

async fn a_full_queue_refuses(bus: &dyn Bus) {
    let mut refused = None;
    // A broker may let a few more in while it counts.
    for number in 0..200 {
        refused = bus.publish(message("small", number)).await.err();
        if refused.is_some() {
            break;
        }
    }
    assert!(refused.unwrap().to_string().contains("full"));
    let mut consumer = bus.consume("small", 100).await.unwrap();
    next(&mut *consumer).await.settle(Settle::Done).await.unwrap();
    while let Ok(Some(delivery)) = timeout(QUIET, consumer.next()).await {
        delivery.settle(Settle::Done).await.unwrap();
    }
    bus.publish(message("small", 1_000)).await.unwrap();
    next(&mut *consumer).await.settle(Settle::Done).await.unwrap();
}

async fn what_does_not_exist_is_an_error(bus: &dyn Bus) {
    let error = bus.publish(message("no.such", 1)).await.unwrap_err().to_string();
    assert!(error.contains("no.such"), "{error}");
    let error = bus.consume("nowhere", 1).await.unwrap_err().to_string();
    assert!(error.contains("nowhere"), "{error}");
    assert!(bus.dead_letters("nowhere").await.is_err());
}

async fn namespaces_are_apart(stage: &Stage) {
    let mut ours = stage.one.consume("spaces", 10).await.unwrap();
    let mut theirs = stage.other.consume("spaces", 10).await.unwrap();
    let sent = message("spaces", 1);
    stage.other.publish(sent.clone()).await.unwrap();
    let delivery = next(&mut *theirs).await;
    assert_eq!(delivery.message, sent);
    delivery.settle(Settle::Done).await.unwrap();
    quiet(&mut *ours).await;
}

async fn who_stops_waiting_loses_nothing(bus: &dyn Bus) {
    let mut consumer = bus.consume("cancelled", 4).await.unwrap();
    let mut seen = 0;
    for number in 0..50 {
        bus.publish(message("cancelled", number)).await.unwrap();
    }
    // Gives up at every possible moment.
    let mut micros = 0;
    while seen < 50 {
        let patience = Duration::from_micros(micros);
        if let Ok(delivery) = timeout(patience, consumer.next()).await {
            let delivery = delivery.unwrap();
            assert_eq!(delivery.message.payload, message("", seen).payload, "out of order");
            delivery.settle(Settle::Done).await.unwrap();
            seen += 1;
        }
        micros = (micros + 37) % 5_000;
    }
}

async fn what_nobody_survives_is_dead(bus: &dyn Bus) {
    let mut consumer = bus.consume("poison", 1).await.unwrap();
    bus.publish(message("poison", 1)).await.unwrap();
    let mut times = 0;
    while let Ok(Some(delivery)) = timeout(QUIET, consumer.next()).await {
        drop(delivery);
        times += 1;
    }
    assert!((10..=40).contains(&times), "handed out {times} times");
    dead_are(bus, "poison", 1).await;
}

async fn a_load_is_settled_once_each(stage: &Stage) {
    const EACH: u32 = 250;
    let (settled, mut seen) = mpsc::channel(10_000);
    let mut consumers = JoinSet::new();
    for bus in [&stage.one, &stage.two] {
        let mut consumer = bus.consume("load", 50).await.unwrap();
        let settled = settled.clone();
        consumers.spawn(async move {
            while let Some(delivery) = consumer.next().await {
                let id = delivery.message.id;
                delivery.settle(Settle::Done).await.unwrap();
                settled.send(id).await.unwrap();
            }
        });
    }
    let mut publishers = JoinSet::new();
    for publisher in 0..4 {
        let bus = if publisher % 2 == 0 { stage.one.clone() } else { stage.two.clone() };
        publishers.spawn(async move {
            let mut ids = Vec::new();
            for number in 0..EACH {
                let message = message("load", publisher * EACH + number);
                ids.push(message.id);
                bus.publish(message).await.unwrap();
            }
            ids
        });
    }
    let sent = publishers.join_all().await.concat();
    let mut times: HashMap<Uuid, u32> = sent.iter().map(|id| (*id, 0)).collect();
    for _ in &sent {
        let id = timeout(PATIENCE, seen.recv()).await.unwrap().unwrap();
        *times.get_mut(&id).unwrap() += 1;
    }
    assert!(times.values().all(|times| *times == 1));
    assert!(timeout(QUIET, seen.recv()).await.is_err(), "something was settled twice");
    consumers.shutdown().await;
}
