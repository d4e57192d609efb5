use std::time::Duration;

use kernel::{ErrorCode, WireError};

use super::place::Place;
use crate::delivery::devices;
use crate::delivery::retention;
use crate::delivery::store::{Ack, Owner};
use crate::log::store::{Appended, Head};

#[tokio::test]
async fn content_goes_once_every_device_has_it_and_the_header_answers_a_retry() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let id = place.entry_id();
    place.send(&ann, talk, id, "a secret").await.unwrap();
    place.stored(&bob, talk, 1).await.unwrap();
    assert_eq!(place.contents(talk).await, [true], "the sender's own device has not stored it");
    place.stored(&ann, talk, 1).await.unwrap();
    assert_eq!(place.contents(talk).await, [false]);
    let again = place.send(&ann, talk, id, "a secret").await.unwrap();
    assert!(again.repeated && again.entry.seq == 1 && again.entry.data.is_none());
    assert!(place.send(&ann, talk, id, "another").await.is_err());
}

#[tokio::test]
async fn a_second_device_holds_content_and_starts_at_the_floor() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    place.say(&ann, talk, "before").await;
    for who in [&ann, &bob] {
        place.stored(who, talk, 1).await.unwrap();
    }
    assert_eq!(place.contents(talk).await, [false]);
    let tablet = place.device_of(bob.user);
    devices::ensure_registered(&place.chat, &tablet).await.unwrap();
    let owner = Owner { user: tablet.user, device: tablet.device };
    assert_eq!(place.chat.delivery.cursors(owner, &[talk]).await.unwrap()[&talk], 1);
    place.say(&ann, talk, "after").await;
    for who in [&ann, &bob] {
        place.stored(who, talk, 2).await.unwrap();
    }
    assert_eq!(place.contents(talk).await, [false, true], "the tablet has not stored it");
    place.stored(&tablet, talk, 2).await.unwrap();
    assert_eq!(place.contents(talk).await, [false, false]);
}

#[tokio::test]
async fn a_device_that_logs_out_no_longer_holds_content_but_its_person_does() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let tablet = place.device_of(bob.user);
    let talk = place.between(&ann, &bob).await;
    place.say(&ann, talk, "hello").await;
    for who in [&ann, &bob] {
        place.stored(who, talk, 1).await.unwrap();
    }
    let gone = Owner { user: tablet.user, device: tablet.device };
    devices::forget_unless_live(&place.chat, gone).await.unwrap();
    assert_eq!(place.contents(talk).await, [true], "it is still logged in");
    place.log_out(&tablet);
    devices::forget_unless_live(&place.chat, gone).await.unwrap();
    assert_eq!(place.contents(talk).await, [false]);

    place.say(&ann, talk, "while nobody listens").await;
    place.log_out(&bob);
    let last = Owner { user: bob.user, device: bob.device };
    devices::forget_unless_live(&place.chat, last).await.unwrap();
    place.stored(&ann, talk, 2).await.unwrap();
    assert_eq!(place.contents(talk).await, [false, true], "it waits for the next log-in");
    let phone = place.device_of(bob.user);
    devices::ensure_registered(&place.chat, &phone).await.unwrap();
    place.stored(&phone, talk, 2).await.unwrap();
    assert_eq!(place.contents(talk).await, [false, false]);
}

#[tokio::test]
async fn what_a_killed_instance_left_behind_is_swept() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    place.say(&ann, talk, "hello").await;
    // The write that raises the floor, and then nothing: as if the process had died there.
    let ack =
        |who: &auth::Identity| Ack { owner: Owner { user: who.user, device: who.device }, seq: 1 };
    place.chat.delivery.acknowledge(talk, &[ack(&ann), ack(&bob)]).await.unwrap();
    assert_eq!(place.contents(talk).await, [true]);
    retention::sweep(&place.chat).await.unwrap();
    assert_eq!(place.contents(talk).await, [false]);
    assert!(place.chat.delivery.unfinished(None, 10).await.unwrap().is_empty());
    place.later(Duration::from_hours(25)).await;
    retention::sweep(&place.chat).await.unwrap();
    assert_eq!(place.contents(talk).await, Vec::<bool>::new(), "the header is past its time");
}

#[tokio::test]
async fn a_cursor_above_the_log_or_of_another_epoch_records_nothing() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    place.say(&ann, talk, "hello").await;
    let above = place.stored(&bob, talk, 2).await.unwrap_err();
    assert_eq!(WireError::from(above).code, ErrorCode::ValidationError);
    let cursor = crate::delivery::acknowledge::Cursor {
        conversation_id: talk,
        seq: 1,
        epoch: "other".to_owned(),
    };
    let other = crate::delivery::acknowledge::acknowledge(&place.chat, &bob, &[cursor]).await;
    assert_eq!(WireError::from(other.unwrap_err()).code, ErrorCode::Conflict);
    let owner = Owner { user: bob.user, device: bob.device };
    assert_eq!(place.chat.delivery.cursors(owner, &[talk]).await.unwrap()[&talk], 0);
}

#[tokio::test]
async fn what_is_known_of_the_end_of_a_log_allows_no_cursor_above_the_head() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    place.say(&ann, talk, "hello").await;
    place.stored(&bob, talk, 1).await.unwrap();
    // Stored and told by an instance that died before it counted the entry.
    let appended = place.chat.log.append(&[place.draft(talk, &ann, "again")]).await;
    let Appended::Stored(entry) = &appended[0] else { panic!("{appended:?}") };
    place.chat.heard(talk, Head::at(entry));
    let epoch = place.chat.conversations.get(talk).await.unwrap().unwrap().epoch;
    assert!(place.chat.ends.has(talk, 2, &epoch), "the store is not asked");
    place.stored(&bob, talk, 2).await.unwrap();
    let conversation = place.chat.conversations.get(talk).await.unwrap().unwrap();
    assert_eq!((conversation.head_seq, conversation.head_count), (2, 2));
    let above = place.stored(&bob, talk, 3).await.unwrap_err();
    assert_eq!(WireError::from(above).code, ErrorCode::ValidationError);
}
