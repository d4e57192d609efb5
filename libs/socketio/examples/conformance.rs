//! The server that the protocols' own test suites expect: `PORT=3000 cargo run -p socketio --example conformance`.
//!
//! At `/engine.io/` it speaks Engine.IO v4 and sends every message back. At `/socket.io/` it speaks Socket.IO v5 with the
//! namespaces `/` and `/custom`: a client that connects is sent what it brought as the event `auth`; `message` comes back as
//! `message-back`; `message-with-ack` is acknowledged with its arguments.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpServer};
use async_trait::async_trait;
use futures::future::{BoxFuture, ready};
use kernel::{Random, SystemRandom};
use serde_json::value::RawValue;
use socketio::{
    Answer, CloseReason, Config, Engine, Event, Handler, Handshake, Message, OriginPolicy, Packet,
    RawHandler, RawSession, RawSocket, Refusal, Session, Socket,
};

/// The suites listen for the event `auth` only after they have heard the answer to CONNECT. A client that finds both in one
/// read would miss it.
const AFTER_CONNECT: Duration = Duration::from_millis(20);

/// A connection whose client takes nothing ends after this.
const UNREAD: Duration = Duration::from_secs(30);

/// Sends everything back.
struct Echo;

struct EchoSession(RawSocket);

impl RawHandler for Echo {
    fn open(&self, socket: RawSocket, _handshake: Handshake) -> Box<dyn RawSession> {
        Box::new(EchoSession(socket))
    }
}

impl RawSession for EchoSession {
    fn message(&self, message: Message) {
        // A full queue closes the connection by itself.
        let _ = self.0.send(&message);
    }

    fn closed(&self, _reason: &CloseReason) {}
}

struct Namespace;

struct Member(Socket);

#[async_trait]
impl Handler for Namespace {
    async fn connect(
        &self,
        socket: Socket,
        auth: Option<Box<RawValue>>,
        _handshake: Handshake,
    ) -> Result<Box<dyn Session>, Refusal> {
        let brought = auth.as_ref().map_or("{}", |auth| auth.get());
        let packet = Packet::event_from_json("auth", brought.as_bytes());
        let greeted = socket.clone();
        actix_web::rt::spawn(async move {
            tokio::time::sleep(AFTER_CONNECT).await;
            // It may have gone meanwhile.
            let _ = greeted.send(&packet);
        });
        Ok(Box::new(Member(socket)))
    }
}

impl Session for Member {
    fn event(&self, event: Event) -> BoxFuture<'static, Answer> {
        let Event { name, args, attachments } = event;
        let answer = match name.as_str() {
            "message" => {
                let _ = self.0.send(&Packet::event_with("message-back", &args, attachments));
                Answer::none()
            }
            "message-with-ack" => Answer::with(args, attachments),
            _ => Answer::none(),
        };
        Box::pin(ready(answer))
    }

    fn disconnected(&self, _reason: &CloseReason) {}
}

fn config(path: &str) -> Config {
    Config {
        path: path.to_owned(),
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_millis(200),
        connect_timeout: Duration::from_secs(1),
        max_payload_bytes: 1_000_000,
        max_attachment_bytes: 1_000_000,
        queue_bytes: 4_000_000,
        allowed_origins: OriginPolicy::Any,
        ..Config::default()
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = match std::env::var("PORT") {
        Ok(port) => port.parse().map_err(std::io::Error::other)?,
        Err(_) => 3_000,
    };
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let raw = Engine::raw(config("/engine.io"), Arc::new(Echo), Arc::clone(&random));
    let engine = Engine::builder(config("/socket.io"), random)
        .namespace("/", Arc::new(Namespace))
        .namespace("/custom", Arc::new(Namespace))
        .build();
    HttpServer::new(move || {
        App::new()
            .configure(|services| raw.configure(services))
            .configure(|services| engine.configure(services))
    })
    // What two connections of one client send in some order is then handled in it.
    .workers(1)
    // A client that gives a waiting GET up is to be noticed.
    .h1_allow_half_closed(false)
    .tcp_nodelay(true)
    .on_connect(|connection, data| socketio::on_connect(connection, data, UNREAD))
    .bind(("127.0.0.1", port))?
    .run()
    .await
}
