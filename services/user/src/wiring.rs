//! Puts the service together. The only place that picks adapters.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Data, ServiceConfig};
use anyhow::{Context, bail};
use auth::{Gate, Issuer, KeySource, Revocations, Sealer};
use bus::Bus;
use contracts::events::TOPOLOGY;
use contracts::{UserDirectory, serve_user_directory};
use kv::Kv;
use runtime::{Check, Env, Parts};
use tokio::net::TcpListener;

use crate::accounts::{Accounts, MongoAccounts, SqliteAccounts};
use crate::contacts::{Contacts, MongoContacts, SqliteContacts};
use crate::directory::LocalUserDirectory;
use crate::mongo::Mongo;
use crate::outbox::{MongoOutbox, Nudge, Outbox, Relay, SqliteOutbox};
use crate::pepper::Pepper;
use crate::ports::Ports;
use crate::profiles::{MongoProfiles, Profiles, SqliteProfiles};
use crate::{
    contacts, devices, discovery, login, openapi, preferences, profiles, sessions, sqlite as tables,
};

/// What the service reaches outside itself.
#[derive(Debug, Clone)]
pub struct Remotes {
    /// Short-lived keys.
    pub kv: Arc<dyn Kv>,
    /// Durable jobs and events.
    pub bus: Arc<dyn Bus>,
}

/// The service, running.
#[derive(Clone)]
pub struct Running {
    /// What other services ask it.
    pub directory: Arc<dyn UserDirectory>,
    /// The keys that its tokens are checked with.
    pub keys: Arc<dyn KeySource>,
    /// What to mount, check and end.
    pub parts: Parts,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("parts", &self.parts).finish_non_exhaustive()
    }
}

struct Stores {
    accounts: Arc<dyn Accounts>,
    profiles: Arc<dyn Profiles>,
    contacts: Arc<dyn Contacts>,
    outbox: Arc<dyn Outbox>,
}

/// Starts the service: opens its store, publishes its events, and says what to mount.
pub async fn start(env: &Env, remotes: Remotes) -> anyhow::Result<Running> {
    let stores = open_stores(env).await?;
    let outbox = Arc::clone(&stores.outbox);
    let ports = Arc::new(assemble(env, &remotes, stores)?);
    let relay = Relay {
        outbox,
        bus: remotes.bus,
        kv: remotes.kv,
        nudge: ports.nudge.clone(),
        revocations: ports.revocations.clone(),
        holder: ports.secret_id(),
    };
    env.tasks.spawn("user events", |stop| relay.run(stop));
    let sweeping = Arc::clone(&ports);
    env.tasks.spawn("idle devices", |stop| devices::sweep_regularly(sweeping, stop));
    Ok(Running {
        directory: Arc::new(LocalUserDirectory(Arc::clone(&ports))),
        keys: Arc::clone(&ports.issuer) as Arc<dyn KeySource>,
        parts: Parts {
            routes: routes(&ports),
            checks: checks(&ports),
            drains: Vec::new(),
            openapi: Some(openapi::document()),
        },
    })
}

/// The service as a process of its own: HTTP at `user.listen`, gRPC at `user.grpc`.
pub async fn serve(env: Env) -> anyhow::Result<runtime::Running> {
    let settings = Arc::clone(&env.settings);
    let remotes = connect(&env).await?;
    let kv = Arc::clone(&remotes.kv);
    let Running { directory, keys, parts } = start(&env, remotes).await?;
    let grpc = TcpListener::bind(&settings.user.grpc).await;
    let grpc =
        grpc.with_context(|| format!("user.grpc: cannot listen on {}", settings.user.grpc))?;
    env.tasks.spawn("grpc", |stop| async move {
        if let Err(error) = serve_user_directory(directory, grpc, stop).await {
            tracing::error!(%error, "the gRPC server failed");
        }
    });
    let tokens = &settings.tokens;
    let clock = Arc::clone(&env.clock);
    let gate = Gate::new(keys, &tokens.issuer, &tokens.audience, kv, clock);
    web::serve(web::Server {
        env,
        listen: settings.user.listen.clone(),
        title: "Restante: user service",
        parts: vec![parts],
        gate: Some(Arc::new(gate)),
    })
}

