//! Every chat instance is stopped and started again, one after another, while people write.

use testkit::stack::Stack;
use tokio::time::Instant;

use crate::crowd::Crowd;
use crate::play::{PATIENCE, in_town, long, seed};
use crate::probe::{self, CHATS};
use crate::town::Town;
use crate::traffic::{Pace, Traffic};

const RATE: u32 = 50;
const PEOPLE: usize = 100;
const MANY_PEOPLE: usize = 1_000;
/// How often each is restarted.
const ROUNDS: usize = 1;
const MANY_ROUNDS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn every_instance_is_restarted_and_nobody_loses_anything() {
    let seed = seed();
    in_town(&[], |town| restarted(town, seed)).await;
}

async fn restarted(town: Town, seed: u64) {
    let (people, rounds) = if long() { (MANY_PEOPLE, MANY_ROUNDS) } else { (PEOPLE, ROUNDS) };
    let base = Stack::load(&town.dir).unwrap().base;
    let crowd = Crowd::gather(&town, people, &[base], 4, seed).await;
    let traffic = Traffic::start(&crowd, Pace::of(RATE), seed);
    traffic.goes_on(2 * RATE as usize).await;
    for name in (0..rounds).flat_map(|_| CHATS) {
        let here = probe::metric(&town, name, "sockets_open").await.unwrap();
        let begin = Instant::now();
        // Fails if it does not end by itself.
        Stack::stop(&town.dir, name).await.unwrap();
        let ended = begin.elapsed();
        Stack::start(&town.dir, name).await.unwrap();
        let started = begin.elapsed();
        crowd.online(PATIENCE).await;
        let online = begin.elapsed();
        eprintln!(
            "{name} with {here} sockets: ended {ended:.1?}, ready {started:.1?}, all online {online:.1?}"
        );
        traffic.goes_on(2 * RATE as usize).await;
    }
    let said = traffic.stop().await;
    let tally = crowd.settle(&said, PATIENCE).await;
    let connections: Vec<u64> = crowd.connections();
    let total: u64 = connections.iter().sum();
    eprintln!(
        "{people} people, {total} connections, at most {:?} of one",
        connections.iter().max()
    );
    eprintln!("{tally}");
    tally.assert_perfect();
    assert!(total > people as u64, "nobody had to reconnect");
}
