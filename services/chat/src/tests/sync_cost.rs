//! What a `sync` costs and weighs.

use auth::Identity;
use bson::doc;
use futures::TryStreamExt;
use kernel::{Clock, ConversationId};

use super::place::Place;
use super::stores::{Kept, Store};
use crate::conversations::store::{NewConversation, Party};
use crate::conversations::{Kind, Retention, Role};
use crate::delivery::acknowledge::{Cursor, acknowledge};
use crate::delivery::devices;
use crate::sync::catch_up::{SyncAnswer, SyncRequest, catch_up};

/// So many conversations of the person, each with somebody else.
async fn many(place: &Place, with: &Identity, count: usize) -> Vec<(Identity, ConversationId)> {
    let mut made = Vec::new();
    for _ in 0..count {
        let other = place.person();
        let id = crate::conversations::create::direct_id(with.user, other.user);
        let party = |who: &Identity| Party {
            user: who.user,
            role: Role::Member,
            devices: vec![who.device],
        };
        let new = NewConversation {
            id,
            kind: Kind::Direct,
            title: None,
            maker: None,
            parties: vec![party(with), party(&other)],
            retention: Retention::Relay,
            epoch: "0123456789ab".to_owned(),
            now: place.clock.now(),
        };
        made.push((new, other));
    }
    for some in made.chunks(32) {
        let create = some.iter().map(|(new, _)| place.chat.conversations.create(new));
        futures::future::try_join_all(create).await.unwrap();
    }
    made.into_iter().map(|(new, other)| (other, new.id)).collect()
}

fn bytes(answer: &SyncAnswer) -> usize {
    serde_json::to_vec(answer).unwrap().len()
}

async fn sync(place: &Place, who: &Identity, since: Option<String>) -> SyncAnswer {
    catch_up(&place.chat, who, SyncRequest { since, cursors: None }).await.unwrap()
}

/// Pages until there is no more; how many, and how many conversations in them.
async fn to_the_end(place: &Place, who: &Identity) -> (usize, usize, SyncAnswer) {
    let (mut pages, mut told, mut since) = (0, 0, None);
    loop {
        let answer = sync(place, who, since).await;
        assert!(bytes(&answer) <= place.chat.settings.limits.answer_bytes);
        (pages, told) = (pages + 1, told + answer.conversations.len());
        if !answer.more {
            return (pages, told, answer);
        }
        since = Some(answer.since);
    }
}

#[tokio::test]
async fn two_thousand_conversations_with_nothing_new_are_one_short_answer() {
    let place = Place::on(Store::Sqlite).await;
    let ann = place.person();
    let talks = many(&place, &ann, 1_999).await;
    devices::ensure_registered(&place.chat, &ann).await.unwrap();
    let empty = sync(&place, &ann, None).await;
    assert!(empty.conversations.is_empty() && !empty.more && bytes(&empty) <= 8_192);

    for (other, talk) in &talks {
        place.say(other, *talk, "hello").await;
    }
    let (pages, told, last) = to_the_end(&place, &ann).await;
    assert_eq!(told, 1_999, "in {pages} pages");
    // Told, and not acknowledged: only the token knows.
    let quiet = sync(&place, &ann, Some(last.since)).await;
    assert!(quiet.conversations.is_empty() && !quiet.more);
    assert!(bytes(&quiet) <= 8_192, "{} bytes", bytes(&quiet));
    for (_, talk) in &talks {
        place.stored(&ann, *talk, 1).await.unwrap();
    }
    let quiet = sync(&place, &ann, Some(quiet.since)).await;
    assert!(quiet.conversations.is_empty() && bytes(&quiet) <= 4_096, "{} bytes", bytes(&quiet));
}

#[tokio::test]
async fn five_hundred_conversations_with_three_in_the_news_cost_what_the_three_do() {
    let place = Place::on(Store::Mongo).await;
    let ann = place.person();
    let talks = many(&place, &ann, 500).await;
    devices::ensure_registered(&place.chat, &ann).await.unwrap();
    let nothing = reads(&place, sync(&place, &ann, None)).await;
    // Memberships, conversations, cursors; what others acknowledged, read and wrote in the latest ones.
    assert!(nothing.len() <= 6, "{nothing:?}");
    for (other, talk) in &talks[..3] {
        place.say(other, *talk, "hello").await;
    }
    let three = reads(&place, sync(&place, &ann, None)).await;
    // Their heads, their members; for each the entries.
    assert!(three.len() <= nothing.len() + 2 + 3, "{three:?}");
    let began = tokio::time::Instant::now();
    for _ in 0..10 {
        sync(&place, &ann, None).await;
    }
    let (nothing, three) = (nothing.len(), three.len());
    eprintln!("{nothing} and {three} commands; {:?} for one sync", began.elapsed() / 10);
}

#[tokio::test]
async fn an_acknowledgement_costs_four_reads_of_however_many_conversations() {
    let place = Place::on(Store::Mongo).await;
    let ann = place.person();
    let talks = many(&place, &ann, 51).await;
    devices::ensure_registered(&place.chat, &ann).await.unwrap();
    let mut cursors = Vec::new();
    for (other, talk) in &talks {
        let seq = place.say(other, *talk, "hello").await.seq;
        cursors.push(Cursor { conversation_id: *talk, seq, epoch: "0123456789ab".to_owned() });
    }
    let (one, fifty) = cursors.split_at(1);
    let one = reads(&place, acknowledge(&place.chat, &ann, one)).await;
    let fifty = reads(&place, acknowledge(&place.chat, &ann, fifty)).await;
    // Them and the person in them; their heads, and, of many at once, their floors.
    assert!(one.len() <= 3 && fifty.len() <= 4, "{one:?} {fifty:?}");
}

/// The collections that are read in the database for this.
async fn reads(place: &Place, asked: impl Future) -> Vec<String> {
    let Kept::Mongo(scratch) = &place.kept else { panic!("not on MongoDB") };
    let db = &scratch.db;
    db.run_command(doc! { "profile": 2 }).await.unwrap();
    asked.await;
    db.run_command(doc! { "profile": 0 }).await.unwrap();
    let profile = db.collection::<bson::Document>("system.profile");
    let sent = doc! { "op": { "$in": ["query", "getmore"] } };
    let sent = profile.find(sent).await.unwrap();
    let sent: Vec<bson::Document> = sent.try_collect().await.unwrap();
    profile.drop().await.unwrap();
    sent.iter().map(|sent| sent.get_str("ns").unwrap().to_owned()).collect()
}
