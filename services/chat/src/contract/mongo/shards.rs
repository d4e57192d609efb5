//! On a sharded cluster a command that does not name the shard key goes to every shard. None that is asked often may.
//!
//! The use-case tests and the contract suites run once more, on databases that write down every command they get. Each
//! distinct filter must name the shard key of its collection, must have used an index, and is shown to a router with two
//! shards, which must say that one shard answers it.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use bson::{Bson, Document, doc};
use mongodb::Database;
use testkit::servers::{self, Sharded, mongo_database_url};
use testkit::unique;
use tokio::process::Command;
use tokio::time::timeout;

use super::scratch::WATCHED;
use super::shapes::{self, Asked, Shape};
use crate::mongo::{CONVERSATIONS, DELIVERY, ENTRIES, MEMBERS, SHARD_KEYS, index_commands, open};

/// All tests together; they take a small part of it.
const PATIENCE: Duration = Duration::from_mins(4);
/// Index keys that a command may look at beyond twice what it was about.
const SPARE: i64 = 10;
/// Fewer distinct filters were not the whole of it.
const FEWEST: usize = 15;

/// Asked seldom, by one instance at a time, of all shards.
const MAINTENANCE: &[(&str, &str)] = &[
    // The sweeper looks for conversations whose content is not forgotten yet.
    (DELIVERY, "{ dirty: ? }"),
    (DELIVERY, "{ dirty: ?, _id: { $gt: ? } }"),
    // The sweeper looks for changes of membership that nobody carried to their end.
    (MEMBERS, "{ pending.at: { $lt: ? } }"),
    (CONVERSATIONS, "{ pending.at: { $lt: ? } }"),
    // The sweeper looks for changes of retention and for deletions that are not carried out in full, and for content that
    // nobody called for.
    (DELIVERY, "{ turning.entry: { $exists: ? } }"),
    (ENTRIES, "{ unfinished: ? }"),
    (ENTRIES, "{ expiresAt: { $gt: ?, $lte: ? }, data: { $ne: ? } }"),
    // `restante admin new-epochs` goes through all conversations.
    (CONVERSATIONS, "{ gone: { $ne: ? } }"),
    (CONVERSATIONS, "{ gone: { $ne: ? }, _id: { $gt: ? } }"),
    // A test does at once what the server's own TTL thread does later.
    (ENTRIES, "{ expiresAt: { $lte: ? } }"),
];

