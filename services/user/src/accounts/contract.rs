//! What every adapter of [`Accounts`] must do.

mod devices;

use std::collections::HashSet;
use std::time::Duration;

use contracts::events::Event;
use futures::future::join_all;
use kernel::Timestamp;

use super::{Accounts, Ended, MongoAccounts, Rotation, SeenSince, SqliteAccounts};
use crate::outbox::{Cause, MongoOutbox, Outbox, SqliteOutbox};
use crate::testing::{self, START, cause, device, session, sign_in, user};

const HOUR: Duration = Duration::from_hours(1);

fn later(by: Duration, seed: u64) -> Cause {
    cause(START.plus(by), seed.into())
}

fn everything_before(moment: Timestamp) -> SeenSince {
    let always = Timestamp::from_millis(0);
    SeenSince { now: moment, others: always, web: always }
}

async fn told(outbox: &dyn Outbox) -> Vec<Event> {
    let mut events = Vec::new();
    for message in outbox.waiting(100).await.unwrap() {
        events.push(Event::decode(&message.topic, &message.payload).unwrap());
        outbox.remove(message.id).await.unwrap();
    }
    events
}

async fn an_address_has_one_person(accounts: &dyn Accounts) {
    let at_once = (0..16).map(|n| accounts.sign_in(sign_in("ada@one", 10 + n, None)));
    let came: Vec<_> = join_all(at_once).await.into_iter().map(Result::unwrap).collect();
    let people: HashSet<_> = came.iter().map(|came| came.user.id).collect();
    assert_eq!(people.len(), 1, "{came:?}");
    assert_eq!(came.iter().filter(|came| came.is_new).count(), 1);
    let ada = came[0].user.id;
    assert_eq!(accounts.devices(ada).await.unwrap().len(), 16);
    assert_eq!(accounts.sessions(ada, START).await.unwrap().len(), 16);
    let other = accounts.sign_in(sign_in("eve@one", 30, None)).await.unwrap();
    assert_ne!(other.user.id, ada);
    assert_eq!((other.user.name, other.user.username), (None, None));
}

async fn a_device_is_ones_own(accounts: &dyn Accounts) {
    let first = accounts.sign_in(sign_in("ada@two", 40, None)).await.unwrap();
    assert_eq!(first.device.id, device(40));
    let again = accounts.sign_in(sign_in("ada@two", 41, Some(device(40)))).await.unwrap();
    assert_eq!((again.device.id, again.device.name.as_str()), (device(40), "device 41"));
    assert!(!again.is_new);
    let thief = accounts.sign_in(sign_in("eve@two", 42, Some(device(40)))).await.unwrap();
    assert_eq!(thief.device.id, device(42));
    let made_up = accounts.sign_in(sign_in("eve@two", 43, Some(device(99)))).await.unwrap();
    assert_eq!(made_up.device.id, device(43));
    let devices = accounts.devices(user(40)).await.unwrap();
    assert_eq!(devices.len(), 1);
    assert_eq!(devices[0], again.device);
}

async fn a_token_is_used_once_and_again_until_its_successor_is(
    accounts: &dyn Accounts,
    outbox: &dyn Outbox,
) {
    accounts.sign_in(sign_in("ada@three", 50, None)).await.unwrap();
    let until = START.plus(HOUR * 1_000);
    let rotate = async |n| {
        let cause = later(HOUR * 2, 50);
        accounts.rotate(session(50), n, until, &cause).await.unwrap()
    };
    assert_eq!(rotate(2).await, Rotation::Ended, "a token that was never given out");
    assert_eq!(rotate(1).await, Rotation::Rotated);
    assert_eq!(rotate(1).await, Rotation::Rotated);
    assert_eq!(rotate(2).await, Rotation::Rotated);
    let found = accounts.session(session(50)).await.unwrap().unwrap();
    assert_eq!((found.used, found.expires_at, found.revoked_at), (2, until, None));
    assert_eq!(found.last_used_at, START.plus(HOUR * 2));
    let seen = accounts.devices(user(50)).await.unwrap()[0].last_seen_at;
    assert_eq!(seen, START.plus(HOUR * 2));
    assert_eq!(told(outbox).await, []);
    assert_eq!(rotate(1).await, Rotation::Reused);
    assert_eq!(rotate(3).await, Rotation::Ended);
    assert_eq!(rotate(1).await, Rotation::Ended);
    let found = accounts.session(session(50)).await.unwrap().unwrap();
    assert_eq!(found.revoked_at, Some(START.plus(HOUR * 2)));
    let told = told(outbox).await;
    assert!(
        matches!(&told[..], [Event::SessionRevoked(event)]
            if event.user == user(50) && event.session == session(50) && event.device == device(50)),
        "{told:?}"
    );
}

async fn two_tabs_at_once_both_go_on(accounts: &dyn Accounts) {
    accounts.sign_in(sign_in("ada@four", 60, None)).await.unwrap();
    let until = START.plus(HOUR * 1_000);
    for n in 1..=5 {
        let cause = later(HOUR, n);
        let at_once = (0..8).map(|_| accounts.rotate(session(60), n, until, &cause));
        for answer in join_all(at_once).await {
            assert_eq!(answer.unwrap(), Rotation::Rotated);
        }
    }
    let found = accounts.session(session(60)).await.unwrap().unwrap();
    assert_eq!((found.used, found.revoked_at), (5, None));
}

