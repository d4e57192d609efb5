//! What waits for one client.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use actix_http::ws::{CloseReason as WsClose, OpCode, Parser};
use bytes::{Bytes, BytesMut};

use crate::{CloseReason, Config, SendError};

/// Bytes that are handed to the connection at once: a burst of packets goes out in one write.
const CHUNK_BYTES: usize = 16 * 1024;
/// The longest header of a frame from a server.
const HEADER_BYTES: usize = 10;

/// A websocket frame to send.
#[derive(Debug)]
pub(crate) enum Frame {
    Text(Bytes),
    Pong(Bytes),
    Close(CloseReason),
}

impl Frame {
    fn len(&self) -> usize {
        match self {
            Self::Text(bytes) | Self::Pong(bytes) => bytes.len(),
            Self::Close(_) => 2,
        }
    }

    fn write(self, out: &mut BytesMut) {
        match self {
            Self::Text(bytes) => Parser::write_message(out, bytes, OpCode::Text, true, false),
            Self::Pong(bytes) => Parser::write_message(out, bytes, OpCode::Pong, true, false),
            Self::Close(reason) => {
                let close = WsClose { code: reason.code(), description: None };
                Parser::write_close(out, Some(close), false);
            }
        }
    }
}

/// The bounded queue between everyone who sends to a socket and the connection that writes. Packets that are sent before
/// the client's CONNECT is answered are held back behind the answer.
#[derive(Debug)]
pub(crate) struct Queue {
    max_bytes: usize,
    max_packets: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    ready: VecDeque<Frame>,
    held: VecDeque<Frame>,
    /// Bytes in both.
    bytes: usize,
    /// CONNECT was answered: packets are no longer held.
    open: bool,
    closing: Option<CloseReason>,
    /// Nothing more will be queued; the connection ends after what is ready.
    ended: bool,
    writer: Option<Waker>,
    keeper: Option<Waker>,
}

