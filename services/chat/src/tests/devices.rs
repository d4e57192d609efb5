//! Devices that come and go: where they start, what holds content in their place, and what they leave behind.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use auth::Identity;
use bus::{Bus, Message, SqliteBus};
use contracts::events::{CHAT_EVENTS, DeviceRemoved, Event, SessionRevoked, TOPOLOGY};
use kernel::{Clock, ConversationId, ErrorCode, Random, SystemRandom, UserId, WireError};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::place::Place;
use super::stores::Store;
use crate::conversations::store::{NewConversation, Party};
use crate::conversations::{Kind, Retention, Role};
use crate::delivery::acknowledge::Cursor;
use crate::delivery::devices::{self, DevicesError};
use crate::delivery::retention;
use crate::delivery::store::Owner;
use crate::own::open;
use crate::people::queue;
use crate::sync::catch_up::{SyncError, SyncRequest};

const BOTH: [Store; 2] = [Store::Sqlite, Store::Mongo];
const DAY: Duration = Duration::from_hours(24);
const WINDOWS: usize = 200;

const fn owner(identity: &Identity) -> Owner {
    Owner { user: identity.user, device: identity.device }
}

async fn arrive(place: &Place, identity: &Identity) {
    devices::ensure_registered(&place.chat, identity).await.unwrap();
}

/// What a `sync` without a memory of its own tells the device: positions with content, without it, and gone.
type Told = (Vec<u64>, Vec<u64>, Vec<(u64, u64)>);

async fn told(place: &Place, who: &Identity, id: ConversationId, after: Option<u64>) -> Told {
    let epoch = place.chat.conversations.get(id).await.unwrap().unwrap().epoch;
    let cursor = |seq| vec![Cursor { conversation_id: id, seq, epoch }];
    let request = SyncRequest { since: None, cursors: after.map(cursor) };
    let answer = place.sync(who, request).await.unwrap();
    let Some(news) = answer.conversations.into_iter().find(|news| news.conversation.id == id)
    else {
        return Told::default();
    };
    let (whole, empty): (Vec<_>, Vec<_>) =
        news.entries.iter().partition(|entry| entry.data.is_some());
    let seqs = |entries: Vec<&crate::log::entry::Entry>| {
        entries.into_iter().map(|entry| entry.seq).collect()
    };
    (seqs(whole), seqs(empty), news.gone)
}

/// The queue of what the user service tells.
struct News {
    bus: SqliteBus,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

impl News {
    /// Heard by this chat service until dropped.
    async fn heard_by(place: &Place) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = sqlite::Database::open(&folder.path().join("bus.db")).unwrap();
        let clock = Arc::clone(&place.clock) as Arc<dyn Clock>;
        let bus = SqliteBus::new(database, "test", &TOPOLOGY, clock).await.unwrap();
        let consumer = bus.consume(CHAT_EVENTS, 16).await.unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(queue::consume(Arc::clone(&place.chat), consumer, stop.clone()));
        Self { bus, stop, _folder: folder }
    }

    async fn tell(&self, event: Event) {
        let mut noise = [0; 16];
        SystemRandom.fill(&mut noise);
        let message = Message {
            id: Uuid::from_bytes(noise),
            topic: event.topic().to_owned(),
            payload: event.encode(),
            traceparent: None,
            ttl: None,
        };
        self.bus.publish(message).await.unwrap();
    }

    /// What the user service does when a device is removed, however that comes about.
    async fn removed(&self, place: &Place, who: &Identity) {
        place.log_out(who);
        self.ended(place, who).await;
        self.tell(Event::DeviceRemoved(DeviceRemoved { user: who.user, device: who.device })).await;
    }

    async fn ended(&self, place: &Place, who: &Identity) {
        let Identity { user, session, device, .. } = *who;
        let at = place.clock_now();
        self.tell(Event::SessionRevoked(SessionRevoked { user, session, device, at })).await;
    }
}

