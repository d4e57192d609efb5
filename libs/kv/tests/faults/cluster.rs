//! A cluster loses servers and moves slots while calls run: none takes longer than its deadline, and all succeed again soon.

use std::ops::Range;
use std::time::Duration;

use kv::{Kv, RedisKv};
use testkit::servers::{self, RedisCluster};
use testkit::wait;
use tokio::time::{Instant, sleep, timeout};

use super::load::{Load, Person};
use super::{LONGEST, PATIENCE};

const NAMESPACE: &str = "kv";
const KEYS: usize = 60;
/// How long after the cluster is whole again every call must succeed.
const AGAIN: Duration = Duration::from_secs(5);
const MINUTE: Duration = Duration::from_mins(1);

async fn begin(with_replicas: bool) -> (RedisCluster, RedisKv) {
    let cluster = servers::private_redis_cluster(with_replicas).await.unwrap();
    let kv = RedisKv::connect(&cluster.url(), NAMESPACE).await.unwrap();
    (cluster, kv)
}

fn keys() -> impl Iterator<Item = String> {
    (0..KEYS).map(|key| format!("key{key}"))
}

async fn slot_of(cluster: &RedisCluster, key: &str) -> u16 {
    let answer = cluster.say(0, &format!("CLUSTER KEYSLOT {NAMESPACE}:v:{key}")).await.unwrap();
    answer.trim().trim_start_matches(':').parse().unwrap()
}

/// The slots that a master has at the beginning.
fn slots(master: u16) -> Range<u16> {
    let border = |master: u16| u16::try_from(16_384 * u32::from(master) / 3).unwrap();
    border(master)..border(master + 1)
}

/// Keys for values whose slot is with that master.
async fn keys_of(cluster: &RedisCluster, master: u16, count: usize) -> Vec<String> {
    let mut found = Vec::new();
    for key in (0..).map(|key| format!("its{key}")) {
        if found.len() == count {
            break;
        }
        if slots(master).contains(&slot_of(cluster, &key).await) {
            found.push(key);
        }
    }
    found
}

/// Waits until a value of each key can be written, and says how long that took.
async fn all_succeed(kv: &RedisKv, since: Instant) {
    for key in keys() {
        let written = async || kv.set(&format!("again {key}"), b"x", MINUTE).await.ok();
        wait::until(AGAIN, written).await.unwrap();
    }
    println!("every key can be written {:?} after the cluster was whole", since.elapsed());
    assert!(since.elapsed() < AGAIN, "{:?}", since.elapsed());
}

fn none_failed_after(people: &[Person], end: Instant) {
    for person in people {
        let Some(last) = person.last_failed else { continue };
        assert!(last < end, "{} failed {:?} too late: {}", person.key, last - end, person.reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_takes_over_and_every_call_succeeds_again() {
    let (mut cluster, kv) = begin(true).await;
    let load = Load::start(&kv, keys());
    sleep(Duration::from_secs(1)).await;
    cluster.kill(0).await.unwrap();
    let master = async || {
        let role = cluster.say(3, "ROLE").await.ok()?;
        role.contains("master").then_some(())
    };
    wait::until(Duration::from_secs(30), master).await.unwrap();
    let taken_over = Instant::now();
    all_succeed(&kv, taken_over).await;
    let well = Instant::now() + Duration::from_secs(1);
    sleep(Duration::from_secs(2)).await;
    // It comes back as a replica of what was its own: nothing changes for anybody.
    cluster.restart(0).await.unwrap();
    sleep(Duration::from_secs(3)).await;
    let people = load.end().await;
    none_failed_after(&people, well);
    assert!(people.iter().any(|person| person.failed > 0), "nothing was broken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_without_a_replica_takes_its_own_keys_along_and_no_others() {
    let (mut cluster, kv) = begin(false).await;
    let (lost, kept) = (keys_of(&cluster, 1, 1).await, keys_of(&cluster, 2, 10).await);
    let kept: Vec<_> = kept.iter().map(String::as_str).collect();
    cluster.kill(1).await.unwrap();
    assert!(timeout(LONGEST, kv.set(&lost[0], b"x", MINUTE)).await.unwrap().is_err());
    // For longer than the others take to notice it.
    let end = Instant::now() + Duration::from_secs(4);
    let mut slowest = (Duration::ZERO, Duration::ZERO);
    while Instant::now() < end {
        let begin = Instant::now();
        assert!(kv.set(&lost[0], b"x", MINUTE).await.is_err());
        slowest.0 = slowest.0.max(begin.elapsed());
        for key in &kept {
            let begin = Instant::now();
            kv.set(key, b"x", MINUTE).await.unwrap();
            slowest.1 = slowest.1.max(begin.elapsed());
        }
    }
    println!("what is lost fails within {:?}, what lives takes {:?}", slowest.0, slowest.1);
    assert!(slowest.0 < Duration::from_millis(600), "it is known to be away: {:?}", slowest.0);
    assert!(kv.ping().await.is_err());
    cluster.restart(1).await.unwrap();
    all_succeed(&kv, Instant::now()).await;
    wait::until(PATIENCE, async || kv.ping().await.ok()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_that_move_under_calls_cost_nobody_a_call() {
    let (cluster, kv) = begin(false).await;
    let its = keys_of(&cluster, 2, 3).await;
    let load = Load::start(&kv, keys().chain(its.iter().cloned()));
    sleep(Duration::from_millis(500)).await;
    for round in 0..12 {
        let (from, to) = if round % 2 == 0 { (2, 0) } else { (0, 2) };
        for key in &its {
            let slot = slot_of(&cluster, key).await;
            cluster.begin_move(slot, from, to).await.unwrap();
            // What is not there yet is written where the slot goes.
            kv.set(&format!("{{{NAMESPACE}:v:{key}}}{round}"), b"new", MINUTE).await.unwrap();
            sleep(Duration::from_millis(20)).await;
            while cluster.move_key(slot, from, to).await.unwrap() {}
            sleep(Duration::from_millis(20)).await;
            cluster.end_move(slot, from, to).await.unwrap();
        }
    }
    let people = load.end().await;
    for person in &people {
        assert_eq!(person.failed, 0, "{}: {}", person.key, person.reason);
    }
}

/// As many at once as made the driver's own connection to a cluster hang for good.
#[tokio::test(flavor = "multi_thread")]
async fn many_calls_get_over_many_moves() {
    let (cluster, kv) = begin(false).await;
    for slot in 0..60 {
        cluster.move_slot(slot, 0, 1).await.unwrap();
        let calls = (0..20_000).step_by(50).map(|key| {
            let kv = kv.clone();
            async move { kv.get(&format!("key{key}")).await }
        });
        let answers = timeout(LONGEST * 2, futures::future::join_all(calls)).await.unwrap();
        let failed: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
        assert!(failed.is_empty(), "after {} moves: {}", slot + 1, failed[0]);
    }
}
