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

/// Sockets of an instance that goes away are closed over this time, so that they do not all come back at once.
const DRAIN_SPREAD: Duration = Duration::from_secs(2);

/// The engine that lets people in through the gate.
pub fn engine(env: &Env, live: &Arc<Live>, gate: &Arc<Gate>) -> Engine {
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