async fn connect(env: &Env) -> anyhow::Result<Remotes> {
    let (settings, databases) = (&env.settings, &env.databases);
    let clock = || Arc::clone(&env.clock);
    Ok(Remotes {
        kv: kv::open(&settings.kv, databases, clock()).await.context("kv.url")?,
        bus: bus::open(&settings.bus, &TOPOLOGY, databases, clock()).await.context("bus.url")?,
    })
}

async fn open_stores(env: &Env) -> anyhow::Result<Stores> {
    let url = &env.settings.user.store;
    match url.scheme() {
        "sqlite" => {
            let database = env.databases.open(Path::new(url.path())).context("user.store")?;
            tables::prepare(&database).await.context("user.store")?;
            Ok(Stores {
                accounts: Arc::new(SqliteAccounts(database.clone())),
                profiles: Arc::new(SqliteProfiles(database.clone())),
                contacts: Arc::new(SqliteContacts(database.clone())),
                outbox: Arc::new(SqliteOutbox(database)),
            })
        }
        "mongodb" | "mongodb+srv" => {
            let mongo = Mongo::open(url.as_str()).await.context("user.store")?;
            Ok(Stores {
                accounts: Arc::new(MongoAccounts(mongo.clone())),
                profiles: Arc::new(MongoProfiles(mongo.clone())),
                contacts: Arc::new(MongoContacts(mongo.clone())),
                outbox: Arc::new(MongoOutbox(mongo)),
            })
        }
        other => {
            bail!("user.store: {other}: is not a store; use sqlite:PATH or mongodb://HOST/DATABASE")
        }
    }
}

fn assemble(env: &Env, remotes: &Remotes, stores: Stores) -> anyhow::Result<Ports> {
    let (tokens, secrets) = (&env.settings.tokens, &env.secrets);
    let missing =
        |key| format!("tokens.{key} is not set; take the output of `openssl rand -base64 32`");
    let seed = secrets.signing_key.with_context(|| missing("signing_key"))?;
    let pepper = secrets.pepper.with_context(|| missing("pepper"))?;
    let seal_key = secrets.seal_key.with_context(|| missing("seal_key"))?;
    let ttl = Duration::from_secs(tokens.access_ttl_s);
    let issuer = Issuer::new(seed, &tokens.issuer, &tokens.audience, ttl)?;
    Ok(Ports {
        accounts: stores.accounts,
        profiles: stores.profiles,
        contacts: stores.contacts,
        kv: Arc::clone(&remotes.kv),
        bus: Arc::clone(&remotes.bus),
        nudge: Nudge::default(),
        issuer: Arc::new(issuer),
        revocations: Revocations::new(Arc::clone(&remotes.kv), ttl),
        pepper: Pepper::new(&pepper),
        sealer: Sealer::new(seal_key)?,
        settings: Arc::clone(&env.settings),
        clock: Arc::clone(&env.clock),
        random: Arc::clone(&env.random),
    })
}

fn routes(ports: &Arc<Ports>) -> runtime::Routes {
    let ports = Data::new(Arc::clone(ports));
    Arc::new(move |config: &mut ServiceConfig| {
        config.app_data(ports.clone());
        login::http::routes(config);
        sessions::http::routes(config);
        devices::http::routes(config);
        preferences::http::routes(config);
        profiles::http::routes(config);
        contacts::http::routes(config);
        discovery::http::routes(config);
    })
}

fn checks(ports: &Arc<Ports>) -> Vec<Check> {
    let check = |name, critical, ping: fn(Arc<Ports>) -> Pinging| {
        let ports = Arc::clone(ports);
        Check::new(name, critical, move || ping(Arc::clone(&ports)))
    };
    vec![
        check("store", true, |ports| {
            Box::pin(async move { ports.accounts.ping().await.map_err(|error| error.to_string()) })
        }),
        check("kv", false, |ports| {
            Box::pin(async move { ports.kv.ping().await.map_err(|error| error.to_string()) })
        }),
        check("bus", false, |ports| {
            Box::pin(async move { ports.bus.ping().await.map_err(|error| error.to_string()) })
        }),
    ]
}

type Pinging = futures::future::BoxFuture<'static, Result<(), String>>;
