//! What people set about a conversation for themselves.

use kernel::{ErrorCode, WireError};
use serde_json::{Value, json};

use super::place::Place;
use super::stores::Store;
use crate::conversations::switches::Change;
use crate::conversations::view::ConversationView;
use crate::conversations::{list, personal, view};
use crate::delivery::devices;
use crate::log::entry::Entry;
use crate::messages::delete::{self, Delete, For};
use crate::messages::write::Arrived;
use crate::own::open;
use crate::sync::catch_up::{SyncRequest, catch_up};

const BOTH: [Store; 2] = [Store::Sqlite, Store::Mongo];

fn data(entry: &Entry) -> Value {
    serde_json::from_str(entry.data.as_ref().unwrap().get()).unwrap()
}

/// Muted, pinned, hidden, archived, marked as unread.
const fn switches(view: &ConversationView) -> [bool; 5] {
    [view.muted, view.pinned, view.hidden, view.archived, view.marked_unread]
}

#[tokio::test]
async fn what_one_sets_is_theirs_alone_and_told_to_their_own_devices() {
    for store in BOTH {
        let place = Place::on(store).await;
        let (ann, bob) = (place.person(), place.person());
        let tablet = place.device_of(ann.user);
        for who in [&ann, &tablet, &bob] {
            devices::ensure_registered(&place.chat, who).await.unwrap();
        }
        let talk = place.between(&ann, &bob).await;
        let told = place.notes(ann.user, 1).await.len();
        let change = Change { muted: Some(true), marked_unread: Some(true), ..Change::default() };
        let set = personal::set(&place.chat, &ann, talk, change).await.unwrap();
        assert_eq!(switches(&set), [true, false, false, false, true]);
        let change = Change { pinned: Some(true), muted: Some(false), ..Change::default() };
        let set = personal::set(&place.chat, &ann, talk, change).await.unwrap();
        assert_eq!(switches(&set), [false, true, false, false, true], "the rest stays");

        let listed = list::list(&place.chat, &ann, None, kernel::PageLimit::new(None).unwrap())
            .await
            .unwrap();
        let listed = listed.data.into_iter().find(|view| view.id == talk).unwrap();
        assert_eq!(switches(&listed), switches(&set));
        let bobs = view::of(&place.chat, bob.user, talk).await.unwrap();
        assert_eq!(switches(&bobs), [false; 5]);

        let news = catch_up(&place.chat, &tablet, SyncRequest::default()).await.unwrap();
        let own = news.conversations.iter().find(|news| news.conversation.id == open::id(ann.user));
        let notes: Vec<Value> = own.unwrap().entries[told..].iter().map(data).collect();
        let id = talk.to_string();
        assert_eq!(
            notes,
            [
                json!({ "op": "settings", "conversationId": id, "muted": true, "markedUnread": true }),
                json!({ "op": "settings", "conversationId": id, "muted": false, "pinned": true }),
            ]
        );
        assert!(place.chat.log.entries(talk, 0, 10).await.unwrap().is_empty(), "nobody else hears");
        assert_eq!(place.notes(bob.user, 1).await.len(), 1);
    }
}

#[tokio::test]
async fn what_is_hidden_comes_back_with_the_next_message() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let message = place.say(&bob, talk, "hello").await;
    place.notes(ann.user, 1).await;
    let hide = Change { hidden: Some(true), ..Change::default() };
    assert!(personal::set(&place.chat, &ann, talk, hide).await.unwrap().hidden);
    let note = place.chat.log.entries(open::id(ann.user), 0, 10).await.unwrap().pop().unwrap();
    assert_eq!((&data(&note)["hidden"], &data(&note)["count"]), (&json!(true), &json!(1)));

    let id = place.entry_id();
    let delete = Delete { id, conversation: talk, message: message.id, whom: For::Everyone };
    delete::take(&place.chat, &bob, Arrived::now(&place.chat), delete)
        .await
        .unwrap()
        .written(&place.chat)
        .await
        .unwrap();
    assert!(view::of(&place.chat, ann.user, talk).await.unwrap().hidden, "that was no message");
    place.say(&bob, talk, "still there?").await;
    assert!(!view::of(&place.chat, ann.user, talk).await.unwrap().hidden);
    assert!(personal::set(&place.chat, &ann, talk, hide).await.unwrap().hidden, "and may go again");
    let show = Change { hidden: Some(false), ..Change::default() };
    assert!(!personal::set(&place.chat, &ann, talk, show).await.unwrap().hidden);
}

#[tokio::test]
async fn ones_own_conversation_can_be_pinned_and_nobody_elses() {
    let place = Place::new().await;
    let (ann, bob, eve) = (place.person(), place.person(), place.person());
    devices::ensure_registered(&place.chat, &ann).await.unwrap();
    let pin = Change { pinned: Some(true), ..Change::default() };
    let own = open::id(ann.user);
    assert!(personal::set(&place.chat, &ann, own, pin).await.unwrap().pinned);
    let talk = place.between(&ann, &bob).await;
    for (change, at, code) in [
        (pin, talk, ErrorCode::NotFound),
        (pin, own, ErrorCode::NotFound),
        (Change::default(), talk, ErrorCode::ValidationError),
    ] {
        let refused = personal::set(&place.chat, &eve, at, change).await.unwrap_err();
        assert_eq!(WireError::from(refused).code, code);
    }
    assert!(
        place.chat.conversations.get(open::id(eve.user)).await.unwrap().is_none(),
        "nothing told"
    );
}
