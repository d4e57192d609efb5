use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use fanout::{Fanout, FanoutError, Happening, Listener, MemoryFanout, Subject};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::instances::Street;
use super::place::Place;
use crate::live::announce::{Announcer, INSTANCES, about};
use crate::live::frame::{Frame, FrameKind};

async fn heard(listener: &dyn Listener) -> Frame {
    match listener.next().await {
        Some(Happening::Event { payload, .. }) => Frame::decode(&payload).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_entry_is_published_before_it_is_acknowledged_and_as_clients_get_it() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let fanout: Arc<dyn Fanout> = Arc::clone(&place.fanout) as Arc<dyn Fanout>;
    let listener = fanout.listen().await.unwrap();
    listener.watch(&[about(talk)]).await.unwrap();
    let entry = place.say(&ann, talk, "hello").await;
    let frame = heard(&*listener).await;
    assert_eq!(
        (frame.kind, frame.place.seq, frame.event.as_str()),
        (FrameKind::Entry, 1, "message:new")
    );
    assert_eq!(frame.body, Bytes::from(serde_json::to_vec(&entry).unwrap()));
}

#[tokio::test]
async fn ticks_and_reading_reach_the_conversation() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    place.say(&ann, talk, "hello").await;
    let fanout: Arc<dyn Fanout> = Arc::clone(&place.fanout) as Arc<dyn Fanout>;
    let listener = fanout.listen().await.unwrap();
    listener.watch(&[about(talk)]).await.unwrap();
    place.stored(&bob, talk, 1).await.unwrap();
    assert_eq!(heard(&*listener).await.event, "message:delivered");
    let read = crate::reading::read::Read { conversation: talk, seq: 1, count: 1 };
    crate::reading::read::read(&place.chat, &bob, read).await.unwrap();
    let frame = heard(&*listener).await;
    assert_eq!(frame.event, "message:read");
    let receipt: serde_json::Value = serde_json::from_slice(&frame.body).unwrap();
    assert_eq!(receipt["userId"], bob.user.to_string());
    assert_eq!(receipt["seq"], 1);
}

/// A fan-out that can be out of reach.
#[derive(Debug)]
struct Fragile {
    inner: MemoryFanout,
    broken: AtomicBool,
}

#[async_trait]
impl Fanout for Fragile {
    async fn publish(&self, subject: Subject, payload: Bytes) -> Result<(), FanoutError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(FanoutError("out of reach".to_owned()));
        }
        self.inner.publish(subject, payload).await
    }

    async fn listen(&self) -> Result<Box<dyn Listener>, FanoutError> {
        self.inner.listen().await
    }

    async fn ping(&self) -> Result<(), FanoutError> {
        self.inner.ping().await
    }
}

#[tokio::test]
async fn a_head_that_could_not_be_told_is_told_once_the_fanout_is_back() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let entry = place.say(&ann, talk, "hello").await;
    let fragile = Arc::new(Fragile { inner: MemoryFanout::new(16), broken: true.into() });
    let listener = fragile.listen().await.unwrap();
    listener.watch(&[about(talk)]).await.unwrap();
    let announcer = Announcer::new(Arc::clone(&fragile) as Arc<dyn Fanout>, usize::MAX);
    announcer.entry(&entry).await;
    let stop = CancellationToken::new();
    let telling = tokio::spawn(announcer.tell_again(stop.clone()));
    fragile.broken.store(false, Ordering::SeqCst);
    let frame = heard(&*listener).await;
    assert_eq!((frame.kind, frame.place.seq), (FrameKind::Head, 1));
    stop.cancel();
    telling.await.unwrap();
}

#[tokio::test]
async fn the_end_of_a_log_is_told_to_all_instances_once_more_although_nothing_went_wrong() {
    let place = Place::new().await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    let entry = place.say(&ann, talk, "hello").await;
    let fanout: Arc<dyn Fanout> = Arc::new(MemoryFanout::new(16));
    let listener = fanout.listen().await.unwrap();
    listener.watch(&[INSTANCES]).await.unwrap();
    let announcer = Announcer::new(fanout, usize::MAX);
    announcer.entry(&entry).await;
    let stop = CancellationToken::new();
    let telling = tokio::spawn(announcer.tell_again(stop.clone()));
    for _ in 0..2 {
        let frame = heard(&*listener).await;
        assert_eq!(frame.kind, FrameKind::Heads);
        assert_eq!(frame.heads().collect::<Vec<_>>(), [(talk, entry.seq)]);
    }
    stop.cancel();
    telling.await.unwrap();
}

#[tokio::test]
async fn a_long_message_goes_through_the_fanout_as_its_place() {
    let street = Street::new().await;
    let instance = street.instance("one").await;
    let (ann, bob) = (street.place.person(), street.place.person());
    let talk = street.place.between(&ann, &bob).await;
    let fanout = Arc::clone(&street.place.fanout) as Arc<dyn Fanout>;
    let listener = fanout.listen().await.unwrap();
    listener.watch(&[about(talk)]).await.unwrap();
    let guest = street.connect(&instance, &bob).await;
    // Letters of four bytes.
    let (short, long) = ("short".to_owned(), "\u{1f4ec}".repeat(9_000));
    for text in [&short, &long, &short] {
        street.place.say(&ann, talk, text).await;
    }
    for (seq, text) in [(1, &short), (2, &long), (3, &short)] {
        let (event, entry) = guest.event().await;
        assert_eq!((event.as_str(), &entry["seq"]), ("message:new", &seq.into()));
        assert_eq!(&entry["data"]["text"], text);
    }
    let mut kinds = Vec::new();
    for _ in 0..3 {
        let frame = heard(&*listener).await;
        assert!(frame.encode().len() < 1_000);
        kinds.push(frame.kind);
    }
    assert_eq!(kinds, [FrameKind::Entry, FrameKind::Head, FrameKind::Entry]);
}

#[tokio::test]
async fn a_session_whose_end_passed_unheard_ends_with_the_next_reading() {
    let place = Place::with(|settings| settings.live.reread_s = 1).await;
    let street = Street::around(place).await;
    let instance = street.instance("one").await;
    let (ann, bob) = (street.place.person(), street.place.person());
    let anns = street.connect(&instance, &ann).await;
    let anns_other = street.connect(&instance, &ann).await;
    let bobs = street.connect(&instance, &bob).await;
    let stop = CancellationToken::new();
    let reading = tokio::spawn(Arc::clone(&instance.live).make_good(stop.clone()));
    street.revoke(&ann).await;
    for guest in [&anns, &anns_other] {
        assert_eq!(guest.event().await.0, "session:revoked");
        assert!(guest.ends().await);
    }
    stop.cancel();
    reading.await.unwrap();
    // Nobody else's.
    bobs.ask("sync", json!({})).await;
}

#[tokio::test]
async fn ended_sessions_are_looked_for_later_when_there_is_too_much_to_do_and_at_once_after_a_gap()
{
    let street = Street::new().await;
    let instance = street.instance("one").await;
    let ann = street.place.person();
    let guest = street.connect(&instance, &ann).await;
    street.revoke(&ann).await;
    // More than half of what may wait; nobody takes any of it while this test does not wait for anything.
    for _ in 0..600 {
        street.place.fanout.publish(INSTANCES, Bytes::new()).await.unwrap();
    }
    assert!(instance.live.is_busy());
    instance.live.look_for_ended_sessions(false).await;
    assert!(instance.live.is_busy());
    guest.ask("sync", json!({})).await;
    instance.live.look_for_ended_sessions(true).await;
    assert_eq!(guest.event().await.0, "session:revoked");
    assert!(guest.ends().await);
}
