//! A server that loses replies, comes late, refuses, and is killed.

mod election;
mod line;
mod storm;

use std::time::Duration;

use bson::{Document, doc};
use kernel::{Ascending, ConversationId, SystemRandom, UserId};
use mongodb::Database;
use serde_json::value::RawValue;
use testkit::servers::{PrivateServer, private_mongo};
use tokio::task::JoinHandle;

use super::super::log::{draft, through};
use super::super::{Person, id, log_race, made, now};
use super::{LIMITS, database, done, log_within, stores};
use crate::log::entry::Entry;
use crate::log::mongo::Limits;
use crate::log::store::{Appended, Draft, Head};
use crate::mongo::{ENTRIES, create_indexes, open, uuid};

/// A server that no other test depends on.
async fn own() -> (PrivateServer, Database) {
    let server = private_mongo().await.unwrap();
    let db = open(&server.url().replace("/?", "/chat?"), "faults").await.unwrap();
    create_indexes(&db).await.unwrap();
    (server, db)
}

/// Makes the server fail the next so many of these commands.
async fn fail(db: &Database, commands: &[&str], times: i32, how: Document) {
    let mut data = doc! { "failCommands": commands.to_vec(), "appName": "faults" };
    data.extend(how);
    let fail =
        doc! { "configureFailPoint": "failCommand", "mode": { "times": times }, "data": data };
    db.client().database("admin").run_command(fail).await.unwrap();
}

async fn heal(db: &Database) {
    let off = doc! { "configureFailPoint": "failCommand", "mode": "off" };
    db.client().database("admin").run_command(off).await.unwrap();
}

/// With ids that ascend, as one device makes them.
fn drafts(conversation: ConversationId, sender: UserId, texts: &[impl AsRef<str>]) -> Vec<Draft> {
    let mut ids = Ascending::default();
    let mut draft = |text: &str| {
        let id = ids.next(now(), &SystemRandom);
        Draft { id, ..draft(conversation, sender, text) }
    };
    texts.iter().map(|text| draft(text.as_ref())).collect()
}

/// The drafts as entries, numbered from 1.
fn numbered(drafts: &[Draft]) -> Vec<Entry> {
    let place = |(seq, draft): (u64, &Draft)| draft.after(Head { seq, count: seq, mseq: 0 });
    (0..).zip(drafts).map(place).collect()
}

