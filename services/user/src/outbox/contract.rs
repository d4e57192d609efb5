//! What every adapter of [`Outbox`] must do. Messages get in through the other ports.

use contracts::events::Event;
use kernel::{ManualClock, SeededRandom};

use super::{Cause, MongoOutbox, Outbox, SqliteOutbox};
use crate::accounts::{Accounts, MongoAccounts, SqliteAccounts};
use crate::testing::{self, START, session, sign_in, user};

async fn suite(outbox: &dyn Outbox, accounts: &dyn Accounts) {
    assert_eq!(outbox.waiting(10).await.unwrap(), []);
    for n in 0..5 {
        accounts.sign_in(sign_in("ada@example.org", n, None)).await.unwrap();
    }
    for n in 0..5_u64 {
        let cause = Cause::new(&ManualClock::new(START), &SeededRandom::new(n));
        let ended = accounts.end_session(user(0), session(n.into()), &cause).await.unwrap();
        assert!(ended.is_some());
    }
    let waiting = outbox.waiting(10).await.unwrap();
    let sessions = waiting.iter().map(|message| {
        match Event::decode(&message.topic, &message.payload).unwrap() {
            Event::SessionRevoked(event) => event.session,
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(sessions.collect::<Vec<_>>(), [0, 1, 2, 3, 4].map(session), "in order");
    assert_eq!(outbox.waiting(2).await.unwrap(), waiting[..2]);
    outbox.remove(waiting[0].id).await.unwrap();
    outbox.remove(waiting[0].id).await.unwrap();
    outbox.remove(waiting[2].id).await.unwrap();
    let left = outbox.waiting(10).await.unwrap();
    assert_eq!(left, [&waiting[1..2], &waiting[3..]].concat());
}

#[tokio::test]
async fn sqlite_keeps_the_outbox() {
    let (_folder, database) = testing::database().await;
    suite(&SqliteOutbox(database.clone()), &SqliteAccounts(database)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mongo_keeps_the_outbox() {
    let mongo = testing::mongo().await;
    suite(&MongoOutbox(mongo.clone()), &MongoAccounts(mongo)).await;
}
