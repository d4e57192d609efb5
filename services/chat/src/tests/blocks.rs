use std::sync::Arc;
use std::time::Duration;

use auth::Identity;
use kernel::{ConversationId, ErrorCode, UserId, WireError};
use serde_json::{Value, json};

use super::instances::{Guest, Street};
use super::place::Place;
use crate::conversations::{blocks, create, view};
use crate::log::entry::Entry;
use crate::log::entry::EntryType::{self, Message, Withheld};
use crate::messages::folded::{self, From};
use crate::messages::write::Arrived;
use crate::messages::{edit, history, react};
use crate::reading::read::{self, Read};
use crate::receipts::ticks::Ticks;
use crate::sync::catch_up::SyncRequest;

/// The person blocks the other, and every instance hears of it.
async fn block(place: &Place, by: &Identity, other: &Identity) {
    place.town.block(by.user, other.user);
    told(place, by.user, other.user, true).await;
}

async fn unblock(place: &Place, by: &Identity, other: &Identity) {
    place.town.unblock(by.user, other.user);
    told(place, by.user, other.user, false).await;
}

async fn told(place: &Place, by: UserId, other: UserId, stands: bool) {
    place.clock.advance(Duration::from_secs(1));
    blocks::set(&place.chat, (by, other), stands, place.clock_now()).await.unwrap();
    let id = create::direct_id(by, other);
    for user in [by, other] {
        place.chat.members.forget(id, user);
    }
    place.chat.ticks.forget(id);
}

async fn reads(place: &Place, who: &Identity, talk: ConversationId, seq: u64, count: u64) {
    let read = Read { conversation: talk, seq, count };
    read::read(&place.chat, who, read).await.unwrap();
}

/// What the person's device finds above 0: position, type, and what is written.
async fn log(place: &Place, who: &Identity, talk: ConversationId) -> Vec<(u64, EntryType, bool)> {
    let stretch = history::range(&place.chat, who, talk, (0, u64::MAX), 100).await.unwrap();
    assert_eq!(stretch.gone, []);
    stretch.entries.iter().map(|entry| (entry.seq, entry.kind, entry.data.is_some())).collect()
}

/// How far the other has stored and read, as the person's `sync` tells.
async fn ticks(place: &Place, who: &Identity) -> Option<(u64, u64)> {
    let answer = place.sync(who, SyncRequest::default()).await.unwrap();
    answer.receipts.first().map(|receipt| (receipt.delivered, receipt.read))
}

#[tokio::test]
async fn what_somebody_blocked_writes_is_taken_and_withheld_for_good() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    place.say(&ann, talk, "before").await;
    block(&place, &bob, &ann).await;
    let held = place.say(&ann, talk, "withheld").await;
    assert_eq!((held.seq, held.count, held.data.is_some()), (2, 2, true));

    assert_eq!(log(&place, &ann, talk).await, [(1, Message, true), (2, Message, true)]);
    assert_eq!(log(&place, &bob, talk).await, [(1, Message, true), (2, Withheld, false)]);
    let answer = place.sync(&bob, SyncRequest::default()).await.unwrap();
    let news = serde_json::to_value(&answer.conversations[0]).unwrap();
    let (last, entries) = (&news["conversation"]["lastEntry"], &news["entries"]);
    for seen in [last, &entries[1]] {
        assert_eq!(seen["senderId"], json!(bob.user), "who wrote it is not told");
        assert_eq!((&seen["type"], &seen["data"]), (&json!("withheld"), &Value::Null));
    }
    assert_eq!(news["conversation"]["unread"], 0, "and it is not unread");
    let page = folded::page(&place.chat, &bob, talk, From::After(0), 10).await.unwrap();
    assert_eq!(page.data.iter().map(|message| message.entry.seq).collect::<Vec<_>>(), [1]);

    unblock(&place, &bob, &ann).await;
    place.say(&ann, talk, "after").await;
    let all = [(1, Message, true), (2, Withheld, false), (3, Message, true)];
    assert_eq!(log(&place, &bob, talk).await, all);
    let bobs = view::of(&place.chat, bob.user, talk).await.unwrap();
    assert_eq!((bobs.unread, bobs.head.count), (1, 3));
}

