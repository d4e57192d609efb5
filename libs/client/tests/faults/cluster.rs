//! The same on a cluster of three masters: one is killed and its replica takes over; another is killed with its replica, and
//! both come back.

use std::time::Duration;

use testkit::servers::{self, RedisCluster};
use testkit::wait;
use tokio::time::{Instant, sleep_until};

use crate::crowd::Crowd;
use crate::deaf::HEARD_AGAIN;
use crate::play::{PATIENCE, in_town, seed};
use crate::probe;
use crate::town::Town;
use crate::traffic::{Pace, Traffic};

const PEOPLE: usize = 20;
const RATE: u32 = 20;
/// How long a master without a replica is away: longer than the others take to notice it.
const AWAY: Duration = Duration::from_secs(4);
const FAIL_OVER: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_loses_masters_and_nobody_loses_anything_or_reconnects() {
    let seed = seed();
    let cluster = servers::private_redis_cluster(true).await.unwrap();
    let url = cluster.url();
    let env = [("RESTANTE_FANOUT__URL", url.as_str()), ("RESTANTE_KV__URL", url.as_str())];
    in_town(&env, |town| killed(town, cluster, seed)).await;
}

async fn killed(town: Town, mut cluster: RedisCluster, seed: u64) {
    let crowd = Crowd::gather(&town, PEOPLE, &town.instances, 4, seed).await;
    let traffic = Traffic::start(&crowd, Pace::of(RATE), seed);
    traffic.goes_on(2 * RATE as usize).await;

    cluster.kill(0).await.unwrap();
    let killed = Instant::now();
    let is_master = async || cluster.say(3, "ROLE").await.ok()?.contains("master").then_some(());
    wait::until(FAIL_OVER, is_master).await.unwrap();
    let took_over = killed.elapsed();
    let over = heard_again(&town, &crowd, &traffic).await;
    eprintln!(
        "the replica took over after {took_over:.1?}; all heard {:.1?} later, green {:.1?}",
        over.0, over.1
    );
    cluster.restart(0).await.unwrap();
    traffic.goes_on(RATE as usize).await;

    cluster.kill(4).await.unwrap();
    cluster.kill(1).await.unwrap();
    let back = Instant::now() + AWAY;
    probe::deaf(&town, true, HEARD_AGAIN).await;
    traffic.goes_on(RATE as usize).await;
    sleep_until(back).await;
    cluster.restart(1).await.unwrap();
    let over = heard_again(&town, &crowd, &traffic).await;
    eprintln!("a third was away; all heard {:.1?} after its return, green {:.1?}", over.0, over.1);
    cluster.restart(4).await.unwrap();
    traffic.goes_on(RATE as usize).await;

    let said = traffic.stop().await;
    let tally = crowd.settle(&said, PATIENCE).await;
    eprintln!("{tally}");
    tally.assert_perfect();
    crowd.assert_connected_throughout();
}

/// Waits until everybody has what was said up to now, and until the instances say that they hear; says how long each took.
async fn heard_again(town: &Town, crowd: &Crowd, traffic: &Traffic) -> (Duration, Duration) {
    let begin = Instant::now();
    crowd.have(&traffic.said(), HEARD_AGAIN).await;
    let heard = begin.elapsed();
    probe::deaf(town, false, HEARD_AGAIN).await;
    (heard, begin.elapsed())
}