async fn an_idle_session_ends(accounts: &dyn Accounts) {
    accounts.sign_in(sign_in("ada@five", 70, None)).await.unwrap();
    let late = later(HOUR * 720, 70);
    let until = START.plus(HOUR * 2_000);
    let answer = accounts.rotate(session(70), 1, until, &late).await.unwrap();
    assert_eq!(answer, Rotation::Ended);
    assert_eq!(accounts.sessions(user(70), late.at).await.unwrap(), []);
    let unknown = accounts.rotate(session(71), 1, until, &late).await.unwrap();
    assert_eq!(unknown, Rotation::Ended);
    assert_eq!(accounts.session(session(71)).await.unwrap(), None);
}

async fn a_session_is_ended_by_its_owner_and_once(accounts: &dyn Accounts, outbox: &dyn Outbox) {
    accounts.sign_in(sign_in("ada@six", 80, None)).await.unwrap();
    accounts.sign_in(sign_in("eve@six", 81, None)).await.unwrap();
    let cause = later(HOUR, 80);
    let by_another = accounts.end_session(user(81), session(80), &cause).await.unwrap();
    assert_eq!(by_another, None);
    let at_once = (0..4).map(|_| accounts.end_session(user(80), session(80), &cause));
    let ended: Vec<_> = join_all(at_once).await.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(ended, [Ended { session: session(80), device: device(80) }]);
    assert_eq!(told(outbox).await.len(), 1);
    assert_eq!(accounts.sessions(user(80), START).await.unwrap(), []);
    assert_eq!(accounts.sessions(user(81), START).await.unwrap().len(), 1);
}

async fn a_removed_device_takes_its_sessions_along(accounts: &dyn Accounts, outbox: &dyn Outbox) {
    accounts.sign_in(sign_in("ada@seven", 90, None)).await.unwrap();
    accounts.sign_in(sign_in("ada@seven", 91, Some(device(90)))).await.unwrap();
    accounts.sign_in(sign_in("ada@seven", 92, None)).await.unwrap();
    accounts.sign_in(sign_in("eve@seven", 93, None)).await.unwrap();
    let cause = later(HOUR, 90);
    let by_another = accounts.remove_device(user(93), device(90), None, &cause).await.unwrap();
    assert_eq!(by_another, None);
    let ended = accounts.remove_device(user(90), device(90), None, &cause).await.unwrap().unwrap();
    let ended: HashSet<_> = ended.into_iter().map(|ended| ended.session).collect();
    assert_eq!(ended, HashSet::from([session(90), session(91)]));
    let again = accounts.remove_device(user(90), device(90), None, &cause).await.unwrap();
    assert_eq!(again, None);
    let told = told(outbox).await;
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(matches!(&told[2], Event::DeviceRemoved(event) if event.device == device(90)));
    let left = accounts.devices(user(90)).await.unwrap();
    assert_eq!(left.iter().map(|left| left.id).collect::<Vec<_>>(), [device(92)]);
    assert_eq!(accounts.sessions(user(90), START).await.unwrap().len(), 1);
}

async fn a_device_is_live_while_seen_and_logged_in(accounts: &dyn Accounts) {
    let mut web = sign_in("ada@eight", 100, None);
    web.platform = "web".to_owned();
    accounts.sign_in(web).await.unwrap();
    accounts.sign_in(sign_in("ada@eight", 101, None)).await.unwrap();
    accounts.sign_in(sign_in("eve@eight", 102, None)).await.unwrap();
    let live = async |since| {
        let users = [user(100), user(102), user(109)];
        let live = accounts.live_devices(&users, since).await.unwrap();
        live.into_iter().map(|live| (live.user, live.device)).collect::<HashSet<_>>()
    };
    let [web, other, eve] =
        [(user(100), device(100)), (user(100), device(101)), (user(102), device(102))];
    let always = everything_before(START);
    assert_eq!(live(always).await, HashSet::from([web, other, eve]));
    assert_eq!(live(SeenSince { web: START, ..always }).await, HashSet::from([other, eve]));
    assert_eq!(live(SeenSince { others: START, ..always }).await, HashSet::from([web]));
    let expired = everything_before(START.plus(HOUR * 720));
    assert_eq!(live(expired).await, HashSet::new());
    accounts.end_session(user(100), session(101), &later(HOUR, 101)).await.unwrap();
    assert_eq!(live(always).await, HashSet::from([web, eve]));
}

async fn suite(accounts: &dyn Accounts, outbox: &dyn Outbox) {
    accounts.ping().await.unwrap();
    an_address_has_one_person(accounts).await;
    a_device_is_ones_own(accounts).await;
    a_token_is_used_once_and_again_until_its_successor_is(accounts, outbox).await;
    two_tabs_at_once_both_go_on(accounts).await;
    an_idle_session_ends(accounts).await;
    a_session_is_ended_by_its_owner_and_once(accounts, outbox).await;
    a_removed_device_takes_its_sessions_along(accounts, outbox).await;
    a_device_is_live_while_seen_and_logged_in(accounts).await;
}

#[tokio::test]
async fn sqlite_keeps_accounts() {
    let (_folder, database) = testing::database().await;
    suite(&SqliteAccounts(database.clone()), &SqliteOutbox(database)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mongo_keeps_accounts() {
    let mongo = testing::mongo().await;
    suite(&MongoAccounts(mongo.clone()), &MongoOutbox(mongo)).await;
}