#[tokio::test]
async fn the_blocked_see_ticks_only_of_what_came_through() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    for text in ["one", "two", "three"] {
        place.say(&ann, talk, text).await;
    }
    place.stored(&bob, talk, 2).await.unwrap();
    reads(&place, &bob, talk, 1, 1).await;
    assert_eq!(ticks(&place, &ann).await, Some((2, 1)));

    block(&place, &bob, &ann).await;
    place.say(&ann, talk, "withheld").await;
    place.stored(&bob, talk, 4).await.unwrap();
    reads(&place, &bob, talk, 3, 3).await;
    assert_eq!(ticks(&place, &ann).await, Some((2, 1)));
    assert_eq!(view::of(&place.chat, ann.user, talk).await.unwrap().floor, 0);
    place.stored(&ann, talk, 4).await.unwrap();
    place.later(Duration::from_secs(2)).await;
    assert_eq!(view::of(&place.chat, ann.user, talk).await.unwrap().floor, 2, "no better told");
    assert_eq!(view::of(&place.chat, bob.user, talk).await.unwrap().floor, 4);

    unblock(&place, &bob, &ann).await;
    assert_eq!(ticks(&place, &ann).await, Some((2, 1)), "it is over, and nothing came through");
    place.say(&ann, talk, "after").await;
    place.stored(&bob, talk, 5).await.unwrap();
    assert_eq!(ticks(&place, &ann).await, Some((5, 1)));
    block(&place, &bob, &ann).await;
    reads(&place, &bob, talk, 5, 5).await;
    assert_eq!(ticks(&place, &ann).await, Some((5, 1)), "blocked anew, from where they were");
}

#[tokio::test]
async fn who_blocks_writes_nothing_either_but_takes_back() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let anns = place.say(&ann, talk, "from ann").await;
    let bobs = place.say(&bob, talk, "from bob").await;
    block(&place, &bob, &ann).await;
    let refused = place.send(&bob, talk, place.entry_id(), "more").await.unwrap_err();
    let refused = WireError::from(refused);
    assert_eq!(refused.code, ErrorCode::Forbidden);
    assert!(refused.message.contains("unblock"), "{refused:?}");
    let again = place.send(&bob, talk, bobs.id, "from bob").await.unwrap();
    assert!(again.repeated, "a retry gets its first result");
    let emoji = |message: &Entry, who: &Identity| {
        let reaction = react::Reaction {
            id: place.entry_id(),
            conversation: talk,
            message: message.id,
            emoji: "👍".to_owned(),
            op: react::Op::Add,
        };
        (*who, reaction)
    };
    let (who, reaction) = emoji(&anns, &bob);
    let arrived = Arrived::now(&place.chat);
    assert!(react::take(&place.chat, &who, arrived, reaction).await.is_err());
    // What the other one writes beside messages is withheld as well.
    let (who, reaction) = emoji(&bobs, &ann);
    let pending = react::take(&place.chat, &who, arrived, reaction).await.unwrap();
    pending.written(&place.chat).await.unwrap();
    let words = edit::Edit {
        id: place.entry_id(),
        conversation: talk,
        message: anns.id,
        text: "other words".to_owned(),
        formatting: Vec::new(),
    };
    let pending = edit::take(&place.chat, &ann, arrived, words).await.unwrap();
    pending.written(&place.chat).await.unwrap();
    let page = folded::page(&place.chat, &bob, talk, From::After(0), 10).await.unwrap();
    assert_eq!(page.data[0].edited_at, None);
    assert_eq!(page.data[1].reactions, []);
    let page = folded::page(&place.chat, &ann, talk, From::After(0), 10).await.unwrap();
    assert!(page.data[0].edited_at.is_some() && page.data[1].reactions.len() == 1);
}

