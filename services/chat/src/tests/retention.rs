//! A process that is killed between any two steps of forgetting: the next sweep finishes it.

use std::time::Duration;

use super::place::Place;
use super::stores::Store;
use crate::delivery::retention;
use crate::delivery::store::{Ack, Owner};

/// What was done before the process was killed, each step on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Done {
    FloorRaised,
    /// `MongoDB` forgets entry by entry.
    HalfStripped,
    Stripped,
    Noted,
}

#[tokio::test(flavor = "multi_thread")]
async fn forgetting_is_finished_whatever_step_it_was_killed_after() {
    for store in [Store::Sqlite, Store::Mongo] {
        for done in [Done::FloorRaised, Done::HalfStripped, Done::Stripped, Done::Noted] {
            killed_after(done, store).await;
        }
    }
}

async fn killed_after(done: Done, store: Store) {
    let place = Place::on(store).await;
    let (ann, bob) = (place.person(), place.person());
    let talk = place.between(&ann, &bob).await;
    for text in ["one", "two", "three", "four"] {
        place.say(&ann, talk, text).await;
    }
    let ack = |who: &auth::Identity, seq| {
        let owner = Owner { user: who.user, device: who.device };
        Ack { owner, seq }
    };
    let (log, delivery) = (&place.chat.log, &place.chat.delivery);
    let acks = [ack(&ann, 4), ack(&bob, 3)];
    let progress = delivery.acknowledge(talk, &acks).await.unwrap().unwrap();
    assert_eq!((progress.floor, progress.stripped_to), (3, 0));
    if done >= Done::HalfStripped {
        log.strip(talk, 0, if done == Done::HalfStripped { 2 } else { 3 }).await.unwrap();
    }
    if done >= Done::Noted {
        delivery.stripped(talk, 3).await.unwrap();
    }
    // Somebody goes on writing before the sweeper comes.
    place.say(&bob, talk, "five").await;
    retention::sweep(&place.chat).await.unwrap();
    let case = format!("{store:?}, {done:?}");
    assert_eq!(place.contents(talk).await, [false, false, false, true, true], "{case}");
    assert!(delivery.unfinished(None, 10).await.unwrap().is_empty(), "{case}");
    let progress = delivery.progress(talk).await.unwrap().unwrap();
    assert_eq!((progress.floor, progress.stripped_to), (3, 3), "{case}");
    place.later(Duration::from_hours(25)).await;
    retention::sweep(&place.chat).await.unwrap();
    assert_eq!(place.contents(talk).await, [true, true], "{case}: headers past their time");
}
