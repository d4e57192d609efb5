//! Redis is killed under traffic: everything is accepted and stored meanwhile, and heard soon after it is back.

use std::time::Duration;

use serde_json::json;
use testkit::servers::{self, PrivateServer};
use tokio::time::{Instant, sleep_until, timeout};

use crate::crowd::Crowd;
use crate::play::{PATIENCE, in_town, long, seed};
use crate::probe::{self, CHATS};
use crate::raw::Raw;
use crate::town::Town;
use crate::traffic::{Pace, Traffic};

const PEOPLE: usize = 20;
const RATE: u32 = 20;
/// How long Redis is away.
const AWAY: Duration = Duration::from_secs(10);
const LONG_AWAY: Duration = Duration::from_mins(1);
/// Until an instance says that it is deaf.
const NOTICED: Duration = Duration::from_secs(10);
/// Everybody has everything this long after the return: three times what is promised.
pub(crate) const HEARD_AGAIN: Duration = Duration::from_secs(15);
/// Who comes while Redis is known to be away is let in after this, everything read: far less than one deadline of a call to it
/// for each look at the list of ended sessions.
const LET_IN: Duration = Duration::from_millis(1_500);

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_killed_and_nobody_loses_anything_or_reconnects() {
    let seed = seed();
    let redis = servers::private_redis().await.unwrap();
    let url = redis.url();
    let env = [("RESTANTE_FANOUT__URL", url.as_str()), ("RESTANTE_KV__URL", url.as_str())];
    in_town(&env, |town| killed(town, redis, seed)).await;
}

async fn killed(town: Town, mut redis: PrivateServer, seed: u64) {
    let crowd = Crowd::gather(&town, PEOPLE, &town.instances, 4, seed).await;
    let traffic = Traffic::start(&crowd, Pace::of(RATE), seed);
    traffic.goes_on(2 * RATE as usize).await;

    redis.kill().await.unwrap();
    let back = Instant::now() + if long() { LONG_AWAY } else { AWAY };
    let noticed = probe::deaf(&town, true, NOTICED).await;
    let before = traffic.said().len();
    let arrives = Instant::now();
    let mut late =
        Raw::connect(&probe::own(&town, CHATS[0]), &crowd.members[0].session.token, None).await;
    let synced = late.ask("sync", &json!({})).await;
    assert_eq!(synced["ok"], true, "{synced}");
    let let_in = arrives.elapsed();
    assert!(let_in < LET_IN, "let in after {let_in:?}");
    traffic.goes_on(3 * RATE as usize).await;
    sleep_until(back).await;
    let meanwhile = traffic.said().len() - before;
    // Still so, and still serving.
    probe::deaf(&town, true, NOTICED).await;

    redis.restart().await.unwrap();
    let returned = Instant::now();
    crowd.have(&traffic.said(), HEARD_AGAIN).await;
    let again = returned.elapsed();
    probe::deaf(&town, false, HEARD_AGAIN).await;
    let green = returned.elapsed();
    let live = timeout(HEARD_AGAIN, late.hears(|name, _| name == "message:new")).await;
    assert!(live.unwrap().is_some(), "who came meanwhile hears nothing");
    traffic.goes_on(2 * RATE as usize).await;

    let said = traffic.stop().await;
    let tally = crowd.settle(&said, PATIENCE).await;
    eprintln!("deaf after {noticed:.1?}; {meanwhile} messages accepted while Redis was away");
    eprintln!("who came meanwhile was let in and up to date after {let_in:.1?}");
    eprintln!("all of it heard {again:.1?} after its return, green {green:.1?} after it");
    eprintln!("{tally}");
    tally.assert_perfect();
    crowd.assert_connected_throughout();
}
