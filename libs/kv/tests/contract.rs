//! What the port promises, run against every adapter; then what only one of them has.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod faults;

use std::sync::Arc;
use std::time::Duration;

use cases::Stage;
use kernel::{Clock, ManualClock, SystemClock};
use kv::{Hit, Kv, Limit, RedisKv, SqliteKv};
use sqlite::Database;
use tempfile::TempDir;
use testkit::{servers, unique};

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_contract() {
    let folder = TempDir::new().unwrap();
    let database = Database::open(&folder.path().join("kv.db")).unwrap();
    let open = async |namespace: &str| {
        let clock = Arc::new(SystemClock::default());
        Arc::new(SqliteKv::new(database.clone(), namespace, clock).await.unwrap())
    };
    let (one, two, other) = (open("a").await, open("a").await, open("b").await);
    let stage = Stage { one, two, other };
    cases::run(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_keeps_the_contract() {
    keeps_the_contract(&servers::redis_url().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_cluster_keeps_the_contract() {
    keeps_the_contract(&servers::redis_cluster_url().await.unwrap()).await;
}

async fn keeps_the_contract(url: &str) {
    let (namespace, other) = (unique("kv"), unique("kv"));
    let open = async |namespace: &str| Arc::new(RedisKv::connect(url, namespace).await.unwrap());
    let stage = Stage {
        one: open(&namespace).await,
        two: open(&namespace).await,
        other: open(&other).await,
    };
    cases::run(&stage).await;
}

#[tokio::test]
async fn redis_says_at_the_start_what_is_wrong() {
    let server = servers::private_redis().await.unwrap();
    let url = server.url();
    server.kill().await.unwrap();
    for (url, namespace) in [(&*url, "kv"), ("redis:/nonsense", "kv"), (&*url, "a:b")] {
        let error = RedisKv::connect(url, namespace).await.unwrap_err().to_string();
        assert!(error.contains("check the URL") || error.contains("namespace must"), "{error}");
    }
}

async fn manual() -> (TempDir, Database, Arc<ManualClock>, SqliteKv) {
    let folder = TempDir::new().unwrap();
    let database = Database::open(&folder.path().join("kv.db")).unwrap();
    let clock = Arc::new(ManualClock::default());
    let kv = SqliteKv::new(database.clone(), "kv", clock.clone()).await.unwrap();
    (folder, database, clock, kv)
}

#[tokio::test]
async fn sqlite_counts_a_rolling_window_to_the_millisecond() {
    let (_folder, _database, clock, kv) = manual().await;
    let minute = Limit { count: 1, window: Duration::from_mins(1) };
    let hour = Limit { count: 3, window: Duration::from_hours(1) };
    let hit = async || kv.hit("a", &[minute, hour]).await.unwrap();
    assert_eq!(hit().await, Hit::Allowed);
    clock.advance(Duration::from_secs(20));
    assert_eq!(hit().await, Hit::Refused(Duration::from_secs(40)));
    clock.advance(Duration::from_millis(39_999));
    assert_eq!(hit().await, Hit::Refused(Duration::from_millis(1)));
    clock.advance(Duration::from_millis(1));
    assert_eq!(hit().await, Hit::Allowed); // at 60 s
    clock.advance(Duration::from_mins(1));
    assert_eq!(hit().await, Hit::Allowed); // at 120 s
    clock.advance(Duration::from_mins(1));
    assert_eq!(hit().await, Hit::Refused(Duration::from_mins(57))); // the hour rolls from the first
    clock.advance(Duration::from_mins(57));
    assert_eq!(hit().await, Hit::Allowed);
    assert_eq!(hit().await, Hit::Refused(Duration::from_mins(1)));
}

#[tokio::test]
async fn sqlite_keys_die_on_time_and_do_not_pile_up() {
    let (_folder, database, clock, kv) = manual().await;
    let (second, limit) =
        (Duration::from_secs(1), Limit { count: 9, window: Duration::from_secs(1) });
    for key in 0..100 {
        kv.set(&format!("v{key}"), b"x", second).await.unwrap();
        kv.hit(&format!("h{key}"), &[limit]).await.unwrap();
    }
    clock.advance(Duration::from_millis(999));
    assert!(kv.get("v0").await.unwrap().is_some());
    clock.advance(Duration::from_millis(1));
    assert_eq!(kv.get("v0").await.unwrap(), None);
    assert_eq!(kv.take("v0").await.unwrap(), None);
    assert!(!kv.remove_if("v0", b"x").await.unwrap());
    assert!(kv.set_if_absent("v0", b"y", second).await.unwrap());
    for _ in 0..20 {
        kv.set("v0", b"z", second).await.unwrap();
    }
    let sql = "SELECT (SELECT count(*) FROM kv_values) + (SELECT count(*) FROM kv_hits)";
    let rows = database.read(move |tx| Ok(tx.query_row(sql, [], |row| row.get::<_, i64>(0))?));
    assert_eq!(rows.await.unwrap(), 1);
    assert_eq!(clock.monotonic(), second);
}

#[tokio::test]
async fn sqlite_values_survive_a_restart() {
    let (folder, database, clock, kv) = manual().await;
    kv.set("a", b"x", Duration::from_mins(1)).await.unwrap();
    drop((kv, database));
    let database = Database::open(&folder.path().join("kv.db")).unwrap();
    let kv = SqliteKv::new(database, "kv", clock).await.unwrap();
    assert_eq!(kv.get("a").await.unwrap().as_deref(), Some(&b"x"[..]));
}
