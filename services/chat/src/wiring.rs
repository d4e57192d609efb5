//! Puts the service together. The only place that picks adapters.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Data, ServiceConfig};
use anyhow::{Context, bail};
use auth::{Gate, Revocations};
use bus::Bus;
use contracts::events::{CHAT_EVENTS, TOPOLOGY};
use contracts::{DirectoryKeys, GrpcUserDirectory, UserDirectory};
use fanout::Fanout;
use kv::Kv;
use runtime::{Check, Env, Parts};
use serde_json::json;
use settings::Environment;
use socketio::{Config, Engine, OriginPolicy, Packet};
use tokio::sync::Notify;

use crate::chat::Chat;
use crate::conversations::members::Members;
use crate::conversations::mongo::MongoConversations;
use crate::conversations::sqlite::SqliteConversations;
use crate::conversations::store::ConversationStore;
use crate::delivery::fold::Fold;
use crate::delivery::mongo::MongoDelivery;
use crate::delivery::retention;
use crate::delivery::sqlite::SqliteDelivery;
use crate::delivery::store::DeliveryStore;
use crate::live::announce::Announcer;
use crate::live::socket::door::Door;
use crate::live::socket::hub::Hub;
use crate::live::socket::listen::Live;
use crate::log::append::{self, Appender};
use crate::log::mongo::MongoLog;
use crate::log::sqlite::SqliteLog;
use crate::log::store::LogStore;
use crate::messages::digest::Digester;
use crate::messages::pace::Pace;
use crate::people::directory::People;
use crate::people::queue;
use crate::{conversations, delivery, messages, mongo, openapi, reading, sqlite, sync};

/// Consumers of events from other services: a slow one does not keep the closing of sockets waiting.
const CONSUMERS: usize = 4;
/// Events that one consumer has in hand.
const PREFETCH: u16 = 4;
/// Sockets of an instance that goes away are closed over this time, so that they do not all come back at once.
const DRAIN_SPREAD: Duration = Duration::from_secs(2);

/// What the service reaches outside itself.
#[derive(Debug, Clone)]
pub struct Remotes {
    /// The user service.
    pub directory: Arc<dyn UserDirectory>,
    /// Short-lived keys.
    pub kv: Arc<dyn Kv>,
    /// Live events.
    pub fanout: Arc<dyn Fanout>,
    /// Durable events.
    pub bus: Arc<dyn Bus>,
}

#[derive(Debug)]
struct Stores {
    conversations: Arc<dyn ConversationStore>,
    log: Arc<dyn LogStore>,
    delivery: Arc<dyn DeliveryStore>,
}

/// The service, started.
#[derive(Debug)]
pub struct Started {
    /// Admits callers.
    pub gate: Arc<Gate>,
    /// What to mount, check and drain.
    pub parts: Parts,
}

/// Starts the service: opens its stores, listens to the fan-out and the bus, and says what to mount.
pub async fn start(env: &Env, remotes: Remotes) -> anyhow::Result<Started> {
    let stores = open_stores(env).await?;
    let log = Arc::clone(&stores.log);
    let chat = Arc::new(assemble(env, &remotes, stores)?);
    let listener = remotes.fanout.listen().await.context("fanout.url")?;
    let hub = Hub::start(listener, log).await.context("fanout.url")?;
    let ttl = seconds(env.settings.tokens.access_ttl_s);
    let revocations = Revocations::new(Arc::clone(&remotes.kv), ttl);
    let live = Arc::new(Live { chat: Arc::clone(&chat), hub, revocations, gap: Notify::new() });
    let gate = gate(env, &remotes);
    let engine = engine(env, &live, &gate);
    spawn(env, &remotes, &live).await?;
    let parts = Parts {
        routes: routes(&chat, &engine),
        checks: checks(&chat, &remotes),
        drains: vec![drain(env, &chat, engine)],
        openapi: Some(openapi::document()),
    };
    Ok(Started { gate, parts })
}

