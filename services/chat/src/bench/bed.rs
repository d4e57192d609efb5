//! A store with people and conversations in it, and the way into its log.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use dashmap::DashMap;
use fanout::{Fanout, FanoutError, Listener, MemoryFanout, Subject};
use futures::{StreamExt, stream};
use kernel::{Clock, ConversationId, Id, Random, SystemClock, SystemRandom, UserId};
use serde_json::value::to_raw_value;
use sqlite::Durability;
use tempfile::TempDir;
use testkit::servers::PrivateServer;
use tokio::time::Instant;

use super::cpu::PerMessage;
use super::{TEXT, mongo, sqlite as sqlite_bed};
use crate::conversations::members::Members;
use crate::conversations::store::{ConversationStore, NewConversation, Party};
use crate::conversations::{self, Retention};
use crate::delivery::store::{DeliveryStore, Owner};
use crate::live::announce::Announcer;
use crate::log::append::{Appender, Limits, Parts};
use crate::log::entry::EntryType;
use crate::log::store::{Draft, LogStore};
use crate::people::directory::People;
use crate::receipts::ticks::{self, Ticks};
use crate::tests::place::Town;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Mongo,
    SqliteFull,
    SqliteNormal,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Mongo, Self::SqliteFull, Self::SqliteNormal];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Mongo => "MongoDB (w: majority, j: true)",
            Self::SqliteFull => "SQLite (synchronous = FULL)",
            Self::SqliteNormal => "SQLite (synchronous = NORMAL)",
        }
    }
}

/// What the bare store does with documents of the same size under the same indexes.
#[derive(Debug)]
pub(super) struct Raw {
    /// Entries a second, a thousand in one insert or transaction.
    pub(super) rate: f64,
    pub(super) cpu: PerMessage,
    /// One insert after another, the middle one.
    pub(super) lone_ms: f64,
    /// Each insert followed by one command that raises as many heads: the least that "acknowledged means counted" asks for.
    /// Of stores in which that is a document more.
    pub(super) counted: Option<(f64, PerMessage)>,
}

/// The stores of one database.
#[derive(Debug)]
pub(super) struct Stores {
    pub(super) conversations: Arc<dyn ConversationStore>,
    pub(super) log: Arc<dyn LogStore>,
    pub(super) delivery: Arc<dyn DeliveryStore>,
    /// The server, if there is one.
    pub(super) server: Option<PrivateServer>,
    pub(super) backing: Backing,
}

/// The database itself, for raw inserts.
#[derive(Debug)]
pub(super) enum Backing {
    Mongo(mongodb::Database),
    Sqlite(::sqlite::Database, #[expect(dead_code, reason = "removed when dropped")] TempDir),
}

/// A store with an appender in front.
#[derive(Debug)]
pub(super) struct Bed {
    pub(super) stores: Stores,
    pub(super) appender: Arc<Appender>,
    pub(super) announcer: Announcer,
    pub(super) heard: Arc<Heard>,
}

/// A direct conversation and its two people, each with a device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Talk {
    pub(super) id: ConversationId,
    pub(super) people: [Owner; 2],
}

impl Bed {
    /// A fresh database. Headers of what is forgotten go at once.
    pub(super) async fn open(kind: Kind) -> Self {
        let stores = match kind {
            Kind::Mongo => mongo::open().await,
            Kind::SqliteFull => sqlite_bed::open(Durability::Full).await,
            Kind::SqliteNormal => sqlite_bed::open(Durability::Normal).await,
        };
        let heard = Arc::new(Heard::default());
        let announcer = Announcer::new(Arc::clone(&heard) as Arc<dyn Fanout>, usize::MAX);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let appender = Appender::new(Parts {
            log: Arc::clone(&stores.log),
            conversations: Arc::clone(&stores.conversations),
            members: Arc::new(Members::new(
                Arc::clone(&stores.conversations),
                Arc::clone(&stores.log),
                Arc::clone(&clock),
                Duration::from_mins(10),
            )),
            announcer: announcer.clone(),
            clock,
            random: Arc::new(SystemRandom) as Arc<dyn Random>,
            limits: Limits {
                waiting: 50_000,
                lane: 1_000,
                writes: usize::try_from(super::setting("RESTANTE_BENCH_WRITES", 2)).unwrap(),
                patience: Duration::from_secs(5),
            },
        });
        Self { stores, appender, announcer, heard }
    }

    /// Tells how far people have come.
    pub(super) fn ticks(&self) -> Arc<Ticks> {
        let settings = settings::Settings::load(None, [], &[]).unwrap().chat.receipts;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        Arc::new(Ticks::new(ticks::Parts {
            people: Arc::new(People::new(Arc::new(Town::default()), Arc::clone(&clock))),
            conversations: Arc::clone(&self.stores.conversations),
            delivery: Arc::clone(&self.stores.delivery),
            announcer: self.announcer.clone(),
            clock,
            settings,
        }))
    }

    pub(super) async fn raw(&self) -> Raw {
        match &self.stores.backing {
            Backing::Mongo(db) => mongo::raw(db, self.pid().unwrap()).await,
            Backing::Sqlite(db, _) => sqlite_bed::raw(db).await,
        }
    }

    pub(super) fn pid(&self) -> Option<i32> {
        self.stores.server.as_ref().map(PrivateServer::pid)
    }

    /// Makes so many conversations.
    pub(super) async fn talks(&self, count: usize) -> Vec<Talk> {
        let made = (0..count).map(|_| async {
            let people = [(); 2].map(|()| Owner { user: id(), device: id() });
            let party = |owner: Owner| Party {
                user: owner.user,
                role: conversations::Role::Member,
                devices: vec![owner.device],
            };
            let new = NewConversation {
                id: id(),
                kind: conversations::Kind::Direct,
                title: None,
                maker: None,
                parties: people.map(party).to_vec(),
                retention: Retention::Relay,
                epoch: "1".to_owned(),
                now: SystemClock::default().now(),
            };
            self.stores.conversations.create(&new).await.unwrap();
            Talk { id: new.id, people }
        });
        stream::iter(made).buffered(32).collect().await
    }
}

pub(super) fn id<K>() -> Id<K> {
    Id::new_v7(SystemClock::default().now(), &SystemRandom)
}

/// A message of a hundred characters.
pub(super) fn draft(conversation: ConversationId, sender: UserId) -> Draft {
    let body = serde_json::json!({
        "kind": "text", "text": "x".repeat(TEXT), "formatting": [], "attachments": [],
        "replyTo": null, "forwardedFrom": null, "mentions": [],
    });
    Draft {
        id: id(),
        conversation,
        kind: EntryType::Message,
        sender,
        created_at: SystemClock::default().now(),
        digest: [7; 32],
        target: None,
        checked: u64::MAX,
        retention: Retention::Relay,
        withheld_from: None,
        data: to_raw_value(&body).unwrap(),
    }
}

/// A fan-out that nobody listens to: notes when each conversation last heard something.
#[derive(Debug, Default)]
pub(super) struct Heard {
    last: DashMap<Subject, Instant>,
}

impl Heard {
    pub(super) fn last(&self, id: ConversationId) -> Option<Instant> {
        self.last.get(&crate::live::announce::about(id)).map(|at| *at)
    }
}

#[async_trait]
impl Fanout for Heard {
    async fn publish(&self, subject: Subject, _: Bytes) -> Result<(), FanoutError> {
        self.last.insert(subject, Instant::now());
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Listener>, FanoutError> {
        MemoryFanout::new(1).listen().await
    }

    async fn ping(&self) -> Result<(), FanoutError> {
        Ok(())
    }
}
