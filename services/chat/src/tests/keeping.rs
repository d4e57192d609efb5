//! How long content is kept: the cap, and changes between relay and archive.

use std::time::Duration;

use kernel::{ConversationId, ErrorCode, WireError};

use super::place::Place;
use super::stores::Store;
use crate::conversations::{Retention, Role};
use crate::delivery::store::{Told, Turning};
use crate::delivery::{retention, turn};
use crate::log::entry::EntryType;
use crate::log::store::{Appended, Draft};
use crate::sync::catch_up::{SyncRequest, catch_up};

const BOTH: [Store; 2] = [Store::Sqlite, Store::Mongo];

async fn kept(place: &Place, id: ConversationId) -> Retention {
    place.chat.conversations.get(id).await.unwrap().unwrap().retention
}

#[tokio::test]
async fn what_nobody_called_for_is_dropped_and_told_as_missed() {
    for store in BOTH {
        let place = Place::on(store).await;
        let (ann, bob) = (place.person(), place.person());
        let (talk, archive) = (place.between(&ann, &bob).await, place.archive(&ann, &bob).await);
        place.say(&ann, talk, "early").await;
        place.say(&ann, archive, "for good").await;
        place.later(Duration::from_hours(24 * 30 - 1)).await;
        place.say(&ann, talk, "late").await;
        retention::sweep(&place.chat).await.unwrap();
        assert_eq!(place.contents(talk).await, [true, true], "not yet");
        place.later(Duration::from_hours(2)).await;
        retention::sweep(&place.chat).await.unwrap();
        assert_eq!(place.contents(talk).await, [false, true], "whatever the floor is");
        assert_eq!(place.contents(archive).await, [true]);
        let news = async || {
            let answer = catch_up(&place.chat, &bob, SyncRequest::default()).await.unwrap();
            answer.conversations.into_iter().find(|news| news.conversation.id == talk).unwrap()
        };
        let told = news().await;
        assert!(
            told.entries[0].data.is_none()
                && told.entries[1].data.is_some()
                && told.gone.is_empty()
        );
        place.later(Duration::from_hours(25)).await;
        retention::sweep(&place.chat).await.unwrap();
        let told = news().await;
        assert_eq!(told.gone, [(1, 1)], "the header is past its time too");
        assert_eq!((told.entries[0].seq, told.entries.len()), (2, 1));
        for who in [&ann, &bob] {
            place.stored(who, talk, 2).await.unwrap();
        }
        let next = place.say(&ann, talk, "later still").await;
        assert_eq!(next.seq, 3, "no position is used twice");
        let told = news().await;
        assert!(told.gone.is_empty() && told.entries == [next]);
    }
}

fn turning(place: &Place, by: &auth::Identity, to: Retention) -> Turning {
    Turning { to, entry: place.entry_id(), by: by.user, begun: place.clock_now(), told: None }
}

/// Begins a change and lets the sweep do the rest, as if whoever began it had been killed there.
async fn change(place: &Place, talk: ConversationId, by: &auth::Identity, to: Retention) -> u64 {
    let turning = turning(place, by, to);
    place.chat.delivery.turn(talk, &turning).await.unwrap();
    retention::sweep(&place.chat).await.unwrap();
    assert_eq!(kept(place, talk).await, to);
    let entry = place.chat.entries.find(talk, turning.entry).await.unwrap().unwrap();
    assert_eq!((entry.kind, entry.event()), (EntryType::Conversation, "conversation:updated"));
    entry.seq
}

fn draft(place: &Place, talk: ConversationId, by: &auth::Identity, retention: Retention) -> Draft {
    Draft {
        id: place.entry_id(),
        conversation: talk,
        kind: EntryType::Message,
        sender: by.user,
        created_at: place.clock_now(),
        digest: [1; 32],
        target: None,
        checked: u64::MAX,
        retention,
        withheld_from: None,
        data: serde_json::value::to_raw_value("hello").unwrap(),
    }
}

/// A message of an instance that has not heard of the change.
async fn say_as(place: &Place, talk: ConversationId, by: &auth::Identity, retention: Retention) {
    let draft = draft(place, talk, by, retention);
    assert!(matches!(place.chat.appender.submit(draft).await.unwrap(), Appended::Stored(_)));
}

#[tokio::test]
async fn what_is_dropped_keeps_its_position_even_if_it_was_never_counted() {
    for store in BOTH {
        let place = Place::on(store).await;
        let (ann, bob) = (place.person(), place.person());
        let talk = place.between(&ann, &bob).await;
        // Stored, and its instance dies before it raises the head.
        let log = &place.chat.log;
        let lost = draft(&place, talk, &ann, Retention::Relay);
        assert!(matches!(log.append(&[lost]).await[0], Appended::Stored(_)));
        for later in [Duration::from_hours(24 * 30 + 1), Duration::from_hours(25)] {
            place.later(later).await;
            retention::sweep(&place.chat).await.unwrap();
        }
        assert!(place.contents(talk).await.is_empty(), "not even the header is left");
        assert_eq!(place.say(&bob, talk, "anybody there?").await.seq, 2);
    }
}