/// Runs the service as a process of its own.
pub async fn serve(env: Env) -> anyhow::Result<runtime::Running> {
    let settings = Arc::clone(&env.settings);
    let (chat, databases) = (&settings.chat, &env.databases);
    let timeout = Duration::from_millis(chat.user_service_timeout_ms);
    let directory = GrpcUserDirectory::connect_lazy(&chat.user_service, timeout)
        .context("chat.user_service")?;
    let clock = || Arc::clone(&env.clock);
    let remotes = Remotes {
        directory: Arc::new(directory),
        kv: kv::open(&settings.kv, databases, clock()).await.context("kv.url")?,
        fanout: fanout::open(&settings.fanout).await.context("fanout.url")?,
        bus: bus::open(&settings.bus, &TOPOLOGY, databases, clock()).await.context("bus.url")?,
    };
    let Started { gate, parts } = start(&env, remotes).await?;
    web::serve(web::Server {
        listen: chat.listen.clone(),
        title: "Restante chat",
        parts: vec![parts],
        gate: Some(gate),
        env,
    })
}

async fn open_stores(env: &Env) -> anyhow::Result<Stores> {
    let settings = &env.settings.chat;
    let (log, delivery) = (&settings.log, &settings.delivery);
    match settings.store.scheme() {
        "sqlite" => {
            let database =
                env.databases.open(Path::new(settings.store.path())).context("chat.store")?;
            sqlite::migrate(&database).await.context("chat.store")?;
            let clock = Arc::clone(&env.clock);
            Ok(Stores {
                conversations: Arc::new(SqliteConversations::new(database.clone())),
                log: Arc::new(SqliteLog::new(
                    database.clone(),
                    seconds(delivery.header_s),
                    seconds(delivery.cap_s),
                    clock,
                )),
                delivery: Arc::new(SqliteDelivery::new(database)),
            })
        }
        "mongodb" | "mongodb+srv" => {
            let database = mongo::open(settings.store.as_str(), "restante-chat")
                .await
                .context("chat.store")?;
            mongo::create_indexes(&database).await.context("chat.store")?;
            let limits = crate::log::mongo::Limits {
                header: seconds(delivery.header_s),
                cap: seconds(delivery.cap_s),
                head_cache: seconds(log.head_cache_s),
                append_timeout: Duration::from_millis(log.append_timeout_ms),
            };
            let (clock, random) = (Arc::clone(&env.clock), Arc::clone(&env.random));
            Ok(Stores {
                conversations: Arc::new(MongoConversations::new(&database)),
                log: Arc::new(MongoLog::new(&database, limits, clock, random)),
                delivery: Arc::new(MongoDelivery::new(&database)),
            })
        }
        other => {
            bail!("chat.store: {other}: is not a store; use sqlite:PATH or mongodb://host/database")
        }
    }
}

fn assemble(env: &Env, remotes: &Remotes, stores: Stores) -> anyhow::Result<Chat> {
    let settings = env.settings.chat.clone();
    let Stores { conversations, log, delivery } = stores;
    let announcer = Announcer::new(Arc::clone(&remotes.fanout));
    let key = env
        .secrets
        .digest_key
        .context("tokens.digest_key is not set; make one with `openssl rand -base64 32`")?;
    let appender = Appender::new(append::Parts {
        log: Arc::clone(&log),
        conversations: Arc::clone(&conversations),
        announcer: announcer.clone(),
        clock: Arc::clone(&env.clock),
        queue: settings.log.queue,
    });
    let interval = Duration::from_millis(settings.delivery.fold_ms);
    let fold = Fold::new(Arc::clone(&delivery), Arc::clone(&log), announcer.clone(), interval);
    Ok(Chat {
        members: Members::new(Arc::clone(&conversations)),
        people: People::new(Arc::clone(&remotes.directory), Arc::clone(&env.clock)),
        pace: Pace::new(&settings.limits),
        digester: Digester::new(&key),
        clock: Arc::clone(&env.clock),
        random: Arc::clone(&env.random),
        conversations,
        log,
        delivery,
        appender,
        fold,
        announcer,
        settings,
    })
}

fn gate(env: &Env, remotes: &Remotes) -> Arc<Gate> {
    let tokens = &env.settings.tokens;
    let keys = Arc::new(DirectoryKeys(Arc::clone(&remotes.directory)));
    let kv = Arc::clone(&remotes.kv);
    Arc::new(Gate::new(keys, &tokens.issuer, &tokens.audience, kv, Arc::clone(&env.clock)))
}

