//! A line to the database that loses replies, delivers inserts late, and breaks.

use std::sync::Arc;
use std::time::Duration;

use testkit::proxy::{Fate, Protocol, Proxy, Seeded};
use testkit::servers::mongo_url;

use super::super::super::asked;
use super::super::LIMITS;
use super::super::scratch::Scratch;
use super::storm::{Load, Told, instance, weather};
use crate::log::mongo::Limits;

/// What an instance waits for an insert; short, so that many can be lost in little time.
const ROUND: Duration = Duration::from_millis(600);
const INSTANCES: u64 = 3;
const CONVERSATIONS: u64 = 20;
const PATIENCE: Duration = Duration::from_mins(4);

#[tokio::test(flavor = "multi_thread")]
async fn lost_and_late_inserts_make_no_hole_and_nothing_twice() {
    let (seed, messages) =
        (asked("RESTANTE_TEST_SEED", 1), asked("RESTANTE_TEST_MESSAGES", 10_200));
    let scratch = Scratch::new().await;
    let (url, server) = (scratch.url(), mongo_url().await.unwrap());
    let server = server.rsplit_once(':').unwrap().1.split('/').next().unwrap().parse().unwrap();
    // Late is after the instance gave up, and after it looked.
    let fates = vec![
        (30, Fate::LoseAnswer),
        (15, Fate::Late(ROUND * 3 / 2)),
        (10, Fate::Late(ROUND * 3)),
        (10, Fate::DelayAnswer(ROUND * 2)),
        (15, Fate::CutAnswer),
        (10, Fate::Cut),
    ];
    let rule = Arc::new(Seeded::new(seed, &["insert"], fates));
    let proxy = Proxy::before(server, Protocol::Mongo, rule).await.unwrap();
    let (_, rest) = url.split_once(&server.to_string()).unwrap();
    let rest = rest.replace("replicaSet=rs0", "directConnection=true");
    let bad = format!("mongodb://127.0.0.1:{}{rest}", proxy.port());
    let mut instances = Vec::new();
    for _ in 0..INSTANCES {
        instances.push(instance(&bad, Limits { append_timeout: ROUND, ..LIMITS }).await);
    }
    let load = Load {
        conversations: usize::try_from(CONVERSATIONS).unwrap(),
        senders: usize::try_from(INSTANCES).unwrap(),
        messages: usize::try_from(messages / CONVERSATIONS / INSTANCES).unwrap(),
        window: 5,
        every: None,
    };
    let told = Told::new();
    weather(url, instances, load, Arc::clone(&told), PATIENCE).await;
    let counts = proxy.counts();
    eprintln!("seed {seed}: {counts:?}, {}", told.summary());
    for happened in [counts.lost(), counts.late(), counts.delayed(), counts.cut()] {
        assert!(happened > 0, "{counts:?}");
    }
}
