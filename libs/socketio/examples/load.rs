//! The engine under load, for `scripts/bench sockets`: `cargo run --release -p socketio --example load -- 127.0.0.1:3000`.
//!
//! `echo` is acknowledged with its argument. `blast` sends its argument, as the event `n`, to every client that is connected.
//! Everything runs on one worker thread, as its peers do.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use actix_web::{App, HttpServer};
use async_trait::async_trait;
use futures::future::{BoxFuture, ready};
use kernel::SystemRandom;
use serde_json::value::RawValue;
use socketio::{
    Answer, CloseReason, Config, Engine, Event, Handler, Handshake, OriginPolicy, Packet, Refusal,
    Session, Socket, SocketId,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A connection whose client takes nothing ends after this.
const UNREAD: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Room {
    engine: OnceLock<Engine>,
    ids: Mutex<Vec<SocketId>>,
}

struct Door(Arc<Room>);

struct Guest(Arc<Room>);

#[async_trait]
impl Handler for Door {
    async fn connect(
        &self,
        socket: Socket,
        _auth: Option<Box<RawValue>>,
        _handshake: Handshake,
    ) -> Result<Box<dyn Session>, Refusal> {
        self.0.ids.lock().unwrap_or_else(PoisonError::into_inner).push(socket.id());
        Ok(Box::new(Guest(Arc::clone(&self.0))))
    }
}

impl Session for Guest {
    fn event(&self, event: Event) -> BoxFuture<'static, Answer> {
        let mut args = event.args.into_iter();
        if event.name == "echo" {
            return Box::pin(ready(Answer::from(args.next())));
        }
        if let (Some(engine), Some(arg)) = (self.0.engine.get(), args.next()) {
            let ids = self.0.ids.lock().unwrap_or_else(PoisonError::into_inner);
            engine.broadcast(&ids, &Packet::event_from_json("n", arg.get().as_bytes()));
        }
        Box::pin(ready(Answer::none()))
    }

    fn disconnected(&self, _reason: &CloseReason) {}
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let room = Arc::new(Room::default());
    let config = Config {
        allowed_origins: OriginPolicy::Any,
        // Idle clients of the load generator answer no pings.
        ping_interval: Duration::from_hours(1),
        queue_bytes: 4 * 1024 * 1024,
        queue_packets: 65_536,
        ..Config::default()
    };
    let engine = Engine::new(config, Arc::new(Door(Arc::clone(&room))), Arc::new(SystemRandom));
    let _ = room.engine.set(engine.clone());
    HttpServer::new(move || App::new().configure(|services| engine.configure(services)))
        .workers(1)
        .backlog(4_096)
        .max_connections(100_000)
        .h1_allow_half_closed(false)
        .tcp_nodelay(true)
        .on_connect(|connection, data| socketio::on_connect(connection, data, UNREAD))
        .bind(listen)?
        .run()
        .await
}
