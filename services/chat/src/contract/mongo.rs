//! The suites on a real `MongoDB`, and what only that can be asked.

mod faults;
mod half_made;
mod scratch;
mod shapes;
mod shards;

use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, SystemClock};
use mongodb::Database;

pub(crate) use scratch::{Scratch, layout, watched};
use scratch::{database, done};

use super::{
    Stores, changes, conversations, counting, delivery, entries, epochs, log, log_race, reading,
    run, turning,
};
use crate::conversations::changes::mongo::MongoChanges;
use crate::conversations::mongo::MongoConversations;
use crate::delivery::mongo::MongoDelivery;
use crate::epochs::mongo::MongoEpochs;
use crate::log::mongo::{Limits, MongoLog};
use crate::log::store::LogStore;

const LIMITS: Limits = Limits {
    header: Duration::from_hours(24),
    cap: Duration::from_hours(30 * 24),
    append_timeout: Duration::from_secs(5),
    head_cache: Duration::from_mins(10),
};

fn log_within(db: &Database, limits: Limits) -> Arc<dyn LogStore> {
    mongo_log(db, limits)
}

fn mongo_log(db: &Database, limits: Limits) -> Arc<MongoLog> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    Arc::new(MongoLog::new(db, layout(), limits, clock))
}

fn stores(db: &Database) -> Stores {
    Stores {
        log: log_within(db, LIMITS),
        elsewhere: log_within(db, LIMITS),
        forgetful: log_within(db, Limits { header: Duration::ZERO, ..LIMITS }),
        changes: Arc::new(MongoChanges::new(db)),
        entries: mongo_log(db, LIMITS),
        conversations: Arc::new(MongoConversations::new(db)),
        delivery: Arc::new(MongoDelivery::new(db)),
        epochs: Arc::new(MongoEpochs::new(db)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mongo_keeps_conversations() {
    let db = database().await;
    run(&stores(&db), conversations::CASES).await;
    done(db).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mongo_keeps_changes() {
    let db = database().await;
    run(&stores(&db), changes::CASES).await;
    done(db).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mongo_keeps_delivery() {
    let db = database().await;
    run(&stores(&db), delivery::CASES).await;
    run(&stores(&db), turning::CASES).await;
    done(db).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mongo_keeps_the_log() {
    let db = database().await;
    run(&stores(&db), log::CASES).await;
    run(&stores(&db), reading::CASES).await;
    run(&stores(&db), counting::CASES).await;
    done(db).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mongo_keeps_single_entries() {
    let db = database().await;
    run(&stores(&db), entries::CASES).await;
    done(db).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mongo_keeps_epochs() {
    let db = database().await;
    run(&stores(&db), epochs::CASES).await;
    done(db).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mongo_keeps_the_log_of_many_writers() {
    let db = database().await;
    run(&stores(&db), log_race::CASES).await;
    done(db).await;
}
