//! Databases of single tests.

use bson::{Document, doc};
use futures::TryStreamExt;
use kernel::Timestamp;
use mongodb::Database;
use testkit::servers::mongo_database_url;
use testkit::unique;

use crate::mongo::{ENTRIES, Layout, SHARD_KEYS, create_indexes, date, open};

/// Names the URL of a family of databases whose commands are watched; see `shards.rs`.
pub(crate) const WATCHED: &str = "RESTANTE_TEST_WATCHED";
/// Room for what a watched database is asked in one test.
const PROFILE: i64 = 256 << 20;

/// The family whose commands are watched, in a run that watches.
pub(crate) fn watched() -> Option<String> {
    std::env::var(WATCHED).ok()
}

/// In a run that watches, statements are as they are behind a router.
pub(crate) fn layout() -> Layout {
    if watched().is_some() { Layout::Sharded } else { Layout::Whole }
}

/// A database of a test's own.
pub(crate) async fn database() -> Database {
    at(&url().await).await
}

/// Drops the database of a test that went well; in a run that watches it is kept for whoever started the run.
pub(super) async fn done(db: Database) {
    if watched().is_none() {
        db.drop().await.unwrap();
    }
}

async fn url() -> String {
    match watched() {
        Some(family) => family.replace("_all?", &format!("{}?", unique(""))),
        None => mongo_database_url(&unique("chat")).await.unwrap(),
    }
}

async fn at(url: &str) -> Database {
    let db = open(url, &unique("app")).await.unwrap();
    create_indexes(&db).await.unwrap();
    if watched().is_some() {
        profile(&db).await;
    }
    db
}

/// A database that goes with the test's harness, without being told.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) db: Database,
    url: String,
}

impl Scratch {
    pub(crate) async fn new() -> Self {
        let url = url().await;
        Self { db: at(&url).await, url }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Another database with the same documents.
    pub(crate) async fn copy(&self) -> Self {
        let copy = Self::new().await;
        // Not by clients that are watched: a tool does this.
        let from = open(&self.url, "copy").await.unwrap();
        let to = open(&copy.url, "copy").await.unwrap();
        for (name, _) in SHARD_KEYS {
            let documents = from.collection::<Document>(name).find(doc! {}).await.unwrap();
            let documents: Vec<Document> = documents.try_collect().await.unwrap();
            if !documents.is_empty() {
                to.collection(name).insert_many(documents).await.unwrap();
            }
        }
        copy
    }

    /// Removes what the server would have removed by that time.
    pub(crate) async fn expire(&self, now: Timestamp) {
        let entries = self.db.collection::<Document>(ENTRIES);
        entries.delete_many(doc! { "expiresAt": { "$lte": date(now) } }).await.unwrap();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if watched().is_some() || std::thread::panicking() {
            return;
        }
        let url = self.url.clone();
        // The test's runtime may be on its way out, so not on that one.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async { open(&url, "drop").await.unwrap().drop().await })
        });
        dropping.join().unwrap().unwrap();
    }
}

/// Lets the server write down every command from now on, with what it cost.
async fn profile(db: &Database) {
    let record = doc! { "create": "system.profile", "capped": true, "size": PROFILE };
    db.run_command(record).await.unwrap();
    db.run_command(doc! { "profile": 2 }).await.unwrap();
}

impl Scratch {
    /// Bytes of all documents, and of all files with their free space.
    pub(crate) async fn size(&self) -> (u64, u64) {
        let (mut documents, mut files) = (0, 0);
        for name in self.db.list_collection_names().await.unwrap() {
            let stats = self.db.run_command(doc! { "collStats": &name }).await.unwrap();
            let number = |field: &str| match stats.get(field) {
                Some(bson::Bson::Int32(number)) => u64::try_from(*number).unwrap(),
                Some(bson::Bson::Int64(number)) => u64::try_from(*number).unwrap(),
                Some(bson::Bson::Double(number)) => format!("{number:.0}").parse().unwrap(),
                other => panic!("{field} is {other:?}"),
            };
            documents += number("size");
            files += number("totalSize");
        }
        (documents, files)
    }
}