#[tokio::test]
async fn an_archive_keeps_what_was_there_and_a_relay_forgets_what_comes() {
    for store in BOTH {
        let place = Place::on(store).await;
        let (ann, bob) = (place.person(), place.person());
        let talk = place.between(&ann, &bob).await;
        place.say(&ann, talk, "1").await;
        assert_eq!(change(&place, talk, &ann, Retention::Archive).await, 2);
        say_as(&place, talk, &ann, Retention::Relay).await;
        place.later(Duration::from_mins(11)).await;
        retention::sweep(&place.chat).await.unwrap();
        assert!(place.chat.delivery.turnings(10).await.unwrap().is_empty(), "put right and done");
        for who in [&ann, &bob] {
            place.stored(who, talk, 3).await.unwrap();
        }
        place.later(Duration::from_hours(24 * 40)).await;
        retention::sweep(&place.chat).await.unwrap();
        assert_eq!(place.contents(talk).await, [true; 3], "nothing of an archive goes");

        assert_eq!(change(&place, talk, &ann, Retention::Relay).await, 4);
        say_as(&place, talk, &ann, Retention::Archive).await;
        place.later(Duration::from_mins(11)).await;
        retention::sweep(&place.chat).await.unwrap();
        for who in [&ann, &bob] {
            place.stored(who, talk, 4).await.unwrap();
        }
        assert_eq!(place.contents(talk).await, [true; 5], "what was archived before stays");
        place.later(Duration::from_hours(24 * 31)).await;
        retention::sweep(&place.chat).await.unwrap();
        assert_eq!(
            place.contents(talk).await,
            [true, true, true, true, false],
            "the cap holds again"
        );
        place.say(&ann, talk, "6").await;
        for who in [&ann, &bob] {
            place.stored(who, talk, 6).await.unwrap();
        }
        assert_eq!(place.contents(talk).await[..4], [true; 4]);
        assert_eq!(place.contents(talk).await.last(), Some(&false));
    }
}

#[tokio::test]
async fn a_change_that_was_killed_after_its_entry_is_carried_on() {
    for store in BOTH {
        let place = Place::on(store).await;
        let (ann, bob) = (place.person(), place.person());
        let talk = place.between(&ann, &bob).await;
        let turning = turning(&place, &ann, Retention::Archive);
        place.chat.delivery.turn(talk, &turning).await.unwrap();
        retention::sweep(&place.chat).await.unwrap();
        // The entry is in the log, and the note of it was lost.
        place.chat.delivery.settled(talk, turning.entry).await.unwrap();
        place.chat.delivery.turn(talk, &turning).await.unwrap();
        retention::sweep(&place.chat).await.unwrap();
        let under_way = place.chat.delivery.turnings(10).await.unwrap();
        assert!(matches!(under_way[0].1.told, Some(Told { seq: 1, .. })), "{under_way:?}");
        assert_eq!(place.chat.log.entries(talk, 0, 10).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn the_owner_of_a_group_makes_it_an_archive_and_a_relay_again() {
    for store in BOTH {
        let place = Place::on(store).await;
        let (ann, bob) = (place.person(), place.person());
        let choir = place.group(&ann, &[&bob]).await;
        place.role(&ann, choir, &bob, Role::Admin).await;
        let turn = async |who, to, id| turn::turn(&place.chat, who, choir, to, id).await;
        let all_stored = async |seq| {
            for who in [&ann, &bob] {
                place.stored(who, choir, seq).await.unwrap();
            }
        };
        let code = |refused: turn::TurnError| WireError::from(refused).code;
        let (archive, relay) = (place.entry_id(), place.entry_id());

        let refused = turn(&bob, Retention::Archive, place.entry_id()).await.unwrap_err();
        assert_eq!(code(refused), ErrorCode::Forbidden, "an admin may not");
        assert_eq!(turn(&ann, Retention::Relay, place.entry_id()).await.unwrap(), None);
        let told = turn(&ann, Retention::Archive, archive).await.unwrap().unwrap();
        assert_eq!(
            (told.id, told.sender, told.event()),
            (archive, ann.user, "conversation:updated")
        );
        assert_eq!(told.data.as_ref().unwrap().get(), r#"{"retention":"archive"}"#);
        assert_eq!(turn(&ann, Retention::Archive, archive).await.unwrap(), Some(told.clone()));
        let other = turn(&ann, Retention::Relay, archive).await.unwrap_err();
        assert_eq!(code(other), ErrorCode::Conflict);
        assert_eq!(kept(&place, choir).await, Retention::Archive);
        let for_good = place.say(&bob, choir, "for good").await.seq;
        all_stored(for_good).await;
        assert_eq!(place.contents(choir).await.last(), Some(&true));

        let told = turn(&ann, Retention::Relay, relay).await.unwrap().unwrap();
        let passing = place.say(&bob, choir, "in passing").await.seq;
        all_stored(passing).await;
        let contents = place.contents(choir).await;
        let left = |seq: u64| contents[usize::try_from(seq).unwrap() - 1];
        assert!(left(for_good) && !left(passing), "{contents:?} around {}", told.seq);
        assert_eq!(turn(&ann, Retention::Relay, relay).await.unwrap(), Some(told));
    }
}

#[tokio::test]
async fn only_an_owner_changes_the_retention() {
    let place = Place::new().await;
    let (ann, bob, eve) = (place.person(), place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    for (who, code) in [(&ann, ErrorCode::Forbidden), (&eve, ErrorCode::NotFound)] {
        let id = place.entry_id();
        let refused = turn::turn(&place.chat, who, talk, Retention::Archive, id).await.unwrap_err();
        assert_eq!(WireError::from(refused).code, code);
    }
    assert_eq!(kept(&place, talk).await, Retention::Relay);
}