fn answered(appended: Vec<Appended>) -> Vec<Entry> {
    let entry = |appended| match appended {
        Appended::Stored(entry) | Appended::Existing(entry) => entry,
        other => panic!("{other:?}"),
    };
    appended.into_iter().map(entry).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_is_made_up_for() {
    let (_server, db) = own().await;
    for breaks in [1, 3] {
        let log = log_within(&db, LIMITS);
        let conversation = id();
        let drafts = drafts(conversation, id(), &["one", "two", "three", "four"]);
        fail(&db, &["insert"], breaks, doc! { "closeConnection": true }).await;
        assert_eq!(answered(through(&log, &drafts[..2]).await), numbered(&drafts[..2]), "{breaks}");
        assert_eq!(answered(through(&log, &drafts).await), numbered(&drafts), "{breaks}");
        assert_eq!(log.entries(conversation, 0, 9).await.unwrap(), numbered(&drafts));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_without_the_majoritys_word_are_looked_up() {
    let (_server, db) = own().await;
    let log = log_within(&db, LIMITS);
    let conversation = id();
    let drafts = drafts(conversation, id(), &["one", "two", "three"]);
    let doubtful = doc! { "writeConcernError": { "code": 64, "errmsg": "waited too long" } };
    fail(&db, &["insert"], 1, doubtful).await;
    let expected: Vec<_> = numbered(&drafts[..2]).into_iter().map(Appended::Existing).collect();
    assert_eq!(through(&log, &drafts[..2]).await, expected);
    let third = Appended::Stored(numbered(&drafts)[2].clone());
    assert_eq!(through(&log, &drafts[2..]).await, [third]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_comes_too_late_stores_nothing_twice() {
    let (_server, db) = own().await;
    let brief = Limits { append_timeout: Duration::from_secs(4), ..LIMITS };
    let log = log_within(&db, brief);
    let conversation = id();
    let drafts = drafts(conversation, id(), &["one", "two", "three"]);
    // The first is waited for half the time; what becomes of it is open until it has landed or died.
    let late = doc! { "blockConnection": true, "blockTimeMS": 2_500 };
    fail(&db, &["insert"], 1, late).await;
    let first = through(&log, &drafts).await;
    heal(&db).await;
    let second = through(&log, &drafts).await;
    for appended in [first, second] {
        assert_eq!(answered(appended), numbered(&drafts));
    }
    assert_eq!(log.entries(conversation, 0, 9).await.unwrap(), numbered(&drafts));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_while_the_store_is_out_of_reach() {
    let (server, db) = own().await;
    let brief = Limits { append_timeout: Duration::from_secs(1), ..LIMITS };
    let log = log_within(&db, brief);
    let conversation = id();
    let drafts = drafts(conversation, id(), &["one", "two"]);
    assert_eq!(answered(through(&log, &drafts[..1]).await), numbered(&drafts[..1]));
    server.kill().await.unwrap();
    let start = tokio::time::Instant::now();
    assert_eq!(through(&log, &drafts).await, [Appended::Unavailable, Appended::Unavailable]);
    assert!(start.elapsed() < Duration::from_secs(3), "the deadline was not kept");
    assert!(log.entries(conversation, 0, 1).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_nothing_that_was_answered() {
    let (mut server, db) = own().await;
    let conversation: ConversationId = id();
    let writers = (0..4).map(|_| {
        let log = log_within(&db, LIMITS);
        let drafts = (0..300).map(|number| draft(conversation, id(), &format!("text {number}")));
        let drafts: Vec<_> = drafts.collect();
        let sent: Vec<_> = drafts.iter().map(|draft| draft.id).collect();
        (sent, tokio::spawn(log_race::send_all(log, drafts)))
    });
    let writers: Vec<(Vec<_>, JoinHandle<Vec<Entry>>)> = writers.collect();
    let log = log_within(&db, LIMITS);
    let some = async || {
        let written = log.heads(&[conversation]).await.ok()?[0].seq;
        (written > 50).then_some(())
    };
    testkit::wait::until(Duration::from_secs(20), some).await.unwrap();
    server.kill().await.unwrap();
    assert!(!writers.iter().any(|(_, writer)| writer.is_finished()), "killed too late");
    server.restart().await.unwrap();
    let mut answers = Vec::new();
    for (sent, writer) in writers {
        let own = writer.await.unwrap();
        let in_order: Vec<_> = own.iter().map(|entry| entry.id).collect();
        assert_eq!(in_order, sent);
        assert!(own.is_sorted_by_key(|entry| entry.seq));
        answers.extend(own);
    }
    answers.sort_by_key(|entry| entry.seq);
    assert_eq!(log.entries(conversation, 0, 2_000).await.unwrap(), answers);
    assert!(answers.iter().map(|entry| (entry.seq, entry.count)).eq((1..=1_200).map(|n| (n, n))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_can_never_be_stored_takes_its_senders_later_ones_with_it() {
    let db = database().await;
    let log = log_within(&db, LIMITS);
    let (conversation, one, two) = (id(), id(), id());
    let mut drafts = drafts(conversation, one, &["fine", "too large", "after it"]);
    drafts.push(draft(conversation, two, "another's"));
    let large = format!("\"{}\"", "x".repeat(17 * 1024 * 1024));
    drafts[1].data = RawValue::from_string(large).unwrap();
    let places = |appended: Vec<Appended>| {
        let place = |appended: &Appended| match appended {
            Appended::Stored(entry) => Some(entry.seq),
            Appended::Refused => None,
            other => panic!("{other:?}"),
        };
        appended.iter().map(place).collect::<Vec<_>>()
    };
    assert_eq!(places(through(&log, &drafts).await), [Some(1), None, None, Some(2)]);
    assert_eq!(places(through(&log, &drafts[1..2]).await), [None]);
    done(db).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_old_is_not_believed() {
    let db = database().await;
    let log = log_within(&db, LIMITS);
    let distrustful = log_within(&db, Limits { head_cache: Duration::ZERO, ..LIMITS });
    let (one, two) = (Person::with_devices(1), Person::with_devices(1));
    let conversation = made(&stores(&db), &one, &two).await;
    let drafts = drafts(conversation, id(), &["one", "two", "three", "four"]);
    let expected: Vec<_> = numbered(&drafts).into_iter().map(Appended::Stored).collect();
    assert_eq!(through(&distrustful, &drafts[..1]).await, expected[..1]);
    // Another instance goes on, everyone stores it, and a day later the headers are gone too.
    assert_eq!(through(&log, &drafts[1..3]).await, expected[1..3]);
    let head = Head { seq: 3, count: 3, mseq: 0 };
    log.raise_heads(&[(conversation, head)]).await.unwrap();
    let entries = db.collection::<Document>(ENTRIES);
    entries.delete_many(doc! { "conversationId": uuid(conversation) }).await.unwrap();
    // Place 2 is free now. It must not be used again.
    assert_eq!(through(&distrustful, &drafts[3..]).await, expected[3..]);
    done(db).await;
}
