//! Devices that nobody uses any more, and devices and sessions that are too many.

use std::collections::HashSet;
use std::time::Duration;

use contracts::events::Event;
use futures::future::{join, join_all};
use kernel::{DeviceId, SessionId, Timestamp, UserId};

use super::super::store::ROOM;
use super::super::{
    Accounts, Ended, MongoAccounts, Most, Owned, Rotation, SeenSince, SignIn, SqliteAccounts,
};
use super::{HOUR, later, told};
use crate::outbox::{MongoOutbox, Outbox, SqliteOutbox};
use crate::testing::{self, START, cause, device, session, sign_in, user};

const MINUTE: Duration = Duration::from_mins(1);

/// As person `n` with a device of their own, at that hour.
fn coming(n: u128, platform: &str, hour: u32) -> SignIn {
    let mut sign_in = sign_in(&format!("p{n}@devices"), n, None);
    sign_in.platform = platform.to_owned();
    sign_in.cause = cause(START.plus(HOUR * hour), n);
    sign_in
}

/// As Ada, who has no more than that, on a device that she says it is.
fn ada(n: u128, hour: u32, most: Most, known: Option<DeviceId>) -> SignIn {
    let mut sign_in = sign_in("ada@caps", n, known);
    sign_in.cause = cause(START.plus(HOUR * hour), n);
    sign_in.most = most;
    sign_in
}

fn since(others: u32, web: u32) -> SeenSince {
    let [others, web] = [others, web].map(|hour| START.plus(HOUR * hour));
    SeenSince { now: web, others, web }
}

async fn idle(accounts: &dyn Accounts, since: SeenSince, limit: u32) -> HashSet<DeviceId> {
    let found = accounts.idle_devices(since, limit).await.unwrap();
    let devices: HashSet<_> = found.iter().map(|owned| owned.device).collect();
    assert_eq!(devices.len(), found.len(), "each once");
    devices
}

async fn seen(accounts: &dyn Accounts, user: UserId) -> Timestamp {
    accounts.devices(user).await.unwrap()[0].last_seen_at
}

async fn sessions(accounts: &dyn Accounts, user: UserId) -> HashSet<SessionId> {
    let open = accounts.sessions(user, START).await.unwrap();
    open.into_iter().map(|session| session.id).collect()
}

async fn own(accounts: &dyn Accounts, user: UserId) -> HashSet<DeviceId> {
    accounts.devices(user).await.unwrap().into_iter().map(|device| device.id).collect()
}

/// With a database of its own: everybody's devices are looked at.
async fn idle_devices_are_found_by_their_platform(accounts: &dyn Accounts) {
    for n in 1..=3_u32 {
        accounts.sign_in(coming(n.into(), "web", n)).await.unwrap();
        accounts.sign_in(coming((10 + n).into(), "android", n)).await.unwrap();
    }
    let devices = |numbers: &[u128]| numbers.iter().copied().map(device).collect::<HashSet<_>>();
    assert_eq!(idle(accounts, since(0, 0), 10).await, devices(&[]));
    assert_eq!(idle(accounts, since(0, 2), 10).await, devices(&[1, 2]));
    assert_eq!(idle(accounts, since(1, 1), 10).await, devices(&[1, 11]));
    assert_eq!(idle(accounts, since(1, 3), 10).await, devices(&[1, 2, 3, 11]));
    for limit in 0..=4 {
        let found = accounts.idle_devices(since(1, 3), limit).await.unwrap();
        assert_eq!(found.len(), limit as usize);
    }
    let whose = accounts.idle_devices(since(0, 1), 10).await.unwrap();
    assert_eq!(whose, [Owned { user: user(1), device: device(1) }]);
    let until = START.plus(HOUR * 2_000);
    accounts.rotate(session(1), 1, until, &later(HOUR * 9, 1)).await.unwrap();
    assert_eq!(idle(accounts, since(1, 3), 10).await, devices(&[2, 3, 11]), "it was used");
}

