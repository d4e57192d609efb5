use std::sync::Arc;
use std::time::Duration;

use kernel::{ConversationId, SeededRandom};
use kv::{Kv, Lease, SqliteKv};
use serde_json::value::RawValue;
use sqlite::Database;

use super::Sweeper;
use crate::conversations::Retention;
use crate::delivery::store::{Ack, Owner};
use crate::log::entry::EntryType;
use crate::log::store::{Appended, Draft};
use crate::tests::place::Place;
use crate::tests::stores::Store;

/// Conversations in which everybody has stored the one message, and nothing is forgotten, as after a crash; in the order of
/// ids.
async fn left_behind(place: &Place, count: usize) -> Vec<ConversationId> {
    let ann = place.person();
    let mut ids = Vec::new();
    for _ in 0..count {
        let bob = place.person();
        let id = place.between(&ann, &bob).await;
        place.say(&ann, id, "hello").await;
        let ack = |who: &auth::Identity| Ack {
            owner: Owner { user: who.user, device: who.device },
            seq: 1,
        };
        place.chat.delivery.acknowledge(id, &[ack(&ann), ack(&bob)]).await.unwrap();
        ids.push(id);
    }
    ids.sort_unstable();
    ids
}

async fn held(place: &Place, ids: &[ConversationId]) -> Vec<bool> {
    let mut held = Vec::new();
    for id in ids {
        held.extend(place.contents(*id).await);
    }
    held
}

#[tokio::test]
async fn a_backlog_of_many_pages_is_worked_off_in_one_pass() {
    let place = Place::new().await;
    let ids = left_behind(&place, 7).await;
    let mut sweeper = Sweeper::new(&place.chat, None);
    sweeper.page = 2;
    sweeper.pass().await.unwrap();
    assert_eq!(held(&place, &ids).await, [false; 7]);
    assert!(sweeper.stuck.is_empty());
}

#[tokio::test]
async fn what_cannot_be_finished_keeps_nobody_waiting_and_is_seen() {
    let place = Place::on(Store::Sqlite).await;
    let ids = left_behind(&place, 7).await;
    let file = place.file().unwrap();
    let behind_its_back = Database::open(&file).unwrap();
    let bad: Vec<String> = ids[..2].iter().map(|id| id.uuid().simple().to_string()).collect();
    let trigger = format!(
        "CREATE TRIGGER bad BEFORE UPDATE ON chat_entries
         WHEN lower(hex(old.conversation_id)) IN ('{}', '{}')
         BEGIN SELECT raise(ABORT, 'a bad page'); END",
        bad[0], bad[1]
    );
    behind_its_back.write(move |tx| Ok(tx.execute_batch(&trigger)?)).await.unwrap();

    let mut sweeper = Sweeper::new(&place.chat, None);
    sweeper.page = 2;
    sweeper.pass().await.unwrap_err();
    assert_eq!(
        held(&place, &ids).await,
        [true; 7],
        "a whole page failed, as when the store is gone"
    );
    sweeper.pass().await.unwrap();
    let rest = [true, true, false, false, false, false, false];
    assert_eq!(held(&place, &ids).await, rest, "it goes on behind it");
    place.clock.advance(Duration::from_secs(90));
    sweeper.page = 500;
    sweeper.pass().await.unwrap_err();
    assert_eq!(sweeper.left(), (2, Duration::from_secs(90)));

    behind_its_back.write(|tx| Ok(tx.execute_batch("DROP TRIGGER bad")?)).await.unwrap();
    sweeper.pass().await.unwrap();
    assert_eq!(held(&place, &ids).await, [false; 7]);
    assert_eq!(sweeper.left(), (0, Duration::ZERO));
}

#[tokio::test]
async fn one_instance_sweeps_until_it_is_gone() {
    let place = Place::on(Store::Sqlite).await;
    let database = Database::open(&place.file().unwrap()).unwrap();
    let kv = SqliteKv::new(database, "kv", place.clock.clone()).await.unwrap();
    let kv: Arc<dyn Kv> = Arc::new(kv);
    let life = Duration::from_secs(20);
    let lease = |seed| {
        let random = SeededRandom::new(seed);
        Some(Lease::new(Arc::clone(&kv), place.clock.clone(), &random, "retention", life))
    };
    let (mut one, mut two) =
        (Sweeper::new(&place.chat, lease(1)), Sweeper::new(&place.chat, lease(2)));
    one.pass().await.unwrap();
    let ids = left_behind(&place, 1).await;
    for _ in 0..5 {
        place.clock.advance(life / 2);
        two.pass().await.unwrap();
        assert_eq!(held(&place, &ids).await, [true]);
        assert!(one.may_go_on().await);
    }
    place.clock.advance(life);
    two.pass().await.unwrap();
    assert_eq!(held(&place, &ids).await, [false], "the first did not come back");
    assert!(!one.may_go_on().await);
    two.give_back().await;
    assert!(one.may_go_on().await);
}

#[tokio::test]
async fn headers_past_their_time_go_however_many() {
    let place = Place::on(Store::Sqlite).await;
    let (ann, bob) = (place.person(), place.person());
    let id = place.between(&ann, &bob).await;
    let drafts: Vec<Draft> = (0..2_500)
        .map(|_| Draft {
            id: place.entry_id(),
            conversation: id,
            kind: EntryType::Message,
            sender: ann.user,
            created_at: place.chat.clock.now(),
            digest: [0; 32],
            target: None,
            checked: u64::MAX,
            retention: Retention::Relay,
            withheld_from: None,
            data: RawValue::from_string("{}".to_owned()).unwrap(),
        })
        .collect();
    let stored = place.chat.log.append(&drafts).await;
    assert!(stored.iter().all(|one| matches!(one, Appended::Stored(_))));
    place.chat.log.strip(id, 0, 2_500).await.unwrap();
    place.later(Duration::from_hours(25)).await;
    Sweeper::new(&place.chat, None).pass().await.unwrap();
    assert!(place.chat.log.entries(id, 0, 10).await.unwrap().is_empty());
}
