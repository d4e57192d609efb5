//! What the service offers outside: routes, sockets, health, and an orderly end.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Data, ServiceConfig};
use auth::Gate;
use runtime::{Check, Env};
use serde_json::json;
use settings::Environment;
use socketio::{Config, Engine, OriginPolicy, Packet};

use super::{Remotes, seconds};
use crate::chat::Chat;
use crate::live::socket::door::Door;
use crate::live::socket::listen::Live;
use crate::{conversations, delivery, messages, reading, sync};

/// The engine that lets people in through the gate.
pub fn engine(env: &Env, live: &Arc<Live>, gate: &Arc<Gate>) -> Engine {
    let settings = &env.settings;
    let (limits, sockets) = (&settings.chat.limits, &settings.chat.sockets);
    let config = Config {
        instance: sockets.instance.clone(),
        ping_interval: seconds(sockets.ping_interval_s),
        ping_timeout: seconds(sockets.ping_timeout_s),
        connect_timeout: seconds(sockets.connect_timeout_s),
        upgrade_timeout: seconds(sockets.upgrade_timeout_s),
        body_timeout: seconds(sockets.body_timeout_s),
        farewell_timeout: seconds(sockets.farewell_timeout_s),
        max_payload_bytes: limits.frame_bytes,
        // Nothing that clients say comes in binary.
        max_attachments: 0,
        queue_bytes: limits.socket_queue_bytes,
        queue_packets: sockets.queue_packets,
        max_in_flight: sockets.events_in_flight,
        max_per_address: sockets.per_address,
        allowed_origins: origins(&settings.server),
        ..Config::default()
    };
    let door = Door { live: Arc::clone(live), gate: Arc::clone(gate) };
    let trusted = settings.server.trusted_proxies.clone();
    Engine::builder(config, Arc::clone(&env.random))
        .namespace("/", Arc::new(door))
        .address(move |handshake| {
            let forwarded = handshake.forwarded_for.as_deref().unwrap_or_default();
            Some(web::client_address(handshake.peer?.ip(), forwarded, &trusted))
        })
        .build()
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

/// Every route of the service.
pub fn routes(chat: &Arc<Chat>, engine: &Engine) -> runtime::Routes {
    let chat = Data::new(Arc::clone(chat));
    let engine = engine.clone();
    Arc::new(move |config: &mut ServiceConfig| {
        config.app_data(chat.clone());
        conversations::http::routes(config);
        conversations::people::http::routes(config);
        messages::http::routes(config);
        delivery::http::routes(config);
        reading::http::routes(config);
        sync::http::routes(config);
        engine.configure(config);
    })
}

/// What the service depends on.
pub fn checks(chat: &Arc<Chat>, remotes: &Remotes) -> Vec<Check> {
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
pub fn drain(env: &Env, chat: &Arc<Chat>, engine: Engine) -> runtime::Drain {
    let patience = seconds(env.settings.server.shutdown_s);
    let spread = Duration::from_millis(env.settings.chat.sockets.drain_spread_ms);
    let chat = Arc::clone(chat);
    Arc::new(move || {
        let (chat, engine) = (Arc::clone(&chat), engine.clone());
        Box::pin(async move {
            let notice = Packet::event("server:draining", &json!({ "reconnectIn": 1 })).ok();
            let finish = async {
                engine.drain(notice, spread).await;
                chat.appender.idle().await;
                chat.fold.idle().await;
            };
            if tokio::time::timeout(patience, finish).await.is_err() {
                tracing::warn!("not everything that was accepted could be finished in time");
            }
        })
    })
}
