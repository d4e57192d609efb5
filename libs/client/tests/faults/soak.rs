//! Faults of all kinds, drawn by lot, one after another and under traffic.

use std::time::Duration;

use kernel::{Random, SeededRandom};
use testkit::proxy::{Harm, Protocol, Way, Wire};
use testkit::servers::{self, PrivateServer};
use testkit::stack::Stack;
use tokio::time::{Instant, sleep};

use crate::crowd::Crowd;
use crate::loss::{EVENTS, WEATHER};
use crate::play::{PATIENCE, in_town, number, seed};
use crate::probe::{self, CHATS};
use crate::town::Town;
use crate::traffic::{Pace, Traffic};

const PEOPLE: usize = 20;
const RATE: u32 = 30;
/// Without `RESTANTE_SOAK_MINUTES`.
const FAULTS: usize = 3;
const FAULT_KINDS: u64 = 7;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_breaks_nobody_loses_anything() {
    let seed = seed();
    let redis = servers::private_redis().await.unwrap();
    let port = redis.url().rsplit_once(':').unwrap().1.parse().unwrap();
    let wire = Wire::seeded(port, Protocol::Redis, seed).await.unwrap();
    let url = format!("redis://127.0.0.1:{}", wire.port());
    let env = [
        ("RESTANTE_FANOUT__URL", url.as_str()),
        ("RESTANTE_KV__URL", url.as_str()),
        ("RESTANTE_TOKENS__ACCESS_TTL_S", "86400"),
    ];
    in_town(&env, |town| soak(World { town, redis, wire }, seed)).await;
}

/// What can break.
struct World {
    town: Town,
    redis: PrivateServer,
    wire: Wire,
}

async fn soak(mut world: World, seed: u64) {
    let base = Stack::load(&world.town.dir).unwrap().base;
    let crowd = Crowd::gather(&world.town, PEOPLE, &[base], 4, seed).await;
    let traffic = Traffic::start(&crowd, Pace::of(RATE), seed);
    traffic.goes_on(RATE as usize).await;
    let random = SeededRandom::new(seed);
    let minutes = number("RESTANTE_SOAK_MINUTES");
    let end = minutes.map(|minutes| Instant::now() + Duration::from_mins(minutes));
    for count in 0.. {
        if end.map_or(count >= FAULTS, |end| Instant::now() >= end) {
            break;
        }
        let begin = Instant::now();
        let what = world.fault(&random, &traffic).await;
        crowd.online(PATIENCE).await;
        crowd.have(&traffic.said(), PATIENCE).await;
        eprintln!("{what}: all is well after {:.1?}", begin.elapsed());
        traffic.goes_on(RATE as usize).await;
    }
    let said = traffic.stop().await;
    let tally = crowd.settle(&said, PATIENCE).await;
    eprintln!("{} connections; {tally}", crowd.connections().iter().sum::<u64>());
    tally.assert_perfect();
}

impl World {
    /// Breaks something for a moment, and mends it.
    async fn fault(&mut self, random: &dyn Random, traffic: &Traffic) -> String {
        let dir = &self.town.dir;
        let chat = CHATS[usize::from(random.below(2) == 1)];
        let moment = Duration::from_millis(random.below(3_000));
        match random.below(FAULT_KINDS) {
            0 => {
                self.redis.kill().await.unwrap();
                sleep(moment).await;
                self.redis.restart().await.unwrap();
                format!("Redis killed for {moment:.1?}")
            }
            1 => {
                self.wire.harm(Way::ToClient, Harm::Weather(EVENTS, WEATHER));
                traffic.goes_on(4 * RATE as usize).await;
                self.wire.heal();
                "bad weather".to_owned()
            }
            2 => {
                self.wire.cut();
                "all lines to Redis cut".to_owned()
            }
            3 => {
                self.wire.harm(Way::ToClient, Harm::SwallowNamed(EVENTS));
                probe::deaf(&self.town, true, PATIENCE).await;
                self.wire.heal();
                "lines to Redis that bring nothing".to_owned()
            }
            4 => {
                Stack::kill(dir, chat).await.unwrap();
                sleep(moment).await;
                Stack::start(dir, chat).await.unwrap();
                format!("{chat} killed for {moment:.1?}")
            }
            5 => {
                Stack::stop(dir, chat).await.unwrap();
                Stack::start(dir, chat).await.unwrap();
                format!("{chat} stopped and started")
            }
            _ => {
                Stack::kill(dir, "nginx").await.unwrap();
                sleep(moment).await;
                Stack::start(dir, "nginx").await.unwrap();
                format!("the gateway killed for {moment:.1?}")
            }
        }
    }
}
