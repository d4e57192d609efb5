//! Where the instances of a case keep everything.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kernel::{Clock, ManualClock, SystemClock};
use sqlite::rusqlite::config::DbConfig;
use sqlite::rusqlite::{self, Connection};
use sqlite::{Durability, Engine, Work};

use crate::conversations::changes::mongo::MongoChanges;
use crate::conversations::changes::sqlite::SqliteChanges;
use crate::conversations::mongo::MongoConversations;
use crate::conversations::sqlite::SqliteConversations;
use crate::delivery::mongo::MongoDelivery;
use crate::delivery::sqlite::SqliteDelivery;
use crate::log::mongo::{Limits, MongoLog};
use crate::log::sqlite::SqliteLog;
use crate::log::store::EntryStore;
use crate::mongo::Layout;
use crate::wiring::stores::Stores;

/// How long a header stays.
pub const HEADER: Duration = Duration::from_hours(24);
const CAP: Duration = Duration::from_hours(24 * 30);
const DEADLINE: Duration = Duration::from_secs(10);

/// SQLite in memory, every job at once and on the caller's thread: a case costs little, and nothing is left to chance.
#[derive(Debug)]
pub struct AtOnce(Mutex<Connection>);

impl AtOnce {
    pub fn open() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection.set_prepared_statement_cache_capacity(256);
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).unwrap();
        connection.pragma_update(None, "foreign_keys", true).unwrap();
        Self(Mutex::new(connection))
    }

    fn wipe(&self) -> rusqlite::Result<()> {
        let connection = self.0.lock().unwrap();
        let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'migrations'";
        let mut tables = connection.prepare_cached(tables)?;
        let names: Vec<String> =
            tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for name in names {
            connection.prepare_cached(&format!("DELETE FROM {name}"))?.execute([])?;
        }
        Ok(())
    }
}

impl Engine for AtOnce {
    fn take(&self, mut work: Work) {
        work.run(&self.0.lock().unwrap());
        work.answer();
    }
}

/// One database, over many cases.
#[derive(Debug)]
pub enum Store {
    Memory { engine: Arc<AtOnce>, db: sqlite::Database },
    File { db: sqlite::Database },
    Mongo { db: mongodb::Database },
}

impl Store {
    pub async fn memory() -> Self {
        let engine = Arc::new(AtOnce::open());
        let db = sqlite::Database::on(Arc::clone(&engine) as Arc<dyn Engine>, DEADLINE);
        crate::sqlite::migrate(&db).await.unwrap();
        Self::Memory { engine, db }
    }

    /// A file, as the product has it, but without waiting for the disk.
    pub async fn file(path: PathBuf) -> Self {
        let limits = sqlite::Limits { durability: Durability::Off, ..sqlite::Limits::default() };
        let db = sqlite::Database::open_within(&path, limits).unwrap();
        crate::sqlite::migrate(&db).await.unwrap();
        Self::File { db }
    }

    /// Whether headers go by the clock of the case.
    pub const fn goes_by_our_clock(&self) -> bool {
        !matches!(self, Self::Mongo { .. })
    }

    /// What the clock of a case says at first. `MongoDB` removes by its own clock what is past its time.
    pub fn clock(&self) -> ManualClock {
        match self {
            Self::Mongo { .. } => ManualClock::new(SystemClock::default().now()),
            _ => ManualClock::default(),
        }
    }

    /// Nothing of the last case is in the way of the next one.
    pub fn clean(&self) {
        if let Self::Memory { engine, .. } = self {
            engine.wipe().unwrap();
        }
    }

    /// The stores of a new instance, which remembers nothing.
    pub fn stores(&self, clock: &Arc<ManualClock>) -> Stores {
        let clock = Arc::clone(clock) as Arc<dyn Clock>;
        match self {
            Self::Memory { db, .. } | Self::File { db } => {
                let log = Arc::new(SqliteLog::new(db.clone(), HEADER, CAP, clock));
                Stores {
                    conversations: Arc::new(SqliteConversations::new(db.clone())),
                    changes: Arc::new(SqliteChanges::new(db.clone())),
                    entries: Arc::clone(&log) as Arc<dyn EntryStore>,
                    log,
                    delivery: Arc::new(SqliteDelivery::new(db.clone())),
                }
            }
            Self::Mongo { db } => {
                let limits = Limits {
                    header: HEADER,
                    cap: CAP,
                    append_timeout: DEADLINE,
                    head_cache: Duration::from_mins(10),
                };
                let log = Arc::new(MongoLog::new(db, Layout::Whole, limits, clock));
                Stores {
                    conversations: Arc::new(MongoConversations::new(db)),
                    changes: Arc::new(MongoChanges::new(db)),
                    entries: Arc::clone(&log) as Arc<dyn EntryStore>,
                    log,
                    delivery: Arc::new(MongoDelivery::new(db)),
                }
            }
        }
    }
}
