use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use async_trait::async_trait;
use kernel::{ConversationId, ErrorCode, WireError};

use super::place::{LIMITS, Place};
use crate::log::append::{self, Appender};
use crate::log::entry::Entry;
use crate::log::store::{Appended, Draft, Head, LogStore, Part, Tail, Wanted};
use crate::messages::body::MessageBody;
use crate::messages::send::{self, Send};
use crate::messages::write::Arrived;
use crate::messages::write::WriteError;
use crate::store::StoreError;

#[tokio::test]
async fn a_message_gets_its_place_and_is_counted() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    for seq in 1..=3 {
        let entry = place.say(&ann, talk, "hello").await;
        assert_eq!((entry.seq, entry.count, entry.sender), (seq, seq, ann.user));
    }
    let conversation = place.chat.conversations.get(talk).await.unwrap().unwrap();
    assert_eq!((conversation.head_seq, conversation.head_count), (3, 3));
    let unread = |who| crate::reading::unread::unread(&place.chat, who);
    assert_eq!(unread(&ann).await.unwrap().total, 0, "a send moves the sender's own cursor");
    assert_eq!(unread(&bob).await.unwrap().total, 3);
}

#[tokio::test]
async fn a_retry_gets_the_first_result_and_another_body_a_conflict() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let id = place.entry_id();
    let first = place.send(&ann, talk, id, "once").await.unwrap();
    let again = place.send(&ann, talk, id, "once").await.unwrap();
    assert!(!first.repeated && again.repeated);
    assert_eq!(first.entry, again.entry);
    for (who, text) in [(&ann, "other words"), (&bob, "once")] {
        let refused = place.send(who, talk, id, text).await.unwrap_err();
        assert!(matches!(refused, WriteError::Conflict), "{refused:?}");
    }
    assert_eq!(place.contents(talk).await, [true]);
}

#[tokio::test]
async fn what_follows_a_message_that_could_not_be_submitted_waits_for_it() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let (first, second) = (place.entry_id(), place.entry_id());
    place.chat.appender.not_submitted(talk, ann.user, first);
    let refused = place.send(&ann, talk, second, "second").await.unwrap_err();
    assert!(matches!(refused, WriteError::Unavailable), "{refused:?}");
    assert_eq!(place.say(&bob, talk, "others write on").await.seq, 1);
    assert_eq!(place.send(&ann, talk, first, "first").await.unwrap().entry.seq, 2);
    assert_eq!(place.send(&ann, talk, second, "second").await.unwrap().entry.seq, 3);
    assert_eq!(place.send(&ann, talk, second, "second").await.unwrap().entry.seq, 3);
}

#[tokio::test]
async fn a_message_whose_earlier_call_fails_late_does_not_overtake_those_before_it() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let [first, second, third] = std::array::from_fn(|_| place.entry_id());
    place.chat.appender.not_submitted(talk, ann.user, first);
    for behind in [second, third] {
        place.send(&ann, talk, behind, "too early").await.unwrap_err();
    }
    assert_eq!(place.send(&ann, talk, first, "first").await.unwrap().entry.seq, 1);
    place.chat.appender.not_submitted(talk, ann.user, third);
    let refused = place.send(&ann, talk, third, "third").await.unwrap_err();
    assert!(matches!(refused, WriteError::Unavailable), "{refused:?}");
    assert_eq!(place.send(&ann, talk, second, "second").await.unwrap().entry.seq, 2);
    assert_eq!(place.send(&ann, talk, third, "third").await.unwrap().entry.seq, 3);
}

#[tokio::test]
async fn what_follows_a_message_that_is_refused_for_good_does_not_wait_for_it() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let (first, second) = (place.entry_id(), place.entry_id());
    place.chat.appender.not_submitted(talk, ann.user, first);
    let endless = "x".repeat(place.chat.settings.limits.text_chars + 1);
    let refused = place.send(&ann, talk, first, &endless).await.unwrap_err();
    assert!(matches!(refused, WriteError::Invalid(_)), "{refused:?}");
    assert_eq!(place.send(&ann, talk, second, "second").await.unwrap().entry.seq, 1);
}

#[tokio::test]
async fn messages_taken_in_order_stay_in_order() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let mut under_way = Vec::new();
    for number in 0..200 {
        let body = MessageBody { text: format!("{number}"), ..MessageBody::default() };
        let send = Send { id: place.entry_id(), conversation: talk, body };
        under_way
            .push(send::take(&place.chat, &ann, Arrived::now(&place.chat), send).await.unwrap());
    }
    for (number, pending) in (0..).zip(under_way) {
        let entry = pending.written(&place.chat).await.unwrap().entry;
        assert!(entry.data.unwrap().get().contains(&format!("\"text\":\"{number}\"")));
        assert_eq!(entry.seq, number + 1);
    }
}