impl Drop for News {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn until_contents(place: &Place, id: ConversationId, expected: &[bool]) {
    let look = async || (place.contents(id).await == expected).then_some(());
    testkit::wait::until(Duration::from_mins(2), look).await.unwrap();
}

/// Whose cursors there are; `None` is a placeholder.
async fn holders(place: &Place, id: ConversationId) -> HashSet<(UserId, Option<kernel::DeviceId>)> {
    let standing = place.chat.delivery.standings(&[id]).await.unwrap().remove(&id).unwrap();
    standing.cursors.iter().map(|held| (held.user, held.device)).collect()
}

fn holder(who: &Identity) -> (UserId, Option<kernel::DeviceId>) {
    (who.user, Some(who.device))
}

/// A direct conversation with somebody who is logged in nowhere.
async fn with_nobody_there(place: &Place, one: &Identity, other: UserId) -> ConversationId {
    let party = |user, devices| Party { user, role: Role::Member, devices };
    let new = NewConversation {
        id: ConversationId::new_v7(place.clock_now(), &SystemRandom),
        kind: Kind::Direct,
        title: None,
        parties: vec![party(one.user, vec![one.device]), party(other, vec![])],
        retention: Retention::Relay,
        epoch: "1".to_owned(),
        maker: None,
        now: place.clock_now(),
    };
    assert!(place.chat.conversations.create(&new).await.unwrap());
    new.id
}

#[tokio::test]
async fn a_new_device_starts_at_the_floor_and_gets_what_is_still_held() {
    for store in BOTH {
        let place = Place::on(store).await;
        let (ann, bob) = (place.person(), place.person());
        let talk = place.between(&ann, &bob).await;
        for text in ["one", "two", "three", "four"] {
            place.say(&ann, talk, text).await;
        }
        place.stored(&ann, talk, 4).await.unwrap();
        place.stored(&bob, talk, 2).await.unwrap();
        assert_eq!(place.contents(talk).await, [false, false, true, true]);

        let tablet = place.device_of(bob.user);
        arrive(&place, &tablet).await;
        let cursors = place.chat.delivery.cursors(owner(&tablet), &[talk]).await.unwrap();
        assert_eq!(cursors[&talk], 2, "at the floor");
        assert_eq!(told(&place, &tablet, talk, None).await, (vec![3, 4], vec![], vec![]));
        let all = told(&place, &tablet, talk, Some(0)).await;
        assert_eq!(all, (vec![3, 4], vec![1, 2], vec![]), "below it headers, for a day");
        place.later(DAY + Duration::from_hours(1)).await;
        retention::sweep(&place.chat).await.unwrap();
        let all = told(&place, &tablet, talk, Some(0)).await;
        assert_eq!(all, (vec![3, 4], vec![], vec![(1, 2)]), "then they are gone");

        place.stored(&bob, talk, 4).await.unwrap();
        assert_eq!(place.contents(talk).await, [true, true], "the tablet has not stored it");
        place.stored(&tablet, talk, 4).await.unwrap();
        assert_eq!(place.contents(talk).await, [false, false]);
    }
}

#[tokio::test]
async fn content_waits_for_a_person_until_their_first_device_comes() {
    for store in BOTH {
        let place = Place::on(store).await;
        let (ann, bob) = (place.person(), place.person());
        place.log_out(&bob);
        let talk = with_nobody_there(&place, &ann, bob.user).await;
        for text in ["one", "two"] {
            place.say(&ann, talk, text).await;
        }
        place.stored(&ann, talk, 2).await.unwrap();
        assert_eq!(place.contents(talk).await, [true, true]);
        assert_eq!(holders(&place, talk).await, HashSet::from([holder(&ann), (bob.user, None)]));

        let (first, second) = (place.device_of(bob.user), place.device_of(bob.user));
        arrive(&place, &first).await;
        let there = HashSet::from([holder(&ann), holder(&first)]);
        assert_eq!(holders(&place, talk).await, there, "taken over");
        arrive(&place, &second).await;
        for device in [&first, &second] {
            let expected = (vec![1, 2], vec![], vec![]);
            assert_eq!(told(&place, device, talk, None).await, expected);
        }
        place.stored(&first, talk, 2).await.unwrap();
        assert_eq!(place.contents(talk).await, [true, true]);
        place.stored(&second, talk, 2).await.unwrap();
        assert_eq!(place.contents(talk).await, [false, false]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_device_alone_held_back_goes_with_its_session() {
    for store in BOTH {
        let place = Place::on(store).await;
        let news = News::heard_by(&place).await;
        let (ann, bob) = (place.person(), place.person());
        let tablet = place.device_of(bob.user);
        let (talk, other) = (place.between(&ann, &bob).await, place.person());
        let aside = place.between(&ann, &other).await;
        for text in ["one", "two"] {
            place.say(&ann, talk, text).await;
        }
        place.say(&ann, aside, "for somebody else").await;
        for (who, seq) in [(&ann, 2), (&bob, 1)] {
            place.stored(who, talk, seq).await.unwrap();
        }
        place.stored(&ann, aside, 1).await.unwrap();
        assert_eq!(place.contents(talk).await, [true, true]);

        news.ended(&place, &tablet).await;
        place.stored(&tablet, talk, 1).await.unwrap();
        until_contents(&place, talk, &[false, true]).await;
        place.stored(&bob, talk, 2).await.unwrap();
        assert_eq!(place.contents(talk).await, [false, true], "it has another session");

        place.log_out(&tablet);
        news.ended(&place, &tablet).await;
        until_contents(&place, talk, &[false, false]).await;
        assert_eq!(holders(&place, talk).await, HashSet::from([holder(&ann), holder(&bob)]));
        assert_eq!(place.contents(aside).await, [true], "what others wait for stays");
    }
}

/// Two hundred private windows, and one device that is used.
async fn windows(store: Store) {
    let place = Place::on(store).await;
    let news = News::heard_by(&place).await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    arrive(&place, &bob).await;
    let mut windows = Vec::new();
    for _ in 0..WINDOWS {
        let window = place.device_of(bob.user);
        arrive(&place, &window).await;
        windows.push(window);
    }
    for text in ["one", "two", "three"] {
        place.say(&ann, talk, text).await;
    }
    place.say(&bob, open::id(bob.user), "a note").await;
    place.stored(&ann, talk, 3).await.unwrap();
    place.stored(&bob, talk, 3).await.unwrap();
    let note = place.chat.log.heads(&[open::id(bob.user)]).await.unwrap()[0].seq;
    place.stored(&bob, open::id(bob.user), note).await.unwrap();
    assert_eq!(place.contents(talk).await, [true; 3], "the windows may come back");
    assert_eq!(holders(&place, talk).await.len(), WINDOWS + 2);

    // The user service sweeps.
    place.later(7 * DAY).await;
    for window in &windows {
        news.removed(&place, window).await;
    }
    let gone = async || (holders(&place, talk).await.len() == 2).then_some(());
    testkit::wait::until(Duration::from_mins(4), gone).await.unwrap();
    until_contents(&place, talk, &[false; 3]).await;
    assert_eq!(holders(&place, talk).await, HashSet::from([holder(&ann), holder(&bob)]));
    let own = open::id(bob.user);
    let left = async || {
        let alone = holders(&place, own).await == HashSet::from([holder(&bob)]);
        (alone && place.contents(own).await.iter().all(|held| !held)).then_some(())
    };
    testkit::wait::until(Duration::from_mins(1), left).await.unwrap();
    for window in &windows {
        assert!(!place.chat.delivery.is_registered(owner(window)).await.unwrap());
    }
    place.say(&ann, talk, "four").await;
    for who in [&ann, &bob] {
        place.stored(who, talk, 4).await.unwrap();
    }
    assert_eq!(place.contents(talk).await, [false; 4], "nothing waits for them any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_private_windows_hold_nothing_after_a_week() {
    for store in BOTH {
        windows(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_of_private_windows_alone_is_waited_for_until_the_cap_as_anybody() {
    for store in BOTH {
        let place = Place::on(store).await;
        let news = News::heard_by(&place).await;
        let (ann, bob) = (place.person(), place.person());
        let talk = place.between(&ann, &bob).await;
        let mut windows = vec![bob];
        for _ in 0..4 {
            windows.push(place.device_of(bob.user));
            arrive(&place, &windows[windows.len() - 1]).await;
        }
        place.say(&ann, talk, "one").await;
        place.stored(&ann, talk, 1).await.unwrap();
        place.later(7 * DAY).await;
        for window in &windows {
            news.removed(&place, window).await;
        }
        let alone = HashSet::from([holder(&ann), (bob.user, None)]);
        let left = async || (holders(&place, talk).await == alone).then_some(());
        testkit::wait::until(Duration::from_mins(1), left).await.unwrap();
        assert_eq!(place.contents(talk).await, [true], "nobody has it");
        place.later(23 * DAY + Duration::from_hours(1)).await;
        retention::sweep(&place.chat).await.unwrap();
        let contents = place.contents(talk).await;
        assert!(contents.iter().all(|held| !held), "{contents:?}");
        place.say(&ann, talk, "two").await;
        let back = place.device_of(bob.user);
        arrive(&place, &back).await;
        let (whole, ..) = told(&place, &back, talk, None).await;
        assert_eq!(whole, [2], "who comes back gets what is not that old");
    }
}

#[tokio::test]
async fn a_device_that_is_removed_while_it_connects_holds_nothing() {
    for store in BOTH {
        let place = Place::on(store).await;
        let (ann, bob) = (place.person(), place.person());
        let talk = place.between(&ann, &bob).await;
        let window = place.device_of(bob.user);
        // The news of its end has been acted on before it gets its cursors.
        place.log_out(&window);
        devices::forget_unless_live(&place.chat, owner(&window)).await.unwrap();
        let refused = devices::ensure_registered(&place.chat, &window).await.unwrap_err();
        assert_eq!(WireError::from(refused).code, ErrorCode::Unauthorized);
        assert!(!place.chat.delivery.is_registered(owner(&window)).await.unwrap());
        let there = HashSet::from([holder(&ann), holder(&bob)]);
        assert_eq!(holders(&place, talk).await, there);

        // The same in the middle of a `sync`.
        let refused = place.sync(&window, SyncRequest::default()).await;
        assert!(matches!(refused, Err(SyncError::Devices(DevicesError::Gone))), "{refused:?}");
        assert_eq!(holders(&place, talk).await, there);
        assert!(!holders(&place, open::id(bob.user)).await.contains(&holder(&window)));
    }
}

#[tokio::test]
async fn a_device_whose_end_nobody_heard_of_holds_nothing_beyond_the_cap() {
    for store in BOTH {
        let place = Place::on(store).await;
        let (ann, bob) = (place.person(), place.person());
        let talk = place.between(&ann, &bob).await;
        let lost = place.device_of(bob.user);
        arrive(&place, &lost).await;
        place.log_out(&lost);
        place.say(&ann, talk, "one").await;
        for who in [&ann, &bob] {
            place.stored(who, talk, 1).await.unwrap();
        }
        assert_eq!(place.contents(talk).await, [true]);
        place.later(30 * DAY + Duration::from_hours(1)).await;
        retention::sweep(&place.chat).await.unwrap();
        assert_eq!(holders(&place, talk).await, HashSet::from([holder(&ann), holder(&bob)]));
        let two = place.say(&ann, talk, "two").await.seq;
        for who in [&ann, &bob] {
            place.stored(who, talk, two).await.unwrap();
        }
        let contents = place.contents(talk).await;
        assert!(contents.iter().all(|held| !held), "{contents:?}");
    }
}
