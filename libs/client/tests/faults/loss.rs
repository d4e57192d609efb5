//! A bad line between the instances and Redis: of what is told through the fan-out a part is lost, doubled, late, and overtaken.

use std::time::Duration;

use testkit::proxy::{Harm, Protocol, Way, Weather, Wire};
use testkit::servers;

use crate::crowd::Crowd;
use crate::play::{PATIENCE, in_town, long, seed};
use crate::probe;
use crate::town::Town;
use crate::traffic::{Pace, Traffic};

const PEOPLE: usize = 20;
const RATE: u32 = 40;
const MESSAGES: usize = 400;
const MANY_MESSAGES: usize = 20_000;
/// Five of a hundred each.
pub(crate) const WEATHER: Weather =
    Weather { lost: 50, doubled: 50, late: 50, by: Duration::from_secs(1) };
/// What is told through the fan-out, as Redis calls it.
pub(crate) const EVENTS: &[&str] = &["message", "smessage"];
/// A message is with everybody this long after it was acknowledged: three times what is promised.
const CONVERGED: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread")]
async fn events_are_lost_doubled_and_late_and_everybody_has_everything_soon() {
    let seed = seed();
    let redis = servers::private_redis().await.unwrap();
    let port = redis.url().rsplit_once(':').unwrap().1.parse().unwrap();
    let wire = Wire::seeded(port, Protocol::Redis, seed).await.unwrap();
    let url = format!("redis://127.0.0.1:{}", wire.port());
    in_town(&[("RESTANTE_FANOUT__URL", &url)], |town| rain(town, &wire, seed)).await;
}

async fn rain(town: Town, wire: &Wire, seed: u64) {
    let crowd = Crowd::gather(&town, PEOPLE, &town.instances, 4, seed).await;
    wire.harm(Way::ToClient, Harm::Weather(EVENTS, WEATHER));
    let traffic = Traffic::start(&crowd, Pace::of(RATE), seed);
    traffic.goes_on(if long() { MANY_MESSAGES } else { MESSAGES }).await;
    let said = traffic.stop().await;
    // The last ones too, behind which nothing comes that would tell of them.
    let tally = crowd.settle(&said, PATIENCE).await;
    let (lost, repairs) = (wire.swallowed(), probe::both(&town, "live_repairs_total").await);
    eprintln!("{lost} events swallowed, {repairs} repairs");
    eprintln!("{tally}");
    tally.assert_perfect();
    assert!(lost > 0 && repairs > 0.0, "the weather was fine");
    crowd.assert_connected_throughout();
    assert!(tally.late(100) <= CONVERGED, "somebody waited {:?}", tally.late(100));
}