#[tokio::test]
async fn a_stranger_finds_no_such_conversation() {
    let place = Place::new().await;
    let (ann, bob, eve) = (place.person(), place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let refused = place.send(&eve, talk, place.entry_id(), "hello").await.unwrap_err();
    assert_eq!(WireError::from(refused).code, ErrorCode::NotFound);
    assert_eq!(place.contents(talk).await, Vec::<bool>::new());
}

#[tokio::test]
async fn an_id_that_no_client_made_is_refused() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let id = "f47ac10b-58cc-4372-a567-0e02b2c3d479".parse().unwrap();
    let refused = place.send(&ann, talk, id, "hello").await.unwrap_err();
    assert_eq!(WireError::from(refused).code, ErrorCode::ValidationError);
}

/// A store that can be out of reach, and where another instance can be faster.
#[derive(Debug)]
struct Fragile {
    inner: Arc<dyn LogStore>,
    broken: AtomicBool,
    /// How often another instance is faster from now on.
    beaten: AtomicU32,
}

impl Fragile {
    fn over(place: &Place, broken: bool, beaten: u32) -> (Arc<Self>, Arc<Appender>) {
        let inner = Arc::clone(&place.chat.log);
        let log = Arc::new(Self { inner, broken: broken.into(), beaten: beaten.into() });
        let appender = Appender::new(append::Parts {
            log: Arc::clone(&log) as Arc<dyn LogStore>,
            conversations: Arc::clone(&place.chat.conversations),
            members: Arc::clone(&place.chat.members),
            announcer: place.chat.announcer.clone(),
            clock: Arc::clone(&place.chat.clock),
            random: Arc::clone(&place.chat.random),
            limits: LIMITS,
        });
        (log, appender)
    }
}

#[async_trait]
impl LogStore for Fragile {
    async fn append(&self, drafts: &[Draft]) -> Vec<Appended> {
        if self.broken.load(Ordering::SeqCst) {
            return drafts.iter().map(|_| Appended::Unavailable).collect();
        }
        let beaten = |left: u32| left.checked_sub(1);
        if self.beaten.fetch_update(Ordering::SeqCst, Ordering::SeqCst, beaten).is_ok() {
            return drafts.iter().map(|_| Appended::Raced).collect();
        }
        self.inner.append(drafts).await
    }

    fn seen(&self, id: ConversationId, head: Head) {
        self.inner.seen(id, head);
    }

    async fn raise_heads(&self, heads: &[(ConversationId, Head)]) -> Result<(), StoreError> {
        self.inner.raise_heads(heads).await
    }

    async fn heads(&self, ids: &[ConversationId]) -> Result<Vec<Head>, StoreError> {
        self.inner.heads(ids).await
    }

    async fn entries(
        &self,
        id: ConversationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        self.inner.entries(id, after, limit).await
    }

    async fn tails(&self, wanted: &[Wanted]) -> Result<Vec<Tail>, StoreError> {
        self.inner.tails(wanted).await
    }

    async fn strip_all(&self, parts: &[Part]) -> Result<(), StoreError> {
        self.inner.strip_all(parts).await
    }

    async fn remove_expired(&self) -> Result<u64, StoreError> {
        self.inner.remove_expired().await
    }
}

fn seq(appended: Appended) -> u64 {
    match appended {
        Appended::Stored(entry) => entry.seq,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_is_beaten_again_and_again_gets_in_at_last() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let (log, appender) = Fragile::over(&place, false, 20);
    let (first, second) = (place.draft(talk, &ann, "1"), place.draft(talk, &ann, "2"));
    let (first, second) = (appender.submit(first), appender.submit(second));
    assert_eq!(seq(first.await.unwrap()), 1);
    assert_eq!(seq(second.await.unwrap()), 2);
    assert_eq!(log.beaten.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn who_is_beaten_for_too_long_gives_up() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let (log, appender) = Fragile::over(&place, false, u32::MAX);
    let answer = appender.submit(place.draft(talk, &ann, "1"));
    place.clock.advance(LIMITS.patience);
    assert_eq!(answer.await.unwrap(), Appended::Unavailable);
    log.beaten.store(0, Ordering::SeqCst);
    let other = appender.submit(place.draft(talk, &bob, "2"));
    assert_eq!(seq(other.await.unwrap()), 1, "others go on");
}

#[tokio::test]
async fn what_was_under_way_behind_a_failed_message_does_not_overtake_its_retry() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let (log, appender) = Fragile::over(&place, true, 0);
    let (first, second, other) =
        (place.draft(talk, &ann, "1"), place.draft(talk, &ann, "2"), place.draft(talk, &bob, "3"));
    assert_eq!(appender.submit(first.clone()).await.unwrap(), Appended::Unavailable);
    log.broken.store(false, Ordering::SeqCst);
    assert_eq!(appender.submit(second.clone()).await.unwrap(), Appended::Unavailable);
    assert_eq!(seq(appender.submit(other).await.unwrap()), 1, "somebody else's does not wait");
    assert_eq!(seq(appender.submit(first).await.unwrap()), 2);
    assert_eq!(seq(appender.submit(second).await.unwrap()), 3);
}
