use std::sync::Arc;
use std::time::Duration;

use auth::Identity;
use contracts::Discretion;
use fanout::{Fanout, Happening, Listener};
use kernel::ConversationId;
use serde_json::Value;

use super::place::Place;
use crate::live::announce::about;
use crate::live::frame::Frame;
use crate::reading::read::{self, Read};
use crate::receipts::SINGLE;
use crate::sync::catch_up::SyncRequest;

/// Hears everything that is told of the conversation.
async fn listen(place: &Place, talk: ConversationId) -> Box<dyn Listener> {
    let fanout = Arc::clone(&place.fanout) as Arc<dyn Fanout>;
    let listener = fanout.listen().await.unwrap();
    listener.watch(&[about(talk)]).await.unwrap();
    listener
}

/// What was told of receipts until now.
async fn told(
    place: &Place,
    listener: &dyn Listener,
    talk: ConversationId,
) -> Vec<(String, Value)> {
    place.chat.announcer.signal(talk, "fence", &()).await;
    let mut told = Vec::new();
    loop {
        let Some(Happening::Event { payload, .. }) = listener.next().await else {
            panic!("nothing is heard any more")
        };
        let frame = Frame::decode(&payload).unwrap();
        match frame.event.as_str() {
            "fence" => return told,
            "message:read" | "message:delivered" => {
                told.push((frame.event, serde_json::from_slice(&frame.body).unwrap()));
            }
            _ => {}
        }
    }
}

async fn reads(place: &Place, who: &Identity, talk: ConversationId, seq: u64, count: u64) {
    let read = Read { conversation: talk, seq, count };
    read::read(&place.chat, who, read).await.unwrap();
}

#[tokio::test]
async fn one_person_who_reads_on_is_told_of_now_and_then() {
    let place = Place::with(|settings| settings.receipts.single_ms = 200).await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    for text in ["one", "two", "three"] {
        place.say(&ann, talk, text).await;
    }
    let listener = listen(&place, talk).await;
    for seq in 1..=3 {
        reads(&place, &bob, talk, seq, seq).await;
    }
    let first = told(&place, &*listener, talk).await;
    assert_eq!(first.len(), 1, "{first:?}");
    assert_eq!(
        (&first[0].1["userId"], &first[0].1["seq"]),
        (&bob.user.to_string().into(), &1.into())
    );
    place.clock.advance(Duration::from_millis(place.chat.settings.receipts.single_ms));
    place.chat.ticks.tell_all().await;
    let rest = told(&place, &*listener, talk).await;
    assert_eq!(rest.iter().map(|(_, told)| &told["seq"]).collect::<Vec<_>>(), [3]);
}

#[tokio::test]
async fn of_many_people_it_is_told_how_many() {
    let place = Place::new().await;
    let owner = place.person();
    let others: Vec<Identity> = (0..SINGLE + 10).map(|_| place.person()).collect();
    let group = place.group(&owner, &others.iter().collect::<Vec<_>>()).await;
    let entry = place.say(&owner, group, "to all of you").await;
    let listener = listen(&place, group).await;
    for other in &others {
        reads(&place, other, group, entry.seq, entry.count).await;
        place.stored(other, group, entry.seq).await.unwrap();
    }
    place.chat.ticks.tell_all().await;
    assert_eq!(told(&place, &*listener, group).await, [], "one of many is told alone");
    place.clock.advance(Duration::from_millis(place.chat.settings.receipts.counted_ms));
    place.chat.ticks.tell_all().await;
    let all = told(&place, &*listener, group).await;
    assert_eq!(all.len(), 2, "{all:?}");
    for (event, told) in all {
        // The owner has read what they wrote, and not said yet that it is stored.
        let by = others.len() + usize::from(event == "message:read");
        assert_eq!((&told["seq"], &told["by"]), (&entry.seq.into(), &by.into()), "{event}");
        assert!(told["userId"].is_null());
    }
    place.chat.ticks.tell_all().await;
    place.clock.advance(Duration::from_secs(10));
    place.chat.ticks.tell_all().await;
    assert_eq!(told(&place, &*listener, group).await, [], "told again without news");
}

#[tokio::test]
async fn who_does_not_let_others_see_what_they_read_is_not_told_of() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    place.say(&ann, talk, "one").await;
    place.town.hide(bob.user, Discretion { hides_reads: true, hides_last_seen: false });
    place.chat.people.forget(bob.user);
    let listener = listen(&place, talk).await;
    place.stored(&bob, talk, 1).await.unwrap();
    reads(&place, &bob, talk, 1, 1).await;
    let told = told(&place, &*listener, talk).await;
    assert_eq!(
        told.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["message:delivered"]
    );
    let answer = place.sync(&ann, SyncRequest::default()).await.unwrap();
    let receipt = &answer.receipts[0];
    assert_eq!((receipt.user_id, receipt.delivered, receipt.read), (bob.user, 1, 0));
    let answer = place.sync(&bob, SyncRequest::default()).await.unwrap();
    assert_eq!(answer.receipts[0].user_id, ann.user, "one sees what others let one see");
}
