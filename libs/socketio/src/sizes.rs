//! What an idle websocket is made of, so that nobody makes it larger without noticing.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::SystemRandom;
use serde_json::value::RawValue;

use crate::keeper::Seat;
use crate::link::Link;
use crate::machine::transport::Transport;
use crate::queue::Queue;
use crate::{Config, Engine, Handler, Handshake, Refusal, Session, Socket};

struct Nobody;

#[async_trait]
impl Handler for Nobody {
    async fn connect(
        &self,
        _socket: Socket,
        _auth: Option<Box<RawValue>>,
        _handshake: Handshake,
    ) -> Result<Box<dyn Session>, Refusal> {
        Err(Refusal { message: "nobody".to_owned(), data: serde_json::Value::Null })
    }
}

#[actix_web::test]
async fn an_idle_websocket_is_small() {
    let engine = Engine::new(Config::default(), Arc::new(Nobody), Arc::new(SystemRandom));
    let link = Link::new(&engine.shared, Transport::Websocket, Handshake::default(), None);
    assert!(engine.shared.registry.add(&link));
    let (_client, server) = pair().await;
    let (read, write) = server.into_split();
    let source = crate::frames::Source::Direct(read);
    let frames = crate::frames::Frames::new(source, 1_000);
    let work = crate::websocket::carry(Seat::new(&link), frames);
    let sizes = [
        ("the session", size_of::<Link>(), 384),
        ("its queue", size_of::<Queue>(), 320),
        ("a socket in a namespace", Socket::SIZE, 192),
        ("reading and keeping", size_of_val(&work), 1_280),
    ];
    let work = crate::direct::run(
        write,
        bytes::Bytes::new(),
        Arc::clone(&link.queue),
        0,
        std::time::Duration::ZERO,
        work,
    );
    let task = ("the task that writes", size_of_val(&work), 896);
    for (what, bytes, most) in sizes.into_iter().chain([task]) {
        println!("{what}: {bytes} bytes");
        assert!(bytes <= most, "{what} takes {bytes} bytes");
    }
}

async fn pair() -> (tokio::net::TcpStream, tokio::net::TcpStream) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = tokio::net::TcpStream::connect(listener.local_addr().unwrap());
    let (client, server) = tokio::join!(client, listener.accept());
    (client.unwrap(), server.unwrap().0)
}
