//! A session over a websocket.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::rt;
use bytes::{Bytes, BytesMut};
use futures::Stream;
use tokio::time::{Instant, sleep_until};

use crate::CloseReason;
use crate::codec::engine;
use crate::engine::Shared;
use crate::frame::Frame;
use crate::frames::{Frames, Message};
use crate::keeper::Seat;
use crate::link::Link;
use crate::machine::transport::ProbeStep;
use crate::queue::Queue;

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

/// Begins a session: what is written, while a task of its own reads.
pub(crate) fn open(shared: &Shared, link: &Arc<Link>, frames: Frames) -> Outgoing {
    let sid = link.sid.written(&shared.config.instance);
    link.queue.push(Frame::Text(engine::open(&sid, &[], &shared.config)));
    let seat = Seat::new(link);
    rt::spawn(carry(seat, frames));
    Outgoing::new(link, 0)
}

/// Reads and keeps the session.
async fn carry(seat: Seat, mut frames: Frames) {
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

/// Tries a websocket for a session of long polling. `None`: there is another already, or was.
pub(crate) fn probe(link: &Arc<Link>, frames: Frames) -> Option<Outgoing> {
    let by = Instant::now() + link.shared.config.upgrade_timeout;
    let number = link.queue.open_probe()?;
    let link = Arc::clone(link);
    let outgoing = Outgoing::new(&link, number);
    rt::spawn(async move { change_over(&link, frames, number, by).await });
    Some(outgoing)
}

/// Reads a websocket until the client has changed over to it, and then for the session.
async fn change_over(link: &Arc<Link>, mut frames: Frames, number: u32, by: Instant) {
    let carries = tokio::select! {
        biased;
        _ = link.queue.closing() => false,
        () = sleep_until(by) => false,
        carries = probed(link, &mut frames) => carries,
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
pub(crate) fn goodbye(reason: CloseReason) -> Bytes {
    let mut out = BytesMut::new();
    Frame::Close(reason).write(&mut out);
    out.freeze()
}
