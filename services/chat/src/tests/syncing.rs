use super::place::Place;
use crate::delivery::acknowledge::Cursor;
use crate::delivery::store::Owner;
use crate::sync::catch_up::SyncRequest;

#[tokio::test]
async fn five_hundred_messages_come_in_pages_in_order_each_once() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    for number in 0..500 {
        place.say(&ann, talk, &format!("message {number}")).await;
    }
    let (mut seqs, mut since, mut pages) = (Vec::new(), None, 0);
    loop {
        let request = SyncRequest { since: since.take(), cursors: None };
        let answer = place.sync(&bob, request).await.unwrap();
        pages += 1;
        for news in &answer.conversations {
            assert!(news.gone.is_empty() && !news.reset);
            seqs.extend(news.entries.iter().map(|entry| entry.seq));
        }
        since = Some(answer.since);
        if !answer.more {
            break;
        }
    }
    assert_eq!(seqs, (1..=500).collect::<Vec<u64>>());
    assert!(pages > 2, "200 entries of a conversation at most in one page");
    // Not acknowledged yet, and yet told: the next call carries on where this one ended.
    let request = SyncRequest { since, cursors: None };
    assert!(place.sync(&bob, request).await.unwrap().conversations.is_empty());
    place.stored(&bob, talk, 500).await.unwrap();
    let fresh = place.sync(&bob, SyncRequest::default()).await.unwrap();
    assert!(fresh.conversations.is_empty() && !fresh.more);
}

#[tokio::test]
async fn what_is_forgotten_is_told_as_header_or_as_gone() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    place.say(&ann, talk, "first").await;
    for who in [&ann, &bob] {
        place.stored(who, talk, 1).await.unwrap();
    }
    assert_eq!(place.contents(talk).await, [false]);
    let conversation = place.chat.conversations.get(talk).await.unwrap().unwrap();
    let cursor = Cursor { conversation_id: talk, seq: 0, epoch: conversation.epoch };
    let again = || SyncRequest { since: None, cursors: Some(vec![cursor.clone()]) };
    let answer = place.sync(&bob, again()).await.unwrap();
    assert!(answer.conversations[0].entries[0].data.is_none());
    place.later(std::time::Duration::from_hours(25)).await;
    crate::delivery::retention::sweep(&place.chat).await.unwrap();
    let answer = place.sync(&bob, again()).await.unwrap();
    assert_eq!(answer.conversations[0].gone, [(1, 1)]);
}

#[tokio::test]
async fn a_device_that_missed_the_opening_of_a_conversation_gets_its_cursor_at_the_next_sync() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let early = place.device_of(bob.user);
    crate::delivery::devices::ensure_registered(&place.chat, &early).await.unwrap();
    // As if it had logged in after the other side asked for live devices.
    place.log_out(&early);
    let talk = place.between(&ann, &bob).await;
    let owner = Owner { user: early.user, device: early.device };
    assert!(place.chat.delivery.cursors(owner, &[talk]).await.unwrap().is_empty());
    place.town.log_in(owner);
    place.say(&ann, talk, "hello").await;
    let answer = place.sync(&early, SyncRequest::default()).await.unwrap();
    assert_eq!(answer.conversations[0].entries.len(), 1);
    for who in [&ann, &bob] {
        place.stored(who, talk, 1).await.unwrap();
    }
    assert_eq!(place.contents(talk).await, [true], "it waits for that device now");
    place.stored(&early, talk, 1).await.unwrap();
    assert_eq!(place.contents(talk).await, [false]);
}

#[tokio::test]
async fn a_restored_client_gets_again_what_is_still_held_in_pages() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    for number in 0..450 {
        place.say(&ann, talk, &format!("message {number}")).await;
    }
    place.stored(&bob, talk, 450).await.unwrap();
    let epoch = place.chat.conversations.get(talk).await.unwrap().unwrap().epoch;
    let cursor = Cursor { conversation_id: talk, seq: 2, epoch };
    let (mut seqs, mut since) = (Vec::new(), None);
    for _ in 0..5 {
        let request = SyncRequest { since: since.take(), cursors: Some(vec![cursor.clone()]) };
        let answer = place.sync(&bob, request).await.unwrap();
        for news in &answer.conversations {
            seqs.extend(news.entries.iter().map(|entry| entry.seq));
        }
        since = Some(answer.since);
        if !answer.more {
            break;
        }
    }
    assert_eq!(seqs, (3..=450).collect::<Vec<u64>>());
}

#[tokio::test]
async fn an_answer_keeps_to_its_size_however_long_the_messages() {
    let place = Place::new().await;
    let bob = place.person();
    let text = "🦀".repeat(10_000);
    for _ in 0..8 {
        let friend = place.person();
        let talk = place.between(&friend, &bob).await;
        place.say(&friend, talk, &text).await;
    }
    let (mut told, mut since) = (0, None);
    loop {
        let request = SyncRequest { since: since.take(), cursors: None };
        let answer = place.sync(&bob, request).await.unwrap();
        let bytes = serde_json::to_vec(&answer).unwrap().len();
        assert!(bytes <= place.chat.settings.limits.answer_bytes, "{bytes} bytes");
        told += answer.conversations.len();
        since = Some(answer.since);
        if !answer.more {
            break;
        }
    }
    assert_eq!(told, 8);
}
