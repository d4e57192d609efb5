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

impl Kept {
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

async fn on_sqlite(clock: Arc<dyn Clock>) -> Stores {
    let folder = tempfile::tempdir().unwrap();
    let mut stores = in_folder(folder.path(), clock).await;
    stores.kept = Kept::Sqlite(folder);
    stores
}

/// On SQLite in a folder that stays.
pub async fn in_folder(folder: &Path, clock: Arc<dyn Clock>) -> Stores {
    let database = sqlite::Database::open(&folder.join(FILE)).unwrap();
    crate::sqlite::migrate(&database).await.unwrap();
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
    let scratch = Scratch::new().await;
    let limits = Limits {
        header: DAY,
        cap: 30 * DAY,
        append_timeout: Duration::from_secs(5),
        head_cache: Duration::from_mins(10),
    };
    let log = Arc::new(MongoLog::new(&scratch.db, layout(), limits, clock));
    Stores {
        conversations: Arc::new(MongoConversations::new(&scratch.db, layout())),
        changes: Arc::new(MongoChanges::new(&scratch.db)),
        entries: Arc::clone(&log) as Arc<dyn EntryStore>,
        log,
        delivery: Arc::new(MongoDelivery::new(&scratch.db)),
        kept: Kept::Mongo(scratch),
    }
}
