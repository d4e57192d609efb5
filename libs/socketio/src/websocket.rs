//! A session over a websocket.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_http::ResponseBuilder;
use actix_http::body::{BodyStream, MessageBody};
use actix_web::rt::net::TcpStream;
use actix_web::web::Payload;
use actix_web::{HttpResponse, rt};
use bytes::{Bytes, BytesMut};
use futures::Stream;
use tokio::time::{Instant, sleep, sleep_until};

use crate::codec::engine;
use crate::frame::Frame;
use crate::frames::{Frames, Message, Source};
use crate::keeper::Seat;
use crate::link::Link;
use crate::machine::transport::ProbeStep;
use crate::queue::Queue;
use crate::{CloseReason, direct};

/// The body of the websocket's response: what is queued, as the web server is ready to write it.
pub(crate) struct Outgoing {
    queue: Arc<Queue>,
    number: u32,
    bytes_out: metrics::Counter,
}

impl Outgoing {
    fn new(link: &Link, number: u32) -> Self {
        let bytes_out = metrics::counter!("socket_bytes_out");
        Self { queue: Arc::clone(&link.queue), number, bytes_out }
    }
}

impl Stream for Outgoing {
    type Item = Result<Bytes, actix_web::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = self.queue.poll_chunk(self.number, context);
        if let Poll::Ready(Some(bytes)) = &chunk {
            self.bytes_out.increment(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        }
        chunk.map(|bytes| bytes.map(Ok))
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.queue.lost(self.number);
    }
}

/// What a websocket comes on.
pub(crate) struct Wire {
    /// The connection, if it can be taken over.
    pub(crate) stream: Option<TcpStream>,
    /// What the web server reads of it otherwise.
    pub(crate) payload: Payload,
    /// The answer to its handshake.
    pub(crate) handshake: ResponseBuilder,
}

/// Begins a session.
pub(crate) fn open(link: &Arc<Link>, wire: Wire) -> Option<HttpResponse> {
    let config = &link.shared.config;
    let sid = link.sid.written(&config.instance);
    link.queue.push(Frame::Text(engine::open(&sid, &[], config)));
    let seat = Seat::new(link);
    run(link, wire, 0, |frames| carry(seat, frames))
}

/// Reads and writes a websocket.
fn run<W: Future<Output = ()> + 'static>(
    link: &Arc<Link>,
    mut wire: Wire,
    number: u32,
    work: impl FnOnce(Frames) -> W,
) -> Option<HttpResponse> {
    let config = &link.shared.config;
    let frames = |source| Frames::new(source, config.max_payload_bytes);
    if let Some(stream) = wire.stream {
        let handshake = wire.handshake.finish().drop_body();
        let (read, write) = stream.into_split();
        let work = work(frames(Source::Direct(read)));
        let queue = Arc::clone(&link.queue);
        direct::serve(write, &handshake, queue, number, config.farewell_timeout, work);
        return Some(direct::give_up());
    }
    rt::spawn(work(frames(Source::Http(wire.payload))));
    let body = BodyStream::<Outgoing>::new(Outgoing::new(link, number)).boxed();
    wire.handshake.message_body(body).map(HttpResponse::from).ok()
}

/// Reads and keeps the session.
pub(crate) async fn carry(seat: Seat, mut frames: Frames) {
    let reason = tokio::select! {
        biased;
        reason = seat.mind() => reason,
        reason = read(seat.link(), &mut frames) => {
            seat.link().queue.close(reason);
            reason
        }
    };
    seat.leave(reason, None).await;
}

async fn read(link: &Arc<Link>, frames: &mut Frames) -> CloseReason {
    loop {
        let heard = match frames.next().await {
            Ok(message) => hear(link, message).await,
            Err(reason) => Err(reason),
        };
        if let Err(reason) = heard {
            return reason;
        }
    }
}

async fn hear(link: &Arc<Link>, message: Message) -> Result<(), CloseReason> {
    match message {
        Message::Text(bytes) => link.text(&bytes).await,
        Message::Binary(bytes) => link.binary(bytes),
        Message::Ping(bytes) => {
            link.queue.push(Frame::Pong(bytes));
            Ok(())
        }
        Message::Close => Err(CloseReason::TransportClosed),
    }
}

/// Tries a websocket for a session of long polling.
pub(crate) fn probe(link: &Arc<Link>, mut wire: Wire) -> Option<HttpResponse> {
    let by = Instant::now() + link.shared.config.upgrade_timeout;
    let Some(number) = link.queue.open_probe() else {
        // There is another already, or was. As the official server does: the handshake succeeds, and nothing comes of it.
        let goodbye = goodbye(CloseReason::ProtocolError);
        let body = BodyStream::new(futures::stream::iter([Ok::<_, actix_web::Error>(goodbye)]));
        return wire.handshake.message_body(body.boxed()).map(HttpResponse::from).ok();
    };
    let of = Arc::clone(link);
    run(link, wire, number, |frames| async move { change_over(&of, frames, number, by).await })
}

/// Reads a websocket until the client has changed over to it, and then for the session.
async fn change_over(link: &Arc<Link>, mut frames: Frames, number: u32, by: Instant) {
    let carries = tokio::select! {
        biased;
        carries = probed(link, &mut frames) => carries,
        () = given_up(link, by) => false,
    };
    if !carries {
        return link.queue.close_probe(number);
    }
    tokio::select! {
        biased;
        _ = link.queue.closing() => {}
        reason = read(link, &mut frames) => link.queue.close(reason),
    }
}

/// Waits until it is of no use any more to change over.
async fn given_up(link: &Link, by: Instant) {
    let reason = tokio::select! {
        () = sleep_until(by) => return,
        reason = link.queue.closing() => reason,
    };
    if reason.is_told() {
        // The client may be between its last GET and the change: it is still to hear what was said last.
        sleep(link.shared.config.farewell_timeout).await;
    }
}

/// Whether the client changes over.
async fn probed(link: &Link, frames: &mut Frames) -> bool {
    while let Ok(message) = frames.next().await {
        let Message::Text(text) = message else { return false };
        match link.queue.probed(&text) {
            ProbeStep::Answer => {}
            ProbeStep::Switch => return true,
            ProbeStep::Fail => return false,
        }
    }
    false
}

/// What is written on a websocket that is not wanted.
fn goodbye(reason: CloseReason) -> Bytes {
    let mut out = BytesMut::new();
    Frame::Close(reason).write(&mut out);
    out.freeze()
}