#[tokio::test]
async fn a_conversation_that_somebody_blocked_opens_stays_out_of_sight() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    place.town.block(bob.user, ann.user);
    let talk = place.between(&ann, &bob).await;
    let seen = async || view::of(&place.chat, bob.user, talk).await.unwrap();
    assert!(seen().await.hidden);
    place.say(&ann, talk, "withheld").await;
    assert!(seen().await.hidden);
    assert!(!view::of(&place.chat, ann.user, talk).await.unwrap().hidden);
    assert_eq!(log(&place, &bob, talk).await, [(1, Withheld, false)]);
    unblock(&place, &bob, &ann).await;
    place.say(&ann, talk, "after").await;
    assert!(!seen().await.hidden);
    assert_eq!(seen().await.unread, 1);
}

#[tokio::test]
async fn the_word_of_a_block_may_come_twice_late_or_after_its_end() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    place.clock.advance(Duration::from_secs(5));
    let (early, late) = (place.clock_now(), place.clock_now().plus(Duration::from_secs(1)));
    let set = async |stands, at| {
        blocks::set(&place.chat, (bob.user, ann.user), stands, at).await.unwrap();
        let blocks = place.chat.conversations.get(talk).await.unwrap().unwrap().blocks;
        blocks::standing(&blocks, ann.user) == blocks::Standing::Blocked(bob.user)
    };
    assert!(!set(false, late).await);
    assert!(!set(true, early).await, "the end came first");
    let later = late.plus(Duration::from_secs(1));
    assert!(set(true, later).await);
    assert!(set(true, later).await);
    assert!(set(false, early).await, "of a block before");
}

async fn next_entry(guest: &Guest) -> (u64, Value, Value) {
    loop {
        let (name, body) = guest.event().await;
        if name == "message:new" {
            return (body["seq"].as_u64().unwrap(), body["type"].clone(), body["senderId"].clone());
        }
    }
}

#[tokio::test]
async fn live_it_is_withheld_on_every_instance_and_the_sender_hears_it_as_ever() {
    let street = Street::new().await;
    let (one, two) = (street.instance("one").await, street.instance("two").await);
    let (ann, bob) = (street.place.person(), street.place.person());
    let talk = street.place.between(&ann, &bob).await;
    let second = street.place.device_of(ann.user);
    let (anns, own) = (street.connect(&one, &ann).await, street.connect(&two, &second).await);
    let (bobs, also) = (street.connect(&two, &bob).await, street.connect(&one, &bob).await);
    street.place.say(&ann, talk, "before").await;
    let at = street.place.clock_now();
    street.place.town.block(bob.user, ann.user);
    // The send that follows goes by what is remembered until every instance has heard of the block.
    blocks::set(&street.place.chat, (bob.user, ann.user), true, at).await.unwrap();
    let heard = async || {
        street.place.chat.announcer.relations(bob.user, ann.user).await.unwrap();
        let seen = street.place.chat.members.require(talk, ann.user).await.unwrap();
        (seen.standing == blocks::Standing::Blocked(bob.user)).then_some(())
    };
    testkit::wait::until(Duration::from_secs(10), heard).await.unwrap();
    street.place.say(&ann, talk, "withheld").await;
    for guest in [&anns, &own] {
        assert_eq!(next_entry(guest).await, (1, json!("message"), json!(ann.user)));
        assert_eq!(next_entry(guest).await, (2, json!("message"), json!(ann.user)));
    }
    for guest in [&bobs, &also] {
        assert_eq!(next_entry(guest).await, (1, json!("message"), json!(ann.user)));
        assert_eq!(next_entry(guest).await, (2, json!("withheld"), json!(bob.user)));
    }
    // Nothing that Bob's devices store or read is told to Ann.
    let ticks: Arc<Ticks> = Arc::clone(&street.place.chat.ticks);
    street.place.stored(&bob, talk, 2).await.unwrap();
    reads(&street.place, &bob, talk, 2, 2).await;
    ticks.tell_all().await;
    street.place.chat.announcer.signal(talk, "fence", &json!({})).await;
    assert_eq!(anns.event().await.0, "fence");
}