async fn a_device_is_removed_unless_it_was_seen(accounts: &dyn Accounts, outbox: &dyn Outbox) {
    accounts.sign_in(coming(20, "web", 10)).await.unwrap();
    accounts.sign_in(coming(21, "android", 10)).await.unwrap();
    told(outbox).await;
    let remove = async |n: u64, since| {
        let at = later(HOUR * 20, 20 + n);
        let removed = accounts.remove_device(user(n.into()), device(n.into()), Some(since), &at);
        removed.await.unwrap().map(|ended| ended.len())
    };
    assert_eq!(remove(20, since(9, 9)).await, None);
    assert_eq!(remove(21, since(9, 20)).await, None, "it is no browser");
    assert_eq!(told(outbox).await, []);
    assert_eq!(own(accounts, user(20)).await.len(), 1);
    assert_eq!(remove(20, since(9, 10)).await, Some(1));
    assert_eq!(remove(20, since(9, 10)).await, None, "once");
    assert_eq!(remove(21, since(10, 10)).await, Some(1));
    let told = told(outbox).await;
    assert!(
        matches!(&told[..2], [Event::SessionRevoked(one), Event::DeviceRemoved(two)]
            if one.session == session(20) && two.device == device(20) && two.user == user(20)),
        "{told:?}"
    );
    assert_eq!(told.len(), 4);
    let until = START.plus(HOUR * 2_000);
    let late = accounts.rotate(session(20), 1, until, &later(HOUR * 20, 24)).await.unwrap();
    assert_eq!(late, Rotation::Ended);
}

async fn a_refresh_saves_a_device_or_finds_its_session_ended(accounts: &dyn Accounts) {
    for n in 100..130 {
        accounts.sign_in(coming(n, "web", 0)).await.unwrap();
        let at = later(HOUR * 200, 100);
        let refresh = accounts.rotate(session(n), 1, START.plus(HOUR * 2_000), &at);
        let remove = accounts.remove_device(user(n), device(n), Some(since(0, 100)), &at);
        let (refreshed, removed) = if n % 2 == 0 {
            join(refresh, remove).await
        } else {
            let (removed, refreshed) = join(remove, refresh).await;
            (refreshed, removed)
        };
        let (refreshed, removed) = (refreshed.unwrap(), removed.unwrap());
        let (devices, open) = (own(accounts, user(n)).await, sessions(accounts, user(n)).await);
        if removed.is_some() {
            assert_eq!((refreshed, devices.len(), open.len()), (Rotation::Ended, 0, 0));
        } else {
            assert_eq!((refreshed, devices.len(), open.len()), (Rotation::Rotated, 1, 1));
        }
    }
}

async fn a_device_in_use_is_always_seen_lately(accounts: &dyn Accounts) {
    accounts.sign_in(coming(40, "web", 0)).await.unwrap();
    let (until, mut moments) = (START.plus(HOUR * 2_000), HashSet::new());
    for n in 1..=100_u32 {
        // A client that stays connected and refreshes each time that its token runs out.
        let now = later(MINUTE * 15 * n, n.into());
        let refreshed = accounts.rotate(session(40), n.into(), until, &now).await.unwrap();
        assert_eq!(refreshed, Rotation::Rotated);
        let seen = seen(accounts, user(40)).await;
        assert!(now.at.since(seen) < HOUR, "{now:?}, seen {seen:?}");
        moments.insert(seen);
    }
    assert_eq!(moments.len(), 26, "written once an hour in 25 hours");
}

async fn one_device_too_many_takes_a_place(accounts: &dyn Accounts, outbox: &dyn Outbox) {
    let three = Most { devices: 3, sessions: 100 };
    for n in 50..53 {
        let came = accounts.sign_in(ada(n, 1, three, None)).await.unwrap();
        assert_eq!((came.room.devices, came.room.ended), (vec![], vec![]));
    }
    accounts.rotate(session(50), 1, START.plus(HOUR * 2_000), &later(HOUR * 3, 50)).await.unwrap();
    accounts.end_session(user(50), session(50), &later(HOUR * 3, 51)).await.unwrap();
    told(outbox).await;

    let room = accounts.sign_in(ada(53, 4, three, None)).await.unwrap().room;
    assert_eq!(room.devices, [device(50)], "logged out goes first");
    assert_eq!((room.ended, told(outbox).await.len()), (vec![], 1));

    let until = START.plus(HOUR * 2_000);
    accounts.rotate(session(51), 1, until, &later(HOUR * 5, 52)).await.unwrap();
    let room = accounts.sign_in(ada(54, 6, three, None)).await.unwrap().room;
    assert_eq!(room.devices, [device(52)], "then whatever was unseen longest");
    assert_eq!(room.ended, [Ended { session: session(52), device: device(52) }]);
    let told = told(outbox).await;
    assert!(
        matches!(&told[..], [Event::SessionRevoked(one), Event::DeviceRemoved(two)]
            if one.session == session(52) && two.device == device(52) && two.user == user(50)),
        "{told:?}"
    );
    let known = accounts.sign_in(ada(55, 7, three, Some(device(51)))).await.unwrap();
    assert_eq!((known.device.id, known.room.devices), (device(51), vec![]));

    // By a clock that is behind.
    let one = Most { devices: 1, ..three };
    let came = accounts.sign_in(ada(56, 0, one, None)).await.unwrap();
    assert_eq!(came.room.devices.len(), 3);
    assert_eq!(own(accounts, user(50)).await, HashSet::from([device(56)]));
    assert_eq!(sessions(accounts, user(50)).await, HashSet::from([session(56)]));
}

