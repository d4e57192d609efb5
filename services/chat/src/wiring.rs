//! Puts the service together. The only place that picks adapters.

mod doors;
pub(crate) mod epochs;
pub(crate) mod stores;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use auth::{Gate, Revocations};
use bus::Bus;
use contracts::events::{CHAT_EVENTS, TOPOLOGY};
use contracts::{DirectoryKeys, GrpcUserDirectory, UserDirectory};
use fanout::Fanout;
use kernel::{Clock, EntryId, Random};
use kv::Kv;
use runtime::{Env, Parts};
use settings::Chat as ChatSettings;

use self::stores::Stores;
use crate::chat::Chat;
use crate::conversations::members::Members;
use crate::delivery::fold::{self, Fold};
use crate::delivery::known::Ends;
use crate::delivery::sweep;
use crate::live::announce::Announcer;
use crate::live::socket::hub::Hub;
use crate::live::socket::listen::Live;
use crate::log::append::{self, Appender};
use crate::messages::digest::Digester;
use crate::messages::pace::Pace;
use crate::openapi;
use crate::own::notes::{self, Notes};
use crate::people::directory::People;
use crate::people::queue;
use crate::presence::leases::Leases;
use crate::receipts::ticks::{self, Ticks};

/// Consumers of events from other services: a slow one does not keep the closing of sockets waiting.
const CONSUMERS: usize = 4;
/// Events that one consumer has in hand.
const PREFETCH: u16 = 4;
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
    let stores = stores::open(env).await?;
    let log = Arc::clone(&stores.log);
    let chat = Arc::new(assemble(outside(env, &remotes)?, stores));
    let listener = remotes.fanout.listen().await.context("fanout.url")?;
    let hub = Hub::start(listener, log).await.context("fanout.url")?;
    let ttl = seconds(env.settings.tokens.access_ttl_s);
    let revocations = Revocations::new(Arc::clone(&remotes.kv), ttl);
    let leases = leases(env, &remotes);
    let live = Arc::new(Live::new(Arc::clone(&chat), hub, revocations, leases));
    let gate = gate(env, &remotes);
    let engine = doors::engine(env, &live, &gate);
    spawn(env, &remotes, &live).await?;
    let parts = Parts {
        routes: doors::routes(&chat, &engine),
        checks: doors::checks(&chat, &remotes),
        drains: vec![doors::drain(env, &chat, engine)],
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

/// What an instance works with besides its stores.
#[derive(Debug)]
pub(crate) struct Outside {
    /// Limits and intervals.
    pub settings: ChatSettings,
    /// Makes digests of what clients send.
    pub digest_key: [u8; 32],
    /// The user service.
    pub directory: Arc<dyn UserDirectory>,
    /// Live events.
    pub fanout: Arc<dyn Fanout>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for epochs and jitter.
    pub random: Arc<dyn Random>,
}

/// Puts an instance together. Its tasks run on the runtime that this is called on.
pub(crate) fn assemble(outside: Outside, stores: Stores) -> Chat {
    let Outside { settings, digest_key, directory, fanout, clock, random } = outside;
    let Stores { conversations, changes, log, entries, delivery } = stores;
    let announcer = Announcer::new(fanout, settings.live.event_bytes);
    let members = Arc::new(Members::new(
        Arc::clone(&conversations),
        Arc::clone(&log),
        Arc::clone(&clock),
        seconds(settings.log.head_cache_s),
    ));
    let appender = Appender::new(append::Parts {
        log: Arc::clone(&log),
        conversations: Arc::clone(&conversations),
        members: Arc::clone(&members),
        announcer: announcer.clone(),
        clock: Arc::clone(&clock),
        random: Arc::clone(&random),
        limits: append::Limits {
            waiting: settings.log.queue_all,
            lane: settings.log.queue,
            writes: settings.log.writes,
            patience: Duration::from_millis(settings.log.append_timeout_ms),
        },
    });
    let limits = fold::Limits {
        interval: Duration::from_millis(settings.delivery.fold_ms),
        most: Duration::from_millis(settings.delivery.fold_most_ms),
        waiting: settings.delivery.queue,
    };
    let people = Arc::new(People::new(directory, Arc::clone(&clock)));
    let ticks = Arc::new(Ticks::new(ticks::Parts {
        people: Arc::clone(&people),
        conversations: Arc::clone(&conversations),
        delivery: Arc::clone(&delivery),
        announcer: announcer.clone(),
        clock: Arc::clone(&clock),
        settings: settings.receipts.clone(),
    }));
    let fold = Fold::new(fold::Parts {
        delivery: Arc::clone(&delivery),
        log: Arc::clone(&log),
        conversations: Arc::clone(&conversations),
        ticks: Arc::clone(&ticks),
        limits,
    });
    Chat {
        members,
        people,
        pace: Pace::new(&settings.limits),
        digester: Digester::new(&digest_key),
        clock,
        random,
        conversations,
        changes,
        log,
        entries,
        delivery,
        appender,
        fold,
        ends: Ends::default(),
        notes: Notes::default(),
        announcer,
        ticks,
        settings,
    }
}

fn outside(env: &Env, remotes: &Remotes) -> anyhow::Result<Outside> {
    let digest_key = env
        .secrets
        .digest_key
        .context("tokens.digest_key is not set; make one with `openssl rand -base64 32`")?;
    Ok(Outside {
        settings: env.settings.chat.clone(),
        digest_key,
        directory: Arc::clone(&remotes.directory),
        fanout: Arc::clone(&remotes.fanout),
        clock: Arc::clone(&env.clock),
        random: Arc::clone(&env.random),
    })
}

/// This instance's leases bear a name of their own, so that it does not take those of its predecessor for its own.
fn leases(env: &Env, remotes: &Remotes) -> Leases {
    let settings = &env.settings.chat.presence;
    let instance = EntryId::new_v7(env.clock.now(), &*env.random).to_string();
    let (life, seen) = (seconds(settings.lease_s), seconds(settings.last_seen_s));
    Leases::new(Arc::clone(&remotes.kv), instance, life, seen)
}

fn gate(env: &Env, remotes: &Remotes) -> Arc<Gate> {
    let tokens = &env.settings.tokens;
    let keys = Arc::new(DirectoryKeys(Arc::clone(&remotes.directory)));
    let kv = Arc::clone(&remotes.kv);
    Arc::new(Gate::new(keys, &tokens.issuer, &tokens.audience, kv, Arc::clone(&env.clock)))
}

async fn spawn(env: &Env, remotes: &Remotes, live: &Arc<Live>) -> anyhow::Result<()> {
    for _ in 0..CONSUMERS {
        let consumer = remotes.bus.consume(CHAT_EVENTS, PREFETCH).await.context("bus.url")?;
        let chat = Arc::clone(&live.chat);
        env.tasks.spawn("chat events", |stop| queue::consume(chat, consumer, stop));
    }
    let announcer = live.chat.announcer.clone();
    let chat = Arc::clone(&live.chat);
    env.tasks.spawn("notes", |stop| notes::write(chat, stop));
    env.tasks.spawn("untold heads", |stop| announcer.tell_again(stop));
    let (chat, kv) = (Arc::clone(&live.chat), Arc::clone(&remotes.kv));
    env.tasks.spawn("retention", |stop| sweep::sweep_regularly(chat, kv, stop));
    env.tasks.spawn("live events", |stop| Arc::clone(live).listen(stop));
    env.tasks.spawn("heads", |stop| Arc::clone(live).make_good(stop));
    env.tasks.spawn("typing", |stop| Arc::clone(live).end_typing(stop));
    env.tasks.spawn("presence", |stop| Arc::clone(&live.presence).tell_on(stop));
    env.tasks.spawn("presence leases", |stop| Arc::clone(&live.presence).renew_on(stop));
    env.tasks.spawn("presence of others", |stop| Arc::clone(&live.presence).reread_on(stop));
    let ticks = Arc::clone(&live.chat.ticks);
    env.tasks.spawn("receipts", |stop| ticks.tell_on(stop));
    env.tasks.spawn("tokens", |stop| Arc::clone(live).watch_tokens(stop));
    Ok(())
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
