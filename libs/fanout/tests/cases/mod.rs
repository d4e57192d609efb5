//! The cases. `one` and `two` are instances of one namespace, `tight` of the same with a small queue where there are
//! namespaces, `other` is of another.

use std::sync::Arc;

use bytes::Bytes;
use fanout::{Fanout, Happening, Listener, Subject};
use tokio::time::timeout;

use crate::setup::{PATIENCE, TIGHT, hear, subject};

pub(crate) struct Stage {
    pub(crate) one: Arc<dyn Fanout>,
    pub(crate) two: Arc<dyn Fanout>,
    pub(crate) tight: Arc<dyn Fanout>,
    pub(crate) other: Arc<dyn Fanout>,
}

pub(crate) async fn run(stage: &Stage) {
    stage.one.ping().await.unwrap();
    every_instance_that_watches_hears(stage).await;
    what_is_not_watched_is_not_heard(stage).await;
    watching_twice_is_watching_once(stage).await;
    after_watching_nothing_is_missed(stage).await;
    order_is_kept(stage).await;
    many_publishers_at_once_are_all_heard(stage).await;
    any_payload_arrives_as_it_was(stage).await;
    a_full_queue_is_one_gap(stage).await;
    namespaces_are_apart(stage).await;
    one_may_watch_while_another_waits(stage).await;
    stage.one.ping().await.unwrap();
}

async fn hear_event(listener: &dyn Listener) -> (Subject, Bytes) {
    match hear(listener).await {
        Happening::Event { subject, payload } => (subject, payload),
        Happening::Gap => panic!("a gap where none should be"),
    }
}

fn number(number: u32) -> Bytes {
    Bytes::copy_from_slice(&number.to_be_bytes())
}

async fn every_instance_that_watches_hears(stage: &Stage) {
    let (a, b) = (stage.one.listen().await.unwrap(), stage.two.listen().await.unwrap());
    let watched = subject();
    a.watch(&[watched]).await.unwrap();
    b.watch(&[watched]).await.unwrap();
    for publisher in [&stage.one, &stage.two] {
        publisher.publish(watched, number(1)).await.unwrap();
        assert_eq!(hear_event(&*a).await, (watched, number(1)));
        assert_eq!(hear_event(&*b).await, (watched, number(1)));
    }
}

async fn what_is_not_watched_is_not_heard(stage: &Stage) {
    let listener = stage.one.listen().await.unwrap();
    let (watched, left, never) = (subject(), subject(), subject());
    listener.watch(&[watched, left]).await.unwrap();
    listener.unwatch(&[left, never]).await;
    for about in [left, never, watched] {
        stage.two.publish(about, number(1)).await.unwrap();
    }
    assert_eq!(hear_event(&*listener).await.0, watched);
    // Neighbours on the same channel do not leak either: 3 000 subjects share 1 024 channels with the one watched.
    for _ in 0..3_000 {
        stage.two.publish(subject(), number(2)).await.unwrap();
    }
    stage.two.publish(watched, number(3)).await.unwrap();
    assert_eq!(hear_event(&*listener).await, (watched, number(3)));
    listener.watch(&[left]).await.unwrap();
    stage.two.publish(left, number(4)).await.unwrap();
    assert_eq!(hear_event(&*listener).await, (left, number(4)));
}

async fn watching_twice_is_watching_once(stage: &Stage) {
    let listener = stage.one.listen().await.unwrap();
    let (twice, mark) = (subject(), subject());
    listener.watch(&[twice, twice, mark]).await.unwrap();
    listener.watch(&[twice]).await.unwrap();
    stage.two.publish(twice, number(1)).await.unwrap();
    stage.two.publish(mark, number(2)).await.unwrap();
    assert_eq!(hear_event(&*listener).await, (twice, number(1)));
    assert_eq!(hear_event(&*listener).await, (mark, number(2)));
    listener.unwatch(&[twice]).await;
    stage.two.publish(twice, number(3)).await.unwrap();
    stage.two.publish(mark, number(4)).await.unwrap();
    assert_eq!(hear_event(&*listener).await, (mark, number(4)));
}

async fn after_watching_nothing_is_missed(stage: &Stage) {
    let listener = stage.one.listen().await.unwrap();
    for round in 0..1_000 {
        let watched = subject();
        listener.watch(&[watched]).await.unwrap();
        stage.two.publish(watched, number(round)).await.unwrap();
        assert_eq!(hear_event(&*listener).await, (watched, number(round)), "round {round}");
        if round % 2 == 0 {
            listener.unwatch(&[watched]).await;
        }
    }
}

