//! The suites on SQLite.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, SystemClock};
use sqlite::Database;
use tempfile::TempDir;

use super::{
    Stores, changes, conversations, counting, delivery, entries, epochs, log, log_race, reading,
    run, turning,
};
use crate::conversations::changes::sqlite::SqliteChanges;
use crate::conversations::sqlite::SqliteConversations;
use crate::delivery::sqlite::SqliteDelivery;
use crate::epochs::sqlite::SqliteEpochs;
use crate::log::sqlite::SqliteLog;

const DAY: Duration = Duration::from_hours(24);

async fn stores(folder: &TempDir) -> Stores {
    let db = Database::open(&folder.path().join("chat.db")).unwrap();
    crate::sqlite::migrate(&db).await.unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let log = |header| Arc::new(SqliteLog::new(db.clone(), header, 30 * DAY, Arc::clone(&clock)));
    Stores {
        log: log(DAY),
        elsewhere: log(DAY),
        forgetful: log(Duration::ZERO),
        changes: Arc::new(SqliteChanges::new(db.clone())),
        entries: log(DAY),
        conversations: Arc::new(SqliteConversations::new(db.clone())),
        delivery: Arc::new(SqliteDelivery::new(db.clone())),
        epochs: Arc::new(SqliteEpochs::new(db)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_conversations() {
    let folder = TempDir::new().unwrap();
    run(&stores(&folder).await, conversations::CASES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_changes() {
    let folder = TempDir::new().unwrap();
    run(&stores(&folder).await, changes::CASES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_delivery() {
    let folder = TempDir::new().unwrap();
    let stores = stores(&folder).await;
    run(&stores, delivery::CASES).await;
    run(&stores, turning::CASES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_log() {
    let folder = TempDir::new().unwrap();
    let stores = stores(&folder).await;
    run(&stores, log::CASES).await;
    run(&stores, reading::CASES).await;
    run(&stores, counting::CASES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_single_entries() {
    let folder = TempDir::new().unwrap();
    run(&stores(&folder).await, entries::CASES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_epochs() {
    let folder = TempDir::new().unwrap();
    run(&stores(&folder).await, epochs::CASES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_log_of_many_writers() {
    let folder = TempDir::new().unwrap();
    run(&stores(&folder).await, log_race::CASES).await;
}
