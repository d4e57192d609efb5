//! What a store takes up once everything is delivered and forgotten: nothing more than before, and its file grows no further.

use std::time::Duration;

use auth::Identity;
use futures::future::join_all;
use kernel::ConversationId;

use super::sweep;
use crate::tests::place::Place;
use crate::tests::stores::{Size, Store};

/// Messages of one round, of which there are two; ten times as many with `RESTANTE_LONG=1`.
const MESSAGES: usize = 10_000;
const TALKS: usize = 20;
/// Messages of one conversation that wait for their delivery at a time.
const SLICE: usize = 50;
/// As much as people write in one go.
const TEXT: &str = "about a hundred letters, which is what people write in one go, a word more or a word less on a day";
/// Pages and documents differ a little in how full they are.
const SPARE: u64 = 64 << 10;

type Talk = (Identity, Identity, ConversationId);

fn messages() -> usize {
    if std::env::var("RESTANTE_LONG").is_ok_and(|long| long == "1") {
        MESSAGES * 10
    } else {
        MESSAGES
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_is_as_small_as_before_when_all_is_delivered() {
    let place = Place::on(Store::Sqlite).await;
    let (start, first, second) = two_rounds(&place).await;
    assert!(first.documents <= start.documents + SPARE, "{first:?} from {start:?}");
    assert!(second.documents <= start.documents + SPARE, "{second:?} from {start:?}");
    assert!(second.files <= first.files + first.files / 50 + SPARE, "{second:?} after {first:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mongo_is_as_small_as_before_when_all_is_delivered() {
    let place = Place::on(Store::Mongo).await;
    let (start, first, second) = two_rounds(&place).await;
    assert!(first.documents <= start.documents + SPARE, "{first:?} from {start:?}");
    assert!(second.documents <= start.documents + SPARE, "{second:?} from {start:?}");
}

/// What the store takes up before, and after each round.
async fn two_rounds(place: &Place) -> (Size, Size, Size) {
    let mut talks = Vec::new();
    for _ in 0..TALKS {
        let (ann, bob) = (place.person(), place.person());
        let id = place.between(&ann, &bob).await;
        talks.push((ann, bob, id));
    }
    let mut sizes = Vec::new();
    for count in [TALKS * SLICE, messages(), messages()] {
        deliver(place, &talks, count).await;
        place.later(Duration::from_hours(25)).await;
        sweep(&place.chat).await.unwrap();
        let size = place.size().await;
        eprintln!("after {count} messages: {size:?}");
        sizes.push(size);
    }
    (sizes[0], sizes[1], sizes[2])
}

/// Everybody sends, and everybody stores.
async fn deliver(place: &Place, talks: &[Talk], count: usize) {
    let talking = talks.iter().map(|(ann, bob, id)| async move {
        for _ in 0..count / TALKS / SLICE {
            let sent = (0..SLICE).map(|_| place.say(ann, *id, TEXT));
            let last = join_all(sent).await.iter().map(|entry| entry.seq).max().unwrap();
            place.stored(ann, *id, last).await.unwrap();
            place.stored(bob, *id, last).await.unwrap();
        }
    });
    join_all(talking).await;
    place.chat.fold.idle().await;
}
