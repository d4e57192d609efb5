//! The stores under the use cases, and what goes with them when a test ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, ManualClock, Timestamp};
use tempfile::TempDir;

use crate::contract::mongo::{Scratch, layout, watched};
use crate::conversations::changes::mongo::MongoChanges;
use crate::conversations::changes::sqlite::SqliteChanges;
use crate::conversations::changes::store::ChangeStore;
use crate::conversations::mongo::MongoConversations;
use crate::conversations::sqlite::SqliteConversations;
use crate::conversations::store::ConversationStore;
use crate::delivery::mongo::MongoDelivery;
use crate::delivery::sqlite::SqliteDelivery;
use crate::delivery::store::DeliveryStore;
use crate::epochs::mongo::MongoEpochs;
use crate::epochs::sqlite::SqliteEpochs;
use crate::epochs::store::EpochStore;
use crate::log::mongo::{Limits, MongoLog};
use crate::log::sqlite::SqliteLog;
use crate::log::store::{EntryStore, LogStore};

const FILE: &str = "chat.db";
const DAY: Duration = Duration::from_hours(24);

/// What the stores are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    Sqlite,
    Mongo,
}

/// The ports, open.
pub struct Stores {
    pub conversations: Arc<dyn ConversationStore>,
    pub changes: Arc<dyn ChangeStore>,
    pub log: Arc<dyn LogStore>,
    pub entries: Arc<dyn EntryStore>,
    pub delivery: Arc<dyn DeliveryStore>,
    pub kept: Kept,
}

/// Where they are kept; gone when dropped.
pub enum Kept {
    Sqlite(TempDir),
    Mongo(Scratch),
    Elsewhere,
}

impl Store {
    /// `MongoDB` in the run whose commands are watched, else SQLite.
    pub fn asked() -> Self {
        if watched().is_some() { Self::Mongo } else { Self::Sqlite }
    }

    /// When the test's clock begins. `MongoDB` removes by its own clock what is past its time, so there the two agree.
    pub fn begin(self) -> Timestamp {
        match self {
            Self::Sqlite => ManualClock::default().now(),
            Self::Mongo => kernel::SystemClock::default().now(),
        }
    }

    pub async fn open(self, clock: &Arc<ManualClock>) -> Stores {
        let clock = Arc::clone(clock) as Arc<dyn Clock>;
        match self {
            Self::Sqlite => on_sqlite(clock).await,
            Self::Mongo => on_mongo(clock).await,
        }
    }
}

/// Bytes that a store takes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Of rows and documents, without what is free.
    pub documents: u64,
    /// Of files.
    pub files: u64,
}

impl Kept {
    /// What is taken up now.
    pub async fn size(&self) -> Size {
        let Some(file) = self.file() else {
            let Self::Mongo(scratch) = self else { unreachable!() };
            let (documents, files) = scratch.size().await;
            return Size { documents, files };
        };
        let used = empty_log(
            &file,
            "SELECT (page_count - freelist_count) * page_size
            FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
        );
        Size { documents: used, files: file.metadata().unwrap().len() }
    }

    /// A backup, taken while the service runs.
    pub async fn copy(&self) -> Self {
        match self {
            Self::Sqlite(folder) => {
                let copy = tempfile::tempdir().unwrap();
                let file = sqlite::Connection::open(folder.path().join(FILE)).unwrap();
                let to = copy.path().join(FILE);
                file.execute("VACUUM INTO ?1", [to.to_str().unwrap()]).unwrap();
                Self::Sqlite(copy)
            }
            Self::Mongo(scratch) => Self::Mongo(scratch.copy().await),
            Self::Elsewhere => Self::Elsewhere,
        }
    }

    /// What a service works on that is started over this.
    pub async fn open(self, clock: Arc<dyn Clock>) -> (Stores, Arc<dyn EpochStore>) {
        match self {
            Self::Sqlite(folder) => {
                let database = open_file(folder.path()).await;
                let epochs = Arc::new(SqliteEpochs::new(database.clone()));
                let stores = in_database(database, clock);
                (Stores { kept: Self::Sqlite(folder), ..stores }, epochs)
            }
            Self::Mongo(scratch) => {
                let epochs = Arc::new(MongoEpochs::new(&scratch.db));
                (on_scratch(scratch, clock), epochs)
            }
            Self::Elsewhere => panic!("this one is kept by somebody else"),
        }
    }

    /// The file, if it is one.
    pub fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite(folder) => Some(folder.path().join(FILE)),
            Self::Mongo(_) | Self::Elsewhere => None,
        }
    }

    /// Does at once what the database does by itself with the time.
    pub async fn expire(&self, now: Timestamp) {
        if let Self::Mongo(scratch) = self {
            scratch.expire(now).await;
        }
    }
}

/// Moves everything from the write-ahead log into the file, and asks something.
fn empty_log(file: &Path, question: &'static str) -> u64 {
    // Not through the one that is open: a checkpoint cannot be made inside a transaction.
    let database = sqlite::Connection::open(file).unwrap();
    let busy =
        database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
    assert!(!busy.unwrap(), "somebody reads");
    database.query_row(question, [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap()
}

async fn on_sqlite(clock: Arc<dyn Clock>) -> Stores {
    let folder = tempfile::tempdir().unwrap();
    let mut stores = in_folder(folder.path(), clock).await;
    stores.kept = Kept::Sqlite(folder);
    stores
}

/// On SQLite in a folder that stays.
pub async fn in_folder(folder: &Path, clock: Arc<dyn Clock>) -> Stores {
    in_database(open_file(folder).await, clock)
}

async fn open_file(folder: &Path) -> sqlite::Database {
    let database = sqlite::Database::open(&folder.join(FILE)).unwrap();
    crate::sqlite::migrate(&database).await.unwrap();
    database
}

/// On an open database.
pub fn in_database(database: sqlite::Database, clock: Arc<dyn Clock>) -> Stores {
    let log = Arc::new(SqliteLog::new(database.clone(), DAY, 30 * DAY, clock));
    Stores {
        conversations: Arc::new(SqliteConversations::new(database.clone())),
        changes: Arc::new(SqliteChanges::new(database.clone())),
        entries: Arc::clone(&log) as Arc<dyn EntryStore>,
        log,
        delivery: Arc::new(SqliteDelivery::new(database)),
        kept: Kept::Elsewhere,
    }
}

async fn on_mongo(clock: Arc<dyn Clock>) -> Stores {
    on_scratch(Scratch::new().await, clock)
}

fn on_scratch(scratch: Scratch, clock: Arc<dyn Clock>) -> Stores {
    let limits = Limits {
        header: DAY,
        cap: 30 * DAY,
        append_timeout: Duration::from_secs(5),
        head_cache: Duration::from_mins(10),
    };
    let log = Arc::new(MongoLog::new(&scratch.db, layout(), limits, clock));
    Stores {
        conversations: Arc::new(MongoConversations::new(&scratch.db)),
        changes: Arc::new(MongoChanges::new(&scratch.db)),
        entries: Arc::clone(&log) as Arc<dyn EntryStore>,
        log,
        delivery: Arc::new(MongoDelivery::new(&scratch.db)),
        kept: Kept::Mongo(scratch),
    }
}
