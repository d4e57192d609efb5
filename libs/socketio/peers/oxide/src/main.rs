//! What `examples/load.rs` does, on `socketioxide`: `oxide-peer 127.0.0.1:3000`.

use std::time::Duration;

use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn connected(socket: SocketRef) {
    socket.on("echo", |ack: AckSender, Data(value): Data<Value>| async move {
        let _ = ack.send(&value);
    });
    socket.on("blast", |io: SocketIo, Data(value): Data<Value>| async move {
        let _ = io.emit("n", &value).await;
    });
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let (layer, io) = SocketIo::builder()
        .ping_interval(Duration::from_hours(1))
        .max_buffer_size(65_536)
        .build_layer();
    io.ns("/", async |socket: SocketRef| connected(socket));
    let app = axum::Router::new().layer(layer);
    let listener = tokio::net::TcpListener::bind(listen).await?;
    axum::serve(axum::serve::ListenerExt::tap_io(listener, |stream| {
        let _ = stream.set_nodelay(true);
    }), app)
    .await?;
    Ok(())
}