fn engine(env: &Env, live: &Arc<Live>, gate: &Arc<Gate>) -> Engine {
    let settings = &env.settings;
    let limits = &settings.chat.limits;
    let config = Config {
        max_payload_bytes: limits.frame_bytes,
        queue_bytes: limits.socket_queue_bytes,
        allowed_origins: origins(&settings.server),
        ..Config::default()
    };
    let door = Door { live: Arc::clone(live), gate: Arc::clone(gate) };
    Engine::new(config, Arc::new(door), Arc::clone(&env.random))
}

fn origins(server: &settings::Server) -> OriginPolicy {
    if !server.allowed_origins.is_empty() {
        return OriginPolicy::List(server.allowed_origins.clone());
    }
    match server.environment {
        Environment::Development => OriginPolicy::SameHostOrLoopback,
        Environment::Production => OriginPolicy::SameHost,
    }
}

async fn spawn(env: &Env, remotes: &Remotes, live: &Arc<Live>) -> anyhow::Result<()> {
    for _ in 0..CONSUMERS {
        let consumer = remotes.bus.consume(CHAT_EVENTS, PREFETCH).await.context("bus.url")?;
        let chat = Arc::clone(&live.chat);
        env.tasks.spawn("chat events", |stop| queue::consume(chat, consumer, stop));
    }
    let announcer = live.chat.announcer.clone();
    env.tasks.spawn("untold heads", |stop| announcer.tell_again(stop));
    let (chat, kv) = (Arc::clone(&live.chat), Arc::clone(&remotes.kv));
    env.tasks.spawn("retention", |stop| retention::sweep_regularly(chat, kv, stop));
    env.tasks.spawn("live events", |stop| Arc::clone(live).listen(stop));
    env.tasks.spawn("heads", |stop| Arc::clone(live).make_good(stop));
    env.tasks.spawn("tokens", |stop| Arc::clone(live).watch_tokens(stop));
    Ok(())
}

fn routes(chat: &Arc<Chat>, engine: &Engine) -> runtime::Routes {
    let chat = Data::new(Arc::clone(chat));
    let engine = engine.clone();
    Arc::new(move |config: &mut ServiceConfig| {
        config.app_data(chat.clone());
        conversations::http::routes(config);
        messages::http::routes(config);
        delivery::http::routes(config);
        reading::http::routes(config);
        sync::http::routes(config);
        engine.configure(config);
    })
}

fn checks(chat: &Arc<Chat>, remotes: &Remotes) -> Vec<Check> {
    let chat = Arc::clone(chat);
    let Remotes { kv, fanout, bus, .. } = remotes.clone();
    vec![
        Check::new("store", true, move || {
            let chat = Arc::clone(&chat);
            async move { chat.conversations.ping().await.map_err(|error| error.to_string()) }
        }),
        Check::new("kv", false, move || {
            let kv = Arc::clone(&kv);
            async move { kv.ping().await.map_err(|error| error.to_string()) }
        }),
        Check::new("fanout", false, move || {
            let fanout = Arc::clone(&fanout);
            async move { fanout.ping().await.map_err(|error| error.to_string()) }
        }),
        Check::new("bus", false, move || {
            let bus = Arc::clone(&bus);
            async move { bus.ping().await.map_err(|error| error.to_string()) }
        }),
    ]
}

/// Tells sockets to come back elsewhere, then finishes what was accepted.
fn drain(env: &Env, chat: &Arc<Chat>, engine: Engine) -> runtime::Drain {
    let patience = seconds(env.settings.server.shutdown_s);
    let chat = Arc::clone(chat);
    Arc::new(move || {
        let (chat, engine) = (Arc::clone(&chat), engine.clone());
        Box::pin(async move {
            let notice = Packet::event("server:draining", &json!({ "reconnectIn": 1 })).ok();
            let finish = async {
                engine.drain(notice, DRAIN_SPREAD).await;
                chat.appender.idle().await;
                chat.fold.idle().await;
            };
            if tokio::time::timeout(patience, finish).await.is_err() {
                tracing::warn!("not everything that was accepted could be finished in time");
            }
        })
    })
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
