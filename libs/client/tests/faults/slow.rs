//! Sockets that never read are closed, and nobody else notices them.

use testkit::wait;

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
    let without = Traffic::start(&crowd, PACE, seed);
    without.goes_on(messages).await;
    let said = without.stop().await;
    crowd.have(&said, PATIENCE).await;

    let mut sleepers = Vec::new();
    for (number, base) in CHATS.iter().cycle().take(2 * SLOW).enumerate() {
        let token = &crowd.members[number].session.token;
        sleepers.push(Raw::connect(&probe::own(&town, base), token, Some(BUFFER)).await);
    }
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
    for (what, said) in [("without", &said), ("with", &more)] {
        let times = times(&crowd, said, |said| said.sent);
        let [p50, p99] = [50, 99].map(|percent| percentile(&times, percent));
        eprintln!("{what} those who do not read: everywhere after p50 {p50:.1?} p99 {p99:.1?}");
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
