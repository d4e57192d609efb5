//! People's own conversations.

use std::time::Duration;

use super::place::Place;
use crate::conversations::{Kind, list, view};
use crate::delivery::devices;
use crate::log::entry::{Entry, EntryType};
use crate::own::note::note;
use crate::own::{Note, cause, open};
use crate::reading::read::{Read, read};
use crate::reading::unread::unread;

fn data(entry: &Entry) -> serde_json::Value {
    serde_json::from_str(entry.data.as_ref().unwrap().get()).unwrap()
}

#[tokio::test]
async fn a_person_has_one_from_their_first_device_on_and_writes_notes_to_self() {
    let place = Place::new().await;
    let ann = place.person();
    let own = open::id(ann.user);
    assert!(place.chat.conversations.get(own).await.unwrap().is_none());
    devices::ensure_registered(&place.chat, &ann).await.unwrap();
    let rows = list::mine(&place.chat, &ann).await.unwrap();
    assert_eq!(
        rows.iter().map(|row| (row.0.id, row.0.kind)).collect::<Vec<_>>(),
        [(own, Kind::Own)]
    );
    let tablet = place.device_of(ann.user);
    devices::ensure_registered(&place.chat, &tablet).await.unwrap();
    assert_eq!(list::mine(&place.chat, &ann).await.unwrap().len(), 1);

    place.say(&ann, own, "buy milk").await;
    let bob = place.person();
    let id = place.entry_id();
    assert!(place.send(&bob, own, id, "not yours").await.is_err());
    place.stored(&ann, own, 1).await.unwrap();
    assert_eq!(place.contents(own).await, [true], "the tablet has not stored it");
    place.stored(&tablet, own, 1).await.unwrap();
    assert_eq!(place.contents(own).await, [false]);
}

#[tokio::test]
async fn it_is_listed_and_never_unread() {
    let place = Place::new().await;
    let ann = place.person();
    let note_of = |n| Note::Read { conversation_id: open::id(ann.user), seq: n, count: 0 };
    for n in 1..=3 {
        note(&place.chat, ann.user, cause("test", n), &note_of(n)).await.unwrap();
    }
    let own = view::of(&place.chat, ann.user, open::id(ann.user)).await.unwrap();
    assert_eq!((own.head.seq, own.head.count, own.unread), (3, 0, 0));
    let unread = unread(&place.chat, &ann).await.unwrap();
    assert_eq!((unread.total, unread.conversations.len()), (0, 0));
}

#[tokio::test]
async fn a_note_told_twice_is_there_once_with_its_first_result() {
    let place = Place::new().await;
    let (ann, talk) = (place.person(), place.entry_id());
    let added =
        Note::ConversationAdded { conversation_id: kernel::ConversationId::from_uuid(talk.uuid()) };
    let id = cause(added.op(), talk);
    let first = note(&place.chat, ann.user, id, &added).await.unwrap();
    let again = note(&place.chat, ann.user, id, &added).await.unwrap();
    assert_eq!((first.seq, first.kind, first.event()), (1, EntryType::Account, "account"));
    assert_eq!(first, again);
    assert_eq!(data(&first)["op"], "conversation-added");
    assert_eq!(data(&first)["conversationId"], talk.to_string());
    let other = Note::ConversationAdded { conversation_id: open::id(ann.user) };
    assert!(note(&place.chat, ann.user, id, &other).await.is_err(), "another under the same id");
}

#[tokio::test]
async fn both_sides_of_a_new_conversation_note_it_once() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    assert_eq!(place.between(&bob, &ann).await, talk);
    for who in [&ann, &bob] {
        let notes = place.notes(who.user, 1).await;
        assert_eq!(notes.len(), 1);
        assert_eq!(data(&notes[0])["conversationId"], talk.to_string());
    }
}

#[tokio::test]
async fn what_one_device_has_read_the_others_learn_and_the_last_word_holds() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let tablet = place.device_of(ann.user);
    let talk = place.between(&ann, &bob).await;
    for who in [&ann, &tablet, &bob] {
        devices::ensure_registered(&place.chat, who).await.unwrap();
    }
    let added = place.notes(ann.user, 1).await.len();
    for n in 1..=20 {
        place.say(&bob, talk, "hello").await;
        let reached = Read { conversation: talk, seq: n, count: n };
        read(&place.chat, &ann, reached).await.unwrap();
    }
    let own = open::id(ann.user);
    let last = async || {
        let entries = place.chat.log.entries(own, 0, 1_000).await.unwrap();
        let last = data(entries.last().unwrap());
        (last["op"] == "read" && last["seq"] == 20 && last["count"] == 20).then_some(())
    };
    testkit::wait::until(Duration::from_secs(20), last).await.unwrap();
    let notes = place.notes(ann.user, added + 1).await;
    let seqs: Vec<u64> =
        notes[added..].iter().map(|entry| data(entry)["seq"].as_u64().unwrap()).collect();
    assert!(seqs.is_sorted(), "{seqs:?}");
    assert_eq!(place.notes(bob.user, 1).await.len(), 1, "bob has one device, and nobody to tell");
}

#[tokio::test]
async fn reading_ones_own_conversation_writes_nothing_into_it() {
    let place = Place::new().await;
    let ann = place.person();
    let tablet = place.device_of(ann.user);
    for who in [&ann, &tablet] {
        devices::ensure_registered(&place.chat, who).await.unwrap();
    }
    let own = open::id(ann.user);
    place.say(&tablet, own, "a note").await;
    read(&place.chat, &ann, Read { conversation: own, seq: 1, count: 1 }).await.unwrap();
    let bob = place.person();
    let talk = place.between(&bob, &ann).await;
    place.notes(ann.user, 2).await;
    read(&place.chat, &ann, Read { conversation: own, seq: 2, count: 1 }).await.unwrap();
    place.say(&bob, talk, "hello").await;
    read(&place.chat, &ann, Read { conversation: talk, seq: 1, count: 1 }).await.unwrap();
    let notes = place.notes(ann.user, 3).await;
    assert_eq!(notes.len(), 3);
    assert_eq!(data(&notes[2])["conversationId"], talk.to_string());
}
