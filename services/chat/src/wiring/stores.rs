//! Picks the adapter of the stores.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use runtime::Env;

use super::seconds;
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
use crate::mongo::Layout;
use crate::{mongo, sqlite};

/// The stores of one database.
#[derive(Debug)]
pub struct Stores {
    /// Conversations and who is in them.
    pub conversations: Arc<dyn ConversationStore>,
    /// Who comes and goes.
    pub changes: Arc<dyn ChangeStore>,
    /// The logs.
    pub log: Arc<dyn LogStore>,
    /// Single entries of them.
    pub entries: Arc<dyn EntryStore>,
    /// Delivery cursors.
    pub delivery: Arc<dyn DeliveryStore>,
}

/// Opens the stores that the scheme of `chat.store` names.
pub async fn open(env: &Env) -> anyhow::Result<Stores> {
    let settings = &env.settings.chat;
    let (log, delivery) = (&settings.log, &settings.delivery);
    match settings.store.scheme() {
        "sqlite" => {
            let database =
                env.databases.open(Path::new(settings.store.path())).context("chat.store")?;
            sqlite::migrate(&database).await.context("chat.store")?;
            let clock = Arc::clone(&env.clock);
            let (header, cap) = (seconds(delivery.header_s), seconds(delivery.cap_s));
            let log = Arc::new(SqliteLog::new(database.clone(), header, cap, clock));
            Ok(Stores {
                conversations: Arc::new(SqliteConversations::new(database.clone())),
                changes: Arc::new(SqliteChanges::new(database.clone())),
                entries: Arc::clone(&log) as Arc<dyn EntryStore>,
                log,
                delivery: Arc::new(SqliteDelivery::new(database)),
            })
        }
        "mongodb" | "mongodb+srv" => {
            let database = mongo::open(settings.store.as_str(), "restante-chat")
                .await
                .context("chat.store")?;
            mongo::create_indexes(&database).await.context("chat.store")?;
            let layout = Layout::of(&database).await.context("chat.store")?;
            let limits = Limits {
                header: seconds(delivery.header_s),
                cap: seconds(delivery.cap_s),
                head_cache: seconds(log.head_cache_s),
                append_timeout: Duration::from_millis(log.append_timeout_ms),
            };
            let clock = Arc::clone(&env.clock);
            let log = Arc::new(MongoLog::new(&database, layout, limits, clock));
            Ok(Stores {
                conversations: Arc::new(MongoConversations::new(&database)),
                changes: Arc::new(MongoChanges::new(&database)),
                entries: Arc::clone(&log) as Arc<dyn EntryStore>,
                log,
                delivery: Arc::new(MongoDelivery::new(&database)),
            })
        }
        other => {
            bail!("chat.store: {other}: is not a store; use sqlite:PATH or mongodb://host/database")
        }
    }
}
