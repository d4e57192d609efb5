//! Sockets that never read are closed, and nobody else notices them.

use testkit::wait;
use tokio::task::JoinHandle;

use crate::crowd::Crowd;
use crate::play::{PATIENCE, in_town, long, seed};
use crate::probe::{self, CHATS};
use crate::raw::Raw;
use crate::tally::{percentile, times};
use crate::town::Town;
use crate::traffic::{Pace, Traffic};

const PEOPLE: usize = 20;
/// With so many letters what a socket does not read is soon more than may wait for it.
const PACE: Pace = Pace { rate: 25, letters: 9_000, first: 0 };
const MESSAGES: usize = 150;
const MANY_MESSAGES: usize = 2_000;
/// On each instance.
const SLOW: usize = 5;
/// Bytes that the system takes in for one that does not read.
const BUFFER: u32 = 4_096;

#[tokio::test(flavor = "multi_thread")]
async fn sockets_that_never_read_are_closed_and_nobody_else_notices() {
    let seed = seed();
    in_town(&[], |town| slow(town, seed)).await;
}

async fn slow(town: Town, seed: u64) {
    let messages = if long() { MANY_MESSAGES } else { MESSAGES };
    let crowd = Crowd::gather(&town, PEOPLE, &town.instances, PEOPLE, seed).await;
    // As many that read, so that what differs is the reading.
    let readers = more_sockets(&town, &crowd, None)
        .await
        .into_iter()
        .map(|mut reader| tokio::spawn(async move { while reader.event().await.is_some() {} }));
    let readers: Vec<_> = readers.collect();
    let without = Traffic::start(&crowd, PACE, seed);
    without.goes_on(messages).await;
    let said = without.stop().await;
    crowd.have(&said, PATIENCE).await;
    readers.iter().for_each(JoinHandle::abort);

    let mut sleepers = more_sockets(&town, &crowd, Some(BUFFER)).await;
    let pace = Pace { first: usize::MAX / 2, ..PACE };
    let with = Traffic::start(&crowd, pace, seed.wrapping_add(1));
    with.goes_on(messages).await;
    let closed = async || {
        let closed = probe::both(&town, "socket_closed_total{reason=\"slow_reader\"}").await;
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let all = (2 * SLOW) as f64;
        (closed >= all).then_some(())
    };
    wait::until(PATIENCE, closed).await.unwrap();
    let more = with.stop().await;
    crowd.have(&more, PATIENCE).await;
    for (what, said) in [("that read", &said), ("that do not", &more)] {
        let times = times(&crowd, said, |said| said.sent);
        let [p50, p99] = [50, 99].map(|percent| percentile(&times, percent));
        eprintln!("with ten more sockets {what}: everywhere after p50 {p50:.1?} p99 {p99:.1?}");
    }
    // Once it reads, it finds that it is over.
    for sleeper in &mut sleepers {
        while sleeper.event().await.is_some() {}
    }
    let all = [said, more].concat();
    let tally = crowd.settle(&all, PATIENCE).await;
    eprintln!("{tally}");
    tally.assert_perfect();
    crowd.assert_connected_throughout();
}

/// Of people in the group, on both instances.
async fn more_sockets(town: &Town, crowd: &Crowd, buffer: Option<u32>) -> Vec<Raw> {
    let mut sockets = Vec::new();
    for (number, base) in CHATS.iter().cycle().take(2 * SLOW).enumerate() {
        let token = &crowd.members[number].session.token;
        sockets.push(Raw::connect(&probe::own(town, base), token, buffer).await);
    }
    sockets
}