/// Look at keys for nothing, and yet never at more than was asked for.
const BOUNDED: &[(&str, &str)] = &[
    // Messages of a stretch: at most its positions, also where most of them are reactions.
    (ENTRIES, "{ conversationId: ?, _id: { $gt: ?, $lte: ? }, type: ? }"),
    // Which logs go on behind where they are thought to end: one position of each, and few do.
    (ENTRIES, "{ conversationId: { $in: [?] }, _id: { $in: [?] } }"),
    // What is about messages: each of them once, also those that nothing is about.
    (ENTRIES, "{ conversationId: ?, target: { $in: [?] }, type: { $in: [?] } }"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_command_names_its_shard_key_and_uses_an_index() {
    let family = unique("watch");
    let all = mongo_database_url(&format!("{family}_all")).await.unwrap();
    run_everything(&all).await;
    let client = open(&all, "watch").await.unwrap().client().clone();
    let mut asked = Vec::new();
    for name in client.list_database_names().await.unwrap() {
        if name.starts_with(&format!("{family}_")) {
            let db = client.database(&name);
            asked.extend(shapes::asked(&db).await);
            every_document_has_its_shard_key(&db).await;
            db.drop().await.unwrap();
        }
    }
    eprintln!("{} commands", asked.len());
    let shapes = shapes::distinct(asked);
    for (shape, worst) in &shapes {
        eprintln!("{shape}  ({} keys for {})", worst.examined, worst.touched);
    }
    assert!(shapes.len() >= FEWEST, "only {} distinct filters", shapes.len());
    let bad: Vec<String> = shapes.values().filter_map(complaint).collect();
    assert!(bad.is_empty(), "\n{}", bad.join("\n"));
    reach_one_shard(&shapes).await;
}

/// Runs the tests of this very program that work on stores, each on a database of that family.
async fn run_everything(family: &str) {
    let program = std::env::current_exe().unwrap();
    let list = Command::new(&program).args(["--list", "--format=terse"]).output().await.unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
    let names: Vec<&str> = names.filter(|name| is_wanted(name)).collect();
    assert!(names.len() > 10, "{list}");
    let mut run = Command::new(&program);
    run.arg("--exact").args(&names).args(["--test-threads", "4"]).env(WATCHED, family);
    let run = run.stdin(Stdio::null()).kill_on_drop(true).output();
    let run = timeout(PATIENCE, run).await.expect("the tests take too long").unwrap();
    let printed = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{printed}\n{}", String::from_utf8_lossy(&run.stderr));
    eprintln!("{} tests", names.len());
}

fn is_wanted(name: &str) -> bool {
    // Those that start processes of their own choose their stores themselves, and those that count commands turn the
    // profiler on and off for themselves.
    let apart = name.contains("::killed::") || name.contains("::sync_cost::");
    name.starts_with("tests::") && !apart || name.starts_with("contract::mongo::mongo_keeps")
}

fn key_of(collection: &str) -> &'static str {
    let found = SHARD_KEYS.iter().find(|(name, _)| *name == collection);
    found.unwrap_or_else(|| panic!("say in SHARD_KEYS how {collection} is spread")).1
}

async fn every_document_has_its_shard_key(db: &Database) {
    for (collection, key) in SHARD_KEYS {
        let without = doc! { *key: null };
        let count = db.collection::<Document>(collection).count_documents(without).await.unwrap();
        assert_eq!(count, 0, "{collection} without {key}");
    }
}

fn is_maintenance(shape: &Shape) -> bool {
    MAINTENANCE.contains(&(shape.collection.as_str(), shape.filter.as_str()))
}

/// Whom a filter reaches.
#[derive(Debug, PartialEq, Eq)]
enum Reach {
    /// One shard.
    One,
    /// Those that hold what it names: a read of several things by their keys.
    Named,
    All,
}

fn reach(collection: &str, filter: &Document) -> Reach {
    match filter.get(key_of(collection)) {
        Some(Bson::Document(condition)) if condition.contains_key("$in") => Reach::Named,
        Some(Bson::Document(condition)) if !condition.contains_key("$eq") => Reach::All,
        Some(_) => Reach::One,
        None => Reach::All,
    }
}

fn complaint(worst: &Asked) -> Option<String> {
    let shape = &worst.shape;
    if worst.scan {
        return Some(format!("looks at everything: {shape}"));
    }
    let is_bounded = BOUNDED.contains(&(shape.collection.as_str(), shape.filter.as_str()));
    if worst.examined > 2 * worst.touched + SPARE && !is_bounded {
        let (keys, found) = (worst.examined, worst.touched);
        return Some(format!("looks at {keys} keys for {found}: {shape}"));
    }
    match reach(&shape.collection, &worst.filter) {
        Reach::All if !is_maintenance(shape) => Some(format!("goes to every shard: {shape}")),
        Reach::Named if shape.operation != "find" => {
            Some(format!("writes on several shards: {shape}"))
        }
        _ => None,
    }
}

/// Asks a router.
async fn reach_one_shard(shapes: &BTreeMap<Shape, Asked>) {
    let cluster = servers::sharded().await.unwrap();
    for (collection, key) in SHARD_KEYS {
        cluster.shard(collection, key).await.unwrap();
    }
    for command in index_commands() {
        cluster.create_indexes(&command).await.unwrap();
    }
    // The shards are strict: one that does not begin with the shard key is refused.
    let unroutable = doc! { "key": { "seq": 1 }, "name": "seq", "unique": true };
    let unroutable = doc! { "createIndexes": ENTRIES, "indexes": [unroutable] };
    assert!(cluster.create_indexes(&unroutable).await.is_err());
    let mut single = 0;
    for (shape, asked) in shapes {
        if reach(&shape.collection, &asked.filter) != Reach::One {
            continue;
        }
        let find = doc! { "filter": asked.filter.clone() };
        let (stage, shards) = cluster.targets(&shape.collection, &find).await.unwrap();
        assert_eq!((stage.as_str(), shards), ("SINGLE_SHARD", 1), "{shape}");
        single += 1;
    }
    eprintln!("{single} distinct filters reach one shard each, {} several", shapes.len() - single);
    unique_indexes_hold(&cluster).await;
}

/// A place in a log and an id are taken once, on whatever shard.
async fn unique_indexes_hold(cluster: &Sharded) {
    let conversations: Vec<bson::Uuid> = (0..20).map(|_| bson::Uuid::new()).collect();
    let mid = bson::Uuid::new();
    for (conversation, expected) in
        conversations.iter().map(|id| (id, 0)).chain(conversations.iter().map(|id| (id, 1)))
    {
        let row =
            doc! { "_id": bson::oid::ObjectId::new(), "conversationId": conversation, "mid": mid };
        let insert = doc! { "clusterInsert": ENTRIES, "documents": [row] };
        let reply = cluster.route(insert).await.unwrap();
        let errors = reply.get_array("writeErrors").map_or(0, Vec::len);
        assert_eq!(errors, expected, "{reply}");
    }
    let spread = cluster.spread(ENTRIES).await.unwrap();
    assert!(spread.iter().sum::<usize>() == 20 && !spread.contains(&0), "{spread:?}");
}
