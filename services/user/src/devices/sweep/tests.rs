use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use contracts::events::Event;
use kernel::{DeviceId, SessionId};
use tokio_util::sync::CancellationToken;

use super::{Sweeper, lease, sweep_regularly};
use crate::accounts::Rotation;
use crate::outbox::Outbox;
use crate::ports::Ports;
use crate::testing::{START, World, device, session, sign_in, user, world, world_on_mongo};

const DAY: Duration = Duration::from_hours(24);
/// A day but for a millisecond.
const ALMOST: Duration = Duration::from_millis(86_399_999);
const LIFE: Duration = Duration::from_mins(20);
const WINDOWS: u128 = 200;

/// Ada comes in on device `n`, now.
async fn come_in(world: &World, n: u128, platform: &str) {
    let mut sign_in = sign_in("ada@example.org", n, None);
    sign_in.platform = platform.to_owned();
    sign_in.most.devices = 1_000;
    sign_in.most.sessions = 1_000;
    sign_in.cause = world.ports.cause();
    sign_in.session.expires_at = sign_in.cause.at.plus(world.ports.session_idle());
    world.ports.accounts.sign_in(sign_in).await.unwrap();
}

fn sweeper(ports: &Ports) -> Sweeper<'_> {
    Sweeper::new(ports, lease(ports, LIFE))
}

async fn devices(world: &World) -> Vec<DeviceId> {
    let devices = world.ports.accounts.devices(user(0)).await.unwrap();
    devices.into_iter().map(|device| device.id).collect()
}

/// Begins when a real server finds nothing expired.
fn begin(world: &World) {
    world.clock.advance(START.since(world.ports.clock.now()));
}

async fn forgets_private_windows(world: &World, outbox: &dyn Outbox) {
    begin(world);
    come_in(world, 0, "android").await;
    for n in 1..=WINDOWS {
        come_in(world, n, "web").await;
    }
    let mut sweeper = sweeper(&world.ports);
    world.clock.advance(6 * DAY + ALMOST);
    assert_eq!(sweeper.pass().await.unwrap(), 0, "not yet");
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(sweeper.pass().await.unwrap(), 200);
    assert_eq!(sweeper.pass().await.unwrap(), 0);
    assert_eq!(devices(world).await, [device(0)], "the telephone has three weeks more");
    let now = world.ports.clock.now();
    let open = world.ports.accounts.sessions(user(0), now).await.unwrap();
    assert_eq!(open.iter().map(|open| open.id).collect::<Vec<_>>(), [session(0)]);

    let (mut ended, mut removed) = (HashSet::new(), HashSet::new());
    for message in outbox.waiting(1_000).await.unwrap() {
        match Event::decode(&message.topic, &message.payload).unwrap() {
            Event::SessionRevoked(event) => assert!(ended.insert(event.session)),
            Event::DeviceRemoved(event) => assert!(removed.insert((event.user, event.device))),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(ended, (1..=WINDOWS).map(session).collect::<HashSet<SessionId>>());
    assert_eq!(removed, (1..=WINDOWS).map(|n| (user(0), device(n))).collect());
    for n in 1..=WINDOWS {
        assert!(world.ports.revocations.is_revoked(session(n)).await.unwrap(), "denied at once");
    }
    assert!(!world.ports.revocations.is_revoked(session(0)).await.unwrap());

    world.clock.advance(23 * DAY);
    assert_eq!(sweeper.pass().await.unwrap(), 1);
    assert_eq!(devices(world).await, []);
}

#[tokio::test]
async fn sqlite_forgets_two_hundred_private_windows_after_a_week() {
    let world = world(&[]).await;
    forgets_private_windows(&world, &world.outbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mongo_forgets_two_hundred_private_windows_after_a_week() {
    let (world, outbox) = world_on_mongo(&[]).await;
    forgets_private_windows(&world, &outbox).await;
}

#[tokio::test]
async fn a_device_in_use_stays_for_ever() {
    let world = world(&[]).await;
    come_in(&world, 0, "web").await;
    let mut sweeper = sweeper(&world.ports);
    for n in 1..=60 {
        world.clock.advance(DAY);
        let cause = world.ports.cause();
        let until = cause.at.plus(world.ports.session_idle());
        let refreshed = world.ports.accounts.rotate(session(0), n, until, &cause).await.unwrap();
        assert_eq!(refreshed, Rotation::Rotated);
        assert_eq!(sweeper.pass().await.unwrap(), 0);
    }
    assert_eq!(devices(&world).await, [device(0)]);
}

#[tokio::test]
async fn one_pass_removes_so_many_and_the_next_goes_on() {
    let world = world(&[]).await;
    for n in 0..7 {
        come_in(&world, n, "web").await;
    }
    world.clock.advance(7 * DAY);
    let mut sweeper = sweeper(&world.ports);
    (sweeper.page, sweeper.pages) = (2, 2);
    assert_eq!(sweeper.pass().await.unwrap(), 4);
    assert_eq!(sweeper.pass().await.unwrap(), 3);
}

#[tokio::test]
async fn what_cannot_be_removed_keeps_no_other_waiting() {
    let world = world(&[]).await;
    for n in 0..6 {
        come_in(&world, n, "web").await;
    }
    let stuck = format!(
        "CREATE TRIGGER bad BEFORE DELETE ON user_devices WHEN lower(hex(old.id)) = '{}'
         BEGIN SELECT raise(ABORT, 'a bad page'); END",
        device(2).uuid().simple()
    );
    let database = world.outbox.0.clone();
    database.write(move |tx| Ok(tx.execute_batch(&stuck)?)).await.unwrap();
    world.clock.advance(7 * DAY);
    let mut sweeper = sweeper(&world.ports);
    sweeper.page = 2;
    sweeper.pass().await.unwrap_err();
    assert_eq!(devices(&world).await, [device(2)]);
    database.write(|tx| Ok(tx.execute_batch("DROP TRIGGER bad")?)).await.unwrap();
    assert_eq!(sweeper.pass().await.unwrap(), 1);
}

#[tokio::test]
async fn one_instance_sweeps_and_another_when_it_is_gone() {
    let world = world(&[]).await;
    come_in(&world, 0, "web").await;
    let (mut first, mut second) = (sweeper(&world.ports), sweeper(&world.ports));
    assert_eq!(first.pass().await.unwrap(), 0);
    world.clock.advance(7 * DAY);
    assert_eq!(first.pass().await.unwrap(), 1);
    come_in(&world, 1, "web").await;
    world.clock.advance(6 * DAY + ALMOST);
    assert_eq!(first.pass().await.unwrap(), 0);
    world.clock.advance(LIFE / 2);
    assert_eq!(second.pass().await.unwrap(), 0, "the other has the lease");
    world.clock.advance(LIFE / 2);
    assert_eq!(second.pass().await.unwrap(), 1);
}

#[tokio::test]
async fn it_is_done_from_time_to_time() {
    let world = world(&[("user.devices.sweep_s", "1")]).await;
    come_in(&world, 0, "web").await;
    world.clock.advance(7 * DAY);
    let stop = CancellationToken::new();
    let running = tokio::spawn(sweep_regularly(Arc::clone(&world.ports), stop.clone()));
    let gone = async || devices(&world).await.is_empty().then_some(());
    testkit::wait::until(Duration::from_secs(20), gone).await.unwrap();
    stop.cancel();
    running.await.unwrap();
    let left = world.ports.kv.get("lease:devices").await.unwrap();
    assert_eq!(left, None, "given back");
}