async fn one_session_too_many_takes_a_place(accounts: &dyn Accounts, outbox: &dyn Outbox) {
    let two = Most { devices: 100, sessions: 2 };
    let bob = |n, hour, known| {
        let mut sign_in = ada(n, hour, two, known);
        sign_in.address = "bob@caps".to_owned();
        sign_in
    };
    accounts.sign_in(bob(60, 1, None)).await.unwrap();
    accounts.sign_in(bob(61, 2, Some(device(60)))).await.unwrap();
    accounts.rotate(session(60), 1, START.plus(HOUR * 2_000), &later(HOUR * 3, 60)).await.unwrap();
    told(outbox).await;
    let room = accounts.sign_in(bob(62, 4, Some(device(60)))).await.unwrap().room;
    let gone = Ended { session: session(61), device: device(60) };
    assert_eq!((room.devices, room.ended), (vec![], vec![gone]));
    let told = told(outbox).await;
    assert!(matches!(&told[..], [Event::SessionRevoked(one)] if one.session == session(61)));
    let found = accounts.session(session(61)).await.unwrap().unwrap();
    assert_eq!(found.revoked_at, Some(START.plus(HOUR * 4)));

    let room = accounts.sign_in(bob(63, 0, None)).await.unwrap().room;
    assert_eq!(room.ended, [Ended { session: session(60), device: device(60) }]);
    let left = HashSet::from([session(62), session(63)]);
    assert_eq!(sessions(accounts, user(60)).await, left, "the new one stays, whatever its clock");
}

async fn room_is_made_in_steps_and_among_many_at_once(accounts: &dyn Accounts) {
    let many = Most { devices: 1_000, sessions: 1_000 };
    let two = Most { devices: 2, sessions: 2 };
    let eve = |n, most| {
        let mut sign_in = ada(n, u32::try_from(n - 200).unwrap(), most, None);
        sign_in.address = "eve@caps".to_owned();
        sign_in
    };
    for n in 200..240 {
        accounts.sign_in(eve(n, many)).await.unwrap();
    }
    let room = accounts.sign_in(eve(240, two)).await.unwrap().room;
    let oldest: Vec<_> = (200..232).map(device).collect();
    assert_eq!((room.devices.len(), room.devices), (ROOM, oldest), "the oldest first");
    let at_once = (241..245).map(|n| accounts.sign_in(eve(n, two)));
    for came in join_all(at_once).await {
        came.unwrap();
    }
    accounts.sign_in(eve(250, two)).await.unwrap();
    let left = own(accounts, user(200)).await;
    assert!(left.len() == 2 && left.contains(&device(250)), "{left:?}");
    assert_eq!(sessions(accounts, user(200)).await.len(), 2);
}

async fn suite(accounts: &dyn Accounts, outbox: &dyn Outbox) {
    idle_devices_are_found_by_their_platform(accounts).await;
    a_device_is_removed_unless_it_was_seen(accounts, outbox).await;
    a_refresh_saves_a_device_or_finds_its_session_ended(accounts).await;
    a_device_in_use_is_always_seen_lately(accounts).await;
    one_device_too_many_takes_a_place(accounts, outbox).await;
    one_session_too_many_takes_a_place(accounts, outbox).await;
    room_is_made_in_steps_and_among_many_at_once(accounts).await;
}

#[tokio::test]
async fn sqlite_lets_devices_die() {
    let (_folder, database) = testing::database().await;
    suite(&SqliteAccounts(database.clone()), &SqliteOutbox(database)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mongo_lets_devices_die() {
    let mongo = testing::mongo().await;
    suite(&MongoAccounts(mongo.clone()), &MongoOutbox(mongo)).await;
}
