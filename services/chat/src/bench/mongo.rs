//! MongoDB on a server of the benchmark's own, and the bare driver.

use std::sync::Arc;
use std::time::Duration;

use bson::{DateTime, Document, doc};
use futures::future::join_all;
use kernel::{ConversationId, SystemClock, Timestamp};
use mongodb::options::Hint;
use mongodb::{Collection, Database};
use testkit::servers::private_mongo;
use tokio::time::Instant;

use super::bed::{Backing, Raw, Stores, draft, id};
use super::cpu::{PerMessage, Used};
use super::table::Sorted;
use crate::conversations::mongo::MongoConversations;
use crate::delivery::mongo::MongoDelivery;
use crate::log::mongo::{Limits, MongoLog};
use crate::mongo::{ENTRIES, Layout, binary, uuid};

/// Inserts at a time, of a thousand documents each, and rounds.
const BULK: (usize, usize) = (2, 20);
const LONE: usize = 500;

/// Headers of what is forgotten go at once.
pub(super) const LIMITS: Limits = Limits {
    header: Duration::ZERO,
    cap: Duration::from_hours(24 * 30),
    append_timeout: Duration::from_secs(5),
    head_cache: Duration::from_mins(10),
};

pub(super) async fn open() -> Stores {
    let server = private_mongo().await.unwrap();
    let url = server.url().replace("/?", "/bench?");
    let db = crate::mongo::open(&url, "bench").await.unwrap();
    crate::mongo::create_indexes(&db).await.unwrap();
    Stores {
        conversations: Arc::new(MongoConversations::new(&db)),
        log: Arc::new(MongoLog::new(&db, Layout::Whole, LIMITS, Arc::new(SystemClock::default()))),
        delivery: Arc::new(MongoDelivery::new(&db)),
        server: Some(server),
        backing: Backing::Mongo(db),
    }
}

/// Documents as the log has them, in a collection with the same indexes.
pub(super) async fn raw(db: &Database, pid: i32) -> Raw {
    let raw: Collection<Document> = db.collection("raw");
    let same = crate::mongo::index_commands();
    let mut same = same
        .into_iter()
        .find(|command| command.get_str("createIndexes").is_ok_and(|of| of == ENTRIES))
        .unwrap();
    same.insert("createIndexes", "raw");
    db.run_command(same).await.unwrap();
    let conversations: Vec<ConversationId> = (0..1_000).map(|_| id()).collect();
    let (rate, cpu) = bulk(&raw, &conversations, 0, pid, None).await;
    let heads: Collection<Document> = db.collection("rawHeads");
    let none =
        |id: &ConversationId| doc! { "_id": uuid(*id), "headSeq": 0_i64, "headCount": 0_i64 };
    heads.insert_many(conversations.iter().map(none)).await.unwrap();
    let counted = bulk(&raw, &conversations, 500, pid, Some(db)).await;
    let mut lone = Vec::with_capacity(LONE);
    for conversation in conversations.into_iter().take(LONE) {
        let one = document(conversation, 1_000);
        let start = Instant::now();
        raw.insert_one(one).await.unwrap();
        lone.push(start.elapsed());
    }
    Raw { rate, cpu, lone_ms: Sorted::new(lone).at(50), counted: Some(counted) }
}

/// A document in each conversation at a time, from that position on; `heads`: raises the heads after each insert.
async fn bulk(
    raw: &Collection<Document>,
    conversations: &[ConversationId],
    from: usize,
    pid: i32,
    heads: Option<&Database>,
) -> (f64, PerMessage) {
    let (at_once, rounds) = BULK;
    let batch = |round: usize| -> Vec<Document> {
        conversations.iter().map(|id| document(*id, from + round)).collect()
    };
    let batches: Vec<Vec<Document>> = (0..rounds * at_once).map(batch).collect();
    let (before, start) = (Used::now(Some(pid)), Instant::now());
    let tasks = batches.chunks(rounds).map(|batches| async move {
        for batch in batches {
            raw.insert_many(batch).ordered(false).await.unwrap();
            if let Some(db) = heads {
                let raises: Vec<Document> = batch.iter().map(raise).collect();
                crate::mongo::update_each(db, "rawHeads", &raises).await.unwrap();
            }
        }
    });
    join_all(tasks).await;
    let (elapsed, messages) = (start.elapsed(), conversations.len() * at_once * rounds);
    let rate = f64::from(u32::try_from(messages).unwrap()) / elapsed.as_secs_f64();
    (rate, before.each(Some(pid), messages))
}

fn raise(entry: &Document) -> Document {
    let seq = entry.get_i64("seq").unwrap();
    let raised = doc! { "$max": { "headSeq": seq, "headCount": seq } };
    doc! { "q": { "_id": entry.get("conversationId").unwrap() }, "u": raised }
}

fn document(conversation: ConversationId, seq: usize) -> Document {
    let draft = draft(conversation, id());
    let seq = i64::try_from(seq).unwrap();
    let key = [&conversation.uuid().into_bytes()[..], &seq.to_be_bytes()].concat();
    doc! {
        "_id": binary(key), "conversationId": uuid(conversation), "seq": seq, "mid": uuid(draft.id),
        "count": seq, "mseq": 0_i64, "type": "message", "sender": uuid(draft.sender),
        "createdAt": time(draft.created_at), "digest": binary(draft.digest.to_vec()),
        "data": draft.data.get(), "expiresAt": time(draft.created_at.plus(Duration::from_hours(800))),
    }
}

fn time(time: Timestamp) -> DateTime {
    crate::mongo::date(time)
}

/// Removes every header, as the server does when their time has come.
pub(super) async fn remove_headers(db: &Database) {
    let entries: Collection<Document> = db.collection(ENTRIES);
    let dated = doc! { "expiresAt": { "$lte": DateTime::MAX } };
    entries.delete_many(dated).hint(Hint::Name("expiresAt_1".to_owned())).await.unwrap();
}

/// Waits until the server has removed everything that was forgotten.
pub(super) async fn emptied(db: &Database) {
    let entries: Collection<Document> = db.collection(ENTRIES);
    // From the collection's own books: counting would cost the server more than removing.
    let none = async || (entries.estimated_document_count().await.ok()? == 0).then_some(());
    testkit::wait::until(Duration::from_mins(5), none).await.unwrap();
}