impl Queue {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            max_bytes: config.queue_bytes,
            max_packets: config.queue_packets,
            inner: Mutex::default(),
        }
    }

    /// Queues a packet of the service.
    pub(crate) fn send(&self, packet: Bytes) -> Result<(), SendError> {
        let mut inner = self.lock();
        let frame = Frame::Text(packet);
        if inner.open { self.put(inner, frame) } else { self.hold(&mut inner, frame) }
    }

    /// Queues a frame of the protocol itself; nothing holds it back.
    pub(crate) fn push(&self, frame: Frame) {
        // A full or closed queue ends the connection by itself.
        let _ = self.put(self.lock(), frame);
    }

    /// Lets packets go, behind the answer to CONNECT.
    pub(crate) fn open(&self, answer: Bytes) {
        let mut inner = self.lock();
        inner.open = true;
        inner.bytes += answer.len();
        inner.ready.push_back(Frame::Text(answer));
        let mut held = std::mem::take(&mut inner.held);
        inner.ready.append(&mut held);
        wake_writer(inner);
    }

    /// Drops what was sent to a client that was refused.
    pub(crate) fn forget_held(&self) {
        let mut inner = self.lock();
        let held = std::mem::take(&mut inner.held);
        inner.bytes -= held.iter().map(Frame::len).sum::<usize>();
    }

    /// Asks for the end of the connection.
    pub(crate) fn close(&self, reason: CloseReason) {
        let mut inner = self.lock();
        close(&mut inner, reason);
        wake_keeper(inner);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.lock().closing.is_some()
    }

    /// Why the connection is to end.
    pub(crate) fn reason(&self) -> Option<CloseReason> {
        self.lock().closing
    }

    /// Waits until somebody asks for the end of the connection.
    pub(crate) async fn closing(&self) -> CloseReason {
        poll_fn(|context| {
            let mut inner = self.lock();
            if let Some(reason) = inner.closing {
                return Poll::Ready(reason);
            }
            remember(&mut inner.keeper, context);
            Poll::Pending
        })
        .await
    }

    /// The last frames. From here on nothing is queued.
    pub(crate) fn end(&self, reason: CloseReason, last: impl IntoIterator<Item = Frame>) {
        let mut inner = self.lock();
        close(&mut inner, reason);
        for frame in last {
            inner.bytes += frame.len();
            inner.ready.push_back(frame);
        }
        inner.ended = true;
        wake_writer(inner);
    }

    /// The connection is gone: nobody will take anything from here again.
    pub(crate) fn abandon(&self) {
        let mut inner = self.lock();
        close(&mut inner, CloseReason::TransportClosed);
        clear(&mut inner);
        inner.ended = true;
        wake_keeper(inner);
    }

    /// The next bytes for the wire, as many queued frames as fit; `None` after the last.
    pub(crate) fn poll_chunk(&self, context: &Context<'_>) -> Poll<Option<Bytes>> {
        let mut inner = self.lock();
        if inner.ready.is_empty() {
            if inner.ended {
                return Poll::Ready(None);
            }
            remember(&mut inner.writer, context);
            return Poll::Pending;
        }
        let room = inner.ready.iter().map(|frame| frame.len() + HEADER_BYTES).sum::<usize>();
        let mut out = BytesMut::with_capacity(room.min(CHUNK_BYTES + HEADER_BYTES));
        while out.len() < CHUNK_BYTES
            && let Some(frame) = inner.ready.pop_front()
        {
            inner.bytes -= frame.len();
            frame.write(&mut out);
        }
        if inner.ready.is_empty() {
            // A burst should not cost an idle client memory for ever.
            inner.ready = VecDeque::new();
        }
        Poll::Ready(Some(out.freeze()))
    }

    /// The next packet alone; `None` once the end was asked for and nothing is left.
    pub(crate) fn poll_text(&self, context: &Context<'_>) -> Poll<Option<Bytes>> {
        let mut inner = self.lock();
        while let Some(frame) = inner.ready.pop_front() {
            inner.bytes -= frame.len();
            if let Frame::Text(text) = frame {
                return Poll::Ready(Some(text));
            }
        }
        if inner.closing.is_some() {
            return Poll::Ready(None);
        }
        remember(&mut inner.writer, context);
        remember(&mut inner.keeper, context);
        Poll::Pending
    }

    fn put(&self, mut inner: MutexGuard<'_, Inner>, frame: Frame) -> Result<(), SendError> {
        if let Err(error) = self.admit(&mut inner, &frame) {
            wake_keeper(inner);
            return Err(error);
        }
        inner.ready.push_back(frame);
        wake_writer(inner);
        Ok(())
    }

    fn hold(&self, inner: &mut Inner, frame: Frame) -> Result<(), SendError> {
        self.admit(inner, &frame)?;
        inner.held.push_back(frame);
        Ok(())
    }

    fn admit(&self, inner: &mut Inner, frame: &Frame) -> Result<(), SendError> {
        if inner.closing.is_some() {
            return Err(SendError::Closed);
        }
        let bytes = inner.bytes + frame.len();
        if bytes > self.max_bytes || inner.ready.len() + inner.held.len() >= self.max_packets {
            metrics::counter!("socket_queue_full_total").increment(1);
            close(inner, CloseReason::SlowReader);
            return Err(SendError::Full);
        }
        inner.bytes = bytes;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn close(inner: &mut Inner, reason: CloseReason) {
    if inner.closing.is_none() {
        inner.closing = Some(reason);
        if reason == CloseReason::SlowReader {
            clear(inner);
        }
    }
}

fn clear(inner: &mut Inner) {
    inner.ready = VecDeque::new();
    inner.held = VecDeque::new();
    inner.bytes = 0;
}

fn remember(slot: &mut Option<Waker>, context: &Context<'_>) {
    if !slot.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
        *slot = Some(context.waker().clone());
    }
}

fn wake_writer(mut inner: MutexGuard<'_, Inner>) {
    let waker = inner.writer.take();
    drop(inner);
    if let Some(waker) = waker {
        waker.wake();
    }
}

fn wake_keeper(mut inner: MutexGuard<'_, Inner>) {
    let waker = inner.keeper.take();
    drop(inner);
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
