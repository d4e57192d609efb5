//! A server to try a client against: `cargo run -p socketio --example echo -- 127.0.0.1:3000`.
//!
//! `echo` is acknowledged with its first argument; anything else comes back as an event of the same name with its arguments
//! in one array. The token `bad` is refused; `logout` closes the socket for good, `drop` closes it so that the client comes
//! back.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpServer};
use async_trait::async_trait;
use futures::future::{BoxFuture, ready};
use kernel::SystemRandom;
use serde_json::value::RawValue;
use socketio::{
    Answer, CloseReason, Config, Engine, Event, Handler, Handshake, OriginPolicy, Packet, Refusal,
    Session, Socket,
};

/// A connection whose client takes nothing ends after this.
const UNREAD: Duration = Duration::from_secs(30);

struct Echo;

struct EchoSession(Socket);

#[async_trait]
impl Handler for Echo {
    async fn connect(
        &self,
        socket: Socket,
        auth: Option<Box<RawValue>>,
        _handshake: Handshake,
    ) -> Result<Box<dyn Session>, Refusal> {
        if auth.as_ref().is_some_and(|auth| auth.get().contains("\"bad\"")) {
            let data = serde_json::json!({"code": "UNAUTHORIZED"});
            return Err(Refusal { message: "token refused".to_owned(), data });
        }
        let hello = auth.as_ref().map_or("null", |auth| auth.get());
        // A full queue closes the socket by itself.
        let _ = socket.send(&Packet::event_from_json("auth", hello.as_bytes()));
        Ok(Box::new(EchoSession(socket)))
    }
}

impl Session for EchoSession {
    fn event(&self, event: Event) -> BoxFuture<'static, Answer> {
        let Event { name, args, .. } = event;
        match name.as_str() {
            "echo" => return Box::pin(ready(Answer::from(args.into_iter().next()))),
            "logout" => self.0.close(CloseReason::ServerDisconnect),
            "drop" => self.0.close(CloseReason::Draining),
            _ => {
                if let Ok(packet) = Packet::event(&name, &args) {
                    let _ = self.0.send(&packet);
                }
            }
        }
        Box::pin(ready(Answer::none()))
    }

    fn disconnected(&self, reason: &CloseReason) {
        println!("{} is gone: {reason}", self.0.id());
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let config = Config { allowed_origins: OriginPolicy::Any, ..Config::default() };
    let engine = Engine::new(config, Arc::new(Echo), Arc::new(SystemRandom));
    HttpServer::new(move || App::new().configure(|services| engine.configure(services)))
        .h1_allow_half_closed(false)
        .tcp_nodelay(true)
        .on_connect(|connection, data| socketio::on_connect(connection, data, UNREAD))
        .bind(listen)?
        .run()
        .await
}
