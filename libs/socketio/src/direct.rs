//! A websocket on the connection itself, without the web server's part.
//!
//! The web server keeps two buffers of 8 KB and the state of a request for each connection, which for a websocket it needs no
//! more. So the connection is taken over once the handshake is checked: the engine holds a second handle to it, answers by
//! itself, and lets the web server give up its own.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::io;
use std::net::TcpStream as StdStream;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_http::Response;
use actix_http::body::{BodyStream, MessageBody};
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use actix_web::{HttpRequest, HttpResponse, rt};
use bytes::{Bytes, BytesMut};
use tokio::io::AsyncReadExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use crate::queue::Queue;
use crate::unread::give_up_unread;

/// Read at once. Held only while there is something to read.
const READ_BYTES: usize = 4 * 1024;

/// A second handle to a connection.
struct Handle(Mutex<Option<StdStream>>);

/// Prepares a connection for the engine; meant for `HttpServer::on_connect`. It is given up when its client acknowledged, or
/// took, nothing for that long: a socket that is closed for not reading frees its queue at once, but what the system had
/// taken over would hold the connection for as long as the client keeps it open. And websockets are taken over from the web
/// server, which saves most of their memory.
pub fn on_connect(connection: &dyn Any, data: &mut Extensions, unread: Duration) {
    give_up_unread(connection, unread);
    let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
    // Without it, websockets stay with the web server and work as well.
    if let Ok(handle) = stream.as_fd().try_clone_to_owned() {
        data.insert(Handle(Mutex::new(Some(StdStream::from(handle)))));
    }
}

/// Gives the second handle of a request's connection up, since it is used for other than websockets: it is a file of the
/// process.
pub fn keep_http(request: &HttpRequest) {
    drop(take(request));
}

fn take(request: &HttpRequest) -> Option<StdStream> {
    let handle = request.conn_data::<Handle>()?;
    handle.0.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// The connection of a request, if it can be taken over.
pub(crate) fn stream(request: &HttpRequest) -> Option<TcpStream> {
    TcpStream::from_std(take(request)?).ok()
}

/// Lets the web server give its part of the connection up: a body that fails ends it on the spot, with nothing written.
///
/// The web server logs that as an error, and `telemetry.filter` leaves it out. Every quieter end shuts the connection down, which
/// is ours as well, and the hook for upgrades in `actix_http` is not open to applications of `actix_web`.
pub(crate) fn give_up() -> HttpResponse {
    let fails = io::Error::other("the connection is taken over");
    let body = BodyStream::new(futures::stream::iter([Err::<Bytes, _>(fails)]));
    HttpResponse::SwitchingProtocols().upgrade("websocket").body(body.boxed())
}

/// Answers the handshake, then writes what is queued for the websocket of that number for as long as `work` goes on, which
/// reads; and then what is left.
pub(crate) fn serve(
    stream: OwnedWriteHalf,
    handshake: &Response<()>,
    queue: Arc<Queue>,
    number: u32,
    patience: Duration,
    work: impl Future<Output = ()> + 'static,
) {
    rt::spawn(run(stream, head(handshake), queue, number, patience, work));
}

pub(crate) fn run(
    stream: OwnedWriteHalf,
    head: Bytes,
    queue: Arc<Queue>,
    number: u32,
    patience: Duration,
    work: impl Future<Output = ()>,
) -> impl Future<Output = ()> {
    // Else the task would hold it twice: where it comes in, and where it is polled.
    let mut work = Box::pin(work);
    async move {
        let mut write = std::pin::pin!(async {
            // A connection that cannot be written to is lost.
            let _ = pump(&stream, head, &queue, number).await;
            queue.lost(number);
        });
        tokio::select! {
            biased;
            () = &mut write => work.await,
            () = &mut work => {
                // Whoever does not take it in time has lost the connection.
                let _ = timeout(patience, write).await;
            }
        }
    }
}

async fn pump(stream: &OwnedWriteHalf, head: Bytes, queue: &Queue, number: u32) -> io::Result<()> {
    let bytes_out = metrics::counter!("socket_bytes_out");
    write(stream, &head).await?;
    drop(head);
    while let Some(chunk) = poll_fn(|context| queue.poll_chunk(number, context)).await {
        write(stream, &chunk).await?;
        bytes_out.increment(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
    }
    Ok(())
}

async fn write(stream: &OwnedWriteHalf, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.try_write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The next bytes; `None` at the end.
pub(crate) async fn read(stream: &mut OwnedReadHalf) -> Option<Bytes> {
    stream.readable().await.ok()?;
    let mut buffer = BytesMut::with_capacity(READ_BYTES);
    let read = stream.read_buf(&mut buffer).await.ok()?;
    (read > 0).then(|| buffer.freeze())
}

fn head(handshake: &Response<()>) -> Bytes {
    let mut head = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n".to_vec();
    for (name, value) in handshake.headers() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    Bytes::from(head)
}