async fn order_is_kept(stage: &Stage) {
    let listener = stage.one.listen().await.unwrap();
    let watched = subject();
    listener.watch(&[watched]).await.unwrap();
    for count in 0..500 {
        stage.two.publish(watched, number(count)).await.unwrap();
    }
    for count in 0..500 {
        assert_eq!(hear_event(&*listener).await, (watched, number(count)));
    }
}

async fn many_publishers_at_once_are_all_heard(stage: &Stage) {
    let listener = stage.one.listen().await.unwrap();
    let watched = subject();
    listener.watch(&[watched]).await.unwrap();
    let mut publishers = tokio::task::JoinSet::new();
    for publisher in 0..50 {
        let fanout = stage.two.clone();
        publishers.spawn(async move {
            for count in 0..40 {
                fanout.publish(watched, number(publisher * 100 + count)).await.unwrap();
            }
        });
    }
    publishers.join_all().await;
    let mut next = [0_u32; 50];
    for _ in 0..50 * 40 {
        let (_, payload) = hear_event(&*listener).await;
        let heard = u32::from_be_bytes(payload[..].try_into().unwrap());
        let expected = &mut next[usize::try_from(heard / 100).unwrap()];
        assert_eq!(heard % 100, *expected, "out of order");
        *expected += 1;
    }
}

async fn any_payload_arrives_as_it_was(stage: &Stage) {
    let listener = stage.one.listen().await.unwrap();
    let watched = Subject([0; 16]);
    listener.watch(&[watched]).await.unwrap();
    let all_bytes: Vec<u8> = (0..=255).collect();
    for payload in [Bytes::new(), all_bytes.into(), Bytes::from(vec![13; 1_000_000])] {
        stage.two.publish(watched, payload.clone()).await.unwrap();
        assert_eq!(hear_event(&*listener).await, (watched, payload));
    }
}

async fn a_full_queue_is_one_gap(stage: &Stage) {
    let listener = stage.tight.listen().await.unwrap();
    let watched = subject();
    listener.watch(&[watched]).await.unwrap();
    for count in 0..100 {
        stage.tight.publish(watched, number(count)).await.unwrap();
    }
    // A confirmation comes after all that was published before through the same server. So many subjects are on all servers.
    let everywhere: Vec<_> = (0..100).map(|_| subject()).collect();
    listener.watch(&everywhere).await.unwrap();
    for count in 0..u32::try_from(TIGHT).unwrap() {
        assert_eq!(hear_event(&*listener).await, (watched, number(count)));
    }
    assert_eq!(hear(&*listener).await, Happening::Gap);
    stage.tight.publish(watched, number(100)).await.unwrap();
    assert_eq!(hear_event(&*listener).await, (watched, number(100)));
}

async fn namespaces_are_apart(stage: &Stage) {
    let (ours, theirs) = (stage.one.listen().await.unwrap(), stage.other.listen().await.unwrap());
    let watched = subject();
    ours.watch(&[watched]).await.unwrap();
    theirs.watch(&[watched]).await.unwrap();
    stage.other.publish(watched, number(1)).await.unwrap();
    stage.one.publish(watched, number(2)).await.unwrap();
    assert_eq!(hear_event(&*ours).await, (watched, number(2)));
    assert_eq!(hear_event(&*theirs).await, (watched, number(1)));
}

async fn one_may_watch_while_another_waits(stage: &Stage) {
    let listener: Arc<dyn Listener> = stage.one.listen().await.unwrap().into();
    let waiting = tokio::spawn({
        let listener = listener.clone();
        async move { hear_event(&*listener).await }
    });
    let watched = subject();
    listener.watch(&[watched]).await.unwrap();
    stage.two.publish(watched, number(1)).await.unwrap();
    assert_eq!(waiting.await.unwrap(), (watched, number(1)));
}

pub(crate) async fn ends_with_the_fanout(fanout: Arc<dyn Fanout>) {
    let listener = fanout.listen().await.unwrap();
    let watched = subject();
    listener.watch(&[watched]).await.unwrap();
    drop(fanout);
    let end = timeout(PATIENCE, listener.next()).await.unwrap();
    assert_eq!(end, None);
}
